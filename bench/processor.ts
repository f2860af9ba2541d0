// Keeps a single-threaded measurement on one processor (Linux), so that unequal processors do not distort ratios.
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { cpus } from "node:os";
import type { BenchCase, Contender } from "../ts/timing/case.ts";

// A processor may be slower than another for minutes, and a thread may wake on either. Only Linux lets a program
// choose; elsewhere nothing here has an effect.

/** All processors, as `0-3,6`. */
let every: string | undefined;
let single: string | undefined;

/** This process or a child process. */
type Running = { readonly pid: number };
const placed = new WeakMap<Running, 1 | "all">();

/** Keeps this process, and the threads and programs it starts, on one processor from now on. */
export async function holdProcessor(): Promise<void> {
  if (single !== undefined || cpus().length === 1) return;
  every = /list: (\S+)/.exec(
    spawnSync("taskset", ["-c", "-p", String(process.pid)], { encoding: "utf8" }).stdout ?? "",
  )?.[1];
  // Not the first processor: it serves most of the system's interrupts.
  single = /\d+$/.exec(every ?? "")?.[0];
  await place(process, 1);
}

/** Runs work that has, or starts, more than one thread or program; it may use all processors. */
export async function onEveryProcessor<Value>(work: () => Value | Promise<Value>): Promise<Value> {
  await place(process, "all");
  try {
    return await work();
  } finally {
    await place(process, 1);
  }
}

/**
 * Moves each contender to its processors before its own warm-up: threads that move between two runs wait for each other
 * in the second run.
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

/** Moves a process to one processor or to all, by the number of its threads. */
export async function place(running: Running, threads: 1 | "all"): Promise<void> {
  if (every === undefined || single === undefined || placed.get(running) === threads) return;
  placed.set(running, threads);
  placer ??= startPlacer();
  await placer.say(`taskset -c -p ${threads === 1 ? single : every} ${running.pid} > /dev/null 2>&1; echo`);
}

interface Placer {
  say(line: string): Promise<void>;
  close(): void;
}

let placer: Placer | undefined;

/** One shell for all calls: forking this process would cause page faults during the measurement. */
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

/** Ends the shell; no process is moved any more. */
export function releaseProcessor(): void {
  placer?.close();
  placer = single = undefined;
}
