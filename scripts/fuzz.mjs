// `npm run fuzz`: bundles test/fuzz with the readers' sources and runs it.
import { spawnSync } from "node:child_process";
import { build } from "esbuild";
import { inRoot, root } from "./toolchain.mjs";

const outfile = inRoot(".cache", "fuzz", "main.mjs");
await build({
  bundle: true,
  format: "esm",
  logLevel: "error",
  platform: "node",
  target: "node20",
  packages: "external",
  entryPoints: [inRoot("test", "fuzz", "main.ts")],
  outfile,
});
process.exitCode =
  spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { cwd: root, stdio: "inherit" }).status ?? 1;
