import { fromBinary } from "@bufbuild/protobuf";
import { LlifError } from "../../errors.ts";
import { channelsOf, sizeOf } from "../../tensor.ts";
import { checkReluNetwork } from "../../relu/check.ts";
import { defaultConvention, type InputConvention, type ReluNetwork, type ReluNode } from "../../relu/network.ts";
import { parseDescription, type ModelDescription } from "../description.ts";
import { Attributes, Refusal } from "./attributes.ts";
import { readTensor } from "./constants.ts";
import { Graph, inNaturalShape, type Call, type Value } from "./graph.ts";
import { addInput } from "./input.ts";
import { normalForm } from "./layout.ts";
import { ModelProtoSchema, type GraphProto, type ModelProto, type NodeProto } from "./onnx_pb.ts";
import { alternatives, operators } from "./operators.ts";
import { metadataKey } from "./metadata.ts";

export interface ReadOnnxOptions {
  /** Default: the graph's name. */
  readonly name?: string;
  /** Default: as `writeOnnx` noted it in the file, else pixels / 255; RGB, or gray for one channel. */
  readonly convention?: InputConvention;
  /** Default: as `writeOnnx` noted them in the file. */
  readonly classes?: readonly string[];
}

const oldestOpset = 7;

/**
 * Reads an ONNX model (opset 7 or newer) as a ReLU network, channels last. Constants are folded; nodes that no output needs are left out.
 * @throws {LlifError} UNSUPPORTED listing every node that is not supported, its names in `nodes`; FORMAT, SHAPE or ARGUMENT for a
 * file that is broken, shapes that do not fit, or weights that are not finite.
 */
export function readOnnx(bytes: Uint8Array, options: ReadOnnxOptions = {}): ReluNetwork {
  const model = decodeModel(bytes);
  const proto = model.graph;
  if (proto === undefined || proto.node.length === 0) throw new LlifError("FORMAT", "ONNX file: expected a graph with nodes, got none");
  const opset = readOpset(model);
  const reading = new Reading(proto, opset);
  const { graph, outputs } = reading.run();
  const nodes = liveNodes(graph.nodes, outputs);
  const input = nodes.find((node) => node.kind === "input");
  const noted = readNote(model);
  const gray = input !== undefined && channelsOf(input.shape) === 1;
  return checkReluNetwork({
    name: options.name ?? (proto.name === "" ? "network" : proto.name),
    nodes,
    outputs,
    convention: options.convention ?? noted?.convention ?? (gray ? { ...defaultConvention, channelOrder: "gray" } : defaultConvention),
    classes: options.classes ?? noted?.classes ?? [],
  });
}

/** Whether the bytes are a protocol buffer with an ONNX graph. */
export function isOnnx(bytes: Uint8Array): boolean {
  try {
    return (decodeModel(bytes).graph?.node.length ?? 0) > 0;
  } catch {
    return false;
  }
}

function decodeModel(bytes: Uint8Array): ModelProto {
  if (bytes.length === 0) throw new LlifError("FORMAT", "ONNX file: expected a model, got an empty file");
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LlifError("FORMAT", `ONNX file: truncated or corrupt (${bytes.length} bytes): ${reason}`, { cause });
  }
}

/** What `writeOnnx` noted of the network that an ONNX graph has no place for. */
function readNote(model: ModelProto): ModelDescription | undefined {
  const note = model.metadataProps.find(({ key }) => key === metadataKey)?.value;
  if (note === undefined) return undefined;
  try {
    return parseDescription(JSON.parse(note));
  } catch (cause) {
    throw new LlifError("FORMAT", `ONNX file: metadata "${metadataKey}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function readOpset(model: ModelProto): number {
  const version = model.opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx")?.version;
  if (version === undefined) throw new LlifError("FORMAT", "ONNX file: expected a version of the default operator set, got none");
  if (version < BigInt(oldestOpset)) {
    throw new LlifError("UNSUPPORTED", `ONNX file: expected operator set ${oldestOpset} or newer, got ${version}; convert it with onnx.version_converter`);
  }
  return Number(version);
}

/** One pass over the nodes of a graph in the file's order. */
class Reading {
  readonly #proto: GraphProto;
  readonly #opset: number;
  readonly #graph = new Graph();
  /** `undefined` for a value that depends on a refused node. */
  readonly #values = new Map<string, Value | undefined>();
  readonly #readers = new Map<string, number>();
  readonly #refusals: { name: string; label: string; reason: string }[] = [];
  #failure: LlifError | undefined;

  constructor(proto: GraphProto, opset: number) {
    this.#proto = proto;
    this.#opset = opset;
  }

  run(): { graph: Graph; outputs: string[] } {
    const live = this.#liveProtos();
    if (this.#proto.sparseInitializer.length > 0) throw new LlifError("UNSUPPORTED", "ONNX file: sparse initialisers are not read; save them dense");
    this.#readInitializers(live);
    this.#readInput();
    for (const name of [...live.flatMap((node) => node.input), ...this.#proto.output.map((output) => output.name)]) {
      this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
    }
    const produced = new Set(live.flatMap((node) => node.output));
    for (const node of live) this.#readNode(node, produced);
    if (this.#refusals.length > 0) {
      const lines = this.#refusals.map(({ label, reason }) => `  ${label}: ${reason}`).join("\n");
      const count = this.#refusals.length;
      throw new LlifError("UNSUPPORTED", `${count} ${count === 1 ? "node is" : "nodes are"} not supported:\n${lines}`, {
        nodes: this.#refusals.map(({ name }) => name),
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
    return { graph: this.#graph, outputs: this.#proto.output.map((output) => this.#outputNode(output.name)) };
  }

  /** Nodes that some output needs; the others change nothing. */
  #liveProtos(): NodeProto[] {
    const producers = new Map<string, NodeProto>();
    for (const node of this.#proto.node) {
      for (const name of node.output) {
        if (name === "") continue;
        if (producers.has(name)) throw new LlifError("FORMAT", `ONNX graph: expected each value computed once, got "${name}" from two nodes`);
        producers.set(name, node);
      }
    }
    const needed = new Set<NodeProto>();
    const open = this.#proto.output.map((output) => output.name);
    if (open.length === 0) throw new LlifError("FORMAT", "ONNX graph: expected at least one output, got none");
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      const node = producers.get(name);
      if (node === undefined || needed.has(node)) continue;
      needed.add(node);
      open.push(...node.input);
    }
    return this.#proto.node.filter((node) => needed.has(node));
  }

  #readInitializers(live: readonly NodeProto[]): void {
    const needed = new Set(live.flatMap((node) => node.input));
    for (const tensor of this.#proto.initializer) {
      if (needed.has(tensor.name)) this.#values.set(tensor.name, readTensor(tensor));
    }
  }

  #readInput(): void {
    const names = new Set(this.#proto.initializer.map((tensor) => tensor.name));
    const inputs = this.#proto.input.filter((input) => !names.has(input.name));
    if (inputs.length !== 1) {
      throw new LlifError("UNSUPPORTED", `ONNX graph: expected one input, got ${inputs.length}${inputs.length === 0 ? "" : ` (${inputs.map((input) => input.name).join(", ")})`}`);
    }
    this.#values.set(inputs[0].name, addInput(this.#graph, this.#proto, inputs[0]));
  }

  #readNode(node: NodeProto, produced: ReadonlySet<string>): void {
    const shownName = node.name === "" ? (node.output[0] ?? "") : node.name;
    const operator = node.domain === "" || node.domain === "ai.onnx" ? node.opType : `${node.domain}.${node.opType}`;
    const label = `"${shownName}" (${operator})`;
    const place = `node ${label}`;
    let result: Value | undefined;
    try {
      const convert = operators.get(operator);
      if (convert === undefined) {
        const alternative = alternatives.get(operator);
        throw new Refusal(`operator ${operator} is not supported${alternative === undefined ? "" : `; ${alternative}`}`);
      }
      const inputs = node.input.map((name) => (name === "" ? undefined : this.#valueOf(name, place, produced)));
      const known = node.input.every((name) => name === "" || this.#values.get(name) !== undefined);
      if (known) {
        const attributes = new Attributes(node, place);
        const used = node.output.map((name) => (this.#readers.has(name) ? name : ""));
        const soleReader = this.#readers.get(node.input.find((name) => this.#values.get(name)?.kind === "flow") ?? "") === 1;
        const call: Call = { name: this.#freeName(shownName), place, operator, inputs, attributes, opset: this.#opset, graph: this.#graph, used, soleReader };
        result = convert(call);
      }
    } catch (error) {
      if (error instanceof Refusal) this.#refusals.push({ name: shownName, label, reason: error.message });
      else if (error instanceof LlifError) this.#failure ??= error.nodes.length > 0 ? error : new LlifError(error.code, error.message, { nodes: [shownName], cause: error });
      else throw error;
    }
    node.output.forEach((name, position) => {
      if (name !== "") this.#values.set(name, position === 0 ? result : undefined);
    });
  }

  #valueOf(name: string, place: string, produced: ReadonlySet<string>): Value | undefined {
    if (!this.#values.has(name)) {
      const reason = produced.has(name) ? "is computed only behind it (a cycle, or nodes out of order)" : "is neither an input, an initialiser nor computed";
      throw new LlifError("FORMAT", `${place}: its input "${name}" ${reason}`);
    }
    return this.#values.get(name);
  }

  #freeName(wanted: string): string {
    let name = wanted === "" ? "node" : wanted;
    for (let number = 2; this.#graph.has(name); number++) name = `${wanted}_${number}`;
    return name;
  }

  #outputNode(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined) throw new LlifError("FORMAT", `output "${name}": expected a value of the graph, got none`);
    if (value.kind === "constant") throw new LlifError("UNSUPPORTED", `output "${name}" is a constant`, { nodes: [name] });
    const real = value.dims.filter((extent) => extent !== 1).length;
    if (real <= 1 && normalForm(value.factors, value.order).factors.length > 1) {
      throw new LlifError("UNSUPPORTED", `output "${name}" is a flattened image; end at the image or at dense logits`, { nodes: [name] });
    }
    return real <= 1 ? this.#graph.inShape(value, [sizeOf(value.dims)]) : inNaturalShape(this.#graph, value);
  }
}

/** Nodes from which an output can be reached, and the input. */
function liveNodes(nodes: readonly ReluNode[], outputs: readonly string[]): ReluNode[] {
  const live = new Set(outputs);
  for (const node of [...nodes].reverse()) {
    if (live.has(node.name)) node.from.forEach((name) => live.add(name));
  }
  return nodes.filter((node) => live.has(node.name) || node.kind === "input");
}
