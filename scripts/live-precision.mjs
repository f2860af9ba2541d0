// `node scripts/live-precision.mjs [seconds of CUBA and Brunel, default 1] [random networks, default 100]`: how long trains in float32
// equal those in float64, and how far rates and intervals agree afterwards. Bundles test/live/precision.ts and runs it on dist.
import { spawnSync } from "node:child_process";
import { build } from "esbuild";
import { inRoot, root } from "./toolchain.mjs";

const outfile = inRoot(".cache", "live-precision", "main.mjs");
await build({
  bundle: true,
  format: "esm",
  logLevel: "error",
  platform: "node",
  target: "node20",
  packages: "external",
  entryPoints: [inRoot("test", "live", "precision.ts")],
  outfile,
  plugins: [
    {
      name: "the package as users have it",
      setup: (chain) => chain.onResolve({ filter: /\/ts\/index\.ts$/ }, () => ({ path: "llif", external: true })),
    },
  ],
});
process.exitCode =
  spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { cwd: root, stdio: "inherit" }).status ?? 1;
