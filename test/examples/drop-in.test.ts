// The drop-in example: two programs, one import apart, equal spikes.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = new URL("../../examples/drop-in/", import.meta.url);
const linesOf = async (name: string): Promise<string[]> => (await readFile(new URL(name, folder), "utf8")).split("\n");

it("the two programs differ in one import, and the simulator written by hand has about 60 lines", async () => {
  const plain = await linesOf("with-plain.ts");
  const llif = await linesOf("with-llif.ts");
  expect(plain).toHaveLength(llif.length);
  expect(plain.filter((line, index) => line !== llif[index])).toEqual([
    'import { createSimulator } from "./plain.ts";',
  ]);
  expect((await linesOf("plain.ts")).length).toBeLessThanOrEqual(66);
});

it("both give the same spikes", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL("run.mjs", folder))]);
  expect(stdout).toMatch(
    /^20 inputs, \d+ spikes, equal neuron by neuron\nplain TypeScript [\d.]+ ms, llif [\d.]+ ms: [\d.]+ times as fast\n$/,
  );
}, 120_000);
