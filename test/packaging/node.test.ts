// The packed package in an empty Node project: entry points, types, contents.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installInEmptyProject, type Consumer } from "./consumer.ts";

describe("the packed package in an empty project", () => {
  let consumer: Consumer;
  beforeAll(() => {
    consumer = installInEmptyProject();
  });
  afterAll(() => consumer?.remove());

  it("works in Node by its name: both engines give the same spikes, counts, potentials and statistics", () => {
    consumer.write("main.js", 'import { probe } from "./probe.js";\nconsole.log(JSON.stringify(await probe()));\n');
    const { simd, automatic, coreExports, reference, wasm, learnt } = JSON.parse(
      consumer.run(process.execPath, "main.js"),
    );
    expect({ simd, automatic }).toEqual({ simd: true, automatic: "wasm" });
    expect(coreExports).toContain("memory");
    expect(wasm).toEqual(reference);
    expect(learnt.wasm).toEqual(learnt.reference);
    expect(learnt.wasm.took.updates).toBeGreaterThan(500);
    expect(Object.keys(reference)).toEqual(["synchronous rate", "layerwise rate", "phase"]);
    for (const { spikes } of Object.values<{ spikes: Record<string, { ticks: number[] }> }>(reference)) {
      expect(spikes.conv.ticks.length).toBeGreaterThan(100);
      expect(spikes.dense.ticks.length).toBeGreaterThan(10);
    }
  });

  it("has subpaths: the core inlined, ONNX alone, plots alone", () => {
    consumer.write(
      "inline.js",
      'import { preloadCore } from "llif/inline";\nconsole.log((await preloadCore()) instanceof WebAssembly.Module);\n',
    );
    expect(consumer.run(process.execPath, "inline.js").trim()).toBe("true");
    consumer.write(
      "onnx.js",
      'import { reluNetwork } from "llif";\nimport { readOnnx, writeOnnx } from "llif/onnx";\n' +
        "const weights = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };\n" +
        'const back = readOnnx(writeOnnx(reluNetwork({ input: [3] }).dense({ weights, name: "first" }).relu().build()));\n' +
        'console.log(JSON.stringify([...back.nodes.find((node) => node.kind === "dense").weights.data]));\n',
    );
    expect(JSON.parse(consumer.run(process.execPath, "onnx.js"))).toEqual([1, 2, 3, 4, 5, 6]);
    consumer.write(
      "plot.js",
      'import { rasterPlot } from "llif/plot";\nconsole.log(await rasterPlot([{ name: "layer", size: 2, ticks: [0, 3], neurons: [0, 1] }], { title: "Two spikes", ticks: 4 }));\n',
    );
    expect(consumer.run(process.execPath, "plot.js")).toMatch(/^<svg .*<title>Two spikes<\/title>.*<\/svg>\s*$/s);
  });

  it("gives the command llif", () => {
    expect(consumer.run("npx", "--no-install", "llif", "--help")).toMatch(/^Usage: llif/);
  });

  it("has types that a strict project accepts", () => {
    consumer.write(
      "main.ts",
      'import { LlifError } from "llif";\nexport const code: "SHAPE" = new LlifError("SHAPE", "x").code;\n' +
        'import { LlifError as Inlined } from "llif/inline";\nexport const same: LlifError = new Inlined("SHAPE", "x");\n' +
        'import { readOnnx } from "llif/onnx";\nexport const network: string = readOnnx(new Uint8Array(0)).name;\n' +
        'import { rasterPlot } from "llif/plot";\nexport const plot: Promise<string> = rasterPlot([], { title: "", ticks: 1 });\n',
    );
    const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
    for (const settings of ['"module": "nodenext"', '"module": "esnext", "moduleResolution": "bundler"']) {
      consumer.write(
        "tsconfig.json",
        `{ "compilerOptions": { "strict": true, "noEmit": true, ${settings}, "target": "es2022", "types": [] }, "files": ["main.ts"] }`,
      );
      // `code` is the whole union, so exactly this error proves that the types arrived.
      const stdout = expect.stringMatching(/^main\.ts\(2,14\): error TS2322.*\n(?: {2}.*\n)*$/);
      expect(() => consumer.run(process.execPath, tsc)).toThrow(expect.objectContaining({ stdout }));
    }
  });

  it("is clean by publint", async () => {
    const { messages } = await publint({
      pkgDir: join(consumer.folder, "node_modules", "llif"),
      pack: false,
      strict: true,
    });
    expect(messages).toEqual([]);
  });

  it("holds the build and nothing of the repository", () => {
    const installed = join(consumer.folder, "node_modules", "llif");
    expect(
      readdirSync(installed)
        .filter((name) => name !== "node_modules")
        .sort(),
    ).toEqual(["LICENSE", "README.md", "dist", "package.json"].filter((name) => existsSync(join(installed, name))));
    expect(readdirSync(join(installed, "dist"))).toEqual(
      expect.arrayContaining([
        "llif.wasm",
        "node.js",
        "browser.js",
        "inline.js",
        "index.d.ts",
        "onnx.js",
        "onnx.d.ts",
        "plot.js",
        "plot.d.ts",
      ]),
    );
  });
});

it("has a lock file from which a clean clone can be installed", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const result = spawnSync("npm", ["ci", "--dry-run", "--ignore-scripts", "--no-audit"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(result.stderr).not.toMatch(/^npm error Missing|^npm error Invalid/m);
  expect(result.status).toBe(0);
});
