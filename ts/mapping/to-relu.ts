// Maps a spiking network back to a ReLU network.
import { requireSpikingNetwork } from "../spiking/check.ts";
import { LlifError } from "../errors.ts";
import { averageDivisors } from "../relu/forward.ts";
import type { AveragePoolNode, ReluNetwork, ReluNode } from "../relu/network.ts";
import {
  type Population,
  shapeOf,
  type SpikingNetwork,
  type SpikingOutput,
  type SpikingPool,
  synapsesTo,
} from "../spiking/network.ts";
import { requireMapped, type MappedNetwork, type MappedSynapse } from "../spiking/mapped.ts";
import { leakFactorAt } from "../spiking/neurons/llif.ts";
import { channelsOf, sameShape, sizeOf, type Shape } from "../tensor.ts";
import { forEachWeight } from "../spiking/weights.ts";
import { compressed, repeated } from "./fold/linear.ts";
import { negativeSides, zeroCharge, type NegativeSides } from "./negative-sides.ts";

/**
 * The ReLU network of a spiking network: w = (q/θ)·δ_target/δ_source, b = (B/θ)·δ_target, within half a quantum for the
 * integers of exact codes and up to float32 rounding for `rate`. Mean and deviation of the input convention stay in the
 * weights.
 *
 * A pair of populations mapped from a LeakyReLU, PReLU or linear value becomes that value again, with the weights of
 * its positive side; if the two sides were changed separately, it becomes two ReLUs. `ceiling` (ReLU6) is kept. Limits
 * of counts and rates, hard reset, floor and refractory period are dropped, because ReLUs have none.
 * @throws {LlifError} UNSUPPORTED if a node has no source, a pool's weights are not an average's, or a synapse is of a
 * kind that no mapping makes.
 * @see docs/mathematics.md, parameter mapping
 */
export function toRelu(network: SpikingNetwork): ReluNetwork {
  requireSpikingNetwork("toRelu: network", network);
  const back = new Inversion(requireMapped("toRelu", network));
  for (const node of network.nodes) {
    if (back.sides.partners.has(node.name)) continue;
    if (node.kind === "pool") back.pool(node);
    else back.neurons(node);
  }
  const convention = { ...network.convention, scale: back.inputUnit, mean: [0], std: [1] };
  // A network without outputs, such as one learnt layer, gives the activations of its last population.
  const outputs = back.outputs.length > 0 ? back.outputs : back.nodes.slice(-1).map(({ name }) => name);
  return { name: network.name, nodes: back.nodes, outputs, convention, classes: network.classes };
}

/** The node with a source's activations in the ReLU network, and the activation of one count. */
interface Source {
  readonly end: string;
  readonly unit: Float64Array;
}

class Inversion {
  readonly nodes: ReluNode[];
  readonly outputs: string[] = [];
  readonly inputUnit: number;
  readonly sides: NegativeSides;
  readonly #network: MappedNetwork;
  readonly #sources: Map<string, Source>;

  constructor(network: MappedNetwork) {
    const { name, shape, counts } = network.input;
    this.#network = network;
    this.sides = negativeSides(network);
    this.inputUnit = counts?.unit ?? 1;
    this.nodes = [{ kind: "input", name, from: [], shape }];
    this.#sources = new Map([[name, { end: name, unit: Float64Array.of(this.inputUnit) }]]);
  }

  pool(pool: SpikingPool): void {
    const { name, shape, kernel, stride, dilation, padding } = pool;
    const source = this.#source(pool.from, pool.name);
    const common = { name, shape, from: [source.end], kernel, stride, dilation, padding };
    if (pool.mode === "max") {
      this.nodes.push({ ...common, kind: "maxPool" });
      this.#sources.set(name, { end: name, unit: source.unit });
      return;
    }
    const { node, members } = this.#average({ ...common, kind: "averagePool", countPadding: true }, pool);
    this.nodes.push(node);
    // An average divides the sum by its members, so the next weights are multiplied by them.
    this.#sources.set(name, { end: name, unit: source.unit.map((unit) => unit / members) });
  }

  neurons(node: Population | SpikingOutput): void {
    const { name, shape } = node;
    const { partners, slopes } = this.sides;
    const all = synapsesTo(this.#network, name);
    const synapses = all.filter(({ from }) => !partners.has(from));
    if (synapses.length === 0) throw this.#unsupported(name, "expected at least one synapse, got none");
    const unit = activationUnit(node);
    const threshold = node.kind === "output" ? [1] : this.#thresholds(node);
    const charge = Float64Array.from(
      { length: channelsOf(shape) },
      (_, index) => unit[index % unit.length] / threshold[index % threshold.length],
    );
    const bias = this.#biasOf(
      node,
      charge,
      all.filter(({ from }) => partners.has(from)),
    );
    const perChannel = bias.length === channelsOf(shape);
    // The mapping names a node after its weighted sum or its last step, so names survive the round trip.
    const diagonal =
      synapses.length === 1 && synapses[0].kind === "identity" && (node.kind === "population" || !perChannel);
    const slope = slopes.get(name);
    const linear = !node.rectified || (slope?.every((factor) => factor === 1) === true && ceilingOf(node) === Infinity);
    const sum = diagonal && !linear ? `${name}.scale` : name;
    const none = new Float32Array(channelsOf(shape));
    const terms = synapses.map((synapse, index) => {
      return this.#weighted(
        node,
        synapse,
        synapses.length > 1 ? `${name}.${index + 1}` : sum,
        charge,
        perChannel && index === 0 ? bias : none,
      );
    });
    let end = terms[0];
    if (terms.length > 1) {
      this.nodes.push({ kind: "add", name, from: terms, shape });
      end = name;
    }
    const biased = diagonal && node.kind === "output" ? name : `${name}.bias`;
    if (!perChannel) end = this.#elementwise(biased, end, shape, new Float32Array(sizeOf(shape)).fill(1), bias);
    if (!linear) {
      const activation = diagonal && node.kind === "population" ? name : `${name}.relu`;
      this.nodes.push({
        kind: "relu",
        name: activation,
        from: [end],
        shape,
        ceiling: ceilingOf(node),
        ...(slope === undefined ? {} : { slope: Float32Array.from(slope) }),
      });
      end = activation;
    }
    if (node.kind === "population") this.#sources.set(name, { end, unit });
    else this.outputs.push(end);
  }

  /** One threshold per channel. */
  #thresholds({ name, shape, neuron }: Population): Float64Array {
    const thresholds = compressed(Float64Array.from(neuron.threshold), channelsOf(shape));
    if (thresholds.length > channelsOf(shape))
      throw this.#unsupported(name, "its thresholds differ within a channel, of which a ReLU layer has one scale");
    return thresholds;
  }

  /** Weighted sum of one synapse. */
  #weighted(
    node: Population | SpikingOutput,
    synapse: MappedSynapse,
    name: string,
    charge: Float64Array,
    bias: Float32Array,
  ): string {
    const { shape } = node;
    const { weights } = synapse;
    const { end, unit } = this.#source(synapse.from, node.name);
    const sourceShape = shapeOf(this.#network, synapse.from);
    if (synapse.kind === "identity") {
      const from = this.#reshaped(`${name}.shape`, end, sourceShape, shape);
      const channels = channelsOf(shape);
      const perChannel = weights.length === channels && channels % unit.length === 0;
      const length = perChannel ? channels : sizeOf(shape);
      const scale = Float32Array.from(
        { length },
        (_, index) => (weights[index % weights.length] * charge[index % charge.length]) / unit[index % unit.length],
      );
      if (!perChannel) return this.#elementwise(name, from, shape, scale, repeatedFloats(bias, length));
      this.nodes.push({ kind: "affine", name, from: [from], shape, scale, shift: bias });
      return name;
    }
    const data = new Float32Array(weights.length);
    forEachWeight({ ...synapse, weights: Float64Array.from(weights) }, shape, (output, input, weight, index) => {
      data[index] = (weight * charge[output % charge.length]) / unit[input % unit.length];
    });
    if (synapse.kind === "dense") {
      const from = this.#reshaped(`${name}.flatten`, end, sourceShape, [sizeOf(sourceShape)]);
      const outputs = sizeOf(shape);
      const flat = shape.length === 1 ? name : `${name}.flat`;
      this.nodes.push({
        kind: "dense",
        name: flat,
        from: [from],
        shape: [outputs],
        weights: { shape: [outputs, sizeOf(sourceShape)], data },
        bias: repeatedFloats(bias, outputs),
      });
      return this.#reshaped(name, flat, [outputs], shape);
    }
    const { kernel, stride, dilation, padding, groups } = synapse;
    const groupInputs = channelsOf(sourceShape) / groups;
    this.nodes.push({
      kind: synapse.kind,
      name,
      from: [end],
      shape,
      kernel,
      stride,
      dilation,
      padding,
      groups,
      bias,
      weights: { shape: [kernel[0], kernel[1], groupInputs, channelsOf(shape)], data },
    });
    return name;
  }

  /** The bias as activation, without the ohmic leak's correction and with the complements' value at zero. */
  #biasOf(node: Population | SpikingOutput, charge: Float64Array, negative: readonly MappedSynapse[]): Float32Array {
    const constants = negative.flatMap((synapse) => {
      const counts = this.sides.zeroCounts(synapse.from);
      return counts === null ? [] : [zeroCharge(this.#network, synapse, counts)];
    });
    const neuron = node.kind === "population" ? node.neuron : null;
    const channels = channelsOf(node.shape);
    const perNeuron = constants.length > 0 || (neuron?.leak?.factorPerTick.length ?? 0) > channels;
    const sums = repeated(Float64Array.from(node.bias), perNeuron ? sizeOf(node.shape) : 0).map((bias, index) => {
      const equivalent =
        neuron === null
          ? 0
          : ((1 - leakFactorAt(neuron, index)) / 2) * neuron.threshold[index % neuron.threshold.length];
      return constants.reduce((sum, constant) => sum + constant[index], bias) - equivalent;
    });
    return Float32Array.from(compressed(sums, channels), (value, index) => value * charge[index % charge.length]);
  }

  /** y = scale·x + shift per element: an affine layer on the flattened values. */
  #elementwise(name: string, from: string, shape: Shape, scale: Float32Array, shift: Float32Array): string {
    const flat: Shape = [sizeOf(shape)];
    const source = this.#reshaped(`${name}.flatten`, from, shape, flat);
    const affine = shape.length === 1 ? name : `${name}.elements`;
    this.nodes.push({ kind: "affine", name: affine, from: [source], shape: flat, scale, shift });
    return this.#reshaped(name, affine, flat, shape);
  }

  #reshaped(name: string, from: string, before: Shape, after: Shape): string {
    if (sameShape(before, after)) return from;
    this.nodes.push({ kind: "reshape", name, from: [from], shape: after });
    return name;
  }

  /**
   * The average pool that equals a sum pool: its divisor times the pool's multiplicity must be the same for all
   * windows.
   */
  #average(node: AveragePoolNode, pool: SpikingPool): { readonly node: AveragePoolNode; readonly members: number } {
    for (const countPadding of [true, false]) {
      const average = { ...node, countPadding };
      const members = averageDivisors(average, shapeOf(this.#network, pool.from)).map(
        (divisor, index) => divisor * (pool.multiplicity?.[index] ?? 1),
      );
      if (members.every((count) => count === members[0])) return { node: average, members: members[0] };
    }
    throw this.#unsupported(pool.name, "its windows are weighed as in no average pool");
  }

  /** @param reader name of the reading node, for messages. */
  #source(name: string, reader: string): Source {
    const source = this.#sources.get(name);
    if (source === undefined)
      throw this.#unsupported(
        reader,
        `it reads "${name}", which does not come before it: no ReLU network is recurrent`,
      );
    return source;
  }

  #unsupported(node: string, reason: string): LlifError {
    return new LlifError(
      "UNSUPPORTED",
      `network "${this.#network.name}", node "${node}": cannot be mapped back: ${reason}`,
      { nodes: [node] },
    );
  }
}

/** δ; if channels saturate at different activations, in units of those, so that one ceiling fits all. */
function activationUnit(node: Population | SpikingOutput): Float64Array {
  if (node.kind === "output" || node.ceiling === undefined || isUniform(node.ceiling)) return node.unit;
  const { ceiling } = node;
  return node.unit.map((unit, index) => unit / ceiling[index % ceiling.length]);
}

function ceilingOf(node: Population | SpikingOutput): number {
  if (node.kind === "output" || node.ceiling === undefined) return Infinity;
  return isUniform(node.ceiling) ? node.ceiling[0] : 1;
}

function isUniform(values: Float64Array): boolean {
  return values.every((value) => value === values[0]);
}

function repeatedFloats(values: Float32Array, length: number): Float32Array {
  return Float32Array.from(repeated(Float64Array.from(values), length));
}
