// `npm start`: sets up, evaluates the shipped MNIST models and writes a report with plots.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { inRoot } from "./toolchain.mjs";
import { reportHtml } from "./report-html.mjs";

const models = ["mnist-8", "mnist-mlp", "mnist-cnn"];
const codes = [
  { name: "phase, 8 bits", code: "phase", flags: ["--code", "phase", "--bits", "8"] },
  { name: "rate, 256 ticks", code: "rate", flags: ["--code", "rate", "--schedule", "synchronous", "--ticks", "256"] },
];
/** Columns: heading in the terminal, heading in the report, cell. */
const columns = [
  ["model", "model", ({ model }) => model],
  ["code", "code", ({ setting }) => setting],
  ["images", "images", ({ samples }) => samples.toLocaleString("en-US")],
  ["ReLU", "ReLU accuracy", ({ reluAccuracy }) => percent(reluAccuracy)],
  ["spiking", "spiking accuracy", ({ spikingAccuracy }) => percent(spikingAccuracy)],
  ["disagree", "disagree", ({ disagreements }) => String(disagreements)],
  ["≠ twin", "twin mismatches", ({ twinMismatches }) => (twinMismatches === null ? "–" : String(twinMismatches))],
  ["ticks", "latency, ticks", ({ latencyTicks }) => String(latencyTicks)],
  ["spikes", "spikes", ({ spikesPerSample }) => compact(spikesPerSample)],
  ["operations", "synaptic operations", ({ synapticOperationsPerSample }) => compact(synapticOperationsPerSample)],
  ["seconds", "simulation, s", ({ seconds }) => seconds.toFixed(2)],
  ["ReLU, s", "ReLU network, s", ({ reluSeconds }) => reluSeconds.toFixed(2)],
];
const legend = `disagree: images on which the two decide differently. ≠ twin: spike counts and logits that differ from the quantised network.
ticks: from the first input to the decision, one image alone. spikes, operations (synaptic): of one image. seconds: of all images.`;
const folder = inRoot(".cache", "report");

const percent = (share) => `${(100 * share).toFixed(2)} %`;
const compact = (value) =>
  new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
const say = (line) => process.stderr.write(`${line}\n`);

/** `--limit n`: fewer images, for a quick run. */
function limitOf(words) {
  const at = words.indexOf("--limit");
  if (words.length === 0) return undefined;
  const limit = Number(words[at + 1]);
  if (words.length === 2 && at === 0 && Number.isInteger(limit) && limit > 0) return limit;
  throw new Error(`expected nothing, or --limit and a number of images, got "${words.join(" ")}"`);
}

/** Runs one llif command and shows its progress and warnings. */
function llif(...words) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [inRoot("dist", "cli.js"), ...words], {
      cwd: inRoot(),
      stdio: ["inherit", "pipe", "inherit"],
    });
    const chunks = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0
        ? resolve(Buffer.concat(chunks).toString())
        : reject(
            Object.assign(new Error(`llif ${words.join(" ")} ended with exit code ${code}`), { exitCode: code ?? 1 }),
          ),
    );
  });
}

/** Images per job: fewer without WebAssembly SIMD, where the reference engine would take an hour. */
async function limits() {
  const chosen = limitOf(process.argv.slice(2));
  if (chosen !== undefined) {
    const flag = (most) => ["--limit", String(Math.min(chosen, most))];
    return { phase: flag(10_000), rate: flag(1000), sweep: flag(200) };
  }
  const { resolveEngine } = await import("../dist/node.js");
  const slow = resolveEngine().name === "reference";
  if (slow) say("No WebAssembly engine here: the reference engine evaluates fewer images.");
  return slow
    ? { phase: ["--limit", "200"], rate: ["--limit", "20"], sweep: ["--limit", "10"] }
    : { phase: [], rate: ["--limit", "1000"], sweep: ["--limit", "200"] };
}

/**
 * Evaluates two models at a time, the longest first, in one thread each. Rows are in the order of `codes` and `models`.
 */
async function evaluateAll(limit) {
  const jobs = codes.flatMap((code) => models.map((model) => ({ ...code, model })));
  const rows = new Array(jobs.length);
  const waiting = [...jobs.keys()].reverse();
  const work = async () => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      const { name, code, flags, model } = jobs[index];
      say(`${model}, ${name} …`);
      const report = JSON.parse(
        await llif("evaluate", `models/${model}.onnx`, "--data", "mnist", ...flags, ...limit[code], "--json"),
      );
      rows[index] = { ...report, setting: name };
    }
  };
  await Promise.all([work(), work()]);
  return rows;
}

/** Each plot as SVG text, in the order of the report. */
async function drawPlots(limit) {
  const { readIdx, writeNpy } = await import("../dist/node.js");
  const images = readIdx(readFileSync(inRoot("models", "mnist-500-images-idx3-ubyte.gz")));
  const digit = `${folder}/digit.npy`;
  writeFileSync(digit, writeNpy({ shape: [28, 28, 1], data: images.data.slice(0, 784) }));
  const jobs = [
    ["raster", ["run", "models/mnist-cnn.onnx", "--input", digit, "--calibration", "mnist"]],
    [
      "raster-rate",
      ["run", "models/mnist-8.onnx", "--input", digit, "--calibration", "mnist", "--code", "rate", "--ticks", "64"],
    ],
    ["curve-constant", ["curve", "--leak", "constant"]],
    ["curve-ohmic", ["curve", "--leak", "ohmic"]],
    [
      "sweep",
      [
        "sweep",
        "models/mnist-8.onnx",
        "--data",
        "mnist",
        ...limit.sweep,
        "--codes",
        "phase,phase-signed,rate",
        "--ticks",
        "4,8,...,128",
        "--bits",
        "2,3,...,8",
      ],
    ],
  ];
  const plots = {};
  for (const [name, words] of jobs) {
    say(`plot: ${name} …`);
    await llif(...words, "--plot", `${folder}/${name}.svg`);
    plots[name] = readFileSync(`${folder}/${name}.svg`, "utf8");
  }
  say("plot: trace …");
  plots.trace = await drawTraces();
  writeFileSync(`${folder}/trace.svg`, plots.trace);
  return plots;
}

/** Traces of two neurons with the same input: constant leak and ohmic leak. */
async function drawTraces() {
  const { createSimulator, encodePoisson, spikingNetwork } = await import("../dist/node.js");
  const { tracePlot } = await import("../dist/plot.js");
  const [inputs, ticks] = [40, 120];
  const weights = [Array.from({ length: inputs }, (_, input) => (input % 4 === 0 ? -0.06 : 0.1))];
  const spikes = encodePoisson(new Float32Array(inputs).fill(0.1), ticks, 3);
  const leaks = [
    ["constant leak", { kind: "constant", chargePerTick: 0.06 }],
    ["ohmic leak", { kind: "ohmic", timeConstantTicks: 10 }],
  ];
  const traces = [];
  for (const [name, leak] of leaks) {
    const network = spikingNetwork({ inputs: [inputs], ticks })
      .population({ weights, threshold: 1, leak, name: "neuron" })
      .build();
    const simulator = await createSimulator(network, { record: { spikes: ["neuron"], potentials: { neuron: [0] } } });
    const result = simulator.run({ spikes });
    simulator.dispose();
    traces.push({ name, potentials: result.potentials.neuron, threshold: 1, spikeTicks: result.spikes.neuron.ticks });
  }
  return tracePlot(traces, { title: "Membrane potential after each tick; ▲ a spike", chargeUnit: "thresholds" });
}

function textTable(cells) {
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells
    .map((row) =>
      row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join("  "),
    )
    .join("\n");
}

const start = performance.now();
mkdirSync(folder, { recursive: true });
try {
  const limit = await limits();
  const rows = await evaluateAll(limit);
  const shown = rows.map((row) => columns.map(([, , show]) => show(row)));
  process.stdout.write(`\n${textTable([columns.map(([short]) => short), ...shown])}\n\n${legend}\n`);
  // A quick run, as in the tests, does not overwrite the report of a whole run.
  const file = limitOf(process.argv.slice(2)) === undefined ? inRoot("llif-report.html") : `${folder}/llif-report.html`;
  const plots = await drawPlots(limit);
  writeFileSync(
    file,
    reportHtml({ cells: [columns.map(([, long]) => long), ...shown], plots, node: process.versions.node }),
  );
  process.stdout.write(
    `Report: ${relative(process.cwd(), file) || file} (whole run: ${((performance.now() - start) / 1000).toFixed(0)} s)\n`,
  );
} catch (error) {
  say(`npm start: ${error.message}`);
  process.exitCode = error.exitCode ?? 1;
}
