// Warnings of a mapping about doubtful calibration and coarse weights, shown during mapping and in the summary.
import { weightRounding } from "./rounding.ts";
import type { SpikingNetwork } from "../spiking/network.ts";

const found = new WeakMap<SpikingNetwork, readonly string[]>();

/** Stores the warnings about the scales of a new network. */
export function keepWarnings(network: SpikingNetwork, warnings: readonly string[]): void {
  found.set(network, warnings);
}

/** Warnings about the scales, if the network was mapped in this process, and about coarse weights. */
export function mappingWarnings(network: SpikingNetwork): string[] {
  const [worst, ...others] = weightRounding(network).sort((a, b) => a.quanta - b.quanta);
  if (worst === undefined) return [...(found.get(network) ?? [])];
  const more =
    others.length === 0
      ? ""
      : `; the same holds of ${others.length} more: ${others
          .slice(0, 3)
          .map(({ layer }) => layer)
          .join(", ")}${others.length > 3 ? ", …" : ""}`;
  return [...(found.get(network) ?? []), `${worst.advice}${more}`];
}

/** Facts about a calibration. */
export interface CalibrationFacts {
  /** Number of images; Infinity if many or unknown. */
  readonly images: number;
  /** Largest pixel or magnitude of the inputs; null if they were not seen. */
  readonly largestInput: number | null;
  readonly pixels: boolean;
  /** Largest activations, by layer and channel. */
  readonly layers: readonly { readonly name: string; readonly largest: Float64Array }[];
}

/** Fewer samples than this are too few. */
const fewSamples = 10;

/** @returns a sentence for each doubtful fact, with what to change. */
export function calibrationWarnings({ images, largestInput, pixels, layers }: CalibrationFacts): string[] {
  const warnings: string[] = [];
  if (images < fewSamples)
    warnings.push(
      `calibration: ${images} sample${images === 1 ? "" : "s"} only, so most scales are guesses; take some hundred that are like those to come`,
    );
  if (largestInput === 0) warnings.push("calibration: all inputs are zero; take samples that are like those to come");
  else if (pixels && largestInput === 1)
    warnings.push(
      "calibration: no pixel is above 1 of 255; bytes are pixels of 0…255, real values of 0…1 belong in a Float32Array",
    );
  else if (largestInput !== null && largestInput < 1e-6)
    warnings.push(
      `calibration: no input value is above ${largestInput.toPrecision(2)} in magnitude; is it in the model's own unit?`,
    );
  const silent = layers
    .map(({ name, largest }) => ({
      name,
      silent: largest.filter((value) => value === 0).length,
      channels: largest.length,
    }))
    .filter(({ silent, channels }) => silent >= channels / 2 && silent > 0);
  if (silent.length > 0 && largestInput !== 0) {
    const list = silent
      .slice(0, 3)
      .map(({ name, silent: count, channels }) => `${name} ${count} of ${channels}`)
      .join(", ");
    const samples =
      images === Infinity ? "the calibration" : `the calibration (${images} sample${images === 1 ? "" : "s"})`;
    warnings.push(
      `calibration: channels that never fired in ${samples}: ${list}${silent.length > 3 ? `, and as many in ${silent.length - 3} more layers` : ""}; their scales follow from what their readers take; take more samples, or others`,
    );
  }
  return warnings;
}
