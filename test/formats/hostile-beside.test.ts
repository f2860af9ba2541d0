// Files beside a model: only those in or below its folder, by path and by URL.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openModel } from "../../ts/cli/model-file.ts";
import { loadModel } from "../../ts/entry/node.ts";
import { besidePath, besideUrl } from "../../ts/formats/beside.ts";
import { refusal, withExternalData } from "./hostile-bytes.ts";

const weights = new Uint8Array(Float32Array.of(2, 3).buffer);
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "llif-beside-"));
  for (const name of ["model", "model/below", "cache"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "secret.bin"), weights);
  for (const name of ["w.bin", "below/w.bin", "100% $& #1?.bin"]) writeFileSync(join(folder, "model", name), weights);
  symlinkSync("../secret.bin", join(folder, "model/link.bin"));
  symlinkSync("w.bin", join(folder, "model/inner.bin"));
  symlinkSync("..", join(folder, "model/up"));
  mkdirSync(join(folder, "snapshot"));
  for (const name of ["m.onnx", "w.bin"]) symlinkSync(`../cache/${name}`, join(folder, "snapshot", name));
  writeFileSync(join(folder, "cache/w.bin"), weights);
  writeFileSync(join(folder, "cache/m.onnx"), withExternalData("w.bin"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function save(location: string): string {
  const path = join(folder, "model/m.onnx");
  writeFileSync(path, withExternalData(location));
  return path;
}

const outside = [
  "../secret.bin",
  "below/../../secret.bin",
  "..\\secret.bin",
  "\t/etc/passwd",
  "ht\ntps://host/x",
  "https://host/x",
  "//host/x",
  "/etc/passwd",
  "C:\\x",
  "file:///etc/passwd",
  "data:,x",
  "a\u0000b",
  "",
];

describe("a path that a model names", () => {
  it.each(outside)("is refused where it is %j", async (location) => {
    expect(await refusal(() => besidePath("/m/m.onnx", location))).toMatch(/^FORMAT: /);
    for (const base of ["https://host/m/m.onnx", "file:///m/m.onnx"])
      expect(await refusal(() => besideUrl(new URL(base), location))).toMatch(/^FORMAT: /);
  });

  it.each(["%2e%2e/x", ".%2E/x", "a/%2e%2e/%2e%2e/x", "..%2fx", "a%5c..%5c..%5cx", "%00", "%"])(
    "is decided on the URL that it becomes: %s",
    async (location) => {
      expect(await refusal(() => besideUrl(new URL("https://host/m/m.onnx"), location))).toMatch(/^FORMAT: /);
      expect(besideUrl(new URL("file:///m/m.onnx"), location).pathname.startsWith("/m/")).toBe(true);
    },
  );

  it("keeps its letters", () => {
    expect(besidePath("dir/m.onnx", "a$&$1.bin")).toBe("dir/a$&$1.bin");
    expect(besidePath("m.onnx", "a.bin")).toBe("a.bin");
    expect(besideUrl(new URL("https://host/m/m.json?token=1"), "s/a 1.bin").href).toBe("https://host/m/s/a%201.bin");
  });
});

describe("loadModel in Node", () => {
  const ways: readonly [string, (path: string) => unknown][] = [
    ["a path", (path) => path],
    ["a URL", (path) => pathToFileURL(path)],
    ["a file: string", (path) => pathToFileURL(path).href],
    [
      "a URL of another kind",
      (path) => runInNewContext("({ href, toString() { return href; } })", { href: pathToFileURL(path).href }),
    ],
  ];

  it.each(ways)("reads files in and below the folder, by %s", async (_way, source) => {
    for (const location of ["w.bin", "below/w.bin", "inner.bin", "100% $& #1?.bin"]) {
      const network = await loadModel(source(save(location)) as string);
      const scale = network.nodes.find((node) => node.kind === "affine");
      expect(scale?.kind === "affine" && [...scale.scale]).toEqual([2, 3]);
    }
  });

  it.each(ways)("follows no link out of the folder, by %s", async (_way, source) => {
    for (const location of ["link.bin", "up/secret.bin"])
      expect(await refusal(() => loadModel(source(save(location)) as string))).toMatch(
        /^FILE: .*leads out of the model's folder/,
      );
    expect(await refusal(() => loadModel(source(save("below")) as string))).toMatch(/^FILE: .*not a regular file/);
    for (const location of ["\t/etc/passwd", `\t${folder}/secret.bin`, "%2e%2e/secret.bin"])
      expect(await refusal(() => loadModel(source(save(location)) as string))).toMatch(/^(FILE|FORMAT): /);
  });

  it("takes what lies beside a model that is itself a link", async () => {
    expect((await loadModel(join(folder, "snapshot/m.onnx"))).nodes).toHaveLength(2);
  });

  it.each([undefined, null, 7, {}, [], () => 1, { href: 7 }, { href: "http:/\\:" }])(
    "refuses the source %j",
    async (source) => {
      expect(await refusal(() => loadModel(source as never))).toMatch(/^(ARGUMENT|FILE): /);
    },
  );

  it("refuses options by name", async () => {
    const path = save("w.bin");
    expect(await refusal(() => loadModel(path, { bugdet: {} } as never))).toMatch(
      /^ARGUMENT: loadModel: .*"bugdet"; did you mean "budget"/,
    );
    expect(await refusal(() => loadModel(path, { budget: { elements: 1 } }))).toMatch(
      /^FORMAT: .*the budget of reading is 1;/,
    );
    expect(await refusal(() => loadModel(path, { signal: {} } as never))).toMatch(/^ARGUMENT: loadModel: signal/);
    expect(await refusal(() => loadModel(path, { readBeside: async () => "text" } as never))).toMatch(
      /^ARGUMENT: .*what readBeside gave for "w.bin": expected bytes/,
    );
  });
});

it("holds in the command line too", async () => {
  expect((await openModel(save("below/w.bin"))).relu.nodes).toHaveLength(2);
  expect(await refusal(() => openModel(save("link.bin")))).toMatch(/^FILE: .*leads out of the model's folder/);
  expect(await refusal(() => openModel(save("missing.bin")))).toMatch(/^FILE: .*no such file or folder/);
});
