// What the command line says about how a model file is read: --budget and --batch.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "fast-png";
import { beforeAll, describe, expect, it } from "vitest";
import { writeLlif } from "../../ts/formats/llif.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { writeNpy } from "../../ts/data/npy.ts";
import { toSpiking } from "../../ts/mapping/to-spiking.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { floats, model, node } from "../formats/graphs.ts";
import { llif, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();
const file = (name: string) => join(folder, name);

beforeAll(() => {
  writeFileSync(file("batch.onnx"), model([node("Relu", ["x"], "y")], { input: [4, 20] }));
  writeFileSync(
    file("image.onnx"),
    model([node("Flatten", ["x"], "f"), node("Gemm", ["f", "w", "b"], "y")], {
      input: [1, 1, 4, 4],
      initializers: [floats("w", [16, 3], new Float32Array(48).fill(0.5)), floats("b", [3], [0, 1, 2])],
    }),
  );
  mkdirSync(file("data"));
  writeFileSync(file("data/0.png"), encode({ width: 4, height: 4, channels: 1, data: new Uint8Array(16).fill(9) }));
  const nested = `${"[".repeat(300)}${"]".repeat(300)}`;
  const layers = [
    { class_name: "InputLayer", config: { name: "in", batch_input_shape: [null, 4] } },
    { class_name: "ReLU", config: { name: "relu" } },
  ];
  writeFileSync(
    file("deep.json"),
    `{"modelTopology":${JSON.stringify({ class_name: "Sequential", config: { name: "deep", layers } })},"weightsManifest":[],"userDefinedMetadata":${nested}}`,
  );
  writeFileSync(
    file("hand.llif"),
    writeLlif(
      spikingNetwork({ inputs: [1], ticks: 3 })
        .dense({ weights: [[1]], threshold: 1, name: "a" })
        .build(),
    ),
  );
});

describe("--budget", () => {
  it("raises what a file may take; the refusal says so", async () => {
    const refused = await llif(["inspect", file("deep.json")]);
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.err).toMatch(
      /needs at least \d+ levels of nesting, the budget of reading is 256; if the file is to be trusted, raise it with --budget depth=…/,
    );
    expect(await llif(["inspect", file("deep.json"), "--budget", "depth=400,seconds=60"])).toMatchObject({
      code: 0,
      err: "",
    });
    expect(
      await llif(["inspect", file("deep.json"), "--budget", "seconds=60", "--budget", "depth=Infinity"]),
    ).toMatchObject({ code: 0, err: "" });
  });

  it("is refused beside no model, as --batch is", async () => {
    expect((await llif(["bench", "--budget", "bytes=5"])).err).toMatch(/^llif: --budget: expected a model beside it/);
    expect((await llif(["bench", "--batch", "yes"])).err).toMatch(/^llif: --batch: expected a model beside it/);
  });

  it.each(["elements", "elements=", "elements=0", "elements=-1", "elements=x", "pixels=4", "depth=4,", ""])(
    "refuses %j",
    async (value) => {
      expect(await llif(["inspect", file("image.onnx"), "--budget", value])).toMatchObject({
        code: 1,
        out: "",
        err: expect.stringMatching(
          /^llif: --budget: expected bytes, elements, nodes, depth, seconds with a number above 0, such as elements=1e9, got /,
        ),
      });
    },
  );
});

describe("run", () => {
  it("tells how much of an input was clipped, and every warning", async () => {
    const relu = reluNetwork({ input: [4] })
      .dense({ weights: { shape: [2, 4], data: new Float32Array(8).fill(0.5) }, name: "out" })
      .build();
    writeFileSync(
      file("clip.llif"),
      writeLlif(await toSpiking(relu, { calibration: [Float32Array.of(0.1, 0.2, 0.3, 0.4)] })),
    );
    writeFileSync(file("far.npy"), writeNpy({ shape: [1, 4], data: Float32Array.of(0.1, 90, 90, -90) }));
    const words = ["run", file("clip.llif"), "--input", file("far.npy")];
    const [text, json] = [await llif(words), await llif([...words, "--json"])];
    expect(text.out).toMatch(/, 3 of 4 inputs clipped$/m);
    expect(text.err).toMatch(/^warning: network .*: 3 of 4 values lay beyond the range/m);
    const [record] = JSON.parse(json.out) as { clippedInputs: number; warnings: string[] }[];
    expect(record).toMatchObject({
      clippedInputs: 3,
      warnings: expect.arrayContaining([expect.stringContaining("3 of 4 values lay beyond the range")]),
    });
  });
});

describe("--batch", () => {
  const shapeOf = async (...words: string[]) =>
    (
      JSON.parse((await llif(["inspect", file("batch.onnx"), "--json", ...words])).out) as {
        input: { shape: number[] };
      }
    ).input.shape;

  it("says whether a fixed first extent counts samples", async () => {
    const [yes, no] = [await shapeOf("--batch", "yes"), await shapeOf("--batch", "no")];
    expect([yes, no]).toEqual([[20], [4, 20, 1]]);
  });

  it("is kept in a manifest, where it was given", async () => {
    const words = [
      "evaluate",
      file("image.onnx"),
      "--scales",
      "analytic",
      "--data",
      file("data"),
      "--no-cache",
      "--manifest",
      file("run.json"),
    ];
    const recorded = () =>
      (JSON.parse(readFileSync(file("run.json"), "utf8")) as { model: { batch?: boolean } }).model.batch;
    expect((await llif([...words, "--batch", "maybe"])).err).toMatch(
      /^llif: --batch: expected one of yes, no, got "maybe"/,
    );
    expect(await llif(words)).toMatchObject({ code: 0 });
    expect(recorded()).toBeUndefined();
    expect(await llif([...words, "--batch", "yes"])).toMatchObject({ code: 0 });
    expect(recorded()).toBe(true);
    expect(await llif(["reproduce", file("run.json"), "--budget", "seconds=60"])).toMatchObject({ code: 0 });
    expect((await llif(["reproduce", file("run.json"), "--budget", "nodes=1"])).err).toContain(
      "raise it with --budget nodes=…",
    );
  });

  it("is refused where a file has no such extent", async () => {
    for (const name of ["hand.llif", "deep.json"])
      expect((await llif(["inspect", file(name), "--batch", "yes"])).err).toMatch(
        /^llif: --batch: expected an ONNX model, whose input may have a first extent that counts samples, got ".*" \((llif|tfjs)\)/,
      );
  });
});
