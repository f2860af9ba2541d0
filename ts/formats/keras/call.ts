// Arguments of a Keras layer's conversion, and functions that read its settings, images and windows.
import { checkInteger } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import type { Padding, ReluNode, Window2d } from "../../relu/network.ts";
import { samePadding } from "../../relu/shapes.ts";
import { channelsOf, formatShape, type Shape, type Tensor } from "../../tensor.ts";
import { quoted } from "../../text.ts";
import { shown } from "../json.ts";
import { addPadding, expectImage, type Graph, noPadding, Refusal, type Value } from "./graph.ts";
import type { Config } from "./topology.ts";

/** The arguments of a layer's conversion. */
export interface Call {
  /** Unique name for the layer's node. */
  readonly name: string;
  readonly className: string;
  readonly config: Config;
  readonly inputs: readonly Value[];
  readonly graph: Graph;
  /**
   * The layer's weights with these names, in Keras's order of creation.
   * @throws {LlifError} FORMAT if one is missing.
   */
  weights(...names: readonly string[]): readonly Tensor[];
}

export type Convert = (call: Call) => Value;

export const first = ({ graph, inputs }: Call): string => graph.padded(inputs[0]);

/** Refuses a setting that does not have one of the allowed values. */
export function expectSetting(call: Call, key: string, ...allowed: readonly unknown[]): void {
  const value = call.config[key];
  if (value !== undefined && value !== null && !allowed.includes(value))
    throw new Refusal(`its ${key} is ${shown(value)}; only ${allowed.map(shown).join(" or ")} is supported`);
}

export function flag(call: Call, key: string, otherwise: boolean): boolean {
  const value = call.config[key] ?? otherwise;
  if (typeof value !== "boolean")
    throw new LlifError("FORMAT", `layer ${quoted(call.name)}: ${key}: expected true or false, got ${shown(value)}`);
  return value;
}

export function number(call: Call, keys: readonly string[], otherwise: number): number {
  for (const key of keys) {
    const value = call.config[key];
    if (value === undefined || value === null) continue;
    if (typeof value !== "number")
      throw new LlifError("FORMAT", `layer ${quoted(call.name)}: ${key}: expected a number, got ${shown(value)}`);
    return value;
  }
  return otherwise;
}

/** One integer for both axes, or one per axis; in a one-dimensional layer, a list of one is the horizontal axis. */
export function pair(
  call: Call,
  key: string,
  otherwise: number | readonly number[],
  minimum = 1,
): readonly [number, number] {
  const value = call.config[key] ?? otherwise;
  const values =
    typeof value === "number"
      ? [value, value]
      : Array.isArray(value) && value.length === 1
        ? [1, ...(value as number[])]
        : value;
  if (!Array.isArray(values) || values.length !== 2)
    throw new LlifError("FORMAT", `layer ${quoted(call.name)}: ${key}: expected two integers, got ${shown(value)}`);
  for (const one of values) checkInteger(`layer ${quoted(call.name)}: ${key}`, one, minimum);
  return [values[0] as number, values[1] as number];
}

export const oneDimensional = /1D(Transpose)?$/;

/** The input as an image, with the padding not added yet; a sequence [steps, channels] is an image of one row. */
export function imageInput(call: Call, value: Value = call.inputs[0]): { from: string; shape: Shape; before: Padding } {
  expectSetting(call, "data_format", "channels_last");
  const { graph } = call;
  const shape = graph.shapeOf(value.node);
  if (!oneDimensional.test(call.className)) {
    expectImage(shape);
    return { from: value.node, shape, before: value.padding ?? noPadding };
  }
  if (shape.length !== 2) throw new Refusal(`expected a sequence [steps,channels], got ${formatShape(shape)}`);
  const row = [1, ...shape];
  return { from: graph.reshaped(value.node, row), shape: row, before: value.padding ?? noPadding };
}

/** Turns the result of a one-dimensional layer into a sequence again. */
export function imageOutput(call: Call, node: ReluNode): Value {
  if (!oneDimensional.test(call.className)) return { node: node.name };
  return { node: call.graph.reshaped(node.name, [node.shape[0] * node.shape[1], channelsOf(node.shape)]) };
}

export function windowOf(
  call: Call,
  input: Shape,
  before: Padding,
  kernel: readonly [number, number],
  stride: readonly [number, number],
  dilation: readonly [number, number],
): Window2d {
  const rows = oneDimensional.test(call.className);
  const flat = ([vertical, horizontal]: readonly [number, number]): readonly [number, number] => [
    rows ? 1 : vertical,
    horizontal,
  ];
  const sizes = { kernel: flat(kernel), stride: flat(stride), dilation: flat(dilation) };
  const padded = [input[0] + before.top + before.bottom, input[1] + before.left + before.right, input[2]];
  const mode = call.config.padding ?? "valid";
  if (mode === "valid") return { ...sizes, padding: before };
  if (mode === "same") return { ...sizes, padding: addPadding(before, samePadding(padded, sizes)) };
  if (mode === "causal" && rows)
    return { ...sizes, padding: addPadding(before, { ...noPadding, left: (sizes.kernel[1] - 1) * sizes.dilation[1] }) };
  throw new Refusal(`its padding is ${shown(mode)}; only "valid" and "same" are supported`);
}
