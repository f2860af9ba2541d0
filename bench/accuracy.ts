// Test images and the float network's own accuracy, against which simulators of suite `peers` are judged.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  argmax,
  createFloatPass,
  loadModel,
  sample,
  slice,
  writeNpz,
  type ReluNetwork,
  type Simulator,
} from "../ts/index.ts";
import { loadImages, type ModelSpec } from "./models.ts";
import { cacheFolder, inRoot } from "./paths.ts";

export interface EvaluationImages {
  /** Path of an .npz file with values and labels. */
  readonly file: string;
  readonly count: number;
  /** Correct decisions of the float network. */
  readonly floatCorrect: number;
  correct(simulator: Simulator): number;
}

const opened = new Map<string, Promise<EvaluationImages>>();

/** The first test images: enough to see half a percentage point; fewer in a quick run. */
export function evaluationImages(spec: ModelSpec, quick: boolean): Promise<EvaluationImages> {
  const known = opened.get(spec.name);
  if (known !== undefined) return known;
  const small = spec.data === "mnist";
  const loading = load(spec, quick ? (small ? 500 : 100) : small ? 1000 : 250);
  opened.set(spec.name, loading);
  return loading;
}

async function load(spec: ModelSpec, count: number): Promise<EvaluationImages> {
  const relu = (await loadModel(inRoot("models", `${spec.name}.onnx`))) as ReluNetwork;
  const all = await loadImages(spec, relu, "test");
  const data = slice(all, 0, count);
  const labels = Array.from({ length: data.count }, (_, index) => data.labels?.[index] ?? -1);
  mkdirSync(cacheFolder, { recursive: true });
  const file = join(cacheFolder, `${spec.name}-images.npz`);
  writeFileSync(
    file,
    writeNpz([
      ["values", { shape: [data.count, data.images.length / data.count], data: data.images.slice() }],
      ["labels", { shape: [data.count], data: Int32Array.from(labels) }],
    ]),
  );
  const pass = await createFloatPass(relu);
  const logits = pass.run(data.images, data.count).outputs[relu.outputs[0]];
  pass.dispose();
  const outputs = logits.length / data.count;
  const floatCorrect = labels.filter(
    (label, index) => argmax(logits.subarray(index * outputs, (index + 1) * outputs)) === label,
  ).length;
  return {
    file,
    count: data.count,
    floatCorrect,
    correct: (simulator) =>
      labels.filter((label, index) => simulator.run(sample(data, index)).top[0].index === label).length,
  };
}
