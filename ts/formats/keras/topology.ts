// Reads the graph of a Keras model: its layers in the order of computation.
import type { Budget } from "../../budget.ts";
import { LlifError } from "../../errors.ts";
import { quoted } from "../../text.ts";
import { freeName } from "../names.ts";

/** One use of a layer in the graph. */
export interface LayerCall {
  /** Unique name: names of nested models and the layer, joined by "/"; the second use of a layer ends in "_2". */
  readonly name: string;
  readonly className: string;
  readonly config: Config;
  /** Path of its weights: names of the nested models and the layer. */
  readonly path: readonly string[];
  /** For each part of `path`, its name in Keras 3 archives, which counts the layers of a class: `conv2d_1`. */
  readonly keys: readonly string[];
  /** Names of the calls that compute its inputs. */
  readonly inputs: readonly string[];
}

/** A Keras model as a list of calls in topological order, nested models inlined. */
export interface Topology {
  readonly name: string;
  readonly calls: readonly LayerCall[];
  readonly outputs: readonly string[];
}

export type Config = Readonly<Record<string, unknown>>;

const modelClasses = ["Sequential", "Functional", "Model"];

/** Whether a layer class is a nested model, which is inlined. */
function isModel(className: string): boolean {
  return modelClasses.includes(className);
}

/**
 * Reads the configuration of a Keras model, written by Keras 2, Keras 3 or TensorFlow.js.
 * @throws {LlifError} FORMAT if it is not a valid model, UNSUPPORTED for a model with more than one input.
 */
export function readTopology(json: unknown, budget: Budget): Topology {
  const model = record("model configuration", json);
  const className = text("model configuration: class_name", model.class_name);
  if (!isModel(className)) {
    throw new LlifError(
      "UNSUPPORTED",
      `model of class ${quoted(className)}: expected Sequential or Functional; a subclassed model's graph is not in its file`,
    );
  }
  const inlining = new Inlining(budget);
  const { name, inputs, outputs } = inlining.model(className, model.config, { path: [], keys: [] });
  if (inputs.length !== 1)
    throw new LlifError(
      "UNSUPPORTED",
      `model ${quoted(name)}: expected one input, got ${inputs.length} (${inputs.join(", ")})`,
    );
  return { name, calls: inlining.calls, outputs };
}

type Place = Pick<LayerCall, "path" | "keys">;

interface ParsedModel {
  readonly name: string;
  /** Name for messages. */
  readonly shownName: string;
  readonly config: Config;
  readonly layers: readonly Layer[];
  /** `LayerCall.keys` of this model. */
  readonly keys: readonly string[];
  readonly byName: ReadonlyMap<string, { readonly layer: Layer; readonly index: number }>;
}

interface Inlined {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Inlines nested models. A call is added after the calls of its inputs, so the order is topological. */
class Inlining {
  readonly calls: LayerCall[] = [];
  readonly #budget: Budget;
  /** Parsed models by their configuration, because a model may be used many times. */
  readonly #models = new Map<object, ParsedModel>();
  readonly #names = new Set<string>();
  readonly #numbers = new Map<string, number>();

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** @param given input values of the model; `undefined` for the outermost one, whose input layers become calls. */
  model(className: string, json: unknown, place: Place, given?: readonly string[]): Inlined {
    const parsed = this.#parsed(json);
    const { name, shownName, config, layers, keys } = parsed;
    this.#budget.take("nodes", layers.length, shownName);
    this.#budget.checkDepth(place.path.length, shownName);
    this.#budget.checkTime(shownName);
    const within = (index: number): Place => ({
      path: [...place.path, layers[index].name],
      keys: [...place.keys, keys[index]],
    });
    return className === "Sequential" || config.output_layers === undefined
      ? this.#sequential(name, config, layers, within, given)
      : this.#functional(parsed, within, given);
  }

  #parsed(json: unknown): ParsedModel {
    const known = typeof json === "object" && json !== null ? this.#models.get(json) : undefined;
    if (known !== undefined) return known;
    const config: Config = Array.isArray(json) ? { layers: json } : record("model configuration: config", json);
    const name = typeof config.name === "string" ? config.name : "network";
    const shownName = `model ${quoted(name)}`;
    const layers = list(`${shownName}: layers`, config.layers).map((layer) => readLayer(name, layer));
    if (layers.length === 0) throw new LlifError("FORMAT", `${shownName}: expected layers, got none`);
    const byName = new Map(layers.map((layer, index) => [layer.name, { layer, index }]));
    const parsed = { name, shownName, config, layers, keys: keysOf(layers), byName };
    this.#models.set(json as object, parsed);
    return parsed;
  }

  #sequential(
    name: string,
    config: Config,
    layers: readonly Layer[],
    within: (index: number) => Place,
    given?: readonly string[],
  ): Inlined {
    let current = given?.[0];
    let input = current;
    for (const [index, layer] of layers.entries()) {
      if (layer.className === "InputLayer") {
        if (current === undefined) current = input = this.#call(layer, within(index), []);
        continue;
      }
      if (current === undefined) {
        const shape =
          layer.config.batch_input_shape ?? layer.config.batch_shape ?? firstShape(layer) ?? config.build_input_shape;
        const inputLayer = {
          name: `${layer.name}_input`,
          className: "InputLayer",
          config: { batch_input_shape: shape },
          inbound: [],
        };
        current = input = this.#call(inputLayer, { path: [inputLayer.name], keys: [] }, []);
      }
      current = this.#use(layer, within(index), [current])[0];
    }
    return { name, inputs: input === undefined ? [] : [input], outputs: current === undefined ? [] : [current] };
  }

  #functional(
    { name, config, byName }: ParsedModel,
    within: (index: number) => Place,
    given?: readonly string[],
  ): Inlined {
    const inputs = readTensors(`model ${quoted(name)}: input_layers`, config.input_layers).map(({ layer }) => layer);
    const positions = new Map([...inputs.entries()].reverse().map(([position, layer]) => [layer, position]));
    const tensors = new Map<string, readonly string[]>();
    const key = (layer: string, node: number) => `${node} ${layer}`;
    const computing = new Set<string>();
    // Layers may be listed after their readers, so they are resolved on demand.
    const resolve = (start: TensorReference): readonly string[] => {
      const stack = [start];
      while (stack.length > 0) {
        const reference = stack[stack.length - 1];
        const id = key(reference.layer, reference.node);
        if (tensors.has(id)) {
          stack.pop();
          continue;
        }
        const found = byName.get(reference.layer);
        if (found === undefined)
          throw new LlifError(
            "FORMAT",
            `model ${quoted(name)}: expected a layer ${quoted(reference.layer)}, got none of that name`,
          );
        const { layer, index } = found;
        const place = within(index);
        const position = positions.get(layer.name);
        if (position !== undefined) {
          if (given !== undefined && given[position] === undefined)
            throw new LlifError(
              "FORMAT",
              `model ${quoted(name)}: expected ${inputs.length} inputs, got ${given.length}`,
            );
          tensors.set(id, [given === undefined ? this.#call(layer, place, []) : given[position]]);
          continue;
        }
        const sources = layer.inbound[reference.node];
        if (sources === undefined)
          throw new LlifError(
            "FORMAT",
            `layer ${quoted(layer.name)}: expected a use number ${reference.node}, got ${layer.inbound.length} uses`,
            { nodes: [layer.name] },
          );
        const missing = sources.filter((source) => !tensors.has(key(source.layer, source.node)));
        if (missing.length > 0) {
          if (computing.has(id))
            throw new LlifError("FORMAT", `layer ${quoted(layer.name)}: expected a graph without cycles`, {
              nodes: [layer.name],
            });
          computing.add(id);
          stack.push(...missing.reverse());
          continue;
        }
        tensors.set(
          id,
          this.#use(
            layer,
            place,
            sources.map((source) => output(tensors.get(key(source.layer, source.node)), source)),
          ),
        );
      }
      return tensors.get(key(start.layer, start.node)) ?? [];
    };
    const outputs = readTensors(`model ${quoted(name)}: output_layers`, config.output_layers).map((reference) =>
      output(resolve(reference), reference),
    );
    if (given === undefined) for (const layer of inputs) resolve({ layer, node: 0, tensor: 0 });
    const inputNames =
      given ?? inputs.map((layer) => output(tensors.get(key(layer, 0)), { layer, node: 0, tensor: 0 }));
    return { name, inputs: inputNames, outputs };
  }

  #use(layer: Layer, place: Place, inputs: readonly string[]): readonly string[] {
    if (isModel(layer.className)) return this.model(layer.className, layer.config, place, inputs).outputs;
    return [this.#call(layer, place, inputs)];
  }

  #call(layer: Layer, { path, keys }: Place, inputs: readonly string[]): string {
    const name = freeName(path.join("/"), this.#names, this.#numbers);
    this.#names.add(name);
    this.calls.push({ name, className: layer.className, config: layer.config, path, keys, inputs });
    return name;
  }
}

/** Names of a model's layers in Keras 3 archives: the class, counted in the order of creation. */
function keysOf(layers: readonly Layer[]): string[] {
  const counts = new Map<string, number>();
  return layers.map(({ className }) => {
    const name = snakeCase(className);
    const before = counts.get(name) ?? 0;
    counts.set(name, before + 1);
    return before === 0 ? name : `${name}_${before}`;
  });
}

/** Keras's name for a class: `SeparableConv2D` becomes `separable_conv2d`. */
function snakeCase(name: string): string {
  return name
    .replaceAll(/\W+/g, "")
    .replaceAll(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** The input shape that a nested Sequential model may store in its first layer. */
function firstShape(layer: Layer): unknown {
  if (!isModel(layer.className)) return undefined;
  const [first] = Array.isArray(layer.config.layers) ? layer.config.layers : [];
  if (first === undefined) return undefined;
  const { config } = readLayer(layer.name, first);
  return config.batch_input_shape ?? config.batch_shape;
}

interface TensorReference {
  readonly layer: string;
  readonly node: number;
  readonly tensor: number;
}

interface Layer {
  readonly name: string;
  readonly className: string;
  readonly config: Config;
  /** The inputs of each use of the layer. */
  readonly inbound: readonly (readonly TensorReference[])[];
}

function output(outputs: readonly string[] | undefined, { layer, tensor }: TensorReference): string {
  const found = outputs?.[tensor];
  if (found === undefined)
    throw new LlifError(
      "FORMAT",
      `layer ${quoted(layer)}: expected an output number ${tensor}, got ${outputs?.length ?? 0} outputs`,
      { nodes: [layer] },
    );
  return found;
}

function readLayer(model: string, json: unknown): Layer {
  const layer = record(`model ${quoted(model)}: layer`, json);
  const className = text(`model ${quoted(model)}: class_name of a layer`, layer.class_name);
  const config =
    className === "Sequential" && Array.isArray(layer.config)
      ? { layers: layer.config }
      : record(`model ${quoted(model)}: config of a layer`, layer.config);
  const name = text(
    `model ${quoted(model)}: name of a ${className} layer`,
    layer.name ?? config.name ?? className.toLowerCase(),
  );
  const uses =
    layer.inbound_nodes === undefined ? [] : list(`layer ${quoted(name)}: inbound_nodes`, layer.inbound_nodes);
  return {
    name,
    className,
    config,
    inbound: uses.map((use) => readTensors(`layer ${quoted(name)}: inbound_nodes`, use)),
  };
}

/** References to tensors at any depth: `["conv", 0, 0, {}]` (Keras 2) or objects with a `keras_history` (Keras 3). */
function readTensors(place: string, json: unknown): TensorReference[] {
  const found: TensorReference[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      const [layer, node, tensor, extra] = value;
      if (typeof layer === "string" && typeof node === "number" && typeof tensor === "number") {
        if (typeof extra === "object" && extra !== null) visitKeywords(extra as Config);
        found.push({ layer, node, tensor });
      } else value.forEach(visit);
    } else if (typeof value === "object" && value !== null) {
      const object = value as Config;
      const config = object.config as Config | undefined;
      if (config?.keras_history !== undefined) visit(config.keras_history);
      else if (object.args !== undefined) {
        visit(object.args);
        if (object.kwargs !== undefined) visitKeywords(record(`${place}: kwargs`, object.kwargs));
      }
    }
  };
  /** Refuses tensors passed by keyword (masks, states). */
  const visitKeywords = (keywords: Config): void => {
    for (const [key, value] of Object.entries(keywords)) {
      if (typeof value === "object" && value !== null)
        throw new LlifError(
          "UNSUPPORTED",
          `${place}: the argument ${quoted(key)} is computed; only layers of plain inputs are supported`,
        );
    }
  };
  visit(json);
  return found;
}

export function record(place: string, json: unknown): Config {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new LlifError(
      "FORMAT",
      `${place}: expected an object, got ${json === null ? "null" : Array.isArray(json) ? "an array" : typeof json}`,
    );
  }
  return json as Config;
}

export function list(place: string, json: unknown): readonly unknown[] {
  if (!Array.isArray(json))
    throw new LlifError("FORMAT", `${place}: expected an array, got ${json === null ? "null" : typeof json}`);
  return json;
}

export function text(place: string, json: unknown): string {
  if (typeof json !== "string")
    throw new LlifError("FORMAT", `${place}: expected a string, got ${json === null ? "null" : typeof json}`);
  return json;
}
