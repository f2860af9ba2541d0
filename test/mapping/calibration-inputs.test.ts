// What calibration takes, and when it takes it.
import { describe, expect, it } from "vitest";
import { createFloatPass } from "../../ts/engine/passes/float.ts";
import { followedActivations, toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import { digits, shippedModel } from "./models.ts";

const relu = shippedModel("mnist-mlp");
// More than go into one batch of a pass.
const images = digits(0, 34);
const options = { code: "phase", bits: 8 } as const;
const unitsOf = (calibration: ToSpikingOptions["calibration"], more: ToSpikingOptions = {}) =>
  toSpiking(relu, { ...options, calibration, ...more }).then(({ nodes, input }) => [
    input.counts,
    ...nodes.map((node) => (node.kind === "pool" ? null : node.unit)),
  ]);

/** One buffer, filled anew for each sample. */
function* refilled(all: readonly (Uint8Array | Float32Array)[]) {
  const buffer = all[0] instanceof Uint8Array ? Buffer.alloc(all[0].length) : new Float32Array(all[0].length);
  for (const image of all) {
    buffer.set(image);
    yield buffer;
  }
  buffer.fill(0);
}

describe("calibration", () => {
  it.each(["pixels", "real values"])(
    "takes each sample when it asks for it, from one buffer that is filled anew: %s",
    async (kind) => {
      const all =
        kind === "pixels" ? images : images.map((image) => Float32Array.from(image, (pixel) => pixel / 255 - 0.1));
      const { network, nodes } = followedActivations(relu, kind === "pixels" ? {} : { inputRange: 1 });
      using pass = await createFloatPass(network, { keep: nodes });
      const expected = await unitsOf(all);
      expect(await unitsOf(all, { pass })).toEqual(expected);
      expect(await unitsOf(refilled(all), { pass })).toEqual(expected);
      expect(await unitsOf(refilled(all))).toEqual(expected);
      async function* later() {
        for (const image of refilled(all)) {
          await Promise.resolve();
          yield image;
        }
      }
      expect(await unitsOf(later(), { pass })).toEqual(expected);
    },
  );

  it("takes bytes as pixels and all other numbers as real values", async () => {
    const values = images.slice(0, 3).map((image) => Float32Array.from(image, (pixel) => pixel / 255));
    const [pixels, real] = [await unitsOf(images.slice(0, 3)), await unitsOf(values)];
    expect(pixels).not.toEqual(real);
    expect(await unitsOf(images.slice(0, 3).map((image) => Uint8ClampedArray.from(image)))).toEqual(pixels);
    expect(await unitsOf(values.map((each) => Float64Array.from(each)))).toEqual(real);
    expect(await unitsOf(values.map((each) => [...each]))).toEqual(real);
  });

  it("takes arrays with a shape, alone and as a batch", async () => {
    const expected = await unitsOf(images.slice(0, 3));
    const data = Uint8Array.from(images.slice(0, 3).flatMap((image) => [...image]));
    expect(await unitsOf({ shape: [3, 28, 28], data })).toEqual(expected);
    expect(
      await unitsOf([
        { shape: [2, 1, 28, 28], data: data.subarray(0, 1568) },
        { shape: [28, 28, 1], data: data.subarray(1568) },
      ]),
    ).toEqual(expected);
  });

  it.each([
    ["one image alone", images[0], "expected pixels as a Uint8Array"],
    ["integers", [new Int32Array(784)], "calibration: sample 0: expected pixels as a Uint8Array"],
    ["another size", [images[0], new Uint8Array(10)], "calibration: sample 1: expected 784 values"],
    ["another shape", [{ shape: [28, 14, 2], data: images[0] }], "got [28,14,2]"],
    [
      "both kinds",
      [images[0], new Float32Array(784)],
      "calibration: expected every input as a Uint8Array, got a Float32Array",
    ],
    ["no iterable", 7, "calibration"],
    ["nothing", [null], "calibration: sample 0"],
  ])("refuses %s", async (_, calibration, message) => {
    await expect(unitsOf(calibration as never)).rejects.toThrow(
      expect.objectContaining({ name: "LlifError", message: expect.stringContaining(message) }),
    );
  });
});
