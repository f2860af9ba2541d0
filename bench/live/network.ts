// The networks of suite `live` in llif: the network, its simulator in either engine, and its record for the native program.
import {
  referenceEngine,
  spikingNetwork,
  stdp,
  wasmEngine,
  type RunInput,
  type Simulator,
  type SpikingNetwork,
} from "../../ts/index.ts";
import { backgroundStates } from "../../ts/engine/background.ts";
import type { Glue } from "../../ts/engine/load.ts";
import { resolveRecording } from "../../ts/engine/recording.ts";
import { wasmLiveCore } from "../../ts/engine/wasm-live.ts";
import { cpuMilliseconds } from "../cpu-time.ts";
import type { Contender } from "../../ts/timing/case.ts";
import { Digest } from "../../ts/timing/digest.ts";
import { FlatLive } from "./flat.ts";
import { ticksPerSecond, type Connections, type LiveModel } from "./models.ts";

/** What a run of a contender gives. */
export interface LiveOutcome {
  readonly spikes: number;
  /** Of tick and neuron of every spike; absent where single spikes need not be equal. */
  readonly digest?: string;
}

const record = { spikes: ["cells"] } as const;
export const backgroundSeed = 7;

export function networkOf(model: LiveModel): SpikingNetwork {
  const { neurons, timeConstantTicks, clamp, clears, currents, level } = model;
  const toward = 1 - Math.exp(-1 / timeConstantTicks);
  let builder = spikingNetwork({ inputs: [model.input?.size ?? 1], dtSeconds: 1 / ticksPerSecond }).population({
    name: "cells",
    units: neurons,
    input: "none",
    threshold: { value: model.threshold, strict: true },
    reset: { kind: "hard", value: model.resetValue, ...(clears.length === 0 ? {} : { clears }) },
    leak: { kind: "ohmic", timeConstantTicks },
    refractory: { ticks: model.refractoryTicks, clamp },
    bias: typeof level === "number" ? toward * level : level.map((value) => toward * value),
    initialPotential: model.initial,
    ...(Object.keys(currents).length === 0
      ? { delivery: "afterThreshold" as const }
      : {
          currents: Object.fromEntries(
            Object.entries(currents).map(([name, ticks]) => [name, { timeConstantTicks: ticks }]),
          ),
        }),
  });
  for (const connections of model.connections) {
    const { name, from, into, delayTicks, edges, dense, stdp: rule } = connections;
    builder = builder.connect({
      name,
      from,
      to: "cells",
      delayTicks,
      ...(into === undefined ? {} : { into }),
      ...(rule === undefined
        ? {}
        : { plasticity: stdp({ ...rule, timeConstantTicks: [rule.timeConstantTicks, rule.timeConstantTicks] }) }),
      ...(dense === true ? { weights: matrixOf(connections, model) } : { edges }),
    });
  }
  return builder.build();
}

/** Weights of all pairs, [targets][sources]. */
function matrixOf({ from, edges }: Connections, { neurons, input }: LiveModel): Float32Array {
  const sources = from === "input" ? (input?.size ?? 1) : neurons;
  const matrix = new Float32Array(edges.weights.length);
  edges.weights.forEach((weight, pair) => {
    matrix[(pair % neurons) * sources + Math.floor(pair / neurons)] = weight;
  });
  return matrix;
}

export const inputOf = ({ input }: LiveModel): RunInput | null =>
  input === undefined ? null : { spikes: input.spikes };

export const digestOf = (spikes: { ticks: ArrayLike<number>; neurons: ArrayLike<number> }): string =>
  new Digest().words(spikes.ticks).words(spikes.neurons).hex();

/** One run from the first tick on; spikes of every neuron are recorded. */
export async function engineContender(
  name: "wasm" | "reference",
  network: SpikingNetwork,
  model: LiveModel,
): Promise<Contender<LiveOutcome>> {
  const engine = name === "wasm" ? wasmEngine() : referenceEngine();
  const simulator: Simulator<typeof record> = await engine.createSimulator(network, { record });
  const input = inputOf(model);
  const more: Record<string, number> = {};
  const run = () => {
    simulator.reset();
    if (model.background !== undefined) simulator.background("cells", { ...model.background, seed: backgroundSeed });
    return simulator.run(input, { ticks: model.ticks, keepState: true });
  };
  return {
    name,
    more,
    time(repetitions) {
      const start = cpuMilliseconds();
      for (let repetition = 0; repetition < repetitions; repetition++) run();
      return cpuMilliseconds() - start;
    },
    outcome() {
      const { cells } = run().spikes;
      more["rateHz"] = Number(((cells.ticks.length / model.neurons / model.ticks) * ticksPerSecond).toPrecision(3));
      return { spikes: cells.ticks.length, digest: digestOf(cells) };
    },
    dispose: () => simulator.dispose(),
  };
}

/** The same network, background and run as a file that crates/native/src/live.rs reads. */
export function flatFile(network: SpikingNetwork, { background, input, ticks }: LiveModel): Uint8Array[] {
  // The calls that fill the WebAssembly core are recorded, so both get the same network.
  const flat = new FlatLive();
  const glue = { RawLive: flat.recorder() } as unknown as Glue;
  const core = wasmLiveCore(glue, new WebAssembly.Memory({ initial: 0 }), network, resolveRecording(network, record));
  if (background !== undefined) {
    const neurons = Uint32Array.from({ length: network.nodes[0].shape[0] }, (_, neuron) => neuron);
    const meanPerTick = background.rateHz / ticksPerSecond;
    core.live?.background("cells", 0, {
      into: 0,
      meanPerTick,
      zero: Math.exp(-meanPerTick),
      weight: Math.fround(background.weight),
      neurons,
      states: backgroundStates(backgroundSeed, neurons),
    });
  }
  flat.input(input?.spikes ?? { ticks: new Uint32Array(0), neurons: new Uint32Array(0) }, ticks);
  return flat.parts;
}
