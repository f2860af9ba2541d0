import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import type { Contender } from "../ts/bench/case.ts";

// What one thread does is timed on one processor, ours and theirs: one of a machine's processors may be slower than another for
// minutes, and a thread that waits for another wakes on either. Only Linux can be told so; elsewhere nothing here has an effect.

/** Such as `0-3,6`. */
let every: string | undefined;
let held: string | undefined;

/** This thread, or a program; what runs in it is where its main thread is. */
type Running = { readonly pid: number };
const placed = new WeakMap<Running, 1 | "all">();

/** From now on this thread stays on one processor, and so do the threads and programs that it starts. */
export function holdProcessor(): void {
  if (held !== undefined || cpus().length === 1) return;
  every = /list: (\S+)/.exec(taskset([String(process.pid)]) ?? "")?.[1];
  // Not the first one: it serves most of the system's interrupts.
  held = /\d+$/.exec(every ?? "")?.[0];
  place(process, 1);
}

/** What works in several threads or programs, or starts them, may use all processors. */
export async function onEveryProcessor<Value>(work: () => Value | Promise<Value>): Promise<Value> {
  place(process, "all");
  try {
    return await work();
  } finally {
    place(process, 1);
  }
}

/** A contender of several threads, timed on all processors. */
export const unheld = <Outcome>(contender: Contender<Outcome>): Contender<Outcome> => ({ ...contender, time: (repetitions) => onEveryProcessor(() => contender.time(repetitions)) });

/** Where the work of so many threads runs from now on. */
export function place(running: Running, threads: 1 | "all"): void {
  if (every === undefined || held === undefined || placed.get(running) === threads) return;
  taskset([threads === 1 ? held : every, String(running.pid)]);
  placed.set(running, threads);
}

function taskset(words: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync("taskset", ["-c", "-p", ...words], { encoding: "utf8" });
  return status === 0 ? stdout : undefined;
}
