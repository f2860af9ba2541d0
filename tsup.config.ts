// How dist is bundled: flat, one chunk for what entries share, with source maps and declarations.
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { defineConfig } from "tsup";

const entries: Record<string, string> = {
  node: "ts/entry/node.ts",
  browser: "ts/entry/browser.ts",
  inline: "ts/entry/inline.ts",
  "worker-node": "ts/entry/worker-node.ts",
  "worker-browser": "ts/entry/worker-browser.ts",
  cli: "ts/cli/program.ts",
  "cli-thread": "ts/cli/thread.ts",
  onnx: "ts/formats/onnx/index.ts",
  plot: "ts/plot/index.ts",
};

export default defineConfig({
  entry: entries,
  format: "esm",
  target: "es2022",
  splitting: true,
  clean: true,
  sourcemap: true,
  removeNodeProtocol: false,
  dts: {
    entry: { index: "ts/index.ts", onnx: entries.onnx, plot: entries.plot },
    // `Symbol.dispose` is not in the ES2022 library that a project may have chosen.
    banner: '/// <reference lib="esnext.disposable" />',
    // tsup sets baseUrl, which TypeScript 6 deprecates.
    compilerOptions: { ignoreDeprecations: "6.0" },
  },
  // Flat output: `new URL("./llif.wasm", import.meta.url)` holds in every chunk, and esbuild does not copy the file.
  onSuccess: async () => {
    await copyFile("ts/entry/llif.wasm", "dist/llif.wasm");
    await withoutBytes("dist/inline.js.map");
  },
});

/** The map of the entry with the WebAssembly bytes would carry them a second time, as source. */
async function withoutBytes(path: string): Promise<void> {
  const map = JSON.parse(await readFile(path, "utf8")) as { sources: string[]; sourcesContent: (string | null)[] };
  map.sources.forEach((source, index) => {
    if (source.endsWith("bytes.js")) map.sourcesContent[index] = null;
  });
  await writeFile(path, JSON.stringify(map));
}
