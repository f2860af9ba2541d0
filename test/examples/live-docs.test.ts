// Runs every block of docs/live.md in both engines and compares what it prints.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(join(root, "docs/live.md"), "utf8");
/** A program, and the block behind it: what it prints. */
const programs = [...page.matchAll(/^```js\n([^]*?)^```\n\n```text\n([^]*?)^```$/gm)].map(([, program, prints]) => ({
  program,
  prints,
}));

describe("docs/live.md", () => {
  // Inside the package, so that "llif" is found.
  let folder: string;
  beforeAll(() => {
    execFileSync(process.execPath, ["scripts/setup.mjs"], { cwd: root, stdio: "ignore" });
    mkdirSync(join(root, ".cache"), { recursive: true });
    folder = mkdtempSync(join(root, ".cache", "live-"));
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("has no other blocks", () => {
    expect(programs).toHaveLength(2);
    expect(page.match(/^```\w/gm)).toHaveLength(2 * programs.length);
  });

  it.each(programs.flatMap((each, number) => ["wasm", "reference"].map((engine) => ({ ...each, number, engine }))))(
    "runs block $number in engine $engine",
    ({ program, prints, number, engine }) => {
      const chosen = program.replace(/createSimulator\(network(?:, \{|(?=\)))/, (call) =>
        call.endsWith("{") ? `${call} engine: "${engine}",` : `${call}, { engine: "${engine}" }`,
      );
      expect(chosen).toContain(`engine: "${engine}"`);
      const file = join(folder, `${number}-${engine}.mjs`);
      writeFileSync(file, chosen);
      expect(execFileSync(process.execPath, [file], { encoding: "utf8" })).toBe(prints);
    },
    600_000,
  );
});
