// The main job, run by `npm start` after set-up: evaluates the shipped MNIST models and writes a report.
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
const columns = [
  ["model", ({ model }) => model],
  ["code", ({ setting }) => setting],
  ["images", ({ samples }) => samples.toLocaleString("en-US")],
  ["ReLU", ({ reluAccuracy }) => percent(reluAccuracy)],
  ["spiking", ({ spikingAccuracy }) => percent(spikingAccuracy)],
  ["disagree", ({ disagreements }) => String(disagreements)],
  ["twin mismatches", ({ twinMismatches }) => (twinMismatches === null ? "–" : String(twinMismatches))],
  ["latency, ticks", ({ latencyTicks }) => String(latencyTicks)],
  ["spikes", ({ spikesPerSample }) => compact(spikesPerSample)],
  ["synaptic operations", ({ synapticOperationsPerSample }) => compact(synapticOperationsPerSample)],
  ["simulation, s", ({ seconds }) => seconds.toFixed(2)],
  ["ReLU, s", ({ reluSeconds }) => reluSeconds.toFixed(2)],
];
const folder = inRoot(".cache", "report");

const percent = (share) => `${(100 * share).toFixed(2)} %`;
const compact = (value) => new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
const say = (line) => process.stderr.write(`${line}\n`);

/** Runs one llif command; its progress and warnings pass through. */
function llif(...words) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [inRoot("dist", "cli.js"), ...words], { cwd: inRoot(), stdio: ["inherit", "pipe", "inherit"] });
    const chunks = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(Buffer.concat(chunks).toString()) : reject(Object.assign(new Error(`llif ${words.join(" ")} ended with exit code ${code}`), { exitCode: code ?? 1 }))));
  });
}

/** Images by job. Without SIMD only the reference engine runs: it would take an hour, so fewer images must do, and the table says how many. */
async function limits() {
  const { resolveEngine } = await import("../dist/node.js");
  const slow = resolveEngine().name === "reference";
  if (slow) say("No WebAssembly engine here: the reference engine evaluates fewer images.");
  return slow ? { phase: ["--limit", "200"], rate: ["--limit", "20"], sweep: ["--limit", "10"] } : { phase: [], rate: ["--limit", "1000"], sweep: ["--limit", "200"] };
}

/** Two at a time, the longest first: each evaluation has one thread. Rows come in the order of `codes` and `models`. */
async function evaluateAll(limit) {
  const jobs = codes.flatMap((code) => models.map((model) => ({ ...code, model })));
  const rows = new Array(jobs.length);
  const waiting = [...jobs.keys()].reverse();
  const work = async () => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      const { name, code, flags, model } = jobs[index];
      say(`${model}, ${name} …`);
      const report = JSON.parse(await llif("evaluate", `models/${model}.onnx`, "--data", "mnist", ...flags, ...limit[code], "--json"));
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
    ["raster-rate", ["run", "models/mnist-8.onnx", "--input", digit, "--calibration", "mnist", "--code", "rate", "--ticks", "64"]],
    ["curve-constant", ["curve", "--leak", "constant"]],
    ["curve-ohmic", ["curve", "--leak", "ohmic"]],
    ["sweep", ["sweep", "models/mnist-8.onnx", "--data", "mnist", ...limit.sweep, "--ticks", "4,8,...,128", "--bits", "2,3,...,8"]],
  ];
  const plots = {};
  for (const [name, words] of jobs) {
    say(`plot: ${name} …`);
    await llif(...words, "--plot", `${folder}/${name}.svg`);
    plots[name] = readFileSync(`${folder}/${name}.svg`, "utf8");
  }
  return plots;
}

function textTable(cells) {
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row) => row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join("  ")).join("\n");
}

const start = performance.now();
mkdirSync(folder, { recursive: true });
try {
  const limit = await limits();
  const rows = await evaluateAll(limit);
  const cells = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, show]) => show(row)))];
  process.stdout.write(`\n${textTable(cells)}\n\nLatency: ticks from the first input to the decision, one image alone. Spikes and synaptic operations: of one image.\n`);
  const file = inRoot("llif-report.html");
  const plots = await drawPlots(limit);
  writeFileSync(file, reportHtml({ cells, plots, node: process.versions.node }));
  process.stdout.write(`Report: ${relative(process.cwd(), file) || file} (whole run: ${((performance.now() - start) / 1000).toFixed(0)} s)\n`);
} catch (error) {
  say(`npm start: ${error.message}`);
  process.exitCode = error.exitCode ?? 1;
}
