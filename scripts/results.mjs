// The figures of README.md. `node scripts/results.mjs measure` evaluates the shipped models on their whole test sets and writes
// docs/results/accuracy.json; without a word it writes the tables of README.md anew from committed results. No figure is typed by hand.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { pathToFileURL } from "node:url";
import { inRoot } from "./toolchain.mjs";

const accuracyFile = inRoot("docs", "results", "accuracy.json");
const speedFile = inRoot("bench", "results", "latest.json");
const readme = inRoot("README.md");

/** Smallest first. */
const models = [
  ["mnist-8", "mnist"],
  ["mnist-mlp", "mnist"],
  ["mnist-cnn", "mnist"],
  ["fashion-cnn", "fashion-mnist"],
];
const settings = [["--bits", "8"], ["--bits", "10"], ["--code", "rate", "--ticks", "256", "--limit", "1000"]];

const percent = (share) => `${(100 * share).toFixed(2)} %`;
const compact = (value) => new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
const grouped = (value) => value.toLocaleString("en-US");

/** Runs each evaluation alone, one thread each. */
function measure() {
  const runs = [];
  for (const [model, data] of models) {
    for (const setting of settings) {
      const words = ["evaluate", `models/${model}.onnx`, "--data", data, ...setting];
      process.stderr.write(`llif ${words.join(" ")}\n`);
      const child = spawnSync(process.execPath, [inRoot("dist", "cli.js"), ...words, "--json"], { cwd: inRoot(), encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
      if (child.status !== 0) process.exit(child.status ?? 1);
      runs.push({ command: `llif ${words.join(" ")}`, report: JSON.parse(child.stdout) });
    }
  }
  mkdirSync(inRoot("docs", "results"), { recursive: true });
  const machine = { processor: cpus()[0].model.trim(), cores: cpus().length, node: process.versions.node, date: new Date().toISOString().slice(0, 10) };
  writeFileSync(accuracyFile, `${JSON.stringify({ machine, runs }, null, 2)}\n`);
}

function markdown(header, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, column) => (column === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

export function accuracyTable({ machine, runs }) {
  const header = ["model, code", "images", "ReLU", "spiking", "decisions that differ", "twin mismatches", "ticks to a decision", "spikes an image", "synaptic operations an image"];
  const rows = runs.map(({ report }) => [
    `${report.model}, ${report.code === "phase" ? `phase, ${report.windowTicks} bits` : `rate, ${report.windowTicks} ticks`}`,
    grouped(report.samples),
    percent(report.reluAccuracy),
    percent(report.spikingAccuracy),
    String(report.disagreements),
    report.twinMismatches === null ? "–" : String(report.twinMismatches),
    String(report.latencyTicks),
    compact(report.spikesPerSample),
    compact(report.synapticOperationsPerSample),
  ]);
  return `${markdown(header, rows)}\n\n\`node scripts/results.mjs measure\`, ${machine.date}.`;
}

/** Rows of whole networks; the other cases are in docs of the benchmark. */
export function speedTable(rows) {
  const networks = rows.filter((row) => /^(mnist|cifar10|resnet)/.test(row.case) && row.contender !== "wasm" && ["reference", "native", "dnn"].includes(row.suite));
  if (networks.length === 0) return "Not measured yet: `npm run bench`.";
  return markdown(["case", "against", "theirs, ms", "ratio"], networks.map((row) => [row.case, `${row.contender} (${row.suite})`, String(row.medianMs), `${row.ratio.toPrecision(3)}×`]));
}

/** README.md with its generated parts as the committed results have them. */
export function withTables(text) {
  const accuracy = existsSync(accuracyFile) ? accuracyTable(JSON.parse(readFileSync(accuracyFile, "utf8"))) : "Not measured yet: `node scripts/results.mjs measure`.";
  const speed = speedTable(existsSync(speedFile) ? JSON.parse(readFileSync(speedFile, "utf8")) : []);
  return replaced(replaced(text, "accuracy", accuracy), "speed", speed);
}

function replaced(text, name, table) {
  const pattern = new RegExp(`(<!-- ${name}: scripts/results\\.mjs -->\\n)[^]*?(<!-- end -->)`);
  if (!pattern.test(text)) throw new Error(`README.md: expected the marks of the table "${name}"`);
  return text.replace(pattern, (_, start, end) => `${start}${table}\n${end}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (process.argv[2] === "measure") measure();
  writeFileSync(readme, withTables(readFileSync(readme, "utf8")));
}
