// ONNX operators: sums, means and maxima over whole axes.
import { LlifError } from "../../errors.ts";
import { Refusal } from "./attributes.ts";
import { axisOf, flowInput, listOf, optionalConstant, step, takeElements, type Call, type Operator } from "./graph.ts";
import { oriented } from "./image.ts";
import { reshaped, type Flow } from "./layout.ts";
import { wholePool } from "./windows.ts";
import { reduceConstant } from "./fold.ts";

/** ReduceMean, ReduceSum and ReduceMax: pools over whole axes. */
export const reduce: Operator = (call) => {
  const { attributes } = call;
  const keep = attributes.integer("keepdims", 1) !== 0;
  const unchanged = attributes.integer("noop_with_empty_axes", 0) !== 0;
  const inputs = call.operator === "ReduceSum" ? 13 : 18;
  const given =
    call.opset < inputs ? attributes.integers("axes") : listOf(call, optionalConstant(call, 1, "axes"), "axes");
  attributes.finish();
  const axes = given === undefined || given.length === 0 ? undefined : [...given];
  const value = call.inputs[0];
  if (axes === undefined && unchanged && value !== undefined) return value;
  if (value?.kind === "constant") return reduceConstant(call, value, axes, keep);
  if (call.operator === "ReduceProd") throw new Refusal("a product of computed values is not piecewise linear");
  const flow = flowInput(call, 0, "data");
  const all = [...(flow.batch ? [0] : []), ...flow.dims.map((_, axis) => axis + (flow.batch ? 1 : 0))];
  return reduced(call, flow, new Set((axes ?? all).map((axis) => axisOf(call, flow, axis))), keep);
};

function reduced(call: Call, value: Flow, axes: ReadonlySet<number>, keep: boolean): Flow {
  const kind = call.operator === "ReduceMax" ? "maxPool" : "averagePool";
  const image = oriented(call, value);
  const { flow } = image;
  const [height, width, channels] = image.shape;
  const kernel = [axes.has(image.rows) ? height : 1, axes.has(image.columns) ? width : 1] as const;
  const acrossChannels = axes.has(image.channels) && channels > 1;
  const pooling = kernel[0] > 1 || kernel[1] > 1;
  const cells = [...axes].reduce((product, axis) => product * flow.dims[axis], 1);
  const scaling = call.operator === "ReduceSum" && cells > 1;
  const name = (last: boolean, suffix: string): string =>
    last ? call.name : call.graph.freeName(`${call.name}.${suffix}`);
  let from = image.from;
  if (pooling)
    from = call.graph.add(wholePool(kind, name(!acrossChannels && !scaling, "pool"), from, image.shape, kernel)).name;
  if (acrossChannels) {
    const rows = (height * width) / (kernel[0] * kernel[1]);
    const columns = call.graph.inShape(from, [rows, channels, 1]);
    from = call.graph.add(
      wholePool(kind, name(!scaling, "channels"), columns, [rows, channels, 1], [1, channels]),
    ).name;
  }
  if (scaling) {
    const own = call.graph.shapeOf(from).at(-1) ?? 1;
    takeElements(call, 2 * own);
    from = step(call, "", from, {
      kind: "affine",
      scale: new Float32Array(own).fill(cells),
      shift: new Float32Array(own),
    }).name;
  }
  const kept = flow.dims.map((extent, axis) => (axes.has(axis) ? 1 : extent));
  const result = { ...flow, node: from, dims: kept, factors: kept };
  if (keep) return result;
  const dims = flow.dims.filter((_, axis) => !axes.has(axis));
  if (!flow.batch && dims.length === 0)
    throw new LlifError("SHAPE", `${call.place}: expected axes that leave some, got all of ${flow.dims.length}`);
  return reshaped(result, dims);
}
