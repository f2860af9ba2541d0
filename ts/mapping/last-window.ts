// Certificate C3: tells in which tick of the last window the decision is final.
import { checkNumbers, checkObject } from "../check.ts";
import { requireSpikingNetwork } from "../spiking/check.ts";
import { forEachPooled, forEachTap } from "../relu/windows.ts";
import type { Code } from "../spiking/code.ts";
import { isMapped, type MappedNetwork, type MappedSynapse } from "../spiking/mapped.ts";
import { nonAdjacentReach, type Phase } from "../spiking/codes/phase.ts";
import {
  outputsOf,
  shapeOf,
  synapsesTo,
  type SpikingNetwork,
  type SpikingOutput,
  type SpikingPool,
} from "../spiking/network.ts";
import { channelsOf, sizeOf } from "../tensor.ts";

/** A decision inside the last window. */
export interface EarlyDecision {
  readonly decision: number;
  /** Ticks of the last window after which the decision was final, 0…windowTicks. */
  readonly ticks: number;
}

/** Decides inside the last window, from the spikes that have arrived so far. */
export interface LastWindow {
  /**
   * @param counts final counts of every population, one sample; the spikes in each tick follow from them.
   * @param input counts N_0 of the input.
   */
  decide(counts: Readonly<Record<string, ArrayLike<number>>>, input: ArrayLike<number>): EarlyDecision;
}

/** Bounds of a node's final counts, from its spikes up to some tick. */
interface Bounds {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** Weights from a source of an output, one row per neuron of the output. */
export interface Rows {
  readonly from: string;
  readonly weights: Float64Array;
}

/** Largest matrix that is expanded. */
const largestMatrix = 2 ** 26;

/**
 * Certificate C3: after k ticks of the last window, each count is known up to the contribution of the remaining ticks.
 * The decision is final once no completion can change it.
 * @returns null for a synchronous network, which has no last window, for synapses that no mapping makes, or if the
 * outputs are too large to compare pair by pair.
 * @see docs/mathematics.md C3, T12
 */
export function lastWindow(network: SpikingNetwork): LastWindow | null {
  requireSpikingNetwork("lastWindow: network", network);
  const [output] = outputsOf(network);
  const tell = (tellers[network.code.kind] as MakeTeller)(network, network.code);
  if (output === undefined || tell === null) return null;
  const rows = isMapped(network) ? expandedRows(network, output) : null;
  if (rows === null) return null;
  const classes = sizeOf(output.shape);
  const bias = Float64Array.from({ length: classes }, (_, index) => output.bias[index % output.bias.length]);

  return {
    decide(counts, input) {
      checkNumbers("LastWindow.decide: input", input, { length: sizeOf(network.input.shape) });
      checkObject("LastWindow.decide: counts", counts);
      for (const node of network.nodes)
        if (node.kind === "population")
          checkNumbers(`LastWindow.decide: counts: ${node.name}`, counts[node.name], { length: sizeOf(node.shape) });
      const known = new Map<string, ArrayLike<number>>([...Object.entries(counts), [network.input.name, input]]);
      for (let ticks = 0; ; ticks++) {
        const bounds = rows.map(({ from }) => boundsOf(network, from, known, ticks, tell));
        const leader = leaderOf(rows, bounds, bias, output.rectified);
        if (ticks === network.windowTicks || isFinal(rows, bounds, bias, leader, output.rectified))
          return { decision: leader, ticks };
      }
    },
  };
}

/**
 * Writes bounds of a final count N after its spikes of ticks 0…k−1. Both bounds rise with N, so max pools can be
 * applied first.
 */
type Teller = (count: number, ticks: number, bounds: Bounds, index: number) => void;

type MakeTeller<C extends Code = Code> = (network: SpikingNetwork, code: C) => Teller | null;

const noWindow = () => null;

const tellers = {
  rate: noWindow,
  signedRate: noWindow,
  // Spikes come in consecutive ticks, so silence is final.
  windowRate:
    ({ levels }) =>
    (count, ticks, { low, high }, index) => {
      low[index] = Math.min(count, ticks);
      high[index] = count < ticks ? count : levels;
    },
  refinedPhase: noWindow,
  phase: ({ windowTicks }, { digits }) => digitTellers[digits](windowTicks),
  // Slot T + 1 − N: a neuron that has not fired has a smaller count than any passed slot.
  slots:
    ({ levels }) =>
    (count, ticks, { low, high }, index) => {
      const seen = count > levels - ticks;
      low[index] = seen ? count : 0;
      high[index] = seen ? count : levels - ticks;
    },
  times: noWindow,
} satisfies { readonly [Kind in Code["kind"]]: MakeTeller<Extract<Code, { kind: Kind }>> };

const digitTellers: Readonly<Record<Phase["digits"], (windowTicks: number) => Teller>> = {
  binary:
    (windowTicks) =>
    (count, ticks, { low, high }, index) => {
      const rest = 2 ** (windowTicks - ticks);
      low[index] = Math.floor(count / rest) * rest;
      high[index] = low[index] + rest - 1;
    },
  // Balanced digits round to the nearest, so the rest is at most half a digit on either side.
  ternary:
    (windowTicks) =>
    (count, ticks, { low, high }, index) => {
      const digit = 3 ** (windowTicks - ticks);
      const known = Math.round(count / digit) * digit;
      low[index] = known - (digit - 1) / 2;
      high[index] = known + (digit - 1) / 2;
    },
  // The greedy digits of T12.
  nonAdjacent:
    (windowTicks) =>
    (count, ticks, { low, high }, index) => {
      let known = 0;
      for (let tick = 0; tick < ticks; tick++) {
        const left = windowTicks - 1 - tick;
        if (count - known > nonAdjacentReach(left)) known += 2 ** left;
        else if (count - known < -nonAdjacentReach(left)) known -= 2 ** left;
      }
      const rest = ticks === windowTicks ? 0 : nonAdjacentReach(windowTicks - ticks);
      low[index] = known - rest;
      high[index] = known + rest;
    },
};

function boundsOf(
  network: SpikingNetwork,
  name: string,
  counts: Map<string, ArrayLike<number>>,
  ticks: number,
  tell: Teller,
): Bounds {
  const node = network.nodes.find((candidate) => candidate.name === name);
  if (node?.kind !== "pool" || isMaxima(network, node)) {
    const known = countsOf(network, name, counts);
    if (name === network.input.name) return { low: Float64Array.from(known), high: Float64Array.from(known) };
    const bounds = { low: new Float64Array(known.length), high: new Float64Array(known.length) };
    const least = neverNegative(network, name) ? 0 : -network.levels;
    for (let index = 0; index < known.length; index++) {
      tell(known[index], ticks, bounds, index);
      bounds.low[index] = Math.max(bounds.low[index], least);
      bounds.high[index] = Math.min(bounds.high[index], network.levels);
    }
    return bounds;
  }
  const source = boundsOf(network, node.from, counts, ticks, tell);
  const start = node.mode === "max" ? -Infinity : 0;
  const [low, high] = [
    new Float64Array(sizeOf(node.shape)).fill(start),
    new Float64Array(sizeOf(node.shape)).fill(start),
  ];
  const channels = channelsOf(node.shape);
  forEachPooled(node, shapeOf(network, node.from), node.shape, (output, from) => {
    const times = node.multiplicity === undefined ? 1 : node.multiplicity[Math.floor(output / channels)];
    low[output] =
      node.mode === "max" ? Math.max(low[output], source.low[from]) : low[output] + times * source.low[from];
    high[output] =
      node.mode === "max" ? Math.max(high[output], source.high[from]) : high[output] + times * source.high[from];
  });
  return { low, high };
}

/** Whether a node is a rectified population, or max pools of one. */
function neverNegative(network: SpikingNetwork, name: string): boolean {
  const node = network.nodes.find((candidate) => candidate.name === name);
  return node?.kind === "pool" ? neverNegative(network, node.from) : node?.kind === "population" && node.rectified;
}

/** Whether there are only max pools between the pool and its population. */
function isMaxima(network: SpikingNetwork, pool: SpikingPool): boolean {
  const source = network.nodes.find(({ name }) => name === pool.from);
  return pool.mode === "max" && (source?.kind !== "pool" || isMaxima(network, source));
}

/** Counts of a node. A max pool passes the digits of its largest count, so that count is used. */
function countsOf(network: SpikingNetwork, name: string, counts: Map<string, ArrayLike<number>>): ArrayLike<number> {
  const known = counts.get(name);
  if (known !== undefined) return known;
  const pool = network.nodes.find(
    (candidate): candidate is SpikingPool => candidate.kind === "pool" && candidate.name === name,
  ) as SpikingPool;
  const source = countsOf(network, pool.from, counts);
  const largest = new Float64Array(sizeOf(pool.shape)).fill(-Infinity);
  forEachPooled(pool, shapeOf(network, pool.from), pool.shape, (output, from) => {
    if (source[from] > largest[output]) largest[output] = source[from];
  });
  counts.set(name, largest);
  return largest;
}

/** The class that leads if no more spikes come: the only candidate for a final decision. */
function leaderOf(rows: readonly Rows[], bounds: readonly Bounds[], bias: Float64Array, rectified: boolean): number {
  let leader = 0;
  let largest = -Infinity;
  for (let index = 0; index < bias.length; index++) {
    let charge = bias[index];
    rows.forEach(({ weights }, part) => {
      const { low } = bounds[part];
      for (let source = 0, at = index * low.length; source < low.length; source++, at++)
        charge += weights[at] * low[source];
    });
    if (rectified) charge = Math.max(0, charge);
    if (charge > largest) [leader, largest] = [index, charge];
  }
  return leader;
}

/** Charges are integers, so sums here are exact. The lower index wins a tie. */
function isFinal(
  rows: readonly Rows[],
  bounds: readonly Bounds[],
  bias: Float64Array,
  leader: number,
  rectified: boolean,
): boolean {
  for (let other = 0; other < bias.length; other++) {
    if (other === leader) continue;
    let gap = bias[leader] - bias[other];
    let least = bias[leader];
    rows.forEach(({ weights }, part) => {
      const { low, high } = bounds[part];
      for (let source = 0; source < low.length; source++) {
        const mine = weights[leader * low.length + source];
        const ahead = mine - weights[other * low.length + source];
        gap += ahead > 0 ? ahead * low[source] : ahead * high[source];
        least += mine > 0 ? mine * low[source] : mine * high[source];
      }
    });
    if (leader < other ? gap < 0 : gap <= 0) return false;
    // Below zero all classes are equal.
    if (rectified && least <= 0) return false;
  }
  return true;
}

/** Null if the outputs are too large to compare pair by pair, or have different units. */
export function expandedRows(network: MappedNetwork, output: SpikingOutput): readonly Rows[] | null {
  if (new Set(output.unit).size > 1) return null;
  const synapses = synapsesTo(network, output.name);
  const classes = sizeOf(output.shape);
  if (synapses.some((synapse) => classes * sizeOf(shapeOf(network, synapse.from)) > largestMatrix)) return null;
  return synapses.map((synapse): Rows => ({ from: synapse.from, weights: expanded(network, synapse) }));
}

/** A synapse as a matrix, shape [outputs, inputs]. */
function expanded(network: MappedNetwork, synapse: MappedSynapse): Float64Array {
  const [from, to] = [shapeOf(network, synapse.from), shapeOf(network, synapse.to)];
  const inputs = sizeOf(from);
  if (synapse.kind === "dense") return Float64Array.from(synapse.weights);
  const matrix = new Float64Array(sizeOf(to) * inputs);
  const { weights } = synapse;
  if (synapse.kind === "identity") {
    for (let index = 0; index < inputs; index++) matrix[index * inputs + index] = weights[index % weights.length];
    return matrix;
  }
  const channels = channelsOf(from);
  const outputs = channelsOf(to);
  const groupInputs = channels / synapse.groups;
  forEachTap(synapse, from, to, synapse.kind === "convTranspose2d", (cell, source, tap) => {
    for (let channel = 0; channel < groupInputs; channel++)
      for (let output = 0; output < outputs; output++) {
        const group = Math.floor((output * synapse.groups) / outputs);
        matrix[(cell * outputs + output) * inputs + source * channels + group * groupInputs + channel] +=
          weights[(tap * groupInputs + channel) * outputs + output];
      }
  });
  return matrix;
}
