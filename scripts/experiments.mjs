// The experiments of docs/results.md. `node scripts/experiments.mjs run spread|cifar10|all [--limit n] [--workers n]` evaluates what is
// missing and writes docs/results/*.json, a manifest for each run beside it; without a word it writes tables and plots anew from these
// files. A run that is there already is kept (delete its file to repeat it), so that an interrupted series goes on. No figure is typed by hand.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { pathToFileURL } from "node:url";
import { inRoot } from "./toolchain.mjs";

const folder = inRoot("docs", "results");
const page = inRoot("docs", "results.md");
const seeds = [1, 2, 3, 4, 5];
const data = (model) => (model.startsWith("fashion") ? "fashion-mnist" : model.startsWith("cifar10") ? "cifar10" : "mnist");

/** Training seeds: models/seeds/mnist-mlp-1.onnx and so on, where they have been trained. */
function trainedSeeds() {
  const seeded = inRoot("models", "seeds");
  return existsSync(seeded) ? readdirSync(seeded).filter((name) => name.endsWith(".onnx")).sort() : [];
}

/** Each: a name, by which its file goes, and the words of llif evaluate. */
export const series = {
  spread: () => [
    ...["mnist-8", "mnist-mlp", "mnist-cnn", "fashion-cnn"].flatMap((model) => [
      ...seeds.map((seed) => run(`spread-${model}-calibration-${seed}`, model, ["--bits", "8", "--seed", seed])),
      ...seeds.map((seed) => run(`spread-${model}-rate-calibration-${seed}`, model, ["--code", "rate", "--ticks", "256", "--seed", seed, "--limit", "1000"])),
    ]),
    ...["mnist-8", "mnist-mlp"].flatMap((model) =>
      seeds.map((seed) => run(`spread-${model}-poisson-${seed}`, model, ["--code", "rate", "--ticks", "256", "--encoding", "poisson", "--poisson-seed", seed, "--limit", "1000"])),
    ),
    ...trainedSeeds().map((file) => run(`spread-training-${file.replace(".onnx", "")}`, `seeds/${file.replace(".onnx", "")}`, ["--bits", "8"])),
  ],
  cifar10: () =>
    ["cifar10-resnet20", "cifar10-vgg"].filter((model) => existsSync(inRoot("models", `${model}.onnx`))).flatMap((model) => {
      const whole = (name, ...words) => run(`${model}-${name}`, model, words);
      const part = (name, ...words) => run(`${model}-${name}`, model, [...words, "--limit", "1000", "--energy"]);
      const ticks = [16, 32, 64, 128, 256, 512, 1024];
      return [
        ...[4, 6, 8, 10, 12].map((bits) => whole(`phase-${bits}`, "--bits", bits)),
        ...[4, 5, 6, 7, 8].map((digits) => whole(`phase-signed-${digits}`, "--spikes", "signed", "--bits", digits)),
        ...[8, 10, 12].map((bits) => whole(`phase-non-adjacent-${bits}`, "--non-adjacent", "--bits", bits)),
        whole("ttfs-8", "--code", "ttfs", "--bits", 8),
        whole("ttfs-real", "--code", "ttfs"),
        ...[4, 6, 8, 10].map((bits) => part(`energy-phase-${bits}`, "--bits", bits)),
        ...[6, 8].map((digits) => part(`energy-phase-signed-${digits}`, "--spikes", "signed", "--bits", digits)),
        part("energy-phase-non-adjacent-8", "--non-adjacent", "--bits", 8),
        part("energy-ttfs-8", "--code", "ttfs", "--bits", 8),
        ...ticks.map((count) => part(`rate-layerwise-${count}`, "--code", "rate", "--schedule", "layerwise", "--ticks", count)),
        ...ticks.map((count) => part(`rate-${count}`, "--code", "rate", "--ticks", count)),
        ...ticks.map((count) => part(`rate-signed-${count}`, "--code", "rate", "--spikes", "signed", "--ticks", count)),
      ];
    }),
};

function run(name, model, words) {
  return { name, words: ["evaluate", `models/${model}.onnx`, "--data", data(model.replace("seeds/", "")), ...words.map(String)] };
}

function evaluateMissing(jobs, extra) {
  mkdirSync(inRoot("docs", "results", "manifests"), { recursive: true });
  const machine = { processor: cpus()[0].model.trim(), cores: cpus().length, node: process.versions.node };
  for (const { name, words } of jobs) {
    const file = `${folder}/${name}.json`;
    if (existsSync(file)) continue;
    const all = [...words, ...extra];
    process.stderr.write(`llif ${all.join(" ")}\n`);
    const child = spawnSync(process.execPath, [inRoot("dist", "cli.js"), ...all, "--manifest", `docs/results/manifests/${name}.json`, "--json"], { cwd: inRoot(), encoding: "utf8", maxBuffer: 2 ** 26, stdio: ["ignore", "pipe", "inherit"] });
    if (child.signal !== null || child.status === 130) process.exit(130);
    // What cannot be run is said in the table, not left out.
    const result = child.status === 0 ? { report: JSON.parse(child.stdout) } : { failed: `exit code ${child.status}` };
    writeFileSync(file, `${JSON.stringify({ command: `llif ${all.join(" ")}`, machine, date: new Date().toISOString().slice(0, 10), ...result }, null, 2)}\n`);
  }
}

const percent = (share) => (share === null ? "–" : `${(100 * share).toFixed(2)} %`);
const compact = (value) => (value === null || value === undefined ? "–" : new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 }).format(value));
const table = (header, rows) => [header, header.map((_, column) => (column === 0 ? "---" : "---:")), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const range = (values) => (Math.min(...values) === Math.max(...values) ? String(values[0]) : `${Math.min(...values)}–${Math.max(...values)}`);

function results(jobs) {
  return jobs.flatMap(({ name }) => (existsSync(`${folder}/${name}.json`) ? [{ name, ...JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8")) }] : []));
}

/** One row for each group of runs that differ in a seed alone. */
export function spreadTable(runs) {
  const groups = Map.groupBy === undefined ? grouped(runs) : Map.groupBy(runs, keyOf);
  const rows = [...groups].map(([key, group]) => {
    const reports = group.flatMap(({ report }) => (report === undefined ? [] : [report]));
    if (reports.length === 0) return [key, String(group.length), "–", "–", "–", "–"];
    const accuracies = reports.map(({ spikingAccuracy }) => spikingAccuracy);
    const mean = accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length;
    const deviation = Math.sqrt(accuracies.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, accuracies.length - 1));
    const relu = [...new Set(reports.map(({ reluAccuracy }) => percent(reluAccuracy)))].join(", ");
    return [key, String(reports.length), compact(reports[0].samples), relu, `${percent(mean)} ± ${(100 * deviation).toFixed(2)}`, range(reports.map(({ disagreements }) => disagreements))];
  });
  return table(["runs that differ in", "runs", "images", "ReLU", "spiking, mean ± standard deviation", "decisions that differ"], rows);
}

const keyOf = ({ name }) => name.replace(/^spread-/, "").replace(/-\d+$/, "");

function grouped(runs) {
  const groups = new Map();
  for (const one of runs) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}

export function codesTable(runs, model) {
  const rows = runs.map(({ name, report }) => {
    const setting = name.replace(`${model}-`, "");
    if (report === undefined) return [setting, ...new Array(8).fill("–"), "not run"];
    const energy = report.energy === undefined ? "–" : `${(report.energy.spiking.picojoules.total / 1e6).toPrecision(3)} (${report.energy.quantized === null ? "–" : (report.energy.quantized.picojoules.total / 1e6).toPrecision(3)}; ${(report.energy.float.picojoules.total / 1e6).toPrecision(3)})`;
    return [setting, compact(report.samples), percent(report.reluAccuracy), percent(report.spikingAccuracy), String(report.disagreements), String(report.twinMismatches ?? "–"), `${report.latencyTicks} (${report.intervalTicks})`, compact(report.spikesPerSample), compact(report.synapticOperationsPerSample), energy];
  });
  return table(["code", "images", "ReLU", "spiking", "decisions that differ", "twin mismatches", "ticks to a decision (an image every)", "spikes", "synaptic operations", "estimated energy, µJ (quantised; float)"], rows);
}

async function draw(model, runs) {
  const points = runs.flatMap(({ name, report }) => {
    if (report === undefined || (name.includes("energy-") && runs.some((other) => other.name === name.replace("energy-", "") && other.report !== undefined))) return [];
    const code = name.replace(`${model}-`, "").replace("energy-", "").replace(/-\d+$/, "");
    return [{ series: code, accuracy: report.spikingAccuracy, reluAccuracy: report.reluAccuracy, disagreement: report.disagreements / report.samples, latencyTicks: report.latencyTicks, spikes: report.spikesPerSample, synapticOperations: report.synapticOperationsPerSample }];
  });
  if (points.length === 0) return null;
  const { sweepPlot } = await import("../dist/plot.js");
  writeFileSync(`${folder}/${model}.svg`, await sweepPlot(points, { title: `${model}: every code` }));
  return `![${model}: accuracy and disagreement against latency, spikes and synaptic operations](results/${model}.svg)`;
}

async function writePage() {
  const parts = [
    "# Results",
    "Written by `node scripts/experiments.mjs`; each run has its report in docs/results and its manifest in docs/results/manifests, which `llif reproduce` checks. Decisions that differ: from those of the float network on the same images. Twin mismatches: spike counts and output charges unlike the quantised network's, over all samples. Energy is an estimate from counted operations (`llif evaluate --help` names its sources), beside that of the quantised network that skips zeros and of the float network; nothing of it was measured.",
  ];
  const spread = results(series.spread());
  if (spread.length > 0) parts.push("## Spread", "Five draws of 1,000 calibration images, five seeds of Poisson input, and training seeds where they were trained.", spreadTable(spread), commandsOf(spread));
  for (const model of ["cifar10-resnet20", "cifar10-vgg"]) {
    const runs = results(series.cifar10()).filter(({ name }) => name.startsWith(model));
    if (runs.length === 0) continue;
    const plot = await draw(model, runs);
    parts.push(`## ${model}`, codesTable(runs, model), ...(plot === null ? [] : [plot]), commandsOf(runs));
  }
  writeFileSync(page, `${parts.join("\n\n")}\n`);
}

function commandsOf(runs) {
  const machines = [...new Set(runs.map(({ machine, date }) => `${machine.processor}, ${machine.cores} cores, Node ${machine.node}, ${date}`))];
  return [`<details><summary>${runs.length} commands</summary>`, "", ...runs.map(({ command, failed }) => `- \`${command}\`${failed === undefined ? "" : ` (${failed})`}`), "", `</details>`, "", `Measured on: ${machines.join("; ")}.`].join("\n");
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [word, which = "all", ...extra] = process.argv.slice(2);
  if (word === "run") {
    const chosen = which === "all" ? Object.values(series) : [series[which]];
    if (chosen.includes(undefined)) throw new Error(`expected one of all, ${Object.keys(series).join(", ")}, got "${which}"`);
    evaluateMissing(chosen.flatMap((jobs) => jobs()), extra);
  } else if (word !== undefined) throw new Error(`expected "run" or nothing, got "${word}"`);
  await writePage();
}
