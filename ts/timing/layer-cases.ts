// The single-layer cases of `llif bench` and of suites `reference` and `native`.
import type { LayerCode, LayerKind } from "./layers.ts";

export interface LayerCase {
  readonly name: string;
  readonly layer: LayerKind;
  readonly code: LayerCode;
}

const layers: readonly (readonly [string, LayerKind])[] = [
  ["dense-1216", { kind: "dense", inputs: 1216, units: 1216 }],
  ["conv-32x32x64", { kind: "conv", size: 32, channels: 64 }],
  ["conv-16x16x128", { kind: "conv", size: 16, channels: 128 }],
  ["conv-8x8x256", { kind: "conv", size: 8, channels: 256 }],
];
const activities: readonly (readonly [string, number])[] = [
  ["a05", 0.05],
  ["a10", 0.1],
];
/** A membrane time constant of 20 ticks. */
export const ohmicLeakFactor = Math.fround(Math.exp(-1 / 20));

/**
 * Layers and codes of the suites `reference` and `native`. The plain name is the layerwise exact code with 32 ticks;
 * `-phase` has 8 ticks whose weight halves each tick; `-rate-constant-t32` and the like are synchronous f32.
 */
export function layerCases(rateTicks: readonly number[]): LayerCase[] {
  return layers.flatMap(([layerName, layer]) =>
    activities.flatMap(([activityName, activity]): LayerCase[] => {
      const name = `${layerName}-${activityName}`;
      const rate = (leak: "constant" | "ohmic", ticks: number): LayerCase => {
        return {
          name: `${name}-rate-${leak}-t${ticks}`,
          layer,
          code: { code: "rate", ticks, activity, leakFactor: leak === "ohmic" ? ohmicLeakFactor : 1 },
        };
      };
      return [
        { name, layer, code: { code: "layerwise", ticks: 32, activity } },
        { name: `${name}-phase`, layer, code: { code: "phase", ticks: 8, activity } },
        ...rateTicks.flatMap((ticks) => [rate("constant", ticks), rate("ohmic", ticks)]),
      ];
    }),
  );
}
