import { copyFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { defineConfig } from "tsup";

const entries: Record<string, string> = {
  node: "ts/entry/node.ts",
  browser: "ts/entry/browser.ts",
  inline: "ts/entry/inline.ts",
};
if (existsSync("ts/cli/main.ts")) entries.cli = "ts/cli/main.ts";

export default defineConfig({
  entry: entries,
  format: "esm",
  target: "es2022",
  splitting: true,
  clean: true,
  removeNodeProtocol: false,
  dts: {
    entry: { index: "ts/index.ts" },
    // `Symbol.dispose` is not in the ES2022 library that a project may have chosen.
    banner: '/// <reference lib="esnext.disposable" />',
    // tsup sets baseUrl, which TypeScript 6 deprecates.
    compilerOptions: { ignoreDeprecations: "6.0" },
  },
  // Flat output: `new URL("./llif.wasm", import.meta.url)` holds in every chunk, and esbuild does not copy the file.
  onSuccess: () => copyFile("ts/entry/llif.wasm", "dist/llif.wasm"),
});
