// Reports which layers clip on given images, and by how much.
import { requireSpikingNetwork } from "../spiking/check.ts";
import { rulesOf } from "../spiking/code.ts";
import { requireReluNetwork } from "../relu/check.ts";
import type { ReluNetwork } from "../relu/network.ts";
import { populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import { channelsOf } from "../tensor.ts";
import { foldNetwork } from "./fold/fold.ts";
import { checkMaxima, scaleOf, type ActivationMaxima } from "./scales.ts";

/** A layer with activations above their scale, whose counts are cut. */
export interface LayerClipping {
  readonly layer: string;
  readonly channels: number;
  readonly clippedChannels: number;
  /** Largest activation divided by its scale. */
  readonly worst: number;
  /** The layer, the amount, and what to change. */
  readonly advice: string;
}

/**
 * Finds the layers that clip, from the largest activations of other images than those used for the scales.
 * @param relu the model that `network` was mapped from.
 * @param maxima of the nodes of `followedActivations(relu)`.
 */
export function clippingOf(network: SpikingNetwork, relu: ReluNetwork, maxima: ActivationMaxima): LayerClipping[] {
  requireSpikingNetwork("clippingOf: network", network);
  requireReluNetwork("clippingOf: relu", relu);
  checkMaxima("clippingOf: maxima", maxima);
  const { signedCounts } = rulesOf(network.code);
  const folded = foldNetwork(relu, {
    pixels: (network.input.counts?.minimum ?? 0) === 0,
    signedCounts,
    levels: network.arithmetic === "int32" ? network.levels : 0,
  });
  const units = new Map(populationsOf(network).map(({ name, unit }) => [name, unit]));
  const reach = network.arithmetic === "int32" ? network.levels : 1;
  return folded.nodes.flatMap((layer) => {
    const unit = units.get(layer.name);
    if (layer.kind !== "layer" || layer.activation === null || unit === undefined) return [];
    const channels = channelsOf(layer.shape);
    const ratios = scaleOf(layer, maxima).map(
      (largest, channel) => Math.min(largest, layer.ceiling) / (unit[channel % unit.length] * reach),
    );
    // At the model's own ceiling (ReLU6), the model cuts too.
    const clippedChannels = ratios.filter((ratio) => ratio > 1 + 1e-6).length;
    if (clippedChannels === 0) return [];
    const worst = ratios.reduce((most, ratio) => Math.max(most, ratio), 0);
    const advice = `${layer.name}: ${clippedChannels} of ${channels} channels pass their scale, by up to ${((worst - 1) * 100).toFixed(0)} %; calibrate on more images, or take a margin ${(Math.ceil(worst * 100) / 100).toFixed(2)} times as large`;
    return [{ layer: layer.name, channels, clippedChannels, worst, advice }];
  });
}
