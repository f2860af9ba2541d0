// Converts samples given by users (pixels or real values, with or without a shape) to a network's layout.
import { checkIterable, checkNumbers, checkObject, checkString, describe } from "./check.ts";
import { LlifError } from "./errors.ts";
import { channelsOf, formatShape, sameShape, sizeOf, type Shape } from "./tensor.ts";

/**
 * Numbers of one sample, channels last. Bytes are pixels 0…255; all other types are real values, rounded to float32.
 */
export type SampleValues = Uint8Array | Uint8ClampedArray | Float32Array | Float64Array | readonly number[];

/**
 * Row-major numbers with their shape, as `readNpy` returns them: one sample, or a batch along the first axis. A shape
 * with channels first, `[channels, height, width]`, as in PyTorch and ONNX, is transposed.
 */
export interface ShapedSamples {
  readonly shape: Shape;
  /** Int32Array and Uint32Array are refused, because they could be pixels or real values. */
  readonly data: SampleValues | Int32Array | Uint32Array;
}

/** Samples one after the other, each alone or as a batch with a shape, or one array with all of them. */
export type Samples =
  | Iterable<SampleValues | ShapedSamples>
  | AsyncIterable<SampleValues | ShapedSamples>
  | ShapedSamples;

/** One sample in the form that engines, mapping and passes take: pixels, or real values. */
export type PlainSample = Uint8Array | Float32Array;

/** Whether a value is numbers with a shape. */
export function isShaped(value: unknown): value is ShapedSamples {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    "shape" in value &&
    "data" in value
  );
}

/** Whether a value is an array or typed array; `plainSample` checks whether it can be a sample. */
export function isNumbers(value: unknown): value is ArrayLike<number> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/**
 * One sample for a network whose input has shape `layout`, channels last. The result may share memory with `input`.
 * @param place name of the input for messages.
 * @throws {LlifError} ARGUMENT for anything but pixels or real values; SHAPE for another size or shape, or more than
 * one sample.
 */
export function sampleOf(place: string, input: SampleValues | ShapedSamples, layout: Shape): PlainSample {
  checkNumbers(`${checkString("place", place)}: layout`, layout);
  if (isShaped(input)) {
    const samples = samplesOf(place, input, layout);
    if (samples.length === 1) return samples[0];
    throw new LlifError(
      "SHAPE",
      `${place}: expected one sample of shape ${formatShape(layout)}, got a batch of ${samples.length} (${formatShape(input.shape)})`,
    );
  }
  const sample = plainSample(place, input);
  if (sample.length === sizeOf(layout)) return sample;
  throw new LlifError(
    "SHAPE",
    `${place}: expected ${sizeOf(layout)} values for shape ${formatShape(layout)}, got ${sample.length}`,
  );
}

/**
 * All samples of an array with a shape, each channels last. Accepted shapes: the network's layout; channels first,
 * which is transposed; shapes that differ only by axes of one element; flat values of one channel; for a flat input, up
 * to two axes, row by row. All of them with or without a batch axis in front. An ambiguous shape is one sample in the
 * network's layout.
 * @param place name of the array for messages.
 * @param layout shape of the network's input, channels last, without batch.
 * @returns pixels or real values, which may share memory with `data`.
 * @throws {LlifError} ARGUMENT for anything but pixels or real values; SHAPE, with both shapes, if they do not fit.
 */
export function samplesOf(place: string, samples: ShapedSamples, layout: Shape): PlainSample[] {
  const { shape, data } = checkObject(checkString("place", place), samples, "{ shape, data }");
  checkNumbers(`${checkString("place", place)}: layout`, layout);
  const values = plainSample(place, data);
  if (!Array.isArray(shape) || !shape.every((extent) => Number.isInteger(extent) && extent >= 0)) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a shape of integers >= 0, got ${JSON.stringify(shape) ?? String(shape)}`,
    );
  }
  if (values.length !== sizeOf(shape))
    throw new LlifError(
      "SHAPE",
      `${place}: expected ${sizeOf(shape)} values for shape ${formatShape(shape)}, got ${values.length}`,
    );
  const one = orderOf(shape, layout);
  const order = one ?? orderOf(shape.slice(1), layout);
  if (order === undefined || shape.length === 0) {
    const first = layout.length > 1 ? `, ${formatShape(channelsFirst(layout))} with the channels first,` : "";
    throw new LlifError(
      "SHAPE",
      `${place}: expected shape ${formatShape(layout)}${first} or a batch of them, got ${formatShape(shape)}`,
    );
  }
  const size = sizeOf(layout);
  return Array.from({ length: one === undefined ? shape[0] : 1 }, (_, index) => {
    const sample = values.subarray(index * size, (index + 1) * size);
    return order === "same" ? sample : channelsLast(sample, channelsOf(layout));
  });
}

/**
 * Yields each sample when it is asked for. It may share memory with its source, which may be refilled for the next
 * sample.
 * @throws {LlifError} as `samplesOf`, naming the sample by its index in `samples`.
 */
export async function* eachSample(
  place: string,
  samples: Samples,
  layout: Shape,
): AsyncGenerator<PlainSample, void, undefined> {
  if (isShaped(samples)) {
    yield* samplesOf(place, samples, layout);
    return;
  }
  let index = 0;
  for await (const sample of checkIterable(place, samples, { async: true })) {
    const here = `${place}: sample ${index++}`;
    if (isShaped(sample)) yield* samplesOf(here, sample, layout);
    else yield sampleOf(here, sample, layout);
  }
}

/** A copy in its own memory. */
export function copyOfSample(sample: PlainSample): PlainSample {
  // Not slice(), which returns a view for Node's Buffer.
  return sample instanceof Uint8Array ? new Uint8Array(sample) : new Float32Array(sample);
}

/**
 * Pixels or real values, decided by the array's type; the length is not checked.
 * @throws {LlifError} ARGUMENT naming what was expected and what came.
 */
export function plainSample(place: string, input: unknown): PlainSample {
  if (input instanceof Uint8Array || input instanceof Float32Array) return input;
  if (Array.isArray(input)) {
    // Not forEach, which skips holes.
    for (let index = 0; index < input.length; index++) {
      if (typeof input[index] !== "number")
        throw new LlifError("ARGUMENT", `${place}: expected numbers, got ${describe(input[index])} at index ${index}`);
    }
    return Float32Array.from(input as number[]);
  }
  if (ArrayBuffer.isView(input)) {
    // By name, because an array of another realm, such as a frame, is not an instance of this realm's classes. A
    // transferred array has no memory any more.
    const { buffer, byteOffset, byteLength } = input.byteLength === 0 ? new Uint8Array(0) : input;
    switch (nameOf(input)) {
      case "Uint8Array":
      case "Uint8ClampedArray":
        return new Uint8Array(buffer, byteOffset, byteLength);
      case "Float32Array":
        return new Float32Array(buffer, byteOffset, byteLength / 4);
      case "Float64Array":
        return Float32Array.from(new Float64Array(buffer, byteOffset, byteLength / 8));
    }
  }
  throw new LlifError(
    "ARGUMENT",
    `${place}: expected pixels as a Uint8Array or Uint8ClampedArray, or real values as a Float32Array, Float64Array or array of numbers, got ${describe(input)}`,
  );
}

/** Order of one sample's values in an array of this shape; undefined if the shape does not fit. */
function orderOf(given: Shape, layout: Shape): "same" | "channelsFirst" | undefined {
  if (sameShape(given, layout)) return "same";
  if (layout.length > 1 && sameShape(given, channelsFirst(layout))) return "channelsFirst";
  if (sizeOf(given) !== sizeOf(layout)) return undefined;
  const [wide, own] = [given, layout].map((shape) => shape.filter((extent) => extent !== 1));
  if (sameShape(wide, own)) return "same";
  // The order of more than one channel would be unknown.
  return layout.length === 1
    ? wide.length <= 2
      ? "same"
      : undefined
    : wide.length === 1 && channelsOf(layout) === 1
      ? "same"
      : undefined;
}

function channelsFirst(layout: Shape): Shape {
  return [channelsOf(layout), ...layout.slice(0, -1)];
}

function channelsLast(sample: PlainSample, channels: number): PlainSample {
  const positions = sample.length / channels;
  return sample.map((_, index) => sample[(index % channels) * positions + Math.floor(index / channels)]);
}

function nameOf(view: ArrayBufferView): string {
  return String((view as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag]);
}
