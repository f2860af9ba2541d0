import { access, constants, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { LlifError } from "../errors.ts";
import { oneLine, readable } from "./text.ts";

/** Where a command reads its cancellation from and writes to; tests hand in their own. */
export interface Io {
  /** Results, and nothing else. */
  out(text: string): void;
  /** Warnings and messages. */
  err(text: string): void;
  /** One line that the next one overwrites; silent unless stderr is a terminal. An empty text clears it. */
  progress(text: string): void;
  readonly signal: AbortSignal;
}

/** Names and values come from files: what would steer a terminal is shown as `\u001b`, in JSON an escape too. */
export function readableIo(io: Io): Io {
  return {
    signal: io.signal,
    out: (text) => io.out(readable(text)),
    err: (text) => io.err(readable(text)),
    progress: (text) => io.progress(readable(oneLine(text))),
  };
}

/** @throws {LlifError} FILE in one line that names the file. */
export async function readInput(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new LlifError("FILE", `"${path}": ${reasonOf(cause, "read")}`, { cause });
  }
}

/**
 * Says before a long command what `writeOutput` would say after it; writes nothing.
 * @throws {LlifError} FILE for a path that is a folder, or that lies in none.
 */
export async function checkOutputs(...paths: readonly (string | undefined)[]): Promise<void> {
  for (const path of paths) {
    if (path === undefined) continue;
    if (await isFolder(path)) throw new LlifError("FILE", `"${path}": expected a file, got a folder`);
    let folder = dirname(resolve(path));
    while (!(await exists(folder)) && dirname(folder) !== folder) folder = dirname(folder);
    if (!(await isFolder(folder))) throw new LlifError("FILE", `"${path}": expected a file in a folder, but "${folder}" is none`);
    await access(folder, constants.W_OK).catch((cause: unknown) => {
      throw new LlifError("FILE", `"${path}": ${reasonOf(cause, "written")}`, { cause });
    });
  }
}

/**
 * Writes beside the target and renames, so that a cancelled or failed command leaves no half-written file.
 * @throws {LlifError} FILE
 */
export async function writeOutput(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(resolve(path)), { recursive: true });
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new LlifError("FILE", `"${path}": ${reasonOf(cause, "written")}`, { cause });
  }
}

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

function reasonOf(cause: unknown, action: string): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT") return "no such file or folder";
  if (code === "EISDIR") return "expected a file, got a folder";
  if (code === "EACCES" || code === "EPERM") return `permission denied: it cannot be ${action}`;
  return `cannot be ${action} (${message})`;
}
