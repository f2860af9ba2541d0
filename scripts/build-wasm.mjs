import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { inRoot, run } from "./toolchain.mjs";

const pkg = inRoot("crates", "wasm", "pkg");

/** What other files rely on: ts/engine/load.ts on the glue, ts/entry on the bytes. */
export const wasmOutputs = ["glue.js", "glue.d.ts", "bytes.js", "bytes.d.ts"].map((name) => `crates/wasm/pkg/${name}`);
wasmOutputs.push("ts/entry/llif.wasm");

/** Compiles crates/wasm, and writes its glue as a factory and its bytes as text beside it. */
export function buildWasm() {
  run(
    "wasm-pack",
    // biome-ignore format: a list of words
    ["build", "crates/wasm", "--release", "--target", "no-modules", "--mode", "no-install", "--no-pack", "--out-dir", "pkg", "--out-name", "llif"],
    "correct the Rust sources, or delete .tools and run `node scripts/setup.mjs` again",
  );
  const generated = (name) => readFileSync(`${pkg}/${name}`, "utf8");

  // The no-modules glue is one closure over one instance. As the body of a function it gives each simulator a memory
  // of its own, and no line of it is edited.
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
