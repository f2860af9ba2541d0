// Keeps decisions of the float network and twin results on disk, by a hash of everything they depend on.
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Evaluation } from "../analyze/evaluation.ts";
import { knownPart, type KnownResults } from "../analyze/known.ts";
import { contentHash, sha256, type ImageDataset } from "../data/dataset.ts";
import { writeLlif } from "../formats/llif.ts";
import { hasTwin } from "../parallel/contenders.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { cacheFolder } from "./data-cache.ts";
import { wasmHash } from "./provenance.ts";
import type { OpenModel } from "./model-file.ts";
import { writeOutput } from "./outputs.ts";

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

/** Files have about 30 kB each. */
const mostFiles = 500;

export async function openResultCache(model: OpenModel, data: ImageDataset): Promise<ResultCache> {
  const common = { wasm: await wasmHash(), data: await contentHash(data), version: 2 };
  const reluKey = await keyOf({
    ...common,
    kind: "relu",
    model: model.hash,
    description: model.descriptionHash,
    ...(model.batch === undefined ? {} : { batch: model.batch }),
  });
  const twinKey = async (network: SpikingNetwork) =>
    keyOf({ ...common, kind: "twin", network: await sha256(writeLlif(network)) });
  return {
    async find(network) {
      const [relu, twin] = [
        await read(reluKey, data.count),
        hasTwin(network) ? await read(await twinKey(network), data.count) : null,
      ];
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

function keyOf(parts: object): Promise<string> {
  return sha256(new TextEncoder().encode(JSON.stringify(parts)));
}

function fileOf(key: string): string {
  return join(cacheFolder(), "results", `${key}.json`);
}

/** A file of the cache: its content, and a checksum. */
interface Sealed {
  readonly stored: Stored;
  /** SHA-256 of the key and of `stored` as JSON. */
  readonly seal: string;
}

function sealOf(key: string, stored: Stored): Promise<string> {
  return sha256(new TextEncoder().encode(`${key}\n${JSON.stringify(stored)}`));
}

/** Null if the file is missing, damaged or edited; the result is then computed again. */
async function read(key: string, samples: number): Promise<Stored | null> {
  try {
    const { stored, seal } = JSON.parse(await readFile(fileOf(key), "utf8")) as Sealed;
    if (seal !== (await sealOf(key, stored))) return null;
    const lengths = [stored.decisions.length, stored.hashes?.length ?? samples];
    return lengths.every((length) => length === samples) && Number.isFinite(stored.microseconds) ? stored : null;
  } catch {
    return null;
  }
}

async function write(key: string, stored: Stored): Promise<void> {
  try {
    await writeOutput(fileOf(key), JSON.stringify({ stored, seal: await sealOf(key, stored) } satisfies Sealed));
    await removeOldest();
  } catch {
    // The result itself is not affected.
  }
}

async function removeOldest(): Promise<void> {
  const folder = join(cacheFolder(), "results");
  const names = await readdir(folder);
  if (names.length <= mostFiles) return;
  const dated = await Promise.all(
    names.map(async (name) => ({ name, changed: (await stat(join(folder, name))).mtimeMs })),
  );
  const oldest = dated.sort((a, b) => a.changed - b.changed).slice(0, names.length - mostFiles);
  for (const { name } of oldest) await rm(join(folder, name), { force: true });
}
