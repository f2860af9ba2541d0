// Builders of small hostile files.
import { create, toBinary } from "@bufbuild/protobuf";
import { LlifError } from "../../ts/errors.ts";
import { ModelProtoSchema, TensorProto_DataLocation, TensorProto_DataType } from "../../ts/formats/onnx/onnx_pb.ts";

/** A safetensors container of any header. */
export function safetensors(header: string, payload = new Uint8Array(0)): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + payload.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(payload, 8 + json.length);
  return bytes;
}

/** An ONNX model x · c whose c lies in a file beside it. */
export function withExternalData(location: string): Uint8Array {
  const tensorType = {
    case: "tensorType" as const,
    value: {
      elemType: TensorProto_DataType.FLOAT,
      shape: { dim: [1n, 2n].map((value) => ({ value: { case: "dimValue" as const, value } })) },
    },
  };
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: "", version: 17n }],
      graph: {
        name: "g",
        node: [{ opType: "Mul", input: ["x", "c"], output: ["y"] }],
        initializer: [
          {
            name: "c",
            dims: [2n],
            dataType: TensorProto_DataType.FLOAT,
            dataLocation: TensorProto_DataLocation.EXTERNAL,
            externalData: [{ key: "location", value: location }],
          },
        ],
        input: [{ name: "x", type: { value: tensorType } }],
        output: [{ name: "y", type: { value: tensorType } }],
      },
    }),
  );
}

const text = (value: string): number[] => Array.from(value, (letter) => letter.charCodeAt(0));
const uint32 = (value: number): number[] => [
  value & 255,
  (value >> 8) & 255,
  (value >> 16) & 255,
  (value >>> 24) & 255,
];

/** Pickle opcodes, protocol 2. */
export const pickle = {
  of: (...parts: readonly number[][]): Uint8Array => Uint8Array.from([0x80, 2, ...parts.flat(), 0x2e]),
  global: (name: string): number[] => text(`c${name.replace(/\.([^.]*)$/, "\n$1")}\n`),
  string: (value: string): number[] => [0x58, ...uint32(value.length), ...text(value)],
  /** Up to 2^48. */
  integer: (value: number): number[] => [
    0x8a,
    8,
    ...Array.from({ length: 8 }, (_, byte) => Math.floor(value / 256 ** byte) % 256),
  ],
  tuple: (...parts: readonly number[][]): number[] => [0x28, ...parts.flat(), 0x74],
  dictionary: (...parts: readonly number[][]): number[] => [0x7d, 0x28, ...parts.flat(), 0x75],
  call: (global: string, values: readonly number[]): number[] => [...pickle.global(global), ...values, 0x52],
  /** A tensor of the storage "0", of 4 numbers. */
  tensor: (shape: readonly number[], strides: readonly number[]): number[] => {
    const storage = [
      ...pickle.tuple(
        pickle.string("storage"),
        pickle.global("torch.FloatStorage"),
        pickle.string("0"),
        pickle.string("cpu"),
        pickle.integer(4),
      ),
      0x51,
    ];
    const sizes = (list: readonly number[]): number[] => pickle.tuple(...list.map(pickle.integer));
    return pickle.call(
      "torch._utils._rebuild_tensor_v2",
      pickle.tuple(storage, pickle.integer(0), sizes(shape), sizes(strides), [0x89], [0x4e]),
    );
  },
};

/** `CODE: message` of an `LlifError`; anything else is thrown on. */
export async function refusal(body: () => unknown): Promise<string> {
  try {
    await body();
  } catch (error) {
    if (error instanceof LlifError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "accepted";
}
