// The platform interface: how the library reaches wasm bytes, files and workers without naming Node or the browser.
import { LlifError } from "./errors.ts";

/** The module, its bytes, or where they are: a string is a URL, relative to the page, and in Node a file's path where it is no URL. */
export type WasmSource = WasmContent | PromiseLike<WasmContent>;
type WasmContent = string | URL | Response | Blob | ArrayBufferLike | ArrayBufferView | WebAssembly.Module;

/** What differs between Node, a page and a single-file bundle; an entry in ts/entry provides it. */
export interface Platform {
  wasmBytes(): WasmSource | Promise<WasmSource>;
  /** Starts a worker that serves ts/parallel/serve.ts; absent where there are none. */
  spawnWorker?(): WorkerHandle;
  /** How many threads may run side by side. */
  parallelism?(): number;
  /**
   * Bytes of a local file by path or `file:` URL; absent where there is no file system.
   * @param model of a file that a model names, the model: it must be a regular file that is, links followed, below the model's folder.
   */
  readFile?(path: string | URL, model?: string | URL): Promise<Uint8Array<ArrayBuffer>>;
}

/** A worker as the pool sees it, whatever the platform. */
export interface WorkerHandle {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Called once each, before anything is posted. `onDeath`: it ended by itself, or failed outside a message. */
  listen(onMessage: (message: unknown) => void, onDeath: (cause: unknown) => void): void;
  terminate(): void;
  /** Whether the process waits for it; absent where that is no question. */
  stayAlive?(stay: boolean): void;
}

let provided: Platform | undefined;

/** Called once, by an entry, as it loads. */
export function providePlatform(platform: Platform): void {
  provided = platform;
}

export function currentPlatform(): Platform {
  if (provided === undefined) {
    throw new LlifError("ENGINE", 'no platform: import "llif" or "llif/inline", not a module inside the package');
  }
  return provided;
}
