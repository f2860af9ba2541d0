// The tick loop that the synchronous codes share: inputs, pools, delays, recording.
import {
  hasSignedSpikes,
  outputsOf,
  populationsOf,
  type Population,
  type SpikingNetwork,
  type SpikingOutput,
} from "../../spiking/network.ts";
import { payloadsOf } from "../../spiking/payloads.ts";
import { sizeOf } from "../../tensor.ts";
import type { EncodedInput } from "../input.ts";
import type { CoreRun, SimulatorCore } from "../simulator.ts";
import type { Recording } from "../recording.ts";
import {
  histories,
  signedEvents,
  signedInputEvents,
  SpikeRecorder,
  type History,
  type SignedEvents,
} from "./events.ts";
import { compilePool } from "./pools.ts";
import { rowSynapsesTo, type RowSynapse } from "./synapses.ts";

/** Spikes of a node in this tick, or `delayTicks` ago. */
export type SpikesOf = (name: string, delayTicks?: number) => SignedEvents;

/** A population or an output of a synchronous network, tick by tick. */
export interface TickedPart {
  /** Membrane potential, or the charge of an output (never a Float32Array); a population's is never a Float64Array. */
  readonly potential: Float32Array | Float64Array | Int32Array;
  reset(): void;
  /** @param elapsed ticks since the last reset. */
  setDrive(inputName: string, input: EncodedInput, elapsed: number): void;
  /** Ends bias and constant current. */
  endDrive?(): void;
  /** Integrates one tick, the `tick`-th of its frame; returns the number of synaptic operations. */
  integrate(spikesOf: SpikesOf, tick: number): number;
  /** Replaces `fired` by the spikes of this tick; an output never fires. */
  fire?(fired: SignedEvents, tick: number): void;
}

/** All layers tick together. @param make the part of a population or output, which these synapses reach. */
export function tickedCore(
  network: SpikingNetwork,
  recording: Recording,
  make: (node: Population | SpikingOutput, synapses: readonly RowSynapse[]) => TickedPart,
): SimulatorCore {
  const parts = new Map(
    [...populationsOf(network), ...outputsOf(network)].map((node) => [
      node.name,
      make(node, rowSynapsesTo(network, node.name)),
    ]),
  );
  const signed = hasSignedSpikes(network);
  const payloads = payloadsOf(network);
  const spikes = histories(network, signedEvents);
  const spikesOf: SpikesOf = (name, delayTicks = 0) => (spikes.get(name) as History<SignedEvents>).ago(delayTicks);
  const partOf = (name: string): TickedPart => parts.get(name) as TickedPart;
  const pools = new Map(
    network.nodes.flatMap((node) => (node.kind === "pool" ? [[node.name, compilePool(network, node)] as const] : [])),
  );
  let elapsed = 0;

  return {
    reset() {
      elapsed = 0;
      for (const part of [...parts.values(), ...pools.values()]) part.reset();
      for (const history of spikes.values())
        for (const { plus, minus } of history.all()) plus.length = minus.length = 0;
    },

    run(input, ticks, settle = false, firstTick = 0): CoreRun {
      for (const part of parts.values()) part.setDrive(network.input.name, input, elapsed);
      // Counts of this run alone: with kept state, a run may cancel spikes of an earlier one.
      const counts: Record<string, Uint32Array | Int32Array> = Object.create(null);
      if (recording.counts)
        for (const { name, shape } of populationsOf(network))
          counts[name] = signed ? new Int32Array(sizeOf(shape)) : new Uint32Array(sizeOf(shape));
      const trains = recording.spikes.map((name) => ({ name, recorder: new SpikeRecorder(signed) }));
      const traces = recording.potentials.map(({ population, neurons: listed }) => {
        return { population, listed, trace: new Trace(listed.length, ticks, !signed) };
      });
      const sent: Record<string, Uint32Array> = Object.create(null);
      if (recording.sent)
        for (const { kind, name, shape } of network.nodes)
          if (kind !== "output") sent[name] = new Uint32Array(sizeOf(shape));
      let spikeCount = 0;
      let synapticOperations = 0;
      const inputAt = signedInputEvents(input);
      let tick = 0;
      let silent = false;
      for (; tick < ticks || (settle && !silent); tick++) {
        if (tick === ticks) for (const part of parts.values()) part.endDrive?.();
        for (const [name, history] of spikes) history.advance(name === network.input.name ? inputAt(tick) : undefined);
        silent = true;
        for (const node of network.nodes) {
          const fired = spikesOf(node.name);
          const payload = payloads(node.name, firstTick + tick);
          if (node.kind === "pool") {
            pools.get(node.name)?.pass(spikesOf(node.from), fired, payload);
            tally(fired, sent[node.name]);
            continue;
          }
          const part = partOf(node.name);
          synapticOperations += part.integrate(spikesOf, firstTick + tick);
          if (node.kind === "output") continue;
          part.fire?.(fired, firstTick + tick);
          spikeCount += fired.plus.length + fired.minus.length;
          if (fired.plus.length + fired.minus.length > 0) silent = false;
          tally(fired, sent[node.name]);
          const total = counts[node.name];
          if (total === undefined) continue;
          for (let index = 0; index < fired.plus.length; index++) total[fired.plus.neurons[index]] += payload;
          for (let index = 0; index < fired.minus.length; index++) total[fired.minus.neurons[index]] -= payload;
        }
        for (const { name, recorder } of trains) recorder.add(tick, spikesOf(name));
        for (const { population, listed, trace } of traces)
          trace.add(partOf(population).potential as Float32Array | Int32Array, listed);
      }
      elapsed += ticks;
      return {
        charges: Object.fromEntries(
          outputsOf(network).map(({ name }) => [name, partOf(name).potential.slice() as Float64Array | Int32Array]),
        ),
        counts,
        sent,
        spikes: Object.fromEntries(trains.map(({ name, recorder }) => [name, recorder.train()])),
        potentials: Object.fromEntries(traces.map(({ population, trace }) => [population, trace.samples()])),
        spikeCount,
        synapticOperations,
        settlingTicks: tick - ticks,
      };
    },

    dispose() {
      for (const list of [parts, pools, spikes]) list.clear();
    },
  };
}

/** Adds the spikes of both signs, if they are recorded. */
function tally({ plus, minus }: SignedEvents, sent: Uint32Array | undefined): void {
  if (sent === undefined) return;
  for (const events of [plus, minus]) for (let index = 0; index < events.length; index++) sent[events.neurons[index]]++;
}

/** Potentials of some neurons after every tick, [neurons, ticks]; grows if a run continues until a tick is silent. */
export class Trace {
  readonly #rows: number;
  #samples: Float32Array | Int32Array;
  #capacity: number;
  #ticks = 0;

  constructor(rows: number, ticks: number, real: boolean) {
    this.#rows = rows;
    this.#capacity = ticks;
    this.#samples = real ? new Float32Array(rows * ticks) : new Int32Array(rows * ticks);
  }

  add(potential: Float32Array | Int32Array, neurons: Uint32Array): void {
    if (this.#ticks === this.#capacity) this.#resize(2 * this.#capacity);
    neurons.forEach((neuron, row) => (this.#samples[row * this.#capacity + this.#ticks] = potential[neuron]));
    this.#ticks++;
  }

  samples(): Float32Array | Int32Array {
    if (this.#ticks !== this.#capacity) this.#resize(this.#ticks);
    return this.#samples;
  }

  #resize(capacity: number): void {
    const former = this.#samples;
    this.#samples = new (former.constructor as Int32ArrayConstructor)(this.#rows * capacity);
    for (let row = 0; row < this.#rows; row++)
      this.#samples.set(former.subarray(row * this.#capacity, row * this.#capacity + this.#ticks), row * capacity);
    this.#capacity = capacity;
  }
}
