// Suite `limit`: kernels against the fastest loop of loads and additions on this machine.
import { benchCase, type BenchCase, type Contender } from "../../ts/timing/case.ts";
import { layerCases } from "../../ts/timing/layer-cases.ts";
import { layerNetwork, randomSpikes, type LayerKind, type SpikeInput } from "../../ts/timing/layers.ts";
import type { SimulationOutcome } from "../../ts/timing/simulators.ts";
import { wasmEngine, type SpikingNetwork } from "../../ts/index.ts";
import { bytesOf, loadCeiling, rowBytes, rowLanes, type Ceiling, type LaneKind, type Packing } from "../ceiling.ts";
import { openCore } from "../core.ts";
import { LineProgram } from "../line-program.ts";
import { nativeProgram, widths } from "../native.ts";

/** Buffers in the first and second level cache, and beyond all caches. */
export const buffers: readonly (readonly [string, number])[] = [
  ["16k", 16 * 1024],
  ["256k", 256 * 1024],
  ["64m", 64 * 1024 * 1024],
];

let loaded: Promise<Ceiling> | undefined;
const ceiling = (): Promise<Ceiling> => (loaded ??= loadCeiling());

/** Cases `load-add`: the loop itself, in WebAssembly and natively. */
function ceilingCases(): BenchCase[] {
  return (["i16", "f32"] as const).flatMap((kind) =>
    buffers.map(([name, bytes]) =>
      benchCase("limit", `load-add-${kind}-${name}`, async () => {
        const passes = Math.max(1, 2 ** 25 / (bytes / bytesOf[kind]));
        const wasm = await ceiling();
        const contenders: Contender<number>[] = [
          { name: "wasm", ...timed((repetitions) => wasm.add(kind, bytes, passes * repetitions)) },
        ];
        for (const width of widths) {
          const program = new LineProgram(nativeProgram(width), []);
          const ask = async (repetitions: number) =>
            (await program.ask(`add ${kind} ${bytes} ${passes * repetitions}`)).split(" ").map(Number);
          contenders.push({
            name: width,
            time: async (repetitions) => (await ask(repetitions))[0] / 1e6,
            outcome: async () => (await ask(1))[1],
            dispose: () => program.close(),
          });
        }
        return { contenders, operations: (passes * bytes) / bytesOf[kind] };
      }),
    ),
  );
}

/** Rows in random order: as many as the caches hold, and chunks of a matrix beyond the second-level cache. */
const packings: readonly (readonly [string, Packing])[] = [
  ["16k", { rows: (16 * 1024) / rowBytes, chunks: 1 }],
  ["256k", { rows: (256 * 1024) / rowBytes, chunks: 1 }],
  ["packed-8m", { rows: 1024, chunks: (8 * 1024 * 1024) / (1024 * rowBytes) }],
];

/** Cases `row-add`: rows in the order of a list against the same bytes in order. */
function rowCases(): BenchCase[] {
  return (["i16", "f32"] as const).flatMap((kind) =>
    packings.map(([name, packing]) =>
      benchCase("limit", `row-add-${kind}-${name}`, async () => {
        const loop = await ceiling();
        const bytes = packing.rows * packing.chunks * rowBytes;
        const passes = 2 * Math.ceil(2 ** 24 / (bytes / bytesOf[kind]));
        // Every chunk is read twice per pass and the buffer once, so half as many passes read as many rows.
        const wasm = timed((repetitions) => loop.addRows(kind, packing, 2 * packing.rows, (passes / 2) * repetitions));
        const inOrder = timed((repetitions) => loop.add(kind, bytes, passes * repetitions));
        const compare = (truth: number, theirs: number) => sameSum(truth, theirs);
        return {
          contenders: [
            { name: "wasm", ...wasm },
            { name: "wasm, in order", ...inOrder },
          ],
          compare,
          operations: (passes * bytes) / bytesOf[kind],
        };
      }),
    ),
  );
}

/** The loops add ones, and 16-bit lanes wrap around. */
const sameSum = (expected: number, got: number): string | undefined =>
  (expected - got) % 65536 === 0 ? undefined : `expected ${expected}, got ${got}, modulo 65536`;

/** The core's packing of a layer: chunks of as many neurons as a row has lanes, one row per input of a neuron. */
function packingOf(layer: LayerKind, kind: LaneKind): Packing {
  const [fanIn, channels] = layer.kind === "dense" ? [layer.inputs, layer.units] : [9 * layer.channels, layer.channels];
  return { rows: fanIn, chunks: Math.ceil(channels / rowLanes(kind)) };
}

/**
 * Each kernel against as many additions in the loop: in order from the first-level cache (`ceiling`), rows in random
 * order from that cache (`-rows`), and rows in random order from as many bytes as the layer's weights take (`-packed`).
 */
function kernelCases(): BenchCase[] {
  return layerCases([32])
    .filter(({ name }) => !name.includes("-ohmic-"))
    .map(({ name, layer, code }) =>
      benchCase("limit", name, async () => {
        const network = layerNetwork(layer, code);
        const spikes = randomSpikes(network, code.ticks, code.activity);
        const { wasm } = await openCore(network, [{ spikes }]);
        const truth = await wasm.outcome();
        const operations = truth.synapticOperations;
        const additions = await additionsOf(network, spikes);
        const kind: LaneKind = code.code === "rate" ? "f32" : "i16";
        const [, bytes] = buffers[0];
        const passes = Math.max(1, Math.round(additions / (bytes / bytesOf[kind])));
        const loop = await ceiling();
        const limit: Contender<SimulationOutcome | number> = {
          name: `ceiling-${kind}`,
          ...timed((repetitions) => loop.add(kind, bytes, passes * repetitions)),
        };
        const [, inCache] = packings[0];
        const rows = (bytes / rowBytes) * passes;
        const packing = packingOf(layer, kind);
        const inChunk = Math.round(rows / packing.chunks);
        const inRows: Contender<SimulationOutcome | number> = {
          name: `ceiling-${kind}-rows`,
          ...timed((repetitions) => loop.addRows(kind, inCache, rows, repetitions)),
        };
        const packed: Contender<SimulationOutcome | number> = {
          name: `ceiling-${kind}-packed`,
          ...timed((repetitions) => loop.addRows(kind, packing, inChunk, repetitions)),
        };
        const expected = (contender: string): number =>
          contender.endsWith("-packed") ? inChunk * packing.chunks : rows;
        const weights = network.synapses.reduce((sum, synapse) => sum + synapse.weights.length, 0);
        const more = { additionsPerWeightByte: Number((additions / (weights * bytesOf[kind])).toPrecision(3)) };
        const contenders: Contender<SimulationOutcome | number>[] = [{ ...wasm, more }, limit, inRows, packed];
        const compare = (_: unknown, theirs: SimulationOutcome | number, contender: string) =>
          typeof theirs === "number" ? sameSum(expected(contender), theirs) : undefined;
        return { contenders, truth, compare, operations };
      }),
    );
}

async function additionsOf(network: SpikingNetwork, spikes: SpikeInput): Promise<number> {
  const simulator = await wasmEngine().createSimulator(network);
  const { additions } = simulator.run({ spikes }).statistics;
  simulator.dispose();
  return additions;
}

function timed(work: (repetitions: number) => number): Pick<Contender<number>, "time" | "outcome"> {
  return {
    time(repetitions) {
      const start = performance.now();
      work(repetitions);
      return performance.now() - start;
    },
    outcome: () => work(1),
  };
}

export function limitSuite(): BenchCase[] {
  return [...ceilingCases(), ...rowCases(), ...kernelCases()];
}
