// Compiles crates/wasm, and writes its glue code as a factory function and its bytes as text.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { inRoot, run } from "./toolchain.mjs";

const pkg = inRoot("crates", "wasm", "pkg");
const target = "wasm32-unknown-unknown";
const remedy = "correct the Rust sources, or delete .tools and run `node scripts/setup.mjs` again";

/** Files that others import: ts/engine/load.ts the glue, ts/entry the bytes. */
export const wasmOutputs = ["glue.js", "glue.d.ts", "bytes.js", "bytes.d.ts"].map((name) => `crates/wasm/pkg/${name}`);
wasmOutputs.push("ts/entry/llif.wasm");

/** `release` is published; `profiling` is the same with function names; `dev` compiles in seconds and runs slowly. */
const compilers = {
  release: () => wasmPack("--release"),
  profiling: () => wasmPack("--profiling"),
  dev: withoutOptimiser,
};

function wasmPack(profile) {
  const output = ["--target", "no-modules", "--no-pack", "--out-dir", "pkg", "--out-name", "llif"];
  run("wasm-pack", ["build", "crates/wasm", profile, "--mode", "no-install", ...output], remedy);
}

function withoutOptimiser() {
  run("cargo", ["build", "--quiet", "--profile", "dev-wasm", "--target", target, "--package", "llif-wasm"], remedy);
  const output = ["--target", "no-modules", "--out-dir", pkg, "--out-name", "llif"];
  run("wasm-bindgen", [...output, inRoot("target", target, "dev-wasm", "llif_wasm.wasm")], remedy);
}

export function buildWasm(build) {
  compilers[build]();
  const generated = (name) => readFileSync(`${pkg}/${name}`, "utf8");

  // The no-modules glue is one closure over one instance. As the body of a function, unedited, it gives each simulator
  // a memory of its own.
  writeFileSync(`${pkg}/glue.js`, `export function createGlue() {\n${generated("llif.js")}\nreturn wasm_bindgen;\n}\n`);
  writeFileSync(
    `${pkg}/glue.d.ts`,
    `${generated("llif.d.ts")}\nexport type Glue = typeof wasm_bindgen;\nexport declare function createGlue(): Glue;\n`,
  );

  const base64 = readFileSync(`${pkg}/llif_bg.wasm`).toString("base64");
  writeFileSync(`${pkg}/bytes.js`, `export const wasmBase64 = "${base64}";\n`);
  writeFileSync(`${pkg}/bytes.d.ts`, "export declare const wasmBase64: string;\n");

  mkdirSync(inRoot("ts", "entry"), { recursive: true });
  copyFileSync(`${pkg}/llif_bg.wasm`, inRoot("ts", "entry", "llif.wasm"));
}
