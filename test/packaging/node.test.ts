import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installInEmptyProject, type Consumer } from "./consumer.ts";

describe("the packed package in an empty project", () => {
  let consumer: Consumer;
  beforeAll(() => {
    consumer = installInEmptyProject();
  });
  afterAll(() => consumer?.remove());

  it("works in Node by its name, also with the core inlined", () => {
    consumer.write("main.js", 'import { probe } from "./probe.js";\nconsole.log(JSON.stringify(await probe()));\n');
    const { simd, coreExports, rate, phase } = JSON.parse(consumer.run(process.execPath, "main.js"));
    expect(simd).toBe(true);
    expect(coreExports).toContain("memory");
    for (const { spikes } of [rate, phase]) {
      expect(spikes.conv.ticks.length).toBeGreaterThan(100);
      expect(spikes.dense.ticks.length).toBeGreaterThan(10);
    }

    consumer.write("inline.js", 'import { preloadCore } from "llif/inline";\nconsole.log((await preloadCore()) instanceof WebAssembly.Module);\n');
    expect(consumer.run(process.execPath, "inline.js").trim()).toBe("true");
  });

  // tsup.config.ts builds the command as soon as its source exists; so does this test begin.
  if (existsSync(new URL("../../ts/cli/main.ts", import.meta.url))) {
    it("gives the command llif", () => {
      expect(consumer.run("npx", "--no-install", "llif", "--help")).toMatch(/^Usage: llif/);
    });
  }

  it("has types that a strict project accepts", () => {
    consumer.write("main.ts", 'import { LlifError } from "llif";\nexport const code: "SHAPE" = new LlifError("SHAPE", "x").code;\n');
    const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
    consumer.write("tsconfig.json", '{ "compilerOptions": { "strict": true, "noEmit": true, "module": "nodenext", "target": "es2022", "types": [] }, "files": ["main.ts"] }');
    // `code` is the whole union, so exactly this error proves that the types arrived.
    const stdout = expect.stringMatching(/^main\.ts\(2,14\): error TS2322.*\n(?:  .*\n)*$/);
    expect(() => consumer.run(process.execPath, tsc)).toThrow(expect.objectContaining({ stdout }));
  });

  it("holds the build and nothing of the repository", () => {
    const installed = join(consumer.folder, "node_modules", "llif");
    expect(readdirSync(installed).filter((name) => name !== "node_modules").sort()).toEqual(
      ["LICENSE", "README.md", "dist", "package.json"].filter((name) => existsSync(join(installed, name))),
    );
    expect(readdirSync(join(installed, "dist"))).toEqual(expect.arrayContaining(["llif.wasm", "node.js", "browser.js", "inline.js", "index.d.ts"]));
  });
});

it("has a lock file from which a clean clone can be installed", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const result = spawnSync("npm", ["ci", "--dry-run", "--ignore-scripts", "--no-audit"], { cwd: root, encoding: "utf8" });
  expect(result.stderr).not.toMatch(/^npm error Missing|^npm error Invalid/m);
  expect(result.status).toBe(0);
});
