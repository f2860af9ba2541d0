// Builds ReLU networks from Keras configurations, with weights from any source (HDF5, TensorFlow.js).
import { openBudget, type Budget, type ReadBudget } from "../../budget.ts";
import { LlifError } from "../../errors.ts";
import { checkReluNetwork } from "../../relu/check.ts";
import { conventionFor, type InputConvention, type ReluNetwork } from "../../relu/network.ts";
import { formatShape, type Shape, type Tensor } from "../../tensor.ts";
import { quoted } from "../../text.ts";
import { shown } from "../json.ts";
import { Graph, Refusal, type Value } from "./graph.ts";
import { converters } from "./layers.ts";
import { readTopology, type LayerCall } from "./topology.ts";

export interface ReadKerasOptions {
  /** Default: the model's name. */
  readonly name?: string;
  /** Default: pixels / 255; RGB, or gray for one channel. */
  readonly convention?: InputConvention;
  readonly classes?: readonly string[];
  readonly budget?: ReadBudget | Budget;
}

/** Provides the weights of a Keras model. */
export interface WeightSource {
  /**
   * The weights of one layer, in the order of `names`.
   * @throws {LlifError} FORMAT if one is missing or corrupt.
   */
  weightsOf(layer: LayerCall, names: readonly string[]): readonly Tensor[];
}

/**
 * Builds the ReLU network of a Sequential or Functional Keras model. Nested models are inlined, unused layers left out.
 * @param configuration parsed JSON with `class_name` and `config`.
 * @throws {LlifError} UNSUPPORTED listing every layer that is not supported, with their names in `nodes`; FORMAT, SHAPE
 * or ARGUMENT for a corrupt model, shapes that do not fit, or weights that are not finite.
 */
export function kerasNetwork(
  configuration: unknown,
  weights: WeightSource,
  options: ReadKerasOptions = {},
): ReluNetwork {
  const budget = openBudget(0, options.budget);
  const topology = readTopology(configuration, budget);
  const graph = new Graph(budget);
  /** `undefined` if the value depends on a refused layer. */
  const values = new Map<string, Value | undefined>();
  const refusals: { readonly call: LayerCall; readonly reason: string }[] = [];
  let failure: LlifError | undefined;
  for (const call of topology.calls) {
    budget.checkTime(`layer ${quoted(call.name)}`);
    try {
      values.set(call.name, convert(call, graph, values, weights));
    } catch (error) {
      values.set(call.name, undefined);
      if (error instanceof Refusal) refusals.push({ call, reason: error.message });
      else if (error instanceof LlifError) failure ??= placed(call, error);
      else throw error;
    }
  }
  if (refusals.length > 0) {
    const lines = refusals
      .map(({ call, reason }) => `  ${quoted(call.name)} (${call.className}): ${reason}`)
      .join("\n");
    const count = refusals.length;
    throw new LlifError("UNSUPPORTED", `${count} ${count === 1 ? "layer is" : "layers are"} not supported:\n${lines}`, {
      nodes: refusals.map(({ call }) => call.name),
    });
  }
  if (failure !== undefined) throw failure;
  const outputs = topology.outputs.map((name) => {
    const value = values.get(name);
    if (value === undefined)
      throw new LlifError("FORMAT", `output "${name}": expected a layer of the model, got none`, { nodes: [name] });
    return graph.padded(value);
  });
  const live = new Set(outputs);
  for (const node of [...graph.nodes].reverse())
    if (live.has(node.name)) node.from.forEach((source) => live.add(source));
  const nodes = graph.nodes.filter((node) => live.has(node.name) || node.kind === "input");
  const input = nodes.find((node) => node.kind === "input");
  return checkReluNetwork({
    name: options.name ?? topology.name,
    nodes,
    outputs,
    convention: options.convention ?? conventionFor(input?.shape ?? []),
    classes: options.classes ?? [],
  });
}

function convert(
  layer: LayerCall,
  graph: Graph,
  values: ReadonlyMap<string, Value | undefined>,
  weights: WeightSource,
): Value | undefined {
  if (layer.className === "InputLayer") {
    return { node: graph.add({ kind: "input", name: layer.name, from: [], shape: inputShape(layer) }).name };
  }
  const toNode = converters.get(layer.className);
  if (toNode === undefined) throw new Refusal("layers of this class are not supported");
  if (layer.inputs.length === 0) throw new LlifError("FORMAT", `layer "${layer.name}": expected an input, got none`);
  const inputs = layer.inputs.map((name) => values.get(name));
  if (inputs.some((value) => value === undefined)) return undefined;
  return toNode({
    name: layer.name,
    className: layer.className,
    config: layer.config,
    inputs: inputs as Value[],
    graph,
    weights: (...names) => {
      const found = weights.weightsOf(layer, names);
      found.forEach((tensor, index) => checkExtents(`layer ${quoted(layer.name)}: ${names[index]}`, tensor));
      return found;
    },
  });
}

/**
 * Refuses extents of 0: a tensor without numbers could have other extents of any size, over which conversions would
 * loop.
 */
function checkExtents(place: string, { shape }: Tensor): void {
  if (shape.some((extent) => extent < 1))
    throw new LlifError("FORMAT", `${place}: expected extents of at least 1, got ${formatShape(shape)}`);
}

function inputShape({ name, config }: LayerCall): Shape {
  const shape = [config.batch_input_shape ?? config.batch_shape ?? config.batchInputShape].flat(2);
  if (shape.length < 2)
    throw new LlifError("FORMAT", `layer ${quoted(name)}: expected the shape of its input, got ${shown(shape)}`, {
      nodes: [name],
    });
  return shape.slice(1).map((extent) => {
    if (typeof extent === "number") return extent;
    throw new LlifError(
      "UNSUPPORTED",
      `layer ${quoted(name)}: expected an input of fixed size, got ${shown(shape)}; save the model with the size that it is run at`,
      { nodes: [name] },
    );
  });
}

function placed(call: LayerCall, error: LlifError): LlifError {
  if (error.nodes.length > 0) return error;
  const message = error.message.includes(`"${call.name}"`) ? error.message : `layer "${call.name}": ${error.message}`;
  return new LlifError(error.code, message, { nodes: [call.name], cause: error });
}
