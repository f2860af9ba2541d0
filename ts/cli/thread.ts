// The worker thread that runs a command; program.ts starts it, prints its output and tells it when to stop.
import { parentPort, workerData } from "node:worker_threads";
import { main } from "./main.ts";

export interface ThreadData {
  /** The arguments after the program's name. */
  readonly words: readonly string[];
  /** Whether progress is shown. */
  readonly terminal: boolean;
}

/** `done` has an exit code, the other kinds a text. */
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
// So that a command that waits for something that never happens ends instead of hanging.
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
