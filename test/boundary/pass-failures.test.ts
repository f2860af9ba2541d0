// Passes and certifiers whose core fails: typed errors, no use of what a trap left behind, nothing kept.
import { afterEach, describe, expect, it, vi } from "vitest";
import { Core } from "../../ts/engine/core.ts";
import { createTwinPass } from "../../ts/engine/passes/twin.ts";
import { DisposedError, LlifError } from "../../ts/errors.ts";
import { createCertifier } from "../../ts/mapping/certificate.ts";
import { toSpiking } from "../../ts/mapping/to-spiking.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";

afterEach(() => vi.restoreAllMocks());

const weights = (shape: [number, number], ...data: number[]) => ({ shape, data: Float32Array.from(data) });
const relu = reluNetwork({ input: [3] })
  .dense({ weights: weights([2, 3], 1, 2, 3, 3, 2, 1), name: "a" })
  .relu()
  .dense({ weights: weights([2, 2], 1, 0, 0, 1), name: "b" })
  .relu()
  .dense({ weights: weights([2, 2], 1, 0, 0, 1), name: "out" })
  .build();

describe.each(["pass", "simulator"] as const)("a %s", (kind) => {
  const open = () => {
    const freed: string[] = [];
    return { freed, core: new Core("thing", kind, "held", (held) => freed.push(held)) };
  };
  const thrown = (body: () => unknown): unknown => {
    try {
      return body();
    } catch (error) {
      return error;
    }
  };

  it.each([
    ["a trap", new WebAssembly.RuntimeError("unreachable")],
    ["lack of memory", new RangeError("Array buffer allocation failed")],
  ])("says so after %s, and is used no more", (_, cause) => {
    const { core, freed } = open();
    expect(
      thrown(() =>
        core.use(() => {
          throw cause;
        }),
      ),
    ).toMatchObject({
      code: "ENGINE",
      cause,
      message: `thing: the WebAssembly core failed: ${cause.message}; it may have run out of memory: record less, or run fewer ticks or samples`,
    });
    expect(thrown(() => core.use((held) => held))).toMatchObject({
      code: "ENGINE",
      message: expect.stringContaining(`thing: the WebAssembly core has failed before; create a new ${kind} (thing: `),
    });
    core.dispose();
    expect(freed).toEqual([]);
  });

  it("lives on after an error of the glue, and one of our own", () => {
    const { core, freed } = open();
    expect(
      thrown(() =>
        core.use(() => {
          throw new Error("layer 3 is missing");
        }),
      ),
    ).toMatchObject({ code: "ENGINE", message: "thing: the WebAssembly core failed: layer 3 is missing" });
    expect(
      thrown(() =>
        core.use(() => {
          throw "text";
        }),
      ),
    ).toMatchObject({ code: "ENGINE", message: "thing: the WebAssembly core failed: text" });
    const own = new LlifError("SHAPE", "batch: wrong");
    expect(
      thrown(() =>
        core.use(() => {
          throw own;
        }),
      ),
    ).toBe(own);
    expect(core.use((held) => held)).toBe("held");
    core.dispose();
    core.dispose();
    expect(freed).toEqual(["held"]);
    expect(thrown(() => core.use((held) => held))).toBeInstanceOf(DisposedError);
  });
});

it("a digest that refuses its batch leaves the pass as it was", async () => {
  const network = await toSpiking(relu, { scales: "analytic" });
  using pass = await createTwinPass(network, { keep: "all" });
  const counts = Uint8Array.of(1, 2, 3);
  const [before, digest] = [pass.run(counts, 1), pass.digest(counts, 1)];
  expect(() => pass.digest(counts, 2)).toThrow(expect.objectContaining({ code: "SHAPE" }));
  expect(pass.run(counts, 1)).toEqual(before);
  expect(pass.digest(counts, 1)).toEqual(digest);
});

it("a certifier that fails disposes of the passes it has made", async () => {
  const open = new Set<number>();
  for (const failing of [1, 2, 3, 4]) {
    let made = 0;
    const makePass = () => {
      if (++made === failing) throw new LlifError("ENGINE", "no more memory");
      const number = made;
      open.add(number);
      return { run: () => ({ outputs: {} }), dispose: () => void open.delete(number) };
    };
    await expect(createCertifier(relu, makePass)).rejects.toMatchObject({ code: "ENGINE", message: "no more memory" });
    expect([...open]).toEqual([]);
  }
});

it("passes say what computes the same where WebAssembly is forbidden", async () => {
  const network = await toSpiking(relu, { scales: "analytic" });
  vi.resetModules();
  const fresh = await import("../../ts/entry/node.ts");
  vi.spyOn(WebAssembly, "compile").mockImplementation(() => Promise.reject(new WebAssembly.CompileError("Refused")));
  await expect(fresh.createFloatPass(relu)).rejects.toMatchObject({
    code: "ENGINE",
    message: expect.stringMatching(/Refused.*; forward\(network, input\) computes the same without it, slower$/),
  });
  await expect(fresh.createTwinPass(network)).rejects.toMatchObject({
    code: "ENGINE",
    message: expect.stringMatching(/Refused.*; quantizedTwin\(network\) computes the same without it, slower$/),
  });
});
