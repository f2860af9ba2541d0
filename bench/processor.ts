// Keeps a single-threaded measurement on one processor (Linux), so that unequal processors do not distort ratios.
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { cpus } from "node:os";
import type { BenchCase, Contender } from "../ts/bench/case.ts";

// What one thread does is timed on one processor, ours and theirs: one of a machine's processors may be slower than another for
// minutes, and a thread that waits for another wakes on either. Only Linux can be told so; elsewhere nothing here has an effect.

/** Such as `0-3,6`. */
let every: string | undefined;
let held: string | undefined;

/** This thread, or a program; what runs in it is where its main thread is. */
type Running = { readonly pid: number };
const placed = new WeakMap<Running, 1 | "all">();

/** From now on this thread stays on one processor, and so do the threads and programs that it starts. */
export async function holdProcessor(): Promise<void> {
  if (held !== undefined || cpus().length === 1) return;
  every = /list: (\S+)/.exec(
    spawnSync("taskset", ["-c", "-p", String(process.pid)], { encoding: "utf8" }).stdout ?? "",
  )?.[1];
  // Not the first one: it serves most of the system's interrupts.
  held = /\d+$/.exec(every ?? "")?.[0];
  await place(process, 1);
}

/** What works in several threads or programs, or starts them, may use all processors. */
export async function onEveryProcessor<Value>(work: () => Value | Promise<Value>): Promise<Value> {
  await place(process, "all");
  try {
    return await work();
  } finally {
    await place(process, 1);
  }
}

/**
 * Contenders come to their processors by themselves, and stay there: threads that are moved between two runs wait for each other
 * in the second.
 */
export const heldCase = ({ open, ...rest }: BenchCase): BenchCase => ({
  ...rest,
  async open() {
    await place(process, 1);
    const opened = await open();
    return { ...opened, contenders: opened.contenders.map(placedFirst) };
  },
});

const placedFirst = <Outcome>(contender: Contender<Outcome>): Contender<Outcome> => ({
  ...contender,
  async time(repetitions) {
    await place(process, contender.processors ?? 1);
    return contender.time(repetitions);
  },
});

/** Where the work of so many threads runs from now on. */
export async function place(running: Running, threads: 1 | "all"): Promise<void> {
  if (every === undefined || held === undefined || placed.get(running) === threads) return;
  placed.set(running, threads);
  placer ??= startPlacer();
  await placer.say(`taskset -c -p ${threads === 1 ? held : every} ${running.pid} > /dev/null 2>&1; echo`);
}

interface Placer {
  say(line: string): Promise<void>;
  close(): void;
}

let placer: Placer | undefined;

/** A shell that lasts: each fork of this process would make every page that it writes next fault, in the midst of what is timed. */
function startPlacer(): Placer {
  const shell = spawn("sh", { stdio: ["pipe", "pipe", "ignore"] });
  const waiting: (() => void)[] = [];
  const settle = (count?: number): void => waiting.splice(0, count).forEach((resolve) => resolve());
  createInterface({ input: shell.stdout }).on("line", () => settle(1));
  shell.on("close", () => settle()).on("error", () => settle());
  shell.stdin.on("error", () => settle());
  return {
    say: (line) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        shell.stdin.write(`${line}\n`);
      }),
    close: () => shell.stdin.end(),
  };
}

/** Nothing is placed any more. */
export function releaseProcessor(): void {
  placer?.close();
  placer = held = undefined;
}
