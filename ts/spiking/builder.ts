// Builds a spiking network by hand, layer by layer.
import {
  checkArray,
  checkFinite,
  checkInteger,
  checkName,
  checkNumbers,
  checkObject,
  checkOneOf,
  checkOptions,
  checkStrings,
  describe,
} from "../check.ts";
import { LlifError } from "../errors.ts";
import { checkConvention, checkExtents, checkPadding, checkPair } from "../relu/check.ts";
import { conventionFor, type Padding, type Window2d } from "../relu/network.ts";
import { samePadding, windowedExtents } from "../relu/shapes.ts";
import { channelsOf, formatShape, sizeOf, type Shape } from "../tensor.ts";
import { maximumNeurons } from "./charges.ts";
import { checkSpikingNetwork } from "./check.ts";
import { denseMatrix, inputsOf } from "./dense-weights.ts";
import {
  connectKeys,
  denseKeys,
  freeKeys,
  networkKeys,
  poolKeys,
  type ConnectOptions,
  type Conv2dLayerOptions,
  type DenseLayerOptions,
  type FreePopulationOptions,
  type OutputOptions,
  type PoolLayerOptions,
  type SpikingNetworkOptions,
} from "./layer-options.ts";
import type { SpikingNetwork, SpikingNode, Synapse } from "./network.ts";
import { connectionOf, type ConnectionOptions } from "./synapses/kinds.ts";
import type { Surroundings } from "./neurons/decay.ts";
import { neuronKeys, populationOf } from "./neurons/models.ts";
import { perNeuron } from "./neurons/rows.ts";
import { copyOfPlasticity } from "./plasticity.ts";
import { synapsePlace } from "./synapses/rules.ts";
import type { SparseSynapse } from "./synapses/sparse.ts";

/**
 * Builds a synchronous `rate` network layer by layer. Each call returns a new builder, so that networks can share their
 * first layers.
 */
export class SpikingNetworkBuilder {
  readonly #options: SpikingNetworkOptions & { readonly inputs: Shape };
  readonly #nodes: readonly SpikingNode[];
  readonly #synapses: readonly Synapse[];

  /** @throws {LlifError} ARGUMENT for an unknown option or one out of range. */
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

  /** Adds a population that is fully connected to the last layer, of any shape. */
  dense(options: DenseLayerOptions): SpikingNetworkBuilder {
    return this.#dense("dense", options);
  }

  /**
   * The same as `dense`; with `input: "none"`, a population that only `connect` gives synapses.
   * @example spikingNetwork({ inputs: 1, dtSeconds: 1e-4 }).population({ name: "cells", units: 1000, input: "none",
   * threshold: 7, leak: { kind: "ohmic", timeConstantSeconds: 20e-3 }, currents: { g: { timeConstantSeconds: 5e-3 } } })
   * .connect({ from: "cells", to: "cells", into: "g", delayTicks: 18, edges: randomEdges({ from: 1000, to: 1000,
   * fanOut: 50, weights: 0.3, seed: 1 }) }).build()
   */
  population(options: DenseLayerOptions | FreePopulationOptions): SpikingNetworkBuilder {
    const { input } = checkObject("population", options, "an object of options") as Partial<FreePopulationOptions>;
    if (input === undefined) return this.#dense("population", options as DenseLayerOptions);
    const name = this.#name("population", options.name);
    const place = `layer "${name}"`;
    const given = checkOptions(place, options as FreePopulationOptions, freeKeys);
    checkOneOf(`${place}: input`, input, ["none"]);
    if (given.weights !== undefined)
      throw new LlifError(
        "ARGUMENT",
        `${place}: weights: expected none beside input "none", got ${describe(given.weights)}`,
      );
    const units = checkInteger(`${place}: units`, given.units, 1, maximumNeurons);
    return this.#append(populationOf(name, given, this.#around([units])));
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
    return this.#append(populationOf(name, options, this.#around(shape)), {
      kind: "conv2d",
      ...this.#edge(name),
      ...window,
      weights,
      groups,
    });
  }

  /** Adds a max pool: a spike whenever the largest count of a window rises. */
  maxPool(options: PoolLayerOptions = {}): SpikingNetworkBuilder {
    return this.#pool("max", options);
  }

  /** Adds a sum pool, which passes on every spike of a window. */
  sumPool(options: PoolLayerOptions = {}): SpikingNetworkBuilder {
    return this.#pool("sum", options);
  }

  /** Adds a synapse between existing layers, or within one: a shortcut, a delayed connection, or a recurrent one. */
  connect(options: ConnectOptions): SpikingNetworkBuilder {
    const { name, from, to, delayTicks, into, plasticity, ...given } = checkOptions("connect", options, connectKeys);
    const order = ["input", ...this.#nodes.map(({ name }) => name)];
    for (const [end, node] of Object.entries({ from, to })) {
      if (!order.includes(node))
        throw new LlifError(
          "ARGUMENT",
          `connect: ${end}: expected names among ${order.join(", ")}, got ${describe(node)}`,
          { nodes: typeof node === "string" ? [node] : [] },
        );
    }
    if (name !== undefined) checkName("connect: name", name);
    const place = synapsePlace({ name, from, to });
    const shapeOf = (node: string): Shape =>
      this.#nodes.find((layer) => layer.name === node)?.shape ?? this.#options.inputs;
    const { delays, ...connection } = connectionOf(
      place,
      given as ConnectionOptions,
      shapeOf(from),
      shapeOf(to),
    ) as ReturnType<typeof connectionOf> & Pick<SparseSynapse, "delays">;
    const recurrent = order.indexOf(from) >= order.indexOf(to);
    const synapse = {
      ...connection,
      ...(name === undefined ? {} : { name }),
      from,
      to,
      delayTicks: delayTicks === undefined ? (recurrent && delays === undefined ? 1 : 0) : delayTicks,
      ...(delays === undefined ? {} : { delays }),
      ...(into === undefined || into === "v" ? {} : { into }),
      ...(plasticity === undefined ? {} : { plasticity: copyOfPlasticity(`${place}: plasticity`, plasticity) }),
    } as Synapse;
    return new SpikingNetworkBuilder(this.#options, this.#nodes, [...this.#synapses, synapse]);
  }

  /** Adds an output, which integrates spikes and never fires; `logits` and `top` of a result come from it. */
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

  /** The network so far. Class names are added with their output. */
  #network(complete: boolean): SpikingNetwork {
    const { name = "network", inputs, dtSeconds = 1, ticks = 1, classes = [], convention } = this.#options;
    return checkSpikingNetwork({
      name,
      code: { kind: "rate" },
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

  #around(shape: Shape): Surroundings {
    return { shape, dtSeconds: this.#options.dtSeconds };
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
    return this.#append(populationOf(name, options, this.#around([rows])), {
      kind: "dense",
      ...this.#edge(name),
      weights: data,
    });
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
 * @example spikingNetwork({ inputs: [28, 28, 1], ticks: 32 }).conv2d({ weights, filters: 8, kernel: 3, threshold: 1
 * }).maxPool().dense({ weights, threshold: 1 }).build()
 * @throws {LlifError} ARGUMENT or SHAPE at the call whose layer does not fit.
 */
export function spikingNetwork(options: SpikingNetworkOptions): SpikingNetworkBuilder {
  return new SpikingNetworkBuilder(options);
}

/**
 * A network of one population. The number of inputs follows from the weights; a flat array of weights needs `units`.
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
