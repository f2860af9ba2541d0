// Suite `dnn`: a spiking simulation against one pass of the ReLU network it was converted from, in onnxruntime.
import { benchCase, SkippedCase, type BenchCase, type Contender } from "../../ts/timing/case.ts";
import { createFloatPass, inputFromPixels, wasmEngine } from "../../ts/index.ts";
import { modelCases, phase, phase10, resnet50, ttfs, ttfs10 } from "../models.ts";
import { nodeContender, webContender, type Logits } from "../onnxruntime.ts";

/** The cases of suite `dnn`. */
export function dnnSuite(): BenchCase[] {
  return [...modelCases([phase, ttfs]), ...modelCases([phase10, ttfs10], [resnet50])].map(({ name, open }) =>
    benchCase("dnn", name, async () => {
      const { network, relu, onnx, images } = await open();
      const described = { ...relu, convention: network.convention };
      const inputs = images.map((image) => channelsFirst(inputFromPixels(described, image), network.input.shape));
      const simulator = await wasmEngine().createSimulator(network);
      const ours: Contender<Logits> = {
        name: "wasm",
        time(repetitions) {
          const start = performance.now();
          for (let repetition = 0; repetition < repetitions; repetition++)
            for (const image of images) simulator.run(image);
          return performance.now() - start;
        },
        outcome: () => images.map((image) => [...simulator.run(image).logits]),
        dispose: () => simulator.dispose(),
      };
      const contenders = [ours, await webContender(onnx, inputs)];
      try {
        contenders.push(await nodeContender(onnx, inputs));
      } catch (error) {
        if (!(error instanceof SkippedCase)) throw error;
        process.stderr.write(`\nskipped onnxruntime-node: ${error.message}\n`);
      }
      const pass = await createFloatPass(described);
      const truth: Logits = images.map((image) => [...pass.run(image, 1).outputs[described.outputs[0]]]);
      pass.dispose();
      return { contenders, truth, compare: compareLogits, samples: images.length };
    }),
  );
}

/** Allows float rounding between runtimes, and a twentieth of the logits' range for 8-bit windows. */
export function compareLogits(truth: Logits, theirs: Logits, contender: string): string | undefined {
  for (const [sample, expected] of truth.entries()) {
    const range = Math.max(...expected) - Math.min(...expected);
    const allowed = range * (contender === "wasm" ? 0.05 : 1e-4);
    const error = Math.max(...expected.map((value, index) => Math.abs(value - theirs[sample][index])));
    if (!(error <= allowed))
      return `sample ${sample}: a logit differs by ${error.toPrecision(3)} from the float network's, at most ${allowed.toPrecision(3)} is allowed`;
  }
  return undefined;
}

function channelsFirst(values: Float32Array, shape: readonly number[]): Float32Array {
  if (shape.length !== 3 || shape[2] === 1) return values;
  const [height, width, channels] = shape;
  const positions = height * width;
  const turned = new Float32Array(values.length);
  for (let position = 0; position < positions; position++) {
    for (let channel = 0; channel < channels; channel++)
      turned[channel * positions + position] = values[position * channels + channel];
  }
  return turned;
}
