// Counts spikes, synaptic operations and neuron updates of a run, layer by layer: what the energy estimate multiplies.
import { requireReluNetwork } from "../relu/check.ts";
import { requireSpikingNetwork } from "../spiking/check.ts";
import { refuseLive } from "../spiking/live.ts";
import { checkBoolean, checkObject, checkNumbers } from "../check.ts";
import { forEachPooled } from "../relu/windows.ts";
import type { ReluNetwork } from "../relu/network.ts";
import { LlifError } from "../errors.ts";
import { rulesOf } from "../spiking/code.ts";
import { cancelsSpikes, outputsOf, populationsOf, shapeOf, type SpikingNetwork } from "../spiking/network.ts";
import { leadsOf } from "../spiking/payloads.ts";
import { synapseRules } from "../spiking/synapses/kinds.ts";
import { channelsOf, sizeOf, type Shape } from "../tensor.ts";
import { fanoutOf, type Fanout } from "./fanout.ts";

/** A connection: a synapse of the spiking network, or a weighted node of the ReLU network. */
export interface Stage {
  readonly from: string;
  readonly to: string;
  /** Whether the source is the input with analog values, not spikes. */
  readonly analog: boolean;
  readonly fanout: Fanout;
  readonly weights: number;
  /** Bits of the widest weight, including the sign; 32 for float32. */
  readonly weightBits: number;
  readonly sources: number;
  readonly targets: number;
  /** Whether one weight serves every position of the target. */
  readonly sharesWeights: boolean;
}

/** Sums over samples, one entry per stage; added to merge them. */
export interface ActivitySums {
  readonly samples: number;
  readonly spiking: StageSums;
  readonly float: StageSums;
}

export interface StageSums {
  /** Spikes that arrive, or nonzero values. */
  readonly events: readonly number[];
  /** Events times their targets with nonzero weights. */
  readonly operations: readonly number[];
  /**
   * Events of a zero-skipping network that uses whole counts instead of spikes; equal to `events` for analog stages and
   * the float network.
   */
  readonly countEvents: readonly number[];
  readonly countOperations: readonly number[];
  /** Neurons with a nonzero count or ReLU output. */
  readonly active: number;
  /** Spikes of all neurons. */
  readonly spikes: number;
}

/** Results of a run: counts of every population, and the engine's totals. */
export interface CountedRun {
  readonly counts: Readonly<Record<string, ArrayLike<number>>>;
  readonly statistics: { readonly spikes: number; readonly synapticOperations: number };
  /** Spikes sent by each neuron and pool, needed if spikes can be cancelled; otherwise they follow from the counts. */
  readonly sent?: Readonly<Record<string, ArrayLike<number>>>;
  /** Spikes of each input neuron; null or absent for constant current. */
  readonly inputSpikes?: ArrayLike<number> | null;
}

/** Counts events and operations per sample, for all networks by the same code. */
export interface ActivityMeter {
  readonly spikingStages: readonly Stage[];
  readonly floatStages: readonly Stage[];
  /** Nodes of the ReLU network whose values `add` needs. */
  readonly floatNodes: readonly string[];
  /**
   * @param run one sample; for signed synchronous rate with `sent` recorded.
   * @param input counts N_0.
   * @param values of `floatNodes`.
   */
  add(run: CountedRun, input: ArrayLike<number>, values: Readonly<Record<string, ArrayLike<number>>>): void;
  sums(): ActivitySums;
  /** Sets all sums to zero. */
  reset(): void;
}

/**
 * @param spikingInput whether the input is spikes, which need additions, or analog values, which need multiplications.
 */
export function activityMeter(network: SpikingNetwork, relu: ReluNetwork, spikingInput = false): ActivityMeter {
  requireSpikingNetwork("activityMeter: network", network);
  refuseLive("activityMeter", network);
  requireReluNetwork("activityMeter: relu", relu);
  checkBoolean("activityMeter: spikingInput", spikingInput);
  const spikingStages = network.synapses.map((synapse): Stage => {
    const [from, to] = [shapeOf(network, synapse.from), shapeOf(network, synapse.to)];
    return stage(synapse, synapse.from, synapse.to, synapse.from === network.input.name && !spikingInput, from, to);
  });
  const shapes = new Map(relu.nodes.map((node) => [node.name, node.shape]));
  const weighted = relu.nodes.filter(
    (node) => node.kind === "dense" || node.kind === "conv2d" || node.kind === "convTranspose2d",
  );
  const floatStages = weighted.map((node): Stage => {
    const source = relu.nodes.find(({ name }) => name === node.from[0]);
    return stage(
      { ...node, weights: node.weights.data },
      node.from[0],
      node.name,
      source?.kind === "input",
      shapes.get(node.from[0]) as Shape,
      node.shape,
    );
  });
  const rectified = relu.nodes.filter((node) => node.kind === "relu").map(({ name }) => name);
  const floatNodes = [...new Set([...floatStages.map(({ from }) => from), ...rectified])];
  const populations = populationsOf(network);
  let spiking = new Counter(spikingStages.length);
  let float = new Counter(floatStages.length);
  let samples = 0;

  return {
    spikingStages,
    floatStages,
    floatNodes,
    add(run, input, values) {
      const { counts, sent = {}, inputSpikes } = checkObject("ActivityMeter.add: run", run);
      checkObject("ActivityMeter.add: run: counts", counts);
      for (const { name, shape } of populations)
        checkNumbers(`ActivityMeter.add: run: counts: ${name}`, counts[name], { length: sizeOf(shape) });
      checkNumbers("ActivityMeter.add: input", input, { length: sizeOf(network.input.shape) });
      checkObject("ActivityMeter.add: values", values);
      for (const node of floatNodes) checkNumbers(`ActivityMeter.add: values: ${node}`, values[node]);
      samples++;
      const sources = new Map<string, Events>([[network.input.name, { counts: input, spikes: inputSpikes ?? input }]]);
      if (cancelsSpikes(network))
        for (const [name, events] of sentEvents(network, counts, sent, input)) sources.set(name, events);
      const events = spikingStages.map(({ from }) => eventsOf(network, from, counts, input, sources));
      const neurons = populations.map(({ name }) => eventsOf(network, name, counts, input, sources));
      const spikes = neurons.reduce((sum, one) => sum + total(one.spikes), 0);
      spikingStages.forEach(({ fanout, analog }, index) =>
        spiking.add(index, analog ? events[index].counts : events[index].spikes, events[index].counts, fanout, analog),
      );
      spiking.spikes += spikes;
      for (const { name } of populations) spiking.active += nonzero(counts[name]);
      floatStages.forEach(({ from, fanout }, index) => float.add(index, values[from], values[from], fanout, true));
      for (const name of rectified) float.active += nonzero(values[name]);
    },
    sums: () => ({ samples, spiking: spiking.sums(), float: float.sums() }),
    reset() {
      [samples, spiking, float] = [0, new Counter(spikingStages.length), new Counter(floatStages.length)];
    },
  };
}

export function addActivity(parts: readonly ActivitySums[]): ActivitySums {
  const added = (lists: readonly (readonly number[])[]) =>
    lists[0].map((_, index) => lists.reduce((sum, list) => sum + list[index], 0));
  const stages = (pick: (part: ActivitySums) => StageSums): StageSums => {
    const all = parts.map(pick);
    return {
      events: added(all.map(({ events }) => events)),
      operations: added(all.map(({ operations }) => operations)),
      countEvents: added(all.map(({ countEvents }) => countEvents)),
      countOperations: added(all.map(({ countOperations }) => countOperations)),
      active: all.reduce((sum, { active }) => sum + active, 0),
      spikes: all.reduce((sum, { spikes }) => sum + spikes, 0),
    };
  };
  return {
    samples: parts.reduce((sum, { samples }) => sum + samples, 0),
    spiking: stages(({ spiking }) => spiking),
    float: stages(({ float }) => float),
  };
}

/** Number of neurons and outputs, which have a membrane. */
export function membranesOf(network: SpikingNetwork): number {
  return [...populationsOf(network), ...outputsOf(network)].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

class Counter {
  readonly #events: number[];
  readonly #operations: number[];
  readonly #countEvents: number[];
  readonly #countOperations: number[];
  active = 0;
  spikes = 0;

  constructor(stages: number) {
    const zeros = () => new Array<number>(stages).fill(0);
    [this.#events, this.#operations, this.#countEvents, this.#countOperations] = [zeros(), zeros(), zeros(), zeros()];
  }

  /** @param single whether a value is one event regardless of its size (analog values). */
  add(
    stage: number,
    events: ArrayLike<number>,
    counts: ArrayLike<number>,
    { nonzero: targets }: Fanout,
    single: boolean,
  ): void {
    for (let index = 0; index < targets.length; index++) {
      if (events[index] === 0 || Number.isNaN(events[index])) continue;
      const spikes = single ? 1 : events[index];
      this.#events[stage] += spikes;
      this.#operations[stage] += spikes * targets[index];
      if (counts[index] === 0) continue;
      this.#countEvents[stage]++;
      this.#countOperations[stage] += targets[index];
    }
  }

  sums(): StageSums {
    return {
      events: this.#events,
      operations: this.#operations,
      countEvents: this.#countEvents,
      countOperations: this.#countOperations,
      active: this.active,
      spikes: this.spikes,
    };
  }
}

function stage(
  connection: Parameters<typeof fanoutOf>[0],
  from: string,
  to: string,
  analog: boolean,
  source: Shape,
  target: Shape,
): Stage {
  const { weights } = connection;
  let widest = 0;
  for (let index = 0; index < weights.length; index++) widest = Math.max(widest, Math.abs(weights[index]));
  const integer = weights instanceof Int32Array;
  return {
    from,
    to,
    analog,
    fanout: fanoutOf(connection, source, target),
    weights: weights.length,
    weightBits: integer ? Math.ceil(Math.log2(widest + 1)) + 1 : 32,
    sources: sizeOf(source),
    targets: sizeOf(target),
    sharesWeights: synapseRules(connection).sharesWeights,
  };
}

/** Counts and spikes of one node and sample. */
export interface Events {
  readonly counts: ArrayLike<number>;
  readonly spikes: ArrayLike<number>;
}

/**
 * Counts and spikes of a node. A max pool passes the spikes of the largest count, a sum pool all spikes. `known` is a
 * cache.
 */
export function eventsOf(
  network: SpikingNetwork,
  name: string,
  counts: Readonly<Record<string, ArrayLike<number>>>,
  input: ArrayLike<number>,
  known: Map<string, Events>,
): Events {
  const before = known.get(name);
  if (before !== undefined) return before;
  const node = network.nodes.find((candidate) => candidate.name === name);
  let events: Events;
  if (name === network.input.name) events = { counts: input, spikes: input };
  else if (node?.kind === "pool") {
    const source = eventsOf(network, node.from, counts, input, known);
    const size = sizeOf(node.shape);
    const largest = node.mode === "max";
    const pooled = { counts: new Float64Array(size).fill(largest ? -Infinity : 0), spikes: new Float64Array(size) };
    const { multiplicity } = node;
    const channels = channelsOf(node.shape);
    forEachPooled(node, shapeOf(network, node.from), node.shape, (output, from) => {
      if (!largest) {
        const times = multiplicity === undefined ? 1 : multiplicity[Math.floor(output / channels)];
        pooled.counts[output] += times * source.counts[from];
        pooled.spikes[output] += times * source.spikes[from];
      } else if (source.counts[from] > pooled.counts[output]) {
        pooled.counts[output] = source.counts[from];
        pooled.spikes[output] = source.spikes[from];
      }
    });
    events = pooled;
  } else {
    const own = counts[name];
    events = { counts: own, spikes: spikesOf(network, name, own) };
  }
  known.set(name, events);
  return events;
}

/**
 * Counts and spikes of every population and pool whose spikes were recorded as sent: counts have neither cancelled
 * spikes nor those that correct others.
 */
export function sentEvents(
  network: SpikingNetwork,
  counts: Readonly<Record<string, ArrayLike<number>>>,
  sent: Readonly<Record<string, ArrayLike<number>>>,
  input: ArrayLike<number>,
): Map<string, Events> {
  const pooled = new Map<string, Events>();
  return new Map(
    network.nodes.flatMap(({ kind, name }) => {
      if (kind === "output") return [];
      const spikes = sent[name];
      if (spikes === undefined)
        throw new LlifError(
          "ARGUMENT",
          `activity of "${network.name}", layer "${name}": expected what it sends, as record.sent of a simulator keeps it`,
          { nodes: [name] },
        );
      return [[name, { counts: eventsOf(network, name, counts, input, pooled).counts, spikes }]];
    }),
  );
}

/** Spikes of every neuron; spikes of equal counts are computed once. */
function spikesOf(network: SpikingNetwork, name: string, counts: ArrayLike<number>): ArrayLike<number> {
  const { spikeKind, spikesOfCount } = rulesOf(network.code);
  if (spikeKind === "rates") return counts;
  const spikes = new Float64Array(counts.length);
  const lead = leadsOf(network).get(name) ?? 0;
  const known: number[] = [];
  for (let index = 0; index < counts.length; index++) {
    const count = counts[index];
    spikes[index] = count >= 0 ? (known[count] ??= spikesOfCount(count, lead)) : spikesOfCount(count, lead);
  }
  return spikes;
}

function nonzero(values: ArrayLike<number>): number {
  let count = 0;
  for (let index = 0; index < values.length; index++) if (values[index] !== 0) count++;
  return count;
}

function total(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index];
  return sum;
}
