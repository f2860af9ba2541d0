// A short run of the fuzzer over every format, and the fuzzer itself: it sees what it is there to see.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { LlifError } from "../../ts/errors.ts";
import { inputOf, work, type Message } from "./child.ts";
import { formats, WronglyAccepted, type Format } from "./formats.ts";

const folder = mkdtempSync(join(tmpdir(), "llif-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fuzz = (...parameters: readonly string[]) =>
  spawnSync(process.execPath, ["scripts/fuzz.mjs", "--out", folder, ...parameters], { encoding: "utf8" });

/** What `work` says of a reader. */
async function outcomesOf(read: Format["read"], count = 1): Promise<Message[]> {
  const table = formats as Record<string, Format>;
  table.tried = { seeds: () => [Uint8Array.of(1, 2, 3)], mutate: (_, seed) => seed, read };
  onTestFinished(() => void delete table.tried);
  const messages: Message[] = [];
  await work({ format: "tried", seed: 1, from: 0, to: count }, (message) => messages.push(message));
  return messages.filter(({ kind }) => kind === "done");
}

/** So many seconds of the processor. */
function spend(seconds: number): void {
  const start = process.cpuUsage().user;
  while (process.cpuUsage().user - start < seconds * 1e6) for (let index = 0; index < 1e6; index++) Math.sqrt(index);
}

describe("the fuzzer", () => {
  it("finds nothing in some hundred inputs of every format", () => {
    const { stdout, stderr, status } = fuzz("--count", "200", "--seed", "15");
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n").slice(-1)).toEqual(["nothing found"]);
    expect(stdout.split("\n").filter((line) => /^\S+: 200 inputs; /.test(line))).toHaveLength(
      Object.keys(formats).length,
    );
    for (const [format] of Object.entries(formats))
      expect(stdout).toMatch(new RegExp(`^${format}: 200 inputs; .*\\d+ accepted`, "m"));
    expect(status).toBe(0);
  });

  it("makes the same input of the same seed, and others of others", async () => {
    for (const format of Object.keys(formats)) {
      const inputs = await Promise.all([0, 1, 2, 3].map((index) => inputOf({ format, seed: 1, index })));
      expect(await inputOf({ format, seed: 1, index: 3 })).toEqual(inputs[3]);
      const others = await Promise.all([0, 1, 2, 3].map((index) => inputOf({ format, seed: 2, index })));
      expect(others).not.toEqual(inputs);
    }
  });

  it.each<[string, Format["read"], string, RegExp]>([
    ["accepted", () => {}, "accepted", /^$/],
    [
      "refused",
      () => {
        throw new LlifError("FORMAT", "x");
      },
      "refused",
      /^FORMAT$/,
    ],
    [
      "any other error",
      () => void (undefined as unknown as number[])[0],
      "untyped error",
      /^TypeError: Cannot read properties of undefined/,
    ],
    [
      "what should not be accepted",
      () => {
        throw new WronglyAccepted("why");
      },
      "wrongly accepted",
      /^why$/,
    ],
    ["long work", () => spend(2.2), "slow", /^\d+\.\d s: accepted/],
    ["much memory", () => void new Uint8Array(700 * 2 ** 20).fill(1), "memory", /^\d+ MB: accepted/],
  ])("tells %s", async (_, read, outcome, detail) => {
    const [message] = await outcomesOf(read);
    expect(message).toMatchObject({ kind: "done", index: 0, size: 3, outcome });
    expect(message.kind === "done" && message.detail).toMatch(detail);
  });

  it("refuses unknown formats and numbers", () => {
    for (const [parameters, message] of [
      [["--formats", "gif"], "--formats: expected onnx, "],
      [["--count", "0"], '--count: expected an integer >= 1, got "0"'],
      [["--formats", "npy=x"], "--formats: npy: expected"],
    ] as const) {
      const { status, stderr } = fuzz(...parameters);
      expect(stderr).toContain(`fuzz: ${message}`);
      expect(status).toBe(2);
    }
  });
});
