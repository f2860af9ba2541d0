// The float network in the Rust core, over batches, without spikes.
import { requireReluNetwork } from "../../relu/check.ts";
import { checkOptions, checkStrings } from "../../check.ts";
import { averageDivisors } from "../../relu/forward.ts";
import { inputOf, type ReluNetwork, type ReluNode } from "../../relu/network.ts";
import { plainSample, type PlainSample, type SampleValues } from "../../samples.ts";
import { channelsOf, sizeOf, type Shape } from "../../tensor.ts";
import { Core } from "../core.ts";
import type { Glue, WasmSource } from "../load.ts";
import { checkNodeName, loadFor, lookUp, pick, refusals, runInParts, sizesOf } from "./parts.ts";

type RawFloatPass = InstanceType<Glue["RawFloatPass"]>;

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

/** The value of each pixel 0…255, shape [channels, 256]: computed in float64, rounded once. */
function pixelValues(network: ReluNetwork): Float32Array {
  const { scale, mean, std } = network.convention;
  const channels = Math.max(mean.length, std.length);
  return Float32Array.from({ length: channels * 256 }, (_, index) => {
    const channel = Math.floor(index / 256);
    return ((index % 256) * scale - mean[mean.length === 1 ? 0 : channel]) / std[std.length === 1 ? 0 : channel];
  });
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
