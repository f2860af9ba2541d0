// The thread that does a command's work; program.ts starts it, writes what it posts, and tells it when to stop.
import { parentPort, workerData } from "node:worker_threads";
import { main } from "./main.ts";

export interface ThreadData {
  /** What follows the program's name. */
  readonly words: readonly string[];
  /** Whether progress is seen by anyone. */
  readonly terminal: boolean;
}

/** `done` carries the exit code, the others a text. */
export interface FromThread {
  readonly kind: "out" | "err" | "progress" | "done";
  readonly text: string;
  readonly code: number;
}

const { words, terminal } = workerData as ThreadData;
const post = (kind: FromThread["kind"], text: string, code = 0): void =>
  parentPort?.postMessage({ kind, text, code } satisfies FromThread);
const abort = new AbortController();
parentPort?.once("message", () => abort.abort());
// A command that waits for what never comes ends, rather than to hang.
parentPort?.unref();

const code = await main(words, {
  signal: abort.signal,
  out: (text) => post("out", text.endsWith("\n") ? text : `${text}\n`),
  err: (text) => post("err", text),
  progress: (text) => {
    if (terminal) post("progress", text);
  },
});
post("done", "", code);
