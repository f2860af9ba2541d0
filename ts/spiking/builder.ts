import { LlifError } from "../errors.ts";
import { checkFinite, checkInteger } from "../check.ts";
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
  /** Default: none. A number of ticks means that input is integrated meanwhile. */
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
  readonly padding?: number | Padding;
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

export interface SpikingNetworkOptions {
  /** Input shape, channels last. */
  readonly inputs: Shape;
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
  readonly #options: SpikingNetworkOptions;
  readonly #nodes: readonly SpikingNode[];
  readonly #synapses: readonly Synapse[];

  constructor(options: SpikingNetworkOptions, nodes: readonly SpikingNode[] = [], synapses: readonly Synapse[] = []) {
    this.#options = options;
    this.#nodes = nodes;
    this.#synapses = synapses;
  }

  /** Shape of the last layer, channels last. */
  get shape(): Shape {
    return this.#nodes.at(-1)?.shape ?? this.#options.inputs;
  }

  /** Fully connected to the last layer, whatever its shape. */
  dense(options: DenseLayerOptions): SpikingNetworkBuilder {
    const name = this.#name("dense", options.name);
    const { data, rows } = denseMatrix(`layer "${name}"`, options.weights, sizeOf(this.shape), options.units);
    return this.#append(populationNode(name, [rows], options), { kind: "dense", ...this.#edge(name), weights: data });
  }

  /** The same layer as `dense`, under the name of what it makes: a population of neurons. */
  population(options: DenseLayerOptions): SpikingNetworkBuilder {
    return this.dense({ ...options, name: this.#name("population", options.name) });
  }

  conv2d(options: Conv2dLayerOptions): SpikingNetworkBuilder {
    const name = this.#name("conv", options.name);
    const window = this.#window(name, options.kernel, options.stride ?? 1, options);
    const filters = checkInteger(`layer "${name}": filters`, options.filters, 1);
    const shape = [...windowedExtents(`layer "${name}"`, this.shape, window), filters];
    const weights = Float32Array.from(options.weights);
    return this.#append(populationNode(name, shape, options), { kind: "conv2d", ...this.#edge(name), ...window, weights, groups: options.groups ?? 1 });
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
  connect({ from, to, weights, delayTicks }: ConnectOptions): SpikingNetworkBuilder {
    const place = `synapse "${from}" to "${to}"`;
    const order = ["input", ...this.#nodes.map(({ name }) => name)];
    for (const name of [from, to]) {
      if (!order.includes(name)) throw new LlifError("ARGUMENT", `${place}: expected names among ${order.join(", ")}, got "${name}"`, { nodes: [name] });
    }
    const shapeOf = (name: string): Shape => this.#nodes.find((node) => node.name === name)?.shape ?? this.#options.inputs;
    const { data } = denseMatrix(place, weights, sizeOf(shapeOf(from)), sizeOf(shapeOf(to)));
    const recurrent = order.indexOf(from) >= order.indexOf(to);
    const synapse: Synapse = { kind: "dense", from, to, delayTicks: delayTicks ?? (recurrent ? 1 : 0), weights: data };
    const builder = new SpikingNetworkBuilder(this.#options, this.#nodes, [...this.#synapses, synapse]);
    builder.build();
    return builder;
  }

  /** A readout that integrates its spikes and never fires: `logits` and `top` of a result come from it. */
  output(options: OutputOptions): SpikingNetworkBuilder {
    const name = this.#name("output", options.name);
    const place = `output "${name}"`;
    const { data, rows } = denseMatrix(place, options.weights, sizeOf(this.shape), undefined);
    const unit = new Float64Array(rows).fill(checkFinite(`${place}: unit`, options.unit ?? 1, { above: 0 }));
    const node: SpikingNode = { kind: "output", name, shape: [rows], bias: perNeuron(options.bias ?? 0, [rows]), unit, rectified: false };
    return this.#append(node, { kind: "dense", ...this.#edge(name), weights: data });
  }

  /** @throws {LlifError} ARGUMENT or SHAPE, naming the layer that does not fit. */
  build(): SpikingNetwork {
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
      classes,
    });
  }

  #edge(to: string): { from: string; to: string; delayTicks: number } {
    return { from: this.#nodes.at(-1)?.name ?? "input", to, delayTicks: 0 };
  }

  #append(node: SpikingNode, synapse?: Synapse): SpikingNetworkBuilder {
    const last = this.#nodes.at(-1);
    if (last?.kind === "output") throw new LlifError("ARGUMENT", `layer "${node.name}": expected no layer after output "${last.name}"`, { nodes: [node.name] });
    const builder = new SpikingNetworkBuilder(this.#options, [...this.#nodes, node], synapse === undefined ? this.#synapses : [...this.#synapses, synapse]);
    builder.build();
    return builder;
  }

  #name(prefix: string, given: string | undefined): string {
    if (given !== undefined) return given;
    let number = 1;
    while (this.#nodes.some((node) => node.name === `${prefix}${number}`)) number++;
    return `${prefix}${number}`;
  }

  #pool(mode: "max" | "sum", options: PoolLayerOptions): SpikingNetworkBuilder {
    const name = this.#name(`${mode}Pool`, options.name);
    const size = options.size ?? 2;
    const window = this.#window(name, size, options.stride ?? size, options);
    const { from } = this.#edge(name);
    const shape = [...windowedExtents(`pool "${name}"`, this.shape, window), this.shape[2]];
    return this.#append({ kind: "pool", name, shape, from, mode, ...window });
  }

  #window(name: string, kernel: number | readonly [number, number], stride: number | readonly [number, number], options: { padding?: number | "same" | Padding; dilation?: number | readonly [number, number] }): Window2d {
    if (this.shape.length !== 3) throw new LlifError("SHAPE", `layer "${name}": input needs 3 dimensions, got ${this.shape.length} (${formatShape(this.shape)})`, { nodes: [name] });
    const sizes = { kernel: pair(kernel), stride: pair(stride), dilation: pair(options.dilation ?? 1) };
    const padding = options.padding ?? 0;
    if (padding === "same") return { ...sizes, padding: samePadding(this.shape, sizes) };
    return { ...sizes, padding: typeof padding === "number" ? { top: padding, left: padding, bottom: padding, right: padding } : padding };
  }
}

/**
 * @example spikingNetwork({ inputs: [28, 28, 1], ticks: 32 }).conv2d({ weights, filters: 8, kernel: 3, threshold: 1 }).maxPool().dense({ weights, threshold: 1 }).build()
 * @throws {LlifError} ARGUMENT or SHAPE at the call whose layer does not fit.
 */
export function spikingNetwork(options: SpikingNetworkOptions): SpikingNetworkBuilder {
  options.inputs.forEach((extent) => checkInteger("inputs", extent, 1));
  return new SpikingNetworkBuilder(options);
}

/** A network of one population, its inputs counted from the weights: the smallest simulator. */
export function population(options: NeuronOptions & { readonly weights: readonly ArrayLike<number>[] } & Omit<SpikingNetworkOptions, "inputs" | "name">): SpikingNetwork {
  const inputs = options.weights.length === 0 ? 0 : options.weights[0].length;
  const { dtSeconds, ticks, classes, convention } = options;
  return spikingNetwork({ inputs: [inputs], dtSeconds, ticks, classes, convention }).population(options).build();
}

function populationNode(name: string, shape: Shape, options: NeuronOptions): Population {
  const place = `layer "${name}"`;
  const { leak, refractory = 0 } = options;
  const bias = perNeuron(options.bias ?? 0, shape);
  let charge = bias;
  if (leak?.kind === "constant") {
    const lost = perNeuron(leak.chargePerTick, shape);
    charge = Float32Array.from({ length: Math.max(bias.length, lost.length) }, (_, index) => bias[index % bias.length] - lost[index % lost.length]);
  }
  return {
    kind: "population",
    name,
    shape,
    bias: charge,
    threshold: perNeuron(options.threshold, shape),
    initialPotential: perNeuron(options.initialPotential ?? 0, shape),
    floor: options.floor ?? -Infinity,
    leakFactor: leak?.kind === "ohmic" ? ohmicFactor(place, leak) : 1,
    reset: options.reset ?? "soft",
    spikesPerTick: options.spikesPerTick ?? 1,
    refractory: typeof refractory === "number" ? { ticks: refractory, input: "integrate" } : refractory,
    rectified: true,
    unit: new Float64Array(channelsOf(shape)).fill(1),
  };
}

function ohmicFactor(place: string, leak: Leak & { kind: "ohmic" }): number {
  if ("factorPerTick" in leak) return checkFinite(`${place}: leak: factorPerTick`, leak.factorPerTick, { from: 0, to: 1 });
  return Math.exp(-1 / checkFinite(`${place}: leak: timeConstantTicks`, leak.timeConstantTicks, { above: 0 }));
}

function perNeuron(value: PerNeuron, shape: Shape): Float32Array {
  return typeof value === "number" ? new Float32Array(channelsOf(shape)).fill(value) : Float32Array.from(value);
}

function pair(value: number | readonly [number, number]): readonly [number, number] {
  return typeof value === "number" ? [value, value] : value;
}

function denseMatrix(place: string, weights: DenseWeights, inputs: number, units: number | undefined): { data: Float32Array; rows: number } {
  const nested = weights.length > 0 && typeof weights[0] !== "number";
  const rows = nested ? weights.length : (units ?? weights.length / inputs);
  if (units !== undefined && rows !== units) throw new LlifError("SHAPE", `${place}: weights: expected ${units} rows, got ${rows}`);
  if (!Number.isInteger(rows) || rows < 1 || (!nested && weights.length !== rows * inputs)) {
    throw new LlifError("SHAPE", `${place}: weights: expected ${units ?? "a number of"} rows of ${inputs} values, one an input, got ${weights.length} values`);
  }
  if (!nested) return { data: Float32Array.from(weights as ArrayLike<number>), rows };
  const data = new Float32Array(rows * inputs);
  (weights as readonly ArrayLike<number>[]).forEach((row, index) => {
    if (row.length !== inputs) throw new LlifError("SHAPE", `${place}: weights: expected ${inputs} values in row ${index}, got ${row.length}`);
    data.set(row, index * inputs);
  });
  return { data, rows };
}
