// Writes the tables of README.md from committed results. `node scripts/results.mjs measure` first evaluates the shipped
// models on their whole test sets where docs/results/accuracy.json has no run yet. No figure is typed by hand.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { pathToFileURL } from "node:url";
import { ahead, laziness, refined } from "./experiments/series.mjs";
import { inRoot } from "./toolchain.mjs";

const accuracyFile = inRoot("docs", "results", "accuracy.json");
const speedFile = inRoot("bench", "results", "latest.json");
const readme = inRoot("README.md");

/** The smallest first. */
const models = [
  ["mnist-8", "mnist"],
  ["mnist-mlp", "mnist"],
  ["mnist-cnn", "mnist"],
  ["fashion-cnn", "fashion-mnist"],
];
const settings = [
  ["--bits", "8"],
  ["--bits", "10"],
  refined(8, laziness, ahead).map(String),
  ["--code", "rate", "--ticks", "256", "--limit", "1000"],
];

/** Equal quanta in all layers, for docs/results.md. */
const controlSettings = [refined(8, laziness, 0).map(String)];

const percent = (share) => `${(100 * share).toFixed(2)} %`;
const compact = (value) =>
  new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
const grouped = (value) => value.toLocaleString("en-US");

/** Runs the missing evaluations one after the other, each in one thread. */
function measure() {
  const kept = existsSync(accuracyFile) ? JSON.parse(readFileSync(accuracyFile, "utf8")) : { runs: [] };
  const known = [...kept.runs, ...(kept.controls ?? [])];
  const evaluated = (wanted) =>
    models.flatMap(([model, data]) =>
      wanted.map((setting) => {
        const words = ["evaluate", `models/${model}.onnx`, "--data", data, ...setting];
        const command = `llif ${words.join(" ")}`;
        return known.find((run) => run.command === command) ?? { command, report: evaluate(words) };
      }),
    );
  const [runs, controls] = [evaluated(settings), evaluated(controlSettings)];
  mkdirSync(inRoot("docs", "results"), { recursive: true });
  const machine = {
    processor: cpus()[0].model.trim(),
    cores: cpus().length,
    node: process.versions.node,
    date: new Date().toISOString().slice(0, 10),
  };
  writeFileSync(accuracyFile, `${JSON.stringify({ machine, runs, controls }, null, 2)}\n`);
}

function evaluate(words) {
  process.stderr.write(`llif ${words.join(" ")}\n`);
  const child = spawnSync(process.execPath, [inRoot("dist", "cli.js"), ...words, "--json"], {
    cwd: inRoot(),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.status !== 0) process.exit(child.status ?? 1);
  return JSON.parse(child.stdout);
}

function markdown(header, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, column) => (column === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

export function accuracyTable({ machine, runs }) {
  const header = [
    "model, code",
    "images",
    "ReLU",
    "spiking",
    "decisions that differ",
    "twin mismatches",
    "ticks to a decision",
    "spikes an image",
    "synaptic operations an image",
  ];
  const rows = runs.map(({ report }) => [
    `${report.model}, ${report.code === "phase" ? `phase, ${report.schedule === "synchronous" ? "all layers at once, " : ""}${report.windowTicks} bits` : `rate, ${report.windowTicks} ticks`}`,
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

/**
 * A row per network and code: other programs' time divided by llif's in the same run. docs/performance.md has all other
 * cases. SpikingJelly runs at its best batch: in `rate` with the same ticks, otherwise until a decision is as accurate
 * as the float network's.
 */
export function speedTable(rows) {
  const of = (suite, name, contender) =>
    rows.find((row) => row.suite === suite && row.case === name && contender.test(row.contender));
  const times = (row) => (row === undefined ? "" : `${row.ratio.toPrecision(3)}×`);
  const spikingJelly = (name) => {
    const model = name.replace(/-(ttfs|rate-t32)$/, "");
    const suite = name.endsWith("-rate-t32") ? model : `${model}-decision`;
    const base = rows.find((row) => row.suite === "peers" && row.case === suite && row.ratio === 1);
    if (base === undefined || (suite !== model && !base.contender.endsWith(name.endsWith("-ttfs") ? "ttfs" : "phase")))
      return undefined;
    return rows
      .filter((row) => row.suite === "peers" && row.case === suite && /^spikingjelly.*, 1 thread$/.test(row.contender))
      .sort((a, b) => a.ratio - b.ratio)[0];
  };
  const names = [
    ...new Set(rows.filter((row) => ["reference", "native", "dnn"].includes(row.suite)).map((row) => row.case)),
  ].filter(
    (name) => /^(mnist|cifar10|resnet)[a-z0-9-]*?(-ttfs|-rate-t32)?$/.test(name) && !/-rate-(?!t32$)/.test(name),
  );
  if (names.length === 0) return "Not measured yet: `npm run bench`.";
  const coded = (name) => (name.endsWith("-rate-t32") ? "rate, 32 ticks" : name.endsWith("-ttfs") ? "ttfs" : "phase");
  const order = (name) =>
    ["mnist-mlp", "mnist-cnn", "cifar10-vgg", "cifar10-resnet20", "resnet50"].indexOf(
      name.replace(/-(ttfs|rate-t32)$/, ""),
    );
  const body = names
    .sort((a, b) => order(a) - order(b))
    .map((name) => {
      const ours = of("dnn", name, /^wasm$/) ?? of("reference", name, /^wasm$/) ?? of("native", name, /^wasm$/);
      return [
        `${name.replace(/-(ttfs|rate-t32)$/, "")}, ${coded(name)}`,
        ours === undefined ? "" : `${Number(ours.medianMs.toPrecision(3))} ms`,
        times(of("reference", name, /^reference$/)),
        times(of("native", name, /^native-128$/)),
        times(of("dnn", name, /^onnxruntime-web$/)),
        times(spikingJelly(name)),
      ];
    });
  return markdown(
    [
      "network, code",
      "ours, an image",
      "plain TypeScript",
      "the core natively, 128 bits",
      "onnxruntime-web, the ReLU network",
      "SpikingJelly, best batch",
    ],
    body,
  );
}

/** The text of README.md with its tables made from the committed results. */
export function withTables(text) {
  const accuracy = existsSync(accuracyFile)
    ? accuracyTable(JSON.parse(readFileSync(accuracyFile, "utf8")))
    : "Not measured yet: `node scripts/results.mjs measure`.";
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
