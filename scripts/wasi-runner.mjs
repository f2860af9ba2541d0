// Runs a test program that cargo built for wasm32-wasip1: `cargo test -p llif-core --release --target wasm32-wasip1` calls it.
import { readFile } from "node:fs/promises";
import { WASI } from "node:wasi";

const [program, ...parameters] = process.argv.slice(2);
const wasi = new WASI({ version: "preview1", args: [program, ...parameters], env: {}, preopens: { ".": "." } });
const module = await WebAssembly.compile(await readFile(program));
process.exit(wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject())));
