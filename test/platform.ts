import { readFile } from "node:fs/promises";
import { providePlatform } from "../ts/platform.ts";

// As ts/entry/node.ts does, without loading the whole package into each test file.
const wasm = new URL("../ts/entry/llif.wasm", import.meta.url);
providePlatform({ wasmBytes: () => wasm, readFile: async (path) => new Uint8Array(await readFile(path)) });
