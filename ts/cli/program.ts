#!/usr/bin/env node
// The program `llif`: a worker thread does the work, so that this thread can react to Ctrl-C at any time and print the
// output.
import { getHeapStatistics } from "node:v8";
import { Worker } from "node:worker_threads";
import type { FromThread, ThreadData } from "./thread.ts";

/** Time that a cancelled command has to clean up. */
const graceMilliseconds = 1000;
const cancelledCode = 130;
/** Exit code of a program ended by SIGPIPE, as shells report it. */
const closedPipeCode = 141;

const terminal = process.stderr.isTTY === true;
let shown = false;
let interrupted = false;
let ended = false;

function clear(): void {
  if (shown) process.stderr.write("\r\x1b[K");
  shown = false;
}

function say(text: string): void {
  clear();
  process.stderr.write(`${text}\n`);
}

function end(code: number): never {
  ended = true;
  clear();
  return process.exit(code);
}

function cancel(): never {
  say("llif: cancelled");
  return end(cancelledCode);
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader has closed the pipe.
  if (error.code === "EPIPE") end(closedPipeCode);
  say(`llif: standard output: cannot be written (${error.message})`);
  end(1);
});
// Nothing can be printed any more.
process.stderr.on("error", () => undefined);

const worker = new Worker(new URL("./cli-thread.js", import.meta.url), {
  workerData: { words: process.argv.slice(2), terminal } satisfies ThreadData,
  // A thread's default limit is lower than the program's.
  resourceLimits: { maxOldGenerationSizeMb: Math.floor(getHeapStatistics().heap_size_limit / 2 ** 20) },
});

process.on("SIGINT", () => {
  if (interrupted) cancel();
  interrupted = true;
  worker.postMessage("abort");
  setTimeout(cancel, graceMilliseconds);
});

worker.on("message", ({ kind, text, code }: FromThread) => {
  if (ended) return;
  if (kind === "out") {
    clear();
    process.stdout.write(text);
  } else if (kind === "err") {
    // Errors after a cancellation are not shown.
    if (!interrupted) say(text);
  } else if (kind === "progress") {
    clear();
    if (text === "") return;
    process.stderr.write(text.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1)));
    shown = true;
  } else {
    if (interrupted && code !== 0) cancel();
    finish(code);
  }
});
worker.on("error", (error: NodeJS.ErrnoException) => {
  if (ended) return;
  if (interrupted) cancel();
  say(
    error.code === "ERR_WORKER_OUT_OF_MEMORY"
      ? "llif: out of memory; NODE_OPTIONS=--max-old-space-size=<megabytes> allows more"
      : `llif: unexpected error, please report it: ${error.message}`,
  );
  finish(70);
});
worker.on("exit", () => {
  if (ended) return;
  say("llif: unexpected error, please report it: the command ended without a result");
  finish(70);
});

/** Ends the program when everything is written. */
function finish(code: number): void {
  ended = true;
  process.exitCode = code;
  process.removeAllListeners("SIGINT");
  void worker.terminate();
}
