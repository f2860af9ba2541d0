import { checkFinite } from "../check.ts";
import { LlifError } from "../errors.ts";
import type { SpikingInput } from "../spiking/network.ts";
import type { CalibrationImages, ScaleMethod } from "./scales.ts";

type Counts = NonNullable<SpikingInput["counts"]>;

/** Largest signed count of 12 bits. */
const largestCount = 2047;

/** uint8 pixels are counts themselves. */
export function pixelCounts(scale: number): Counts {
  return { unit: scale, minimum: 0, maximum: 255 };
}

/** Float values, rounded to signed counts of 12 bits. */
export function floatInput(range: number): Counts {
  return { unit: range / largestCount, minimum: -largestCount - 1, maximum: largestCount };
}

export interface InputPlan {
  readonly pixels: boolean;
  readonly calibration: CalibrationImages | undefined;
  /** Largest magnitude of float inputs, known once the calibration inputs were read. */
  range(): number;
}

/**
 * Whether the input is an image, from what the caller says and from the kind of the first calibration input.
 * @throws {LlifError} ARGUMENT or DATA.
 */
export async function checkFloatInputs(options: { readonly inputRange?: number; readonly calibration?: CalibrationImages }, method: ScaleMethod): Promise<InputPlan> {
  const given = options.inputRange === undefined ? undefined : checkFinite("inputRange", options.inputRange, { above: 0 });
  if (method === "analytic" || options.calibration === undefined) {
    return { pixels: given === undefined, calibration: options.calibration, range: () => given ?? 0 };
  }
  const iterator = asynchronous(options.calibration);
  const first = await iterator.next();
  const float = given !== undefined || (first.done !== true && first.value instanceof Float32Array);
  let largest = 0;
  async function* all(): AsyncGenerator<Uint8Array | Float32Array> {
    try {
      for (let next = first; next.done !== true; next = await iterator.next()) {
        const image = next.value;
        if (float !== image instanceof Float32Array) throw new LlifError("DATA", `calibration: expected every input as a ${float ? "Float32Array" : "Uint8Array"}, got a ${image.constructor.name}`);
        if (float) for (const value of image) largest = Math.max(largest, Math.abs(value));
        yield image;
      }
    } finally {
      await iterator.return(undefined);
    }
  }
  return { pixels: !float, calibration: all(), range: () => given ?? (largest * 1.25 || 1) };
}

async function* asynchronous(images: CalibrationImages): AsyncGenerator<Uint8Array | Float32Array> {
  yield* images;
}
