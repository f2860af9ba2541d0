// The engine interface: simulators, inputs, options and results.
import type { SampleValues, ShapedSamples } from "../samples.ts";
import type { SpikeMeaning } from "../spiking/meaning.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import type { LiveControls } from "./live-controls.ts";

/** The interface of both engines, whose results are equal spike for spike. */
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
  /**
   * Runs a synchronous rate network in the live core though it has no part that needs it, so that it can be driven,
   * read and restored while it runs. Its neurons' sums keep their order, so its spikes are the same.
   */
  readonly live?: boolean;
}

/** What to keep of a run in addition to outputs and statistics. */
export interface RecordOptions {
  /** Spike counts of every population; default true. */
  readonly counts?: boolean;
  /**
   * Only for signed synchronous rate: spikes sent by each neuron and each output of a pool; counts do not contain
   * cancelled spikes. Default false.
   */
  readonly sent?: boolean;
  /** Populations whose spike trains are kept. */
  readonly spikes?: readonly string[];
  /** Neurons by population whose membrane potentials are kept after every tick. */
  readonly potentials?: Readonly<Record<string, readonly number[]>>;
}

/**
 * Spikes in order of (tick, neuron); ticks count from 0 at the run's start. A neuron that fires k times in a tick
 * appears k times.
 */
export interface SpikeTrain {
  readonly ticks: Uint32Array;
  readonly neurons: Uint32Array;
  readonly length: number;
  /** +1 or −1, in networks of signed spikes. */
  readonly signs?: Int8Array;
  /** Real-valued `ttfs`: time of each spike, in windows from the run's start; `ticks` are the whole windows. */
  readonly times?: Float64Array;
}

/** Spikes of one sample, in any order; made by the `encode…` functions or by hand. */
export interface SpikeInput {
  readonly ticks: ArrayLike<number>;
  readonly neurons: ArrayLike<number>;
  /** +1 or −1, in networks of signed spikes; default +1. */
  readonly signs?: ArrayLike<number>;
  /** Only for real-valued `ttfs`: time in the window, 0 to 1, of a value 1 − time; default 0. */
  readonly times?: ArrayLike<number>;
  /** The form of the spikes, set by encoders: a mapped network refuses spikes of another form. */
  readonly meaning?: SpikeMeaning;
}

/**
 * One sample, channels last, or with a shape in any layout that `samplesOf` accepts. Bytes (Uint8Array,
 * Uint8ClampedArray) are pixels, which are counts. Other numbers are real values: if the input has counts, they are
 * divided by its unit and rounded; pixels out of range are refused, other values are clipped
 * (`statistics.clippedInputs`).
 *
 * Spikes: in a mapped integer network a spike is one count; a mapped float32 network of pixels takes spikes from
 * `inputEncoder` only. Synchronous networks take values and spikes together, and add the charges of both.
 */
export type RunInput =
  | SampleValues
  | ShapedSamples
  | { readonly values: SampleValues | ShapedSamples; readonly spikes?: SpikeInput }
  | { readonly values?: SampleValues | ShapedSamples; readonly spikes: SpikeInput };

/**
 * Samples one after the other, or one array with a batch axis. Each is read when needed, so its memory may be reused
 * for the next.
 */
export type RunInputs = Iterable<RunInput> | AsyncIterable<RunInput> | ShapedSamples;

export interface RunOptions {
  /** Synchronous networks only; default `network.windowTicks`, which signed `rate` and refined phase do not exceed. */
  readonly ticks?: number;
  /**
   * Go on from the present state (synchronous networks only): run(a) then run(b) equals run(a + b). In refined phase a
   * new frame: its values replace those of the last one, and the end is the twin of the new values.
   */
  readonly keepState?: boolean;
  /**
   * Refined phase under `keepState` alone: the tick at which the frame begins, so with a smaller quantum; default 0.
   */
  readonly firstTick?: number;
}

export interface BatchOptions extends RunOptions {
  readonly signal?: AbortSignal;
  /** @param total number of samples; for an iterable without a length, the number read so far. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Simulator<R extends RecordOptions = RecordOptions> extends LiveControls {
  readonly engine: Engine["name"];
  readonly network: SpikingNetwork;
  /**
   * Simulates one sample; synchronous, and cheap to repeat.
   * @param input null: nothing from outside, in live networks.
   * @throws {DisposedError} after dispose().
   */
  run(input: RunInput | null, options?: RunOptions): Result<R>;
  /**
   * One tick from the present state (synchronous networks only, refined phase aside): `run(input, { ticks: 1,
   * keepState: true })`.
   */
  step(input: RunInput | null): Result<R>;
  /**
   * Layerwise networks: a new sample enters every window (`intervalTicks`), while earlier ones are in later layers.
   * Each result comes `latencyTicks` after its sample, in order, and equals the result of `run`. An input is read only
   * when the next result is requested. Only one at a time: another run of this simulator discards the samples on the
   * way.
   * @throws {LlifError} ARGUMENT for a synchronous network, and if another run has begun.
   */
  runPipelined(inputs: Iterable<RunInput>): Generator<Result<R>, void, undefined>;
  /**
   * Refined phase alone: goes on with the frame that `run` has begun, for this number of ticks, by default to its end.
   * Counts are those that these ticks add; logits are of all so far.
   * @throws {LlifError} ARGUMENT for another code, and where the frame has ended or none has begun.
   */
  resume(options?: { readonly ticks?: number }): Result<R>;
  /** One sample after the other, each taken when its turn comes; lets the event loop breathe, and can be cancelled. */
  runBatch(inputs: RunInputs, options?: BatchOptions): Promise<Result<R>[]>;
  /** Resets to the initial membrane potentials. */
  reset(): void;
  /** Idempotent. */
  dispose(): void;
  [Symbol.dispose](): void;
}

export interface Result<R extends RecordOptions = RecordOptions> {
  /**
   * Logits of the first output node, in the ReLU network's unit; empty without outputs. With `keepState`, from all
   * ticks since the last reset.
   */
  readonly logits: Float64Array;
  /** The classes with the largest logits, at most five; in a tie, the lowest index first. */
  readonly top: readonly { readonly index: number; readonly label: string; readonly logit: number }[];
  /**
   * Charge of every output node by name: exact integers in int32 networks. In synchronous float32 networks the charge
   * of a tick is summed in float32 and added in float64, so that long runs stay accurate: with n charges a tick and |c|
   * + Σ|q| ≤ M, the mean charge of T ticks is within M·(n·2^−24 + T·2^−53) (T3).
   */
  readonly charges: Readonly<Record<string, Float64Array | Int32Array>>;
  /**
   * Spike counts by population, including payloads and signs (phase: Σ 2^k). Int32Array if a count may be negative: for
   * populations that are not rectified, and in signed `rate`, which with `keepState` may cancel spikes of an earlier
   * run. Real-valued ttfs: 1 for each neuron that fired. Empty if not recorded.
   */
  readonly counts: Readonly<Record<string, Uint32Array | Int32Array>>;
  /** Spikes sent by population and pool, both +1 and −1; empty if not recorded. */
  readonly sent: Readonly<Record<string, Uint32Array>>;
  readonly spikes: { readonly [Name in RecordedSpikes<R>]: SpikeTrain };
  /**
   * By population; shape [neurons listed, samples]. Samples: one a tick (synchronous: after firing), or 2·windowTicks
   * (layerwise: integration, then firing).
   */
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
  /** Number of existing targets of each spike that reaches a synapse, summed. */
  readonly synapticOperations: number;
  /**
   * Weights that the engine added for them (`ttfs`: multiplied and added): as many, or fewer where the WebAssembly
   * engine passes the counts of layerwise `rate` on in binary: V ← 2V + Σ adds a row once for each 1 of a count.
   */
  readonly additions: number;
  /** Input values beyond the range that the network was mapped for (`inputRange`), which were clipped to it. */
  readonly clippedInputs: number;
}
