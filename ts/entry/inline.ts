// Platform of a single-file bundle: the wasm bytes are inside the script.
import { wasmBase64 } from "../../crates/wasm/pkg/bytes.js";
import { providePlatform } from "../platform.ts";

providePlatform({ wasmBytes: () => Uint8Array.from(atob(wasmBase64), (character) => character.charCodeAt(0)) });

export * from "../index.ts";
