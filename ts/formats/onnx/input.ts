// Reads the input of an ONNX graph: its batch, its extents and their order.
import { LlifError } from "../../errors.ts";
import { sizeOf } from "../../tensor.ts";
import { quoted } from "../../text.ts";
import { maximumElements } from "../../relu/shapes.ts";
import type { Graph } from "./graph.ts";
import { channelsLastOrder } from "./image.ts";
import { identityOrder, type Flow } from "./layout.ts";
import { TensorProto_DataType, type GraphProto, type ValueInfoProto } from "./onnx_pb.ts";

/** Order of an image input in the file. */
export type InputLayout = "channelsFirst" | "channelsLast";

/** Adds the input node, channels last: [height, width, channels], or [1, length, channels] for a sequence. */
export function addInput(graph: Graph, info: ValueInfoProto, layout: InputLayout, batch: boolean): Flow {
  const place = `input ${quoted(info.name)}`;
  const type = info.type?.value;
  if (type?.case !== "tensorType")
    throw new LlifError("FORMAT", `${place}: expected a tensor, got ${type?.case ?? "no type"}`);
  const element = type.value.elemType;
  const accepted = [
    TensorProto_DataType.FLOAT,
    TensorProto_DataType.DOUBLE,
    TensorProto_DataType.FLOAT16,
    TensorProto_DataType.UINT8,
  ];
  if (!accepted.includes(element)) {
    throw new LlifError(
      "UNSUPPORTED",
      `${place}: expected elements of type float, double, float16 or uint8, got ${TensorProto_DataType[element] ?? element}`,
      { nodes: [info.name] },
    );
  }
  if (type.value.shape === undefined) throw new LlifError("SHAPE", `${place}: expected a shape, got none`);
  const extents = type.value.shape.dim.map((dimension) =>
    dimension.value.case === "dimValue" ? Number(dimension.value.value) : undefined,
  );
  const shown = `[${extents.map((extent) => extent ?? "?").join(",")}]`;
  const [first] = extents;
  if (extents.length > 4)
    throw new LlifError("UNSUPPORTED", `${place}: expected at most 4 dimensions, got ${extents.length} (${shown})`, {
      nodes: [info.name],
    });
  const dims = (batch ? extents.slice(1) : extents).map((extent) => {
    if (extent === undefined || extent < 1 || extent > maximumElements) {
      throw new LlifError(
        "SHAPE",
        `${place}: expected fixed extents${batch ? " behind the batch" : ", as none counts samples (option batch)"}, got ${shown}; export with a fixed image size`,
      );
    }
    return extent;
  });
  if (dims.length === 0 || sizeOf(dims) > maximumElements)
    throw new LlifError("SHAPE", `${place}: expected 1 to ${maximumElements} elements, got ${shown}`);
  graph.batchSize = batch && first !== undefined && first > 0 ? first : NaN;
  const channels = batch && dims.length >= 2 && layout === "channelsFirst";
  const order = channels ? channelsLastOrder(dims.length - 1) : identityOrder(dims.length);
  const shape = order.map((axis) => dims[axis]);
  const shaped = dims.length === 2 ? (channels ? [1, ...shape] : [...shape, 1]) : shape;
  const node = graph.add({ kind: "input", name: info.name, from: [], shape: shaped });
  return { kind: "flow", node: node.name, batch, dims, factors: dims, order };
}

/** Whether the first extent is the batch: if it is dynamic, 1, or before an image. Otherwise the graph decides. */
export function batchOf(info: ValueInfoProto): "first" | "none" | "either" {
  const type = info.type?.value;
  const extents = type?.case === "tensorType" ? (type.value.shape?.dim ?? []) : [];
  if (extents.length < 2) return "none";
  const { case: kind, value } = extents[0].value;
  return kind !== "dimValue" || value <= 1n || extents.length === 4 ? "first" : "either";
}

const passing = new Set(["Identity", "Cast", "Dropout", "Add", "Sub", "Mul", "Div", "Relu", "Clip"]);

/**
 * Images are channels first, as in ONNX, unless the graph starts with a Transpose to channels first, or flattens an
 * image whose last extent looks like channels. A matrix is a gray image, unless a layer reads it as a sequence.
 */
export function likelyLayout(proto: GraphProto, info: ValueInfoProto): InputLayout {
  const type = info.type?.value;
  const dims = type?.case === "tensorType" ? (type.value.shape?.dim ?? []) : [];
  const extents = dims
    .slice(1)
    .map((dimension) => (dimension.value.case === "dimValue" ? Number(dimension.value.value) : 0));
  return extents.length === 3 && !isChannelsLast(proto, info.name, extents) ? "channelsFirst" : "channelsLast";
}

function isChannelsLast(proto: GraphProto, input: string, dims: readonly number[]): boolean {
  const reached = new Set([input]);
  for (const node of proto.node) {
    if (!node.input.some((name) => reached.has(name))) continue;
    if (passing.has(node.opType)) node.output.forEach((name) => reached.add(name));
    else if (node.opType === "Transpose")
      return String(node.attribute.find(({ name }) => name === "perm")?.ints) === "0,3,1,2";
    else if (node.opType === "Reshape" || node.opType === "Flatten") return dims[2] <= 4 && dims[0] > 4;
    else if (node.opType !== "Shape") return false;
  }
  return false;
}
