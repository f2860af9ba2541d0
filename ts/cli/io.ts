// How commands read files and print; outputs.ts writes files.
import { constants, openSync, type Stats } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { Socket } from "node:net";
import { LlifError } from "../errors.ts";
import { printable } from "../text.ts";
import { oneLine } from "./text.ts";

/** The outputs and the cancellation of a command; tests provide their own. */
export interface Io {
  /** Prints results only. */
  out(text: string): void;
  /** Prints warnings and messages. */
  err(text: string): void;
  /** Shows one line that the next one overwrites, only if stderr is a terminal. An empty text clears it. */
  progress(text: string): void;
  readonly signal: AbortSignal;
}

/**
 * Escapes control characters, which may come from files and would control the terminal: `\u001b`, valid in JSON too.
 */
export function printableIo(io: Io): Io {
  return {
    signal: io.signal,
    out: (text) => io.out(printable(text)),
    err: (text) => io.err(printable(text)),
    progress: (text) => io.progress(oneLine(text)),
  };
}

/** @throws {LlifError} FILE, one line that names the file; also for devices and sockets, which have no end. */
export async function readInput(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const stats = await stat(path).catch((cause: unknown) => {
    throw fileError(path, cause, "read");
  });
  if (!stats.isFile() && !stats.isFIFO() && !stats.isDirectory())
    throw new LlifError("FILE", `"${path}": expected a file, got a ${kindOf(stats)}`);
  try {
    return stats.isFIFO() ? await readPipe(path) : new Uint8Array(await readFile(path));
  } catch (cause) {
    throw fileError(path, cause, "read");
  }
}

/** `readFile` would wait in a thread for a writer, and a cancelled program could not end. */
async function readPipe(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const parts: Uint8Array[] = [];
  for await (const part of new Socket({ fd, readable: true, writable: false })) parts.push(part as Uint8Array);
  return new Uint8Array(Buffer.concat(parts));
}

/** "a FIFO", "a device", as in `expected a file, got a …`. */
export function kindOf(stats: Stats): string {
  return stats.isDirectory()
    ? "folder"
    : stats.isFIFO()
      ? "FIFO"
      : stats.isSocket()
        ? "socket"
        : stats.isFile()
          ? "file"
          : "device";
}

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** One line that names the file and says what is wrong with it. */
export function fileError(path: string, cause: unknown, action: "read" | "written"): LlifError {
  return cause instanceof LlifError ? cause : new LlifError("FILE", `"${path}": ${reasonOf(cause, action)}`, { cause });
}

function reasonOf(cause: unknown, action: string): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT") return "no such file or folder";
  if (code === "EISDIR") return "expected a file, got a folder";
  if (code === "EACCES" || code === "EPERM") return `permission denied: it cannot be ${action}`;
  return `cannot be ${action} (${message})`;
}
