// Runs the first block of docs/live.md in both engines.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const [, block] = /```js\n([^]*?)```/.exec(readFileSync(join(root, "docs/live.md"), "utf8")) as RegExpExecArray;

it.each(["wasm", "reference"])(
  "docs/live.md: the first network runs, engine %s",
  (engine) => {
    execFileSync(process.execPath, ["scripts/setup.mjs"], { cwd: root, stdio: "ignore" });
    mkdirSync(join(root, ".cache"), { recursive: true });
    // Inside the package, so that "llif" is found.
    const folder = mkdtempSync(join(root, ".cache", "live-"));
    try {
      const program = block.replace('record: { spikes: ["cells"] }', `$&, engine: "${engine}"`);
      expect(program).not.toBe(block);
      writeFileSync(join(folder, "live.mjs"), program);
      const printed = execFileSync(process.execPath, [join(folder, "live.mjs")], { encoding: "utf8" });
      expect(printed.trim().split("\n")).toEqual(new Array(6).fill("true true"));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  600_000,
);
