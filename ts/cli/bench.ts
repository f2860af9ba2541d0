// Command `llif bench`: times both engines on a layer or a model.
import { Option, type Command } from "commander";
import { referenceEngine } from "../engine/reference.ts";
import { wasmEngine } from "../engine/wasm.ts";
import { createFloatPass } from "../engine/passes/float.ts";
import { benchCase, type BenchCase, type ResultRow } from "../timing/case.ts";
import { layerCases } from "../timing/layer-cases.ts";
import { layerNetwork, randomSpikes } from "../timing/layers.ts";
import { runCase } from "../timing/runner.ts";
import { openSimulation } from "../timing/simulators.ts";
import { LlifError } from "../errors.ts";
import { formatTitles } from "../formats/registry.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { sizeOf, type Shape } from "../tensor.ts";
import { pcg32 } from "../random.ts";
import { followedActivations, toSpiking } from "../mapping/to-spiking.ts";
import { inputOf, type ReluNetwork } from "../relu/network.ts";
import { collectWarnings } from "../warn.ts";
import type { Io } from "./io.ts";
import { refuseGiven } from "./idle-options.ts";
import { openModel } from "./model-file.ts";
import { batchOption, budgetOption, jsonOption, type ReadingFlags } from "./options.ts";
import { formatTable, toJson } from "./text.ts";

interface BenchFlags extends ReadingFlags {
  readonly case?: string;
  readonly json?: boolean;
}

const help = `
Each case first checks that both engines give the same spikes, charges and numbers of operations. Then both are timed in turn;
the ratio is the reference engine's time divided by WebAssembly's. Without a model, the cases are single layers with random
weights and spikes at 5 and 10 %: layerwise integers (32 ticks), phase (8 ticks) and float32 rate with both leaks.

A model is mapped to 8-bit phase with scales from its weights alone, and gets random pixels, so its activity differs
from real images. A .llif file is used unchanged.

Examples:
  llif bench
  llif bench --case dense-1216-a10
  llif bench models/mnist-cnn.onnx --json`;

export function addBench(program: Command, io: Io): void {
  const command = program.command("bench");
  command
    .description("check that the engines agree on this machine, then time WebAssembly against plain TypeScript")
    .argument("[model]", `file of ${formatTitles()}; without it, single layers`)
    .addOption(new Option("--case <name>", "one layer and its variants, such as conv-32x32x64-a05"))
    .addOption(budgetOption())
    .addOption(batchOption())
    .addOption(jsonOption())
    .addHelpText("after", help)
    .action(async (path: string | undefined, flags: BenchFlags) => {
      if (path === undefined)
        refuseGiven(command, ["budget", "batch"], "expected a model beside it; single layers are made, not read");
      const cases = path === undefined ? chosenLayers(flags.case) : [await modelCase(path, flags, io)];
      const rows: ResultRow[] = [];
      for (const each of cases)
        rows.push(
          ...(await runCase(each, {
            signal: io.signal,
            onProgress: (message) => io.progress(message),
            budgetMs: 1000,
          })),
        );
      io.progress("");
      io.out(flags.json === true ? toJson(rows) : formatRows(rows));
    });
}

function chosenLayers(only: string | undefined): BenchCase[] {
  const all = layerCases([32]);
  const chosen = all.filter(({ name }) => only === undefined || name === only || name.startsWith(`${only}-`));
  if (chosen.length === 0)
    throw new LlifError("ARGUMENT", `--case: expected one of ${all.map(({ name }) => name).join(", ")}; got "${only}"`);
  return chosen.map(({ name, layer, code }) =>
    benchCase("reference", name, () => {
      const network = layerNetwork(layer, code);
      return openSimulation([wasmEngine(), referenceEngine()], network, [
        { spikes: randomSpikes(network, code.ticks, code.activity) },
      ]);
    }),
  );
}

async function modelCase(path: string, flags: BenchFlags, io: Io): Promise<BenchCase> {
  if (flags.case !== undefined)
    throw new LlifError("ARGUMENT", "--case: expected no model beside it; it chooses among the single layers");
  const model = await openModel(path, io, flags);
  const network = model.spiking ?? (await mappedOnNoise(model.relu, io));
  return benchCase("reference", model.name, () =>
    openSimulation([wasmEngine(), referenceEngine()], network, [randomPixels(network.input.shape)]),
  );
}

/** Maps with scales from the same input that is simulated. */
async function mappedOnNoise(relu: ReluNetwork, io: Io): Promise<SpikingNetwork> {
  const heard = collectWarnings(() => undefined);
  const { network, nodes } = followedActivations(relu);
  const pass = await createFloatPass(network, { keep: nodes });
  try {
    return await toSpiking(relu, {
      code: "phase",
      bits: 8,
      calibration: [randomPixels(inputOf(relu).shape)],
      pass,
      signal: io.signal,
    });
  } finally {
    heard();
    pass.dispose();
  }
}

function randomPixels(shape: Shape): Uint8Array {
  const random = pcg32(1);
  return Uint8Array.from({ length: sizeOf(shape) }, () => random() >>> 24);
}

function formatRows(rows: readonly ResultRow[]): string {
  const cells = rows.map(({ case: name, contender, medianMs, minMs, maxMs, ratio, operationsPerSecond = 0 }) => [
    name,
    contender,
    `${medianMs.toPrecision(3)} ms`,
    `${minMs.toPrecision(3)} – ${maxMs.toPrecision(3)} ms`,
    ratio.toFixed(2),
    `${(operationsPerSecond / 1e9).toFixed(2)} G`,
  ]);
  return formatTable(
    [["case", "engine", "median", "fastest – slowest", "time / WebAssembly's", "synaptic operations/s"], ...cells],
    2,
  );
}
