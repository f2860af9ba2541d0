// `npm run bench`: sets up, then runs the benchmark in bench/ on the package in dist.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { withTables } from "./results.mjs";
import { setupOrExit } from "./setup.mjs";
import { inRoot } from "./toolchain.mjs";

await setupOrExit();
const { build } = await import("esbuild");
const outfile = inRoot(".cache", "bench", "main.mjs");
mkdirSync(inRoot(".cache", "bench"), { recursive: true });
const bundled = { bundle: true, format: "esm", logLevel: "error" };
const packageAs = (answer) => ({
  name: "the package as users have it",
  setup: (chain) => chain.onResolve({ filter: /\/ts\/index\.ts$|^llif$/ }, () => answer),
});
await build({
  ...bundled,
  entryPoints: [inRoot("bench", "main.ts")],
  outfile,
  platform: "node",
  target: "node20",
  packages: "external",
  plugins: [packageAs({ path: "llif", external: true })],
});
// Readers and plots are imported on first use, and this program never uses them.
const withoutReaders = {
  name: "no lazy imports",
  setup: (chain) =>
    chain.onResolve({ filter: /.*/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "left-out", external: true } : undefined,
    ),
};
// One file for every runtime, also browsers: the entry that contains the WebAssembly bytes.
await build({
  ...bundled,
  entryPoints: {
    runtimes: inRoot("bench", "runtimes", "main.ts"),
    "live-page": inRoot("bench", "runtimes", "live.ts"),
  },
  outdir: inRoot(".cache", "bench"),
  outExtension: { ".js": ".mjs" },
  platform: "browser",
  target: "es2022",
  plugins: [withoutReaders, packageAs({ path: inRoot("dist", "inline.js") })],
});

const { main } = await import(pathToFileURL(outfile).href);
const abort = new AbortController();
process.once("SIGINT", () => abort.abort());
try {
  process.exitCode = await main(process.argv.slice(2), abort.signal);
  // The speed table of README.md comes from the results too.
  const readme = inRoot("README.md");
  const text = withTables(readFileSync(readme, "utf8"));
  if (text !== readFileSync(readme, "utf8")) writeFileSync(readme, text);
} catch (error) {
  process.stderr.write(`\n${error.code === undefined ? error.stack : `bench: ${error.message}`}\n`);
  process.exitCode = error.code === "ABORTED" ? 130 : 1;
}
