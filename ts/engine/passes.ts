// Fast passes of the Rust core without spikes: the float network, and the quantised twin.
import { rulesOf, checkCode } from "../spiking/code.ts";
import { requireReluNetwork } from "../relu/check.ts";
import { checkInteger, checkOptions, checkStrings, describe, isTypedArray, checkObject } from "../check.ts";
import { LlifError } from "../errors.ts";
import { averageDivisors } from "../relu/forward.ts";
import { inputOf, type ReluNetwork, type ReluNode, type Window2d } from "../relu/network.ts";
import { plainSample, type PlainSample, type SampleValues } from "../samples.ts";
import {
  populationsOf,
  shapeOf,
  synapsesTo,
  type Charges,
  type SpikingNetwork,
  cancelsSpikes,
} from "../spiking/network.ts";
import { requireMapped, type MappedNetwork, type MappedSynapse } from "../spiking/mapped.ts";
import { isPlain } from "../spiking/neurons/models.ts";
import { quantumOf, type TwinOptions } from "../spiking/twin-ticks.ts";
import { channelsOf, formatShape, sizeOf, type Shape } from "../tensor.ts";
import { Core, isFatal } from "./core.ts";
import { loadGlue, type Glue, type WasmSource } from "./load.ts";

type RawFloatPass = InstanceType<Glue["RawFloatPass"]>;
type RawTwinPass = InstanceType<Glue["RawTwinPass"]>;

/** Most numbers per call of the core: 16 MiB of f32, so that its memory stays small for any batch. */
const numbersPerCall = 2 ** 22;
/** Number of samples that the core computes side by side. */
const lanes = 8;

export interface FloatPassOptions {
  /** Nodes whose values every run returns. */
  readonly keep?: readonly string[];
  /** Nodes for which the largest value of each channel over all runs is kept. */
  readonly maxima?: readonly string[];
  readonly wasm?: WasmSource;
}

export interface FloatResult {
  /** By output name, shape [samples, outputs]. A softmax is not applied: its node has the logits. */
  readonly outputs: Readonly<Record<string, Float32Array>>;
  /** By node name, shape [samples, elements]. */
  readonly kept: Readonly<Record<string, Float32Array>>;
}

/** Float pass over batches, bit for bit equal to `forward` of ts/relu/forward.ts, except for the softmax. */
export interface FloatPass {
  /**
   * @param batch shape [samples, inputs], channels last: real values after the input convention, or pixels (bytes)
   * before it.
   * @throws {LlifError} ARGUMENT for other types, SHAPE for another length, ENGINE if the core fails.
   * @throws {DisposedError} after dispose().
   */
  run(batch: SampleValues, samples: number): FloatResult;
  /**
   * By node of `options.maxima`, the largest value of each channel (last axis) so far; −Infinity before the first
   * sample.
   */
  maxima(): Record<string, Float32Array>;
  /** Idempotent; gives the memory back. */
  dispose(): void;
  [Symbol.dispose](): void;
}

export interface TwinPassOptions {
  /** Populations and pools whose counts every run returns; "all": all populations; default: none. */
  readonly keep?: readonly string[] | "all";
  readonly wasm?: WasmSource;
}

export interface TwinResult {
  /** Charge of every output by name, shape [samples, outputs]. */
  readonly charges: Readonly<Record<string, Int32Array>>;
  /**
   * By node name, shape [samples, neurons]; Int32Array in signed `rate` and in networks with populations that are not
   * rectified.
   */
  readonly counts: Readonly<Record<string, Uint32Array | Int32Array>>;
}

/** A result with hashes instead of counts. */
export interface TwinDigest {
  /** Charge of every output by name, shape [samples, outputs]. */
  readonly charges: Readonly<Record<string, Int32Array>>;
  /**
   * Hashes over the counts of all populations in the network's order, shape [samples, 2]: the state of `runHashes`
   * before the charges.
   */
  readonly hashes: Uint32Array;
}

/** Counts and charges of the quantised twin over batches, equal to ts/mapping/twin.ts. Not a simulation of spikes. */
export interface TwinPass {
  /**
   * @param counts shape [samples, inputs]: N_0.
   * @throws {LlifError} SHAPE for another length, ENGINE if the core fails. @throws {DisposedError} after dispose().
   */
  run(counts: Uint8Array | Int16Array, samples: number, options?: TwinOptions): TwinResult;
  /** Like `run`, but counts do not leave the core, because a deep network has ten million per sample. */
  digest(counts: Uint8Array | Int16Array, samples: number, options?: TwinOptions): TwinDigest;
  /** Idempotent; gives the memory back. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** @throws {LlifError} ARGUMENT for an unknown node, ENGINE if the core does not start or refuses the network. */
export async function createFloatPass(network: ReluNetwork, options: FloatPassOptions = {}): Promise<FloatPass> {
  requireReluNetwork("createFloatPass: network", network);
  const { keep = [], maxima = [] } = checkOptions("createFloatPass", options, { keep: true, maxima: true, wasm: true });
  checkStrings("createFloatPass: keep", keep).forEach((name) => checkNodeName("createFloatPass: keep", network, name));
  checkStrings("createFloatPass: maxima", maxima).forEach((name) =>
    checkNodeName("createFloatPass: maxima", network, name),
  );
  const input = inputOf(network);
  const glue = await loadFor(options.wasm, "forward(network, input) computes the same without it, slower");
  const raw = refusals(input.name, () => new glue.RawFloatPass(sizeOf(input.shape), pixelValues(network)));
  const numbers = new Map<string, number>();
  const shapes = new Map<string, Shape>();
  for (const node of network.nodes) {
    const sources = node.from.map((name) => lookUp(numbers, name));
    const sourceShapes = node.from.map((name) => shapes.get(name) as Shape);
    numbers.set(
      node.name,
      node.kind === "input" ? 0 : refusals(node.name, () => addFloatNode(raw, node, sources, sourceShapes)),
    );
    shapes.set(node.name, node.shape);
  }
  for (const name of new Set([...network.outputs, ...keep])) refusals(name, () => raw.keep(lookUp(numbers, name)));
  const followed = maxima.map((name) => ({
    name,
    node: lookUp(numbers, name),
    channels: channelsOf(shapes.get(name) as Shape),
  }));
  for (const { name, node, channels } of followed) refusals(name, () => raw.trackMaxima(node, channels));

  const kept = [...new Set([...network.outputs, ...keep])].map((name) => ({
    name,
    node: lookUp(numbers, name),
    size: sizeOf(shapes.get(name) as Shape),
  }));
  const core = new Core(`float pass of "${network.name}"`, "pass", raw, (raw) => raw.free());
  return {
    run(batch, samples) {
      const plain = plainSample("batch", batch);
      const values = core.use((raw) => {
        const run = (part: PlainSample) => (part instanceof Uint8Array ? raw.runPixels(part) : raw.run(part));
        return runInParts(
          plain,
          samples,
          sizeOf(input.shape),
          kept,
          (length) => new Float32Array(length),
          run,
          (node) => raw.take(node),
        );
      });
      return { outputs: pick(values, network.outputs), kept: pick(values, keep) };
    },
    maxima: () =>
      core.use((raw) =>
        Object.fromEntries(followed.map(({ name, node, channels }) => [name, raw.maxima(node, channels)])),
      ),
    dispose: () => core.dispose(),
    [Symbol.dispose]: () => core.dispose(),
  };
}

/**
 * @throws {LlifError} UNSUPPORTED for a network without a twin, ARGUMENT for an unknown node, ENGINE if the core does
 * not start or refuses it.
 */
export async function createTwinPass(network: SpikingNetwork, options: TwinPassOptions = {}): Promise<TwinPass> {
  checkObject("createTwinPass: network", network, "a spiking network");
  checkOptions("createTwinPass", options, { keep: true, wasm: true });
  if (options.keep !== undefined && options.keep !== "all")
    checkStrings("createTwinPass: keep", options.keep).forEach((name) =>
      checkNodeName("createTwinPass: keep", network, name),
    );
  checkTwin(network);
  const mapped = requireMapped("createTwinPass", network);
  const glue = await loadFor(options.wasm, "quantizedTwin(network) computes the same without it, slower");
  const inputs = sizeOf(network.input.shape);
  const raw = refusals(network.input.name, () => new glue.RawTwinPass(inputs));
  const numbers = new Map<string, number>([[network.input.name, 0]]);
  for (const node of network.nodes) {
    numbers.set(
      node.name,
      refusals(node.name, () => addTwinNode(raw, mapped, node, numbers)),
    );
  }
  const named = (kind: string) => network.nodes.filter((node) => node.kind === kind).map((node) => node.name);
  const outputs = named("output");
  const keep = options.keep === "all" ? named("population") : (options.keep ?? []);
  const kept = [...new Set([...outputs, ...keep])].map((name) => ({
    name,
    node: lookUp(numbers, name),
    size: sizeOf(shapeOf(network, name)),
  }));
  for (const { name, node } of kept) refusals(name, () => raw.keep(node));

  const signed = cancelsSpikes(network) || network.nodes.some((node) => node.kind === "population" && !node.rectified);
  const core = new Core(`twin pass of "${network.name}"`, "pass", raw, (raw) => raw.free());
  const runKeeping = (
    raw: RawTwinPass,
    counts: Uint8Array | Int16Array,
    samples: number,
    nodes: readonly Kept[],
    after: () => void = () => {},
  ) =>
    runInParts(
      counts,
      samples,
      inputs,
      nodes,
      (length) => new Int32Array(length),
      (part) => {
        if (part instanceof Uint8Array) raw.runUint8(part);
        else raw.runInt16(part);
        after();
      },
      (node) => raw.take(node),
    );
  return {
    run(counts, samples, options) {
      const quantum = quantumOf("TwinPass.run", network, options);
      const values = core.use((raw) => {
        raw.setQuantum(quantum);
        return runKeeping(raw, counts, samples, kept);
      });
      const counted = Object.entries(pick(values, keep)).map(([name, ints]) => [
        name,
        signed ? ints : new Uint32Array(ints.buffer),
      ]);
      return { charges: pick(values, outputs), counts: Object.fromEntries(counted) };
    },
    digest(counts, samples, options) {
      const quantum = quantumOf("TwinPass.digest", network, options);
      return core.use((raw) => {
        raw.setQuantum(quantum);
        const hashes: Uint32Array[] = [];
        const charged = kept.filter(({ name }) => outputs.includes(name));
        const other = kept.filter((node) => !charged.includes(node));
        const hashed = named("population").map((name) => lookUp(numbers, name));
        other.forEach(({ node }) => raw.forget(node));
        hashed.forEach((node) => raw.hash(node, true));
        const restore = (): void => {
          hashed.forEach((node) => raw.hash(node, false));
          other.forEach(({ node }) => raw.keep(node));
        };
        let values: Map<string, Int32Array>;
        try {
          values = runKeeping(raw, counts, samples, charged, () => hashes.push(raw.takeHashes()));
        } catch (cause) {
          // A refused input leaves the pass unchanged.
          if (!isFatal(cause)) restore();
          throw cause;
        }
        restore();
        return { charges: pick(values, outputs), hashes: Uint32Array.from(hashes.flatMap((part) => [...part])) };
      });
    },
    dispose: () => core.dispose(),
    [Symbol.dispose]: () => core.dispose(),
  };
}

interface Kept {
  readonly name: string;
  readonly node: number;
  /** Elements of one sample. */
  readonly size: number;
}

type Batch = Float32Array | Uint8Array | Int16Array;

function runInParts<Input extends Batch, Values extends Float32Array | Int32Array>(
  batch: Input,
  samples: number,
  inputs: number,
  kept: readonly Kept[],
  allocate: (length: number) => Values,
  run: (part: Input) => void,
  take: (node: number) => Values,
): Map<string, Values> {
  checkInteger("samples", samples, 0);
  if (!["Float32Array", "Uint8Array", "Int16Array"].some((name) => isTypedArray(batch, name as "Uint8Array")))
    throw new LlifError("ARGUMENT", `batch: expected a typed array of samples, got ${describe(batch)}`);
  if (batch.length !== samples * inputs) {
    throw new LlifError(
      "SHAPE",
      `batch: expected ${samples * inputs} values for ${samples} samples of ${inputs}, got ${batch.length}`,
    );
  }
  const values = new Map(kept.map(({ name, size }) => [name, allocate(samples * size)]));
  const width = kept.reduce((sum, { size }) => sum + size, inputs);
  const step = Math.max(1, Math.floor(numbersPerCall / width / lanes)) * lanes;
  for (let first = 0; first < samples; first += step) {
    run(batch.subarray(first * inputs, (first + step) * inputs) as Input);
    const taken = new Map<number, Values>();
    for (const { name, node, size } of kept) {
      // Two names may refer to one node (reshape), and the core returns its values only once.
      const part = taken.get(node) ?? take(node);
      taken.set(node, part);
      values.get(name)?.set(part, first * size);
    }
  }
  return values;
}

function pick<T>(values: ReadonlyMap<string, T>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, values.get(name) as T]));
}

function checkNodeName(
  place: string,
  { nodes }: { readonly nodes: readonly { readonly name: string }[] },
  name: string,
): void {
  if (!nodes.some((node) => node.name === name))
    throw new LlifError("ARGUMENT", `${place}: expected the name of a layer, got ${describe(name)}`, { nodes: [name] });
}

function lookUp(numbers: ReadonlyMap<string, number>, name: string): number {
  const number = numbers.get(name);
  if (number === undefined)
    throw new LlifError("ARGUMENT", `expected the name of a layer, got "${name}"`, { nodes: [name] });
  return number;
}

/** @param instead advice if the core does not start, for example under a Content-Security-Policy. */
async function loadFor(source: WasmSource | undefined, instead: string): Promise<Glue> {
  try {
    return await loadGlue(source);
  } catch (cause) {
    if (cause instanceof LlifError && cause.code === "ENGINE")
      throw new LlifError("ENGINE", `${cause.message}; ${instead}`, { cause: cause.cause });
    throw cause;
  }
}

function refusals<T>(name: string, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    if (cause instanceof LlifError) throw cause;
    throw new LlifError("ENGINE", `layer "${name}": ${cause instanceof Error ? cause.message : String(cause)}`, {
      nodes: [name],
      cause,
    });
  }
}

/** The value of each pixel 0…255, shape [channels, 256]: computed in float64, rounded once. */
function pixelValues(network: ReluNetwork): Float32Array {
  const { scale, mean, std } = network.convention;
  const channels = Math.max(mean.length, std.length);
  return Float32Array.from({ length: channels * 256 }, (_, index) => {
    const channel = Math.floor(index / 256);
    return ((index % 256) * scale - mean[mean.length === 1 ? 0 : channel]) / std[std.length === 1 ? 0 : channel];
  });
}

/** In the order of `Window::from_sizes`. */
function sizesOf(window: Window2d, input: Shape, output: Shape): Uint32Array {
  const { kernel, stride, dilation, padding } = window;
  return Uint32Array.of(...input, ...output, ...kernel, ...stride, ...dilation, padding.top, padding.left);
}

function addFloatNode(
  raw: RawFloatPass,
  node: Exclude<ReluNode, { kind: "input" }>,
  sources: readonly number[],
  shapes: readonly Shape[],
): number {
  const [source] = sources;
  switch (node.kind) {
    case "dense":
      return raw.dense(source, node.weights.data, node.bias);
    case "conv2d":
      return raw.conv2d(source, sizesOf(node, shapes[0], node.shape), node.groups, node.weights.data, node.bias);
    case "affine":
      return raw.affine(source, node.scale, node.shift);
    case "convTranspose2d":
      return raw.convTranspose2d(
        source,
        sizesOf(node, shapes[0], node.shape),
        node.groups,
        node.weights.data,
        node.bias,
      );
    case "pad":
      return raw.pad(
        source,
        Uint32Array.of(...shapes[0], node.shape[0], node.shape[1], node.padding.top, node.padding.left),
      );
    case "relu":
      return node.slope === undefined
        ? raw.relu(source, node.ceiling)
        : raw.leakyRelu(source, node.ceiling, node.slope);
    case "maxPool":
      return raw.maxPool(source, sizesOf(node, shapes[0], node.shape));
    case "averagePool": {
      const factors = Float32Array.from(averageDivisors(node, shapes[0]), (divisor) => 1 / divisor);
      return raw.averagePool(source, sizesOf(node, shapes[0], node.shape), factors);
    }
    case "add":
      return raw.add(Uint32Array.from(sources));
    case "concat":
      return raw.concat(Uint32Array.from(sources), Uint32Array.from(shapes, channelsOf));
    case "reshape":
    case "softmax":
      return source;
  }
}

function addTwinNode(
  raw: RawTwinPass,
  network: MappedNetwork,
  node: SpikingNetwork["nodes"][number],
  numbers: ReadonlyMap<string, number>,
): number {
  if (node.kind === "pool") {
    const sizes = sizesOf(node, shapeOf(network, node.from), node.shape);
    const source = lookUp(numbers, node.from);
    return node.mode === "max"
      ? raw.maxPool(source, sizes)
      : raw.sumPool(source, sizes, Int32Array.from(node.multiplicity ?? []));
  }
  const charge = raw.charge(sizeOf(node.shape), integers(node.name, node.bias));
  for (const synapse of synapsesTo(network, node.name)) {
    addSynapse(raw, charge, lookUp(numbers, synapse.from), synapse, shapeOf(network, synapse.from), node.shape);
  }
  if (node.kind === "output") return charge;
  const threshold = integers(node.name, node.neuron.threshold);
  let initial = integers(node.name, node.neuron.initialPotential);
  if (!rulesOf(network.code).startsAtHalf) {
    // Ternary digits round to the nearest count, but T12's neuron does not start at θ/2, so it is added here.
    const length = Math.max(threshold.length, initial.length);
    const start = initial;
    initial = Int32Array.from(
      { length },
      (_, index) => start[index % start.length] + threshold[index % threshold.length] / 2,
    );
  }
  return raw.fire(charge, threshold, initial, node.rectified ? 0 : -network.levels, network.levels);
}

function addSynapse(
  raw: RawTwinPass,
  target: number,
  source: number,
  synapse: MappedSynapse,
  input: Shape,
  output: Shape,
): void {
  const weights = integers(synapse.to, synapse.weights);
  switch (synapse.kind) {
    case "dense":
      return raw.addDense(target, source, weights);
    case "conv2d":
      return raw.addConv2d(target, source, sizesOf(synapse, input, output), synapse.groups, weights);
    case "convTranspose2d":
      return raw.addConvTranspose2d(target, source, sizesOf(synapse, input, output), synapse.groups, weights);
    case "identity":
      if (sizeOf(input) !== sizeOf(output)) {
        throw new LlifError(
          "SHAPE",
          `layer "${synapse.to}": identity synapse from ${formatShape(input)} to ${formatShape(output)}`,
          { nodes: [synapse.to] },
        );
      }
      return raw.addIdentity(target, source, weights);
  }
}

function integers(name: string, charges: Charges): Int32Array {
  if (charges instanceof Int32Array) return charges;
  throw new LlifError("ARGUMENT", `layer "${name}": expected integer charges, got a ${charges.constructor.name}`, {
    nodes: [name],
  });
}

/** Only integer networks of plain neurons have a twin. */
function checkTwin(network: SpikingNetwork): void {
  if (network.arithmetic !== "int32") {
    const { flags } = checkCode(`network "${network.name}": code`, network.code);
    throw new LlifError(
      "UNSUPPORTED",
      `network "${network.name}" has no quantised twin: expected an integer network, got ${flags.schedule} ${flags.code} in ${network.arithmetic}`,
    );
  }
  checkInteger(`network "${network.name}": levels`, network.levels, 1, 2 ** 31 - 1);
  const wrong = populationsOf(network)
    .filter(({ neuron }) => !isPlain(neuron))
    .map(({ name }) => name);
  wrong.push(...network.synapses.filter((synapse) => synapse.delayTicks !== 0).map((synapse) => synapse.to));
  if (wrong.length > 0) {
    throw new LlifError(
      "UNSUPPORTED",
      `network "${network.name}" has no quantised twin: leak, hard reset, floor, refractory period or delay at ${wrong.join(", ")}`,
      {
        nodes: wrong,
      },
    );
  }
}
