// Suite `growth`: how time and memory grow with ticks, neurons, synapses, activity and batch size, and with a second
// worker.
import { benchCase, type BenchCase, type Contender, type OpenCase, type ResultRow } from "../../ts/timing/case.ts";
import { layerNetwork, randomSpikes, type LayerCode, type LayerKind } from "../../ts/timing/layers.ts";
import { outcomeOf, type SimulationOutcome } from "../../ts/timing/simulators.ts";
import { pool, referenceEngine, type RecordOptions, type Result } from "../../ts/index.ts";
import { openCore } from "../core.ts";
import { threadsContender } from "../threads.ts";
import { models, openModel, phase, type ModelSpec } from "../models.ts";
import { onEveryProcessor } from "../processor.ts";
import { memoryCases, memoryUsed, packedWeightBytes } from "./memory.ts";

interface Step {
  readonly value: number;
  readonly layer: LayerKind;
  readonly code: LayerCode;
  /** Samples in one run; default 1. */
  readonly batch?: number;
}

const dense = (inputs: number, units: number): LayerKind => ({ kind: "dense", inputs, units });
const code = (ticks: number, activity = 0.1): LayerCode => ({ code: "rate", ticks, activity });

/** Steps of each growing quantity. Synapses grow with the inputs while the total number of spikes stays the same. */
const series: Readonly<Record<string, readonly Step[]>> = {
  ticks: [64, 128, 256, 512, 1024, 2048].map((value) => ({ value, layer: dense(512, 512), code: code(value) })),
  neurons: [256, 512, 1024, 2048, 4096].map((value) => ({ value, layer: dense(512, value), code: code(64) })),
  synapses: [256, 512, 1024, 2048, 4096].map((value) => ({
    value: value * 512,
    layer: dense(value, 512),
    code: code(64, 25.6 / value),
  })),
  activity: [0.01, 0.02, 0.05, 0.1, 0.2, 0.4].map((value) => ({
    value,
    layer: dense(1024, 1024),
    code: code(64, value),
  })),
  batch: [1, 2, 4, 8, 16].map((value) => ({ value, layer: dense(512, 512), code: code(64), batch: value })),
};

/** The cases of suite `growth`. */
export function growthSuite(): BenchCase[] {
  return [
    ...Object.entries(series).map(([name, steps]) => benchCase("growth", name, () => open(name, steps))),
    benchCase("growth", "workers", () => openWorkers({})),
    benchCase("growth", "workers-decisions", () => openWorkers({ counts: false })),
    benchCase("growth", "workers-machine", openThreads),
    ...memoryCases(),
  ];
}

/** The same images through a pool of one worker and through a pool of two. */
async function openWorkers(record: RecordOptions): Promise<OpenCase<SimulationOutcome>> {
  const { network, images } = await openModel(models.find(({ name }) => name === "mnist-cnn") as ModelSpec, phase);
  const samples = Array.from({ length: 128 }, (_, index) => images[index % images.length]);
  const contenders: Contender<SimulationOutcome>[] = [];
  for (const [size, name] of [
    [2, "two workers"],
    [1, "one worker"],
  ] as const) {
    const workers = await onEveryProcessor(() => pool(network, { size, engine: "wasm", record }));
    contenders.push({
      name,
      processors: "all",
      async time(repetitions) {
        const start = performance.now();
        for (let repetition = 0; repetition < repetitions; repetition++) await workers.runBatch(samples);
        return performance.now() - start;
      },
      outcome: async () => outcomeOf(network, await workers.runBatch(samples)),
      dispose: () => workers.dispose(),
    });
  }
  const reference = await referenceEngine().createSimulator(network, { record });
  const known = new Map(images.map((image) => [image, reference.run(image)]));
  return {
    contenders,
    truth: outcomeOf(
      network,
      samples.map((image) => known.get(image) as Result),
    ),
    samples: samples.length,
  };
}

/** Speed-up by a second thread that shares nothing, on this machine. */
async function openThreads(): Promise<OpenCase<number>> {
  const contenders = await onEveryProcessor(async () => [await threadsContender(2), await threadsContender(1)]);
  return { contenders };
}

/** Every step is a contender, the smallest first, so the ratios are the growth itself. */
async function open(name: string, steps: readonly Step[]): Promise<OpenCase<SimulationOutcome>> {
  const contenders: Contender<SimulationOutcome>[] = [];
  const truths = new Map<string, SimulationOutcome>();
  for (const { value, layer, code, batch = 1 } of steps) {
    const network = layerNetwork(layer, code);
    const inputs = Array.from({ length: batch }, (_, index) => ({
      spikes: randomSpikes(network, code.ticks, code.activity, index + 2),
    }));
    const { wasm } = await openCore(network, inputs, code.ticks);
    const reference = await referenceEngine().createSimulator(network);
    const label = `${name} ${value}`;
    truths.set(
      label,
      outcomeOf(
        network,
        inputs.map((input) => reference.run(input)),
      ),
    );
    contenders.push({
      ...wasm,
      name: label,
      more: { value, memoryBytes: await memoryUsed(network, inputs[0]), weightBytes: packedWeightBytes(network) },
    });
  }
  const compare = (_: SimulationOutcome, theirs: SimulationOutcome, contender: string) =>
    JSON.stringify(truths.get(contender)) === JSON.stringify(theirs)
      ? undefined
      : "not what the reference engine gives";
  return { contenders, compare };
}

/** Fitted exponent of each series that has rows. */
export function growthExponents(rows: readonly ResultRow[]): Map<string, number> {
  const points = new Map<string, (readonly [number, number])[]>();
  for (const { case: name, medianMs, more } of rows) {
    const value = more?.["value"];
    if (typeof value === "number") points.set(name, [...(points.get(name) ?? []), [value, medianMs]]);
  }
  return new Map([...points].map(([name, all]) => [name, fittedExponent(all)]));
}

/** Least squares of log(time) on log(value): 1 is linear, 0 constant. */
export function fittedExponent(points: readonly (readonly [value: number, time: number])[]): number {
  const logs = points.map(([value, time]) => [Math.log(value), Math.log(time)] as const);
  const mean = (index: 0 | 1) => logs.reduce((sum, point) => sum + point[index], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  return (
    logs.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) /
    logs.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
  );
}
