// Summarises a mapping: scales, bits and error bounds of each layer.
import { checkMaxima } from "./scales.ts";
import { requireSpikingNetwork } from "../spiking/check.ts";
import { requireReluNetwork } from "../relu/check.ts";
import { checkOptions, checkObject, checkArray } from "../check.ts";
import type { ReluNetwork } from "../relu/network.ts";
import { bitsFor, chargeBounds, chargeRange, countRanges, type CountRange } from "../spiking/charge-range.ts";
import { rulesOf } from "../spiking/code.ts";
import type { CodeName, ScheduleName, SpikeSign } from "../spiking/codes/rules.ts";
import {
  isSynchronous,
  latencyTicks,
  type Population,
  type SpikingNetwork,
  type SpikingNode,
  synapsesTo,
} from "../spiking/network.ts";
import { hasFloor, isRefractory, resetsHard } from "../spiking/neurons/llif.ts";
import { formatShape, sizeOf, type Shape } from "../tensor.ts";
import { clippingOf, type LayerClipping } from "./clipping.ts";
import { precisionOf } from "./quantize.ts";
import type { ActivationMaxima } from "./scales.ts";
import { formatLive, liveSummary, table, type LiveSummary } from "./live-summary.ts";
import { mappingWarnings } from "./warnings.ts";

export interface LayerSummary {
  readonly name: string;
  readonly kind: SpikingNode["kind"];
  readonly shape: Shape;
  readonly neurons: number;
  readonly from: readonly string[];
  /**
   * Smallest and largest scale of a channel: the activation of a full count, or of one spike a tick; null for pools and
   * outputs.
   */
  readonly scale: readonly [number, number] | null;
  /** Activation at which the model saturates (ReLU6); null if it does not. */
  readonly ceiling: number | null;
  /**
   * Smallest and largest p of θ = 2^p, the wanted p, and the bits the charge would need at that p; null in float32
   * networks.
   */
  readonly precision: {
    readonly smallest: number;
    readonly largest: number;
    readonly wanted: number;
    readonly wantedBits: number;
  } | null;
  /** Bits of the largest possible charge, including the sign; null in float32 networks and for pools. */
  readonly chargeBits: number | null;
  /**
   * Type of the engine's sums. `i16 blocks`: 16-bit sums of few inputs, widened into 32 bits. `i32`: a weight needs
   * more than 16 bits, or signed rate, which compares after every tick.
   */
  readonly accumulator: "i16 blocks" | "i32" | "f32" | null;
}

/** The choices of a mapping and their cost. */
export interface NetworkSummary {
  readonly name: string;
  readonly code: CodeName;
  readonly schedule: ScheduleName;
  readonly spikes: SpikeSign;
  /** T: largest count of a window. */
  readonly levels: number;
  readonly windowTicks: number;
  /** Refined phase alone: what a spike of each tick counts, and how far a count may be off before the last tick. */
  readonly quanta?: readonly number[];
  /** Of refined phase, where layers near the input have finer quanta: those of the first layer. */
  readonly firstQuanta?: readonly number[];
  readonly lazy?: number;
  /** Ticks from the first input to the decision, for one sample alone. */
  readonly latencyTicks: number;
  readonly layers: readonly LayerSummary[];
  /** Neurons by their parts, connections and memory of a network that runs in the live core; absent for others. */
  readonly live?: LiveSummary;
  /**
   * Nodes of the ReLU network that were folded into weights and biases of others; empty if the network was not given.
   */
  readonly folded: readonly string[];
  /** Layers whose activations exceed their scales; empty if no maxima were given. */
  readonly clipping: readonly LayerClipping[];
  /**
   * Neurons that are not ReLUs, doubtful calibration (if the network was mapped in this process), or reduced precision.
   * Each warning says what to change.
   */
  readonly warnings: readonly string[];
}

/**
 * @param model the ReLU network that it was mapped from, for `folded`; with maxima of other images than those of the
 * scales (`followedActivations`), for `clipping`.
 */
export function summarize(
  network: SpikingNetwork,
  model: { readonly relu?: ReluNetwork; readonly maxima?: ActivationMaxima } = {},
): NetworkSummary {
  requireSpikingNetwork("summarize: network", network);
  checkOptions("summarize", model, { relu: true, maxima: true });
  if (model.relu !== undefined) requireReluNetwork("summarize: relu", model.relu);
  if (model.maxima !== undefined) checkMaxima("summarize: maxima", model.maxima);
  const { name, levels, windowTicks } = network;
  const { flags, frames, payload } = rulesOf(network.code);
  const { code, schedule, spikes, ahead, lazy } = flags;
  const quanta = (lead: number) => Array.from({ length: windowTicks }, (_, tick) => payload(tick, lead));
  const ranges = countRanges(network);
  const layers = network.nodes.map((node) => summarizeNode(network, node, ranges));
  const live = liveSummary(network);
  const names = new Set(network.nodes.map((node) => node.name));
  const clipping =
    model.relu !== undefined && model.maxima !== undefined ? clippingOf(network, model.relu, model.maxima) : [];
  return {
    name,
    code,
    schedule,
    spikes,
    levels,
    windowTicks,
    ...(frames ? { quanta: quanta(0), ...((ahead ?? 0) === 0 ? {} : { firstQuanta: quanta(1) }), lazy } : {}),
    latencyTicks: latencyTicks(network),
    layers,
    ...(live === null ? {} : { live }),
    folded: (model.relu?.nodes ?? [])
      .filter((node) => node.kind !== "input" && !names.has(node.name))
      .map((node) => node.name),
    clipping,
    warnings: [
      ...(live === null ? neuronWarnings(network) : []),
      ...precisionWarnings(layers),
      ...clipping.map(({ advice }) => advice),
      ...mappingWarnings(network),
    ],
  };
}

function summarizeNode(
  network: SpikingNetwork,
  node: SpikingNode,
  ranges: ReadonlyMap<string, CountRange>,
): LayerSummary {
  const { name, kind, shape } = node;
  if (node.kind === "pool") {
    return {
      name,
      kind,
      shape,
      neurons: 0,
      from: [node.from],
      scale: null,
      ceiling: null,
      precision: null,
      chargeBits: null,
      accumulator: null,
    };
  }
  const exact = network.arithmetic === "int32";
  const range = exact ? chargeRange(network, node, ranges) : null;
  return {
    name,
    kind,
    shape,
    neurons: sizeOf(shape),
    from: synapsesTo(network, name).map((synapse) => synapse.from),
    scale: node.kind === "population" ? extent(node.unit.map((unit) => unit * (exact ? network.levels : 1))) : null,
    ceiling: node.kind === "population" && node.ceiling !== undefined ? node.ceiling[0] : null,
    precision: exact && node.kind === "population" ? precisionsOf(network, node, ranges) : null,
    chargeBits: range === null ? null : bitsFor(Math.max(range.largest, -range.smallest)),
    accumulator:
      range === null ? "f32" : range.largestWeight <= 32767 && !isSynchronous(network) ? "i16 blocks" : "i32",
  };
}

function precisionsOf(
  network: SpikingNetwork,
  node: Population,
  ranges: ReadonlyMap<string, CountRange>,
): LayerSummary["precision"] {
  const { threshold } = node.neuron;
  const [smallest, largest] = extent(Float64Array.from(threshold, Math.log2));
  const wanted = Math.max(precisionOf(network.levels), largest);
  const { lower, upper } = chargeBounds(network, node, ranges);
  const furthest = upper.reduce(
    (most, value, index) =>
      Math.max(most, (Math.max(value, -lower[index]) / threshold[index % threshold.length]) * 2 ** wanted),
    0,
  );
  return { smallest, largest, wanted, wantedBits: bitsFor(furthest) };
}

function extent(values: Float64Array): [number, number] {
  return [
    values.reduce((least, value) => Math.min(least, value), Infinity),
    values.reduce((most, value) => Math.max(most, value), -Infinity),
  ];
}

function neuronWarnings(network: SpikingNetwork): string[] {
  const populations = network.nodes.filter((node): node is Population => node.kind === "population");
  const named = (wrong: (population: Population) => boolean) => populations.filter(wrong).map(({ name }) => name);
  const say = (names: readonly string[], text: string) => (names.length === 0 ? [] : [`${names.join(", ")}: ${text}`]);
  return [
    ...say(
      named(({ neuron }) => resetsHard(neuron)),
      "hard reset drops the charge above threshold, so rates fall short by up to the part of the threshold that one tick brings (T5), more in every layer; take reset soft",
    ),
    ...say(
      named(({ neuron }) => hasFloor(neuron)),
      "a floor on the membrane forgets inhibition; unless it lies below −2D the neuron is no ReLU, however long it runs (T4); take none",
    ),
    ...say(
      named(({ neuron }) => isRefractory(neuron) && neuron.refractory?.input === "discard"),
      "input that arrives while refractory is lost, which is no ReLU (T6); take input integrate",
    ),
  ];
}

/** One line for all layers, because a deep network may have many; `layers` has the details. */
function precisionWarnings(layers: readonly LayerSummary[]): string[] {
  const lowered = layers.flatMap(({ name, precision }) =>
    precision === null || precision.smallest >= precision.wanted ? [] : [{ name, ...precision }],
  );
  if (lowered.length === 0) return [];
  const worst = lowered.reduce((least, layer) =>
    layer.wanted - layer.smallest > least.wanted - least.smallest ? layer : least,
  );
  const others =
    lowered.length === 1
      ? ""
      : ` (and ${lowered.length - 1} more: ${lowered
          .filter((layer) => layer !== worst)
          .slice(0, 3)
          .map(({ name }) => name)
          .join(", ")}${lowered.length > 4 ? ", …" : ""})`;
  return [
    `${worst.name}: thresholds of 2^${worst.smallest} instead of 2^${worst.wanted}, at which its charge could need ${worst.wantedBits} of 32 bits${others}: weights are rounded more coarsely; take fewer bits or scales per channel`,
  ];
}

/** The summary as a table for a terminal. */
export function formatSummary(summary: NetworkSummary): string {
  checkArray("formatSummary: summary: layers", checkObject("formatSummary: summary", summary).layers);
  const { name, code, schedule, spikes, levels, windowTicks, quanta, firstQuanta, lazy, folded, warnings } = summary;
  const last = quanta?.join(", ");
  const counted =
    firstQuanta === undefined ? last : `${firstQuanta.join(", ")} in the first layer, ${last} in the last`;
  const remarks = warnings.map((warning) => `warning: ${warning}`);
  if (summary.live !== undefined) return [...formatLive(name, summary.live), ...remarks].join("\n");
  const weights = quanta === undefined ? "" : ` (a spike counts ${counted}; lazy ${lazy})`;
  const rows = summary.layers.map((layer) => [
    layer.name,
    formatShape(layer.shape),
    layer.from.join(" + "),
    layer.scale === null ? "" : range(layer.scale.map((value) => value.toPrecision(3))),
    layer.ceiling === null ? "" : String(Number(layer.ceiling.toPrecision(4))),
    layer.precision === null ? "" : range([layer.precision.smallest, layer.precision.largest].map(String)),
    layer.chargeBits === null ? "" : String(layer.chargeBits),
    layer.accumulator ?? "",
  ]);
  const header = ["layer", "shape", "from", "scale", "ceiling", "p", "charge bits", "sums"];
  return [
    `${name}: ${code}, ${schedule}, ${spikes} spikes${weights}, ${levels} levels in ${windowTicks} ticks; ${summary.latencyTicks} ticks to a decision`,
    ...table([header, ...rows]),
    ...(folded.length === 0 ? [] : [`folded into weights, or without neurons: ${folded.join(", ")}`]),
    ...remarks,
  ].join("\n");
}

function range([low, high]: readonly string[]): string {
  return low === high ? low : `${low}…${high}`;
}
