// The frames example: each frame ends at the logits of a run of its own, for fewer operations.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("a frame that goes on costs less than half of a run afresh", async () => {
  const program = fileURLToPath(new URL("../../examples/frames/run.mjs", import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program]);
  const rows = [...stdout.matchAll(/^class (\d): ([\d.]+) M operations, ([\d.]+) M afresh$/gm)];
  expect(stderr).toBe("");
  expect(rows).toHaveLength(9);
  for (const [, digit] of rows) expect(digit).toBe("7");
  for (const [, , next, whole] of rows.slice(1)) expect(Number(next)).toBeLessThan(Number(whole) / 2);
}, 240_000);
