import { createGlue, type Glue } from "../../crates/wasm/pkg/glue.js";
import { LlifError } from "../errors.ts";
import { currentPlatform, type WasmSource } from "../platform.ts";

export type { Glue, WasmSource };

/** (module (func (result v128) i32.const 0 i8x16.splat)) */
const simdProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11,
]);

/** Whether this runtime has WebAssembly with 128-bit SIMD. */
export function supportsSimd(): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(simdProbe);
}

const compiled = new WeakMap<object, Promise<WebAssembly.Module>>();
let compiledDefault: Promise<WebAssembly.Module> | undefined;

/**
 * A new instance of the core with a memory of its own, behind the generated glue: the classes and functions of
 * crates/wasm/src/lib.rs, under their JavaScript names. Drop every reference to it and its objects to give the memory back.
 * The module is compiled once for each source, also when starts are concurrent; a start that failed can be tried again.
 * @param source where the module comes from; by default what the package's entry provides.
 * @throws {LlifError} `ENGINE` without SIMD, or if the module cannot be fetched, compiled or started.
 */
export async function loadGlue(source?: WasmSource): Promise<Glue> {
  const module = await preloadCore(source);
  return explained(async () => {
    const glue = createGlue();
    await glue({ module_or_path: module });
    return glue;
  });
}

/**
 * Fetches and compiles the core before it is needed, say while the user of a page chooses a file. Simulators of the same
 * source then start at once. The module can be posted to workers and handed to `wasmEngine({ wasm })` there.
 * @throws {LlifError} `ENGINE` without SIMD, or if the module cannot be fetched or compiled.
 */
export async function preloadCore(source?: WasmSource): Promise<WebAssembly.Module> {
  if (!supportsSimd()) throw new LlifError("ENGINE", "this runtime lacks WebAssembly with 128-bit SIMD");
  return explained(() => (source === undefined ? compileDefault() : compileOnce(source)));
}

async function explained<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (cause) {
    if (cause instanceof LlifError) throw cause;
    throw new LlifError("ENGINE", `the WebAssembly core did not start: ${reasonOf(cause)}`, { cause });
  }
}

function compileDefault(): Promise<WebAssembly.Module> {
  compiledDefault ??= Promise.resolve(currentPlatform().wasmBytes())
    .then(compileOnce)
    .catch((cause: unknown) => {
      compiledDefault = undefined;
      throw cause;
    });
  return compiledDefault;
}

function compileOnce(source: WasmSource): Promise<WebAssembly.Module> {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  const started = compile(source).catch((cause: unknown) => {
    compiled.delete(source);
    throw cause;
  });
  compiled.set(source, started);
  return started;
}

async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof URL) return compile(await fetchUrl(source));
  // Not compileStreaming: many servers send no `application/wasm`, and the module is small.
  if (typeof Response === "function" && source instanceof Response) return WebAssembly.compile(await readResponse(source));
  return WebAssembly.compile(source as BufferSource);
}

async function fetchUrl(url: URL): Promise<Response | Uint8Array<ArrayBuffer>> {
  const readFile = url.protocol === "file:" ? currentPlatform().readFile : undefined;
  return readFile === undefined ? fetch(url) : readFile(url);
}

async function readResponse(response: Response): Promise<ArrayBuffer> {
  if (!response.ok) throw new LlifError("ENGINE", `${response.url}: expected the WebAssembly core, got HTTP status ${response.status}`);
  return response.arrayBuffer();
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
