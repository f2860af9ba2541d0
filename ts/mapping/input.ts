// How a network's input enters a mapped network: pixels as counts, or float values.
import { checkFinite } from "../check.ts";
import { LlifError } from "../errors.ts";
import { eachSample, type PlainSample } from "../samples.ts";
import type { SpikingInput } from "../spiking/network.ts";
import type { Shape } from "../tensor.ts";
import type { CalibrationImages, ScaleMethod } from "./scales.ts";

type Counts = NonNullable<SpikingInput["counts"]>;

/** Largest signed count of 12 bits. */
const largestCount = 2047;

/** uint8 pixels, which are counts themselves. */
export function pixelCounts(scale: number): Counts {
  return { unit: scale, minimum: 0, maximum: 255 };
}

/** Float values, rounded to signed counts of 12 bits. */
export function floatInput(range: number): Counts {
  return { unit: range / largestCount, minimum: -largestCount - 1, maximum: largestCount };
}

export interface InputPlan {
  readonly pixels: boolean;
  /** Calibration inputs in the network's layout. */
  readonly calibration: AsyncIterable<PlainSample> | undefined;
  /** Largest magnitude of float inputs; call it after the calibration inputs were read. */
  range(): number;
  /** Largest pixel or magnitude of the calibration inputs, after they were read; null if there are none. */
  largest(): number | null;
}

/**
 * Decides whether the input is an image, from the options and from the type of the first calibration input.
 * @param layout shape of the network's input, channels last.
 * @throws {LlifError} ARGUMENT or DATA; SHAPE for a calibration input that does not fit.
 */
export async function checkFloatInputs(
  options: { readonly inputRange?: number; readonly calibration?: CalibrationImages },
  method: ScaleMethod,
  layout: Shape,
): Promise<InputPlan> {
  const given =
    options.inputRange === undefined ? undefined : checkFinite("inputRange", options.inputRange, { above: 0 });
  if (method === "analytic" || options.calibration === undefined) {
    return { pixels: given === undefined, calibration: undefined, range: () => given ?? 0, largest: () => null };
  }
  const iterator = eachSample("calibration", options.calibration, layout);
  const first = await iterator.next();
  const float = given !== undefined || (first.done !== true && first.value instanceof Float32Array);
  let [largest, samples] = [0, 0];
  async function* all(): AsyncGenerator<PlainSample> {
    try {
      for (let next = first; next.done !== true; next = await iterator.next()) {
        const sample = next.value;
        if (float !== sample instanceof Float32Array)
          throw new LlifError(
            "DATA",
            `calibration: expected every input as ${float ? "a Float32Array" : "a Uint8Array"}, got a ${sample.constructor.name}`,
          );
        for (let index = 0; index < sample.length; index++) {
          const size = Math.abs(sample[index]);
          if (!(size < Infinity))
            throw new LlifError(
              "DATA",
              `calibration: expected finite numbers, got ${sample[index]} at index ${index} of sample ${samples}`,
            );
          if (size > largest) largest = size;
        }
        samples++;
        yield sample;
      }
    } finally {
      await iterator.return();
    }
  }
  return { pixels: !float, calibration: all(), range: () => given ?? (largest * 1.25 || 1), largest: () => largest };
}
