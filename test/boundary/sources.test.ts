// Every source of the wasm module works or is refused by a typed error from the awaited call; nothing ends the process.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { wasmEngine } from "../../ts/engine/wasm.ts";
import type { WasmSource } from "../../ts/engine/load.ts";
import { LlifError } from "../../ts/errors.ts";
import { currentPlatform, providePlatform } from "../../ts/platform.ts";
import { population } from "../../ts/spiking/builder.ts";

const wasm = fileURLToPath(new URL("../../ts/entry/llif.wasm", import.meta.url));
const bytes = new Uint8Array(await readFile(wasm));
const network = population({ weights: [[1, 2]], threshold: 1, ticks: 3 });
const elsewhere = vm.createContext({ bytes });
const platform = currentPlatform();
let folder: string;
let server: Server;
let host: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "llif wasm "));
  await copyFile(wasm, join(folder, "a b#c.wasm"));
  server = createServer((request, response) => {
    const [status, type, body] = {
      "/core": [200, "application/wasm", bytes],
      "/typed.txt": [200, "text/plain", bytes],
      "/page": [200, "text/html", "<!doctype html>\n<title>llif</title>"],
    }[request.url as string] ?? [404, "text/html", "gone"];
    response.writeHead(status as number, { "content-type": type as string }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  server.close();
});
afterEach(() => providePlatform(platform));

async function spikesWith(source: unknown): Promise<number> {
  const simulator = await wasmEngine({ wasm: source as WasmSource }).createSimulator(network);
  const { statistics } = simulator.run(Float32Array.of(1, 0));
  simulator.dispose();
  return statistics.spikes;
}

async function refusalOf(source: unknown): Promise<LlifError> {
  const error = await spikesWith(source).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(LlifError);
  return error as LlifError;
}

describe("a source that is the core", () => {
  const sources: Record<string, () => unknown> = {
    "a path": () => wasm,
    "a path relative to the working folder": () => relative(process.cwd(), wasm),
    "a path with spaces and #": () => join(folder, "a b#c.wasm"),
    "a file URL as text": () => pathToFileURL(join(folder, "a b#c.wasm")).href,
    "a file URL": () => pathToFileURL(wasm),
    "an http URL as text": () => `${host}/core`,
    "an http URL, another content type": () => new URL(`${host}/typed.txt`),
    "a data URL as text": () => `data:application/wasm;base64,${Buffer.from(bytes).toString("base64")}`,
    "an answer": () => fetch(`${host}/core`).then((answer) => answer),
    "a promise of an answer": () => fetch(`${host}/core`),
    "a promise of bytes": () => Promise.resolve(bytes),
    "a Blob": () => new Blob([bytes]),
    "an ArrayBuffer": () => bytes.slice().buffer,
    "a view into a larger buffer": () => new Uint8Array([1, 2, 3, ...bytes, 4]).subarray(3, 3 + bytes.length),
    "a DataView": () => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    "a Buffer": () => Buffer.from(bytes),
    "shared bytes": () => {
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
      shared.set(bytes);
      return shared;
    },
    "bytes of another realm": () => vm.runInContext("new Uint8Array(bytes)", elsewhere),
    "an ArrayBuffer of another realm": () => vm.runInContext("new Uint8Array(bytes).buffer", elsewhere),
    "a module": () => WebAssembly.compile(bytes),
    "a module of another realm": () => vm.runInContext("new WebAssembly.Module(bytes)", elsewhere),
  };
  it.each(Object.entries(sources))("%s", async (_, source) => expect(await spikesWith(await source())).toBe(3));

  it("a promise, as it is", async () => {
    expect(await spikesWith(fetch(`${host}/core`))).toBe(3);
  });

  it("a path of the page where there are no files", async () => {
    const { readFile: _, ...page } = platform;
    providePlatform(page);
    Object.assign(globalThis, { location: { href: `${host}/app/index.html` } });
    try {
      expect(await spikesWith("/core")).toBe(3);
      expect(await spikesWith("../core")).toBe(3);
      expect((await refusalOf("core")).message).toBe(
        `"${host}/app/core": expected the WebAssembly core, got HTTP status 404`,
      );
    } finally {
      Reflect.deleteProperty(globalThis, "location");
    }
    expect(await refusalOf("/typed.txt")).toMatchObject({
      code: "ARGUMENT",
      message: 'wasm: expected a URL, absolute where there is no page, got "/typed.txt"',
    });
  });
});

describe("another source is refused", () => {
  it.each(
    [7, true, null, {}, [], [0, 97, 115, 109], Symbol("x"), () => bytes, new Date(0), 1n].map((source) => [
      String(typeof source === "object" ? JSON.stringify(source) : source),
      source,
    ]),
  )("ARGUMENT: %s", async (_, source) => {
    expect(await refusalOf(source)).toMatchObject({
      code: "ARGUMENT",
      message: expect.stringMatching(/^wasm: expected a URL, a path, .*, got /),
    });
  });

  it("names the place and what came", async () => {
    const messages = {
      "/nowhere.wasm": '"/nowhere.wasm": the WebAssembly core cannot be read (ENOENT',
      [`${host}/none`]: `"${host}/none": expected the WebAssembly core, got HTTP status 404`,
    };
    for (const [source, message] of Object.entries(messages))
      expect(await refusalOf(source)).toMatchObject({ code: "ENGINE", message: expect.stringContaining(message) });
    const page = `"${host}/page": the WebAssembly core did not start: expected a module, which begins with 00 61 73 6d, got status 200, content type text/html, 35 bytes that begin with "<!doctype html>\\n<title>llif</title>"`;
    for (const source of [`${host}/page`, new URL(`${host}/page`), await fetch(`${host}/page`)])
      expect((await refusalOf(source)).message).toBe(page);
    expect((await refusalOf("http://127.0.0.1:1/x")).message).toContain("http://127.0.0.1:1/x");
  });

  it("ENGINE: broken bytes, another module, an answer that is read, a promise that fails", async () => {
    const read = new Response(bytes);
    await read.arrayBuffer();
    const another = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
    for (const source of [
      new Uint8Array(0),
      Uint8Array.of(0x1f, 0x8b, 8, 0),
      bytes.subarray(0, 1000),
      another,
      new WebAssembly.Module(another),
      read,
    ]) {
      expect(await refusalOf(source)).toMatchObject({ code: "ENGINE" });
    }
    expect(await refusalOf(Promise.reject(new Error("offline")))).toMatchObject({
      code: "ENGINE",
      message: expect.stringContaining("offline"),
    });
    expect((await refusalOf(Uint8Array.of(0x1f, 0x8b, 8, 0))).message).toContain("4 bytes that begin with 1f 8b 08 00");
    expect((await refusalOf(another)).message).toContain("another module");
  });
});

it("ends no process, not even where nobody waits", () => {
  const entry = new URL("../../dist/node.js", import.meta.url).href;
  const script = `
    const { wasmEngine, preloadCore, population } = await import(${JSON.stringify(entry)});
    const network = population({ weights: [[1]], threshold: 1, ticks: 1 });
    const told = [];
    for (const source of [() => "/assets/llif.wasm", () => 7, () => new URL("http://127.0.0.1:1/"), () => Promise.reject(new Error("early"))]) {
      const engine = wasmEngine({ wasm: source() });
      await new Promise((resolve) => setTimeout(resolve, 5));
      for (const start of [() => engine.createSimulator(network), () => preloadCore(source())]) await start().catch(({ code }) => told.push(code));
    }
    console.log(told.join());`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    timeout: 60_000,
  });
  expect({ status, stdout: stdout.trim(), stderr }).toEqual({
    status: 0,
    stdout: "ENGINE,ENGINE,ARGUMENT,ARGUMENT,ENGINE,ENGINE,ENGINE,ENGINE",
    stderr: "",
  });
});
