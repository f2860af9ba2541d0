// Rows of the public API: files and data.
import { readFileSync } from "node:fs";
import * as llif from "../../../ts/index.ts";
import * as onnx from "../../../ts/formats/onnx/index.ts";
import { optional, options, required } from "../values.ts";
import { data, image, onProgress, phase, relu, relus, row, type Row, signal, spiking } from "./shared.ts";

const stateDict = readFileSync("test/formats/fixtures/pytorch-zip.pth");
const convention = { scale: 1, mean: [0], std: [1], channelOrder: "gray" } as const;
const place = optional("place", "string", "file");

export const files: readonly Row[] = [
  row("readLlif", llif.readLlif, required("bytes", "bytes", llif.writeLlif(phase)), place),
  row("writeLlif", llif.writeLlif, spiking),
  row(
    "loadModel",
    llif.loadModel,
    required("source", "string", onnx.writeOnnx(relu)),
    options([optional("description", "record"), optional("readBeside", "function"), signal, onProgress]),
  ),
  row("parseDescription", llif.parseDescription, required("json", "record", {})),
  row("readStateDict", llif.readStateDict, required("bytes", "bytes", stateDict), place),
  row("detectFormat", llif.detectFormat, required("bytes", "bytes", new Uint8Array(9))),
  row(
    "readModel",
    llif.readModel,
    required("bytes", "choice", onnx.writeOnnx(relu)),
    optional("fileName", "string", "m.onnx"),
    optional("description", "record"),
    optional("readBeside", "function"),
  ),
  row(
    "readOnnx",
    onnx.readOnnx,
    required("bytes", "bytes", onnx.writeOnnx(relu)),
    options([
      optional("name", "string", "n"),
      optional("convention", "object"),
      optional("classes", "strings", []),
      optional("files", "choice", new Map(), ["a Map"]),
    ]),
  ),
  row("writeOnnx", onnx.writeOnnx, relus),
  row("isOnnx", onnx.isOnnx, required("bytes", "bytes", new Uint8Array(9))),
  row("externalFiles", onnx.externalFiles, required("bytes", "bytes", onnx.writeOnnx(relu))),
  row("contentHash", llif.contentHash, required("dataset", "object", data)),
  row(
    "imageDataset",
    llif.imageDataset,
    options([
      required("name", "string", "d"),
      required("split", "choice", "test"),
      required("shape", "object", [1, 1, 3]),
      required("images", "object", new Uint8Array(3), ["a Uint8Array"]),
      required("labels", "object", Uint8Array.of(0), ["null"]),
      required("classes", "strings", ["a"]),
    ]),
  ),
  row("sample", llif.sample, required("dataset", "object", data), required("index", "index", 1)),
  row(
    "slice",
    llif.slice,
    required("dataset", "object", data),
    required("from", "index", 1),
    optional("to", "count", 3),
  ),
  row(
    "readIdx",
    llif.readIdx,
    required("bytes", "bytes", llif.writeIdx({ shape: [2], data: new Uint8Array(2) })),
    place,
  ),
  row("writeIdx", llif.writeIdx, required("array", "object", { shape: [2], data: new Uint8Array(2) })),
  row(
    "datasetFromIdx",
    llif.datasetFromIdx,
    required("images", "choice", llif.writeIdx({ shape: [1, 2, 2], data: new Uint8Array(4) })),
    required("labels", "choice", llif.writeIdx({ shape: [1], data: new Uint8Array(1) })),
    options([
      required("name", "string", "d"),
      required("split", "choice", "test"),
      required("classes", "strings", ["a"]),
    ]),
  ),
  row(
    "readNpy",
    llif.readNpy,
    required("bytes", "bytes", llif.writeNpy({ shape: [2], data: new Uint8Array(2) })),
    place,
  ),
  row("writeNpy", llif.writeNpy, required("array", "object", { shape: [2], data: new Uint8Array(2) })),
  row(
    "readNpz",
    llif.readNpz,
    required("bytes", "bytes", llif.writeNpz([["a", { shape: [2], data: new Uint8Array(2) }]])),
    place,
  ),
  row(
    "writeNpz",
    llif.writeNpz,
    required("arrays", "array", [["a", { shape: [2], data: new Uint8Array(2) }]], ["a Map"]),
  ),
  row(
    "prepareDataset",
    llif.prepareDataset,
    required("dataset", "object", data),
    required("convention", "object", convention),
    required("shape", "object", [2, 2, 1]),
  ),
  row(
    "prepareImage",
    llif.prepareImage,
    required("image", "object", { shape: [2, 2, 1], data: image }),
    required("convention", "object", { channelOrder: "gray" }),
    required("shape", "object", [2, 2, 1]),
    place,
  ),
  row(
    "sampleOf",
    llif.sampleOf,
    optional("place", "anything", "input"),
    required("input", "numbers", image),
    required("layout", "numbers", [2, 2, 1]),
  ),
  row(
    "samplesOf",
    llif.samplesOf,
    optional("place", "anything", "input"),
    required("samples", "object", { shape: [1, 2, 2, 1], data: image }),
    required("layout", "numbers", [2, 2, 1]),
  ),
];
