// The kinds of simulators in examples/kinds: plain TypeScript and llif give the same spikes and learn the same weights.
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = new URL("../../examples/kinds/", import.meta.url);
const kinds = readdirSync(folder)
  .filter((name) => name.endsWith(".ts") && name !== "outcome.ts")
  .map((name) => name.slice(0, -3));

it.each(kinds)("%s: both programs give the same", async (kind) => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    fileURLToPath(new URL("run.mjs", folder)),
    kind,
    "--small",
  ]);
  expect(stderr).toBe("");
  const [, spikes] = new RegExp(
    `^${kind}: (\\d+) spikes(?:, \\d+ learnt weights)?, equal; plain TypeScript [\\d.]+ ms, llif [\\d.]+ ms: [\\d.]+ times as fast\\n`,
  ).exec(stdout) as RegExpExecArray;
  expect(Number(spikes)).toBeGreaterThan(100);
  const [, note = ""] = stdout.trimEnd().split("\n");
  if (kind === "liquid") expect(Number(/right in (\d+) %/.exec(note)?.[1])).toBeGreaterThanOrEqual(80);
});
