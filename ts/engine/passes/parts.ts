// What the passes without spikes share: batches in parts, names and refusals of nodes, windows as the core reads them.
import { checkInteger, describe, isTypedArray } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import type { Window2d } from "../../relu/network.ts";
import type { Shape } from "../../tensor.ts";
import { loadGlue, type Glue, type WasmSource } from "../load.ts";

/** Most numbers per call of the core: 16 MiB of f32, so that its memory stays small for any batch. */
const numbersPerCall = 2 ** 22;
/** Number of samples that the core computes side by side. */
const lanes = 8;

export interface Kept {
  readonly name: string;
  readonly node: number;
  /** Elements of one sample. */
  readonly size: number;
}

type Batch = Float32Array | Uint8Array | Int16Array;

export function runInParts<Input extends Batch, Values extends Float32Array | Int32Array>(
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

export function pick<T>(values: ReadonlyMap<string, T>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, values.get(name) as T]));
}

export function checkNodeName(
  place: string,
  { nodes }: { readonly nodes: readonly { readonly name: string }[] },
  name: string,
): void {
  if (!nodes.some((node) => node.name === name))
    throw new LlifError("ARGUMENT", `${place}: expected the name of a layer, got ${describe(name)}`, { nodes: [name] });
}

export function lookUp(numbers: ReadonlyMap<string, number>, name: string): number {
  const number = numbers.get(name);
  if (number === undefined)
    throw new LlifError("ARGUMENT", `expected the name of a layer, got "${name}"`, { nodes: [name] });
  return number;
}

/** @param instead advice if the core does not start, for example under a Content-Security-Policy. */
export async function loadFor(source: WasmSource | undefined, instead: string): Promise<Glue> {
  try {
    return await loadGlue(source);
  } catch (cause) {
    if (cause instanceof LlifError && cause.code === "ENGINE")
      throw new LlifError("ENGINE", `${cause.message}; ${instead}`, { cause: cause.cause });
    throw cause;
  }
}

export function refusals<T>(name: string, body: () => T): T {
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

/** In the order of `Window::from_sizes`. */
export function sizesOf(window: Window2d, input: Shape, output: Shape): Uint32Array {
  const { kernel, stride, dilation, padding } = window;
  return Uint32Array.of(...input, ...output, ...kernel, ...stride, ...dilation, padding.top, padding.left);
}
