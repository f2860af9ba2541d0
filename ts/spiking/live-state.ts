// The state of a live network between two ticks: enough to go on bit for bit, in either engine.
import { checkFinite, checkInteger, checkObject, isTypedArray } from "../check.ts";
import { LlifError } from "../errors.ts";
import { outputsOf, populationsOf, shapeOf, type SpikingNetwork, type Synapse } from "./network.ts";
import { checkPlasticWeights, type Plasticity } from "./plasticity.ts";
import { sizeOf } from "../tensor.ts";

/** Poisson counts that arrive in every tick. */
export interface BackgroundSource {
  /** What they reach: 0: the membrane potential; 1 …: a current of the population, in its order. */
  readonly into: number;
  /** Mean count of a neuron in a tick, λ, and e^−λ. */
  readonly meanPerTick: number;
  readonly zero: number;
  /** Charge of one count, as float32. */
  readonly weight: number;
  /** Neurons reached, ascending. */
  readonly neurons: Uint32Array;
  /**
   * States of PCG32, [neurons of this list][high word, low word]: one number a neuron and tick, u = number / 2^32, gives
   * the count by inversion: k = 0, p = s = e^−λ; while u ≥ s and k < 1000: k += 1, p = p·λ/k, s = s + p, in float64.
   */
  readonly states: Uint32Array;
}

export interface PopulationState {
  /** v of each neuron. */
  readonly potential: Float32Array;
  /** Refractory ticks left; empty without a refractory period. */
  readonly refractory: Uint32Array;
  /** In the order of the neuron's currents. */
  readonly currents: readonly Float32Array[];
  /** w; empty without adaptation. */
  readonly adaptation: Float32Array;
  readonly drive: Float32Array | null;
  readonly silenced: Uint32Array;
  /** Neurons that fire in the next tick. */
  readonly forced: Uint32Array;
  readonly background: readonly BackgroundSource[];
}

/** Spikes that a delay may still need. */
export interface RecentSpikes {
  /** 0: the last tick. */
  readonly ticksAgo: Uint32Array;
  readonly neurons: Uint32Array;
}

/** What a plastic synapse carries from tick to tick, in the order of the network's arrays. */
export interface PlasticState {
  readonly weights: Float32Array;
  /**
   * Traces of sources at their last arrival: one a source; where connections have their own delays, one a connection. 0
   * if they have faded.
   */
  readonly pre: Float32Array;
  /** Ticks since that arrival. */
  readonly preTicksAgo: Float64Array;
  readonly post: Float32Array;
  /** In units of 1 / `eligibilityScale`; absent without reward. */
  readonly eligibility?: Float32Array;
  readonly eligibilityScale?: number;
}

/** Weights as they are, of synapses that learn or were set; traces of those that learn. */
export type SynapseState = Pick<PlasticState, "weights"> & Partial<PlasticState>;

export interface LiveState {
  /** Ticks since the last reset. */
  readonly ticks: number;
  readonly populations: Readonly<Record<string, PopulationState>>;
  /** Charge of each output. */
  readonly outputs: Readonly<Record<string, Float64Array>>;
  /** By node, the input included. */
  readonly spikes: Readonly<Record<string, RecentSpikes>>;
  /** By place in `network.synapses`. */
  readonly synapses: Readonly<Record<number, SynapseState>>;
}

/** @throws {LlifError} ARGUMENT or SHAPE for a state of another network. */
export function checkLiveState(place: string, network: SpikingNetwork, state: LiveState): LiveState {
  checkObject(place, state, "a state of a simulator");
  for (const { name, shape, neuron } of populationsOf(network)) {
    const part = `${place}: population "${name}"`;
    const found = checkObject(part, checkObject(place, state.populations)[name], "its state");
    const size = sizeOf(shape);
    floats(`${part}: potential`, found.potential, size);
    const currents = neuron.currents?.length ?? 0;
    if (found.currents?.length !== currents)
      throw new LlifError("SHAPE", `${part}: expected ${currents} currents, got ${found.currents?.length}`);
    for (const current of found.currents) floats(`${part}: currents`, current, size);
    floats(`${part}: adaptation`, found.adaptation, neuron.adaptation === undefined ? 0 : size);
    words(`${part}: refractory`, found.refractory, neuron.refractory === undefined ? 0 : size);
  }
  for (const { name, shape } of outputsOf(network)) {
    const charge = checkObject(place, state.outputs)[name];
    if (!isTypedArray(charge, "Float64Array") || charge.length !== sizeOf(shape))
      throw new LlifError("SHAPE", `${place}: output "${name}": expected ${sizeOf(shape)} charges as a Float64Array`);
  }
  checkObject(`${place}: spikes`, state.spikes);
  for (const [number, found] of Object.entries(checkObject(`${place}: synapses`, state.synapses))) {
    const synapse = network.synapses[Number(number)];
    if (synapse === undefined)
      throw new LlifError(
        "ARGUMENT",
        `${place}: synapses: expected numbers below ${network.synapses.length}, got ${number}`,
      );
    const part = `${place}: synapse ${number}`;
    floats(`${part}: weights`, checkObject(part, found).weights, synapse.weights.length);
    if (synapse.plasticity !== undefined) checkTraces(part, network, synapse, found);
  }
  const missing = network.synapses.findIndex(
    ({ plasticity }, number) => plasticity !== undefined && state.synapses[number] === undefined,
  );
  if (missing >= 0)
    throw new LlifError("ARGUMENT", `${place}: synapses: expected the traces of synapse ${missing}, which learns`);
  return state;
}

function checkTraces(place: string, network: SpikingNetwork, synapse: Synapse, state: SynapseState): void {
  const { from, to, weights, plasticity } = synapse;
  const own = synapse.kind === "sparse" && synapse.delays !== undefined;
  const traces = own ? weights.length : sizeOf(shapeOf(network, from));
  checkPlasticWeights(`${place}: weights`, state.weights, plasticity as Plasticity);
  floats(`${place}: pre`, state.pre, traces);
  floats(`${place}: post`, state.post, sizeOf(shapeOf(network, to)));
  const { preTicksAgo } = state;
  if (!isTypedArray(preTicksAgo, "Float64Array") || (preTicksAgo as Float64Array).length !== traces)
    throw new LlifError("SHAPE", `${place}: preTicksAgo: expected a Float64Array of ${traces} values`);
  for (const ticks of preTicksAgo as Float64Array) checkInteger(`${place}: preTicksAgo`, ticks, 0);
  if (plasticity?.reward === undefined) return;
  floats(`${place}: eligibility`, state.eligibility, weights.length);
  checkFinite(`${place}: eligibilityScale`, state.eligibilityScale as number, { above: 0 });
}

function floats(place: string, values: unknown, length: number): void {
  if (isTypedArray(values, "Float32Array") && (values as Float32Array).length === length) return;
  throw new LlifError(
    "SHAPE",
    `${place}: expected a Float32Array of ${length} values; is it the state of another network?`,
  );
}

function words(place: string, values: unknown, length: number): void {
  if (isTypedArray(values, "Uint32Array") && (values as Uint32Array).length === length) return;
  throw new LlifError(
    "SHAPE",
    `${place}: expected a Uint32Array of ${length} values; is it the state of another network?`,
  );
}
