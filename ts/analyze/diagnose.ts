// Compares each spiking layer with the ReLU layer it was mapped from: error, clipping, silent neurons.
import { requireReluNetwork } from "../relu/check.ts";
import { requireSpikingNetwork } from "../spiking/check.ts";
import { refuseLive } from "../spiking/live.ts";
import { checkInteger, checkObject, checkNumbers } from "../check.ts";
import {
  comparedValues,
  correspondences,
  decodeActivations,
  type Correspondence,
  type DecodableRun,
} from "../mapping/activations.ts";
import type { ReluNetwork } from "../relu/network.ts";
import {
  cancelsSpikes,
  chargeDivisor,
  hasRealTimes,
  outputsOf,
  shapeOf,
  synapsesTo,
  type SpikingNetwork,
  type SpikingOutput,
} from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import { eventsOf, sentEvents, type Events } from "./activity.ts";
import { fanoutOf } from "./fanout.ts";

/** Comparison of a layer with its ReLU layer, over all samples. */
export interface LayerDiagnosis {
  /** Name of the population or output. */
  readonly name: string;
  readonly kind: "population" | "output";
  /** Node of the ReLU network. */
  readonly node: string;
  readonly neurons: number;
  /** Pearson's r of spiking and ReLU values over neurons and samples; null if one of them is constant. */
  readonly correlation: number | null;
  /** Largest |spiking − ReLU|; `relativeError` is relative to the layer's largest |ReLU value|. */
  readonly largestError: number;
  readonly relativeError: number;
  /** Root mean square of the error, relative to the ReLU values' root mean square. */
  readonly rmsError: number;
  /** Share of activations above the scale. This and the following are 0 for outputs. */
  readonly clippedShare: number;
  /** Channels with a clipped activation. */
  readonly clippedChannels: number;
  /** Share of neurons that never fired. */
  readonly silentShare: number;
  /** Share of neurons that never fired although their ReLU was above zero. */
  readonly wronglySilentShare: number;
  /** Share of neurons with a full window in every sample. */
  readonly saturatedShare: number;
  /** Spikes per sample. */
  readonly spikes: number;
  /** Synaptic operations into this layer per sample, including weights of zero. */
  readonly synapticOperations: number;
}

/** The parts of a run's result that a diagnosis reads. */
export interface DiagnosedRun extends DecodableRun {
  /** Spikes sent by each neuron and pool; needed where spikes may be cancelled or corrected (`record.sent`). */
  readonly sent?: Readonly<Record<string, ArrayLike<number>>>;
  readonly charges: Readonly<Record<string, ArrayLike<number>>>;
}

/** Collects samples, then reports. */
export interface Diagnoser {
  /** Nodes of the ReLU network whose values `add` needs. */
  readonly nodes: readonly string[];
  /** Populations that are not compared, because they do not represent a single node of the ReLU network. */
  readonly notCompared: readonly string[];
  /** @param values values of `nodes`, one sample. @param ticks of a synchronous run; default: the network's window. */
  add(run: DiagnosedRun, values: Readonly<Record<string, ArrayLike<number>>>, ticks?: number): void;
  /** Results in the network's order. */
  layers(): LayerDiagnosis[];
}

export function createDiagnoser(relu: ReluNetwork, network: SpikingNetwork): Diagnoser {
  requireReluNetwork("createDiagnoser: relu", relu);
  requireSpikingNetwork("createDiagnoser: network", network);
  refuseLive("createDiagnoser", network);
  const populations = correspondences(relu, network);
  const compared = new Set(populations.map(({ population }) => population.name));
  const layers = network.nodes.flatMap((node): Layer[] => {
    const correspondence = populations.find(({ population }) => population.name === node.name);
    if (correspondence !== undefined) return [new PopulationLayer(network, correspondence)];
    const at = node.kind === "output" ? outputsOf(network).indexOf(node) : -1;
    return node.kind === "output" && at < relu.outputs.length
      ? [new OutputLayer(network, node, beforeSoftmax(relu, relu.outputs[at]))]
      : [];
  });
  return {
    nodes: [...new Set(layers.map(({ node }) => node))],
    notCompared: network.nodes
      .filter(({ kind, name }) => kind === "population" && !compared.has(name))
      .map(({ name }) => name),
    add(run, values, ticks = network.windowTicks) {
      checkObject("Diagnoser.add: values", values);
      for (const key of ["counts", "charges"] as const)
        checkObject(`Diagnoser.add: run: ${key}`, checkObject("Diagnoser.add: run", run)[key]);
      for (const { node } of layers) checkNumbers(`Diagnoser.add: values: ${node}`, values[node]);
      checkInteger("Diagnoser.add: ticks", ticks, 1);
      const events = cancelsSpikes(network)
        ? sentEvents(network, run.counts, run.sent ?? {}, [])
        : new Map<string, Events>();
      for (const layer of layers) layer.add(run, values[layer.node], ticks, events);
    },
    layers: () => layers.map((layer) => layer.diagnosis()),
  };
}

function beforeSoftmax(relu: ReluNetwork, output: string): string {
  const node = relu.nodes.find(({ name }) => name === output);
  return node?.kind === "softmax" ? node.from[0] : output;
}

abstract class Layer {
  abstract readonly node: string;
  protected samples = 0;
  protected values = 0;
  #operations = 0;
  #largestError = 0;
  #largest = 0;
  /** Σx, Σy, Σx², Σy², Σxy, Σ(x − y)²; x the ReLU network's, y the spiking one's. */
  readonly #sums = new Float64Array(6);
  readonly #incoming: readonly { readonly from: string; readonly targets: Float64Array }[];
  protected readonly network: SpikingNetwork;

  constructor(network: SpikingNetwork, name: string) {
    this.network = network;
    this.#incoming = synapsesTo(network, name)
      .filter(({ from }) => from !== network.input.name)
      .map((synapse) => ({
        from: synapse.from,
        targets: fanoutOf(synapse, shapeOf(network, synapse.from), shapeOf(network, name)).existing,
      }));
  }

  add(run: DiagnosedRun, exact: ArrayLike<number>, ticks: number, events: Map<string, Events>): void {
    for (const { from, targets } of this.#incoming) {
      const { spikes } = eventsOf(this.network, from, run.counts, [], events);
      for (let index = 0; index < targets.length; index++) this.#operations += spikes[index] * targets[index];
    }
    const values = this.expected(exact);
    this.compare(values, this.see(run, values, ticks, events));
    this.samples++;
  }

  /** The values that this layer represents, from its node's values. */
  protected expected(node: ArrayLike<number>): ArrayLike<number> {
    return node;
  }

  /** Collects the facts of this kind of layer. @returns values to compare with the ReLU network's. */
  protected abstract see(
    run: DiagnosedRun,
    exact: ArrayLike<number>,
    ticks: number,
    events: Map<string, Events>,
  ): ArrayLike<number>;

  abstract diagnosis(): LayerDiagnosis;

  private compare(exact: ArrayLike<number>, spiking: ArrayLike<number>): void {
    const sums = this.#sums;
    for (let index = 0; index < exact.length; index++) {
      const [x, y] = [exact[index], spiking[index]];
      const error = Math.abs(x - y);
      this.#largestError = Math.max(this.#largestError, error);
      this.#largest = Math.max(this.#largest, Math.abs(x));
      sums[0] += x;
      sums[1] += y;
      sums[2] += x * x;
      sums[3] += y * y;
      sums[4] += x * y;
      sums[5] += error * error;
    }
    this.values += exact.length;
  }

  protected similarity() {
    const [x, y, xx, yy, xy, error] = this.#sums;
    const spread = Math.sqrt((xx - (x * x) / this.values) * (yy - (y * y) / this.values));
    return {
      node: this.node,
      correlation: spread > 0 ? Math.min(1, (xy - (x * y) / this.values) / spread) : null,
      largestError: this.#largestError,
      relativeError: this.#largest > 0 ? this.#largestError / this.#largest : 0,
      rmsError: xx > 0 ? Math.sqrt(error / xx) : 0,
      synapticOperations: this.#operations / this.samples,
    };
  }
}

class PopulationLayer extends Layer {
  readonly node: string;
  readonly #correspondence: Correspondence;
  readonly #fired: Uint8Array;
  readonly #full: Uint8Array;
  readonly #active: Uint8Array;
  readonly #clippedChannels = new Set<number>();
  #clipped = 0;
  #spikes = 0;

  constructor(network: SpikingNetwork, correspondence: Correspondence) {
    super(network, correspondence.population.name);
    const neurons = sizeOf(correspondence.population.shape);
    this.node = correspondence.node;
    this.#correspondence = correspondence;
    this.#fired = new Uint8Array(neurons);
    this.#full = new Uint8Array(neurons).fill(1);
    this.#active = new Uint8Array(neurons);
  }

  protected override expected(node: ArrayLike<number>): ArrayLike<number> {
    return comparedValues(this.#correspondence, node);
  }

  protected see(
    run: DiagnosedRun,
    exact: ArrayLike<number>,
    ticks: number,
    events: Map<string, Events>,
  ): ArrayLike<number> {
    const { population, pools } = this.#correspondence;
    const own = run.counts[population.name];
    const { arithmetic, levels } = this.network;
    const { spikesPerTick = 1 } = population.neuron;
    const realTimes = hasRealTimes(this.network);
    const most = realTimes ? Infinity : arithmetic === "int32" ? levels : ticks * spikesPerTick;
    const { spikes } = eventsOf(this.network, population.name, run.counts, [], events);
    for (let index = 0; index < own.length; index++) {
      this.#spikes += spikes[index];
      if (own[index] > 0) this.#fired[index] = 1;
      if (own[index] < most) this.#full[index] = 0;
    }
    // Largest value: a whole window for times, the levels for counts, the spikes per tick for rates.
    const largest = realTimes ? 1 : arithmetic === "int32" ? levels : spikesPerTick;
    for (let index = 0; index < exact.length; index++) {
      const channel = index % population.unit.length;
      // After a pool, the neuron of a ReLU value is unknown.
      if (exact[index] > 0 && pools.length === 0) this.#active[index] = 1;
      if (exact[index] > population.unit[channel] * largest * (1 + 1e-6)) {
        this.#clipped++;
        this.#clippedChannels.add(channel);
      }
    }
    return decodeActivations(this.network, this.#correspondence, run, ticks);
  }

  diagnosis(): LayerDiagnosis {
    const { population } = this.#correspondence;
    const neurons = sizeOf(population.shape);
    const share = (holds: (index: number) => boolean) =>
      this.#fired.reduce((sum, _, index) => sum + (holds(index) ? 1 : 0), 0) / neurons;
    return {
      name: population.name,
      kind: "population",
      neurons,
      ...this.similarity(),
      clippedShare: this.#clipped / this.values,
      clippedChannels: this.#clippedChannels.size,
      silentShare: share((index) => this.#fired[index] === 0),
      wronglySilentShare: share((index) => this.#fired[index] === 0 && this.#active[index] === 1),
      saturatedShare: share((index) => this.#full[index] === 1),
      spikes: this.#spikes / this.samples,
    };
  }
}

class OutputLayer extends Layer {
  readonly node: string;
  readonly #output: SpikingOutput;

  constructor(network: SpikingNetwork, output: SpikingOutput, node: string) {
    super(network, output.name);
    this.node = node;
    this.#output = output;
  }

  protected see({ charges }: DiagnosedRun, _exact: ArrayLike<number>, ticks: number): ArrayLike<number> {
    const { name, unit, rectified } = this.#output;
    const divisor = chargeDivisor(this.network, ticks);
    return Float64Array.from({ length: charges[name].length }, (_, index) => {
      const value = (unit[index % unit.length] * charges[name][index]) / divisor;
      return rectified ? Math.max(0, value) : value;
    });
  }

  diagnosis(): LayerDiagnosis {
    const none = {
      clippedShare: 0,
      clippedChannels: 0,
      silentShare: 0,
      wronglySilentShare: 0,
      saturatedShare: 0,
      spikes: 0,
    };
    return {
      name: this.#output.name,
      kind: "output",
      neurons: sizeOf(this.#output.shape),
      ...this.similarity(),
      ...none,
    };
  }
}
