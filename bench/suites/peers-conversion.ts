// Cases `-conversion` of suite `peers`: time to convert a ReLU network, and the accuracy of the result.
import type { Contender, OpenCase } from "../../ts/timing/case.ts";
import { evaluationImages } from "../accuracy.ts";
import {
  createFloatPass,
  followedActivations,
  slice,
  toSpiking,
  wasmEngine,
  type ImageDataset,
  type ReluNetwork,
  type SpikingNetwork,
  type ToSpikingOptions,
} from "../../ts/index.ts";
import { loadImages, openModel, rate, type ModelSpec } from "../models.ts";
import { openPeer, openPeers, writeCase, type Answers } from "../peers.ts";
import type { SuiteOptions } from "../suite.ts";
import { nearLogits, percent } from "./peer-cases.ts";

const calibrationImages = 1000;
const batch = 50;
/** Ticks after which the accuracy of a converted network is read. */
const ticks = 32;

/** Opens a conversion case. */
export function openConversion(spec: ModelSpec, { quick }: SuiteOptions): () => Promise<OpenCase<Answers>> {
  return async () => {
    const { network, relu, images } = await openModel(spec, rate(ticks));
    const evaluation = await evaluationImages(spec, quick);
    const training = slice(await loadImages(spec, relu, "train"), 0, calibrationImages);
    const truth = await floatLogits(relu, images);
    const size = images[0].length;
    const values = new Uint8Array(images.length * size);
    images.forEach((image, index) => values.set(image, index * size));
    const paths = writeCase(network, [
      ["values", { shape: [images.length, size], data: values }],
      ["calibration", { shape: [training.count, size], data: Uint8Array.from(training.images) }],
    ]);
    const contenders: Contender<Answers>[] = [];
    for (const [name, options] of [
      ["llif, 8-bit phase", { code: "phase", bits: 8 }],
      ["llif, rate, 32 ticks", { code: "rate", ticks }],
    ] as const) {
      contenders.push(
        await converter(name, relu, training, options, images, async (made) => {
          const simulator = await wasmEngine().createSimulator(made);
          const correct = evaluation.correct(simulator);
          simulator.dispose();
          return {
            accuracy: percent(correct, evaluation.count),
            ticks: made.windowTicks,
            float: percent(evaluation.floatCorrect, evaluation.count),
          };
        }),
      );
    }
    const theirs = await openPeers(["ann2snn-max", "ann2snn-99.9", "sinabs-from-model"] as const, async (library) => {
      const peer = await openPeer({ library, batch, threads: 1, ticks }, paths);
      const correct = await peer.accuracy(evaluation.file, [ticks]);
      return { ...peer, more: { accuracy: percent(correct[ticks], evaluation.count), ticks } };
    });
    const compare = (expected: Answers, got: Answers, contender: string) =>
      nearLogits(
        expected,
        got,
        contender.startsWith("llif, rate") ? Infinity : contender.startsWith("llif") ? 0.05 : 0.001,
      );
    return { contenders: [...contenders, ...theirs], truth, compare };
  };
}

async function floatLogits(relu: ReluNetwork, images: readonly Uint8Array[]): Promise<Answers> {
  const pass = await createFloatPass(relu);
  try {
    return images.map((image) => [...pass.run(image, 1).outputs[relu.outputs[0]]]);
  } finally {
    pass.dispose();
  }
}

/** Converts as `llif convert` does: a fast float pass over the images, then scales, weights and thresholds. */
async function convert(relu: ReluNetwork, training: ImageDataset, options: ToSpikingOptions): Promise<SpikingNetwork> {
  const { network, nodes } = followedActivations(relu);
  const pass = await createFloatPass(network, { maxima: nodes });
  try {
    for (let first = 0; first < training.count; first += batch) {
      const part = slice(training, first, first + batch);
      pass.run(part.images, part.count);
    }
    return await toSpiking(relu, { ...options, maxima: pass.maxima() });
  } finally {
    pass.dispose();
  }
}

async function converter(
  name: string,
  relu: ReluNetwork,
  training: ImageDataset,
  options: ToSpikingOptions,
  images: readonly Uint8Array[],
  describe: (made: SpikingNetwork) => Promise<Contender<Answers>["more"]>,
): Promise<Contender<Answers>> {
  const made = await convert(relu, training, options);
  return {
    name,
    more: await describe(made),
    async time(repetitions) {
      const start = performance.now();
      for (let repetition = 0; repetition < repetitions; repetition++) await convert(relu, training, options);
      return performance.now() - start;
    },
    async outcome() {
      const simulator = await wasmEngine().createSimulator(made);
      try {
        return images.map((image) => [...simulator.run(image).logits]);
      } finally {
        simulator.dispose();
      }
    },
  };
}
