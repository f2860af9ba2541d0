// The networks of suite `live` in llif, and runs of them. Pages import this file too.
import { spikingNetwork, stdp, wasmEngine, type RunInput, type SpikingNetwork } from "../../ts/index.ts";
import { Digest } from "../../ts/timing/digest.ts";
import { ticksPerSecond, type Connections, type LiveModel, type Spikes } from "./models.ts";

/** What a run of a contender gives. */
export interface LiveOutcome {
  readonly spikes: number;
  /** Of tick and neuron of every spike; absent where single spikes need not be equal. */
  readonly digest?: string;
}

export const record = { spikes: ["cells"] } as const;
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

/** A simulator of WebAssembly. @returns one run from the first tick on, with the spikes of every neuron. */
export async function runnerOf(model: LiveModel, network = networkOf(model)) {
  const simulator = await wasmEngine().createSimulator(network, { record });
  const input = inputOf(model);
  return {
    run(): Spikes {
      simulator.reset();
      if (model.background !== undefined) simulator.background("cells", { ...model.background, seed: backgroundSeed });
      return simulator.run(input, { ticks: model.ticks, keepState: true }).spikes.cells;
    },
    dispose: () => simulator.dispose(),
  };
}

export const rateOf = ({ neurons, ticks }: LiveModel, spikes: number): number =>
  Number(((spikes / neurons / ticks) * ticksPerSecond).toPrecision(3));
