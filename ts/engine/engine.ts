import type { SampleValues, ShapedSamples } from "../samples.ts";
import type { SpikeMeaning } from "../spiking/meaning.ts";
import type { SpikingNetwork } from "../spiking/network.ts";

/** Two engines, one interface, equal spike for spike. */
export interface Engine {
  readonly name: "wasm" | "reference";
  /** @throws {LlifError} if the network is not valid or not supported; the message names the node. */
  createSimulator<const R extends RecordOptions = {}>(
    network: SpikingNetwork,
    options?: SimulatorOptions<R>,
  ): Promise<Simulator<R>>;
}

export interface SimulatorOptions<R extends RecordOptions = RecordOptions> {
  readonly record?: R;
}

/** What to keep of a run besides outputs and statistics; chosen beforehand. */
export interface RecordOptions {
  /** Spike counts of every population; default true. */
  readonly counts?: boolean;
  /** Signed synchronous rate alone: how many spikes each neuron, and each output of a pool, sends; counts say nothing of those taken back. Default false. */
  readonly sent?: boolean;
  /** Populations whose spike trains are kept. */
  readonly spikes?: readonly string[];
  /** Neurons, by population, whose membrane potentials are kept after every tick. */
  readonly potentials?: Readonly<Record<string, readonly number[]>>;
}

/** Spikes in order of (tick, neuron); ticks count from 0 at the run's start. A neuron that fires k times in a tick appears k times. */
export interface SpikeTrain {
  readonly ticks: Uint32Array;
  readonly neurons: Uint32Array;
  readonly length: number;
  /** +1 or −1, in networks of signed spikes. */
  readonly signs?: Int8Array;
  /** Real-valued `ttfs`: time of each spike, in windows from the run's start; `ticks` are the whole windows. */
  readonly times?: Float64Array;
}

/** Spikes of one sample, in any order; `encode…` make them. */
export interface SpikeInput {
  readonly ticks: ArrayLike<number>;
  readonly neurons: ArrayLike<number>;
  /** +1 or −1, in networks of signed spikes; default +1. */
  readonly signs?: ArrayLike<number>;
  /** Real-valued `ttfs` alone: time in the window, 0 to 1, of a value 1 − time; default 0. */
  readonly times?: ArrayLike<number>;
  /** What they stand for, as the encoders tell: a mapped network refuses what it would take for something else. */
  readonly meaning?: SpikeMeaning;
}

/**
 * One sample. Bytes (Uint8Array, Uint8ClampedArray) are pixels, which are counts; all other numbers are real values: divided by the input's
 * unit and rounded, where it has counts, of which those of pixels must be within reach and others are clipped (`statistics.clippedInputs`). Channels
 * last, or in any layout that `samplesOf` takes where the shape is told. Spikes: one is one count in the integer networks of a mapping; in its float32
 * networks of pixels spikes enter as `inputEncoder` makes them. Synchronous networks take values and spikes at once: both add their charge.
 */
export type RunInput =
  | SampleValues
  | ShapedSamples
  | { readonly values: SampleValues | ShapedSamples; readonly spikes?: SpikeInput }
  | { readonly values?: SampleValues | ShapedSamples; readonly spikes: SpikeInput };

/** Samples one after the other, or one array with a batch axis; taken one by one as they are needed, from memory that may be filled anew. */
export type RunInputs = Iterable<RunInput> | AsyncIterable<RunInput> | ShapedSamples;

export interface RunOptions {
  /** Synchronous networks only; default `network.windowTicks`, which signed `rate` does not exceed. */
  readonly ticks?: number;
  /** Go on from the present state (synchronous networks only): run(a) then run(b) equals run(a + b). */
  readonly keepState?: boolean;
}

export interface BatchOptions extends RunOptions {
  readonly signal?: AbortSignal;
  /** @param total of an array; of an iterable without a length what it has given so far. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Simulator<R extends RecordOptions = RecordOptions> {
  readonly engine: Engine["name"];
  readonly network: SpikingNetwork;
  /** Simulates one sample; synchronous, and cheap to repeat. @throws {DisposedError} after dispose(). */
  run(input: RunInput, options?: RunOptions): Result<R>;
  /** One tick from the present state (synchronous networks only): `run(input, { ticks: 1, keepState: true })`. */
  step(input: RunInput): Result<R>;
  /**
   * Layerwise networks: one sample enters each window (`intervalTicks`), while the former ones are in the layers behind; each result
   * comes `latencyTicks` after its sample entered, in order, and equals that of `run`. Takes an input only when the next result is asked for.
   * One at a time: where another run of this simulator begins meanwhile, the samples on the way are lost.
   * @throws {LlifError} ARGUMENT for a synchronous network, and where another run has begun.
   */
  runPipelined(inputs: Iterable<RunInput>): Generator<Result<R>, void, undefined>;
  /** One sample after the other, each taken when its turn comes; lets the event loop breathe, and can be cancelled. */
  runBatch(inputs: RunInputs, options?: BatchOptions): Promise<Result<R>[]>;
  /** Back to the initial membrane potentials. */
  reset(): void;
  /** Idempotent. */
  dispose(): void;
  [Symbol.dispose](): void;
}

export interface Result<R extends RecordOptions = RecordOptions> {
  /** Outputs of the first output node, as the ReLU network's; empty where there is none. Under `keepState`, from all ticks since the last reset. */
  readonly logits: Float64Array;
  /** Classes by falling logit, at most five; ties: lowest index first. */
  readonly top: readonly { readonly index: number; readonly label: string; readonly logit: number }[];
  /**
   * Charge of every output node, by name: exact integers in int32 networks. In synchronous float32 networks what a tick brings is summed in float32,
   * then added in float64, so that long runs lose nothing: of n charges a tick, |c| + Σ|q| ≤ M together, the mean charge of T ticks is within M·(n·2^−24 + T·2^−53) (T3).
   */
  readonly charges: Readonly<Record<string, Float64Array | Int32Array>>;
  /**
   * Spike counts by population, payloads and signs included (phase: Σ 2^k); Int32Array where one may be
   * negative: populations that are not rectified, and signed `rate`, which takes back under `keepState` what a former run gave.
   * Real-valued ttfs: 1 for each neuron that fired. Empty if not recorded.
   */
  readonly counts: Readonly<Record<string, Uint32Array | Int32Array>>;
  /** Spikes by population and pool, +1 and −1 alike; empty if not recorded. */
  readonly sent: Readonly<Record<string, Uint32Array>>;
  readonly spikes: { readonly [Name in RecordedSpikes<R>]: SpikeTrain };
  /** By population; shape [neurons listed, samples]. Samples: one a tick (synchronous: after firing), or 2·windowTicks (layerwise: integration, then firing). */
  readonly potentials: { readonly [Name in RecordedPotentials<R>]: Float32Array | Int32Array };
  readonly statistics: Statistics;
}

type RecordedSpikes<R extends RecordOptions> = R["spikes"] extends readonly (infer Name extends string)[]
  ? Name
  : never;
type RecordedPotentials<R extends RecordOptions> =
  R["potentials"] extends Readonly<Record<infer Name extends string, readonly number[]>> ? Name : never;

export interface Statistics {
  /** Ticks of this run: T, or the latency of the layerwise network. */
  readonly ticks: number;
  readonly windowTicks: number;
  /** Ticks from the first input to the decision, one sample alone. */
  readonly latencyTicks: number;
  /** Ticks between samples when pipelined. */
  readonly intervalTicks: number;
  /** Spikes of populations; one with a payload counts once; pools excluded. */
  readonly spikes: number;
  /** Existing targets of each spike that reaches a synapse (contracts.md §6). */
  readonly synapticOperations: number;
  /** Input values beyond the range that the network was mapped for (`inputRange`), which were clipped to it. */
  readonly clippedInputs: number;
}
