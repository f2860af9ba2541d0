import { LlifError } from "../errors.ts";
import type { ReluNetwork, ReluNode } from "../relu/network.ts";
import { type Population, shapeOf, type SpikingNetwork, type SpikingOutput, type Synapse, synapsesTo } from "../spiking/network.ts";
import { channelsOf, formatShape, type Shape } from "../tensor.ts";

/**
 * The ReLU network that a spiking network stands for: w = (q/θ)·δ_target/δ_source, b = (B/θ)·δ_target. The input
 * convention's mean and deviation are in the weights already. Saturation is not carried over.
 * @throws {LlifError} UNSUPPORTED where a node has several synapses or a bias that differs by position.
 * @see docs/mathematics.md, parameter mapping
 */
export function toRelu(network: SpikingNetwork): ReluNetwork {
  const nodes: ReluNode[] = [{ kind: "input", name: network.input.name, from: [], shape: network.input.shape }];
  const inputUnit = network.input.counts?.unit ?? 1;
  const units = new Map<string, Float64Array>([[network.input.name, Float64Array.of(inputUnit)]]);
  const ends = new Map<string, string>([[network.input.name, network.input.name]]);
  const outputs: string[] = [];
  for (const node of network.nodes) {
    if (node.kind === "pool") {
      const { name, shape, kernel, stride, dilation, padding } = node;
      const common = { name, shape, from: [ends.get(node.from) as string], kernel, stride, dilation, padding };
      nodes.push(node.mode === "max" ? { ...common, kind: "maxPool" } : { ...common, kind: "averagePool", countPadding: true });
      const members = node.mode === "sum" ? kernel[0] * kernel[1] : 1;
      // An average is the sum divided by the members, so the next weights take them back in.
      units.set(name, (units.get(node.from) as Float64Array).map((unit) => unit / members));
      ends.set(name, name);
      continue;
    }
    const synapses = synapsesTo(network, node.name);
    if (synapses.length !== 1) throw unsupported(network, node.name, `expected one synapse, got ${synapses.length}`);
    const [synapse] = synapses;
    const from = reshaped(nodes, synapse, shapeOf(network, synapse.from), ends.get(synapse.from) as string);
    nodes.push(weightedNode(network, node, synapse, from, units.get(synapse.from) as Float64Array));
    let end = node.name;
    if (node.kind === "population" || node.rectified) {
      end = `${node.name}.relu`;
      nodes.push({ kind: "relu", name: end, from: [node.name], shape: node.shape, ceiling: Infinity });
    }
    if (node.kind === "population") units.set(node.name, node.unit);
    else outputs.push(end);
    ends.set(node.name, end);
  }
  const convention = { ...network.convention, scale: inputUnit, mean: [0], std: [1] };
  return { name: network.name, nodes, outputs, convention, classes: network.classes };
}

/** Dense weights read a flat input. */
function reshaped(nodes: ReluNode[], synapse: Synapse, shape: Shape, source: string): string {
  if (synapse.kind !== "dense" || shape.length === 1) return source;
  const name = `${synapse.to}.flatten`;
  nodes.push({ kind: "reshape", name, from: [source], shape: [shape.reduce((size, extent) => size * extent, 1)] });
  return name;
}

function weightedNode(network: SpikingNetwork, node: Population | SpikingOutput, synapse: Synapse, from: string, sourceUnit: Float64Array): ReluNode {
  const { name, shape } = node;
  const channels = channelsOf(shape);
  const charge = (output: number) => node.unit[output % node.unit.length] / (node.kind === "population" ? node.threshold[output % node.threshold.length] : 1);
  const leak = node.kind === "population" ? (1 - node.leakFactor) / 2 : 0;
  if (node.bias.length !== channels) throw unsupported(network, name, `expected a bias a channel (${channels}), got one a position (${node.bias.length}) for ${formatShape(shape)}`);
  const bias = Float32Array.from(node.bias, (value, index) => (value - (node.kind === "population" ? leak * node.threshold[index % node.threshold.length] : 0)) * charge(index));
  const common = { name, shape, from: [from] };
  const { weights } = synapse;
  if (synapse.kind === "identity") {
    const scale = Float32Array.from({ length: channels }, (_, index) => (weights[index % weights.length] * charge(index)) / sourceUnit[index % sourceUnit.length]);
    return { ...common, kind: "affine", scale, shift: bias };
  }
  if (synapse.kind === "dense") {
    const inputs = weights.length / channels;
    const data = Float32Array.from(weights, (weight, index) => (weight * charge(Math.floor(index / inputs))) / sourceUnit[(index % inputs) % sourceUnit.length]);
    return { ...common, kind: "dense", weights: { shape: [channels, inputs], data }, bias };
  }
  const { kernel, stride, dilation, padding, groups } = synapse;
  const groupInputs = weights.length / (kernel[0] * kernel[1] * channels);
  const data = Float32Array.from(weights, (weight, index) => {
    const output = index % channels;
    const input = Math.floor((output * groups) / channels) * groupInputs + (Math.floor(index / channels) % groupInputs);
    return (weight * charge(output)) / sourceUnit[input % sourceUnit.length];
  });
  return { ...common, kind: "conv2d", kernel, stride, dilation, padding, groups, weights: { shape: [kernel[0], kernel[1], groupInputs, channels], data }, bias };
}

function unsupported(network: SpikingNetwork, node: string, reason: string): LlifError {
  return new LlifError("UNSUPPORTED", `network "${network.name}", node "${node}": cannot be mapped back: ${reason}`, { nodes: [node] });
}
