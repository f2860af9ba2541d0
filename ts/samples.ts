// Samples as users give them, pixels or real values with or without a shape, brought to a network's own layout.
import { checkIterable, checkNumbers, checkObject, checkString, describe } from "./check.ts";
import { LlifError } from "./errors.ts";
import { channelsOf, formatShape, sameShape, sizeOf, type Shape } from "./tensor.ts";

/** Numbers of one sample, channels last: bytes are pixels 0…255, everything else real values, which are rounded to float32. */
export type SampleValues = Uint8Array | Uint8ClampedArray | Float32Array | Float64Array | readonly number[];

/**
 * Row-major numbers with their shape, as `readNpy` gives them: of one sample, or of a batch, whose samples lie along the first axis.
 * A shape with the channels first, `[channels, height, width]`, as PyTorch and ONNX have it, is transposed.
 */
export interface ShapedSamples {
  readonly shape: Shape;
  /** Int32Array and Uint32Array are refused: they do not tell whether they are pixels. */
  readonly data: SampleValues | Int32Array | Uint32Array;
}

/** Samples one after the other, each alone or a batch with its shape, or one array that holds all. */
export type Samples =
  | Iterable<SampleValues | ShapedSamples>
  | AsyncIterable<SampleValues | ShapedSamples>
  | ShapedSamples;

/** One sample as engines, mapping and passes take it: pixels, or real values. */
export type PlainSample = Uint8Array | Float32Array;

/** Whether these are numbers that know their shape. */
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

/** Whether this is an array or typed array of numbers, of which `plainSample` says whether they can be a sample. */
export function isNumbers(value: unknown): value is ArrayLike<number> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/**
 * One sample of a network whose input has shape `layout`, channels last. The result may share memory with `input`.
 * @param place the input as the user knows it.
 * @throws {LlifError} ARGUMENT for what holds no pixels or real values, SHAPE for another size, another shape, or several samples.
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
 * All samples of an array that has a shape, each channels last. Fits: the network's own layout; channels first, which is transposed;
 * a shape that differs by axes of one element alone; flat values of one channel, or for a flat input those of up to two axes, row by row. Each with
 * or without a batch axis in front; where a shape could be both, it is one sample, in the network's own layout.
 * @param place the array as the user knows it.
 * @param layout shape of the network's input, channels last, without batch.
 * @returns pixels or real values; they share memory with `data` where they need not be copied.
 * @throws {LlifError} ARGUMENT for what holds no pixels or real values, SHAPE, with both shapes, where they do not fit.
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
 * Each sample, taken when it is asked for: it may share memory with what it comes from, which may be filled anew for the next.
 * @throws {LlifError} as `samplesOf`, naming the sample by its place in `samples`.
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

/** The same values in memory of their own. */
export function copyOfSample(sample: PlainSample): PlainSample {
  // Not slice(), which is a view in Node's Buffer.
  return sample instanceof Uint8Array ? new Uint8Array(sample) : new Float32Array(sample);
}

/**
 * Pixels or real values, by their type alone; nothing is said of how many.
 * @throws {LlifError} ARGUMENT naming what was expected and what came.
 */
export function plainSample(place: string, input: unknown): PlainSample {
  if (input instanceof Uint8Array || input instanceof Float32Array) return input;
  if (Array.isArray(input)) {
    // Not forEach, which would pass over holes.
    for (let index = 0; index < input.length; index++) {
      if (typeof input[index] !== "number")
        throw new LlifError("ARGUMENT", `${place}: expected numbers, got ${describe(input[index])} at index ${index}`);
    }
    return Float32Array.from(input as number[]);
  }
  if (ArrayBuffer.isView(input)) {
    // By name: an array of another realm, such as a frame, is no instance of this one's classes.
    // The memory of an array that was given away has no place any more.
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

/** How the values of one sample lie in an array of this shape; undefined where it is none of that layout. */
function orderOf(given: Shape, layout: Shape): "same" | "channelsFirst" | undefined {
  if (sameShape(given, layout)) return "same";
  if (layout.length > 1 && sameShape(given, channelsFirst(layout))) return "channelsFirst";
  if (sizeOf(given) !== sizeOf(layout)) return undefined;
  const [wide, own] = [given, layout].map((shape) => shape.filter((extent) => extent !== 1));
  if (sameShape(wide, own)) return "same";
  // Several channels would be in an order that nobody tells.
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
