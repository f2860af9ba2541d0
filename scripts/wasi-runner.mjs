// Runs a test program that cargo built for wasm32-wasip1: `cargo test -p llif-core --release --target wasm32-wasip1`
// calls it. It does not use node:wasi, with which Node 20 sometimes crashes after a long run.
import { readFile } from "node:fs/promises";
import { ConsoleStdout, File, OpenFile, WASI } from "@bjorn3/browser_wasi_shim";

const [program, ...parameters] = process.argv.slice(2);
const lines = (stream) => ConsoleStdout.lineBuffered((line) => stream.write(`${line}\n`));
const wasi = new WASI(
  [program, ...parameters],
  [],
  [new OpenFile(new File([])), lines(process.stdout), lines(process.stderr)],
  { debug: false },
);
const module = await WebAssembly.compile(await readFile(program));
process.exitCode = wasi.start(await WebAssembly.instantiate(module, { wasi_snapshot_preview1: wasi.wasiImport }));
