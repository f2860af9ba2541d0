// The networks that an evaluation runs and compares.
import type { Simulator } from "../engine/engine.ts";
import type { Correspondence } from "../mapping/activations.ts";
import type { Certifier } from "../mapping/certificate.ts";
import type { EarlyExit } from "../mapping/early-exit.ts";
import type { LastWindow } from "../mapping/last-window.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import type { TwinOptions } from "../spiking/twin-ticks.ts";
import type { ActivityMeter } from "./activity.ts";
import type { InputEncoder } from "./encoding.ts";
import type { KnownResults } from "./known.ts";

/** The ReLU network, run on whole batches: outputs have shape [samples, outputs]. */
export interface ForwardPass {
  run(
    batch: Uint8Array,
    samples: number,
  ): {
    readonly outputs: Readonly<Record<string, Float32Array>> /** By node; what an activity meter reads. */;
    readonly kept?: Readonly<Record<string, Float32Array>>;
  };
}

/** Counts and charges of the quantised twin, by node name, shape [samples, neurons]. */
export interface TwinCounter {
  /** @param options ticks of refined phase, where not all; so `digest`. */
  run(
    counts: Uint8Array,
    samples: number,
    options?: TwinOptions,
  ): {
    readonly charges: Readonly<Record<string, Int32Array>>;
    readonly counts: Readonly<Record<string, Uint32Array | Int32Array>>;
  };
  /** Replaces `run` if only a hash of the counts is needed; see `TwinPass`. */
  digest?(
    counts: Uint8Array,
    samples: number,
    options?: TwinOptions,
  ): { readonly charges: Readonly<Record<string, Int32Array>>; readonly hashes: Uint32Array };
}

/** Certificates C1 to C3 that apply to the network. */
export interface Certificates {
  readonly certifier: Certifier | null;
  readonly correspondences: readonly Correspondence[];
  readonly lastWindow: LastWindow | null;
  /** With its own simulator, which records the potentials of all neurons (`earlyRecording`). */
  readonly earlyExit: { readonly exit: EarlyExit; readonly simulator: Simulator } | null;
}

/** The networks of an evaluation. */
export interface Contenders {
  readonly network: SpikingNetwork;
  /** Name of the ReLU network's output in the results of `forward`. */
  readonly reluOutput: string;
  readonly forward: ForwardPass;
  /** Must record counts. Null if the twin decides and nothing is simulated. */
  readonly simulator: Simulator | null;
  /** Keeps every population. Null if the network has no twin. */
  readonly twin: TwinCounter | null;
  /** Results of an earlier evaluation of the same networks and data. */
  readonly known?: KnownResults;
  readonly certificates?: Certificates;
  /** Counts operations; `forward` then keeps the meter's nodes. */
  readonly activity?: ActivityMeter;
  /** Input encoder, whose network is `network`; default: constant current. */
  readonly encoder?: InputEncoder;
}
