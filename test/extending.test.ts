// CONTRIBUTING.md's lists of formats, commands and what a code touches are those of the sources, and `npm run check` finds the tests of a change.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { formats } from "../ts/formats/registry.ts";

const root = new URL("../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const contributing = read("CONTRIBUTING.md");

function paragraph(name: string): string {
  const found = contributing.split(`**${name}.**`)[1]?.split(/\n\*\*|\n## /)[0];
  if (found === undefined) throw new Error(`CONTRIBUTING.md has no paragraph "${name}"`);
  return found;
}

it("names the reader of every format", () => {
  const readers = [...read("ts/formats/registry.ts").matchAll(/import\("\.\/([^"]+)"\)/g)].map(
    ([, path]) => `ts/formats/${path}`,
  );
  expect(readers).toHaveLength(formats.length);
  expect(readers.filter((path) => !paragraph("A format").includes(path))).toEqual([]);
});

it("names every command", () => {
  const commands = [...read("ts/cli/main.ts").matchAll(/import \{ add[^}]*\} from "\.\/([^"]+)"/g)].map(
    ([, path]) => `ts/cli/${path}`,
  );
  expect(commands.length).toBeGreaterThan(5);
  const named: readonly string[] = paragraph("A command").match(/ts\/cli\/[\w-]+\.ts/g) ?? [];
  expect(commands.filter((path) => !named.includes(path))).toEqual([]);
});

it("names every file that has an entry for each code", () => {
  const sources = (readdirSync(new URL("ts/", root), { recursive: true }) as string[])
    .map((name) => `ts/${name.replaceAll("\\", "/")}`)
    .filter((name) => name.endsWith(".ts"));
  const kinds = ["signedRate", "windowRate"].map((kind) => new RegExp(`\\b${kind}\\b`));
  const listing = sources.filter((path) => kinds.every((kind) => kind.test(read(path))));
  expect(listing).toContain("ts/spiking/code.ts");
  const [, table] = paragraph("A code").split("|---|---|");
  const own = ["ts/cli/options.ts"];
  const named = (table.match(/ts\/[\w/-]+\.ts/g) ?? []).filter((path) => !own.includes(path));
  expect(named.sort()).toEqual(listing.sort());
});

it("npm run check finds tests by imports, the nearest first, and changed tests in any case", () => {
  const script = `import { distances, nearest } from "./scripts/nearest.mjs";
    const change = (...files) => Object.fromEntries(distances(files));
    process.stdout.write(JSON.stringify({ leaf: change("ts/warn.ts"), core: change("crates/core/src/lib.rs"), test: nearest(["test/theorems/twin.test.ts"], 0).chosen, none: change("README.md") }));`;
  const found = JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: fileURLToPath(root),
      encoding: "utf8",
    }),
  );
  expect(found.leaf["test/warn.test.ts"]).toBe(1);
  expect(found.leaf["test/mapping/mapping.test.ts"]).toBeGreaterThan(1);
  expect(Object.keys(found.core)).toContain("test/conformance/wasm.test.ts");
  expect(found.test).toContain("test/theorems/twin.test.ts");
  expect(Object.keys(found.none).sort()).toEqual([
    "test/docs.test.ts",
    "test/extending.test.ts",
    "test/imports.test.ts",
  ]);
});
