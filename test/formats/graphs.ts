// Builds ONNX models in memory.
import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as Type,
  type AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  TensorProto_DataType,
  type TensorProtoSchema,
} from "../../ts/formats/onnx/onnx_pb.ts";

export type Attribute = MessageInitShape<typeof AttributeProtoSchema>;
export type Node = MessageInitShape<typeof NodeProtoSchema>;
export type Initializer = MessageInitShape<typeof TensorProtoSchema>;
export type Extent = number | string;

export interface GraphOptions {
  readonly input: readonly Extent[];
  readonly output?: string;
  readonly initializers?: readonly Initializer[];
  readonly opset?: number;
  readonly inputType?: TensorProto_DataType;
}

/** An ONNX file made by hand: input "x", output "y" unless said otherwise. */
export function model(nodes: readonly Node[], options: GraphOptions): Uint8Array {
  const dim = options.input.map((extent) =>
    typeof extent === "string"
      ? { value: { case: "dimParam" as const, value: extent } }
      : { value: { case: "dimValue" as const, value: BigInt(extent) } },
  );
  const tensorType = (shape?: { dim: typeof dim }) => ({
    case: "tensorType" as const,
    value: { elemType: options.inputType ?? TensorProto_DataType.FLOAT, shape },
  });
  const outputType = { case: "tensorType" as const, value: { elemType: TensorProto_DataType.FLOAT } };
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 7n,
      opsetImport: [{ domain: "", version: BigInt(options.opset ?? 13) }],
      graph: {
        name: "made-by-hand",
        node: [...nodes],
        initializer: [...(options.initializers ?? [])],
        input: [{ name: "x", type: { value: tensorType({ dim }) } }],
        output: [{ name: options.output ?? "y", type: { value: outputType } }],
      },
    }),
  );
}

export function node(
  opType: string,
  input: readonly string[],
  output: string,
  attributes: Record<string, number | string | readonly number[]> = {},
  more: readonly Attribute[] = [],
): Node {
  const attribute = Object.entries(attributes).map(([name, value]): Attribute => {
    if (typeof value === "string") return { name, type: Type.STRING, s: new TextEncoder().encode(value) };
    if (typeof value !== "number") return { name, type: Type.INTS, ints: value.map(BigInt) };
    return { name, type: Type.INT, i: BigInt(value) };
  });
  return { opType, name: `${output}-node`, input: [...input], output: [output], attribute: [...attribute, ...more] };
}

export function floatAttribute(name: string, f: number): Attribute {
  return { name, type: Type.FLOAT, f };
}

export function floats(name: string, dims: readonly number[], values: ArrayLike<number>): Initializer {
  return { name, dims: dims.map(BigInt), dataType: TensorProto_DataType.FLOAT, floatData: Array.from(values) };
}

export function integers(name: string, dims: readonly number[], values: readonly number[]): Initializer {
  return { name, dims: dims.map(BigInt), dataType: TensorProto_DataType.INT64, int64Data: values.map(BigInt) };
}

/** A vector of any element type whose values are kept as 32-bit integers (bool: 9) or floats (1); one value is a scalar. */
export function typed(name: string, dataType: TensorProto_DataType, values: readonly number[]): Initializer {
  const dims = values.length === 1 ? [] : [BigInt(values.length)];
  return dataType === TensorProto_DataType.FLOAT
    ? { name, dims, dataType, floatData: [...values] }
    : { name, dims, dataType, int32Data: [...values] };
}
