// Platform of Node: wasm and models from files, worker threads.
import { readFile, realpath, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { providePlatform, type WorkerHandle } from "../platform.ts";

providePlatform({
  wasmBytes: () => new URL("./llif.wasm", import.meta.url),
  readFile: async (path, model) =>
    new Uint8Array(await readFile(model === undefined ? path : await insideFolder(pathOf(path), pathOf(model)))),
  spawnWorker,
  parallelism: availableParallelism,
});

function pathOf(location: string | URL): string {
  return typeof location === "string" ? location : fileURLToPath(location);
}

/**
 * The real path of a file beside a model. The model may be a link, as in a download cache; then the folder of its
 * target is allowed too.
 */
async function insideFolder(path: string, model: string): Promise<string> {
  const [file, folder, linked] = await Promise.all([
    realpath(path),
    realpath(dirname(resolve(model))),
    realpath(model).then(dirname),
  ]);
  if (![folder, linked].some((one) => file.startsWith(one.endsWith(sep) ? one : one + sep)))
    throw new Error(`a link leads out of the model's folder, to ${file}`);
  if (!(await stat(file)).isFile()) throw new Error("not a regular file");
  return file;
}

function spawnWorker(): WorkerHandle {
  // No flags of the process: `--input-type` allows no file, and `--import` is not meant for this thread.
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
