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
  const worker = new Worker(new URL("./worker-node.js", import.meta.url));
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    listen(onMessage, onDeath) {
      worker.on("message", onMessage);
      worker.on("error", onDeath);
      worker.on("exit", (code) => onDeath(new Error(`the worker ended with exit code ${code}`)));
    },
    terminate: () => void worker.terminate(),
  };
}

export * from "../index.ts";
