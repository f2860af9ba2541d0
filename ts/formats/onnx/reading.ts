// Reads the nodes of an ONNX graph in one pass, builds the network and collects what is not supported.
import type { Budget } from "../../budget.ts";
import { LlifError } from "../../errors.ts";
import { sameShape as tensorsAlike, sizeOf, type Shape } from "../../tensor.ts";
import { quoted } from "../../text.ts";
import { Attributes, Refusal } from "./attributes.ts";
import { type ExternalFiles, readTensor } from "./constants.ts";
import { Graph, type Value } from "./graph.ts";
import { arranged } from "./image.ts";
import { addInput, type InputLayout } from "./input.ts";
import { type Flow, isAligned, nodeShape } from "./layout.ts";
import type { GraphProto, NodeProto, ValueInfoProto } from "./onnx_pb.ts";
import { alternatives, operators, sameShape } from "./operators.ts";

/** One pass over the nodes of a graph in the file's order. */
export class Reading {
  readonly #proto: GraphProto;
  readonly #opset: number;
  readonly #graph: Graph;
  /** `undefined` if the value depends on a refused node. */
  readonly #values = new Map<string, Value | undefined>();
  /** Number of readers of each value of the file. */
  readonly #readers = new Map<string, number>();
  /** Nodes whose value in the file is read more than once, or never. */
  readonly #shared = new Set<string>();
  readonly #refusals: { name: string; label: string; reason: string }[] = [];
  #failure: LlifError | undefined;

  constructor(proto: GraphProto, opset: number, files: ExternalFiles, budget: Budget) {
    this.#proto = proto;
    this.#opset = opset;
    this.#graph = new Graph(files, budget);
  }

  run(input: ValueInfoProto, layout: InputLayout, batch: boolean): { graph: Graph; outputs: string[] } {
    const live = this.#liveProtos();
    if (this.#proto.sparseInitializer.length > 0)
      throw new LlifError("UNSUPPORTED", "ONNX file: sparse initialisers are not read; save them dense");
    this.#readInitializers(live);
    this.#values.set(input.name, addInput(this.#graph, input, layout, batch));
    for (const name of [...live.flatMap(readNames), ...this.#proto.output.map((output) => output.name)]) {
      this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
    }
    const produced = new Set(
      live.flatMap((node) => [
        ...node.output,
        ...branchesOf(node).flatMap((branch) => branch.node.flatMap((inner) => inner.output)),
      ]),
    );
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

  /** Nodes that an output needs. */
  #liveProtos(): NodeProto[] {
    const producers = new Map<string, NodeProto>();
    for (const node of this.#proto.node) {
      for (const name of node.output) {
        if (name === "") continue;
        if (producers.has(name))
          throw new LlifError(
            "FORMAT",
            `ONNX graph: expected each value computed once, got ${quoted(name)} from two nodes`,
          );
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
      open.push(...readNames(node));
    }
    return this.#proto.node.filter((node) => needed.has(node));
  }

  #readInitializers(live: readonly NodeProto[]): void {
    const needed = new Set(live.flatMap(readNames));
    for (const tensor of this.#proto.initializer) {
      if (!needed.has(tensor.name)) continue;
      if (this.#values.has(tensor.name))
        throw new LlifError("FORMAT", `ONNX graph: expected each initialiser once, got ${quoted(tensor.name)} twice`);
      this.#values.set(tensor.name, undefined);
      this.#attempt(tensor.name, `${quoted(tensor.name)} (initialiser)`, () =>
        this.#values.set(tensor.name, readTensor(tensor, this.#graph)),
      );
    }
  }

  #readNode(node: NodeProto, produced: ReadonlySet<string>, depth = 0): void {
    const shownName = node.name === "" ? (node.output[0] ?? "") : node.name;
    const operator = node.domain === "" || node.domain === "ai.onnx" ? node.opType : `${node.domain}.${node.opType}`;
    const label = `${quoted(shownName)} (${quoted(operator).slice(1, -1)})`;
    const place = `node ${label}`;
    this.#graph.budget.checkTime(place);
    this.#graph.budget.checkDepth(depth, place);
    let results: readonly (Value | undefined)[] = [];
    const refused = this.#attempt(shownName, label, () => {
      if (operator === "If") {
        results = this.#readBranch(node, produced, depth);
        return;
      }
      const convert = operators.get(operator);
      if (convert === undefined) {
        const alternative = alternatives.get(operator);
        throw new Refusal(
          `operator ${quoted(operator).slice(1, -1)} is not supported${alternative === undefined ? "" : `; ${alternative}`}`,
        );
      }
      const inputs = node.input.map((name) => (name === "" ? undefined : this.#valueOf(name, place, produced)));
      if (node.input.some((name) => name !== "" && this.#values.get(name) === undefined)) return;
      const attributes = new Attributes(node, place);
      const used = node.output.map((name) => (this.#readers.has(name) ? name : ""));
      const call = {
        name: this.#graph.freeName(shownName),
        place,
        operator,
        inputs,
        attributes,
        opset: this.#opset,
        graph: this.#graph,
        used,
      };
      const result = convert({ ...call, soleReader: this.#isSoleReader(inputs) });
      results = isList(result) ? result : [result];
    });
    // The rest of the graph is checked as far as its shapes are known.
    if (refused && sameShape.has(operator))
      results = [node.input.map((name) => this.#values.get(name)).find((value) => value?.kind === "flow")];
    node.output.forEach((name, position) => {
      if (name === "") return;
      const result = results[position];
      this.#values.set(name, result);
      if (result?.kind === "flow" && this.#readers.get(name) !== 1) this.#shared.add(result.node);
    });
  }

  /** Chooses a branch by a condition on shapes, which PyTorch exports for a squeeze of an unknown extent. */
  #readBranch(node: NodeProto, produced: ReadonlySet<string>, depth: number): readonly (Value | undefined)[] {
    const condition = this.#values.get(node.input[0]);
    if (condition?.kind !== "constant" || Number.isNaN(condition.data[0]))
      throw new Refusal(
        "its condition depends on the input or on the batch size; export the model for inference, without branches",
      );
    const name = condition.data[0] !== 0 ? "then_branch" : "else_branch";
    const branch = node.attribute.find((attribute) => attribute.name === name)?.g;
    if (branch === undefined) throw new Refusal(`its ${name} is missing`);
    for (const tensor of branch.initializer) this.#values.set(tensor.name, readTensor(tensor, this.#graph));
    this.#graph.budget.take("nodes", branch.node.length, name);
    for (const inner of branch.node) this.#readNode(inner, produced, depth + 1);
    return branch.output.map((output) => this.#values.get(output.name));
  }

  /** Whether only this call reads the node of its first computed input, under any name. */
  #isSoleReader(inputs: readonly (Value | undefined)[]): boolean {
    const flow = inputs.find((value) => value?.kind === "flow");
    return flow?.kind === "flow" && !this.#shared.has(flow.node);
  }

  /** @returns whether `body` refused. */
  #attempt(name: string, label: string, body: () => void): boolean {
    try {
      body();
      return false;
    } catch (error) {
      if (error instanceof Refusal || (error instanceof LlifError && error.code === "UNSUPPORTED")) {
        this.#refusals.push({ name, label, reason: error.message });
        return true;
      }
      if (!(error instanceof LlifError)) throw error;
      this.#failure ??=
        error.nodes.length > 0 ? error : new LlifError(error.code, error.message, { nodes: [name], cause: error });
      return false;
    }
  }

  #valueOf(name: string, place: string, produced: ReadonlySet<string>): Value | undefined {
    if (!this.#values.has(name)) {
      const reason = produced.has(name)
        ? "is computed only behind it (a cycle, or nodes out of order)"
        : "is neither an input, an initialiser nor computed";
      throw new LlifError("FORMAT", `${place}: its input ${quoted(name)} ${reason}`);
    }
    return this.#values.get(name);
  }

  #outputNode(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined)
      throw new LlifError("FORMAT", `output ${quoted(name)}: expected a value of the graph, got none`);
    if (value.kind === "constant")
      throw new LlifError("UNSUPPORTED", `output ${quoted(name)} is a constant`, { nodes: [name] });
    const real = value.dims.filter((extent) => extent !== 1).length;
    if (real <= 1) return this.#graph.inShape(this.#flattened(name, value), [sizeOf(value.dims)]);
    if (!isAligned(value)) return this.#graph.inShape(value.node, [sizeOf(value.dims)]);
    const shape = nodeShape(value);
    const spread = (extents: Shape): Shape => extents.filter((extent) => extent !== 1);
    return tensorsAlike(spread(this.#graph.shapeOf(value.node)), spread(shape))
      ? value.node
      : this.#graph.inShape(value.node, shape);
  }

  /** A flat output in the file's order. */
  #flattened(name: string, value: Flow): string {
    try {
      return arranged(
        { graph: this.#graph, name },
        value,
        value.dims,
        value.dims.map((_, axis) => axis),
      );
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new LlifError(
        "UNSUPPORTED",
        `output ${quoted(name)} is a flattened image; end at the image or at dense logits`,
        { nodes: [name] },
      );
    }
  }
}

function branchesOf(node: NodeProto): GraphProto[] {
  return node.attribute.flatMap(({ g, graphs }) => [...(g === undefined ? [] : [g]), ...graphs]);
}

/** Every name that a node reads, its branches included. */
function readNames(node: NodeProto): string[] {
  return [
    ...node.input,
    ...branchesOf(node).flatMap((branch) => [
      ...branch.node.flatMap(readNames),
      ...branch.output.map((output) => output.name),
    ]),
  ];
}

function isList(result: Value | readonly Value[]): result is readonly Value[] {
  return Array.isArray(result);
}
