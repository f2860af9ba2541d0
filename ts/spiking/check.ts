import { LlifError } from "../errors.ts";
import { checkAllFinite, checkDimensions, checkFinite, checkInteger, checkLength, checkOneOf } from "../check.ts";
import { checkConvention, checkWindow } from "../relu/check.ts";
import type { Window2d } from "../relu/network.ts";
import { maximumElements, windowedExtents, windowSize } from "../relu/shapes.ts";
import { channelsOf, formatShape, sameShape, sizeOf, type Shape } from "../tensor.ts";
import { hasRealTimes, type Arithmetic, type Charges, type NegativeSide, type Population, type SpikingNetwork, type SpikingNode, type SpikingPool, type Synapse } from "./network.ts";

/** Counts up to here are exact in float32, and so are their products with a power of two. */
const maximumTicks = 2 ** 24;

/** A delay holds one list of spikes for each of its ticks. */
const maximumDelay = 2 ** 16;

/**
 * Checks a whole network: its code, names and order, shapes, lengths, types and values of all arrays. Every engine calls it.
 * @returns the same network.
 * @throws {LlifError} ARGUMENT or SHAPE, naming the node or synapse, with the names in `nodes`.
 */
export function checkSpikingNetwork(network: SpikingNetwork): SpikingNetwork {
  const place = `network "${network.name}"`;
  checkCode(place, network);
  checkFinite(`${place}: dtSeconds`, network.dtSeconds, { above: 0 });
  checkInput(network);
  const shapes = new Map<string, Shape>([[network.input.name, network.input.shape]]);
  const kinds = new Map<string, SpikingNode["kind"]>();
  for (const node of network.nodes) {
    concerning([node.name], () => {
      if (typeof node.name !== "string" || node.name === "") throw new LlifError("ARGUMENT", `${place}: expected every node to have a name, got ""`);
      if (shapes.has(node.name)) throw new LlifError("ARGUMENT", `${node.kind} "${node.name}": expected a unique name, got it twice`);
      checkNode(network, node, shapes, kinds);
    });
    shapes.set(node.name, node.shape);
    kinds.set(node.name, node.kind);
  }
  const order = new Map([...shapes.keys()].map((name, index) => [name, index]));
  for (const synapse of network.synapses) {
    concerning([synapse.from, synapse.to], () => checkSynapse(network.arithmetic, synapse, shapes, kinds, order));
  }
  const output = network.nodes.find((node) => node.kind === "output");
  if (network.classes.length > 0 && network.classes.length !== sizeOf(output?.shape ?? [0])) {
    throw new LlifError("SHAPE", `${place}: expected ${sizeOf(output?.shape ?? [0])} class names, one for each output, got ${network.classes.length}`);
  }
  checkConvention(place, network.convention, channelsOf(network.input.shape));
  return network;
}

function checkCode(place: string, network: SpikingNetwork): void {
  const code = checkOneOf(`${place}: code`, network.code, ["rate", "phase", "ttfs"]);
  const schedule = checkOneOf(`${place}: schedule`, network.schedule, ["synchronous", "layerwise"]);
  const spikes = checkOneOf(`${place}: spikes`, network.spikes, ["unsigned", "signed"]);
  checkOneOf(`${place}: arithmetic`, network.arithmetic, ["float32", "int32"]);
  if (code !== "rate" && schedule !== "layerwise") {
    throw new LlifError("ARGUMENT", `${place}: code "${code}": expected schedule "layerwise", got "${schedule}"`);
  }
  if (network.nonAdjacent === true && (code !== "phase" || spikes !== "signed")) {
    throw new LlifError("ARGUMENT", `${place}: nonAdjacent: expected code "phase" with signed spikes, got "${code}", ${spikes}`);
  }
  if (network.settles === true) {
    if (code !== "rate" || schedule !== "synchronous" || spikes !== "signed") throw new LlifError("ARGUMENT", `${place}: settles: expected signed synchronous rate, got ${schedule} "${code}", ${spikes}`);
    const delayed = network.synapses.find(({ delayTicks }) => delayTicks !== 0);
    // In a silent tick spikes may still be on their way.
    if (delayed !== undefined) throw new LlifError("ARGUMENT", `${place}: settles: expected no delays, got ${delayed.delayTicks} ticks from "${delayed.from}" to "${delayed.to}"`, { nodes: [delayed.from, delayed.to] });
  }
  const realTimes = hasRealTimes(network);
  const most = code !== "phase" ? maximumTicks : network.nonAdjacent === true ? 31 : spikes === "signed" ? 19 : 30;
  const ticks = checkInteger(`${place}: windowTicks`, network.windowTicks, network.nonAdjacent === true ? 2 : 1, realTimes ? 1 : most);
  const levels = realTimes ? 0 : code === "phase" ? phaseLevels(network, ticks) : ticks;
  if (network.levels !== levels) {
    throw new LlifError("ARGUMENT", `${place}: levels of ${ticks} ${code} ticks: expected ${levels}, got ${network.levels}`);
  }
}

function phaseLevels({ spikes, nonAdjacent }: SpikingNetwork, ticks: number): number {
  if (nonAdjacent === true) return 2 ** (ticks - 1) - 1;
  return spikes === "signed" ? (3 ** ticks - 1) / 2 : 2 ** ticks - 1;
}

function checkInput({ name, input }: SpikingNetwork): void {
  const place = `input "${input.name}"`;
  if (typeof input.name !== "string" || input.name === "") throw new LlifError("ARGUMENT", `network "${name}": expected the input to have a name, got ""`);
  checkShape(place, input.shape);
  if (input.counts === null) return;
  checkFinite(`${place}: unit`, input.counts.unit, { above: 0 });
  const minimum = checkInteger(`${place}: minimum`, input.counts.minimum, -maximumTicks);
  checkInteger(`${place}: maximum`, input.counts.maximum, minimum, maximumTicks);
}

type Shapes = ReadonlyMap<string, Shape>;
type Kinds = ReadonlyMap<string, SpikingNode["kind"]>;

function checkNode(network: SpikingNetwork, node: SpikingNode, shapes: Shapes, kinds: Kinds): void {
  const place = `${node.kind} "${node.name}"`;
  checkShape(place, node.shape);
  if (node.kind === "pool") return checkPool(place, network, node, shapes, kinds);
  checkCharges(`${place}: bias`, node.bias, node.shape, network.arithmetic);
  if (!(node.unit instanceof Float64Array)) throw new LlifError("ARGUMENT", `${place}: unit: expected a Float64Array`);
  checkBroadcast(`${place}: unit`, node.unit, node.shape);
  for (const unit of node.unit) checkFinite(`${place}: unit`, unit, { above: 0 });
  if (node.kind === "population") checkPopulation(place, network, node);
}

function checkPopulation(place: string, network: SpikingNetwork, population: Population): void {
  const { threshold, leakFactor, floor, reset, spikesPerTick, refractory, rectified } = population;
  if (typeof rectified !== "boolean") throw new LlifError("ARGUMENT", `${place}: rectified: expected true or false, got ${String(rectified)}`);
  if (!rectified && (network.code !== "phase" || network.spikes !== "signed" || network.nonAdjacent === true)) {
    throw new LlifError("ARGUMENT", `${place}: rectified false: expected a balanced-ternary phase network (code "phase", signed spikes), got code "${network.code}", ${network.spikes} spikes`);
  }
  checkCharges(`${place}: threshold`, threshold, population.shape, network.arithmetic);
  for (const value of threshold) checkFinite(`${place}: threshold`, value, { above: 0 });
  checkCharges(`${place}: initialPotential`, population.initialPotential, population.shape, network.arithmetic);
  if (population.ceiling !== undefined) {
    checkBroadcast(`${place}: ceiling`, population.ceiling, population.shape);
    for (const value of population.ceiling) checkFinite(`${place}: ceiling`, value, { above: 0 });
  }
  if (population.negativeOf !== undefined) checkNegativeSide(place, network, population, population.negativeOf);
  checkFinite(`${place}: leakFactor`, leakFactor, { from: 0, to: 1 });
  if (typeof floor !== "number" || Number.isNaN(floor) || floor === Infinity) {
    throw new LlifError("ARGUMENT", `${place}: floor: expected a finite number, or -Infinity for none, got ${floor}`);
  }
  checkOneOf(`${place}: reset`, reset, ["soft", "hard"]);
  checkInteger(`${place}: spikesPerTick`, spikesPerTick, 1, maximumTicks);
  checkInteger(`${place}: refractory ticks`, refractory.ticks, 0, maximumTicks);
  checkOneOf(`${place}: refractory input`, refractory.input, ["integrate", "discard"]);
  if (spikesPerTick > 1) {
    if (reset === "hard") throw new LlifError("ARGUMENT", `${place}: ${spikesPerTick} spikes per tick: expected reset "soft", got "hard"`);
    if (network.arithmetic === "float32") threshold.forEach((value) => checkPowerOfTwo(`${place}: threshold with ${spikesPerTick} spikes per tick`, value));
  }
  if (network.schedule === "layerwise" || network.spikes === "signed") checkExact(place, network, population);
}

function checkNegativeSide(place: string, network: SpikingNetwork, { shape, ceiling }: Population, { population, slope, complement }: NegativeSide): void {
  const positive = network.nodes.find(({ name }) => name === population);
  if (positive?.kind !== "population" || !sameShape(positive.shape, shape)) {
    throw new LlifError("ARGUMENT", `${place}: negativeOf: expected a population of shape ${formatShape(shape)}, got ${positive === undefined ? "no such node" : `${positive.kind} "${population}" of shape ${formatShape(positive.shape)}`}`);
  }
  if (!(slope instanceof Float64Array)) throw new LlifError("ARGUMENT", `${place}: negativeOf: slope: expected a Float64Array`);
  checkLength(`${place}: negativeOf: slope`, slope, [channelsOf(shape)]);
  checkAllFinite(`${place}: negativeOf: slope`, slope);
  if (typeof complement !== "boolean") throw new LlifError("ARGUMENT", `${place}: negativeOf: complement: expected true or false, got ${String(complement)}`);
  if (complement && ceiling === undefined) throw new LlifError("ARGUMENT", `${place}: negativeOf: expected a ceiling, at which a complement stands for zero`);
}

/** T7 and T8 hold for the plain neuron alone. */
function checkExact(place: string, network: SpikingNetwork, population: Population): void {
  const expected = { leakFactor: 1, floor: -Infinity, reset: "soft", spikesPerTick: 1 } as const;
  for (const key of ["leakFactor", "floor", "reset", "spikesPerTick"] as const) {
    if (population[key] !== expected[key]) {
      throw new LlifError("ARGUMENT", `${place}: ${key} in a ${network.schedule} network of ${network.spikes} spikes: expected ${expected[key]}, got ${population[key]}`);
    }
  }
  if (population.refractory.ticks !== 0) {
    throw new LlifError("ARGUMENT", `${place}: refractory ticks in a ${network.schedule} network of ${network.spikes} spikes: expected 0, got ${population.refractory.ticks}`);
  }
  if (network.arithmetic !== "int32") {
    if (population.initialPotential.some((value) => value !== 0)) throw new LlifError("ARGUMENT", `${place}: initialPotential in real-valued ttfs: expected 0, from which the time is told`);
    return;
  }
  const { thresholdFactor, evenThreshold } = largestFactor(network);
  const limit = 2 ** 31 / thresholdFactor;
  for (const value of population.threshold) {
    if (value >= limit) throw new LlifError("PRECISION", `${place}: threshold: expected < ${limit} so that ${network.windowTicks} ${network.code} ticks fit 32 bits, got ${value}`);
    if (evenThreshold && value % 2 !== 0) throw new LlifError("ARGUMENT", `${place}: threshold: expected an even number, half of which ternary digits compare with, got ${value}`);
  }
}

/** Largest multiple of θ that a neuron is compared with, or loses. */
function largestFactor({ code, spikes, nonAdjacent, windowTicks, levels }: SpikingNetwork): { thresholdFactor: number; evenThreshold: boolean } {
  if (code === "ttfs") return { thresholdFactor: levels + 1, evenThreshold: false };
  if (code !== "phase") return { thresholdFactor: 1, evenThreshold: false };
  const ternary = spikes === "signed" && nonAdjacent !== true;
  return { thresholdFactor: ternary ? 3 ** (windowTicks - 1) : 2 ** (windowTicks - 1), evenThreshold: ternary };
}

function checkPool(place: string, network: SpikingNetwork, pool: SpikingPool, shapes: Shapes, kinds: Kinds): void {
  checkOneOf(`${place}: mode`, pool.mode, ["max", "sum"]);
  const input = sourceShape(place, pool.from, shapes, kinds);
  checkDimensions(`${place}: input`, input, 3);
  checkWindow(place, pool);
  const floor = [...windowedExtents(place, input, pool), input[2]];
  const ceil = [...windowedExtents(place, input, pool, true), input[2]];
  const fits = pool.shape.length === 3 && pool.shape.every((extent, axis) => extent === floor[axis] || extent === ceil[axis]);
  if (!fits) throw new LlifError("SHAPE", `${place}: expected output shape ${formatShape(floor)}, got ${formatShape(pool.shape)}`);
  const source = network.nodes.find(({ name }) => name === pool.from);
  if (pool.mode === "max" && network.schedule === "layerwise" && source?.kind === "pool" && source.mode === "sum") {
    throw new LlifError("ARGUMENT", `${place}: expected a population or a max pool as source, got sum pool "${source.name}", whose spikes overlap; put a population between`);
  }
  if (pool.multiplicity === undefined) return;
  if (pool.mode !== "sum") throw new LlifError("ARGUMENT", `${place}: multiplicity: expected none in a max pool`);
  if (!(pool.multiplicity instanceof Uint32Array)) throw new LlifError("ARGUMENT", `${place}: multiplicity: expected a Uint32Array`);
  checkLength(`${place}: multiplicity`, pool.multiplicity, pool.shape.slice(0, 2));
}

function checkSynapse(arithmetic: Arithmetic, synapse: Synapse, shapes: Shapes, kinds: Kinds, order: ReadonlyMap<string, number>): void {
  const place = `synapse "${synapse.from}" to "${synapse.to}"`;
  const from = sourceShape(place, synapse.from, shapes, kinds);
  const to = shapes.get(synapse.to);
  const kind = kinds.get(synapse.to);
  if (to === undefined || kind === undefined || kind === "pool") {
    throw new LlifError("ARGUMENT", `${place}: expected a population or an output as target, got ${kind ?? "no such node"}`);
  }
  checkInteger(`${place}: delayTicks`, synapse.delayTicks, 0, maximumDelay);
  if (synapse.delayTicks === 0 && (order.get(synapse.from) ?? 0) >= (order.get(synapse.to) ?? 0)) {
    throw new LlifError("ARGUMENT", `${place}: expected the source before the target, or a delay of at least 1 tick`);
  }
  switch (synapse.kind) {
    case "dense":
      checkWeights(place, synapse.weights, [sizeOf(to), sizeOf(from)], arithmetic);
      break;
    case "conv2d":
    case "convTranspose2d": {
      checkDimensions(`${place}: input`, from, 3);
      checkDimensions(`${place}: target`, to, 3);
      checkWindow(place, synapse);
      const groups = checkInteger(`${place}: groups`, synapse.groups, 1);
      if (from[2] % groups !== 0 || to[2] % groups !== 0) {
        throw new LlifError("SHAPE", `${place}: expected channels in ${groups} equal groups, got ${from[2]} to ${to[2]}`);
      }
      if (synapse.kind === "conv2d") checkWindowed(place, from, to, synapse);
      else checkTransposed(place, from, to, synapse);
      checkWeights(place, synapse.weights, [...synapse.kernel, from[2] / groups, to[2]], arithmetic);
      break;
    }
    case "identity":
      if (sizeOf(from) !== sizeOf(to)) throw new LlifError("SHAPE", `${place}: expected as many neurons on both sides, got ${formatShape(from)} and ${formatShape(to)}`);
      checkCharges(`${place}: weights`, synapse.weights, to, arithmetic);
      break;
    default:
      checkOneOf(`${place}: kind`, (synapse as Synapse).kind, ["dense", "conv2d", "convTranspose2d", "identity"]);
  }
}

function checkWindowed(place: string, from: Shape, to: Shape, window: Window2d): void {
  const shape = [...windowedExtents(place, from, window), to[2]];
  if (!sameShape(shape, to)) throw new LlifError("SHAPE", `${place}: expected target shape ${formatShape(shape)}, got ${formatShape(to)}`);
}

/** The extents without output padding, and up to a stride less one beyond. */
function checkTransposed(place: string, from: Shape, to: Shape, { kernel, stride, dilation, padding }: Window2d): void {
  const around = [padding.top + padding.bottom, padding.left + padding.right];
  for (const axis of [0, 1]) {
    const least = (from[axis] - 1) * stride[axis] + windowSize(kernel[axis], dilation[axis]) - around[axis];
    const most = least + Math.max(stride[axis], dilation[axis]) - 1;
    if (to[axis] < least || to[axis] > most) {
      throw new LlifError("SHAPE", `${place}: expected a target of ${least} to ${most} ${axis === 0 ? "rows" : "columns"}, got shape ${formatShape(to)}`);
    }
  }
}

function sourceShape(place: string, from: string, shapes: Shapes, kinds: Kinds): Shape {
  const shape = shapes.get(from);
  if (shape === undefined || kinds.get(from) === "output") {
    throw new LlifError("ARGUMENT", `${place}: expected the input, a population or a pool before it as source, got ${shape === undefined ? `"${from}"` : `output "${from}"`}`);
  }
  return shape;
}

function checkWeights(place: string, weights: Charges, shape: Shape, arithmetic: Arithmetic): void {
  checkType(`${place}: weights`, weights, arithmetic);
  checkLength(`${place}: weights`, weights, shape);
  checkAllFinite(`${place}: weights`, weights);
}

function checkCharges(place: string, charges: Charges, shape: Shape, arithmetic: Arithmetic): void {
  checkType(place, charges, arithmetic);
  checkBroadcast(place, charges, shape);
  checkAllFinite(place, charges);
}

function checkType(place: string, charges: Charges, arithmetic: Arithmetic): void {
  const expected = arithmetic === "float32" ? Float32Array : Int32Array;
  if (!(charges instanceof expected)) {
    throw new LlifError("ARGUMENT", `${place}: expected a ${expected.name} in a ${arithmetic} network, got ${(charges as Charges | undefined)?.constructor.name}`);
  }
}

function checkBroadcast(place: string, values: ArrayLike<number>, shape: Shape): void {
  if (values.length !== channelsOf(shape) && values.length !== sizeOf(shape)) {
    throw new LlifError("SHAPE", `${place}: expected ${channelsOf(shape)} values, one a channel, or ${sizeOf(shape)}, one a neuron, got ${values.length}`);
  }
}

function checkPowerOfTwo(place: string, value: number): void {
  if (2 ** Math.round(Math.log2(value)) !== value) throw new LlifError("ARGUMENT", `${place}: expected a power of two, got ${value}`);
}

function checkShape(place: string, shape: Shape): void {
  for (const extent of shape) checkInteger(`${place}: shape ${formatShape(shape)}`, extent, 1);
  if (sizeOf(shape) > maximumElements) throw new LlifError("SHAPE", `${place}: expected at most ${maximumElements} neurons, got shape ${formatShape(shape)}`);
}

/** Adds the names concerned to what `body` throws. */
function concerning(nodes: readonly string[], body: () => void): void {
  try {
    body();
  } catch (error) {
    if (!(error instanceof LlifError) || error.nodes.length > 0) throw error;
    throw new LlifError(error.code, error.message, { nodes, cause: error });
  }
}
