export { DisposedError, LlifError, type LlifErrorCode } from "./errors.ts";
export { preloadCore, supportsSimd, type WasmSource } from "./engine/load.ts";
export { referenceEngine } from "./engine/reference.ts";
export type { BatchOptions, Engine, RecordOptions, Result, RunInput, RunOptions, Simulator, SimulatorOptions, SpikeTrain, Statistics } from "./engine/engine.ts";
