// Writes the output files of commands: completely or not at all, through links and into devices, never over an input.
import { randomBytes } from "node:crypto";
import { constants, openSync } from "node:fs";
import { access, lstat, mkdir, readlink, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { Socket } from "node:net";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { LlifError, throwIfAborted } from "../errors.ts";
import { descriptionPathOf } from "./description-path.ts";
import { exists, fileError, isFolder, kindOf } from "./io.ts";

/** More links in a row than operating systems follow. */
const mostLinks = 40;
const pollMilliseconds = 50;

/**
 * Finds errors of `writeOutput` before a long command starts; writes nothing.
 * @param outputs files to write; undefined for options that were not given.
 * @param inputs files that the command reads.
 * @param models those of them, read or written, that are models.
 * @throws {LlifError} FILE for a path that is a folder, or whose folder does not exist; ARGUMENT for a path that the
 * command also reads or writes, or that would be read as the description of a model.
 */
export async function checkOutputs(
  outputs: readonly (string | undefined)[],
  inputs: readonly (string | undefined)[] = [],
  models: readonly (string | undefined)[] = [],
): Promise<void> {
  const wanted = outputs.filter((path) => path !== undefined);
  for (const path of wanted) {
    if (await isFolder(path)) throw new LlifError("FILE", `"${path}": expected a file, got a folder`);
    let folder = dirname(await targetOf(path));
    while (!(await exists(folder)) && dirname(folder) !== folder) folder = dirname(folder);
    if (!(await isFolder(folder)))
      throw new LlifError("FILE", `"${path}": expected a file in a folder, but "${folder}" is none`);
    if (await isSpecial(path)) continue;
    await access(folder, constants.W_OK).catch((cause: unknown) => {
      throw fileError(path, cause, "written");
    });
  }
  await refuseSame(wanted, inputs);
  await refuseDescriptions(wanted, models);
}

async function refuseDescriptions(outputs: readonly string[], models: readonly (string | undefined)[]): Promise<void> {
  const taken = new Map<string, string>();
  for (const model of models) if (model !== undefined) taken.set(await identityOf(descriptionPathOf(model)), model);
  for (const path of outputs) {
    const model = (await isSpecial(path)) ? undefined : taken.get(await identityOf(path));
    if (model !== undefined)
      throw new LlifError(
        "ARGUMENT",
        `"${path}": expected another name, since it would be read as the description of "${model}"`,
      );
  }
}

/** @throws {LlifError} ARGUMENT if an output is an input or another output. */
async function refuseSame(outputs: readonly string[], inputs: readonly (string | undefined)[]): Promise<void> {
  const taken = new Map<string, string>();
  for (const path of inputs) {
    if (path !== undefined && (await exists(path)) && !(await isFolder(path)))
      taken.set(await identityOf(path), `"${path}" is read by the same command`);
  }
  for (const path of outputs) {
    if (await isSpecial(path)) continue;
    const identity = await identityOf(path);
    const reason = taken.get(identity);
    if (reason !== undefined)
      throw new LlifError("ARGUMENT", `"${path}": expected another file to write, since ${reason}`);
    taken.set(identity, `"${path}" is written by the same command`);
  }
}

/** Equal for two paths of one file, also through symbolic or hard links. */
async function identityOf(path: string): Promise<string> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  if (stats !== undefined) return `${stats.dev} ${stats.ino}`;
  const target = await targetOf(path);
  return join(await realpath(dirname(target)).catch(() => dirname(target)), basename(target));
}

/** Whether the path is a device, a pipe or a socket, which a file must not replace. */
async function isSpecial(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && !stats.isFile() && !stats.isDirectory();
}

/** The end of the links that start at `path`, even if nothing exists there yet. */
async function targetOf(path: string): Promise<string> {
  let target = resolve(path);
  for (let links = 0; links < mostLinks; links++) {
    const stats = await lstat(target).catch(() => undefined);
    if (stats?.isSymbolicLink() !== true) return target;
    // In a linked folder, ".." is the parent of the real folder.
    target = resolve(await realpath(dirname(target)), await readlink(target));
  }
  throw new LlifError("FILE", `"${path}": expected a file, got a link that leads back to itself`);
}

/**
 * Writes a file beside the target and renames it, so that a cancelled or failed command leaves no half-written file. A
 * link stays a link; a device or a pipe is written in place.
 * @throws {LlifError} FILE, ABORTED.
 */
export async function writeOutput(path: string, content: string | Uint8Array, signal?: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  const stats = await stat(path).catch(() => undefined);
  if (stats !== undefined && !stats.isFile() && !stats.isDirectory())
    return writeInPlace(path, content, kindOf(stats), signal);
  const target = await targetOf(path);
  const temporary = `${target}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
  try {
    await mkdir(dirname(target), { recursive: true });
    await writeFile(temporary, content, {
      flag: "wx",
      signal,
      ...(stats === undefined ? {} : { mode: stats.mode & 0o777 }),
    });
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throwIfAborted(signal);
    throw fileError(path, cause, "written");
  }
}

async function writeInPlace(
  path: string,
  content: string | Uint8Array,
  kind: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (kind === "socket") throw new LlifError("FILE", `"${path}": expected a file, got a socket`);
  try {
    if (kind !== "FIFO") return await writeFile(path, content, { flag: constants.O_WRONLY, signal });
    const fd = await openPipe(path, signal);
    await new Promise<void>((done, failed) => {
      const pipe = new Socket({ fd, readable: false, writable: true }).on("error", failed).on("close", () => done());
      pipe.end(content);
    });
  } catch (cause) {
    throwIfAborted(signal);
    throw fileError(path, cause, "written");
  }
}

/** Waits for a reader without a thread, which would keep a cancelled program from ending. */
async function openPipe(path: string, signal: AbortSignal | undefined): Promise<number> {
  for (;;) {
    throwIfAborted(signal);
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENXIO") throw cause;
    }
    await wait(pollMilliseconds);
  }
}
