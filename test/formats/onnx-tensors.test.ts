// ONNX tensors of every type and storage.
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { openBudget } from "../../ts/budget.ts";
import { LlifError } from "../../ts/errors.ts";
import { readTensor } from "../../ts/formats/onnx/constants.ts";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import {
  TensorProto_DataLocation,
  TensorProto_DataType as Type,
  TensorProtoSchema,
} from "../../ts/formats/onnx/onnx_pb.ts";
import { forward } from "../../ts/relu/forward.ts";
import { model, node, type Initializer } from "./graphs.ts";
import { runOrt } from "./ort.ts";
import { largestDifference } from "./random.ts";

const read = (tensor: Initializer): number[] => [
  ...readTensor(create(TensorProtoSchema, { name: "t", ...tensor }), { files: new Map(), budget: openBudget(0) }).data,
];

function messageOf(tensor: Initializer): string {
  try {
    read(tensor);
  } catch (error) {
    if (error instanceof LlifError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "no error";
}

/** Bytes of the elements, little endian. */
function raw(
  bytes: number,
  values: readonly number[],
  write: (view: DataView, offset: number, value: number) => void,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * bytes));
  values.forEach((value, index) => write(view, index * bytes, value));
  return new Uint8Array(view.buffer);
}

describe("readTensor", () => {
  it.each<[string, Initializer, number[]]>([
    ["float", { dataType: Type.FLOAT, floatData: [1.5, -2] }, [1.5, -2]],
    ["double", { dataType: Type.DOUBLE, doubleData: [0.1, -2] }, [0.1, -2]],
    ["int64", { dataType: Type.INT64, int64Data: [-1n, 7n] }, [-1, 7]],
    ["uint64", { dataType: Type.UINT64, uint64Data: [3n, 7n] }, [3, 7]],
    ["int32", { dataType: Type.INT32, int32Data: [-5, 5] }, [-5, 5]],
    ["int8", { dataType: Type.INT8, int32Data: [-5, 127] }, [-5, 127]],
    ["uint8", { dataType: Type.UINT8, int32Data: [5, 255] }, [5, 255]],
    ["float16", { dataType: Type.FLOAT16, int32Data: [0x3c00, 0xc580] }, [1, -5.5]],
    ["bfloat16", { dataType: Type.BFLOAT16, int32Data: [0x3f80, 0xc0b0] }, [1, -5.5]],
    [
      "raw float",
      { dataType: Type.FLOAT, rawData: raw(4, [1.5, -2], (view, at, value) => view.setFloat32(at, value, true)) },
      [1.5, -2],
    ],
    [
      "raw double",
      { dataType: Type.DOUBLE, rawData: raw(8, [0.1, -2], (view, at, value) => view.setFloat64(at, value, true)) },
      [0.1, -2],
    ],
    [
      "raw float16",
      {
        dataType: Type.FLOAT16,
        rawData: raw(2, [0x0001, 0x7bff], (view, at, value) => view.setUint16(at, value, true)),
      },
      [2 ** -24, 65504],
    ],
    [
      "raw bfloat16",
      {
        dataType: Type.BFLOAT16,
        rawData: raw(2, [0x4000, 0xbf00], (view, at, value) => view.setUint16(at, value, true)),
      },
      [2, -0.5],
    ],
    [
      "raw int64",
      {
        dataType: Type.INT64,
        rawData: raw(8, [-1, 9], (view, at, value) => view.setBigInt64(at, BigInt(value), true)),
      },
      [-1, 9],
    ],
    [
      "raw int32",
      { dataType: Type.INT32, rawData: raw(4, [-1, 9], (view, at, value) => view.setInt32(at, value, true)) },
      [-1, 9],
    ],
    [
      "raw int16",
      { dataType: Type.INT16, rawData: raw(2, [-1, 9], (view, at, value) => view.setInt16(at, value, true)) },
      [-1, 9],
    ],
    ["raw int8", { dataType: Type.INT8, rawData: Uint8Array.of(0xff, 9) }, [-1, 9]],
    ["raw uint8", { dataType: Type.UINT8, rawData: Uint8Array.of(0xff, 9) }, [255, 9]],
  ])("reads %s", (_, tensor, expected) => {
    expect(read({ dims: [2n], ...tensor })).toEqual(expected);
  });

  it("reads raw data at any alignment", () => {
    const bytes = raw(4, [0, 1.5, 2.5], (view, at, value) => view.setFloat32(at, value, true));
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(read({ dims: [2n], dataType: Type.FLOAT, rawData: shifted.subarray(5) })).toEqual([1.5, 2.5]);
  });

  it.each<[string, Initializer, string]>([
    [
      "too few values",
      { dims: [3n], dataType: Type.FLOAT, floatData: [1] },
      'FORMAT: tensor "t": expected 3 values for shape [3], got 1',
    ],
    [
      "too few bytes",
      { dims: [3n], dataType: Type.FLOAT, rawData: new Uint8Array(11) },
      'FORMAT: tensor "t": expected 12 bytes of raw data, got 11',
    ],
    ["a negative extent", { dims: [-3n], dataType: Type.FLOAT }, 'SHAPE: tensor "t": expected extents from 0'],
    ["a huge shape", { dims: [1n << 20n, 1n << 20n], dataType: Type.FLOAT }, 'SHAPE: tensor "t": expected at most'],
    [
      "strings",
      { dims: [1n], dataType: Type.STRING, stringData: [Uint8Array.of(65)] },
      'UNSUPPORTED: tensor "t": element type STRING is not read',
    ],
    [
      "an unknown type",
      { dims: [1n], dataType: 99, rawData: Uint8Array.of(65) },
      'UNSUPPORTED: tensor "t": element type 99 is not read',
    ],
    [
      "external data without a place",
      { dims: [1n], dataType: Type.FLOAT, dataLocation: TensorProto_DataLocation.EXTERNAL },
      'FORMAT: tensor "t": expected the location of its external data, got none',
    ],
  ])("refuses %s", (_, tensor, expected) => {
    expect(messageOf(tensor)).toContain(expected);
  });
});

describe("weights of other types", () => {
  it("float16 weights behind a Cast compute as in onnxruntime-web", async () => {
    const bits = [0x3c00, 0xb800, 0x2e66, 0x4248, 0x8001, 0x3555];
    const weights = {
      name: "w",
      dims: [3n, 2n],
      dataType: Type.FLOAT16,
      rawData: raw(2, bits, (view, at, value) => view.setUint16(at, value, true)),
    };
    const bytes = model([node("Cast", ["w"], "w32", { to: Type.FLOAT }), node("MatMul", ["x", "w32"], "y")], {
      input: ["N", 3],
      initializers: [weights],
    });
    const input = Float32Array.of(1, 2, -3);
    const network = readOnnx(bytes);
    const ort = await runOrt(bytes, input);
    expect(largestDifference(forward(network, input).get(network.outputs[0]) ?? [], ort.data)).toBeLessThan(1e-6);
  });

  it("Constant nodes hold weights too", async () => {
    const constant = {
      ...node("Constant", [], "w"),
      attribute: [{ name: "value", type: 4, t: { dims: [2n, 1n], dataType: Type.FLOAT, floatData: [2, 3] } }],
    };
    const network = readOnnx(
      model([constant as ReturnType<typeof node>, node("MatMul", ["x", "w"], "y")], { input: ["N", 2] }),
    );
    expect(forward(network, [10, 100]).get(network.outputs[0])).toEqual(Float32Array.of(320));
  });
});
