export { DisposedError, LlifError, type LlifErrorCode } from "./errors.ts";
export { preloadCore, supportsSimd, type WasmSource } from "./engine/load.ts";
