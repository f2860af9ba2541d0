// The options of the builder's layers, connections and network.
import type { OptionKeys } from "../check.ts";
import type { InputConvention, Padding } from "../relu/network.ts";
import type { Shape } from "../tensor.ts";
import type { DenseWeights } from "./dense-weights.ts";
import { neuronKeys, type NeuronOptions } from "./neurons/models.ts";
import { connectionKeys, type ConnectionOptions } from "./synapses/kinds.ts";
import type { Plasticity } from "./plasticity.ts";
import type { PerNeuron } from "./neurons/rows.ts";

export interface DenseLayerOptions extends NeuronOptions {
  readonly weights: DenseWeights;
  /** Number of neurons: needed if `weights` is a flat array of ambiguous length, otherwise only checked. */
  readonly units?: number;
}

/** A population that no synapse reaches until `connect` adds one. */
export interface FreePopulationOptions extends NeuronOptions {
  readonly input: "none";
  /** Number of neurons. */
  readonly units: number;
  readonly weights?: undefined;
}

export interface Conv2dLayerOptions extends NeuronOptions {
  /** Shape [kernelHeight, kernelWidth, inputChannels / groups, filters]. */
  readonly weights: ArrayLike<number>;
  readonly filters: number;
  readonly kernel: number | readonly [number, number];
  readonly stride?: number | readonly [number, number];
  readonly dilation?: number | readonly [number, number];
  /** Cells on all sides, cells per side, or `same`; default 0. */
  readonly padding?: number | "same" | Padding;
  readonly groups?: number;
}

interface ConnectedEnds {
  /** Tells synapses between the same two nodes apart, and names one at run time. Default: none. */
  readonly name?: string;
  /** "input", a population or a pool. */
  readonly from: string;
  /** A population or output; for a recurrent connection, `from` itself or a layer before it. */
  readonly to: string;
  /**
   * Delay in ticks, at least 1 for a recurrent connection. Default: 0, or 1 for a recurrent connection; 0 where each
   * connection has a delay of its own.
   */
  readonly delayTicks?: number;
  /** What spikes reach: "v", the membrane potential, or a current of the target. Default: "v". */
  readonly into?: string;
  /** How the weights change in a run, as `stdp` makes it. Default: they do not. */
  readonly plasticity?: Plasticity;
}

export type ConnectOptions = ConnectedEnds & ConnectionOptions;

export interface PoolLayerOptions {
  /** Default: 2. */
  readonly size?: number | readonly [number, number];
  /** Default: the size. */
  readonly stride?: number | readonly [number, number];
  readonly padding?: number | "same" | Padding;
  readonly name?: string;
}

export interface OutputOptions {
  readonly weights: DenseWeights;
  /** Charge added each tick; default 0. */
  readonly bias?: PerNeuron;
  /** Output = unit · charge / ticks; default 1. */
  readonly unit?: number;
  readonly name?: string;
}

export const denseKeys: OptionKeys<DenseLayerOptions> = { weights: true, units: true, ...neuronKeys };
export const freeKeys: OptionKeys<FreePopulationOptions> = { input: true, ...denseKeys };
export const connectKeys: OptionKeys<ConnectOptions> = {
  name: true,
  from: true,
  to: true,
  delayTicks: true,
  into: true,
  plasticity: true,
  ...connectionKeys,
};
export const poolKeys: OptionKeys<PoolLayerOptions> = { size: true, stride: true, padding: true, name: true };
export const networkKeys: OptionKeys<SpikingNetworkOptions> = {
  inputs: true,
  name: true,
  dtSeconds: true,
  ticks: true,
  classes: true,
  convention: true,
};

export interface SpikingNetworkOptions {
  /** Input shape, channels last; 3 means [3]. */
  readonly inputs: number | Shape;
  readonly name?: string;
  /** Length of a tick in seconds; default 1. */
  readonly dtSeconds?: number;
  /** Ticks of a run without `ticks`; default 1. */
  readonly ticks?: number;
  readonly classes?: readonly string[];
  readonly convention?: InputConvention;
}
