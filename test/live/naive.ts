// The definition of a live network (docs/live.md), neuron by neuron and tick by tick, with the rounding as an argument:
// Math.fround for what the engines compute, the identity for real numbers. It shares nothing with the engines.
import type { Population, SpikingNetwork, Synapse } from "../../ts/spiking/network.ts";
import { sizeOf, type Shape } from "../../ts/tensor.ts";
import { NaiveStdp } from "./stdp.ts";

export type Round = (value: number) => number;

/** A connection from one neuron to one neuron. */
interface Edge {
  readonly synapse: Synapse;
  readonly source: number;
  readonly target: number;
  readonly delay: number;
  /** Its index in the weights of the synapse. */
  readonly index: number;
  /** Its place in the order of the network, among the connections that reach a population. */
  place: number;
  weight: number;
}

/** A synapse whose weights learn. */
interface Plastic {
  readonly synapse: Synapse;
  readonly edges: readonly Edge[];
  stdp: NaiveStdp;
}

interface Outgoing {
  readonly from: string;
  readonly delay: number;
  readonly bySource: Map<number, Edge[]>;
}

interface Neuron {
  v: number;
  g: number[];
  w: number;
  refractory: number;
}

/** Poisson counts of one population, by tick and neuron, as the streams give them. */
export type Counts = (tick: number, neuron: number) => number;

interface Outside {
  drive: readonly number[] | null;
  readonly forced: Set<number>;
  silenced: ReadonlySet<number>;
  background: { readonly into: number; readonly weight: number; readonly counts: Counts }[];
}

interface Part {
  readonly population: Population;
  neurons: Neuron[];
  /** By target, those that do not learn. */
  readonly edges: readonly (readonly Edge[])[];
  /** The same by node and delay they come from, then by source. */
  readonly outgoing: readonly Outgoing[];
  readonly plastic: readonly Plastic[];
  readonly summed: boolean;
  readonly tolerances: readonly number[];
  readonly outside: Outside;
}

export class NaiveLive {
  readonly #network: SpikingNetwork;
  readonly #round: Round;
  readonly #parts = new Map<string, Part>();
  /** By node, the neurons that fired in each tick. */
  readonly #fired = new Map<string, number[][]>();
  #tick = 0;

  /** @param tolerances how close to rest a neuron of a population comes to rest, one value a neuron; 0: never. */
  constructor(network: SpikingNetwork, round: Round, tolerances: (population: Population) => readonly number[]) {
    this.#network = network;
    this.#round = round;
    for (const node of [network.input, ...network.nodes]) this.#fired.set(node.name, []);
    for (const population of network.nodes) {
      if (population.kind !== "population") continue;
      const reaching = network.synapses.filter(({ to }) => to === population.name);
      const edges = new Map(reaching.map((synapse) => [synapse, edgesOf(network, synapse)]));
      const fixed = reaching
        .filter(({ plasticity }) => plasticity === undefined)
        .flatMap((each) => edges.get(each) ?? []);
      const byTarget: Edge[][] = Array.from({ length: sizeOf(population.shape) }, () => []);
      fixed.forEach((edge, place) => {
        edge.place = place;
        byTarget[edge.target].push(edge);
      });
      this.#parts.set(population.name, {
        population,
        neurons: this.#fresh(population),
        edges: byTarget,
        outgoing: outgoingOf(fixed),
        plastic: reaching
          .filter(({ plasticity }) => plasticity !== undefined)
          .map((synapse) => {
            const own = edges.get(synapse) ?? [];
            return { synapse, edges: own, stdp: this.#learning(population, synapse, own) };
          }),
        summed: reaching.some(
          ({ kind, into, plasticity }) => kind === "sparse" || into !== undefined || plasticity !== undefined,
        ),
        tolerances: tolerances(population),
        outside: { drive: null, forced: new Set(), silenced: new Set(), background: [] },
      });
    }
  }

  #fresh({ shape, neuron: { initialPotential, currents = [] } }: Population): Neuron[] {
    return Array.from({ length: sizeOf(shape) }, (_, neuron) => ({
      v: at(initialPotential, neuron),
      g: currents.map(() => 0),
      w: 0,
      refractory: 0,
    }));
  }

  #learning({ shape }: Population, { plasticity }: Synapse, edges: readonly Edge[]): NaiveStdp {
    return new NaiveStdp(edges, sizeOf(shape), plasticity as NonNullable<typeof plasticity>, this.#round);
  }

  /** As it was at first; what was done from outside ends. */
  reset(): void {
    this.#tick = 0;
    for (const fired of this.#fired.values()) fired.length = 0;
    for (const part of this.#parts.values()) {
      part.neurons = this.#fresh(part.population);
      Object.assign(part.outside, { drive: null, silenced: new Set(), background: [] });
      part.outside.forced.clear();
      for (const edge of part.edges.flat()) edge.weight = edge.synapse.weights[edge.index];
      for (const plastic of part.plastic)
        plastic.stdp = this.#learning(part.population, plastic.synapse, plastic.edges);
    }
  }

  /** Weights as they are, in the order of the network. */
  weights(synapse: Synapse): number[] {
    const weights = Array.from(synapse.weights);
    for (const { edges, plastic } of this.#parts.values()) {
      for (const edge of edges.flat()) if (edge.synapse === synapse) weights[edge.index] = edge.weight;
      for (const { synapse: learns, edges: own, stdp } of plastic)
        if (learns === synapse) own.forEach(({ index }, number) => (weights[index] = stdp.learning[number].weight));
    }
    return weights;
  }

  setWeights(synapse: Synapse, weights: ArrayLike<number>): void {
    for (const { edges, plastic } of this.#parts.values()) {
      for (const edge of edges.flat()) if (edge.synapse === synapse) edge.weight = weights[edge.index];
      for (const { synapse: learns, edges: own, stdp } of plastic)
        if (learns === synapse) own.forEach(({ index }, number) => (stdp.learning[number].weight = weights[index] + 0));
    }
  }

  reward(value: number): void {
    for (const { plastic } of this.#parts.values()) for (const { stdp } of plastic) stdp.reward(value);
  }

  /** Ticks so far. */
  get ticks(): number {
    return this.#tick;
  }

  outside(population: string): Outside {
    return this.#part(population).outside;
  }

  neurons(population: string): readonly Neuron[] {
    return this.#part(population).neurons;
  }

  /** @param input neurons of the input that fire. @param values constant current. @returns who fires, by population. */
  tick(input: readonly number[], values: readonly number[] | null): Map<string, number[]> {
    this.#emit(this.#network.input.name, input);
    const fired = new Map<string, number[]>();
    for (const [name, part] of this.#parts) {
      const now = this.#population(part, values);
      this.#emit(name, now);
      fired.set(name, now);
    }
    this.#tick++;
    return fired;
  }

  #emit(name: string, fired: readonly number[]): void {
    this.#firedBy(name).push([...fired]);
    for (const { plastic } of this.#parts.values())
      for (const { synapse, stdp } of plastic)
        if (synapse.from === name) for (const source of fired) stdp.emit(this.#tick, source);
  }

  #population(part: Part, values: readonly number[] | null): number[] {
    const { population, neurons, outside } = part;
    const { neuron: parameters } = population;
    const summed = part.summed || outside.background.length > 0;
    const refractory = neurons.map((neuron) => neuron.refractory > 0);
    const clamps = (variable: string) => parameters.refractory?.clamp?.includes(variable) === true;
    const discards = parameters.refractory?.input === "discard";
    const loses = (index: number, variable: string) =>
      refractory[index] && (clamps(variable) || (variable === "v" && discards));
    const after = parameters.delivery === "afterThreshold";
    neurons.forEach((neuron, index) => this.#integrate(part, neuron, index, values));
    const arriving = this.#arriving(part);
    const learnt = part.plastic.map(({ synapse, stdp }) => ({ into: synapse.into, list: stdp.arrivals(this.#tick) }));
    const receive = (variable: number): void => {
      const name = variable === 0 ? "v" : (parameters.currents?.[variable - 1].name as string);
      neurons.forEach((neuron, index) => {
        if (loses(index, name)) return;
        const plastic = learnt
          .filter(({ into }) => (into ?? "v") === name)
          .flatMap(({ list }) => list.filter(({ target }) => target === index));
        const fixed = arriving.get(index)?.filter(({ synapse }) => (synapse.into ?? "v") === name) ?? [];
        const received = (value: number) => this.#received(part, index, variable, value, summed, fixed, plastic);
        if (variable === 0) neuron.v = received(neuron.v);
        else neuron.g[variable - 1] = received(neuron.g[variable - 1]);
      });
    };
    for (let variable = 1; variable <= (parameters.currents?.length ?? 0); variable++) receive(variable);
    if (!after) receive(0);
    const fires = neurons.map((neuron, index) => {
      neuron.v = Math.max(neuron.v, at(parameters.floor ?? [-Infinity], index));
      if (refractory[index]) neuron.refractory--;
      const threshold = at(parameters.threshold, index);
      const reaches = parameters.strict === true ? neuron.v > threshold : neuron.v >= threshold;
      return ((reaches && !refractory[index]) || outside.forced.has(index)) && !outside.silenced.has(index);
    });
    outside.forced.clear();
    if (after) receive(0);
    neurons.forEach((neuron, index) => {
      if (!fires[index]) return;
      const hard = parameters.reset !== undefined && at(parameters.reset.hard, index) === 1;
      neuron.v = hard
        ? at(parameters.reset?.value ?? [0], index)
        : this.#round(neuron.v - at(parameters.threshold, index));
      parameters.currents?.forEach(({ name }, number) => {
        if (parameters.reset?.clears?.includes(name) === true) neuron.g[number] = 0;
      });
      if (parameters.adaptation !== undefined)
        neuron.w = this.#round(neuron.w + at(parameters.adaptation.chargePerSpike, index));
      neuron.refractory = at(parameters.refractory?.ticks ?? [0], index);
    });
    const fired = fires.flatMap((fires, index) => (fires ? [index] : []));
    for (const { stdp } of part.plastic) stdp.learn(this.#tick, fired);
    return fired;
  }

  /** Steps 0 to 2. */
  #integrate(part: Part, neuron: Neuron, index: number, values: readonly number[] | null): void {
    const round = this.#round;
    const { neuron: parameters } = part.population;
    const { leak, constantLeak, currents = [], adaptation, refractory } = parameters;
    const resting = neuron.refractory > 0;
    const factor = leak === undefined ? 1 : at(leak.factorPerTick, index);
    const constant = this.#constant(part, index, values);
    const drive = part.outside.drive?.[index] ?? 0;
    const tolerance = part.tolerances[index];
    const rest =
      constantLeak !== undefined
        ? factor === 1 && constant === 0
          ? at(constantLeak.until, index)
          : NaN
        : factor < 1
          ? round(constant / (1 - factor)) + 0
          : constant === 0
            ? neuron.v
            : NaN;
    const near = (value: number) => Math.abs(value) <= tolerance;
    if (tolerance > 0 && drive === 0 && !resting && near(neuron.v - rest) && neuron.g.every(near) && near(neuron.w)) {
      neuron.v = rest;
      neuron.g.fill(0);
      neuron.w = 0;
      return;
    }
    let v = leak === undefined ? neuron.v : round(factor * neuron.v);
    if (!(resting && refractory?.input === "discard")) {
      currents.forEach(({ gain }, number) => (v = round(v + round(at(gain, index) * neuron.g[number]))));
      if (adaptation !== undefined) v = round(v - neuron.w);
      v = round(v + constant);
      if (part.outside.drive !== null) v = round(v + drive);
      if (constantLeak !== undefined) {
        const [step, until] = [at(constantLeak.chargePerTick, index), at(constantLeak.until, index)];
        v = v > until ? Math.max(until, round(v - step)) : Math.min(until, round(v + step));
      }
    }
    if (!(resting && refractory?.clamp?.includes("v") === true)) neuron.v = v;
    currents.forEach(({ name, factorPerTick }, number) => {
      if (resting && refractory?.clamp?.includes(name) === true) return;
      neuron.g[number] = round(at(factorPerTick, index) * neuron.g[number]);
    });
    if (adaptation !== undefined) neuron.w = round(at(adaptation.factorPerTick, index) * neuron.w);
  }

  /** Bias, then weight times value of each input, in the order of the network. */
  #constant({ population, edges }: Part, index: number, values: readonly number[] | null): number {
    let constant = at(population.bias, index);
    if (values === null) return constant;
    for (const { synapse, source, weight } of edges[index]) {
      if (synapse.from !== this.#network.input.name || synapse.into !== undefined) continue;
      constant = this.#round(constant + this.#round(weight * values[source]));
    }
    return constant;
  }

  /** The value of a variable with what arrives in this tick. */
  #received(
    { outside }: Part,
    index: number,
    variable: number,
    value: number,
    summed: boolean,
    arriving: Edge[],
    plastic: readonly { readonly weight: number }[],
  ): number {
    const round = this.#round;
    if (!summed) return arriving.reduce((charge, { weight }) => round(charge + weight), value);
    const order = ({ synapse, delay }: Edge) => [Number(synapse.from !== this.#network.input.name), -delay];
    arriving.sort((a, b) => order(a)[0] - order(b)[0] || order(a)[1] - order(b)[1]);
    let sum = [...arriving, ...plastic].reduce((charge, { weight }) => round(charge + weight), 0);
    for (const { into, weight, counts } of outside.background) {
      const count = into === variable ? counts(this.#tick, index) : 0;
      if (count > 0) sum = round(sum + round(count * weight));
    }
    return round(value + sum);
  }

  /** By target, the connections over which a spike arrives in this tick, in the order of the network. */
  #arriving({ outgoing }: Part): Map<number, Edge[]> {
    const arriving = new Map<number, Edge[]>();
    for (const { from, delay, bySource } of outgoing) {
      if (delay > this.#tick) continue;
      for (const source of new Set(this.#firedBy(from)[this.#tick - delay]))
        for (const edge of bySource.get(source) ?? []) {
          const before = arriving.get(edge.target);
          if (before === undefined) arriving.set(edge.target, [edge]);
          else before.push(edge);
        }
    }
    for (const edges of arriving.values()) edges.sort((a, b) => a.place - b.place);
    return arriving;
  }

  #firedBy(name: string): number[][] {
    return this.#fired.get(name) as number[][];
  }

  #part(name: string): Part {
    return this.#parts.get(name) as Part;
  }
}

/** One value a neuron, a channel, or for all. */
function at(values: ArrayLike<number>, neuron: number): number {
  return values[neuron % values.length];
}

function outgoingOf(edges: readonly Edge[]): Outgoing[] {
  const outgoing: Outgoing[] = [];
  for (const edge of edges) {
    const { synapse, delay, source } = edge;
    let own = outgoing.find((each) => each.from === synapse.from && each.delay === delay);
    if (own === undefined) outgoing.push((own = { from: synapse.from, delay, bySource: new Map() }));
    const from = own.bySource.get(source);
    if (from === undefined) own.bySource.set(source, [edge]);
    else from.push(edge);
  }
  return outgoing;
}

/** In the order of the network: source after source. */
function edgesOf(network: SpikingNetwork, synapse: Synapse): Edge[] {
  const { delayTicks: delay, weights } = synapse;
  const shape = (name: string): Shape =>
    [network.input, ...network.nodes].find((node) => node.name === name)?.shape as Shape;
  const [sources, targets] = [sizeOf(shape(synapse.from)), sizeOf(shape(synapse.to))];
  const edges: Edge[] = [];
  const push = (source: number, target: number, ticks: number, index: number): void => {
    edges.push({ synapse, source, target, delay: ticks, index, place: 0, weight: weights[index] });
  };
  for (let source = 0; source < sources; source++) {
    if (synapse.kind === "dense") {
      for (let target = 0; target < targets; target++) push(source, target, delay, target * sources + source);
    } else if (synapse.kind === "identity") {
      push(source, source, delay, source % weights.length);
    } else if (synapse.kind === "sparse") {
      for (let edge = synapse.offsets[source]; edge < synapse.offsets[source + 1]; edge++)
        push(source, synapse.targets[edge], delay + (synapse.delays?.[edge] ?? 0), edge);
    } else {
      throw new TypeError(`naive: no edges of kind ${synapse.kind}`);
    }
  }
  return edges;
}
