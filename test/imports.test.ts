// Who may import whom, and that no files import each other in a circle.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../ts", import.meta.url));

/** Files that every folder may import. */
const shared = [
  "errors.ts",
  "check.ts",
  "tensor.ts",
  "samples.ts",
  "random.ts",
  "text.ts",
  "platform.ts",
  "warn.ts",
  "budget.ts",
  "inflate.ts",
];

/** By folder of ts/: what its files may import besides the shared ones and their own folder (design.md §2, contracts.md §8). */
const allowed: Readonly<Record<string, readonly string[]>> = {
  relu: [],
  // Window geometry and the input convention are the same on both sides.
  spiking: ["relu"],
  formats: ["relu", "spiking"],
  mapping: ["relu", "spiking"],
  encode: ["spiking"],
  engine: ["spiking"],
  data: [],
  // The type of a record; nothing that runs.
  plot: ["analyze/curve.ts"],
  analyze: ["mapping", "relu", "spiking", "encode", "data", "engine/engine.ts"],
  // Simulations and evaluations in workers: composes what both sides share.
  parallel: ["analyze", "data", "engine", "mapping", "relu", "spiking"],
  entry: ["index.ts", "parallel/serve.ts"],
  timing: ["spiking", "engine"],
  // A learnt layer lies in the .llif file of its network.
  learn: ["data", "engine", "formats/json.ts", "formats/llif.ts", "formats/safetensors.ts", "relu", "spiking"],
};
/** Beyond the folder's: the passes without spikes run ReLU networks too; windows have one walk; one guarded unzip serves arrays and models. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  "engine/passes/float.ts": ["relu"],
  "engine/passes/parts.ts": ["relu/network.ts"],
  "engine/reference/pool-windows.ts": ["relu/windows.ts"],
  "data/npy.ts": ["formats/zip.ts"],
};

/** These compose, so they may import everything. */
const composers = ["cli", "index.ts"];

/** Who may import the core's generated files, and which. */
const generated: Readonly<Record<string, string>> = {
  "engine/load.ts": "../crates/wasm/pkg/glue.js",
  "entry/inline.ts": "../crates/wasm/pkg/bytes.js",
};

interface Import {
  readonly from: string;
  /** Relative to ts/ for files, else the bare specifier. */
  readonly to: string;
}

function importsOf(file: string, text: string): Import[] {
  const found = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  return found.map((to) => ({
    from: file,
    to: to.startsWith(".") ? join(dirname(file), to).replaceAll("\\", "/") : to,
  }));
}

const files = (readdirSync(root, { recursive: true }) as string[])
  .filter((name) => name.endsWith(".ts"))
  .map((name) => name.replaceAll("\\", "/"));
const imports = files.flatMap((file) => importsOf(file, readFileSync(join(root, file), "utf8")));

/** @returns why this import breaks the rule, or undefined. */
function violation({ from, to }: Import): string | undefined {
  const say = (reason: string) => `ts/${from} imports ${to}: ${reason}`;
  const folder = from.split("/")[0];
  const composes = composers.includes(folder);
  if (to.startsWith("node:"))
    return from === "entry/node.ts" || from === "entry/worker-node.ts" || folder === "cli"
      ? undefined
      : say("only the Node entries and cli name Node");
  if (to.startsWith("../")) return generated[from] === to ? undefined : say("outside ts/");
  if (!to.endsWith(".ts")) return undefined; // a package: package.json answers for it
  if (to === "engine/load.ts") {
    return composes ||
      from.startsWith("parallel/") ||
      from.startsWith("engine/wasm") ||
      from.startsWith("engine/passes/")
      ? undefined
      : say("only engine/wasm.ts, engine/passes, parallel, cli and index reach the glue");
  }
  const targetFolder = to.split("/")[0];
  if (targetFolder === "entry") return folder === "cli" ? undefined : say("an entry is imported by nobody but cli");
  if (composes || shared.includes(to) || targetFolder === folder) return undefined;
  if (shared.includes(from)) return say("shared files import only each other");
  const mine = [...(allowed[folder] ?? []), ...(exceptions[from] ?? [])];
  return mine.some((name) => name === targetFolder || name === to)
    ? undefined
    : say(`not among ${[...shared, ...mine].join(", ")}`);
}

describe("who imports whom", () => {
  it("finds the files and their imports", () => {
    expect(files).toContain("engine/load.ts");
    expect(imports).toContainEqual({ from: "entry/inline.ts", to: "platform.ts" });
  });

  it("holds the rule in every file", () => {
    expect(imports.map(violation).filter((reason) => reason !== undefined)).toEqual([]);
  });

  it("gives the reference engine nothing of WebAssembly, however indirectly", () => {
    const reached = new Set(["engine/reference.ts"]);
    for (const file of reached) {
      for (const { to } of imports.filter(({ from }) => from === file)) reached.add(to);
    }
    const forbidden = ["engine/load.ts", "engine/wasm.ts", "platform.ts", ...Object.values(generated)];
    expect([...reached].filter((file) => forbidden.includes(file))).toEqual([]);
  });

  it.each([
    ["relu/network.ts", "node:fs"],
    ["formats/onnx/read.ts", "mapping/fold/fold.ts"],
    ["mapping/twin.ts", "engine/engine.ts"],
    ["engine/reference.ts", "engine/load.ts"],
    ["engine/wasm.ts", "../crates/wasm/pkg/glue.js"],
    ["analyze/evaluate.ts", "engine/load.ts"],
    ["tensor.ts", "relu/network.ts"],
    ["plot/raster.ts", "spiking/network.ts"],
    ["index.ts", "entry/node.ts"],
  ])("would see ts/%s importing %s", (from, to) => {
    expect(violation({ from, to })).toBeTypeOf("string");
  });
});

/** Files that lie in a circle of imports, or between two: what is left once files that import or are imported by none of the rest are gone. */
function circular(arrows: readonly Import[]): string[] {
  let left = arrows;
  for (;;) {
    const importing = new Set(left.map(({ from }) => from));
    const imported = new Set(left.map(({ to }) => to));
    const next = left.filter(({ from, to }) => importing.has(to) && imported.has(from));
    if (next.length === left.length) return [...importing].sort();
    left = next;
  }
}

describe("no files import each other in a circle, types counted", () => {
  it.each(["ts", "bench"])("%s", (folder) => {
    const at = fileURLToPath(new URL(`../${folder}`, import.meta.url));
    const sources = (readdirSync(at, { recursive: true }) as string[]).filter((name) => name.endsWith(".ts"));
    const arrows = sources.flatMap((file) =>
      importsOf(file.replaceAll("\\", "/"), readFileSync(join(at, file), "utf8")),
    );
    expect(arrows.length).toBeGreaterThan(sources.length);
    expect(circular(arrows)).toEqual([]);
  });

  it("would see one of three files", () => {
    const arrows = [
      ["a", "b"],
      ["b", "c"],
      ["c", "a"],
      ["a", "d"],
      ["e", "a"],
    ].map(([from, to]) => ({ from, to }));
    expect(circular(arrows)).toEqual(["a", "b", "c"]);
  });
});

it("takes the folders of ts/ from the design", () => {
  const folders = new Set(files.map((file) => file.split("/")[0]).filter((name) => !name.endsWith(".ts")));
  expect([...folders].filter((folder) => !(folder in allowed) && !composers.includes(folder))).toEqual([]);
});
