// Describes a live network for people: its neurons by their parts, its connections, its memory.
import { liveBytes } from "../spiking/live-memory.ts";
import { runsLive } from "../spiking/live.ts";
import { populationsOf, shapeOf, type Population, type SpikingNetwork } from "../spiking/network.ts";
import { resetsHard, type LlifNeuron } from "../spiking/neurons/llif.ts";
import { synapseRules, type Synapse } from "../spiking/synapses/kinds.ts";
import { formatShape, sizeOf, type Shape } from "../tensor.ts";

export interface LivePopulationSummary {
  readonly name: string;
  readonly shape: Shape;
  readonly neurons: number;
  /** What its neurons have, in words. */
  readonly parts: readonly string[];
}

export interface LiveSynapseSummary {
  /** Null for a synapse without a name. */
  readonly name: string | null;
  readonly kind: Synapse["kind"];
  readonly from: string;
  readonly to: string;
  /** "v", the membrane potential, or a current. */
  readonly into: string;
  /** Pairs of a source and a target. */
  readonly connections: number;
  /** Shortest and longest. */
  readonly delayTicks: readonly [number, number];
  readonly weights: readonly [number, number];
  readonly plastic: boolean;
}

/** A network that runs in the live core. */
export interface LiveSummary {
  readonly dtSeconds: number;
  readonly neurons: number;
  readonly connections: number;
  /** Least memory of a simulation. */
  readonly bytes: number;
  readonly populations: readonly LivePopulationSummary[];
  /** Outputs and pools. */
  readonly others: readonly { readonly name: string; readonly shape: Shape; readonly kind: "output" | "pool" }[];
  readonly synapses: readonly LiveSynapseSummary[];
}

/** Null for a network that is not live. */
export function liveSummary(network: SpikingNetwork): LiveSummary | null {
  if (!runsLive(network)) return null;
  const { synapses, neurons } = liveBytes(network);
  const populations = populationsOf(network).map(
    (population): LivePopulationSummary => ({
      name: population.name,
      shape: population.shape,
      neurons: sizeOf(population.shape),
      parts: partsOf(population),
    }),
  );
  const described = network.synapses.map((synapse) => summarizeSynapse(network, synapse));
  return {
    dtSeconds: network.dtSeconds,
    neurons: populations.reduce((sum, population) => sum + population.neurons, 0),
    connections: described.reduce((sum, { connections }) => sum + connections, 0),
    bytes: synapses + neurons,
    populations,
    others: network.nodes.flatMap(({ name, shape, kind }) => (kind === "population" ? [] : [{ name, shape, kind }])),
    synapses: described,
  };
}

function summarizeSynapse(network: SpikingNetwork, synapse: Synapse): LiveSynapseSummary {
  const { name = null, kind, from, to, into = "v", delayTicks, weights, plasticity } = synapse;
  const [shortest, longest] = extent((kind === "sparse" ? synapse.delays : undefined) ?? [0]);
  return {
    name,
    kind,
    from,
    to,
    into,
    connections: Math.round(synapseRules(synapse).pairs(synapse, shapeOf(network, to))),
    delayTicks: [delayTicks + shortest, delayTicks + longest],
    weights: extent(weights),
    plastic: plasticity !== undefined,
  };
}

function partsOf({ neuron, bias }: Population): string[] {
  const { strict, leak, constantLeak, floor, refractory, currents = [], adaptation, delivery } = neuron;
  return [
    `threshold ${strict === undefined ? "" : "above "}${between(neuron.threshold)}`,
    ...(leak === undefined ? [] : [`ohmic leak, time constant ${timeConstants(leak.factorPerTick)}`]),
    ...(constantLeak === undefined
      ? []
      : [`constant leak of ${between(constantLeak.chargePerTick)} toward ${between(constantLeak.until)}`]),
    ...(bias.every((charge) => charge === 0) ? [] : [`bias ${between(bias)}`]),
    resetOf(neuron),
    ...(refractory === undefined
      ? []
      : [
          `refractory for ${between(refractory.ticks)} ticks, ${refractory.clamp === undefined ? `input ${refractory.input === "discard" ? "discarded" : "integrated"}` : `${refractory.clamp.join(", ")} clamped`}`,
        ]),
    ...currents.map(({ name, factorPerTick }) => `current ${name}, time constant ${timeConstants(factorPerTick)}`),
    ...(adaptation === undefined
      ? []
      : [
          `adaptation of ${between(adaptation.chargePerSpike)} a spike, time constant ${timeConstants(adaptation.factorPerTick)}`,
        ]),
    ...(floor === undefined ? [] : [`floor ${between(floor)}`]),
    ...(delivery === undefined ? [] : ["delivery after the threshold"]),
  ];
}

function resetOf(neuron: LlifNeuron): string {
  const { reset } = neuron;
  const clears = reset?.clears === undefined ? "" : `, ${reset.clears.join(", ")} cleared`;
  if (reset === undefined || !resetsHard(neuron)) return `soft reset${clears}`;
  const hard = `hard reset to ${reset.value === undefined ? "0" : between(reset.value)}${clears}`;
  return reset.hard.includes(0) ? `${hard}, or soft reset` : hard;
}

function timeConstants(factors: Float32Array): string {
  return `${between(factors.map((factor) => -1 / Math.log(factor)))} ticks`;
}

function extent(values: ArrayLike<number>): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (let index = 0; index < values.length; index++) {
    least = Math.min(least, values[index]);
    most = Math.max(most, values[index]);
  }
  return values.length === 0 ? [0, 0] : [least, most];
}

/** "3", or "1…5" where values differ. */
function between(values: ArrayLike<number>): string {
  return formatRange(extent(values));
}

function formatRange([least, most]: readonly [number, number]): string {
  const short = (value: number) => String(Number(value.toPrecision(4)));
  return short(least) === short(most) ? short(least) : `${short(least)}…${short(most)}`;
}

/** Lines for a terminal: sizes, one line a population, and a table of synapses. */
export function formatLive(name: string, live: LiveSummary): string[] {
  const { neurons, connections, bytes, dtSeconds, populations, others, synapses } = live;
  const whole = (count: number) => count.toLocaleString("en-US");
  const header = ["synapse", "from", "to", "into", "kind", "connections", "weights", "delay (ticks)", "plastic"];
  const rows = synapses.map((synapse) => [
    synapse.name ?? "–",
    synapse.from,
    synapse.to,
    synapse.into,
    synapse.kind,
    whole(synapse.connections),
    formatRange(synapse.weights),
    formatRange(synapse.delayTicks),
    synapse.plastic ? "yes" : "",
  ]);
  return [
    `${name}: ${whole(neurons)} neurons, ${whole(connections)} connections; at least ${formatBytes(bytes)} in a simulation; a tick is ${dtSeconds} s`,
    ...populations.map((each) => `${each.name} ${formatShape(each.shape)}: ${each.parts.join("; ")}`),
    ...others.map((each) => `${each.name} ${formatShape(each.shape)}: ${each.kind}`),
    ...(rows.length === 0 ? [] : table([header, ...rows])),
  ];
}

function formatBytes(bytes: number): string {
  return bytes < 2 ** 20 ? `${(bytes / 2 ** 10).toFixed(1)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** Lines of padded columns. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd(),
  );
}
