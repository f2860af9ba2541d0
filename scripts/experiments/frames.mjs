// Frames of refined phase on a moving digit: what a frame costs that begins with the state of the last one, beside a
// fresh run of the same frame.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inRoot } from "../toolchain.mjs";
import { folder } from "./runs.mjs";
import { ahead, laziness, refined } from "./series.mjs";
import { compact, percent, table } from "./tables.mjs";

const record = join(folder, "frames.json");
const models = ["mnist-mlp", "mnist-cnn"];
const [digits, side, reach] = [50, 28, 4];
const quanta = [128, 16, 4, 1];

export const readFrames = () => (existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : null);

/** Measures and keeps it; the images are the first of models/mnist-500-images-idx3-ubyte.gz. */
export async function measureFrames() {
  const llif = await import("../../dist/node.js");
  const { data } = llif.readIdx(readFileSync(inRoot("models", "mnist-500-images-idx3-ubyte.gz")));
  const rows = [];
  for (const model of models) {
    const network = await llif.readLlif(converted(model));
    const simulator = await llif.createSimulator(network);
    const twin = await llif.createTwinPass(network, { keep: "all" });
    const moving = Array.from({ length: digits }, (_, index) =>
      drifting(data.subarray(index * side ** 2, (index + 1) * side ** 2)),
    );
    rows.push({ model, quantum: null, ...fresh(simulator, moving) });
    for (const quantum of quanta) rows.push({ model, quantum, ...following(simulator, twin, moving, quantum) });
    simulator.dispose();
    twin.dispose();
  }
  writeFileSync(record, `${JSON.stringify({ digits, frames: 2 * reach + 1, laziness, ahead, rows }, null, 1)}\n`);
}

/** The network as `llif convert` makes it, with its scales from the training images. */
function converted(model) {
  const temporary = mkdtempSync(join(tmpdir(), "llif-frames-"));
  try {
    const file = join(temporary, `${model}.llif`);
    const words = ["convert", inRoot("models", `${model}.onnx`), "-o", file, "--calibration", "mnist"];
    const code = refined(8, laziness, ahead).map(String);
    const child = spawnSync(process.execPath, [inRoot("dist", "cli.js"), ...words, ...code], { stdio: "inherit" });
    if (child.status !== 0) throw new Error(`llif convert ${model}: exit code ${child.status}`);
    return new Uint8Array(readFileSync(file));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** The digit moves over the canvas by a pixel a frame, from left of its place to right of it. */
function drifting(image) {
  return Array.from({ length: 2 * reach + 1 }, (_, frame) => {
    const shift = frame - reach;
    return Uint8Array.from(image, (_, index) => {
      const column = (index % side) - shift;
      return column < 0 || column >= side ? 0 : image[index - shift];
    });
  });
}

const added = (costs, { statistics }) => ({
  spikes: costs.spikes + statistics.spikes,
  synapticOperations: costs.synapticOperations + statistics.synapticOperations,
});

/** Per frame, without the first of each digit, which is fresh in any case. */
function fresh(simulator, moving) {
  const frames = moving.flatMap((list) => list.slice(1));
  const sum = frames.reduce((costs, frame) => added(costs, simulator.run(frame)), {
    spikes: 0,
    synapticOperations: 0,
  });
  return perFrame(sum, frames.length, { ticks: simulator.network.windowTicks, twinMismatches: null });
}

function following(simulator, twin, moving, quantum) {
  const firstTick = simulator.network.code.quanta.indexOf(quantum);
  let [costs, frames, twinMismatches] = [{ spikes: 0, synapticOperations: 0 }, 0, 0];
  for (const list of moving) {
    let counts = simulator.run(list[0]).counts;
    for (const frame of list.slice(1)) {
      const result = simulator.run(frame, { keepState: true, firstTick });
      counts = joined(counts, result.counts);
      twinMismatches += mismatches(twin.run(frame, 1), { counts, charges: result.charges });
      costs = added(costs, result);
      frames++;
    }
  }
  return perFrame(costs, frames, { ticks: simulator.network.windowTicks - firstTick, twinMismatches });
}

const perFrame = ({ spikes, synapticOperations }, frames, more) => ({
  ...more,
  spikesPerFrame: spikes / frames,
  synapticOperationsPerFrame: synapticOperations / frames,
});

/** A frame's counts are what it adds to those of the frames before. */
const joined = (before, next) =>
  Object.fromEntries(
    Object.entries(next).map(([name, list]) => [name, list.map((count, index) => count + before[name][index])]),
  );

function mismatches(expected, got) {
  return ["counts", "charges"].reduce(
    (sum, kind) =>
      Object.entries(expected[kind]).reduce(
        (wrong, [name, list]) => wrong + list.filter((value, index) => value !== got[kind][name][index]).length,
        sum,
      ),
    0,
  );
}

export function framesParts(measured) {
  const freshOf = (wanted) => measured.rows.find(({ model, quantum }) => model === wanted && quantum === null);
  const rows = measured.rows.map(({ model, quantum, ...row }) => {
    const whole = freshOf(model);
    return [
      `${model}, ${quantum === null ? "each frame a fresh run" : `frames begin at quantum ${quantum}`}`,
      String(row.ticks),
      compact(row.spikesPerFrame),
      compact(row.synapticOperationsPerFrame),
      percent(row.synapticOperationsPerFrame / whole.synapticOperationsPerFrame),
      row.twinMismatches === null ? "–" : String(row.twinMismatches),
    ];
  });
  return [
    "## A moving digit, frame by frame",
    `Phase with all layers at once, ${measured.ahead ?? 0} quanta ahead, laziness ${measured.laziness}, under \`keepState\`: each of ${measured.digits} MNIST test digits drifts over its canvas by a pixel a frame, for ${measured.frames} frames. A frame begins with the counts of the last one, at a quantum (of the last layer) that is chosen, and ends at the twin of its own pixels. The figures are means over the frames after the first.`,
    table(
      ["network", "ticks a frame", "spikes", "synaptic operations", "of a fresh run's operations", "twin mismatches"],
      rows,
    ),
    "Where little changes, as behind convolutions, a frame is much cheaper than a fresh run; a dense first layer sees the whole digit change, and gains nothing. A frame that begins at a smaller quantum takes fewer ticks but more spikes, since a change is then sent in small parts; layers near the input are ahead, so their quantum is smaller still, and with `ahead: 0` a short frame costs less.",
    "`node scripts/experiments.mjs run frames` measures it again.",
  ];
}
