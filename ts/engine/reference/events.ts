// Lists of spikes by tick, as the reference engine passes them between layers.
import type { SpikingNetwork } from "../../spiking/network.ts";
import type { SpikeTrain } from "../engine.ts";
import { LlifError } from "../../errors.ts";
import type { EncodedInput } from "../input.ts";
import { recordedSpikes } from "../memory.ts";

/** Neurons that spike in one tick, ascending, repeated where a neuron spikes more than once. */
export class EventList {
  neurons: Uint32Array;
  length = 0;

  constructor(neurons: Uint32Array = new Uint32Array(16)) {
    this.neurons = neurons;
  }

  push(neuron: number): void {
    if (this.length === this.neurons.length) {
      const larger = new Uint32Array(2 * this.length + 16);
      larger.set(this.neurons);
      this.neurons = larger;
    }
    this.neurons[this.length++] = neuron;
  }

  sort(): void {
    this.neurons.subarray(0, this.length).sort();
  }
}

/** The spikes of a node in one tick: neurons that fire +1, and neurons that fire −1. */
export interface SignedEvents {
  readonly plus: EventList;
  readonly minus: EventList;
}

export function signedEvents(): SignedEvents {
  return { plus: new EventList(), minus: new EventList() };
}

/** The spikes of a node in this tick and in as many earlier ones as delays need. */
export class History<T> {
  readonly #ticks: T[];
  #now = 0;

  /** @param longestDelay longest delay of the synapses that read this node, in ticks. */
  constructor(longestDelay: number, make: () => T) {
    this.#ticks = Array.from({ length: longestDelay + 1 }, make);
  }

  /** Begins a tick; its spikes replace the oldest. */
  advance(spikes?: T): void {
    this.#now = (this.#now + 1) % this.#ticks.length;
    if (spikes !== undefined) this.#ticks[this.#now] = spikes;
  }

  ago(ticks: number): T {
    return this.#ticks[(this.#now - ticks + this.#ticks.length) % this.#ticks.length];
  }

  all(): readonly T[] {
    return this.#ticks;
  }
}

/** A history for the input and each node, as long as the longest delay of its synapses. */
export function histories<T>(network: SpikingNetwork, make: () => T): Map<string, History<T>> {
  return new Map(
    [network.input, ...network.nodes].map(({ name }) => {
      const delays = network.synapses.filter(({ from }) => from === name).map(({ delayTicks }) => delayTicks);
      return [name, new History(Math.max(0, ...delays), make)];
    }),
  );
}

/** The input's spikes in each tick; none for constant current, and none after the input's end. */
export function signedInputEvents(input: EncodedInput): (tick: number) => SignedEvents {
  const none = signedEvents();
  if (input.kind === "constant") return () => none;
  const { neurons, starts, signs } = input;
  return (tick) => {
    if (tick + 1 >= starts.length || starts[tick] === starts[tick + 1]) return none;
    if (signs === undefined) {
      const plus = new EventList(neurons.subarray(starts[tick], starts[tick + 1]));
      plus.length = plus.neurons.length;
      return { plus, minus: none.minus };
    }
    const events = signedEvents();
    for (let index = starts[tick]; index < starts[tick + 1]; index++)
      (signs[index] > 0 ? events.plus : events.minus).push(neurons[index]);
    return events;
  };
}

/** Collects the spike train of one population over a run. */
export class SpikeRecorder {
  readonly #ticks = new EventList();
  readonly #neurons = new EventList();
  #signs: Int8Array | undefined;

  /** @param signed whether the train has the sign of each spike. */
  constructor(signed = false) {
    this.#signs = signed ? new Int8Array(16) : undefined;
  }

  add(tick: number, { plus, minus }: SignedEvents): void {
    let [p, m] = [0, 0];
    while (p < plus.length || m < minus.length) {
      const positive = m === minus.length || (p < plus.length && plus.neurons[p] <= minus.neurons[m]);
      if (positive) this.#push(tick, plus.neurons[p++], 1);
      else this.#push(tick, minus.neurons[m++], -1);
    }
  }

  train(): SpikeTrain {
    const { length } = this.#ticks;
    const train = {
      ticks: this.#ticks.neurons.slice(0, length),
      neurons: this.#neurons.neurons.slice(0, length),
      length,
    };
    return this.#signs === undefined ? train : { ...train, signs: this.#signs.slice(0, length) };
  }

  #push(tick: number, neuron: number, sign: number): void {
    const { length } = this.#ticks;
    if (length === recordedSpikes)
      throw new LlifError(
        "ENGINE",
        `recorded spikes: there is room for ${recordedSpikes} of a population in one run; record less, or run fewer ticks at a time`,
      );
    this.#ticks.push(tick);
    this.#neurons.push(neuron);
    if (this.#signs === undefined) return;
    if (length === this.#signs.length) {
      const larger = new Int8Array(2 * length);
      larger.set(this.#signs);
      this.#signs = larger;
    }
    this.#signs[length] = sign;
  }
}
