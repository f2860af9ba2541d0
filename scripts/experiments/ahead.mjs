// How the defaults of refined phase were chosen: quanta, quanta ahead and laziness, on training images that the scales
// are not from.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { inRoot } from "../toolchain.mjs";
import { folder } from "./runs.mjs";
import { ahead, laziness, refined } from "./series.mjs";
import { compact, grouped, table } from "./tables.mjs";

const record = join(folder, "ahead.json");
const from = 2000;
const bitwise = "128,64,32,16,8,4,2,1";
const networks = [
  {
    model: "cifar10-resnet20",
    words: "ResNet-20",
    data: "cifar10",
    files: ["train-images.idx", "train-labels.idx"],
    images: 100,
  },
  { model: "cifar10-vgg", words: "VGG", data: "cifar10", files: ["train-images.idx", "train-labels.idx"], images: 60 },
  {
    model: "mnist-cnn",
    words: "MNIST CNN",
    data: "mnist",
    files: ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
    images: 300,
  },
];
/** [quanta, quanta ahead, laziness] */
const tried = [
  [bitwise, 0, laziness],
  [bitwise, 0, 0.5],
  ...[laziness, 0.6, 0.5].map((lazy) => [bitwise, ahead, lazy]),
  ...[laziness, 0.6, 0.5].map((lazy) => [bitwise, 3, lazy]),
  [bitwise, 3.5, 0.5],
  [bitwise, 4, 0.5],
  ["64,16,4,1", 1.5, 0.5],
  ["64,16,4,1", ahead, laziness],
  ["16,4,1", 0, laziness],
  ["16,4,1", 0.5, 0.5],
  ["16,4,1", ahead, laziness],
];

/** Operations of the shipped models on their test sets: 2 ahead, and equal quanta. */
function shippedWords() {
  const { runs, controls } = JSON.parse(readFileSync(join(folder, "accuracy.json"), "utf8"));
  return controls.flatMap(({ report }) => {
    const own = runs.find(
      (run) =>
        run.report.model === report.model && run.report.schedule === "synchronous" && run.report.code === "phase",
    ).report;
    const more = Math.round(100 * (own.synapticOperationsPerSample / report.synapticOperationsPerSample - 1));
    return `${report.model} ${compact(own.synapticOperationsPerSample)} against ${compact(report.synapticOperationsPerSample)} (${more < 0 ? "−" : more > 0 ? "+" : ""}${Math.abs(more)} %)`;
  });
}

export const readAhead = () => (existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : null);

/** Measures and keeps it; the training images are those that `llif evaluate` has fetched. */
export async function measureAhead() {
  const llif = await import("../../dist/node.js");
  const temporary = mkdtempSync(join(tmpdir(), "llif-ahead-"));
  try {
    const rows = [];
    for (const network of networks) {
      const images = join(temporary, `${network.model}-images-idx3`);
      [images, images.replace("images-idx3", "labels-idx1")].forEach((path, index) =>
        writeFileSync(path, part(llif, network, network.files[index])),
      );
      for (const [quanta, skipped, lazy] of tried) rows.push(measured(network, images, quanta, skipped, lazy));
    }
    writeFileSync(
      record,
      `{\n"from": ${from},\n"rows": [\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]\n}\n`,
    );
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function part({ readIdx, writeIdx }, { data, images }, file) {
  const cache = process.env.LLIF_CACHE || join(homedir(), ".cache", "llif");
  const all = readIdx(readFileSync(join(cache, "datasets", data, file)));
  const size = all.data.length / all.shape[0];
  return writeIdx({
    shape: [images, ...all.shape.slice(1)],
    data: all.data.slice(from * size, (from + images) * size),
  });
}

function measured({ model, data }, images, quanta, skipped, lazy) {
  const words = ["evaluate", `models/${model}.onnx`, "--data", images, "--calibration", data, "--workers", 1];
  const code = [...refined(8, lazy, skipped), "--quanta", quanta, "--json"];
  process.stderr.write(`${model}: ${quanta}, ${skipped} ahead, laziness ${lazy}\n`);
  const child = spawnSync(process.execPath, [inRoot("dist", "cli.js"), ...[...words, ...code].map(String)], {
    cwd: inRoot(),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.status !== 0) throw new Error(`llif evaluate ${model}: exit code ${child.status}`);
  const { samples, perTick, twinMismatches, spikesPerSample, synapticOperationsPerSample } = JSON.parse(child.stdout);
  const disagreements = perTick.map((read) => read.disagreements);
  return {
    model,
    quanta,
    ahead: skipped,
    lazy,
    samples,
    disagreements,
    twinMismatches,
    spikesPerSample,
    synapticOperationsPerSample,
  };
}

export function aheadParts({ rows }) {
  const samplesOf = (wanted) => rows.find(({ model }) => model === wanted).samples;
  const lines = tried.map(([quanta, skipped, lazy]) => [
    quanta === bitwise ? "powers of two" : quanta,
    String(skipped),
    lazy === 0.5 ? "none" : String(lazy),
    ...networks.flatMap(({ model }) => {
      const row = rows.find(
        (one) => one.model === model && one.quanta === quanta && one.ahead === skipped && one.lazy === lazy,
      );
      return [row.disagreements.join(" "), compact(row.synapticOperationsPerSample)];
    }),
  ]);
  const mismatches = rows.reduce((sum, { twinMismatches }) => sum + twinMismatches, 0);
  const operationsOf = (wanted, skipped) =>
    rows.find(({ model, quanta, ahead: one }) => model === wanted && quanta === "16,4,1" && one === skipped)
      .synapticOperationsPerSample;
  const times = networks.map(({ model }) => operationsOf(model, ahead) / operationsOf(model, 0));
  return [
    "### How the defaults were chosen",
    `On training images from number ${grouped(from)} on, which the scales are not from: ${networks.map(({ model, words }) => `${samplesOf(model)} for the ${words}`).join(", ")}. For each network: decisions that differ after each tick, and synaptic operations of the whole run. Twin mismatches after the last tick, over all of them: ${mismatches}. The default, ${ahead} quanta ahead with laziness ${laziness}, takes no more operations than equal quanta (0 ahead) on any of the three, with about as few decisions that differ after each tick, or fewer. More quanta ahead save more on the CIFAR-10 networks and cost more on the MNIST CNN. Quanta that are given (\`--quanta\`) have 0 ahead unless told otherwise: 16,4,1 with ${ahead} ahead take ${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)} times the operations. The default was picked on these images before any test image was run. On whole test sets it takes more operations than equal quanta where a network is small and saves them where it is deep: ${shippedWords().join(", ")}, with the same decisions after the last tick.`,
    table(
      ["quanta", "ahead", "laziness", ...networks.flatMap(({ words }) => [`${words}: differ`, "operations"])],
      lines,
    ),
    "`node scripts/experiments.mjs run ahead` measures it again.",
  ];
}
