// The checks that `npm run check` and `npm test` make before any test runs: format, lint, types.
import { follow } from "./toolchain.mjs";

const biome = ["node_modules/@biomejs/biome/bin/biome", "ci", "--error-on-warnings", "--colors=off"];
const types = ["node_modules/typescript/bin/tsc", "--noEmit", "--incremental", "--tsBuildInfoFile", ".cache/tsc.json"];
const clippy = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];

export const checks = [
  { name: "biome", command: process.execPath, words: biome, remedy: "npx biome check --write" },
  { name: "rustfmt", command: "cargo", words: ["fmt", "--all", "--check"], remedy: "cargo fmt --all" },
  { name: "types", command: process.execPath, words: types },
  { name: "clippy", command: "cargo", words: clippy },
];

/** Runs a check and prints one line, or the command's output if it fails. @returns whether it passes. */
export async function runCheck({ name, command, words, remedy }) {
  const start = performance.now();
  const { code, text } = await follow(command, words, { quiet: true });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (code === 0) process.stdout.write(`${name}: clean (${seconds} s)\n`);
  else process.stdout.write(`${text.trimEnd()}\n${name}: failed${remedy === undefined ? "" : `; try \`${remedy}\``}\n`);
  return code === 0;
}
