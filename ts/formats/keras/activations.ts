// Converts activations of Keras layers, and layers that are only an activation.
import { LlifError } from "../../errors.ts";
import { channelsOf, formatShape, sizeOf } from "../../tensor.ts";
import { quoted } from "../../text.ts";
import { shown } from "../json.ts";
import { type Call, type Convert, expectSetting, number } from "./call.ts";
import { Refusal, type Value } from "./graph.ts";
import type { Config } from "./topology.ts";

/** Adds the activation given in the layer's settings. */
export function activated(call: Call, value: Value): Value {
  const { activation } = call.config;
  if (activation === undefined || activation === null || activation === "linear") return value;
  const name = typeof activation === "string" ? activation : ((activation as Config).class_name ?? shown(activation));
  return activate({ ...call, name: `${call.name}_${String(name)}` }, String(name), value);
}

function activate(call: Call, activation: string, value: Value): Value {
  switch (activation) {
    case "linear":
      return value;
    case "relu":
      return relu(call, value, Infinity);
    case "relu6":
      return relu(call, value, 6);
    case "softmax":
      return softmax(call, value);
    case "leaky_relu":
      return relu(call, value, Infinity, [0.2]);
    default:
      throw new Refusal(
        `activation "${activation}" is not supported; ReLU, ReLU6, LeakyReLU, PReLU and a softmax at the end are`,
      );
  }
}

/**
 * Zeros stay zeros, so padding can be added later.
 * @param slopes factors on negative values, one per channel or one for all.
 */
export function relu(call: Call, value: Value, ceiling: number, slopes: ArrayLike<number> = [0]): Value {
  const leaky = Array.from(slopes).some((factor) => factor !== 0)
    ? { slope: perChannel(call, value.node, slopes) }
    : {};
  const node = call.graph.add({ kind: "relu", name: call.name, from: [value.node], shape: [], ceiling, ...leaky });
  return { ...value, node: node.name };
}

/** One value per channel, from as many values or from one. */
export function perChannel(call: Call, node: string, values: ArrayLike<number>): Float32Array {
  const channels = channelsOf(call.graph.shapeOf(node));
  call.graph.budget.take("elements", channels, `layer ${quoted(call.name)}`);
  return values.length === 1 ? new Float32Array(channels).fill(values[0]) : Float32Array.from(values);
}

function softmax(call: Call, value: Value): Value {
  const node = call.graph.padded(value);
  const shape = call.graph.shapeOf(node);
  if (channelsOf(shape) !== sizeOf(shape))
    throw new Refusal(
      `softmax over the channels of ${formatShape(shape)}; only one over all classes, at the end, is supported`,
    );
  return { node: call.graph.add({ kind: "softmax", name: call.name, from: [node], shape: [] }).name };
}

export const reluLayer: Convert = (call) => {
  expectSetting(call, "threshold", 0);
  const ceiling = number(call, ["max_value"], Infinity);
  return relu(call, call.inputs[0], ceiling, [number(call, ["negative_slope", "alpha"], 0)]);
};

/** Keras has a slope per position, except along shared axes; a network has one per channel. */
export const prelu: Convert = (call) => {
  const channels = channelsOf(call.graph.shapeOf(call.inputs[0].node));
  const [{ data }] = call.weights("alpha");
  if (data.length % channels !== 0)
    throw new LlifError(
      "SHAPE",
      `layer ${quoted(call.name)}: alpha: expected a slope for each of ${channels} channels, got ${data.length} in all`,
    );
  if (data.some((slope, index) => slope !== data[index % channels]))
    throw new Refusal(
      "its slopes differ from position to position; share them along height and width (shared_axes=[1, 2])",
    );
  return relu(call, call.inputs[0], Infinity, data.subarray(0, channels));
};

export const softmaxLayer: Convert = (call) => {
  const axis = [call.config.axis ?? -1].flat();
  if (axis.length !== 1 || (axis[0] !== -1 && axis[0] !== call.graph.shapeOf(call.inputs[0].node).length))
    throw new Refusal(`its axis is ${shown(call.config.axis)}; only the last one is supported`);
  return softmax(call, call.inputs[0]);
};
