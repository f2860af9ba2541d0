// Loads the WebAssembly core: compiles it once per source and makes instances.
import { createGlue, type Glue } from "../../crates/wasm/pkg/glue.js";
import { LlifError } from "../errors.ts";
import { currentPlatform, type WasmSource } from "../platform.ts";
import { moduleOf, reasonOf } from "./wasm-source.ts";

export type { Glue, WasmSource };

/** (module (func (result v128) i32.const 0 i8x16.splat)) */
const simdProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11,
]);

/**
 * Whether this runtime supports WebAssembly with 128-bit SIMD. A Content-Security-Policy may still forbid it; `auto`
 * then uses the reference engine.
 */
export function supportsSimd(): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(simdProbe);
}

/**
 * Whether WebAssembly may be compiled and started: not under a policy without `wasm-unsafe-eval`, and not on some
 * hosts.
 */
export async function allowsWasm(): Promise<boolean> {
  try {
    await WebAssembly.instantiate(await WebAssembly.compile(simdProbe));
    return true;
  } catch {
    return false;
  }
}

const compiled = new WeakMap<object, Promise<WebAssembly.Module>>();
const compiledByPlace = new Map<string, Promise<WebAssembly.Module>>();
let compiledDefault: Promise<WebAssembly.Module> | undefined;

/**
 * A new instance of the core with its own memory, behind the generated glue: the classes and functions of
 * crates/wasm/src/lib.rs under their JavaScript names. The memory is freed when nothing refers to the instance and its
 * objects. The module is compiled once per source, also with concurrent starts; a failed start can be repeated.
 * @param source where the module comes from; default: the package entry's.
 * @throws {LlifError} `ENGINE` without SIMD, or if the module cannot be fetched, compiled or started; `ARGUMENT` for an
 * invalid source.
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
 * Fetches and compiles the core before it is needed, for example while the user of a page chooses a file. Simulators
 * with the same source then start at once. The module can be posted to workers and passed to `wasmEngine({ wasm })`
 * there.
 * @throws {LlifError} `ENGINE` without SIMD, or if the module cannot be fetched or compiled; `ARGUMENT` for an invalid
 * source.
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
    const forbidden = (await allowsWasm())
      ? ""
      : "; WebAssembly is forbidden here: a Content-Security-Policy needs 'wasm-unsafe-eval' in script-src";
    throw new LlifError("ENGINE", `the WebAssembly core did not start: ${reasonOf(cause)}${forbidden}`, { cause });
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
  if (typeof source === "string") return once(compiledByPlace, source);
  if (typeof source === "object" && source !== null) return once(compiled, source);
  return moduleOf(source);
}

interface Known<Source> {
  get(source: Source): Promise<WebAssembly.Module> | undefined;
  set(source: Source, module: Promise<WebAssembly.Module>): unknown;
  delete(source: Source): boolean;
}

function once<Source>(known: Known<Source>, source: Source): Promise<WebAssembly.Module> {
  const before = known.get(source);
  if (before !== undefined) return before;
  const started = moduleOf(source).catch((cause: unknown) => {
    known.delete(source);
    throw cause;
  });
  known.set(source, started);
  return started;
}
