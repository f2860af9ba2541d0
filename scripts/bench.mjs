// `npm run bench`: set-up, then the benchmark of bench/ over the package in dist.
import { mkdirSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { setupOrExit } from "./setup.mjs";
import { inRoot } from "./toolchain.mjs";

await setupOrExit();
const { build } = await import("esbuild");
const outfile = inRoot(".cache", "bench", "main.mjs");
mkdirSync(inRoot(".cache", "bench"), { recursive: true });
const bundled = { bundle: true, format: "esm", logLevel: "error" };
const packageAs = (answer) => ({ name: "the package as users have it", setup: (chain) => chain.onResolve({ filter: /\/ts\/index\.ts$|^llif$/ }, () => answer) });
await build({ ...bundled, entryPoints: [inRoot("bench", "main.ts")], outfile, platform: "node", target: "node20", packages: "external", plugins: [packageAs({ path: "llif", external: true })] });
// One file for every runtime, browsers too: the entry that carries the WebAssembly bytes.
await build({ ...bundled, entryPoints: [inRoot("bench", "runtimes", "main.ts")], outfile: inRoot(".cache", "bench", "runtimes.mjs"), platform: "browser", target: "es2022", external: ["linkedom", "node:*"], plugins: [packageAs({ path: inRoot("dist", "inline.js") })] });

const { main } = await import(pathToFileURL(outfile).href);
const abort = new AbortController();
process.once("SIGINT", () => abort.abort());
try {
  process.exitCode = await main(process.argv.slice(2), abort.signal);
} catch (error) {
  process.stderr.write(`\n${error.code === undefined ? error.stack : `bench: ${error.message}`}\n`);
  process.exitCode = error.code === "ABORTED" ? 130 : 1;
}
