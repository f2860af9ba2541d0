// Reads ONNX models as ReLU networks.
import { fromBinary } from "@bufbuild/protobuf";
import { openBudget, type Budget, type ReadBudget } from "../../budget.ts";
import { checkBytes, checkOptions, checkString, checkStrings, describe } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { checkConvention, checkReluNetwork } from "../../relu/check.ts";
import { conventionFor, type InputConvention, type ReluNetwork, type ReluNode } from "../../relu/network.ts";
import { quoted } from "../../text.ts";
import { warn } from "../../warn.ts";
import { parseDescription, type ModelDescription } from "../description.ts";
import { parseJson } from "../json.ts";
import { externalLocation, isExternal, type ExternalFiles } from "./constants.ts";
import type { Graph } from "./graph.ts";
import { batchOf, likelyLayout } from "./input.ts";
import { metadataKey } from "./metadata.ts";
import { ModelProtoSchema, type GraphProto, type ModelProto, type ValueInfoProto } from "./onnx_pb.ts";
import { Reading } from "./reading.ts";

export interface ReadOnnxOptions {
  /** Default: the graph's name. */
  readonly name?: string;
  /** Default: the convention that `writeOnnx` stored in the file, or pixels / 255; RGB, or gray for one channel. */
  readonly convention?: InputConvention;
  /** Default: the names that `writeOnnx` stored in the file. */
  readonly classes?: readonly string[];
  /** The files named by `externalFiles`, if the weights are not in the model itself. */
  readonly files?: ExternalFiles;
  /** Whether the first extent of the input, if it is fixed and not 1, is the batch. Default: the graph decides. */
  readonly batch?: boolean;
  readonly budget?: ReadBudget | Budget;
}

const oldestOpset = 7;

/**
 * Reads an ONNX model (opset 7 or newer) as a ReLU network, channels last. Constants are folded, unused nodes left out.
 * @throws {LlifError} UNSUPPORTED listing every node that is not supported, with their names in `nodes`; FORMAT, SHAPE
 * or ARGUMENT for a corrupt file or one beyond the budget, shapes that do not fit, or weights that are not finite; FILE
 * for weights beside the model that are not in `files`.
 */
export function readOnnx(source: Uint8Array | ArrayBuffer | DataView, options: ReadOnnxOptions = {}): ReluNetwork {
  const bytes = checkBytes("ONNX file", source);
  // The result of parseDescription can be passed as options; its accuracy is ignored.
  checkOptions<ReadOnnxOptions & Pick<ModelDescription, "accuracy">>("readOnnx", options, {
    name: true,
    convention: true,
    classes: true,
    files: true,
    batch: true,
    budget: true,
    accuracy: true,
  });
  const { name, convention, classes, files } = options;
  if (name !== undefined) checkString("readOnnx: name", name);
  if (convention !== undefined) checkConvention("readOnnx: convention", convention);
  if (classes !== undefined) checkStrings("readOnnx: classes", classes);
  if (files !== undefined && typeof (files as Partial<typeof files> | null)?.get !== "function")
    throw new LlifError("ARGUMENT", `readOnnx: files: expected a Map of bytes, got ${describe(files)}`);
  const budget = openBudget(bytes.length, options.budget);
  const model = decodeModel(bytes);
  const proto = model.graph;
  if (proto === undefined || proto.node.length === 0)
    throw new LlifError("FORMAT", "ONNX file: expected a graph with nodes, got none");
  const opset = readOpset(model);
  budget.take("nodes", proto.node.length, "ONNX graph");
  const { graph, outputs } = readGraph(proto, opset, options.files ?? new Map(), budget, options.batch);
  const nodes = liveNodes(graph.nodes, outputs);
  const input = nodes.find((node) => node.kind === "input");
  const noted = readNote(model, budget);
  return checkReluNetwork({
    name: options.name ?? (proto.name === "" ? "network" : proto.name),
    nodes,
    outputs,
    convention: options.convention ?? noted?.convention ?? conventionFor(input?.shape ?? []),
    classes: options.classes ?? noted?.classes ?? [],
  });
}

/**
 * Paths, relative to the model, of the files with external weights.
 * @throws {LlifError} FORMAT for a corrupt file, or for a path that leaves the model's folder.
 */
export function externalFiles(bytes: Uint8Array | ArrayBuffer | DataView): string[] {
  const tensors = decodeModel(bytes).graph?.initializer ?? [];
  return [...new Set(tensors.filter(isExternal).map(externalLocation))];
}

/**
 * Reads the graph with the likely layout of its input, or else with the other one. A fixed first extent other than 1 is
 * the batch if the graph treats all samples alike; if it mixes them, reading with a batch fails.
 */
function readGraph(
  proto: GraphProto,
  opset: number,
  files: ExternalFiles,
  budget: Budget,
  batch: boolean | undefined,
): { graph: Graph; outputs: string[] } {
  const info = inputInfo(proto);
  const likely = likelyLayout(proto, info);
  const found = batch ?? batchOf(info);
  const batches = found === "either" ? [true, false] : [found === "first" || found === true];
  const layouts =
    likely === "channelsFirst"
      ? (["channelsFirst", "channelsLast"] as const)
      : (["channelsLast", "channelsFirst"] as const);
  let first: LlifError | undefined;
  for (const counted of batches) {
    for (const layout of layouts) {
      try {
        const read = new Reading(proto, opset, files, budget).run(info, layout, counted);
        if (found === "either" && counted)
          warn(
            `input ${quoted(info.name)}: its first extent, ${read.graph.batchSize}, is taken to count samples; if it is part of a sample, set batch to false (--batch no)`,
          );
        return read;
      } catch (error) {
        if (!(error instanceof LlifError)) throw error;
        first ??= error;
        // The layout only decides what is supported; the batch also decides which shapes fit.
        if (error.code !== "UNSUPPORTED") break;
      }
    }
  }
  throw first ?? new LlifError("FORMAT", "ONNX file: cannot be read");
}

/** The model's only input. */
function inputInfo(proto: GraphProto): ValueInfoProto {
  const names = new Set(proto.initializer.map((tensor) => tensor.name));
  const inputs = proto.input.filter((input) => !names.has(input.name));
  if (inputs.length !== 1) {
    throw new LlifError(
      "UNSUPPORTED",
      `ONNX graph: expected one input, got ${inputs.length}${
        inputs.length === 0
          ? ""
          : ` (${inputs
              .slice(0, 8)
              .map((input) => quoted(input.name))
              .join(", ")})`
      }`,
    );
  }
  return inputs[0];
}

/** Whether the bytes are a protocol buffer with an ONNX graph. */
export function isOnnx(source: Uint8Array | ArrayBuffer | DataView): boolean {
  const bytes = checkBytes("isOnnx: bytes", source);
  try {
    return (decodeModel(bytes).graph?.node.length ?? 0) > 0;
  } catch {
    return false;
  }
}

function decodeModel(source: Uint8Array | ArrayBuffer | DataView): ModelProto {
  const bytes = checkBytes("ONNX file", source);
  if (bytes.length === 0) throw new LlifError("FORMAT", "ONNX file: expected a model, got an empty file");
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LlifError("FORMAT", `ONNX file: truncated or corrupt (${bytes.length} bytes): ${reason}`, { cause });
  }
}

/** The model description that `writeOnnx` stored in the metadata. */
function readNote(model: ModelProto, budget: Budget): ModelDescription | undefined {
  const note = model.metadataProps.find(({ key }) => key === metadataKey)?.value;
  if (note === undefined) return undefined;
  try {
    return parseDescription(parseJson(note, "description", budget));
  } catch (cause) {
    throw new LlifError(
      "FORMAT",
      `ONNX file: metadata "${metadataKey}": ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

function readOpset(model: ModelProto): number {
  const version = model.opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx")?.version;
  if (version === undefined)
    throw new LlifError("FORMAT", "ONNX file: expected a version of the default operator set, got none");
  if (version < BigInt(oldestOpset)) {
    throw new LlifError(
      "UNSUPPORTED",
      `ONNX file: expected operator set ${oldestOpset} or newer, got ${version}; convert it with onnx.version_converter`,
    );
  }
  return Number(version);
}

/** Nodes from which an output can be reached, and the input. */
function liveNodes(nodes: readonly ReluNode[], outputs: readonly string[]): ReluNode[] {
  const live = new Set(outputs);
  for (const node of [...nodes].reverse()) {
    if (live.has(node.name)) node.from.forEach((name) => live.add(name));
  }
  return nodes.filter((node) => live.has(node.name) || node.kind === "input");
}
