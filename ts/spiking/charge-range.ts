// Proves that no 32-bit charge can overflow, from bounds of weights and spike counts.
import { LlifError } from "../errors.ts";
import { forEachPooled } from "../relu/windows.ts";
import { channelsOf, sizeOf, type Shape } from "../tensor.ts";
import { rulesOf } from "./code.ts";
import { type Population, type SpikingNetwork, type SpikingOutput, type SpikingPool, synapsesTo } from "./network.ts";
import { synapseRules } from "./synapses/kinds.ts";

/** Smallest and largest possible count of a neuron in a window. */
export interface CountRange {
  readonly smallest: number;
  readonly largest: number;
}

/** Bounds on the charge of a layer of an exact network in a window, for any input. */
export interface ChargeRange extends CountRange {
  readonly largestWeight: number;
}

/** Proof that no charge of an exact network exceeds 32 bits. */
export interface ChargeProof {
  /**
   * @throws {LlifError} PRECISION, naming the layer, if input counts in this range could make a charge exceed 32 bits.
   */
  check(input: CountRange): void;
  /** Whether `check` would pass. */
  holds(input: CountRange): boolean;
}

/** Bounds per channel, or per neuron if a synapse arrives whose weights belong to neurons. */
interface Bounds {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

const limit = 2 ** 31;

/**
 * Possible counts of the input, populations and pools in a window. The non-adjacent form may be one above the largest
 * count until its last digits.
 */
export function countRanges(network: SpikingNetwork, input: CountRange = inputRange(network)): Map<string, CountRange> {
  const most = network.levels + rulesOf(network.code).overshoot;
  const ranges = new Map<string, CountRange>([[network.input.name, input]]);
  for (const node of network.nodes) {
    if (node.kind === "population") ranges.set(node.name, { smallest: node.rectified ? 0 : -most, largest: most });
    else if (node.kind === "pool") ranges.set(node.name, pooledRange(network, node, ranges));
  }
  return ranges;
}

function inputRange({ input: { counts } }: SpikingNetwork): CountRange {
  return { smallest: counts?.minimum ?? 0, largest: counts?.maximum ?? 0 };
}

function pooledRange(network: SpikingNetwork, pool: SpikingPool, ranges: ReadonlyMap<string, CountRange>): CountRange {
  // In a synchronous network with delays, a pool may come before its source.
  const { smallest, largest } = ranges.get(pool.from) ?? { smallest: 0, largest: network.levels };
  if (pool.mode === "max") return { smallest, largest };
  const source =
    pool.from === network.input.name
      ? network.input.shape
      : (network.nodes.find(({ name }) => name === pool.from)?.shape ?? []);
  const members = largestSum(pool, pool.multiplicity ?? null, source);
  return { smallest: smallest * members, largest: largest * members };
}

/** Most cells in one window of a sum, with their multiplicity. */
export function largestSum(
  pool: Pick<SpikingPool, "kernel" | "stride" | "dilation" | "padding" | "shape">,
  multiplicity: ArrayLike<number> | null,
  source: Shape,
): number {
  const cells = new Float64Array(pool.shape[0] * pool.shape[1]);
  forEachPooled(pool, [source[0], source[1], 1], [pool.shape[0], pool.shape[1], 1], (output) => cells[output]++);
  return cells.reduce((most, count, index) => Math.max(most, count * (multiplicity?.[index] ?? 1)), 0);
}

/** @see docs/mathematics.md, numerics */
export function chargeRange(
  network: SpikingNetwork,
  node: Population | SpikingOutput,
  ranges: ReadonlyMap<string, CountRange>,
): ChargeRange {
  const { lower, upper } = chargeBounds(network, node, ranges);
  let largestWeight = 0;
  for (const { weights } of synapsesTo(network, node.name))
    for (const weight of weights) largestWeight = Math.max(largestWeight, Math.abs(weight));
  return {
    smallest: lower.reduce((least, value) => Math.min(least, value), 0),
    largest: upper.reduce((most, value) => Math.max(most, value), 0),
    largestWeight,
  };
}

/**
 * Initial potential, bias and all inputs of one sign at full count; per channel, or per neuron if a synapse arrives
 * whose weights belong to neurons.
 */
export function chargeBounds(
  network: SpikingNetwork,
  node: Population | SpikingOutput,
  ranges: ReadonlyMap<string, CountRange>,
): Bounds {
  const synapses = synapsesTo(network, node.name);
  const channels = channelsOf(node.shape);
  const byNeuron = synapses.some((synapse) => synapseRules(synapse).outputs === "neurons");
  const length = byNeuron ? sizeOf(node.shape) : channels;
  const [lower, upper] = [new Float64Array(length), new Float64Array(length)];
  for (const synapse of synapses) {
    const { smallest, largest } = ranges.get(synapse.from) ?? { smallest: 0, largest: 0 };
    const { outputs, oneToOne, walk } = synapseRules(synapse);
    const width = outputs === "neurons" ? length : channels;
    const [most, least] = [new Float64Array(width), new Float64Array(width)];
    walk(synapse, node.shape, (output, _input, weight) => {
      const target = output % width;
      const [a, b] = [weight * smallest, weight * largest];
      const [high, low] = [Math.max(0, a, b), Math.min(0, a, b)];
      most[target] = oneToOne ? Math.max(most[target], high) : most[target] + high;
      least[target] = oneToOne ? Math.min(least[target], low) : least[target] + low;
    });
    for (let index = 0; index < length; index++) {
      upper[index] += most[index % width];
      lower[index] += least[index % width];
    }
  }
  const initial = node.kind === "population" ? node.neuron.initialPotential : Int32Array.of(0);
  const [highest, lowest] = [new Float64Array(length).fill(-Infinity), new Float64Array(length).fill(Infinity)];
  const size = Math.max(node.bias.length, initial.length, length);
  for (let index = 0; index < size; index++) {
    const constant = node.bias[index % node.bias.length] + initial[index % initial.length];
    highest[index % length] = Math.max(highest[index % length], constant);
    lowest[index % length] = Math.min(lowest[index % length], constant);
  }
  return {
    lower: lower.map((sum, index) => sum + lowest[index]),
    upper: upper.map((sum, index) => sum + highest[index]),
  };
}

/**
 * Proves the range of all layers that do not read the input, and prepares the check of the others for a sample's range
 * of counts. Intermediate sums may wrap around; values that are compared with a threshold or read out may not.
 * @returns null for float32 networks.
 * @throws {LlifError} PRECISION naming the layer, if its charge could exceed 32 bits.
 * @see docs/mathematics.md, numerics
 */
export function proveCharges(network: SpikingNetwork): ChargeProof | null {
  if (network.arithmetic !== "int32") return null;
  const silent = countRanges(network, { smallest: 0, largest: 0 });
  const unit = countRanges(network, { smallest: 0, largest: 1 });
  const readers = network.nodes.flatMap((node) => {
    if (node.kind === "pool") return [];
    const rest = withCancelling(network, node, chargeBounds(network, node, silent));
    checkBounds(network, node, rest, null);
    const fed = synapsesTo(network, node.name).some(
      ({ from }) => unit.get(from)?.largest !== silent.get(from)?.largest,
    );
    if (!fed) return [];
    // Linear in the counts: the change of the bounds if every input counts one.
    const { lower, upper } = withCancelling(network, node, chargeBounds(network, node, unit));
    return [
      {
        node,
        rest,
        negative: lower.map((value, index) => rest.lower[index] - value),
        positive: upper.map((value, index) => value - rest.upper[index]),
      },
    ];
  });
  const boundsIn = (
    { rest, positive, negative }: (typeof readers)[number],
    { smallest, largest }: CountRange,
  ): Bounds => {
    const [up, down] = [Math.max(0, largest), Math.max(0, -smallest)];
    return {
      upper: rest.upper.map((value, index) => value + up * positive[index] + down * negative[index]),
      lower: rest.lower.map((value, index) => value - up * negative[index] - down * positive[index]),
    };
  };
  // Bounds grow with the range, so a range inside a proven one, or around a refused one, needs no computation.
  let proven: CountRange = { smallest: 0, largest: 0 };
  let refused: CountRange | null = null;
  const proof: ChargeProof = {
    holds(range) {
      if (contains(proven, range)) return true;
      if (refused !== null && contains(range, refused)) return false;
      const holds = readers.every((reader) => furthestBeyond(boundsIn(reader, range)) === null);
      if (!holds) refused = range;
      else if (contains(range, proven)) proven = range;
      return holds;
    },
    check(range) {
      if (!proof.holds(range))
        for (const reader of readers) checkBounds(network, reader.node, boundsIn(reader, range), range);
    },
  };
  if (network.input.counts !== null) proof.check(inputRange(network));
  return proof;
}

function contains(outer: CountRange, { smallest, largest }: CountRange): boolean {
  return outer.smallest <= smallest && outer.largest >= largest;
}

/** Signed rate compares after every tick what is left when up to the cap has been fired; refined phase keeps its whole charge. */
function withCancelling(
  { code, levels }: SpikingNetwork,
  node: Population | SpikingOutput,
  { lower, upper }: Bounds,
): Bounds {
  const { cancelsSpikes, frames } = rulesOf(code);
  if (!cancelsSpikes || frames || node.kind === "output") return { lower, upper };
  // By channel or neuron where the bounds are, else the largest.
  const { threshold } = node.neuron;
  const largest = Float64Array.from(threshold).reduce((most, value) => Math.max(most, value), 0);
  const fits = lower.length % threshold.length === 0;
  return {
    upper,
    lower: lower.map((value, index) => value - levels * (fits ? threshold[index % threshold.length] : largest)),
  };
}

function checkBounds(
  { levels }: SpikingNetwork,
  { name, kind }: Population | SpikingOutput,
  bounds: Bounds,
  input: CountRange | null,
): void {
  const furthest = furthestBeyond(bounds);
  if (furthest === null) return;
  const counts = input === null ? "" : ` and input counts from ${input.smallest} to ${input.largest}`;
  throw new LlifError(
    "PRECISION",
    `${kind} "${name}": its charge can reach ${furthest.toPrecision(3)}, ${bitsFor(furthest)} bits where exact codes have 32, at ${levels} levels${counts}; take fewer bits, or smaller charges`,
    { nodes: [name] },
  );
}

/** Largest charge beyond 32 bits; null if there is none. */
function furthestBeyond({ lower, upper }: Bounds): number | null {
  const largest = upper.reduce((most, value) => Math.max(most, value), 0);
  const smallest = lower.reduce((least, value) => Math.min(least, value), 0);
  return largest < limit && smallest >= -limit ? null : Math.max(largest, -smallest);
}

/** Bits of a signed integer of that magnitude. */
export function bitsFor(magnitude: number): number {
  return Math.ceil(Math.log2(Math.max(magnitude, 1) + 1)) + 1;
}
