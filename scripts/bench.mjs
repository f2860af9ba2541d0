// `npm run bench`: set-up, then the benchmark of bench/ over the package in dist.
import { mkdirSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { setupOrExit } from "./setup.mjs";
import { inRoot } from "./toolchain.mjs";

await setupOrExit();
const { build } = await import("esbuild");
const outfile = inRoot(".cache", "bench", "main.mjs");
mkdirSync(inRoot(".cache", "bench"), { recursive: true });
await build({
  entryPoints: [inRoot("bench", "main.ts")],
  outfile,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  logLevel: "error",
  plugins: [{ name: "the package as users have it", setup: (chain) => chain.onResolve({ filter: /\/ts\/index\.ts$|^llif$/ }, () => ({ path: "llif", external: true })) }],
});

const { main } = await import(pathToFileURL(outfile).href);
const abort = new AbortController();
process.once("SIGINT", () => abort.abort());
try {
  process.exitCode = await main(process.argv.slice(2), abort.signal);
} catch (error) {
  process.stderr.write(`\n${error.code === undefined ? error.stack : `bench: ${error.message}`}\n`);
  process.exitCode = error.code === "ABORTED" ? 130 : 1;
}
