// Checks a ReLU network: fields, names, order, shapes, finite parameters.
import { LlifError } from "../errors.ts";
import {
  checkAllFinite,
  checkArray,
  checkBoolean,
  checkFinite,
  checkInteger,
  checkLength,
  checkName,
  checkNumbers,
  checkObject,
  checkOneOf,
  checkOptions,
  checkString,
  checkStrings,
  describe,
  isTypedArray,
  type OptionKeys,
} from "../check.ts";
import { channelsOf, formatShape, sameShape, sizeOf, type Shape, type Tensor } from "../tensor.ts";
import type { InputConvention, Padding, ReluNetwork, ReluNode, Window2d } from "./network.ts";
import { maximumElements, outputShapeOf } from "./shapes.ts";

export { outputShapeOf } from "./shapes.ts";

const mostDimensions = 16;

const baseKeys = { kind: true, name: true, from: true, shape: true } as const;
export const windowKeys = { kernel: true, stride: true, dilation: true, padding: true } as const;
type NodeKeys = { readonly [Kind in ReluNode["kind"]]: OptionKeys<Extract<ReluNode, { kind: Kind }>> };

/** Every kind of node with its fields. */
const nodeKeys: NodeKeys = {
  input: baseKeys,
  dense: { ...baseKeys, weights: true, bias: true },
  conv2d: { ...baseKeys, ...windowKeys, weights: true, bias: true, groups: true },
  convTranspose2d: { ...baseKeys, ...windowKeys, weights: true, bias: true, groups: true },
  affine: { ...baseKeys, scale: true, shift: true },
  relu: { ...baseKeys, ceiling: true, slope: true },
  maxPool: { ...baseKeys, ...windowKeys },
  averagePool: { ...baseKeys, ...windowKeys, countPadding: true },
  pad: { ...baseKeys, padding: true },
  reshape: baseKeys,
  add: baseKeys,
  concat: baseKeys,
  softmax: { ...baseKeys, logarithm: true },
};

/** Networks that passed the check. They are immutable, so one check is enough. */
const known = new WeakSet<ReluNetwork>();

/** Like `checkReluNetwork`, but skips networks that have passed before. */
export function requireReluNetwork(place: string, network: ReluNetwork): ReluNetwork {
  checkString(`${place}: name`, checkObject(place, network, "a ReLU network").name);
  return known.has(network) ? network : checkReluNetwork(network);
}

/**
 * Checks a whole network: its fields, unique names, topological order, one input, consistent shapes, finite parameters.
 * @returns the same network.
 * @throws {LlifError} ARGUMENT or SHAPE, naming the layer, with its name in `nodes`.
 */
export function checkReluNetwork(network: ReluNetwork): ReluNetwork {
  const { name, nodes } = checkObject("network", network, "a ReLU network");
  const place = `network "${checkString("network: name", name)}"`;
  checkOptions(place, network, { name: true, nodes: true, outputs: true, convention: true, classes: true });
  checkArray(`${place}: nodes`, nodes, "an array of layers");
  checkStrings(`${place}: outputs`, network.outputs);
  checkStrings(`${place}: classes`, network.classes);
  const shapes = new Map<string, Shape>();
  for (const node of nodes) {
    checkName(`${place}: name of a layer`, checkObject(`${place}: layer`, node).name);
    inNode(node.name, () => {
      if (shapes.has(node.name))
        throw new LlifError("ARGUMENT", `layer "${node.name}": expected a unique name, got it twice`);
      const inputs = checkArray<string>(`layer "${node.name}": from`, node.from, "an array of names").map((source) => {
        const shape = shapes.get(source);
        if (shape === undefined) {
          throw new LlifError(
            "ARGUMENT",
            `layer "${node.name}": expected its inputs among the layers before it, got ${describe(source)}`,
          );
        }
        return shape;
      });
      checkNode(node, inputs);
      shapes.set(node.name, node.shape);
    });
  }
  checkEnds(network, shapes);
  known.add(network);
  return network;
}

/**
 * Checks one node against the shapes of its inputs.
 * @throws {LlifError} ARGUMENT or SHAPE.
 */
export function checkNode(node: ReluNode, inputs: readonly Shape[]): void {
  const place = `layer "${node.name}"`;
  checkOneOf(`${place}: kind`, node.kind, Object.keys(nodeKeys) as ReluNode["kind"][]);
  checkOptions<object>(place, node, nodeKeys[node.kind]);
  const expected =
    node.kind === "input"
      ? "no input"
      : node.kind === "add" || node.kind === "concat"
        ? "at least two inputs"
        : "one input";
  const counts = {
    "no input": inputs.length === 0,
    "one input": inputs.length === 1,
    "at least two inputs": inputs.length >= 2,
  };
  if (!counts[expected]) throw new LlifError("ARGUMENT", `${place}: expected ${expected}, got ${inputs.length}`);
  checkExtents(`${place}: shape`, node.shape);
  switch (node.kind) {
    case "dense":
      checkTensor(`${place}: weights`, node.weights);
      break;
    case "conv2d":
    case "convTranspose2d": {
      checkTensor(`${place}: kernel`, node.weights);
      checkWindow(place, node);
      checkInteger(`${place}: groups`, node.groups, 1);
      if (node.weights.shape.length === 4) {
        const [height, width, , outputs] = node.weights.shape;
        if (!sameShape([height, width], node.kernel)) {
          throw new LlifError(
            "SHAPE",
            `${place}: expected a kernel of ${formatShape(node.kernel)}, got weights ${formatShape(node.weights.shape)}`,
          );
        }
        if (outputs % node.groups !== 0) {
          throw new LlifError(
            "SHAPE",
            `${place}: expected output channels in ${node.groups} equal groups, got ${outputs}`,
          );
        }
      }
      break;
    }
    case "affine":
      checkVector(`${place}: scale`, node.scale);
      checkVector(`${place}: shift`, node.shift, node.scale.length);
      break;
    case "relu":
      if (typeof node.ceiling !== "number" || !(node.ceiling > 0))
        throw new LlifError("ARGUMENT", `${place}: ceiling: expected a number > 0, got ${describe(node.ceiling)}`);
      if (node.slope !== undefined) checkVector(`${place}: slope`, node.slope);
      break;
    case "maxPool":
      checkWindow(place, node);
      break;
    case "averagePool":
      checkWindow(place, node);
      checkBoolean(`${place}: countPadding`, node.countPadding);
      break;
    case "pad":
      checkPadding(`${place}: padding`, node.padding);
      break;
    case "softmax":
      if (node.logarithm !== undefined) checkBoolean(`${place}: logarithm`, node.logarithm);
      break;
  }
  const shape = outputShapeOf(node, inputs);
  if (!sameShape(shape, node.shape)) {
    throw new LlifError(
      "SHAPE",
      `${place}: expected output shape ${formatShape(shape)}, got ${formatShape(node.shape)}`,
    );
  }
  if (node.kind === "dense" || node.kind === "conv2d" || node.kind === "convTranspose2d")
    checkVector(`${place}: bias`, node.bias, channelsOf(shape));
}

function checkEnds(network: ReluNetwork, shapes: ReadonlyMap<string, Shape>): void {
  const place = `network "${network.name}"`;
  const inputs = network.nodes.filter((node) => node.kind === "input");
  if (inputs.length !== 1) throw new LlifError("ARGUMENT", `${place}: expected one input, got ${inputs.length}`);
  if (network.outputs.length === 0) throw new LlifError("ARGUMENT", `${place}: expected at least one output, got none`);
  for (const output of network.outputs) {
    if (!shapes.has(output))
      throw new LlifError("ARGUMENT", `${place}: expected outputs among the layers, got "${output}"`, {
        nodes: [output],
      });
  }
  const sources = new Set(network.nodes.flatMap((node) => node.from));
  for (const node of network.nodes) {
    if (node.kind === "softmax" && (sources.has(node.name) || !network.outputs.includes(node.name))) {
      throw new LlifError(
        "ARGUMENT",
        `layer "${node.name}": expected softmax only at an output, got it inside the network`,
        { nodes: [node.name] },
      );
    }
  }
  const classes = network.classes.length;
  const logits = sizeOf(shapes.get(network.outputs[0]) ?? []);
  if (classes > 0 && classes !== logits) {
    throw new LlifError("SHAPE", `${place}: expected ${logits} class names, one for each output, got ${classes}`);
  }
  checkConvention(place, network.convention, channelsOf(inputs[0].shape));
}

const conventionKeys: OptionKeys<InputConvention> = {
  scale: true,
  mean: true,
  std: true,
  channelOrder: true,
  resize: true,
  crop: true,
};

/**
 * @param channels channels of the input; `undefined` if the network is not known yet.
 * @throws {LlifError} ARGUMENT or SHAPE.
 */
export function checkConvention(place: string, convention: InputConvention, channels?: number): void {
  checkOptions(`${place}: input convention`, convention, conventionKeys);
  const scale = checkFinite(`${place}: input scale`, convention.scale);
  if (scale === 0) throw new LlifError("ARGUMENT", `${place}: input scale: expected a number other than 0, got 0`);
  checkOneOf(`${place}: channelOrder`, convention.channelOrder, ["RGB", "BGR", "gray"]);
  for (const key of ["mean", "std"] as const) {
    const values = checkNumbers(`${place}: input ${key}`, convention[key]);
    const fits = channels === undefined ? values.length > 0 : values.length === 1 || values.length === channels;
    if (!fits)
      throw new LlifError(
        "SHAPE",
        `${place}: input ${key}: expected one value or one for each of ${channels ?? "the"} channels, got ${values.length}`,
      );
  }
  for (const value of convention.std) checkFinite(`${place}: input std`, value, { above: 0 });
  for (const key of ["resize", "crop"] as const) {
    if (convention[key] !== undefined) checkAxes(`${place}: ${key}`, convention[key], 1);
  }
}

/** Checks that all sizes are integers in range. */
export function checkWindow(place: string, window: Window2d): void {
  for (const key of ["kernel", "stride", "dilation"] as const) checkAxes(`${place}: ${key}`, window[key], 1);
  checkPadding(`${place}: padding`, window.padding);
}

const paddingKeys: OptionKeys<Padding> = { top: true, left: true, bottom: true, right: true };

export function checkPadding(place: string, padding: Padding): Padding {
  if (typeof padding !== "object" || Array.isArray(padding))
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a number of cells or { top, left, bottom, right }, got ${describe(padding)}`,
    );
  const { top, left, bottom, right } = checkOptions(place, padding, paddingKeys);
  for (const cells of [top, left, bottom, right]) checkInteger(place, cells, 0);
  return padding;
}

/** One integer for both axes, or [vertical, horizontal]. */
export function checkPair(
  place: string,
  value: number | readonly [number, number],
  minimum: number,
): readonly [number, number] {
  if (typeof value === "number") {
    const both = checkInteger(place, value, minimum);
    return [both, both];
  }
  return checkAxes(place, value, minimum);
}

function checkAxes(place: string, value: readonly [number, number], minimum: number): readonly [number, number] {
  if (checkArray(place, value, "a number, or two numbers").length !== 2)
    throw new LlifError("ARGUMENT", `${place}: expected two numbers, got ${value.length}`);
  for (const extent of value) checkInteger(place, extent, minimum);
  return value;
}

/** Checks sizes: at least 1 each, and a product that is small enough for a tensor. */
export function checkExtents(place: string, shape: Shape): Shape {
  const shown = checkArray(place, shape, "an array of sizes").every((extent) => typeof extent === "number")
    ? `${place} ${formatShape(shape)}`
    : place;
  if (shape.length > mostDimensions)
    throw new LlifError(
      "SHAPE",
      `${place}: expected a shape of at most ${mostDimensions} extents, got ${shape.length}`,
    );
  for (const extent of shape) checkInteger(shown, extent, 1);
  if (sizeOf(shape) > maximumElements)
    throw new LlifError("SHAPE", `${place}: expected at most ${maximumElements} elements, got ${formatShape(shape)}`);
  return shape;
}

export function checkTensor(place: string, tensor: Tensor): Tensor {
  const { shape, data } = checkOptions(place, tensor, { shape: true, data: true });
  checkExtents(`${place}: shape`, shape);
  checkFloats(place, data);
  checkLength(place, data, shape);
  checkAllFinite(place, data);
  return tensor;
}

function checkVector(place: string, values: Float32Array, length?: number): void {
  checkFloats(place, values);
  if (length !== undefined && values.length !== length)
    throw new LlifError("SHAPE", `${place}: expected ${length} values, got ${values.length}`);
  checkAllFinite(place, values);
}

function checkFloats(place: string, values: Float32Array): void {
  if (!isTypedArray(values, "Float32Array"))
    throw new LlifError("ARGUMENT", `${place}: expected a Float32Array, got ${describe(values)}`);
}

/** Adds the layer's name to errors of `body`. */
function inNode(name: string, body: () => void): void {
  try {
    body();
  } catch (error) {
    if (!(error instanceof LlifError) || error.nodes.length > 0) throw error;
    throw new LlifError(error.code, error.message, { nodes: [name], cause: error });
  }
}
