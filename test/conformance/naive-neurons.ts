// The definition of one neuron, written as plainly as possible; the oracle of the conformance tests.
import type { RefinedPhase } from "../../ts/spiking/codes/refined-phase.ts";
import type { SpikingNetwork, SpikingNode, SpikingPool } from "../../ts/spiking/network.ts";

/** Into one neuron, by synapse: its source, products of constant current, and [weight, spike] by tick, in order of arrival. */
export type Arrivals = readonly {
  readonly from: string;
  readonly products: readonly Pair[];
  readonly spikes: readonly (readonly Pair[])[];
}[];
type Pair = readonly [weight: number, value: number];

type Body = Exclude<SpikingNode, SpikingPool>;
type Emit = (tick: number, spikes: number[]) => void;

const f = Math.fround;
const at = (values: ArrayLike<number>, neuron: number): number => values[neuron % values.length];
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const wrap = (value: bigint): number => Number(BigInt.asIntN(32, value));

/** What a spike of a node counts in each tick. */
export function payloadsOf(network: SpikingNetwork, name: string, ticks: number): number[] {
  const { code } = network;
  if (code.kind === "refinedPhase") {
    const last = Math.max(...network.nodes.map((node) => layerOf(network, node.name)));
    const layer = layerOf(network, name);
    const skipped = Math.round((code.ahead ?? 0) * (layer < 2 ? 1 : (last - layer) / (last - 1)));
    return range(ticks).map((tick) => code.quanta[tick + skipped] ?? 1);
  }
  const base = code.kind !== "phase" ? 1 : code.digits === "ternary" ? 3 : 2;
  return range(ticks).map((tick) => (code.kind === "slots" ? ticks - tick : base ** (ticks - 1 - tick)));
}

/** Populations on the longest way from the input to a node, itself included. */
function layerOf(network: SpikingNetwork, name: string): number {
  const node = network.nodes.find((each) => each.name === name);
  if (node === undefined) return 0;
  const sources =
    node.kind === "pool" ? [node.from] : network.synapses.filter(({ to }) => to === name).map(({ from }) => from);
  return Math.max(0, ...sources.map((from) => layerOf(network, from))) + (node.kind === "population" ? 1 : 0);
}

/** Membrane potential, or an output's charge, sample by sample; fires through `emit`. */
export function runNeuron(
  network: SpikingNetwork,
  node: Body,
  neuron: number,
  ticks: number,
  arrivals: Arrivals,
  emit: Emit,
): number[] {
  const { kind } = network.code;
  if (kind === "rate") return synchronous(node, neuron, ticks, arrivals, emit);
  if (kind === "times") return realTimes(node, neuron, arrivals, emit);
  const exact = kind === "signedRate" ? signedRate : kind === "refinedPhase" ? refinedPhase : layerwise;
  return exact(network, node, neuron, ticks, arrivals, emit);
}

function synchronous(node: Body, neuron: number, ticks: number, arrivals: Arrivals, emit: Emit): number[] {
  let drive = at(node.bias, neuron);
  for (const { products } of arrivals) for (const [weight, value] of products) drive = f(drive + f(weight * value));
  const arrive = (start: number, tick: number): number =>
    arrivals.flatMap(({ spikes }) => spikes[tick]).reduce((sum, [weight]) => f(sum + weight), start);
  if (node.kind === "output") {
    let charge = 0;
    return range(ticks).map((tick) => (charge += arrive(drive, tick)));
  }
  const { threshold, initialPotential, leak, floor, reset, refractory, spikesPerTick = 1 } = node.neuron;
  const alpha = at(leak?.factorPerTick ?? [1], neuron);
  const least = at(floor ?? [-Infinity], neuron);
  const hard = at(reset?.hard ?? [0], neuron) === 1;
  const waits = at(refractory?.ticks ?? [0], neuron);
  const theta = at(threshold, neuron);
  let v = at(initialPotential, neuron);
  let lastSpike = -Infinity;
  return range(ticks).map((tick) => {
    const waiting = tick - lastSpike <= waits;
    v = f(alpha * v);
    if (!(waiting && refractory?.input === "discard")) v = arrive(f(v + drive), tick);
    if (v < least) v = least;
    if (waiting || v < theta) return v;
    const count = Math.min(Math.floor(v / theta), spikesPerTick);
    emit(tick, new Array<number>(count).fill(1));
    lastSpike = tick;
    return (v = hard ? 0 : f(v - count * theta));
  });
}

/** Σ weight · value · payload of the spikes up to each tick. */
function arrived(arrivals: Arrivals, ticks: number, payloads: (source: string) => readonly number[]): bigint[] {
  let sum = 0n;
  const counted = arrivals.map(({ from, spikes }) => ({ spikes, payloads: payloads(from) }));
  return range(ticks).map((tick) => {
    for (const { spikes, payloads } of counted)
      for (const [weight, value] of spikes[tick]) sum += BigInt(weight * value) * BigInt(payloads[tick]);
    return sum;
  });
}

/** B + Σq·N_0. */
function constantCharge(node: Body, neuron: number, arrivals: Arrivals): bigint {
  let charge = BigInt(at(node.bias, neuron));
  for (const { products } of arrivals) for (const [weight, value] of products) charge += BigInt(weight) * BigInt(value);
  return charge;
}

/** T8: N(t) = clip(floor((v0 + Z(t)) / θ), 0, T), and the spikes are its changes. */
function signedRate(
  network: SpikingNetwork,
  node: Body,
  neuron: number,
  ticks: number,
  arrivals: Arrivals,
  emit: Emit,
): number[] {
  const current = constantCharge(node, neuron, arrivals);
  const spikes = arrived(arrivals, ticks, () => range(ticks).map(() => 1));
  let before = 0n;
  return range(ticks).map((tick) => {
    const charge = floorDivide(BigInt(tick + 1) * current, BigInt(network.windowTicks)) + spikes[tick];
    if (node.kind === "output") return wrap(charge);
    const theta = BigInt(at(node.neuron.threshold, neuron));
    const v = charge + BigInt(at(node.neuron.initialPotential, neuron));
    const count = clip(floorDivide(v, theta), 0n, BigInt(network.levels));
    emit(
      tick,
      new Array<number>(Number(count > before ? count - before : before - count)).fill(count > before ? 1 : -1),
    );
    before = count;
    return wrap(v - count * theta);
  });
}

/** T14: the nearest multiple of the quantum, unless the count so far is near enough; a frame from rest. */
function refinedPhase(
  network: SpikingNetwork,
  node: Body,
  neuron: number,
  ticks: number,
  arrivals: Arrivals,
  emit: Emit,
): number[] {
  const { laziness } = network.code as RefinedPhase;
  const quanta = payloadsOf(network, node.name, ticks);
  const current = constantCharge(node, neuron, arrivals);
  let before = 0n;
  return arrived(arrivals, ticks, (from) => payloadsOf(network, from, ticks)).map((spikes, tick) => {
    const charge = current + spikes;
    if (node.kind === "output") return wrap(charge);
    const theta = BigInt(at(node.neuron.threshold, neuron));
    const [quantum, levels] = [BigInt(quanta[tick]), BigInt(network.levels)];
    const apart = Math.abs(Number(clip(charge, 0n, levels * theta) - before * theta));
    if (tick + 1 < ticks && laziness > 0.5 && apart < laziness * Number(quantum * theta)) return wrap(charge);
    const step = 2n * theta * quantum;
    const count = quantum * clip(floorDivide(2n * charge + theta * quantum, step), 0n, levels / quantum);
    const spikesNow = Number((count - before) / quantum);
    emit(tick, new Array<number>(Math.abs(spikesNow)).fill(Math.sign(spikesNow)));
    before = count;
    return wrap(charge);
  });
}

/** T7, T12: the count by its formula, the spikes as its digits (or its slot), and the potential as what they leave. */
function layerwise(
  network: SpikingNetwork,
  node: Body,
  neuron: number,
  ticks: number,
  arrivals: Arrivals,
  emit: Emit,
): number[] {
  const payloads = payloadsOf(network, node.name, ticks);
  let base = constantCharge(node, neuron, arrivals);
  if (node.kind === "population") base += BigInt(at(node.neuron.initialPotential, neuron));
  const trace = arrived(arrivals, ticks, () => payloads).map((charge) => wrap(base + charge));
  if (node.kind === "output") return trace;
  const theta = BigInt(at(node.neuron.threshold, neuron));
  const levels = BigInt(network.levels);
  const { code } = network;
  const signed = code.kind === "phase" && code.digits !== "binary";
  let v = BigInt(trace[ticks - 1]);
  if (signed && node.rectified) v = v < 0n ? 0n : v;
  if (code.kind === "slots" || (signed && code.digits === "nonAdjacent"))
    v = v < theta * (levels + 1n) ? v : theta * (levels + 1n) - 1n;
  const nearest = signed && code.digits === "ternary";
  const count = clip(
    nearest ? floorDivide(2n * v + theta, 2n * theta) : floorDivide(v, theta),
    node.rectified ? 0n : -levels,
    levels,
  );
  const digits = digitsOf(network, Number(count), ticks);
  digits.forEach((digit, tick) => {
    if (digit !== 0) emit(tick, [digit]);
    v -= theta * BigInt(digit * payloads[tick]);
    trace.push(wrap(v));
  });
  return trace;
}

/** T9: spike at 1 − V/θ of the next window, none if V ≤ 0, at once if V ≥ θ. */
function realTimes(node: Body, neuron: number, arrivals: Arrivals, emit: Emit): number[] {
  let charge = at(node.bias, neuron);
  for (const { products, spikes } of arrivals)
    for (const [weight, value] of [...products, ...spikes[0]]) charge = f(charge + f(weight * f(value)));
  if (node.kind === "output") return [charge];
  if (charge > 0) emit(0, [1 - (1 - Math.min(1, f(charge / at(node.neuron.threshold, neuron))))]);
  return [charge, Math.min(charge, 0)];
}

/** +1, −1 or 0 for each tick, so that Σ digit · payload is the count. */
function digitsOf({ code }: SpikingNetwork, count: number, ticks: number): number[] {
  if (code.kind === "windowRate") return range(ticks).map((tick) => (tick < count ? 1 : 0));
  if (code.kind !== "phase") return range(ticks).map((tick) => (count > 0 && tick === ticks - count ? 1 : 0));
  if (code.digits === "binary") return range(ticks).map((tick) => (count >> (ticks - 1 - tick)) & 1);
  return code.digits === "nonAdjacent" ? nonAdjacentDigits(count, ticks) : ternaryDigits(count, ticks);
}

/** Shift by the count of ones only, take ordinary ternary digits, shift back. */
function ternaryDigits(count: number, ticks: number): number[] {
  const shifted = count + (3 ** ticks - 1) / 2;
  return range(ticks).map((tick) => (Math.floor(shifted / 3 ** (ticks - 1 - tick)) % 3) - 1);
}

/** Prodinger: the digits are the bits in which 3n and n differ, positive where 3n has the one. */
function nonAdjacentDigits(count: number, ticks: number): number[] {
  const bit = (value: number, k: number): number => Math.floor(value / 2 ** k) % 2;
  return range(ticks).map((tick) => bit(3 * count, ticks - tick) - bit(count, ticks - tick));
}

function clip(value: bigint, low: bigint, high: bigint): bigint {
  return value < low ? low : value > high ? high : value;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n ? quotient - 1n : quotient;
}
