import { readFile } from "node:fs/promises";
import { providePlatform } from "../platform.ts";

providePlatform({ wasmBytes: () => new URL("./llif.wasm", import.meta.url), readFile: async (path) => new Uint8Array(await readFile(path)) });

export * from "../index.ts";
