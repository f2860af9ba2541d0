// Keeps decisions of the float network and twin results on disk, by a hash of everything they depend on.
import type { Evaluation } from "../analyze/evaluation.ts";
import { knownPart, type KnownResults } from "../analyze/known.ts";
import { contentHash, sha256, type ImageDataset } from "../data/dataset.ts";
import { writeLlif } from "../formats/llif.ts";
import { hasTwin } from "../parallel/contenders.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { twinTicks } from "../spiking/twin-ticks.ts";
import { wasmHash } from "./provenance.ts";
import type { OpenModel } from "./model-file.ts";
import { keyOf, sealedCache } from "./sealed-cache.ts";

/**
 * Decisions of float networks, and decisions and count hashes of twins, for whole data sets. They are kept in the
 * user's cache folder under a hash of everything they depend on: model, data, and the core that computed them.
 */
export interface ResultCache {
  find(network: SpikingNetwork): Promise<KnownResults>;
  /** Stores results. An unwritable cache is no error: it only costs time. */
  keep(network: SpikingNetwork, evaluation: Evaluation): Promise<void>;
}

interface Stored {
  readonly decisions: readonly number[];
  readonly hashes?: readonly number[];
  readonly microseconds: number;
}

/** Of about 30 kB each; of refined phase as much for each tick. */
const mostFiles = 500;

export async function openResultCache(model: OpenModel, data: ImageDataset): Promise<ResultCache> {
  const { read, write } = sealedCache<Stored>(
    "results",
    mostFiles,
    ({ decisions, hashes, microseconds }) =>
      (hashes === undefined
        ? decisions.length === data.count
        : decisions.length === hashes.length && decisions.length % data.count === 0) && Number.isFinite(microseconds),
  );
  const common = { wasm: await wasmHash(), data: await contentHash(data), version: 2 };
  const reluKey = await keyOf({
    ...common,
    kind: "relu",
    model: model.hash,
    description: model.descriptionHash,
    ...(model.batch === undefined ? {} : { batch: model.batch }),
  });
  const twinKey = async (network: SpikingNetwork) =>
    keyOf({
      ...common,
      kind: "twin",
      network: await sha256(writeLlif(network)),
      ...(twinTicks(network).length === 1 ? {} : { after: "every tick" }),
    });
  return {
    async find(network) {
      const [relu, twin] = [await read(reluKey), hasTwin(network) ? await read(await twinKey(network)) : null];
      return {
        ...(relu === null
          ? {}
          : { relu: knownPart({ decisions: Uint32Array.from(relu.decisions) }, relu.microseconds) }),
        ...(twin?.hashes === undefined
          ? {}
          : {
              twin: knownPart(
                { decisions: Uint32Array.from(twin.decisions), hashes: Float64Array.from(twin.hashes) },
                twin.microseconds,
                0,
                twin.decisions.length / data.count,
              ),
            }),
      };
    },
    async keep(network, { reluDecisions, twin, microseconds }) {
      await write(reluKey, { decisions: [...reluDecisions], microseconds: microseconds.relu });
      if (twin !== null && microseconds.twin !== null)
        await write(await twinKey(network), {
          decisions: [...twin.decisions],
          hashes: [...twin.hashes],
          microseconds: microseconds.twin,
        });
    },
  };
}
