// Opens published packages from which model and data files are taken, and checks them by checksum.
import { gunzipSync } from "node:zlib";
import { unzipSync } from "fflate";
import { LlifError } from "../errors.ts";
import { readTar } from "../data/tar.ts";
import type { LoadOptions } from "./data-cache.ts";
import { archiveOfNpmPackage, archiveOfPythonPackage } from "./data-sources.ts";
import { acquireFiles, type Obtain, type PinnedFile } from "./verified-files.ts";

/** A published package whose archive is kept in the cache, so that one checksum covers all its files. */
export interface PinnedArchive extends PinnedFile {
  readonly registry: "npm" | "PyPI";
  /** Name and version for the registry's client: `foolbox==3.3.4`. */
  readonly spec: string;
  /** For messages: `1.7 MB`. */
  readonly size: string;
}

/**
 * Files of a pinned archive by path, without npm's leading `package/`. Fetches the archive on first use; never runs its
 * code.
 * @param place what is opened, for messages.
 * @param wanted chooses files by path; others are not unpacked.
 * @throws {LlifError} `DATA` if it cannot be fetched or fails its checksum, `FORMAT`, `FILE`, `ABORTED`.
 */
export async function openArchive(
  folder: string,
  archive: PinnedArchive,
  place: string,
  wanted: (path: string) => boolean,
  options: LoadOptions,
): Promise<Map<string, Uint8Array>> {
  const origin = `the ${archive.registry} package ${archive.spec}, ${archive.size}`;
  const obtain: Obtain = async (work) => {
    options.onProgress?.(`fetching ${place} (${origin})`);
    try {
      const bytes = await (archive.registry === "npm" ? archiveOfNpmPackage : archiveOfPythonPackage)(
        archive.spec,
        work,
        options.signal,
      );
      return new Map([[archive.name, bytes]]);
    } catch (cause) {
      if (!(cause instanceof LlifError) || cause.code === "ABORTED") throw cause;
      throw new LlifError(
        cause.code,
        `${place}: cannot be fetched from ${origin}: ${cause.message}. Or put ${archive.name} into ${folder}`,
        { cause },
      );
    }
  };
  const [bytes] = await acquireFiles(folder, [archive], { place, obtain, signal: options.signal });
  options.onProgress?.(`reading ${place}`);
  return archive.registry === "npm"
    ? unpackTarball(bytes, place, wanted)
    : new Map(Object.entries(unzipSync(bytes, { filter: ({ name }) => wanted(name) })));
}

function unpackTarball(bytes: Uint8Array, place: string, wanted: (path: string) => boolean): Map<string, Uint8Array> {
  const files = [...readTar(gunzipSync(bytes), place)].map(
    ([path, content]) => [path.replace(/^[^/]+\//, ""), content] as const,
  );
  return new Map(files.filter(([path]) => wanted(path)));
}
