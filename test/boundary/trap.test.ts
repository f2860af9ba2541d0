// A trap in the core is a typed error and harms no other simulator.
import { describe, expect, it } from "vitest";
import { wasmEngine } from "../../ts/engine/wasm.ts";
import { LlifError } from "../../ts/errors.ts";
import { doomedNetwork, network } from "./doomed.ts";

function errorOf(body: () => unknown): LlifError {
  try {
    body();
  } catch (error) {
    return error as LlifError;
  }
  throw new Error("expected an error");
}

describe("a trap of the core", () => {
  it("is explained on that call and on every later one, and leaves other simulators alone", async () => {
    const engine = wasmEngine();
    const [doomed, other] = [await engine.createSimulator(doomedNetwork()), await engine.createSimulator(network())];
    const input = Float32Array.of(1, 0.5);
    const before = other.run(input);
    expect(doomed.run(input).counts.many).toEqual(before.counts.many);

    const trapped = errorOf(() => doomed.run(Float32Array.of(1000, 0)));
    expect(trapped).toBeInstanceOf(LlifError);
    expect(trapped).toMatchObject({ code: "ENGINE", message: expect.stringContaining("memory") });
    expect(trapped.cause).toBeInstanceOf(WebAssembly.RuntimeError);

    for (const call of [() => doomed.run(input), () => doomed.step(input), () => doomed.reset()]) {
      expect(errorOf(call)).toMatchObject({
        code: "ENGINE",
        message: expect.stringContaining("has failed before; create a new simulator"),
      });
    }
    await expect(doomed.runBatch([input])).rejects.toMatchObject({ code: "ENGINE" });
    expect(other.run(input)).toEqual(before);
    const fresh = await engine.createSimulator(network());
    expect(fresh.run(input)).toEqual(before);

    doomed.dispose();
    doomed.dispose();
    for (const simulator of [other, fresh]) simulator.dispose();
  });

  it("is not what a refused input leaves behind", async () => {
    const simulator = await wasmEngine().createSimulator(network());
    expect(() => simulator.run(new Float32Array(3))).toThrow("expected 2 values");
    expect(simulator.run(Float32Array.of(1, 1)).counts.many[0]).toBeGreaterThan(0);
    simulator.dispose();
  });
});
