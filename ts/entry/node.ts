import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { providePlatform, type WorkerHandle } from "../platform.ts";

providePlatform({
  wasmBytes: () => new URL("./llif.wasm", import.meta.url),
  readFile: async (path) => new Uint8Array(await readFile(path)),
  spawnWorker,
  parallelism: availableParallelism,
});

function spawnWorker(): WorkerHandle {
  // None of the process's own flags: `--input-type` allows no file, and what `--import` loads is not for this thread.
  const worker = new Worker(new URL("./worker-node.js", import.meta.url), { execArgv: [] });
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    listen(onMessage, onDeath) {
      worker.on("message", onMessage);
      worker.on("messageerror", onDeath);
      worker.on("error", onDeath);
      worker.on("exit", (code) => onDeath(new Error(`the worker ended with exit code ${code}`)));
    },
    terminate: () => void worker.terminate(),
    stayAlive: (stay) => (stay ? worker.ref() : worker.unref()),
  };
}

export * from "../index.ts";
