import { benchCase, type BenchCase, type Contender } from "../../ts/bench/case.ts";
import { layerCases } from "../../ts/bench/layer-cases.ts";
import { layerNetwork, randomSpikes } from "../../ts/bench/layers.ts";
import type { SimulationOutcome } from "../../ts/bench/simulators.ts";
import { bytesOf, loadCeiling, type Ceiling, type LaneKind } from "../ceiling.ts";
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

/** The machine's own ceiling: WebAssembly and native loops of nothing but loads and additions. */
function ceilingCases(): BenchCase[] {
  return (["i16", "f32"] as const).flatMap((kind) =>
    buffers.map(([name, bytes]) =>
      benchCase("limit", `load-add-${kind}-${name}`, async () => {
        const passes = Math.max(1, 2 ** 25 / (bytes / bytesOf[kind]));
        const wasm = await ceiling();
        const contenders: Contender<number>[] = [{ name: "wasm", ...timed((repetitions) => wasm.add(kind, bytes, passes * repetitions)) }];
        for (const width of widths) {
          const program = new LineProgram(nativeProgram(width), []);
          const ask = async (repetitions: number) => (await program.ask(`add ${kind} ${bytes} ${passes * repetitions}`)).split(" ").map(Number);
          contenders.push({ name: width, time: async (repetitions) => (await ask(repetitions))[0] / 1e6, outcome: async () => (await ask(1))[1], dispose: () => program.close() });
        }
        return { contenders, operations: (passes * bytes) / bytesOf[kind] };
      }),
    ),
  );
}

/** Each kernel against as many additions in that loop, out of the first level cache. */
function kernelCases(): BenchCase[] {
  return layerCases([32])
    .filter(({ name }) => !name.includes("-ohmic-"))
    .map(({ name, layer, code }) =>
      benchCase("limit", name, async () => {
        const network = layerNetwork(layer, code);
        const { wasm } = await openCore(network, [{ spikes: randomSpikes(network, code.ticks, code.activity) }]);
        const truth = await wasm.outcome();
        const operations = truth.synapticOperations;
        const kind: LaneKind = code.code === "rate" ? "f32" : "i16";
        const [, bytes] = buffers[0];
        const passes = Math.max(1, Math.round(operations / (bytes / bytesOf[kind])));
        const loop = await ceiling();
        const limit: Contender<SimulationOutcome | number> = { name: `ceiling-${kind}`, ...timed((repetitions) => loop.add(kind, bytes, passes * repetitions)) };
        // The loop adds ones: its first lane holds one for each row, as 16-bit integers wrap and floats count.
        const sum = (bytes / 128) * passes;
        const expected = kind === "i16" ? (sum << 16) >> 16 : sum;
        const weights = network.synapses.reduce((sum, synapse) => sum + synapse.weights.length, 0);
        const more = { additionsPerWeightByte: Number((operations / (weights * bytesOf[kind])).toPrecision(3)) };
        const contenders: Contender<SimulationOutcome | number>[] = [{ ...wasm, more }, limit];
        const compare = (_: unknown, theirs: SimulationOutcome | number) => (typeof theirs !== "number" || theirs === expected ? undefined : `expected ${expected}, got ${theirs}`);
        return { contenders, truth, compare, operations };
      }),
    );
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
  return [...ceilingCases(), ...kernelCases()];
}
