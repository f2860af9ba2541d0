// Simulators of the networks of suite `live` as one writes them by hand in plain TypeScript: typed arrays, connections by source, a
// ring of spike lists for the delay, a bit for each neuron that is awake. Where nothing is drawn or learnt, every operation is
// rounded as llif rounds it, so the spikes are the same.
import type { SpikingNetwork } from "../../ts/index.ts";
import { populationsOf } from "../../ts/spiking/network.ts";
import { restTolerances } from "../../ts/spiking/live.ts";
import { cpuTimeOf } from "../cpu-time.ts";
import type { Contender } from "../../ts/timing/case.ts";
import type { Connections, LiveModel, Spikes } from "./models.ts";
import { digestOf, type LiveOutcome } from "./network.ts";

const { fround, exp } = Math;

/** Connections by source: those of source n are at `offsets[n]` up to `offsets[n + 1]`. */
interface Rows {
  readonly offsets: Uint32Array;
  readonly targets: Uint32Array;
  readonly weights: Float32Array;
}

function rowsOf({ edges: { from, to, weights } }: Connections, sources: number): Rows {
  const offsets = new Uint32Array(sources + 1);
  for (const source of from) offsets[source + 1]++;
  for (let source = 0; source < sources; source++) offsets[source + 1] += offsets[source];
  return { offsets, targets: to, weights };
}

/** Adds the weights of these sources to their targets' sums. */
function deliver({ offsets, targets, weights }: Rows, sources: Uint32Array, count: number, sums: Float32Array): void {
  for (let index = 0; index < count; index++) {
    const end = offsets[sources[index] + 1];
    for (let at = offsets[sources[index]]; at < end; at++) sums[targets[at]] += weights[at];
  }
}

/** Spikes of the last ticks, a list for each. */
class Ring {
  readonly lists: readonly Uint32Array[];
  readonly counts: Uint32Array;

  constructor(ticks: number, neurons: number) {
    this.lists = Array.from({ length: ticks }, () => new Uint32Array(neurons));
    this.counts = new Uint32Array(ticks);
  }
}

/** Keeps every spike. */
class Recorder {
  readonly #ticks: number[] = [];
  readonly #neurons: number[] = [];

  add(tick: number, list: Uint32Array, count: number): void {
    for (let index = 0; index < count; index++) {
      this.#ticks.push(tick);
      this.#neurons.push(list[index]);
    }
  }

  get spikes(): Spikes {
    return { ticks: Uint32Array.from(this.#ticks), neurons: Uint32Array.from(this.#neurons) };
  }
}

/** The constants of a tick as llif has them. */
function constantsOf(network: SpikingNetwork, model: LiveModel) {
  const [{ neuron, bias }] = populationsOf(network);
  const currents = neuron.currents ?? [];
  return {
    leak: neuron.leak?.factorPerTick[0] ?? 1,
    bias: Float32Array.from({ length: model.neurons }, (_, index) => bias[bias.length === 1 ? 0 : index]),
    factor: currents.map(({ factorPerTick }) => factorPerTick[0]),
    gain: currents.map(({ gain }) => gain[0]),
    tolerance: restTolerances(network, populationsOf(network)[0])[0],
  };
}

/** Two currents, delay of one tick: CUBA. */
function twoCurrents(network: SpikingNetwork, model: LiveModel): () => Spikes {
  const { neurons, ticks, threshold, resetValue, refractoryTicks, initial, connections } = model;
  const { leak, bias, factor, gain } = constantsOf(network, model);
  const [[factorE, factorI], [gainE, gainI], constant] = [factor, gain, bias[0]];
  const [rowsE, rowsI] = connections.map((one) => rowsOf(one, neurons));
  return () => {
    const v = initial.slice();
    const [e, i] = [new Float32Array(neurons), new Float32Array(neurons)];
    const [sumsE, sumsI] = [new Float32Array(neurons), new Float32Array(neurons)];
    const left = new Uint8Array(neurons);
    const fired = new Uint32Array(neurons);
    const recorder = new Recorder();
    for (let tick = 0; tick < ticks; tick++) {
      let count = 0;
      for (let n = 0; n < neurons; n++) {
        if (left[n] > 0) left[n]--;
        else {
          const next = fround(
            fround(fround(fround(leak * v[n]) + fround(gainE * e[n])) + fround(gainI * i[n])) + constant,
          );
          if (next > threshold) {
            fired[count++] = n;
            v[n] = resetValue;
            left[n] = refractoryTicks;
          } else v[n] = next;
        }
        e[n] = fround(factorE * e[n]) + sumsE[n];
        i[n] = fround(factorI * i[n]) + sumsI[n];
      }
      sumsE.fill(0);
      sumsI.fill(0);
      deliver(rowsE, fired, count, sumsE);
      deliver(rowsI, fired, count, sumsI);
      recorder.add(tick, fired, count);
    }
    return recorder.spikes;
  };
}

/** Poisson counts: `limits[k]` of 2³² draws have at most k counts. */
function poissonLimits(mean: number): Float64Array {
  const limits: number[] = [];
  let [probability, sum] = [exp(-mean), exp(-mean)];
  for (let count = 1; sum < 1 - 1e-12; count++) {
    limits.push(sum * 2 ** 32);
    probability *= mean / count;
    sum += probability;
  }
  return Float64Array.of(...limits, Infinity);
}

/** Delta synapses that count for the next tick, and Poisson spikes from outside, drawn by mulberry32, a fast generator: Brunel. */
function delta(network: SpikingNetwork, model: LiveModel): () => Spikes {
  const { neurons, ticks, threshold, resetValue, refractoryTicks, initial, connections, background } = model;
  const { leak } = constantsOf(network, model);
  const rows = connections.map((one) => rowsOf(one, neurons));
  const delay = connections[0].delayTicks;
  const limits = poissonLimits((background?.rateHz ?? 0) * network.dtSeconds);
  const [first, weight] = [limits[0], background?.weight ?? 0];
  return () => {
    const v = initial.slice();
    const sums = new Float32Array(neurons);
    const left = new Uint8Array(neurons);
    const ring = new Ring(delay, neurons);
    const recorder = new Recorder();
    let random = 1;
    for (let tick = 0; tick < ticks; tick++) {
      const slot = tick % delay;
      const list = ring.lists[slot];
      // Those of `delay` ticks ago, whose place this tick's take.
      for (const one of rows) deliver(one, list, ring.counts[slot], sums);
      let count = 0;
      for (let n = 0; n < neurons; n++) {
        random = (random + 0x6d2b79f5) | 0;
        let mixed = Math.imul(random ^ (random >>> 15), random | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        const draw = (mixed ^ (mixed >>> 14)) >>> 0;
        if (draw >= first) {
          let spikes = 1;
          while (draw >= limits[spikes]) spikes++;
          sums[n] += spikes * weight;
        }
        if (left[n] > 0) left[n]--;
        else {
          const next = leak * v[n];
          if (next > threshold) {
            list[count++] = n;
            v[n] = resetValue;
            left[n] = refractoryTicks;
          } else v[n] = next + sums[n];
        }
        sums[n] = 0;
      }
      ring.counts[slot] = count;
      recorder.add(tick, list, count);
    }
    return recorder.spikes;
  };
}

/** One current that a spike clears; only neurons that are awake are computed: the fly. */
function awake(network: SpikingNetwork, model: LiveModel): () => Spikes {
  const { neurons, ticks, threshold, resetValue, refractoryTicks, initial, connections, input } = model;
  const {
    leak,
    tolerance,
    factor: [factor],
    gain: [gain],
  } = constantsOf(network, model);
  const [senses, connectome] = [rowsOf(connections[0], input?.size ?? 0), rowsOf(connections[1], neurons)];
  const delay = connections[1].delayTicks;
  const given = input?.spikes ?? { ticks: new Uint32Array(0), neurons: new Uint32Array(0) };
  return () => {
    const v = initial.slice();
    const [g, sums] = [new Float32Array(neurons), new Float32Array(neurons)];
    const left = new Uint8Array(neurons);
    const bits = new Uint32Array((neurons + 31) >>> 5);
    const ring = new Ring(delay, neurons);
    const recorder = new Recorder();
    const wake = ({ offsets, targets, weights }: Rows, source: number) => {
      const end = offsets[source + 1];
      for (let at = offsets[source]; at < end; at++) {
        const target = targets[at];
        sums[target] += weights[at];
        bits[target >>> 5] |= 1 << (target & 31);
      }
    };
    let next = 0;
    for (let tick = 0; tick < ticks; tick++) {
      const slot = tick % delay;
      const list = ring.lists[slot];
      for (; next < given.ticks.length && given.ticks[next] === tick; next++) wake(senses, given.neurons[next]);
      for (let index = 0; index < ring.counts[slot]; index++) wake(connectome, list[index]);
      let count = 0;
      for (let word = 0; word < bits.length; word++) {
        for (let rest = bits[word]; rest !== 0; rest &= rest - 1) {
          const bit = 31 - Math.clz32(rest & -rest);
          const n = 32 * word + bit;
          const arrived = sums[n];
          sums[n] = 0;
          if (left[n] > 0) {
            left[n]--;
            continue;
          }
          if (Math.abs(v[n]) <= tolerance && Math.abs(g[n]) <= tolerance) {
            v[n] = 0;
            g[n] = arrived;
            if (arrived === 0) bits[word] &= ~(1 << bit);
            continue;
          }
          const potential = fround(fround(leak * v[n]) + fround(gain * g[n]));
          if (potential > threshold) {
            list[count++] = n;
            v[n] = resetValue;
            g[n] = 0;
            left[n] = refractoryTicks;
          } else {
            v[n] = potential;
            g[n] = fround(factor * g[n]) + arrived;
          }
        }
      }
      ring.counts[slot] = count;
      recorder.add(tick, list, count);
    }
    return recorder.spikes;
  };
}

/** All to all, each weight added to the potential by itself: dense recurrent. */
function allToAll(network: SpikingNetwork, model: LiveModel): () => Spikes {
  const { neurons, ticks, threshold, resetValue, refractoryTicks, initial, connections } = model;
  const { leak, bias } = constantsOf(network, model);
  const [
    {
      delayTicks: delay,
      edges: { weights },
    },
  ] = connections;
  return () => {
    const v = initial.slice();
    const left = new Uint8Array(neurons);
    /** Neurons that lose what arrives in this tick, and the potential that they keep. */
    const [lost, kept] = [new Uint32Array(neurons), new Float32Array(neurons)];
    const ring = new Ring(delay, neurons);
    const recorder = new Recorder();
    for (let tick = 0; tick < ticks; tick++) {
      const slot = tick % delay;
      const arriving = ring.lists[slot].slice(0, ring.counts[slot]);
      const list = ring.lists[slot];
      let [count, losing] = [0, 0];
      for (let n = 0; n < neurons; n++) {
        if (left[n] > 0) {
          left[n]--;
          lost[losing++] = n;
          continue;
        }
        v[n] = fround(leak * v[n]) + bias[n];
        if (v[n] <= threshold) continue;
        list[count++] = n;
        v[n] = resetValue;
        left[n] = refractoryTicks;
        lost[losing++] = n;
      }
      for (let index = 0; index < losing; index++) kept[index] = v[lost[index]];
      for (const source of arriving) {
        const row = source * neurons;
        for (let n = 0; n < neurons; n++) v[n] += weights[row + n];
      }
      for (let index = 0; index < losing; index++) v[lost[index]] = kept[index];
      ring.counts[slot] = count;
      recorder.add(tick, list, count);
    }
    return recorder.spikes;
  };
}

/** All sources to all neurons, whose weights learn by pairs of spikes; delay of one tick. */
function learns(network: SpikingNetwork, model: LiveModel): () => Spikes {
  const { neurons, ticks, threshold, resetValue, refractoryTicks, initial, connections, input } = model;
  const { leak } = constantsOf(network, model);
  const [{ edges, stdp }] = connections;
  if (stdp === undefined || input === undefined) throw new TypeError("expected sources and weights that learn");
  const { plus, minus, maximum, timeConstantTicks } = stdp;
  const decay = exp(-1 / timeConstantTicks);
  const { size: sources, spikes: given } = input;
  return () => {
    const weights = edges.weights.slice();
    const v = initial.slice();
    const sums = new Float32Array(neurons);
    const left = new Uint8Array(neurons);
    const [sourceTrace, targetTrace] = [new Float32Array(sources), new Float32Array(neurons)];
    const fired = new Uint32Array(neurons);
    const recorder = new Recorder();
    let next = 0;
    for (let tick = 0; tick < ticks; tick++) {
      for (let source = 0; source < sources; source++) sourceTrace[source] *= decay;
      for (; next < given.ticks.length && given.ticks[next] < tick; next++) {
        const source = given.neurons[next];
        const row = source * neurons;
        for (let n = 0; n < neurons; n++) {
          const weight = weights[row + n];
          sums[n] += weight;
          const changed = weight - minus * targetTrace[n] * decay;
          weights[row + n] = Math.max(changed, 0);
        }
        sourceTrace[source] += 1;
      }
      let count = 0;
      for (let n = 0; n < neurons; n++) {
        targetTrace[n] *= decay;
        if (left[n] > 0) left[n]--;
        else {
          const potential = leak * v[n];
          if (potential > threshold) {
            fired[count++] = n;
            v[n] = resetValue;
            left[n] = refractoryTicks;
            targetTrace[n] += 1;
          } else v[n] = potential + sums[n];
        }
        sums[n] = 0;
      }
      for (let index = 0; index < count; index++) {
        const target = fired[index];
        for (let source = 0; source < sources; source++) {
          const at = source * neurons + target;
          const changed = weights[at] + plus * sourceTrace[source];
          weights[at] = Math.min(changed, maximum);
        }
      }
      recorder.add(tick, fired, count);
    }
    return recorder.spikes;
  };
}

export type PlainKind = "twoCurrents" | "delta" | "awake" | "allToAll" | "learns";

const simulators = { twoCurrents, delta, awake, allToAll, learns } as const;

/** Whether its spikes are those of llif, one by one. */
const equal: Readonly<Record<PlainKind, boolean>> = {
  twoCurrents: true,
  delta: false,
  awake: true,
  allToAll: true,
  learns: false,
};

export function plainContender(kind: PlainKind, network: SpikingNetwork, model: LiveModel): Contender<LiveOutcome> {
  const run = simulators[kind](network, model);
  return {
    name: "plain TypeScript",
    time: cpuTimeOf(run),
    outcome() {
      const spikes = run();
      return { spikes: spikes.ticks.length, ...(equal[kind] ? { digest: digestOf(spikes) } : {}) };
    },
  };
}
