// Vitest set-up: the Node platform, and properties that repeat.
import fc from "fast-check";
import { readFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { providePlatform } from "../ts/platform.ts";

// As ts/entry/node.ts does, without loading the whole package into each test file.
const wasm = new URL("../ts/entry/llif.wasm", import.meta.url);
// A thread runs no TypeScript, so that workers are those of the package that set-up has built.
const worker = new URL("../dist/worker-node.js", import.meta.url);
providePlatform({
  wasmBytes: () => wasm,
  readFile: async (path) => new Uint8Array(await readFile(path)),
  spawnWorker: () => {
    const thread = new Worker(worker, { execArgv: [] });
    return {
      post: (message, transfer = []) => thread.postMessage(message, [...transfer]),
      listen(onMessage, onDeath) {
        thread.on("message", onMessage);
        thread.on("messageerror", onDeath);
        thread.on("error", onDeath);
        thread.on("exit", (code) => onDeath(new Error(`the worker ended with exit code ${code}`)));
      },
      terminate: () => void thread.terminate(),
      stayAlive: (stay) => (stay ? thread.ref() : thread.unref()),
    };
  },
  parallelism: () => 2,
});

// A green run can be repeated: LLIF_SEED draws other cases.
fc.configureGlobal({ seed: Number(process.env["LLIF_SEED"] ?? 1) });
