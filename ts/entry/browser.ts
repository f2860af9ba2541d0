import { providePlatform } from "../platform.ts";

providePlatform({ wasmBytes: () => new URL("./llif.wasm", import.meta.url) });

export * from "../index.ts";
