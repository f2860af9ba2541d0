// Keeps downloaded files in a cache folder and checks them by SHA-256 each time they are read.
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LlifError, throwIfAborted } from "../errors.ts";

export interface PinnedFile {
  readonly name: string;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Fetches files into memory. `folder` is an empty folder for it alone, which is removed afterwards. */
export type Obtain = (folder: string) => Promise<ReadonlyMap<string, Uint8Array>>;

export interface AcquireOptions {
  /** Name of what is fetched, for messages. */
  readonly place: string;
  readonly obtain: Obtain;
  /** Further files that are stored if `obtain` returns them, so that they need not be fetched again. */
  readonly alsoKeep?: readonly PinnedFile[];
  readonly signal?: AbortSignal;
}

/** Work folders are inside the cache folder, so that renaming a file out of them is atomic. */
const workFolderName = ".unfinished";
const staleMilliseconds = 24 * 3600 * 1000;

/**
 * Reads `files` from `folder` in order, and fetches them first if one is missing or damaged. A file gets its name only
 * once it is complete and verified; processes that fetch at the same time replace each other's equal files.
 * @throws {LlifError} `DATA` if a fetched file fails its checksum, `FILE` if the cache cannot be written, `ABORTED`.
 */
export async function acquireFiles(
  folder: string,
  files: readonly PinnedFile[],
  options: AcquireOptions,
): Promise<Uint8Array[]> {
  throwIfAborted(options.signal);
  const cached = await Promise.all(files.map((file) => readVerified(folder, file)));
  if (cached.every((bytes) => bytes !== undefined)) return cached;
  const work = makeWorkFolder(folder);
  const release = removeAtExit(work);
  try {
    await removeStale(join(folder, workFolderName));
    const obtained = await options.obtain(work);
    throwIfAborted(options.signal);
    const kept = [...files, ...(options.alsoKeep ?? []).filter((file) => obtained.has(file.name))];
    const contents = kept.map((file) => verify(obtained.get(file.name), file, options.place));
    for (const [index, { name }] of kept.entries()) {
      const unfinished = join(work, `verified-${index}`);
      await writeFile(unfinished, contents[index], { signal: options.signal });
      throwIfAborted(options.signal);
      await rename(unfinished, join(folder, name));
    }
    return contents.slice(0, files.length);
  } catch (cause) {
    throwIfAborted(options.signal);
    if (cause instanceof LlifError) throw cause;
    throw new LlifError("FILE", `${options.place}: cannot be stored in ${folder} (${reasonOf(cause)})`, { cause });
  } finally {
    release();
    await rm(work, { recursive: true, force: true });
  }
}

async function readVerified(folder: string, { name, sha256 }: PinnedFile): Promise<Uint8Array | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(join(folder, name));
  } catch {
    return undefined;
  }
  return hash(bytes) === sha256 ? bytes : undefined;
}

function verify(bytes: Uint8Array | undefined, { name, sha256 }: PinnedFile, place: string): Uint8Array {
  if (bytes === undefined) throw new LlifError("DATA", `${place}: "${name}" is missing from what was fetched`);
  const found = hash(bytes);
  if (found !== sha256)
    throw new LlifError("DATA", `${place}: "${name}" fails its checksum, expected SHA-256 ${sha256}, got ${found}`);
  return bytes;
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function makeWorkFolder(folder: string): string {
  const parent = join(folder, workFolderName);
  try {
    mkdirSync(parent, { recursive: true });
    return mkdtempSync(join(parent, "work-"));
  } catch (cause) {
    throw new LlifError(
      "FILE",
      `cache folder ${folder}: cannot be written (${reasonOf(cause)}); set LLIF_CACHE to another`,
      { cause },
    );
  }
}

/** Removes work folders that killed processes left more than a day ago. */
async function removeStale(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > staleMilliseconds) await rm(path, { recursive: true, force: true });
  }
}

/** Removes the folder if the process exits or is interrupted, until the returned function is called. */
function removeAtExit(work: string): () => void {
  const remove = (): void => rmSync(work, { recursive: true, force: true });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const onSignal = (signal: NodeJS.Signals): void => {
    remove();
    release();
    // If nobody else listens, the signal has its default effect; otherwise the other listener decides.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const release = (): void => {
    process.off("exit", remove);
    for (const signal of signals) process.off(signal, onSignal);
  };
  process.on("exit", remove);
  for (const signal of signals) process.on(signal, onSignal);
  return release;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
