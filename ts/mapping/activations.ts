// Decodes spike counts to activations of the ReLU network, layer by layer.
import { requireSpikingNetwork } from "../spiking/check.ts";
import { rulesOf } from "../spiking/code.ts";
import { requireReluNetwork } from "../relu/check.ts";
import { checkArray, checkInteger, checkObject } from "../check.ts";
import { LlifError } from "../errors.ts";
import type { ReluNetwork } from "../relu/network.ts";
import { forEachPooled } from "../relu/windows.ts";
import {
  chargeDivisor,
  hasRealTimes,
  shapeOf,
  type Population,
  type SpikingNetwork,
  type SpikingPool,
} from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import { foldNetwork } from "./fold/fold.ts";
import type { Activation, FoldedLayer, Place } from "./fold/graph.ts";
import { placed } from "./fold/value.ts";

/** The values of the ReLU network that one population's counts represent. */
export interface Correspondence {
  readonly population: Population;
  /** Max pools of the spiking network between the population and the node's values. */
  readonly pools: readonly SpikingPool[];
  /** Node of the ReLU network. */
  readonly node: string;
  /** Their place in the node's values: index i is at floor(i / block) · stride + offset + i mod block. */
  readonly place: Place;
  /** Number of values. */
  readonly size: number;
  /** Positive part, negative part (as a magnitude), or both. */
  readonly side: Activation["side"];
  /** The value of a count of zero, per channel; null for zero. */
  readonly shift: Float64Array | null;
}

/**
 * For each population, the values of the ReLU network that it represents. Populations that only repeat the input are
 * left out, and so are those whose names or sizes do not fit, if the spiking network was not mapped from this one.
 * @see docs/mathematics.md, parameter mapping
 */
export function correspondences(relu: ReluNetwork, network: SpikingNetwork): Correspondence[] {
  requireReluNetwork("correspondences: relu", relu);
  requireSpikingNetwork("correspondences: network", network);
  const { signedCounts } = rulesOf(network.code);
  const pixels = network.input.counts === null || network.input.counts.minimum === 0;
  const sizes = new Map(relu.nodes.map(({ name, shape }) => [name, sizeOf(shape)]));
  return foldNetwork(relu, {
    pixels,
    signedCounts,
    levels: network.arithmetic === "int32" ? network.levels : 0,
  }).nodes.flatMap((layer) => {
    if (layer.kind !== "layer" || layer.activation === null) return [];
    const population = network.nodes.find(({ name }) => name === layer.name);
    const { node, place, size, side } = layer.activation;
    if (population?.kind !== "population" || (sizes.get(node) ?? 0) < size) return [];
    const pools = poolsUntil(network, population, size);
    return pools === null
      ? []
      : [{ population, pools, node, place, size, side, shift: shiftOf(network, layer, population) }];
  });
}

/**
 * The max pools after a population that lead to the node's size: pools before a ReLU are after it in the spiking
 * network.
 */
function poolsUntil(network: SpikingNetwork, population: Population, size: number): SpikingPool[] | null {
  const pools: SpikingPool[] = [];
  let end: Population | SpikingPool = population;
  while (sizeOf(end.shape) !== size) {
    const from: string = end.name;
    const next = network.nodes.find(
      (node): node is SpikingPool => node.kind === "pool" && node.mode === "max" && node.from === from,
    );
    if (next === undefined) return null;
    pools.push(next);
    end = next;
  }
  return pools;
}

/** A complement counts up from −scale, so its full window represents zero. */
function shiftOf(network: SpikingNetwork, layer: FoldedLayer, { unit }: Population): Float64Array | null {
  if (!layer.complement) return null;
  return unit.map((step) => -step * (network.arithmetic === "int32" ? network.levels : 1));
}

/** The counts of a run, or its recorded spikes for real-valued times. */
export interface DecodableRun {
  readonly counts: Readonly<Record<string, ArrayLike<number>>>;
  readonly spikes?: Readonly<
    Record<
      string,
      { readonly ticks: ArrayLike<number>; readonly neurons: ArrayLike<number>; readonly times?: ArrayLike<number> }
    >
  >;
}

/**
 * Decodes a = unit · N (see `Population.unit`); for the negative side, its magnitude.
 * @param run one sample.
 * @returns `size` values, at `place` of the node.
 */
export function decodeActivations(
  network: SpikingNetwork,
  correspondence: Correspondence,
  run: DecodableRun,
  ticks = network?.windowTicks,
): Float32Array {
  requireSpikingNetwork("decodeActivations: network", network);
  const { population, pools, side, shift } = checkObject("decodeActivations: correspondence", correspondence);
  checkObject("decodeActivations: correspondence: population", population);
  if (!hasRealTimes(network))
    checkObject("decodeActivations: run: counts", checkObject("decodeActivations: run", run).counts);
  const { unit } = population;
  const counts = hasRealTimes(network) ? remainingTimes(population, run) : run.counts[population.name];
  const divisor = chargeDivisor(network, checkInteger("decodeActivations: ticks", ticks, 1));
  const values = new Float32Array(counts.length);
  for (let index = 0; index < values.length; index++) {
    const channel = index % unit.length;
    values[index] = (unit[channel] * counts[index]) / divisor + (shift === null ? 0 : shift[channel]);
  }
  const pooled = pools.reduce((source, pool) => {
    const largest = new Float32Array(sizeOf(pool.shape)).fill(-Infinity);
    forEachPooled(pool, shapeOf(network, pool.from), pool.shape, (output, input) => {
      if (source[input] > largest[output]) largest[output] = source[input];
    });
    return largest;
  }, values);
  return side === "negative" && shift !== null ? pooled.map((value) => -value) : pooled;
}

/** 1 − t per neuron, in windows; 0 for neurons that did not fire. */
function remainingTimes({ name, shape }: Population, { spikes }: DecodableRun): Float64Array {
  const train = spikes?.[name];
  const remaining = new Float64Array(sizeOf(shape));
  if (train?.times === undefined)
    throw new LlifError(
      "ARGUMENT",
      `layer "${name}": expected its spike times to be recorded; counts do not tell its values`,
      { nodes: [name] },
    );
  for (let spike = 0; spike < train.neurons.length; spike++)
    remaining[train.neurons[spike]] = 1 - (train.times[spike] - train.ticks[spike]);
  return remaining;
}

/** The node's values that a correspondence represents, in its own form. */
export function comparedValues({ place, size, side }: Correspondence, values: ArrayLike<number>): Float32Array {
  return Float32Array.from({ length: size }, (_, index) => {
    const value = values[placed(place, index)];
    return side === "both" ? value : Math.max(0, side === "positive" ? value : -value);
  });
}

/**
 * The correspondences that together represent every value of a ReLU, so that its values can be assembled from counts.
 */
export function wholeNodes(relu: ReluNetwork, all: readonly Correspondence[]): Correspondence[] {
  requireReluNetwork("wholeNodes: relu", relu);
  checkArray<Correspondence>("wholeNodes: correspondences", all).forEach((one) =>
    checkObject("wholeNodes: correspondence", one),
  );
  return all.filter(({ node: name, side }) => {
    const node = relu.nodes.find((candidate) => candidate.name === name);
    const covered = all.reduce((sum, other) => sum + (other.node === name ? other.size : 0), 0);
    return node?.kind === "relu" && side === "positive" && covered === sizeOf(node.shape);
  });
}

/** Writes decoded values to their places in the node's values. */
export function placeValues({ place }: Correspondence, values: ArrayLike<number>, node: Float32Array): void {
  for (let index = 0; index < values.length; index++) node[placed(place, index)] = values[index];
}
