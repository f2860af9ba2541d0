// Turns a diagnosis into advice: which layer loses most, and which option changes that.
import { checkArray, checkObject } from "../check.ts";
import { checkCode } from "../spiking/code.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { weightRounding } from "../mapping/rounding.ts";
import type { LayerDiagnosis } from "./diagnose.ts";

/** A finding, and what to change. */
export interface Advice {
  /** Null for the whole network. */
  readonly layer: string | null;
  readonly finding: string;
  readonly change: string;
}

/** Smallest shares that are reported. */
const notable = { clipped: 1e-4, silent: 0.02, saturated: 0.01 };

/**
 * Advice from a diagnosis, the most important first: clipping, coarse weights, layers that add much error, silent
 * neurons.
 */
export function adviceOf(
  network: SpikingNetwork | Pick<SpikingNetwork, "code">,
  layers: readonly LayerDiagnosis[],
): Advice[] {
  const { flags, frames } = checkCode("adviceOf: network: code", checkObject("adviceOf: network", network).code);
  const { schedule, code, spikes } = flags;
  checkArray<LayerDiagnosis>("adviceOf: layers", layers).forEach((layer) => checkObject("adviceOf: layer", layer));
  const finer =
    schedule === "synchronous" && !frames
      ? "more --ticks, or a layerwise code, whose counts are exact"
      : code === "phase" && spikes === "unsigned"
        ? "more --bits, or --spikes signed, which has more levels in as many ticks"
        : "more --bits";
  const populations = layers.filter(({ kind }) => kind === "population");
  const clipping = [...populations]
    .filter(({ clippedShare }) => clippedShare > notable.clipped)
    .sort((a, b) => b.clippedShare - a.clippedShare);
  const advice = clipping.slice(0, 3).map(
    (layer): Advice => ({
      layer: layer.name,
      finding: `clips ${percent(layer.clippedShare)} of its activations, in ${layer.clippedChannels} channel(s); largest error ${percent(layer.relativeError)} of the largest value`,
      change:
        "calibrate on more or other images (--calibration, --calibration-images), or a larger --margin; --scales percentile clips on purpose",
    }),
  );
  const rounded = "synapses" in network ? weightRounding(network) : [];
  for (const { layer, quanta, share } of rounded.slice(0, 2)) {
    advice.push({
      layer,
      finding: `its weights have ${quanta.toPrecision(2)} quanta (rms) left in 32 bits, whose rounding alone makes its sums wrong by about ${percent(share)}`,
      change:
        "fewer --bits, which leave its weights more; or --code ttfs without --bits, which rounds no weights to integers",
    });
  }
  const coarse = coarsest(layers);
  if (
    coarse !== null &&
    !rounded.some(({ layer }) => layer === coarse.layer.name) &&
    !clipping.some(({ name }) => name === coarse.layer.name)
  ) {
    advice.push({
      layer: coarse.layer.name,
      finding: `adds the most error: ${percent(coarse.added)} of its values (rms), ${percent(coarse.layer.rmsError)} with what comes from before`,
      change: finer,
    });
  }
  for (const layer of populations.filter(({ wronglySilentShare }) => wronglySilentShare > notable.silent).slice(0, 2)) {
    advice.push({
      layer: layer.name,
      finding: `${percent(layer.wronglySilentShare)} of its neurons never fire although their ReLU is above zero: their values are below half a level`,
      change: `${finer}; a smaller --margin makes levels finer, at the risk of clipping`,
    });
  }
  for (const layer of populations.filter(({ saturatedShare }) => saturatedShare > notable.saturated).slice(0, 2)) {
    advice.push({
      layer: layer.name,
      finding: `${percent(layer.saturatedShare)} of its neurons carry a full window in every image`,
      change: "look at the calibration images: these values are larger here than there",
    });
  }
  return advice;
}

/** The layer whose rms error grows most over the layer before it. */
function coarsest(
  layers: readonly LayerDiagnosis[],
): { readonly layer: LayerDiagnosis; readonly added: number } | null {
  let worst: { layer: LayerDiagnosis; added: number } | null = null;
  layers.forEach((layer, index) => {
    const before = index === 0 ? 0 : layers[index - 1].rmsError;
    const added = Math.sqrt(Math.max(0, layer.rmsError ** 2 - before ** 2));
    if (layer.rmsError > 0.002 && (worst === null || added > worst.added)) worst = { layer, added };
  });
  return worst;
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`;
}
