// Small JSON files in the user's cache folder, each with a checksum: a missing, damaged or edited one is computed again.
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../data/dataset.ts";
import { cacheFolder } from "./data-cache.ts";
import { writeOutput } from "./outputs.ts";

/** Files of one kind: a folder in the cache folder. */
export interface SealedCache<T> {
  /** Null if there is none of this key, or none that can be used. */
  read(key: string): Promise<T | null>;
  /** An unwritable cache is no error: it only costs time. */
  write(key: string, stored: T): Promise<void>;
}

interface Sealed {
  readonly stored: unknown;
  /** SHA-256 of the key and of `stored` as JSON. */
  readonly seal: string;
}

/**
 * @param mostFiles number of files; older ones are removed.
 * @param isUsable of what was stored under the key.
 */
export function sealedCache<T>(kind: string, mostFiles: number, isUsable: (stored: T) => boolean): SealedCache<T> {
  const folder = (): string => join(cacheFolder(), kind);
  const fileOf = (key: string): string => join(folder(), `${key}.json`);
  return {
    async read(key) {
      try {
        const { stored, seal } = JSON.parse(await readFile(fileOf(key), "utf8")) as Sealed;
        return seal === (await sealOf(key, stored)) && isUsable(stored as T) ? (stored as T) : null;
      } catch {
        return null;
      }
    },
    async write(key, stored) {
      try {
        await writeOutput(fileOf(key), JSON.stringify({ stored, seal: await sealOf(key, stored) } satisfies Sealed));
        await removeOldest(folder(), mostFiles);
      } catch {
        // The result itself is not affected.
      }
    },
  };
}

/** Of everything that a result depends on. */
export function keyOf(parts: object): Promise<string> {
  return sha256(new TextEncoder().encode(JSON.stringify(parts)));
}

function sealOf(key: string, stored: unknown): Promise<string> {
  return sha256(new TextEncoder().encode(`${key}\n${JSON.stringify(stored)}`));
}

async function removeOldest(folder: string, mostFiles: number): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= mostFiles) return;
  const dated = await Promise.all(
    names.map(async (name) => ({ name, changed: (await stat(join(folder, name))).mtimeMs })),
  );
  const oldest = dated.sort((a, b) => a.changed - b.changed).slice(0, names.length - mostFiles);
  for (const { name } of oldest) await rm(join(folder, name), { force: true });
}
