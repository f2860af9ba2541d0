// A population of a live network: the definition of a tick. Every store into a Float32Array rounds.
import { expandCharges } from "../../../spiking/charges.ts";
import { restTolerances } from "../../../spiking/live.ts";
import type { Population, SpikingNetwork } from "../../../spiking/network.ts";
import { sizeOf, type Shape } from "../../../tensor.ts";
import { nextOf } from "../../../random.ts";
import type { BackgroundSource, PopulationState } from "../../../spiking/live-state.ts";

import type { EventList } from "../events.ts";

const { fround } = Math;
const mostBackground = 1000;

interface Current {
  readonly name: string;
  /** β and κ. */
  readonly factor: Float32Array;
  readonly gain: Float32Array;
  readonly value: Float32Array;
}

/** Arrays have one value a neuron; a part that is null does nothing. */
export class LivePopulation {
  readonly size: number;
  /** v. */
  readonly potential: Float32Array;
  /** Sum of the tick's arrivals for each variable: v, then the currents. */
  readonly sums: readonly Float32Array[];
  readonly currents: readonly Current[];
  readonly #neuron: Population["neuron"];
  readonly #bias: Float32Array;
  readonly #initial: Float32Array;
  readonly #threshold: Float32Array;
  readonly #leakFactor: Float32Array | null;
  readonly #level: { readonly step: Float32Array; readonly until: Float32Array } | null;
  readonly #floor: Float32Array | null;
  readonly #hard: Uint8Array | null;
  readonly #resetValue: Float32Array | null;
  readonly #cleared: readonly Current[];
  readonly #refractoryTicks: Uint32Array | null;
  readonly #left: Uint32Array;
  readonly #adaptation: {
    readonly charge: Float32Array;
    readonly factor: Float32Array;
    readonly value: Float32Array;
  } | null;
  readonly #tolerance: Float32Array;
  readonly #clampsPotential: boolean;
  readonly #discards: boolean;
  /** Whether arrivals at each variable are lost, by neuron, in this tick; null where they never are. */
  readonly #lost: readonly (Uint8Array | null)[];
  /** Potentials before arrivals that a neuron may lose. */
  readonly #before: Float32Array;
  readonly #fires: Uint8Array;
  readonly #silenced: Uint8Array;
  readonly #forced: Uint8Array;
  #constant: Float32Array;
  #drive: Float32Array | null = null;
  #background: (BackgroundSource | null)[];

  constructor(network: SpikingNetwork, population: Population) {
    const { shape, bias, neuron } = population;
    const { leak, constantLeak, floor, reset, refractory, currents = [], adaptation } = neuron;
    const size = sizeOf(shape);
    this.#neuron = neuron;
    this.size = size;
    this.#bias = expandCharges(bias as Float32Array, shape);
    this.#constant = this.#bias;
    this.#initial = expandCharges(neuron.initialPotential as Float32Array, shape);
    this.#threshold = expandCharges(neuron.threshold as Float32Array, shape);
    this.#leakFactor = expanded(leak?.factorPerTick, shape);
    this.#level =
      constantLeak === undefined
        ? null
        : { step: expandCharges(constantLeak.chargePerTick, shape), until: expandCharges(constantLeak.until, shape) };
    this.#floor = expanded(floor, shape);
    this.#hard = reset === undefined ? null : expandCharges(reset.hard, shape);
    this.#resetValue = expanded(reset?.value, shape);
    this.currents = currents.map(({ name, factorPerTick, gain }) => ({
      name,
      factor: expandCharges(factorPerTick, shape),
      gain: expandCharges(gain, shape),
      value: new Float32Array(size),
    }));
    this.#cleared = this.currents.filter(({ name }) => reset?.clears?.includes(name) === true);
    this.#refractoryTicks = refractory === undefined ? null : expandCharges(refractory.ticks, shape);
    this.#left = new Uint32Array(size);
    this.#adaptation =
      adaptation === undefined
        ? null
        : {
            charge: expandCharges(adaptation.chargePerSpike, shape),
            factor: expandCharges(adaptation.factorPerTick, shape),
            value: new Float32Array(size),
          };
    this.#tolerance = restTolerances(network, population);
    this.#discards = refractory?.input === "discard";
    this.#clampsPotential = refractory?.clamp?.includes("v") === true;
    const lost = (may: boolean) => (may ? new Uint8Array(size) : null);
    this.#lost = [
      lost(this.#discards || this.#clampsPotential),
      ...this.currents.map(({ name }) => lost(refractory?.clamp?.includes(name) === true)),
    ];
    this.#before = new Float32Array(size);
    this.#fires = new Uint8Array(size);
    this.#silenced = new Uint8Array(size);
    this.#forced = new Uint8Array(size);
    this.#background = this.currents.map(() => null).concat(null);
    this.sums = [(this.potential = new Float32Array(size)), ...this.currents].map(() => new Float32Array(size));
    this.reset();
  }

  reset(): void {
    this.potential.set(this.#initial);
    this.#left.fill(0);
    for (const { value } of this.currents) value.fill(0);
    this.#adaptation?.value.fill(0);
    this.#silenced.fill(0);
    this.#forced.fill(0);
    this.#drive = null;
    this.#background = this.#background.map(() => null);
  }

  /** Bias, with the constant current of this run. */
  setConstant(constant: Float32Array): void {
    this.#constant = constant;
  }

  get bias(): Float32Array {
    return this.#bias;
  }

  drive(charges: Float32Array | null): void {
    this.#drive = charges === null ? null : charges.slice();
  }

  background(into: number, source: BackgroundSource | null): void {
    this.#background[into] = source === null ? null : { ...source, states: source.states.slice() };
  }

  get hasBackground(): boolean {
    return this.#background.some((source) => source !== null);
  }

  force(neurons: Uint32Array): void {
    for (const neuron of neurons) this.#forced[neuron] = 1;
  }

  silence(neurons: Uint32Array): void {
    this.#silenced.fill(0);
    for (const neuron of neurons) this.#silenced[neuron] = 1;
  }

  read(variable: number, into: Float32Array): void {
    into.set(
      variable === 0
        ? this.potential
        : variable < 0
          ? (this.#adaptation?.value ?? new Float32Array(this.size))
          : this.currents[variable - 1].value,
    );
  }

  /** Steps 1 and 2: leak, currents, adaptation, constant current, drive; then the currents decay. */
  integrate(): void {
    const { potential, currents } = this;
    const adaptation = this.#adaptation;
    for (let neuron = 0; neuron < this.size; neuron++) {
      const refractory = this.#left[neuron] > 0;
      this.#markLost(neuron, refractory);
      if (this.#rests(neuron, refractory)) continue;
      if (!(refractory && this.#clampsPotential)) potential[neuron] = this.#integrated(neuron, refractory);
      for (let index = 0; index < currents.length; index++) {
        if (this.#lost[index + 1]?.[neuron] === 1) continue;
        currents[index].value[neuron] *= currents[index].factor[neuron];
      }
      if (adaptation !== null) adaptation.value[neuron] *= adaptation.factor[neuron];
    }
  }

  #integrated(neuron: number, refractory: boolean): number {
    let v = this.potential[neuron];
    if (this.#leakFactor !== null) v = fround(this.#leakFactor[neuron] * v);
    if (refractory && this.#discards) return v;
    for (const { gain, value } of this.currents) v = fround(v + fround(gain[neuron] * value[neuron]));
    if (this.#adaptation !== null) v = fround(v - this.#adaptation.value[neuron]);
    v = fround(v + this.#constant[neuron]);
    if (this.#drive !== null) v = fround(v + this.#drive[neuron]);
    if (this.#level === null) return v;
    const [step, until] = [this.#level.step[neuron], this.#level.until[neuron]];
    if (v > until) return Math.max(until, fround(v - step));
    return Math.min(until, fround(v + step));
  }

  /** Sets a neuron that is close enough to rest there, exactly. */
  #rests(neuron: number, refractory: boolean): boolean {
    const tolerance = this.#tolerance[neuron];
    if (!(tolerance > 0) || refractory || (this.#drive !== null && this.#drive[neuron] !== 0)) return false;
    const rest = this.#restOf(neuron);
    if (rest === null || !(Math.abs(this.potential[neuron] - rest) <= tolerance)) return false;
    if (!this.currents.every(({ value }) => Math.abs(value[neuron]) <= tolerance)) return false;
    if (this.#adaptation !== null && !(Math.abs(this.#adaptation.value[neuron]) <= tolerance)) return false;
    this.potential[neuron] = rest;
    for (const { value } of this.currents) value[neuron] = 0;
    if (this.#adaptation !== null) this.#adaptation.value[neuron] = 0;
    return true;
  }

  /** The potential at which it stays without arrivals; null if there is none. */
  #restOf(neuron: number): number | null {
    const factor = this.#leakFactor === null ? 1 : this.#leakFactor[neuron];
    const constant = this.#constant[neuron];
    if (this.#level !== null) return factor === 1 && constant === 0 ? this.#level.until[neuron] : null;
    if (factor < 1) return fround(constant / (1 - factor)) + 0;
    return constant === 0 ? this.potential[neuron] : null;
  }

  #markLost(neuron: number, refractory: boolean): void {
    for (const lost of this.#lost) if (lost !== null) lost[neuron] = Number(refractory);
  }

  /** Counts of background, last of all arrivals. Returns the spikes. */
  addBackground(): number {
    let spikes = 0;
    for (const source of this.#background) {
      if (source === null) continue;
      const { neurons, states, weight, meanPerTick, zero } = source;
      const sums = this.sums[source.into];
      for (let index = 0; index < neurons.length; index++) {
        const draw = nextOf(states, 2 * index) / 2 ** 32;
        let [count, probability, sum] = [0, zero, zero];
        while (draw >= sum && count < mostBackground) {
          count++;
          probability = (probability * meanPerTick) / count;
          sum += probability;
        }
        if (count > 0) sums[neurons[index]] += fround(count * weight);
        spikes += count;
      }
    }
    return spikes;
  }

  /** Step 3: adds what arrived at the currents, and at v if it comes before the threshold. */
  receive(): void {
    this.currents.forEach(({ value }, index) => this.#add(value, index + 1));
    if (this.#neuron.delivery === undefined) this.#add(this.potential, 0);
  }

  /** The same for weights that are added to v one after the other. */
  receiveEach(deliver: (potential: Float32Array) => void): void {
    const lost = this.#lost[0];
    if (lost !== null) this.#before.set(this.potential);
    deliver(this.potential);
    if (lost === null) return;
    for (let neuron = 0; neuron < this.size; neuron++)
      if (lost[neuron] === 1) this.potential[neuron] = this.#before[neuron];
  }

  get deliversAfter(): boolean {
    return this.#neuron.delivery === "afterThreshold";
  }

  /** For arrivals after the threshold. */
  receiveAfter(): void {
    this.#add(this.potential, 0);
  }

  #add(values: Float32Array, variable: number): void {
    const [sums, lost] = [this.sums[variable], this.#lost[variable]];
    for (let neuron = 0; neuron < this.size; neuron++) if (lost?.[neuron] !== 1) values[neuron] += sums[neuron];
    sums.fill(0);
  }

  /** Steps 4 and 5: the floor, then who fires. */
  decide(): void {
    const { potential } = this;
    const strict = this.#neuron.strict === true;
    for (let neuron = 0; neuron < this.size; neuron++) {
      if (this.#floor !== null && potential[neuron] < this.#floor[neuron]) potential[neuron] = this.#floor[neuron];
      let fires = false;
      if (this.#left[neuron] > 0) this.#left[neuron]--;
      else fires = strict ? potential[neuron] > this.#threshold[neuron] : potential[neuron] >= this.#threshold[neuron];
      this.#fires[neuron] = Number((fires || this.#forced[neuron] === 1) && this.#silenced[neuron] === 0);
    }
    this.#forced.fill(0);
  }

  /** Step 6. @param fired receives those that fire. */
  resetFired(fired: EventList): void {
    fired.length = 0;
    for (let neuron = 0; neuron < this.size; neuron++) {
      if (this.#fires[neuron] === 0) continue;
      fired.push(neuron);
      if (this.#hard?.[neuron] === 1) this.potential[neuron] = this.#resetValue === null ? 0 : this.#resetValue[neuron];
      else this.potential[neuron] -= this.#threshold[neuron];
      for (const { value } of this.#cleared) value[neuron] = 0;
      if (this.#adaptation !== null) this.#adaptation.value[neuron] += this.#adaptation.charge[neuron];
      if (this.#refractoryTicks !== null) this.#left[neuron] = this.#refractoryTicks[neuron];
    }
  }

  state(): PopulationState {
    return {
      potential: this.potential.slice(),
      refractory: this.#refractoryTicks === null ? new Uint32Array(0) : this.#left.slice(),
      currents: this.currents.map(({ value }) => value.slice()),
      adaptation: this.#adaptation === null ? new Float32Array(0) : this.#adaptation.value.slice(),
      drive: this.#drive === null ? null : this.#drive.slice(),
      silenced: numbersOf(this.#silenced),
      forced: numbersOf(this.#forced),
      background: this.#background.flatMap((source) =>
        source === null ? [] : [{ ...source, states: source.states.slice() }],
      ),
    };
  }

  restore(state: PopulationState): void {
    this.reset();
    this.potential.set(state.potential);
    this.#left.set(state.refractory);
    this.currents.forEach(({ value }, index) => value.set(state.currents[index]));
    this.#adaptation?.value.set(state.adaptation);
    this.drive(state.drive);
    this.silence(state.silenced);
    this.force(state.forced);
    for (const source of state.background) this.background(source.into, source);
  }
}

function expanded(values: Float32Array | undefined, shape: Shape): Float32Array | null {
  return values === undefined ? null : expandCharges(values, shape);
}

function numbersOf(flags: Uint8Array): Uint32Array {
  return Uint32Array.from(flags.keys()).filter((neuron) => flags[neuron] === 1);
}
