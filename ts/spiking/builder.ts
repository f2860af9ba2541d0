import { LlifError } from "../errors.ts";
import {
  checkArray,
  checkFinite,
  checkInteger,
  checkName,
  checkNumbers,
  checkObject,
  checkOptions,
  checkStrings,
  describe,
  type OptionKeys,
} from "../check.ts";
import { checkConvention, checkExtents, checkPadding, checkPair } from "../relu/check.ts";
import { conventionFor, type InputConvention, type Padding, type Window2d } from "../relu/network.ts";
import { samePadding, windowedExtents } from "../relu/shapes.ts";
import { channelsOf, formatShape, sizeOf, type Shape } from "../tensor.ts";
import { checkSpikingNetwork } from "./check.ts";
import type { Population, Refractory, SpikingNetwork, SpikingNode, Synapse } from "./network.ts";

/** One value for all channels, one for each channel (last axis), or one for each neuron. */
export type PerNeuron = number | ArrayLike<number>;

/** Charge in the unit of the threshold. */
export type Leak =
  /** Loses `chargePerTick` (of either sign) each tick, whatever the membrane potential. */
  | { readonly kind: "constant"; readonly chargePerTick: PerNeuron }
  /** Keeps the fraction `factorPerTick` of its potential each tick. */
  | { readonly kind: "ohmic"; readonly factorPerTick: number }
  /** The same with e^(−1/timeConstantTicks). */
  | { readonly kind: "ohmic"; readonly timeConstantTicks: number };

export interface NeuronOptions {
  /** θ, as charge. */
  readonly threshold: PerNeuron;
  /** Default: none. */
  readonly leak?: Leak;
  /** Default: soft. */
  readonly reset?: "soft" | "hard";
  /** Default: none. n ticks after a spike pass without one, so that spikes are n + 1 ticks apart or more; a number means that input is integrated meanwhile. */
  readonly refractory?: number | Refractory;
  /** Default: −Infinity. */
  readonly floor?: number;
  /** Default: 1. */
  readonly spikesPerTick?: number;
  /** Charge added each tick, besides the leak; default 0. */
  readonly bias?: PerNeuron;
  /** Default: 0. */
  readonly initialPotential?: PerNeuron;
  readonly name?: string;
}

/** Rows of weights, one a neuron, or all of them in one array of shape [neurons, inputs]. */
export type DenseWeights = readonly ArrayLike<number>[] | ArrayLike<number>;

export interface DenseLayerOptions extends NeuronOptions {
  readonly weights: DenseWeights;
  /** Number of neurons; needed where `weights` is one flat array whose length leaves a doubt, checked elsewhere. */
  readonly units?: number;
}

export interface Conv2dLayerOptions extends NeuronOptions {
  /** Shape [kernelHeight, kernelWidth, inputChannels / groups, filters]. */
  readonly weights: ArrayLike<number>;
  readonly filters: number;
  readonly kernel: number | readonly [number, number];
  readonly stride?: number | readonly [number, number];
  readonly dilation?: number | readonly [number, number];
  /** Cells on every side, cells side by side, or `same`; default 0. */
  readonly padding?: number | "same" | Padding;
  readonly groups?: number;
}

export interface ConnectOptions {
  /** "input", or a population or pool. */
  readonly from: string;
  /** A population or output; before `from`, or `from` itself, where the connection is recurrent. */
  readonly to: string;
  readonly weights: DenseWeights;
  /** Ticks after the spike's own in which it arrives; at least 1 where the connection is recurrent. Default: 0, or 1 where it is. */
  readonly delayTicks?: number;
}

export interface PoolLayerOptions {
  /** Default: 2. */
  readonly size?: number | readonly [number, number];
  /** Default: the size. */
  readonly stride?: number | readonly [number, number];
  readonly padding?: number | "same" | Padding;
  readonly name?: string;
}

export interface OutputOptions {
  readonly weights: DenseWeights;
  /** Charge added each tick; default 0. */
  readonly bias?: PerNeuron;
  /** Output = unit · charge / ticks; default 1. */
  readonly unit?: number;
  readonly name?: string;
}

const neuronKeys: OptionKeys<NeuronOptions> = {
  threshold: true,
  leak: true,
  reset: true,
  refractory: true,
  floor: true,
  spikesPerTick: true,
  bias: true,
  initialPotential: true,
  name: true,
};
const denseKeys: OptionKeys<DenseLayerOptions> = { weights: true, units: true, ...neuronKeys };
const poolKeys: OptionKeys<PoolLayerOptions> = { size: true, stride: true, padding: true, name: true };
const networkKeys: OptionKeys<SpikingNetworkOptions> = {
  inputs: true,
  name: true,
  dtSeconds: true,
  ticks: true,
  classes: true,
  convention: true,
};

export interface SpikingNetworkOptions {
  /** Input shape, channels last; 3 stands for [3]. */
  readonly inputs: number | Shape;
  readonly name?: string;
  /** Length of a tick in seconds; default 1. */
  readonly dtSeconds?: number;
  /** Ticks of a run that names no other number; default 1. */
  readonly ticks?: number;
  readonly classes?: readonly string[];
  readonly convention?: InputConvention;
}

/** Builds a synchronous `rate` network, layer after layer; each call returns a new builder, so that a prefix can be shared. */
export class SpikingNetworkBuilder {
  readonly #options: SpikingNetworkOptions & { readonly inputs: Shape };
  readonly #nodes: readonly SpikingNode[];
  readonly #synapses: readonly Synapse[];

  /** @throws {LlifError} ARGUMENT for an option that is unknown or out of range. */
  constructor(options: SpikingNetworkOptions, nodes: readonly SpikingNode[] = [], synapses: readonly Synapse[] = []) {
    this.#options = checkedOptions("spikingNetwork", options);
    this.#nodes = checkArray<SpikingNode>("spikingNetwork: nodes", nodes).map((node) =>
      checkObject("spikingNetwork: nodes", node),
    );
    this.#synapses = checkArray<Synapse>("spikingNetwork: synapses", synapses).map((synapse) =>
      checkObject("spikingNetwork: synapses", synapse),
    );
    if (nodes.length + synapses.length > 0) this.#network(false);
  }

  /** Shape of the last layer, channels last. */
  get shape(): Shape {
    return this.#nodes.at(-1)?.shape ?? this.#options.inputs;
  }

  /** Fully connected to the last layer, whatever its shape. */
  dense(options: DenseLayerOptions): SpikingNetworkBuilder {
    return this.#dense("dense", options);
  }

  /** The same layer as `dense`, under the name of what it makes: a population of neurons. */
  population(options: DenseLayerOptions): SpikingNetworkBuilder {
    return this.#dense("population", options);
  }

  conv2d(options: Conv2dLayerOptions): SpikingNetworkBuilder {
    const name = this.#name("conv", checkObject("conv2d", options, "an object of options").name);
    const place = `layer "${name}"`;
    checkOptions(place, options, {
      weights: true,
      filters: true,
      kernel: true,
      stride: true,
      dilation: true,
      padding: true,
      groups: true,
      ...neuronKeys,
    });
    const { stride = 1, groups = 1 } = options;
    const window = this.#window(place, name, options.kernel, stride, options);
    const filters = checkInteger(`${place}: filters`, options.filters, 1);
    checkInteger(`${place}: groups`, groups, 1);
    const shape = [...windowedExtents(place, this.shape, window), filters];
    const weights = Float32Array.from(checkNumbers(`${place}: weights`, options.weights));
    return this.#append(populationNode(name, shape, options), {
      kind: "conv2d",
      ...this.#edge(name),
      ...window,
      weights,
      groups,
    });
  }

  /** One spike whenever the largest count of a window rises. */
  maxPool(options: PoolLayerOptions = {}): SpikingNetworkBuilder {
    return this.#pool("max", options);
  }

  /** Passes on every spike of a window. */
  sumPool(options: PoolLayerOptions = {}): SpikingNetworkBuilder {
    return this.#pool("sum", options);
  }

  /** One more dense synapse between layers that exist: a shortcut, a delayed connection, or a recurrent one. */
  connect(options: ConnectOptions): SpikingNetworkBuilder {
    const { from, to, weights, delayTicks } = checkOptions("connect", options, {
      from: true,
      to: true,
      weights: true,
      delayTicks: true,
    });
    const order = ["input", ...this.#nodes.map(({ name }) => name)];
    for (const [end, name] of Object.entries({ from, to })) {
      if (!order.includes(name))
        throw new LlifError(
          "ARGUMENT",
          `connect: ${end}: expected names among ${order.join(", ")}, got ${describe(name)}`,
          { nodes: typeof name === "string" ? [name] : [] },
        );
    }
    const place = `synapse "${from}" to "${to}"`;
    const shapeOf = (name: string): Shape =>
      this.#nodes.find((node) => node.name === name)?.shape ?? this.#options.inputs;
    const { data } = denseMatrix(place, weights, sizeOf(shapeOf(from)), sizeOf(shapeOf(to)));
    const recurrent = order.indexOf(from) >= order.indexOf(to);
    const synapse: Synapse = {
      kind: "dense",
      from,
      to,
      delayTicks: delayTicks === undefined ? (recurrent ? 1 : 0) : delayTicks,
      weights: data,
    };
    return new SpikingNetworkBuilder(this.#options, this.#nodes, [...this.#synapses, synapse]);
  }

  /** A readout that integrates its spikes and never fires: `logits` and `top` of a result come from it. */
  output(options: OutputOptions): SpikingNetworkBuilder {
    const name = this.#name("output", checkObject("output", options, "an object of options").name);
    const place = `output "${name}"`;
    const {
      weights,
      bias = 0,
      unit = 1,
    } = checkOptions(place, options, { weights: true, bias: true, unit: true, name: true });
    const { data, rows } = denseMatrix(place, weights, sizeOf(this.shape), undefined);
    const units = new Float64Array(rows).fill(checkFinite(`${place}: unit`, unit, { above: 0 }));
    const node: SpikingNode = {
      kind: "output",
      name,
      shape: [rows],
      bias: perNeuron(`${place}: bias`, bias, [rows]),
      unit: units,
      rectified: false,
    };
    return this.#append(node, { kind: "dense", ...this.#edge(name), weights: data });
  }

  /** @throws {LlifError} ARGUMENT or SHAPE, naming the layer that does not fit. */
  build(): SpikingNetwork {
    return this.#network(true);
  }

  /** While it is built, the class names wait for their output. */
  #network(complete: boolean): SpikingNetwork {
    const { name = "network", inputs, dtSeconds = 1, ticks = 1, classes = [], convention } = this.#options;
    return checkSpikingNetwork({
      name,
      code: "rate",
      schedule: "synchronous",
      spikes: "unsigned",
      arithmetic: "float32",
      windowTicks: ticks,
      levels: ticks,
      dtSeconds,
      input: { name: "input", shape: inputs, counts: null },
      nodes: this.#nodes,
      synapses: this.#synapses,
      convention: convention ?? conventionFor(inputs),
      classes: complete || this.#nodes.some(({ kind }) => kind === "output") ? classes : [],
    });
  }

  #edge(to: string): { from: string; to: string; delayTicks: number } {
    return { from: this.#nodes.at(-1)?.name ?? "input", to, delayTicks: 0 };
  }

  #append(node: SpikingNode, synapse?: Synapse): SpikingNetworkBuilder {
    const last = this.#nodes.at(-1);
    if (last?.kind === "output")
      throw new LlifError("ARGUMENT", `layer "${node.name}": expected no layer after output "${last.name}"`, {
        nodes: [node.name],
      });
    return new SpikingNetworkBuilder(
      this.#options,
      [...this.#nodes, node],
      synapse === undefined ? this.#synapses : [...this.#synapses, synapse],
    );
  }

  #name(prefix: string, given: string | undefined): string {
    if (given !== undefined) return checkName(`${prefix}: name`, given);
    let number = 1;
    while (this.#nodes.some((node) => node.name === `${prefix}${number}`)) number++;
    return `${prefix}${number}`;
  }

  #dense(prefix: "dense" | "population", options: DenseLayerOptions): SpikingNetworkBuilder {
    const name = this.#name(prefix, checkObject(prefix, options, "an object of options").name);
    const place = `layer "${name}"`;
    checkOptions(place, options, denseKeys);
    const { data, rows } = denseMatrix(place, options.weights, sizeOf(this.shape), options.units);
    return this.#append(populationNode(name, [rows], options), { kind: "dense", ...this.#edge(name), weights: data });
  }

  #pool(mode: "max" | "sum", options: PoolLayerOptions): SpikingNetworkBuilder {
    const name = this.#name(`${mode}Pool`, checkObject(`${mode}Pool`, options, "an object of options").name);
    const place = `pool "${name}"`;
    const { size = 2, stride = size, padding } = checkOptions(place, options, poolKeys);
    const window = this.#window(place, name, size, stride, { padding }, "size");
    const { from } = this.#edge(name);
    const shape = [...windowedExtents(place, this.shape, window), this.shape[2]];
    return this.#append({ kind: "pool", name, shape, from, mode, ...window });
  }

  #window(
    place: string,
    name: string,
    kernel: number | readonly [number, number],
    stride: number | readonly [number, number],
    options: { padding?: number | "same" | Padding; dilation?: number | readonly [number, number] },
    kernelName = "kernel",
  ): Window2d {
    if (this.shape.length !== 3)
      throw new LlifError(
        "SHAPE",
        `${place}: input needs 3 dimensions, got ${this.shape.length} (${formatShape(this.shape)})`,
        { nodes: [name] },
      );
    const { padding = 0, dilation = 1 } = options;
    const sizes = {
      kernel: checkPair(`${place}: ${kernelName}`, kernel, 1),
      stride: checkPair(`${place}: stride`, stride, 1),
      dilation: checkPair(`${place}: dilation`, dilation, 1),
    };
    if (padding === "same") return { ...sizes, padding: samePadding(this.shape, sizes) };
    return {
      ...sizes,
      padding: checkPadding(
        `${place}: padding`,
        typeof padding === "number" ? { top: padding, left: padding, bottom: padding, right: padding } : padding,
      ),
    };
  }
}

/**
 * @example spikingNetwork({ inputs: [28, 28, 1], ticks: 32 }).conv2d({ weights, filters: 8, kernel: 3, threshold: 1 }).maxPool().dense({ weights, threshold: 1 }).build()
 * @throws {LlifError} ARGUMENT or SHAPE at the call whose layer does not fit.
 */
export function spikingNetwork(options: SpikingNetworkOptions): SpikingNetworkBuilder {
  return new SpikingNetworkBuilder(options);
}

/**
 * A network of one population, its inputs counted from the weights: the smallest simulator. Weights in one flat array need `units`.
 * @throws {LlifError} ARGUMENT or SHAPE, naming the option.
 */
export function population(
  options: DenseLayerOptions & Pick<SpikingNetworkOptions, "dtSeconds" | "ticks" | "convention">,
): SpikingNetwork {
  const { dtSeconds, ticks, convention, ...layer } = checkOptions("population", options, {
    ...denseKeys,
    dtSeconds: true,
    ticks: true,
    convention: true,
  });
  const inputs = inputsOf("population: weights", layer.weights, layer.units);
  return spikingNetwork({ inputs: [inputs], dtSeconds, ticks, convention })
    .population(layer)
    .build();
}

function checkedOptions(
  place: string,
  options: SpikingNetworkOptions,
): SpikingNetworkOptions & { readonly inputs: Shape } {
  const { inputs, name, dtSeconds, ticks, classes, convention } = checkOptions(place, options, networkKeys);
  const shape = checkExtents(`${place}: inputs`, typeof inputs === "number" ? [inputs] : inputs);
  if (name !== undefined) checkName(`${place}: name`, name);
  if (dtSeconds !== undefined) checkFinite(`${place}: dtSeconds`, dtSeconds, { above: 0 });
  if (ticks !== undefined) checkInteger(`${place}: ticks`, ticks, 1, 2 ** 24);
  if (classes !== undefined) checkStrings(`${place}: classes`, classes);
  if (convention !== undefined) checkConvention(`${place}: convention`, convention, channelsOf(shape));
  return { ...options, inputs: shape };
}

function populationNode(name: string, shape: Shape, options: NeuronOptions): Population {
  const place = `layer "${name}"`;
  const { leak, refractory = 0, reset = "soft", floor = -Infinity, spikesPerTick = 1, initialPotential = 0 } = options;
  const bias = perNeuron(`${place}: bias`, options.bias === undefined ? 0 : options.bias, shape);
  const { lost, factor } = leakOf(`${place}: leak`, leak, shape);
  const charge =
    lost === null
      ? bias
      : Float32Array.from(
          { length: Math.max(bias.length, lost.length) },
          (_, index) => bias[index % bias.length] - lost[index % lost.length],
        );
  return {
    kind: "population",
    name,
    shape,
    bias: charge,
    threshold: perNeuron(`${place}: threshold`, options.threshold, shape),
    initialPotential: perNeuron(`${place}: initialPotential`, initialPotential, shape),
    floor,
    leakFactor: factor,
    reset,
    spikesPerTick,
    refractory: typeof refractory === "number" ? { ticks: refractory, input: "integrate" } : refractory,
    rectified: true,
    unit: new Float64Array(channelsOf(shape)).fill(1),
  };
}

function leakOf(
  place: string,
  leak: Leak | undefined,
  shape: Shape,
): { readonly lost: Float32Array | null; readonly factor: number } {
  if (leak === undefined) return { lost: null, factor: 1 };
  checkObject(
    place,
    leak,
    '{ kind: "constant", chargePerTick }, { kind: "ohmic", factorPerTick } or { kind: "ohmic", timeConstantTicks }',
  );
  switch (leak.kind) {
    case "constant": {
      const { chargePerTick } = checkOptions(place, leak, { kind: true, chargePerTick: true });
      return { lost: perNeuron(`${place}: chargePerTick`, chargePerTick, shape), factor: 1 };
    }
    case "ohmic": {
      if ("factorPerTick" in leak) {
        const { factorPerTick } = checkOptions(place, leak, { kind: true, factorPerTick: true });
        return { lost: null, factor: checkFinite(`${place}: factorPerTick`, factorPerTick, { from: 0, to: 1 }) };
      }
      const { timeConstantTicks } = checkOptions(place, leak, { kind: true, timeConstantTicks: true });
      return {
        lost: null,
        factor: Math.exp(-1 / checkFinite(`${place}: timeConstantTicks`, timeConstantTicks, { above: 0 })),
      };
    }
    default:
      throw new LlifError(
        "ARGUMENT",
        `${place}: kind: expected one of constant, ohmic, got ${describe((leak as { readonly kind: unknown }).kind)}`,
      );
  }
}

function perNeuron(place: string, value: PerNeuron, shape: Shape): Float32Array {
  if (typeof value === "number") return new Float32Array(channelsOf(shape)).fill(checkFinite(place, value));
  if (typeof value !== "object" || value === null)
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a number, or an array of one for each channel or neuron, got ${describe(value)}`,
    );
  const values = Float32Array.from(checkNumbers(place, value));
  if (values.length !== channelsOf(shape) && values.length !== sizeOf(shape)) {
    throw new LlifError(
      "SHAPE",
      `${place}: expected ${channelsOf(shape)} values, one a channel, or ${sizeOf(shape)}, one a neuron, got ${values.length}`,
    );
  }
  return values;
}

function isNested(weights: DenseWeights): weights is readonly ArrayLike<number>[] {
  return Array.isArray(weights) && weights.length > 0 && typeof weights[0] !== "number";
}

/** Inputs of a matrix whose rows are its neurons. */
function inputsOf(place: string, weights: DenseWeights, units: number | undefined): number {
  if (isNested(weights)) return checkNumbers(`${place}: row 0`, weights[0]).length;
  const { length } = checkNumbers(place, weights);
  if (length === 0) throw new LlifError("ARGUMENT", `${place}: expected at least one weight, got none`);
  if (units === undefined)
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected rows, one a neuron, or a flat array and units, the number of neurons; got ${describe(weights)}`,
    );
  return length / checkInteger("population: units", units, 1);
}

function denseMatrix(
  place: string,
  weights: DenseWeights,
  inputs: number,
  units: number | undefined,
): { data: Float32Array; rows: number } {
  if (units !== undefined) checkInteger(`${place}: units`, units, 1);
  const nested = isNested(weights);
  if (!nested) checkNumbers(`${place}: weights`, weights);
  const rows = nested ? weights.length : units === undefined ? weights.length / inputs : units;
  if (units !== undefined && rows !== units)
    throw new LlifError("SHAPE", `${place}: weights: expected ${units} rows, got ${rows}`);
  if (!Number.isInteger(rows) || rows < 1 || (!nested && weights.length !== rows * inputs)) {
    throw new LlifError(
      "SHAPE",
      `${place}: weights: expected ${units ?? "a number of"} rows of ${inputs} values, one an input, got ${weights.length} values`,
    );
  }
  if (!nested) return { data: Float32Array.from(weights), rows };
  const data = new Float32Array(rows * inputs);
  weights.forEach((row, index) => {
    checkNumbers(`${place}: weights: row ${index}`, row);
    if (row.length !== inputs)
      throw new LlifError("SHAPE", `${place}: weights: expected ${inputs} values in row ${index}, got ${row.length}`);
    data.set(row, index * inputs);
  });
  return { data, rows };
}
