// Certifies the decisions of a batch (certificates C1 to C3) during an evaluation.
import type { ImageDataset } from "../data/dataset.ts";
import { decodeActivations, placeValues, type DecodableRun } from "../mapping/activations.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { runUntilDecided } from "./early-run.ts";
import type { Certificates } from "./contenders.ts";
import type { EarlyDecisions } from "./evaluation.ts";

/** The data of a batch that the certificates need, collected during simulation. */
export class Gathered {
  readonly activations: Record<string, Float32Array> = Object.create(null);
  readonly early: EarlyDecisions | null;
  readonly #network: SpikingNetwork;
  readonly #certificates: Certificates;
  readonly #samples: number;

  constructor(network: SpikingNetwork, certificates: Certificates, samples: number) {
    [this.#network, this.#certificates, this.#samples] = [network, certificates, samples];
    this.early =
      certificates.lastWindow === null && certificates.earlyExit === null
        ? null
        : { decisions: new Uint32Array(samples), ticks: new Uint32Array(samples) };
  }

  add(index: number, run: DecodableRun, input: Uint8Array, ticks: number): void {
    const { certifier, correspondences, lastWindow, earlyExit } = this.#certificates;
    if (certifier !== null) {
      for (const correspondence of correspondences) {
        const { node } = correspondence;
        const size = correspondences.reduce((sum, other) => sum + (other.node === node ? other.size : 0), 0);
        const all = (this.activations[node] ??= new Float32Array(size * this.#samples));
        placeValues(
          correspondence,
          decodeActivations(this.#network, correspondence, run, ticks),
          all.subarray(index * size, (index + 1) * size),
        );
      }
    }
    if (this.early === null) return;
    const early =
      lastWindow?.decide(run.counts, input) ??
      (earlyExit === null ? null : runUntilDecided(earlyExit.simulator, earlyExit.exit, input, { ticks }));
    if (early === null) return;
    this.early.decisions[index] = early.decision;
    this.early.ticks[index] = early.ticks;
  }
}

/** Certifies each sample of a batch: C1, and C2 or C3. */
export function certifyBatch(
  { certifier }: Certificates,
  data: Pick<ImageDataset, "images" | "count">,
  gathered: Gathered,
  decisions: Uint32Array,
): { readonly certified: Uint8Array | null; readonly earlyDecisions: EarlyDecisions | null } {
  return {
    certified: certifier === null ? null : certifier.certify(data.images, data.count, gathered.activations, decisions),
    earlyDecisions: gathered.early,
  };
}
