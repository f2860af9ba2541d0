import { LlifError } from "../errors.ts";
import { checkAllFinite, checkFinite, checkInteger, checkLength, checkOneOf } from "../check.ts";
import { channelsOf, formatShape, sameShape, sizeOf, type Shape } from "../tensor.ts";
import type { InputConvention, Padding, ReluNetwork, ReluNode, Window2d } from "./network.ts";
import { maximumElements, outputShapeOf } from "./shapes.ts";

export { outputShapeOf } from "./shapes.ts";

/**
 * Checks a whole network: unique names, topological order, one input, consistent shapes, finite parameters.
 * @returns the same network.
 * @throws {LlifError} ARGUMENT or SHAPE, naming the layer, with its name in `nodes`.
 */
export function checkReluNetwork(network: ReluNetwork): ReluNetwork {
  const shapes = new Map<string, Shape>();
  for (const node of network.nodes) {
    inNode(node.name, () => {
      if (node.name === "") throw new LlifError("ARGUMENT", `network "${network.name}": expected every layer to have a name, got ""`);
      if (shapes.has(node.name)) throw new LlifError("ARGUMENT", `layer "${node.name}": expected a unique name, got it twice`);
      const inputs = node.from.map((source) => {
        const shape = shapes.get(source);
        if (shape === undefined) {
          throw new LlifError("ARGUMENT", `layer "${node.name}": expected its inputs among the layers before it, got "${source}"`);
        }
        return shape;
      });
      checkNode(node, inputs);
      shapes.set(node.name, node.shape);
    });
  }
  checkEnds(network, shapes);
  return network;
}

/**
 * Checks one node against the shapes of its inputs.
 * @throws {LlifError} ARGUMENT or SHAPE.
 */
export function checkNode(node: ReluNode, inputs: readonly Shape[]): void {
  const place = `layer "${node.name}"`;
  const expected = node.kind === "input" ? "no input" : node.kind === "add" || node.kind === "concat" ? "at least two inputs" : "one input";
  const counts = { "no input": inputs.length === 0, "one input": inputs.length === 1, "at least two inputs": inputs.length >= 2 };
  if (!counts[expected]) throw new LlifError("ARGUMENT", `${place}: expected ${expected}, got ${inputs.length}`);
  checkShape(place, node.shape);
  switch (node.kind) {
    case "dense":
      checkShape(`${place}: weights`, node.weights.shape);
      checkLength(`${place}: weights`, node.weights.data, node.weights.shape);
      checkAllFinite(`${place}: weights`, node.weights.data);
      break;
    case "conv2d":
    case "convTranspose2d": {
      checkShape(`${place}: kernel`, node.weights.shape);
      checkLength(`${place}: kernel`, node.weights.data, node.weights.shape);
      checkAllFinite(`${place}: kernel`, node.weights.data);
      checkWindow(place, node);
      checkInteger(`${place}: groups`, node.groups, 1);
      if (node.weights.shape.length === 4) {
        const [height, width, , outputs] = node.weights.shape;
        if (!sameShape([height, width], node.kernel)) {
          throw new LlifError("SHAPE", `${place}: expected a kernel of ${formatShape(node.kernel)}, got weights ${formatShape(node.weights.shape)}`);
        }
        if (outputs % node.groups !== 0) {
          throw new LlifError("SHAPE", `${place}: expected output channels in ${node.groups} equal groups, got ${outputs}`);
        }
      }
      break;
    }
    case "affine":
      checkVector(`${place}: scale`, node.scale, node.scale.length);
      checkVector(`${place}: shift`, node.shift, node.scale.length);
      break;
    case "relu":
      if (!(node.ceiling > 0)) throw new LlifError("ARGUMENT", `${place}: ceiling: expected a number > 0, got ${node.ceiling}`);
      if (node.slope !== undefined) checkVector(`${place}: slope`, node.slope, node.slope.length);
      break;
    case "maxPool":
    case "averagePool":
      checkWindow(place, node);
      break;
    case "pad":
      checkPadding(place, node.padding);
      break;
  }
  const shape = outputShapeOf(node, inputs);
  if (!sameShape(shape, node.shape)) {
    throw new LlifError("SHAPE", `${place}: expected output shape ${formatShape(shape)}, got ${formatShape(node.shape)}`);
  }
  if (node.kind === "dense" || node.kind === "conv2d" || node.kind === "convTranspose2d") checkVector(`${place}: bias`, node.bias, channelsOf(shape));
}

function checkEnds(network: ReluNetwork, shapes: ReadonlyMap<string, Shape>): void {
  const place = `network "${network.name}"`;
  const inputs = network.nodes.filter((node) => node.kind === "input");
  if (inputs.length !== 1) throw new LlifError("ARGUMENT", `${place}: expected one input, got ${inputs.length}`);
  if (network.outputs.length === 0) throw new LlifError("ARGUMENT", `${place}: expected at least one output, got none`);
  for (const output of network.outputs) {
    if (!shapes.has(output)) throw new LlifError("ARGUMENT", `${place}: expected outputs among the layers, got "${output}"`, { nodes: [output] });
  }
  const sources = new Set(network.nodes.flatMap((node) => node.from));
  for (const node of network.nodes) {
    if (node.kind === "softmax" && (sources.has(node.name) || !network.outputs.includes(node.name))) {
      throw new LlifError("ARGUMENT", `layer "${node.name}": expected softmax only at an output, got it inside the network`, { nodes: [node.name] });
    }
  }
  const classes = network.classes.length;
  const logits = sizeOf(shapes.get(network.outputs[0]) ?? []);
  if (classes > 0 && classes !== logits) {
    throw new LlifError("SHAPE", `${place}: expected ${logits} class names, one for each output, got ${classes}`);
  }
  checkConvention(place, network.convention, channelsOf(inputs[0].shape));
}

/**
 * @param channels channels of the input; `undefined` where the network is not known yet.
 * @throws {LlifError} ARGUMENT or SHAPE.
 */
export function checkConvention(place: string, convention: InputConvention, channels?: number): void {
  const scale = checkFinite(`${place}: input scale`, convention.scale);
  if (scale === 0) throw new LlifError("ARGUMENT", `${place}: input scale: expected a number other than 0, got 0`);
  checkOneOf(`${place}: channel order`, convention.channelOrder, ["RGB", "BGR", "gray"]);
  for (const key of ["mean", "std"] as const) {
    const values = convention[key];
    checkAllFinite(`${place}: input ${key}`, values);
    const fits = channels === undefined ? values.length > 0 : values.length === 1 || values.length === channels;
    if (!fits) throw new LlifError("SHAPE", `${place}: input ${key}: expected one value or one for each of ${channels ?? "the"} channels, got ${values.length}`);
  }
  for (const value of convention.std) checkFinite(`${place}: input std`, value, { above: 0 });
  for (const key of ["resize", "crop"] as const) {
    for (const extent of convention[key] ?? []) checkInteger(`${place}: ${key}`, extent, 1);
  }
}

/** Integer sizes in range. */
export function checkWindow(place: string, window: Window2d): void {
  for (const axis of [0, 1]) {
    checkInteger(`${place}: kernel`, window.kernel[axis], 1);
    checkInteger(`${place}: stride`, window.stride[axis], 1);
    checkInteger(`${place}: dilation`, window.dilation[axis], 1);
  }
  checkPadding(place, window.padding);
}

function checkPadding(place: string, { top, left, bottom, right }: Padding): void {
  for (const cells of [top, left, bottom, right]) checkInteger(`${place}: padding`, cells, 0);
}

function checkVector(place: string, values: Float32Array, length: number): void {
  if (values.length !== length) throw new LlifError("SHAPE", `${place}: expected ${length} values, got ${values.length}`);
  checkAllFinite(place, values);
}

function checkShape(place: string, shape: Shape): void {
  for (const extent of shape) checkInteger(`${place}: shape ${formatShape(shape)}`, extent, 1);
  if (sizeOf(shape) > maximumElements) {
    throw new LlifError("SHAPE", `${place}: expected at most ${maximumElements} elements, got shape ${formatShape(shape)}`);
  }
}

/** Adds the layer's name to what `body` throws. */
function inNode(name: string, body: () => void): void {
  try {
    body();
  } catch (error) {
    if (!(error instanceof LlifError) || error.nodes.length > 0) throw error;
    throw new LlifError(error.code, error.message, { nodes: [name], cause: error });
  }
}
