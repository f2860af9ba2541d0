// Platform of a page: wasm by URL, web workers. Importing this file selects it.
import { providePlatform, type WorkerHandle } from "../platform.ts";

providePlatform({
  wasmBytes: () => new URL("./llif.wasm", import.meta.url),
  ...(typeof Worker === "function" ? { spawnWorker } : {}),
  parallelism: () => navigator.hardwareConcurrency,
});

function spawnWorker(): WorkerHandle {
  // Bundlers recognise only this form.
  const worker = new Worker(new URL("./worker-browser.js", import.meta.url), { type: "module" });
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    listen(onMessage, onDeath) {
      worker.addEventListener("message", ({ data }) => onMessage(data));
      worker.addEventListener("error", (event) => onDeath(new Error(event.message || "the worker failed")));
      worker.addEventListener("messageerror", () => onDeath(new Error("a message could not be read")));
    },
    terminate: () => worker.terminate(),
  };
}

export * from "../index.ts";
