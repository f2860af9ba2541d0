// The platform interface: how the library reaches wasm bytes, files and workers without naming Node or the browser.
import { LlifError } from "./errors.ts";

/** The module, its bytes, or their place. A string is a URL, relative to the page; in Node it may also be a path. */
export type WasmSource = WasmContent | PromiseLike<WasmContent>;
type WasmContent = string | URL | Response | Blob | ArrayBufferLike | ArrayBufferView | WebAssembly.Module;

/** The functions that differ between Node, a page and a single-file bundle; a file in ts/entry provides them. */
export interface Platform {
  wasmBytes(): WasmSource | Promise<WasmSource>;
  /** Starts a worker that runs ts/parallel/serve.ts; absent if the platform has no workers. */
  spawnWorker?(): WorkerHandle;
  /** Number of threads that can run at once. */
  parallelism?(): number;
  /**
   * Reads a local file by path or `file:` URL; absent if there is no file system.
   * @param model the model that names the file: then it must be a regular file inside the model's folder, after
   * following links.
   */
  readFile?(path: string | URL, model?: string | URL): Promise<Uint8Array<ArrayBuffer>>;
}

/** A worker, the same on every platform. */
export interface WorkerHandle {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /**
   * Called once, before anything is posted. `onDeath` is called if the worker ends by itself or fails outside a
   * message.
   */
  listen(onMessage: (message: unknown) => void, onDeath: (cause: unknown) => void): void;
  terminate(): void;
  /** Sets whether the process waits for the worker; absent on platforms where this makes no difference. */
  stayAlive?(stay: boolean): void;
}

let provided: Platform | undefined;

/** Called once, by the entry, when it loads. */
export function providePlatform(platform: Platform): void {
  provided = platform;
}

export function currentPlatform(): Platform {
  if (provided === undefined) {
    throw new LlifError("ENGINE", 'no platform: import "llif" or "llif/inline", not a module inside the package');
  }
  return provided;
}
