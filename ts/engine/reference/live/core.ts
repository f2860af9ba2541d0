// The live core in plain TypeScript: networks of LIF neurons of any wiring, tick by tick. live/population.ts has the tick
// of a neuron, live/arrivals.ts the order in which charge is summed.
import { expandCharges } from "../../../spiking/charges.ts";
import { sumsArrivals } from "../../../spiking/live.ts";
import { outputsOf, populationsOf, type SpikingNetwork, type SpikingOutput } from "../../../spiking/network.ts";
import { sizeOf } from "../../../tensor.ts";
import type { EncodedInput } from "../../input.ts";
import type { LiveCore } from "../../live.ts";
import type {
  BackgroundSource,
  LiveState,
  PlasticState,
  RecentSpikes,
  SynapseState,
} from "../../../spiking/live-state.ts";
import { longestDelay } from "../../../spiking/synapses/delays.ts";
import type { Recording } from "../../recording.ts";
import type { CoreRun, SimulatorCore } from "../../simulator.ts";
import { EventList, History, signedEvents, signedInputEvents, SpikeRecorder } from "../events.ts";
import { deliver, deliverConstant } from "../synapses.ts";
import { Trace } from "../ticks.ts";
import { inSummedOrder, plasticWaysTo, waysTo, type PlasticWay, type Way } from "./arrivals.ts";
import type { PlasticSynapse } from "./plasticity.ts";
import { LivePopulation } from "./population.ts";

interface Part {
  readonly name: string;
  readonly population: LivePopulation;
  readonly summed: boolean;
  readonly plastic: readonly PlasticWay[];
  ways: Way[];
  /** In the order of summation from +0. */
  summedWays: Way[];
}

/** An output integrates as in other networks: a float32 sum of the tick, added in float64. */
interface Output {
  readonly node: SpikingOutput;
  readonly bias: Float32Array;
  readonly charge: Float64Array;
  ways: Way[];
  constant: Float32Array;
}

/** The core of a live network without pools. */
export function liveCore(network: SpikingNetwork, recording: Recording): SimulatorCore {
  return new ReferenceLiveCore(network, recording);
}

class ReferenceLiveCore implements SimulatorCore, LiveCore {
  readonly live = this;
  readonly #network: SpikingNetwork;
  readonly #recording: Recording;
  readonly #parts = new Map<string, Part>();
  readonly #outputs = new Map<string, Output>();
  readonly #histories: ReadonlyMap<string, History<EventList>>;
  /** Synapses that learn, by source. */
  readonly #learning = new Map<string, PlasticSynapse[]>();
  /** Weights that were set, by the number of their synapse. */
  readonly #changed = new Map<number, Float32Array>();
  #ticks = 0;

  constructor(network: SpikingNetwork, recording: Recording) {
    this.#network = network;
    this.#recording = recording;
    for (const node of populationsOf(network)) {
      const { name } = node;
      const population = new LivePopulation(network, node);
      const ways = waysTo(network, name);
      this.#parts.set(name, {
        name,
        population,
        summed: sumsArrivals(network, name),
        plastic: plasticWaysTo(network, name),
        ways,
        summedWays: inSummedOrder(network, ways),
      });
    }
    for (const node of outputsOf(network)) {
      const bias = expandCharges(node.bias as Float32Array, node.shape);
      const charge = new Float64Array(sizeOf(node.shape));
      const ways = waysTo(network, node.name);
      this.#outputs.set(node.name, { node, bias, charge, ways, constant: bias });
    }
    const histories = [network.input, ...network.nodes].map(({ name }) => {
      const longest = network.synapses.reduce(
        (most, each) => Math.max(most, each.from === name ? longestDelay(each) : 0),
        0,
      );
      return [name, new History(longest, () => new EventList())] as const;
    });
    this.#histories = new Map(histories);
    for (const { plastic } of this.#parts.values())
      for (const { from, synapse } of plastic) this.#learning.set(from, [...(this.#learning.get(from) ?? []), synapse]);
  }

  reset(): void {
    for (const { population, plastic } of this.#parts.values()) {
      population.reset();
      for (const { synapse } of plastic) synapse.reset();
    }
    for (const { charge } of this.#outputs.values()) charge.fill(0);
    for (const history of this.#histories.values()) for (const list of history.all()) list.length = 0;
    const changed = [...this.#changed.keys()];
    this.#changed.clear();
    for (const number of changed) this.#renew(this.#network.synapses[number].to);
    this.#ticks = 0;
  }

  run(input: EncodedInput, ticks: number): CoreRun {
    this.#setConstants(input);
    const counts: Record<string, Uint32Array> = Object.create(null);
    if (this.#recording.counts)
      for (const [name, { population }] of this.#parts) counts[name] = new Uint32Array(population.size);
    const trains = this.#recording.spikes.map((name) => ({ name, recorder: new SpikeRecorder(false) }));
    const traces = this.#recording.potentials.map(({ population, neurons }) => ({
      population,
      neurons,
      trace: new Trace(neurons.length, ticks, true),
    }));
    const inputAt = signedInputEvents(input);
    const inputName = this.#network.input.name;
    const { minus } = signedEvents();
    let [spikeCount, synapticOperations] = [0, 0];
    for (let tick = 0; tick < ticks; tick++) {
      for (const [name, history] of this.#histories)
        history.advance(name === inputName ? copyOf(inputAt(tick).plus) : undefined);
      this.#emit(inputName);
      for (const { kind, name } of this.#network.nodes) {
        if (kind === "output") {
          synapticOperations += this.#integrate(this.#outputs.get(name) as Output);
          continue;
        }
        synapticOperations += this.#tick(this.#parts.get(name) as Part);
        const fired = this.#firedBy(name);
        spikeCount += fired.length;
        this.#emit(name);
        const total = counts[name];
        if (total === undefined) continue;
        for (let index = 0; index < fired.length; index++) total[fired.neurons[index]]++;
      }
      for (const { name, recorder } of trains) recorder.add(tick, { plus: this.#firedBy(name), minus });
      for (const { population, neurons, trace } of traces) trace.add(this.#population(population).potential, neurons);
      this.#ticks++;
    }
    return {
      charges: Object.fromEntries([...this.#outputs].map(([name, { charge }]) => [name, charge.slice()])),
      counts,
      spikes: Object.fromEntries(trains.map(({ name, recorder }) => [name, recorder.train()])),
      potentials: Object.fromEntries(traces.map(({ population, trace }) => [population, trace.samples()])),
      spikeCount,
      synapticOperations,
    };
  }

  dispose(): void {}

  drive(population: string, charges: Float32Array | null): void {
    this.#population(population).drive(charges);
  }

  background(population: string, into: number, source: BackgroundSource | null): void {
    this.#population(population).background(into, source);
  }

  force(population: string, neurons: Uint32Array): void {
    this.#population(population).force(neurons);
  }

  silence(population: string, neurons: Uint32Array): void {
    this.#population(population).silence(neurons);
  }

  read(population: string, variable: number, into: Float32Array): void {
    this.#population(population).read(variable, into);
  }

  weights(number: number, into: Float32Array): void {
    const learning = this.#plastic(number);
    if (learning !== undefined) learning.synapse.weights(into);
    else into.set(this.#changed.get(number) ?? (this.#network.synapses[number].weights as Float32Array));
  }

  setWeights(number: number, weights: Float32Array): void {
    const learning = this.#plastic(number);
    if (learning !== undefined) return learning.synapse.setWeights(weights);
    this.#changed.set(number, weights.slice());
    this.#renew(this.#network.synapses[number].to);
  }

  reward(value: number): void {
    for (const { plastic } of this.#parts.values()) for (const { synapse } of plastic) synapse.reward(value);
  }

  state(): LiveState {
    const synapses: Record<number, SynapseState> = {};
    for (const [number, weights] of this.#changed) synapses[number] = { weights: weights.slice() };
    for (const { plastic } of this.#parts.values())
      for (const { number, synapse } of plastic) synapses[number] = synapse.state(this.#ticks);
    return {
      ticks: this.#ticks,
      populations: Object.fromEntries([...this.#parts].map(([name, { population }]) => [name, population.state()])),
      outputs: Object.fromEntries([...this.#outputs].map(([name, { charge }]) => [name, charge.slice()])),
      spikes: Object.fromEntries([...this.#histories].map(([name, history]) => [name, recentSpikes(history)])),
      synapses,
    };
  }

  restore(state: LiveState): void {
    this.reset();
    this.#ticks = state.ticks;
    for (const [name, { population }] of this.#parts) population.restore(state.populations[name]);
    for (const [name, { charge }] of this.#outputs) charge.set(state.outputs[name]);
    for (const [number, synapse] of Object.entries(state.synapses)) {
      const learning = this.#plastic(Number(number));
      if (learning === undefined) this.setWeights(Number(number), synapse.weights);
      // The state has been checked.
      else learning.synapse.restore(state.ticks, synapse as PlasticState);
    }
    for (const [name, history] of this.#histories) {
      const { ticksAgo, neurons } = state.spikes[name];
      for (let index = 0; index < neurons.length; index++) history.ago(ticksAgo[index]).push(neurons[index]);
      // Arrivals of one tick are summed by the tick of their emission.
      for (let ago = history.all().length - 1; ago >= 0; ago--) {
        this.#emit(name, history.ago(ago), ago + 1);
      }
    }
  }

  /** Steps 1 to 6 of a population; returns the number of synaptic operations. */
  #tick({ name, population, summed, plastic, ways, summedWays }: Part): number {
    population.integrate();
    let operations = 0;
    const deliverBy = (way: Way, charges: Float32Array): void => {
      operations += deliver(way, this.#spikes(way), charges);
    };
    const sums = summed || population.hasBackground;
    if (sums) {
      for (const way of summedWays) deliverBy(way, population.sums[way.into]);
      for (const { into, synapse } of plastic) operations += synapse.arrive(this.#ticks, population.sums[into]);
      population.addBackground();
      population.receive();
    }
    const one = (): void => population.receiveEach((potential) => ways.forEach((way) => deliverBy(way, potential)));
    const after = population.deliversAfter;
    if (!sums && !after) one();
    population.decide();
    if (after && sums) population.receiveAfter();
    if (after && !sums) one();
    const fired = this.#firedBy(name);
    population.resetFired(fired);
    for (const { synapse } of plastic) synapse.learn(this.#ticks, fired.neurons.subarray(0, fired.length));
    return operations;
  }

  #integrate({ ways, charge, constant }: Output): number {
    const brought = constant.slice();
    let operations = 0;
    for (const way of ways) operations += deliver(way, this.#spikes(way), brought);
    for (let index = 0; index < charge.length; index++) charge[index] += brought[index];
    return operations;
  }

  /** Bias and the constant current of a run. */
  #setConstants({ values }: EncodedInput): void {
    const constant = (bias: Float32Array, ways: readonly Way[]): Float32Array => {
      if (values === undefined) return bias;
      const drive = bias.slice();
      for (const way of ways)
        if (way.from === this.#network.input.name && way.into === 0) deliverConstant(way, values, drive);
      return drive;
    };
    for (const { population, ways } of this.#parts.values()) population.setConstant(constant(population.bias, ways));
    for (const output of this.#outputs.values()) output.constant = constant(output.bias, output.ways);
  }

  /** Reads the weights into a node anew. */
  #renew(name: string): void {
    const synapses = this.#network.synapses.map((synapse, number) => {
      const weights = this.#changed.get(number);
      return weights === undefined ? synapse : { ...synapse, weights };
    });
    const network = { ...this.#network, synapses };
    const part = this.#parts.get(name);
    if (part !== undefined) {
      part.ways = waysTo(network, name);
      part.summedWays = inSummedOrder(network, part.ways);
    }
    const output = this.#outputs.get(name);
    if (output !== undefined) output.ways = waysTo(network, name);
  }

  #spikes({ from, delayTicks }: Way): EventList {
    return (this.#histories.get(from) as History<EventList>).ago(delayTicks);
  }

  #firedBy(name: string): EventList {
    return (this.#histories.get(name) as History<EventList>).ago(0);
  }

  /** Hands spikes of a node to the synapses that learn. */
  #emit(name: string, spikes = this.#firedBy(name), ticksAgo = 0): void {
    for (const synapse of this.#learning.get(name) ?? [])
      for (let index = 0; index < spikes.length; index++) synapse.emit(this.#ticks, spikes.neurons[index], ticksAgo);
  }

  #population(name: string): LivePopulation {
    return (this.#parts.get(name) as Part).population;
  }

  #plastic(number: number): PlasticWay | undefined {
    const part = this.#parts.get(this.#network.synapses[number].to);
    return part?.plastic.find((way) => way.number === number);
  }
}

/** The input's spikes of a tick, which a delay may need after the run. */
function copyOf({ neurons, length }: EventList): EventList {
  const copy = new EventList(neurons.slice(0, length));
  copy.length = length;
  return copy;
}

function recentSpikes(history: History<EventList>): RecentSpikes {
  const [ticksAgo, listed]: [number[], number[]] = [[], []];
  // The oldest list is overwritten by the next tick.
  for (let ago = 0; ago + 1 < history.all().length; ago++) {
    const { neurons, length } = history.ago(ago);
    for (let index = 0; index < length; index++) {
      ticksAgo.push(ago);
      listed.push(neurons[index]);
    }
  }
  return { ticksAgo: Uint32Array.from(ticksAgo), neurons: Uint32Array.from(listed) };
}
