// Who decides in an evaluation, and beside whom.
import type { Simulator } from "../engine/engine.ts";
import type { Correspondence } from "../mapping/activations.ts";
import type { Certifier } from "../mapping/certificate.ts";
import type { EarlyExit } from "../mapping/early-exit.ts";
import type { LastWindow } from "../mapping/last-window.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import type { ActivityMeter } from "./activity.ts";
import type { InputEncoder } from "./encoding.ts";
import type { KnownResults } from "./known.ts";

/** The ReLU network beside which the spiking one is judged: outputs of whole batches, shape [samples, outputs]. */
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
  run(
    counts: Uint8Array,
    samples: number,
  ): {
    readonly charges: Readonly<Record<string, Int32Array>>;
    readonly counts: Readonly<Record<string, Uint32Array | Int32Array>>;
  };
  /** Takes the place of `run` where the counts only have to be told from others: a hash of them, as of `TwinPass`. */
  digest?(
    counts: Uint8Array,
    samples: number,
  ): { readonly charges: Readonly<Record<string, Int32Array>>; readonly hashes: Uint32Array };
}

/** Certificates C1 to C3, as far as the network has them. */
export interface Certificates {
  readonly certifier: Certifier | null;
  readonly correspondences: readonly Correspondence[];
  readonly lastWindow: LastWindow | null;
  /** A simulator of its own, since it records the potentials of all neurons (`earlyRecording`). */
  readonly earlyExit: { readonly exit: EarlyExit; readonly simulator: Simulator } | null;
}

/** Who decides, and beside whom. */
export interface Contenders {
  readonly network: SpikingNetwork;
  /** Name of the ReLU network's output, as `forward` returns it. */
  readonly reluOutput: string;
  readonly forward: ForwardPass;
  /** Must record counts. Null: the twin itself decides, and nothing is simulated. */
  readonly simulator: Simulator | null;
  /** Null where the network has none (contracts.md §6). It keeps every population. */
  readonly twin: TwinCounter | null;
  /** What an earlier evaluation of the same networks and data found; not computed again. */
  readonly known?: KnownResults;
  readonly certificates?: Certificates;
  /** Counts operations; `forward` then keeps the meter's nodes. */
  readonly activity?: ActivityMeter;
  /** How images enter `network`, which is the encoder's own; default: as constant current. */
  readonly encoder?: InputEncoder;
}
