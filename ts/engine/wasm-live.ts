// The live core in WebAssembly: hands a network over, reads results, and what is done to it between two runs.
import { bitsOf, expandCharges } from "../spiking/charges.ts";
import type {
  BackgroundSource,
  LiveState,
  PlasticState,
  PopulationState,
  RecentSpikes,
  SynapseState,
} from "../spiking/live-state.ts";
import { targetVariable } from "../spiking/live.ts";
import { outputsOf, populationsOf, shapeOf, type SpikingNetwork } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import { Core } from "./core.ts";
import type { EncodedInput } from "./input.ts";
import type { LiveCore } from "./live.ts";
import { groupsOf, populationWords, type ConnectionGroup } from "./live-words.ts";
import { collector } from "./collect.ts";
import type { Glue } from "./load.ts";
import { plasticFields, plasticLists, plasticStateWords, readPlasticState } from "./plastic-words.ts";
import type { Recording } from "./recording.ts";
import type { CoreRun, SimulatorCore } from "./simulator.ts";
import { CoreMemory, type RunTable } from "./table.ts";
import { inPieces, message } from "./words.ts";
import { longestDelay } from "../spiking/synapses/delays.ts";

type RawLive = InstanceType<Glue["RawLive"]>;

const noWords = new Uint32Array(0);
const noFloats = new Float32Array(0);

/** Groups of one synapse and their numbers in the core. */
interface Sent {
  readonly group: ConnectionGroup;
  readonly number: number;
}

/** What reaches a population from outside, kept for `state`. */
interface FromOutside {
  drive: Float32Array | null;
  silenced: Uint32Array;
  /** By variable. */
  background: (BackgroundSource | undefined)[];
}

/** @param memory of the instance. @throws a string of the core for a network that it refuses. */
export function wasmLiveCore(
  glue: Glue,
  memory: WebAssembly.Memory,
  network: SpikingNetwork,
  recording: Recording,
): SimulatorCore {
  const raw = new glue.RawLive(sizeOf(network.input.shape));
  try {
    return new WasmLiveCore(raw, memory, network, recording);
  } catch (error) {
    try {
      raw.free();
    } catch {
      // After a trap this fails too; the first error is thrown.
    }
    throw error;
  }
}

class WasmLiveCore implements SimulatorCore, LiveCore {
  readonly live = this;
  readonly #network: SpikingNetwork;
  readonly #memory: WebAssembly.Memory;
  readonly #results: CoreMemory;
  readonly #collect: (table: RunTable) => CoreRun;
  readonly #core: Core<RawLive>;
  readonly #numbers: ReadonlyMap<string, number>;
  /** By synapse. */
  readonly #groups = new Map<number, Sent[]>();
  /** Longest delay of the spikes of each node. */
  readonly #longest: Uint32Array;
  readonly #changed = new Map<number, Float32Array>();
  readonly #parts = new Map<string, FromOutside>();

  constructor(raw: RawLive, memory: WebAssembly.Memory, network: SpikingNetwork, recording: Recording) {
    this.#network = network;
    this.#memory = memory;
    this.#results = new CoreMemory(memory);
    this.#core = new Core(`network "${network.name}"`, "simulator", raw, (raw) => raw.free());
    this.#numbers = new Map([network.input, ...network.nodes].map(({ name }, number) => [name, number]));
    this.#collect = collector(network, recording, this.#numbers);
    this.#longest = new Uint32Array(this.#numbers.size);
    for (const node of network.nodes) {
      if (node.kind === "output") raw.output(expandCharges(node.bias as Float32Array, node.shape));
      else if (node.kind === "population") raw.population(populationWords(network, node, recording));
    }
    network.synapses.forEach((_, number) => this.#connect(raw, number));
    raw.complete(this.#longest);
    this.#forget();
  }

  reset(): void {
    this.#core.use((raw) => raw.reset());
    this.#forget();
    const changed = [...this.#changed.keys()];
    this.#changed.clear();
    for (const number of changed) this.#sendWeights(number, this.#network.synapses[number].weights as Float32Array);
  }

  run(input: EncodedInput, ticks: number): CoreRun {
    const values = (input.values as Float32Array | undefined) ?? noFloats;
    const [neurons, starts] = input.kind === "events" ? [input.neurons, input.starts] : [noWords, noWords];
    return this.#core.use((raw) => this.#collect(this.#results.table(raw.run(neurons, starts, values, ticks))));
  }

  dispose(): void {
    this.#core.dispose();
  }

  drive(population: string, charges: Float32Array | null): void {
    this.#part(population).drive = charges === null ? null : charges.slice();
    this.#core.use((raw) => raw.drive(this.#number(population), charges ?? noFloats));
  }

  background(population: string, into: number, source: BackgroundSource | null): void {
    this.#part(population).background[into] = source ?? undefined;
    const { meanPerTick = 0, zero = 1, weight = 0, neurons = noWords, states = noWords } = source ?? {};
    this.#core.use((raw) => raw.background(this.#number(population), into, meanPerTick, zero, weight, neurons, states));
  }

  force(population: string, neurons: Uint32Array): void {
    if (neurons.length > 0) this.#core.use((raw) => raw.force(this.#number(population), neurons));
  }

  silence(population: string, neurons: Uint32Array): void {
    this.#part(population).silenced = neurons;
    this.#core.use((raw) => raw.silence(this.#number(population), neurons));
  }

  read(population: string, variable: number, into: Float32Array): void {
    into.set(this.#variable(population, variable, into.length));
  }

  weights(number: number, into: Float32Array): void {
    if (this.#learns(number)) into.set(this.#core.use((raw) => raw.learntWeights(number)));
    else into.set(this.#changed.get(number) ?? (this.#network.synapses[number].weights as Float32Array));
  }

  setWeights(number: number, weights: Float32Array): void {
    if (this.#learns(number)) return this.#core.use((raw) => raw.setLearntWeights(number, weights));
    this.#changed.set(number, weights.slice());
    this.#sendWeights(number, weights);
  }

  reward(value: number): void {
    this.#core.use((raw) => raw.reward(value));
  }

  state(): LiveState {
    const synapses: Record<number, SynapseState> = {};
    for (const [number, weights] of this.#changed) synapses[number] = { weights: weights.slice() };
    this.#network.synapses.forEach(({ plasticity }, number) => {
      if (plasticity === undefined) return;
      const words = this.#core.use((raw) => raw.learningState(number));
      synapses[number] = readPlasticState(words, plasticity.reward !== undefined);
    });
    const byName = <T>(nodes: readonly { readonly name: string }[], read: (name: string) => T) =>
      Object.fromEntries(nodes.map(({ name }) => [name, read(name)]));
    return {
      ticks: this.#core.use((raw) => raw.ticks()),
      populations: byName(populationsOf(this.#network), (name) => this.#populationState(name)),
      outputs: byName(outputsOf(this.#network), (name) => this.#core.use((raw) => raw.charges(this.#number(name)))),
      spikes: Object.fromEntries([...this.#numbers].map(([name, number]) => [name, this.#recent(number)])),
      synapses,
    };
  }

  restore(state: LiveState): void {
    this.reset();
    for (const { name } of populationsOf(this.#network)) this.#restorePopulation(name, state.populations[name]);
    for (const { name } of outputsOf(this.#network))
      this.#core.use((raw) => raw.setCharges(this.#number(name), state.outputs[name]));
    for (const [key, synapse] of Object.entries(state.synapses)) {
      const number = Number(key);
      if (!this.#learns(number)) {
        this.setWeights(number, synapse.weights);
        continue;
      }
      // The state has been checked.
      const words = plasticStateWords(synapse as PlasticState);
      this.#core.use((raw) => raw.restoreLearning(number, state.ticks, words));
    }
    for (const [name, number] of this.#numbers) this.#restoreRecent(number, state.spikes[name]);
    this.#core.use((raw) => raw.resumeAt(state.ticks));
  }

  #connect(raw: RawLive, number: number): void {
    const synapse = this.#network.synapses[number];
    const [source, target] = [this.#number(synapse.from), this.#number(synapse.to)];
    const into = targetVariable(this.#network, synapse);
    this.#longest[source] = Math.max(longestDelay(synapse), this.#longest[source]);
    if (synapse.plasticity !== undefined) {
      const [sources, targets] = [synapse.from, synapse.to].map((end) => sizeOf(shapeOf(this.#network, end)));
      const place = raw.plastic(message(source, target, into, number, ...plasticFields(synapse, sources, targets)));
      plasticLists(synapse).forEach((words, list) => inPieces(words, (piece) => raw.plasticList(place, list, piece)));
      return;
    }
    const sent = groupsOf(this.#network, synapse).map((group) => {
      const { delay, dense, offsets, targets } = group;
      const place = raw.group(message(source, target, into, delay, number, dense, offsets));
      inPieces(targets, (piece) => raw.targets(place, piece));
      return { group, number: place };
    });
    this.#groups.set(number, sent);
    this.#send(raw, sent, synapse.weights as Float32Array);
  }

  #send(raw: RawLive, sent: readonly Sent[], all: Float32Array): void {
    for (const { group, number } of sent) inPieces(bitsOf(group.weights(all)), (piece) => raw.weights(number, piece));
  }

  #sendWeights(number: number, weights: Float32Array): void {
    this.#core.use((raw) => this.#send(raw, this.#groups.get(number) ?? [], weights));
  }

  #populationState(name: string): PopulationState {
    const population = populationsOf(this.#network).find((other) => other.name === name);
    const { neuron, shape } = population as NonNullable<typeof population>;
    const size = sizeOf(shape);
    const { drive, silenced, background } = this.#part(name);
    const number = this.#number(name);
    return {
      potential: this.#variable(name, 0, size).slice(),
      refractory:
        neuron.refractory === undefined ? new Uint32Array(0) : Uint32Array.from(bitsOf(this.#variable(name, -2, size))),
      currents: (neuron.currents ?? []).map((_, index) => this.#variable(name, index + 1, size).slice()),
      adaptation: neuron.adaptation === undefined ? new Float32Array(0) : this.#variable(name, -1, size).slice(),
      drive: drive === null ? null : drive.slice(),
      silenced: silenced.slice(),
      forced: this.#core.use((raw) => raw.forced(number)),
      background: background.flatMap((source) => {
        if (source === undefined) return [];
        return [{ ...source, states: this.#core.use((raw) => raw.backgroundStates(number, source.into)) }];
      }),
    };
  }

  #restorePopulation(name: string, state: PopulationState): void {
    const write = (variable: number, values: Uint32Array): void => {
      if (values.length > 0) bitsOf(this.#variable(name, variable, values.length)).set(values);
    };
    write(0, bitsOf(state.potential));
    state.currents.forEach((values, index) => write(index + 1, bitsOf(values)));
    write(-1, bitsOf(state.adaptation));
    write(-2, state.refractory);
    if (state.drive !== null) this.drive(name, state.drive);
    this.silence(name, state.silenced);
    this.force(name, state.forced);
    for (const source of state.background) this.background(name, source.into, source);
  }

  /** The values of a variable in the core's memory, until the next call. */
  #variable(population: string, variable: number, length: number): Float32Array {
    const address = this.#core.use((raw) => raw.variable(this.#number(population), variable));
    return new Float32Array(this.#memory.buffer, address, length);
  }

  #recent(number: number): RecentSpikes {
    const lists = Array.from({ length: this.#longest[number] }, (_, ago) =>
      this.#core.use((raw) => raw.recent(number, ago)),
    );
    const length = lists.reduce((sum, list) => sum + list.length, 0);
    const [ticksAgo, neurons] = [new Uint32Array(length), new Uint32Array(length)];
    let at = 0;
    lists.forEach((list, ago) => {
      ticksAgo.fill(ago, at, at + list.length);
      neurons.set(list, at);
      at += list.length;
    });
    return { ticksAgo, neurons };
  }

  /** After a reset, which leaves no spikes. */
  #restoreRecent(number: number, { ticksAgo, neurons }: RecentSpikes): void {
    for (let first = 0, end = 0; first < ticksAgo.length; first = end) {
      const ago = ticksAgo[first];
      while (end < ticksAgo.length && ticksAgo[end] === ago) end++;
      this.#core.use((raw) => raw.setRecent(number, ago, neurons.subarray(first, end)));
    }
  }

  #forget(): void {
    for (const { name } of populationsOf(this.#network))
      this.#parts.set(name, { drive: null, silenced: new Uint32Array(0), background: [] });
  }

  #learns(number: number): boolean {
    return this.#network.synapses[number].plasticity !== undefined;
  }

  #number(name: string): number {
    return this.#numbers.get(name) as number;
  }

  #part(name: string): FromOutside {
    return this.#parts.get(name) as FromOutside;
  }
}
