// Loading the WebAssembly core from every kind of source.
import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { loadGlue, supportsSimd } from "../../ts/engine/load.ts";

const wasm = new URL("../../ts/entry/llif.wasm", import.meta.url);
const bytes = async () => new Uint8Array(await readFile(wasm));

afterEach(() => vi.restoreAllMocks());

describe("loadGlue", () => {
  it("takes bytes, a module, a URL and a Response of any type", async () => {
    const sources = [
      await bytes(),
      (await bytes()).buffer,
      await WebAssembly.compile(await bytes()),
      wasm,
      new URL(`data:application/octet-stream;base64,${Buffer.from(await bytes()).toString("base64")}`),
      new Response(await bytes(), { headers: { "content-type": "text/plain" } }),
    ];
    for (const source of sources) expect((await loadGlue(source)).coreVersion()).toBe("0.1.0");
  });

  it("compiles once for concurrent starts, and gives each its own memory", async () => {
    const compile = vi.spyOn(WebAssembly, "compile");
    const instantiate = vi.spyOn(WebAssembly, "instantiate");
    const [one, other] = await Promise.all([loadGlue(), loadGlue(), loadGlue()]);
    expect(compile.mock.calls.length).toBeLessThanOrEqual(1);
    expect(instantiate).toHaveBeenCalledTimes(3);
    expect(one).not.toBe(other);
    const memories = await Promise.all([one, other].map(async (glue) => (await glue()).memory));
    expect(memories[0]).not.toBe(memories[1]);
  });

  it("says what failed, and can be tried again", async () => {
    const source = new Uint8Array(await bytes());
    source[0] = 1;
    await expect(loadGlue(source)).rejects.toMatchObject({
      code: "ENGINE",
      message: expect.stringContaining("did not start"),
    });
    source[0] = 0;
    expect((await loadGlue(source)).coreVersion()).toBe("0.1.0");
    await expect(loadGlue(new Response("gone", { status: 404 }))).rejects.toMatchObject({
      code: "ENGINE",
      message: expect.stringContaining("404"),
    });
  });

  it("takes a default source that failed once again", async () => {
    vi.resetModules();
    const fresh = await import("../../ts/engine/load.ts");
    const platform = await import("../../ts/platform.ts");
    await expect(fresh.loadGlue()).rejects.toMatchObject({
      code: "ENGINE",
      message: expect.stringContaining("no platform"),
    });
    let offline = true;
    platform.providePlatform({ wasmBytes: async () => (offline ? Promise.reject(new Error("offline")) : bytes()) });
    await expect(fresh.loadGlue()).rejects.toMatchObject({
      code: "ENGINE",
      message: expect.stringContaining("offline"),
    });
    offline = false;
    expect((await fresh.loadGlue()).coreVersion()).toBe("0.1.0");
  });

  it("refuses a runtime without SIMD", async () => {
    expect(supportsSimd()).toBe(true);
    vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    expect(supportsSimd()).toBe(false);
    await expect(loadGlue()).rejects.toMatchObject({ code: "ENGINE", message: expect.stringContaining("SIMD") });
  });
});
