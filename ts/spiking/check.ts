import { LlifError } from "../errors.ts";
import {
  checkAllFinite,
  checkArray,
  checkBoolean,
  checkDimensions,
  checkFinite,
  checkInteger,
  checkLength,
  checkName,
  checkObject,
  checkOneOf,
  checkOptions,
  checkString,
  checkStrings,
  describe,
  isTypedArray,
  type OptionKeys,
} from "../check.ts";
import { checkConvention, checkExtents, checkWindow } from "../relu/check.ts";
import type { Window2d } from "../relu/network.ts";
import { windowedExtents, windowSize } from "../relu/shapes.ts";
import { channelsOf, formatShape, sameShape, sizeOf, type Shape } from "../tensor.ts";
import {
  hasRealTimes,
  type Arithmetic,
  type Charges,
  type NegativeSide,
  type Population,
  type SpikingNetwork,
  type SpikingNode,
  type SpikingPool,
  type Synapse,
} from "./network.ts";

/** Counts up to here are exact in float32, and so are their products with a power of two. */
const maximumTicks = 2 ** 24;

/** A delay holds one list of spikes for each of its ticks. */
const maximumDelay = 2 ** 16;

const networkKeys: OptionKeys<SpikingNetwork> = {
  name: true,
  code: true,
  schedule: true,
  spikes: true,
  arithmetic: true,
  windowTicks: true,
  levels: true,
  nonAdjacent: true,
  settles: true,
  dtSeconds: true,
  input: true,
  nodes: true,
  synapses: true,
  convention: true,
  classes: true,
};
const windowKeys = { kernel: true, stride: true, dilation: true, padding: true } as const;
const nodeKeys: { readonly [Kind in SpikingNode["kind"]]: OptionKeys<Extract<SpikingNode, { kind: Kind }>> } = {
  population: {
    kind: true,
    name: true,
    shape: true,
    bias: true,
    threshold: true,
    initialPotential: true,
    floor: true,
    leakFactor: true,
    reset: true,
    spikesPerTick: true,
    refractory: true,
    rectified: true,
    unit: true,
    ceiling: true,
    negativeOf: true,
  },
  pool: { kind: true, name: true, shape: true, from: true, mode: true, multiplicity: true, ...windowKeys },
  output: { kind: true, name: true, shape: true, bias: true, unit: true, rectified: true },
};
const synapseBase = { kind: true, from: true, to: true, delayTicks: true, weights: true } as const;
const synapseKeys: { readonly [Kind in Synapse["kind"]]: OptionKeys<Extract<Synapse, { kind: Kind }>> } = {
  dense: synapseBase,
  conv2d: { ...synapseBase, ...windowKeys, groups: true },
  convTranspose2d: { ...synapseBase, ...windowKeys, groups: true },
  identity: synapseBase,
};

/** Networks that hold: they are immutable, so that one look is enough. */
const known = new WeakSet<SpikingNetwork>();

/** As `checkSpikingNetwork`, but of a network that held before it believes that it still does. */
export function requireSpikingNetwork(place: string, network: SpikingNetwork): SpikingNetwork {
  checkString(`${place}: name`, checkObject(place, network, "a spiking network").name);
  return known.has(network) ? network : checkSpikingNetwork(network);
}

/**
 * Checks a whole network: its fields, code, names and order, shapes, lengths, types and values of all arrays. Every engine calls it.
 * @returns the same network.
 * @throws {LlifError} ARGUMENT or SHAPE, naming the node or synapse, with the names in `nodes`.
 */
export function checkSpikingNetwork(network: SpikingNetwork): SpikingNetwork {
  const place = `network "${checkString("network: name", checkObject("network", network, "a spiking network").name)}"`;
  checkOptions(place, network, networkKeys);
  checkArray(`${place}: nodes`, network.nodes).forEach((node) =>
    checkName(`${place}: name of a node`, checkObject(`${place}: node`, node as SpikingNode).name),
  );
  checkArray(`${place}: synapses`, network.synapses).forEach((synapse) =>
    checkObject(`${place}: synapse`, synapse as Synapse),
  );
  checkStrings(`${place}: classes`, network.classes);
  checkCode(place, network);
  checkFinite(`${place}: dtSeconds`, network.dtSeconds, { above: 0 });
  checkInput(network);
  const shapes = new Map<string, Shape>([[network.input.name, network.input.shape]]);
  const kinds = new Map<string, SpikingNode["kind"]>();
  for (const node of network.nodes) {
    concerning([node.name], () => {
      checkOneOf(`${place}: kind of node "${node.name}"`, node.kind, Object.keys(nodeKeys) as SpikingNode["kind"][]);
      checkOptions<object>(`${node.kind} "${node.name}"`, node, nodeKeys[node.kind]);
      if (shapes.has(node.name))
        throw new LlifError("ARGUMENT", `${node.kind} "${node.name}": expected a unique name, got it twice`);
      checkNode(network, node, shapes, kinds);
    });
    shapes.set(node.name, node.shape);
    kinds.set(node.name, node.kind);
  }
  const order = new Map([...shapes.keys()].map((name, index) => [name, index]));
  for (const synapse of network.synapses) {
    for (const end of ["from", "to"] as const) checkName(`${place}: synapse: ${end}`, synapse[end]);
    concerning([synapse.from, synapse.to], () => checkSynapse(network.arithmetic, synapse, shapes, kinds, order));
  }
  const output = network.nodes.find((node) => node.kind === "output");
  if (network.classes.length > 0 && network.classes.length !== sizeOf(output?.shape ?? [0])) {
    throw new LlifError(
      "SHAPE",
      `${place}: expected ${sizeOf(output?.shape ?? [0])} class names, one for each output, got ${network.classes.length}`,
    );
  }
  checkConvention(place, network.convention, channelsOf(network.input.shape));
  known.add(network);
  return network;
}

function checkCode(place: string, network: SpikingNetwork): void {
  const code = checkOneOf(`${place}: code`, network.code, ["rate", "phase", "ttfs"]);
  const schedule = checkOneOf(`${place}: schedule`, network.schedule, ["synchronous", "layerwise"]);
  const spikes = checkOneOf(`${place}: spikes`, network.spikes, ["unsigned", "signed"]);
  checkOneOf(`${place}: arithmetic`, network.arithmetic, ["float32", "int32"]);
  for (const key of ["nonAdjacent", "settles"] as const)
    if (network[key] !== undefined) checkBoolean(`${place}: ${key}`, network[key]);
  if (code !== "rate" && schedule !== "layerwise") {
    throw new LlifError("ARGUMENT", `${place}: code "${code}": expected schedule "layerwise", got "${schedule}"`);
  }
  if (network.nonAdjacent === true && (code !== "phase" || spikes !== "signed")) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: nonAdjacent: expected code "phase" with signed spikes, got "${code}", ${spikes}`,
    );
  }
  if (network.settles === true) {
    if (code !== "rate" || schedule !== "synchronous" || spikes !== "signed")
      throw new LlifError(
        "ARGUMENT",
        `${place}: settles: expected signed synchronous rate, got ${schedule} "${code}", ${spikes}`,
      );
    const delayed = network.synapses.find(({ delayTicks }) => delayTicks !== 0);
    // In a silent tick spikes may still be on their way.
    if (delayed !== undefined)
      throw new LlifError(
        "ARGUMENT",
        `${place}: settles: expected no delays, got ${delayed.delayTicks} ticks from "${delayed.from}" to "${delayed.to}"`,
        { nodes: [delayed.from, delayed.to] },
      );
  }
  const realTimes = hasRealTimes(network);
  const most = code !== "phase" ? maximumTicks : network.nonAdjacent === true ? 31 : spikes === "signed" ? 19 : 30;
  const ticks = checkInteger(
    `${place}: windowTicks`,
    network.windowTicks,
    network.nonAdjacent === true ? 2 : 1,
    realTimes ? 1 : most,
  );
  const levels = realTimes ? 0 : code === "phase" ? phaseLevels(network, ticks) : ticks;
  if (network.levels !== levels) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: levels of ${ticks} ${code} ticks: expected ${levels}, got ${describe(network.levels)}`,
    );
  }
}

function phaseLevels({ spikes, nonAdjacent }: SpikingNetwork, ticks: number): number {
  if (nonAdjacent === true) return 2 ** (ticks - 1) - 1;
  return spikes === "signed" ? (3 ** ticks - 1) / 2 : 2 ** ticks - 1;
}

function checkInput({ name, input }: SpikingNetwork): void {
  const inputName = checkName(
    `network "${name}": name of the input`,
    checkObject(`network "${name}": input`, input).name,
  );
  const place = `input "${inputName}"`;
  checkOptions(place, input, { name: true, shape: true, counts: true });
  checkExtents(`${place}: shape`, input.shape);
  if (input.counts === null) return;
  checkOptions(`${place}: counts`, input.counts, { unit: true, minimum: true, maximum: true });
  checkFinite(`${place}: unit`, input.counts.unit, { above: 0 });
  const minimum = checkInteger(`${place}: minimum`, input.counts.minimum, -maximumTicks);
  checkInteger(`${place}: maximum`, input.counts.maximum, minimum, maximumTicks);
}

type Shapes = ReadonlyMap<string, Shape>;
type Kinds = ReadonlyMap<string, SpikingNode["kind"]>;

function checkNode(network: SpikingNetwork, node: SpikingNode, shapes: Shapes, kinds: Kinds): void {
  const place = `${node.kind} "${node.name}"`;
  checkExtents(`${place}: shape`, node.shape);
  if (node.kind === "pool") return checkPool(place, network, node, shapes, kinds);
  checkCharges(`${place}: bias`, node.bias, node.shape, network.arithmetic);
  checkBoolean(`${place}: rectified`, node.rectified);
  checkFloats64(`${place}: unit`, node.unit);
  checkBroadcast(`${place}: unit`, node.unit, node.shape);
  for (const unit of node.unit) checkFinite(`${place}: unit`, unit, { above: 0 });
  if (node.kind === "population") checkPopulation(place, network, node);
}

function checkPopulation(place: string, network: SpikingNetwork, population: Population): void {
  const { threshold, leakFactor, floor, reset, spikesPerTick, refractory, rectified } = population;
  if (!rectified && (network.code !== "phase" || network.spikes !== "signed" || network.nonAdjacent === true)) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: rectified false: expected a balanced-ternary phase network (code "phase", signed spikes), got code "${network.code}", ${network.spikes} spikes`,
    );
  }
  checkCharges(`${place}: threshold`, threshold, population.shape, network.arithmetic);
  for (const value of threshold) checkFinite(`${place}: threshold`, value, { above: 0 });
  checkCharges(`${place}: initialPotential`, population.initialPotential, population.shape, network.arithmetic);
  if (population.ceiling !== undefined) {
    checkFloats64(`${place}: ceiling`, population.ceiling);
    checkBroadcast(`${place}: ceiling`, population.ceiling, population.shape);
    for (const value of population.ceiling) checkFinite(`${place}: ceiling`, value, { above: 0 });
  }
  if (population.negativeOf !== undefined) checkNegativeSide(place, network, population, population.negativeOf);
  checkFinite(`${place}: leakFactor`, leakFactor, { from: 0, to: 1 });
  // Engines hold it as float32.
  if (
    typeof floor !== "number" ||
    Number.isNaN(floor) ||
    (floor !== -Infinity && !Number.isFinite(Math.fround(floor)))
  ) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: floor: expected a finite number, or -Infinity for none, as float32, got ${describe(floor)}`,
    );
  }
  checkOneOf(`${place}: reset`, reset, ["soft", "hard"]);
  checkInteger(`${place}: spikesPerTick`, spikesPerTick, 1, maximumTicks);
  checkOptions(`${place}: refractory`, refractory, { ticks: true, input: true });
  checkInteger(`${place}: refractory ticks`, refractory.ticks, 0, maximumTicks);
  checkOneOf(`${place}: refractory input`, refractory.input, ["integrate", "discard"]);
  if (spikesPerTick > 1) {
    if (reset === "hard")
      throw new LlifError("ARGUMENT", `${place}: ${spikesPerTick} spikes per tick: expected reset "soft", got "hard"`);
    if (network.arithmetic === "float32")
      threshold.forEach((value) => checkPowerOfTwo(`${place}: threshold with ${spikesPerTick} spikes per tick`, value));
  }
  if (network.schedule === "layerwise" || network.spikes === "signed") checkExact(place, network, population);
}

function checkNegativeSide(
  place: string,
  network: SpikingNetwork,
  { shape, ceiling }: Population,
  side: NegativeSide,
): void {
  const { population, slope, complement } = checkOptions(`${place}: negativeOf`, side, {
    population: true,
    slope: true,
    complement: true,
  });
  checkName(`${place}: negativeOf: population`, population);
  const positive = network.nodes.find(({ name }) => name === population);
  if (positive?.kind !== "population" || !sameShape(positive.shape, shape)) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: negativeOf: expected a population of shape ${formatShape(shape)}, got ${positive === undefined ? "no such node" : `${positive.kind} "${population}" of shape ${formatShape(positive.shape)}`}`,
    );
  }
  checkFloats64(`${place}: negativeOf: slope`, slope);
  checkLength(`${place}: negativeOf: slope`, slope, [channelsOf(shape)]);
  checkAllFinite(`${place}: negativeOf: slope`, slope);
  checkBoolean(`${place}: negativeOf: complement`, complement);
  if (complement && ceiling === undefined)
    throw new LlifError("ARGUMENT", `${place}: negativeOf: expected a ceiling, at which a complement stands for zero`);
}

/** T7 and T8 hold for the plain neuron alone. */
function checkExact(place: string, network: SpikingNetwork, population: Population): void {
  const expected = { leakFactor: 1, floor: -Infinity, reset: "soft", spikesPerTick: 1 } as const;
  for (const key of ["leakFactor", "floor", "reset", "spikesPerTick"] as const) {
    if (population[key] !== expected[key]) {
      throw new LlifError(
        "ARGUMENT",
        `${place}: ${key} in a ${network.schedule} network of ${network.spikes} spikes: expected ${expected[key]}, got ${population[key]}`,
      );
    }
  }
  if (population.refractory.ticks !== 0) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: refractory ticks in a ${network.schedule} network of ${network.spikes} spikes: expected 0, got ${population.refractory.ticks}`,
    );
  }
  if (network.arithmetic !== "int32") {
    if (population.initialPotential.some((value) => value !== 0))
      throw new LlifError(
        "ARGUMENT",
        `${place}: initialPotential in real-valued ttfs: expected 0, from which the time is told`,
      );
    return;
  }
  const { thresholdFactor, evenThreshold } = largestFactor(network);
  const limit = 2 ** 31 / thresholdFactor;
  for (const value of population.threshold) {
    if (value >= limit)
      throw new LlifError(
        "PRECISION",
        `${place}: threshold: expected < ${limit} so that ${network.windowTicks} ${network.code} ticks fit 32 bits, got ${value}`,
      );
    if (evenThreshold && value % 2 !== 0)
      throw new LlifError(
        "ARGUMENT",
        `${place}: threshold: expected an even number, half of which ternary digits compare with, got ${value}`,
      );
  }
}

/** Largest multiple of θ that a neuron is compared with, or loses. */
function largestFactor({ code, spikes, nonAdjacent, windowTicks, levels }: SpikingNetwork): {
  thresholdFactor: number;
  evenThreshold: boolean;
} {
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
  const fits =
    pool.shape.length === 3 && pool.shape.every((extent, axis) => extent === floor[axis] || extent === ceil[axis]);
  if (!fits)
    throw new LlifError(
      "SHAPE",
      `${place}: expected output shape ${formatShape(floor)}, got ${formatShape(pool.shape)}`,
    );
  const source = network.nodes.find(({ name }) => name === pool.from);
  if (pool.mode === "max" && network.schedule === "layerwise" && source?.kind === "pool" && source.mode === "sum") {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a population or a max pool as source, got sum pool "${source.name}", whose spikes overlap; put a population between`,
    );
  }
  if (pool.multiplicity === undefined) return;
  if (pool.mode !== "sum") throw new LlifError("ARGUMENT", `${place}: multiplicity: expected none in a max pool`);
  if (!isTypedArray(pool.multiplicity, "Uint32Array"))
    throw new LlifError(
      "ARGUMENT",
      `${place}: multiplicity: expected a Uint32Array, got ${describe(pool.multiplicity)}`,
    );
  checkLength(`${place}: multiplicity`, pool.multiplicity, pool.shape.slice(0, 2));
}

function checkSynapse(
  arithmetic: Arithmetic,
  synapse: Synapse,
  shapes: Shapes,
  kinds: Kinds,
  order: ReadonlyMap<string, number>,
): void {
  const place = `synapse "${synapse.from}" to "${synapse.to}"`;
  checkOneOf(`${place}: kind`, synapse.kind, Object.keys(synapseKeys) as Synapse["kind"][]);
  checkOptions<object>(place, synapse, synapseKeys[synapse.kind]);
  const from = sourceShape(place, synapse.from, shapes, kinds);
  const to = shapes.get(synapse.to);
  const kind = kinds.get(synapse.to);
  if (to === undefined || kind === undefined || kind === "pool") {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a population or an output as target, got ${kind ?? "no such node"}`,
    );
  }
  checkInteger(`${place}: delayTicks`, synapse.delayTicks, 0, maximumDelay);
  if (synapse.delayTicks === 0 && (order.get(synapse.from) ?? 0) >= (order.get(synapse.to) ?? 0)) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected the source before the target, or a delay of at least 1 tick (delayTicks)`,
    );
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
        throw new LlifError(
          "SHAPE",
          `${place}: expected channels in ${groups} equal groups, got ${from[2]} to ${to[2]}`,
        );
      }
      if (synapse.kind === "conv2d") checkWindowed(place, from, to, synapse);
      else checkTransposed(place, from, to, synapse);
      checkWeights(place, synapse.weights, [...synapse.kernel, from[2] / groups, to[2]], arithmetic);
      break;
    }
    case "identity":
      if (sizeOf(from) !== sizeOf(to))
        throw new LlifError(
          "SHAPE",
          `${place}: expected as many neurons on both sides, got ${formatShape(from)} and ${formatShape(to)}`,
        );
      checkCharges(`${place}: weights`, synapse.weights, to, arithmetic);
      break;
  }
}

function checkWindowed(place: string, from: Shape, to: Shape, window: Window2d): void {
  const shape = [...windowedExtents(place, from, window), to[2]];
  if (!sameShape(shape, to))
    throw new LlifError("SHAPE", `${place}: expected target shape ${formatShape(shape)}, got ${formatShape(to)}`);
}

/** The extents without output padding, and up to a stride less one beyond. */
function checkTransposed(place: string, from: Shape, to: Shape, { kernel, stride, dilation, padding }: Window2d): void {
  const around = [padding.top + padding.bottom, padding.left + padding.right];
  for (const axis of [0, 1]) {
    const least = (from[axis] - 1) * stride[axis] + windowSize(kernel[axis], dilation[axis]) - around[axis];
    const most = least + Math.max(stride[axis], dilation[axis]) - 1;
    if (to[axis] < least || to[axis] > most) {
      throw new LlifError(
        "SHAPE",
        `${place}: expected a target of ${least} to ${most} ${axis === 0 ? "rows" : "columns"}, got shape ${formatShape(to)}`,
      );
    }
  }
}

function sourceShape(place: string, from: string, shapes: Shapes, kinds: Kinds): Shape {
  const shape = shapes.get(from);
  if (shape === undefined || kinds.get(from) === "output") {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected the input, a population or a pool before it as source, got ${shape === undefined ? "" : "output "}${describe(from)}`,
    );
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
  const expected = arithmetic === "float32" ? "Float32Array" : "Int32Array";
  if (!isTypedArray(charges, expected))
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a ${expected} in a ${arithmetic} network, got ${describe(charges)}`,
    );
}

function checkBroadcast(place: string, values: ArrayLike<number>, shape: Shape): void {
  if (values.length !== channelsOf(shape) && values.length !== sizeOf(shape)) {
    throw new LlifError(
      "SHAPE",
      `${place}: expected ${channelsOf(shape)} values, one a channel, or ${sizeOf(shape)}, one a neuron, got ${values.length}`,
    );
  }
}

function checkPowerOfTwo(place: string, value: number): void {
  if (2 ** Math.round(Math.log2(value)) !== value)
    throw new LlifError("ARGUMENT", `${place}: expected a power of two, got ${value}`);
}

function checkFloats64(place: string, values: Float64Array): void {
  if (!isTypedArray(values, "Float64Array"))
    throw new LlifError("ARGUMENT", `${place}: expected a Float64Array, got ${describe(values)}`);
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
