// Activations that may be negative: pairs of populations, one per sign.
import {
  type Population,
  populationsOf,
  shapeOf,
  type SpikingNetwork,
  type SpikingPool,
  synapsesTo,
} from "../spiking/network.ts";
import type { MappedNetwork, MappedSynapse } from "../spiking/mapped.ts";
import { leakFactorAt } from "../spiking/neurons/llif.ts";
import { sameShape, sizeOf } from "../tensor.ts";
import { forEachWeight } from "../spiking/weights.ts";
import { applyLinear, type Linear, repeated } from "./fold/linear.ts";
import { pooledSource, type CountSource } from "./sources.ts";

/** Pairs of populations that together represent one value, and can become one ReLU with a slope. */
export interface NegativeSides {
  /** Slope of each positive population, by channel. */
  readonly slopes: ReadonlyMap<string, Float64Array>;
  /** Negative populations and their pools, each with its partner on the positive side. */
  readonly partners: ReadonlyMap<string, string>;
  /** A complement's counts for a value that is not negative, per element; they go into its readers' bias. */
  zeroCounts(source: string): Float64Array | null;
}

/**
 * The pairs made by the mapping (`Population.negativeOf`) that are still valid: both sides read the same sources, and
 * every reader of one side reads the other with −slope times its weights, within the rounding of the charges.
 */
export function negativeSides(network: MappedNetwork): NegativeSides {
  const populations = new Map(populationsOf(network).map((population) => [population.name, population]));
  const slopes = new Map<string, Float64Array>();
  const partners = new Map<string, string>();
  const counts = new Map<string, CountSource>();
  for (const negative of populations.values()) {
    const { negativeOf } = negative;
    const positive = populations.get(negativeOf?.population ?? "");
    if (negativeOf === undefined || positive === undefined || slopes.has(positive.name)) continue;
    const sides = pooledSides(network, negative, positive);
    if (sides === null || !readAlike(network, negative, positive) || !areReadAlike(network, negative, positive, sides))
      continue;
    slopes.set(positive.name, negativeOf.slope);
    for (const [source, partner] of sides) partners.set(source, partner);
    if (negativeOf.complement)
      pooledCounts(network, negative, sides).forEach((source, name) => counts.set(name, source));
  }
  return {
    slopes,
    partners,
    zeroCounts(name) {
      const source = counts.get(name);
      return source === undefined
        ? null
        : repeated(
            (source.shift as Float64Array).map((shift, index) => -shift / source.unit[index % source.unit.length]),
            sizeOf(source.shape),
          );
    },
  };
}

/** The negative population and its pools, each with its partner on the positive side; null if the sides differ. */
function pooledSides(network: MappedNetwork, negative: Population, positive: Population): Map<string, string> | null {
  const sides = new Map([[negative.name, positive.name]]);
  const taken = new Set([positive.name]);
  for (const [source, partner] of sides) {
    const of = (name: string) =>
      network.nodes.filter((node): node is SpikingPool => node.kind === "pool" && node.from === name);
    for (const pool of of(source)) {
      const other = of(partner).find((candidate) => !taken.has(candidate.name) && samePool(pool, candidate));
      if (other === undefined) return null;
      taken.add(other.name);
      sides.set(pool.name, other.name);
    }
    if (of(partner).length !== of(source).length) return null;
  }
  return sides;
}

function pooledCounts(
  network: MappedNetwork,
  { name, shape, unit, ceiling }: Population,
  sides: ReadonlyMap<string, string>,
): Map<string, CountSource> {
  const shift = unit.map((_, channel) => -(ceiling as Float64Array)[channel % (ceiling as Float64Array).length]);
  const counts = new Map<string, CountSource>([
    [name, { shape, unit, shift, smallest: 0, largest: network.levels, members: 1 }],
  ]);
  for (const node of network.nodes) {
    if (node.kind === "pool" && sides.has(node.name))
      counts.set(node.name, pooledSource(node, node.multiplicity ?? null, counts.get(node.from) as CountSource));
  }
  return counts;
}

/** Whether the negative side integrates the same as the positive one, with the sign of its count. */
function readAlike(network: MappedNetwork, negative: Population, positive: Population): boolean {
  const [ours, theirs] = [synapsesTo(network, negative.name), synapsesTo(network, positive.name)];
  const complement = negative.negativeOf?.complement === true;
  const side = (population: Population): Side => ({
    target: activationOfCharge(population),
    source: Float64Array.of(1),
  });
  const sign = complement ? 1 : -1;
  if (ours.length !== theirs.length) return false;
  if (
    !ours.every(
      (synapse, index) =>
        synapse.from === theirs[index].from &&
        sameWeights(network, synapse, side(negative), theirs[index], side(positive), Float64Array.of(sign)),
    )
  )
    return false;
  const elements = sizeOf(negative.shape);
  /** The correction for an ohmic leak is part of the bias and of its rounding. */
  const leak = ({ neuron }: Population, index: number) =>
    ((1 - leakFactorAt(neuron, index)) / 2) * neuron.threshold[index % neuron.threshold.length];
  const bias = (population: Population, index: number) =>
    population.bias[index % population.bias.length] - leak(population, index);
  const [a, b] = [activationOfCharge(negative), activationOfCharge(positive)];
  const { ceiling } = negative;
  for (let index = 0; index < elements; index++) {
    const scale = complement && ceiling !== undefined ? ceiling[index % ceiling.length] : 0;
    const [ourUnit, theirUnit] = [a[index % a.length], b[index % b.length]];
    const [found, expected] = [bias(negative, index) * ourUnit, sign * bias(positive, index) * theirUnit + scale];
    const size =
      Math.abs(found) +
      Math.abs(expected) +
      scale +
      leak(negative, index) * ourUnit +
      leak(positive, index) * theirUnit;
    if (Math.abs(found - expected) > slack(network, ourUnit, theirUnit, size)) return false;
  }
  return true;
}

/** Whether every reader of one side also reads the other, with weights that differ by the slope. */
function areReadAlike(
  network: MappedNetwork,
  negative: Population,
  positive: Population,
  sides: ReadonlyMap<string, string>,
): boolean {
  const { slope, complement } = negative.negativeOf as NonNullable<Population["negativeOf"]>;
  const factors = complement ? slope : slope.map((factor) => -factor);
  const [ours, theirs]: Side[] = [negative, positive].map(({ unit }) => ({ target: Float64Array.of(1), source: unit }));
  return network.nodes.every((node) => {
    if (node.kind === "pool") return true;
    const synapses = synapsesTo(network, node.name);
    return [...sides].every(([source, partner]) => {
      const [minus, plus] = [source, partner].map((name) => synapses.filter(({ from }) => from === name));
      if (minus.length !== plus.length) return false;
      return minus.every((synapse, index) => sameWeights(network, synapse, ours, plus[index], theirs, factors));
    });
  });
}

/** Units of charge at both ends of a synapse, by channel: activation = charge · target / source. */
interface Side {
  readonly target: Float64Array;
  readonly source: Float64Array;
}

/** Whether `ours` equals `theirs` times `factors`, one per input channel, as activations and within rounding. */
function sameWeights(
  network: MappedNetwork,
  ours: MappedSynapse,
  ourSide: Side,
  theirs: MappedSynapse,
  theirSide: Side,
  factors: Float64Array,
): boolean {
  if (!sameGeometry(ours, theirs) || ours.weights.length !== theirs.weights.length) return false;
  let same = true;
  const at = (values: Float64Array, index: number) => values[index % values.length];
  const ratio = ({ target, source }: Side, output: number, input: number) => at(target, output) / at(source, input);
  forEachWeight(
    { ...ours, weights: Float64Array.from(ours.weights) },
    shapeOf(network, ours.to),
    (output, input, weight, index) => {
      const [one, other] = [ratio(ourSide, output, input), at(factors, input) * ratio(theirSide, output, input)];
      const [found, expected] = [weight * one, theirs.weights[index] * other];
      if (Math.abs(found - expected) > slack(network, one, Math.abs(other), Math.abs(found) + Math.abs(expected)))
        same = false;
    },
  );
  return same;
}

/** Allowed difference: half a quantum on each side, or float32 rounding. */
function slack({ arithmetic }: SpikingNetwork, quantum: number, otherQuantum: number, size: number): number {
  return arithmetic === "int32" ? ((quantum + otherQuantum) / 2) * (1 + 1e-6) + size * 1e-12 : size * 2 ** -21;
}

function activationOfCharge({ unit, neuron: { threshold } }: Population): Float64Array {
  return Float64Array.from(
    { length: Math.max(unit.length, threshold.length) },
    (_, index) => unit[index % unit.length] / threshold[index % threshold.length],
  );
}

function sameGeometry(a: MappedSynapse, b: MappedSynapse): boolean {
  if (a.delayTicks !== b.delayTicks) return false;
  if (a.kind === "dense" || a.kind === "identity") return a.kind === b.kind;
  return b.kind === a.kind && a.groups === b.groups && sameWindow(a, b);
}

function samePool(a: SpikingPool, b: SpikingPool): boolean {
  return (
    a.mode === b.mode &&
    sameShape(a.shape, b.shape) &&
    sameWindow(a, b) &&
    String(a.multiplicity ?? "") === String(b.multiplicity ?? "")
  );
}

type Windowed = Pick<SpikingPool, "kernel" | "stride" | "dilation" | "padding">;

function sameWindow(a: Windowed, b: Windowed): boolean {
  const { padding: p } = a;
  const { padding: q } = b;
  return (
    sameShape(a.kernel, b.kernel) &&
    sameShape(a.stride, b.stride) &&
    sameShape(a.dilation, b.dilation) &&
    p.top === q.top &&
    p.left === q.left &&
    p.bottom === q.bottom &&
    p.right === q.right
  );
}

/** Charge into each element of the target when a complement's value is zero. */
export function zeroCharge(network: MappedNetwork, synapse: MappedSynapse, counts: Float64Array): Float64Array {
  const linear: Linear = { ...synapse, weights: Float64Array.from(synapse.weights) };
  return applyLinear(linear, counts, shapeOf(network, synapse.from), shapeOf(network, synapse.to));
}
