// Where WebAssembly is known but may not run, as under a Content-Security-Policy: `auto` takes the reference engine and says so once.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { population } from "../../ts/spiking/builder.ts";

const network = population({ weights: [[1, 2]], threshold: 1, ticks: 3 });
const input = Float32Array.of(1, 0.5);

/** Fresh modules: each forgets what was compiled and warned before. */
async function freshly() {
  vi.resetModules();
  const { createSimulator, resolveEngine } = await import("../../ts/engine/create.ts");
  const { pool } = await import("../../ts/parallel/pool.ts");
  await import("../platform.ts");
  return { createSimulator, resolveEngine, pool };
}

let warnings: unknown[];
beforeEach(() => {
  warnings = [];
  vi.spyOn(console, "warn").mockImplementation((warning) => void warnings.push(warning));
});
afterEach(() => vi.restoreAllMocks());

describe.each(["compile", "instantiate"] as const)("where %s is forbidden", (call) => {
  const forbid = () =>
    vi
      .spyOn(WebAssembly, call)
      .mockImplementation(() =>
        Promise.reject(
          new WebAssembly.CompileError(
            `WebAssembly.${call}(): Refused to compile or instantiate WebAssembly module because 'unsafe-eval' is not an allowed source`,
          ),
        ),
      );

  it("simulates with the reference engine, and warns once", async () => {
    const { createSimulator } = await freshly();
    const expected = (await createSimulator(network, { engine: "wasm" })).run(input);
    const again = await freshly();
    forbid();
    for (const engine of [undefined, "auto", again.resolveEngine(), again.resolveEngine("auto")] as const) {
      const simulator = await again.createSimulator(network, engine === undefined ? {} : { engine });
      expect(simulator.engine).toBe("reference");
      expect(simulator.run(input)).toEqual(expected);
    }
    expect(warnings.filter((warning) => String(warning).includes("wasm-unsafe-eval"))).toHaveLength(1);
  });

  it("fails with the reason where the wasm engine is asked for by name", async () => {
    const { createSimulator } = await freshly();
    forbid();
    await expect(createSimulator(network, { engine: "wasm" })).rejects.toMatchObject({
      code: "ENGINE",
      message: expect.stringMatching(/Refused to compile.*Content-Security-Policy needs 'wasm-unsafe-eval'/),
    });
    expect(warnings).toEqual([]);
  });
});

it("a pool falls back as well, and loads no core for the reference engine", async () => {
  const { pool } = await freshly();
  const compile = vi
    .spyOn(WebAssembly, "compile")
    .mockImplementation(() => Promise.reject(new WebAssembly.CompileError("Refused")));
  using asked = await pool(network, { size: 1, engine: "reference" });
  expect(asked.engine).toBe("reference");
  expect(compile).not.toHaveBeenCalled();
  expect(warnings).toEqual([]);
  using automatic = await pool(network, { size: 1 });
  expect(automatic.engine).toBe("reference");
  expect(await automatic.run(input)).toEqual(await asked.run(input));
  expect(warnings).toHaveLength(1);
  await expect(pool(network, { size: 1, engine: "wasm" })).rejects.toMatchObject({ code: "ENGINE" });
  await expect(pool(network, { size: 1, engine: "fast" as "wasm" })).rejects.toMatchObject({
    code: "ARGUMENT",
    message: 'engine: expected one of auto, wasm, reference, got "fast"',
  });
});

it("a core that cannot be read is no reason to fall back: it is a fault of the page", async () => {
  const { createSimulator } = await freshly();
  const { currentPlatform, providePlatform } = await import("../../ts/platform.ts");
  providePlatform({
    ...currentPlatform(),
    wasmBytes: () => new Response("<html>", { headers: { "content-type": "text/html" } }),
  });
  await expect(createSimulator(network)).rejects.toMatchObject({
    code: "ENGINE",
    message: expect.stringContaining("text/html"),
  });
  expect(warnings).toEqual([]);
});
