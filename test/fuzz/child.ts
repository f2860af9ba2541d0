// The process that reads damaged files, one after the other; the parent ends it where one takes too long.
import { Budget } from "../../ts/budget.ts";
import { LlifError } from "../../ts/errors.ts";
import { formats, WronglyAccepted } from "./formats.ts";
import { Random } from "./random.ts";

export interface Job {
  readonly format: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

/** What a message to the parent says: that an input is begun, or how it went. */
export type Message =
  | { readonly kind: "begun"; readonly index: number }
  | {
      readonly kind: "done";
      readonly index: number;
      readonly outcome: Outcome;
      readonly detail: string;
      readonly size: number;
    };

export type Outcome = "accepted" | "refused" | "wrongly accepted" | "untyped error" | "slow" | "memory";

/** Processor time, since the machine may be busy with something else. */
const mostSeconds = 2;
/** Beyond the budget of reading: as much again for the file, and what a process takes anyhow. */
const memoryPerByte = 10;
const spareMemory = 64 * 2 ** 20;

const seedFiles = new Map<string, readonly Uint8Array[]>();

/** The input of a format, a seed and an index: the same in every run. */
export async function inputOf({
  format,
  seed,
  index,
}: {
  readonly format: string;
  readonly seed: number;
  readonly index: number;
}): Promise<Uint8Array> {
  const { seeds, mutate } = formats[format];
  const files = seedFiles.get(format) ?? (await seeds());
  seedFiles.set(format, files);
  if (files.length === 0) throw new Error(`no seeds of ${format}: run this in the root of the checkout`);
  const random = new Random(format, seed, index);
  const file = random.pick(files);
  return new Uint8Array(mutate(random, new Uint8Array(file), new Uint8Array(random.pick(files))));
}

export async function work({ format, seed, from, to }: Job, post: (message: Message) => void): Promise<void> {
  for (let index = from; index < to; index++) {
    const bytes = await inputOf({ format, seed, index });
    post({ kind: "begun", index });
    const before = takenMemory();
    const start = process.cpuUsage();
    let { outcome, detail } = await outcomeOf(format, bytes);
    const { user, system } = process.cpuUsage(start);
    const seconds = (user + system) / 1e6;
    const grown = peakMemory() - before;
    if (outcome === "accepted" || outcome === "refused") {
      if (seconds > mostSeconds) [outcome, detail] = ["slow", `${seconds.toFixed(1)} s: ${outcome} ${detail}`];
      else if (grown > allowedMemory(bytes.length))
        [outcome, detail] = ["memory", `${Math.round(grown / 2 ** 20)} MB: ${outcome} ${detail}`];
    }
    post({ kind: "done", index, outcome, detail, size: bytes.length });
  }
}

async function outcomeOf(format: string, bytes: Uint8Array): Promise<{ outcome: Outcome; detail: string }> {
  try {
    await formats[format].read(bytes);
    return { outcome: "accepted", detail: "" };
  } catch (error) {
    if (error instanceof LlifError) return { outcome: "refused", detail: error.code };
    if (error instanceof WronglyAccepted) return { outcome: "wrongly accepted", detail: error.message };
    return { outcome: "untyped error", detail: signature(error) };
  } finally {
    // biome-ignore lint/correctness/noUnsafeFinally: it counts more than whatever was seen before.
    for (const key of Object.keys(Object.prototype)) throw new Error(`Object.prototype has "${key}"`);
  }
}

/** The message without its figures and names, and where it was raised: equal for equal faults. */
function signature(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const frame = error.stack?.split("\n").find((line) => /^\s+at /.test(line) && !/node:/.test(line)) ?? "";
  return `${error.name}: ${error.message
    .replaceAll(/\d+(\.\d+)?/g, "#")
    .replaceAll(/"[^"]*"/g, '"…"')
    .slice(0, 120)} ${frame.trim().replace(/\(.*[/\\]([^/\\)]*)\)/, "($1)")}`;
}

function allowedMemory(fileBytes: number): number {
  const budget = new Budget({}).addFile(fileBytes);
  return memoryPerByte * fileBytes + spareMemory + budget.limit("bytes") + 4 * budget.limit("elements");
}

/** Resident now, after what no one uses any more has been given back. */
function takenMemory(): number {
  if (process.memoryUsage.rss() > 400 * 2 ** 20) (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage.rss();
}

/** The highest ever; it counts for an input only where it grows during it. */
let highest = 0;
function peakMemory(): number {
  const peak = process.resourceUsage().maxRSS * 1024;
  const grew = peak > highest;
  highest = peak;
  return grew ? peak : 0;
}
