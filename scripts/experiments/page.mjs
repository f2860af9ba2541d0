// Writes docs/results.md and its plots from docs/results/*.json.
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inRoot } from "../toolchain.mjs";
import { aheadParts, readAhead } from "./ahead.mjs";
import { framesParts, readFrames } from "./frames.mjs";
import { goalsTable } from "./goals.mjs";
import { costPlots } from "./plots.mjs";
import { publishedTable } from "./published.mjs";
import { choicesParts, refinedParts } from "./refined.mjs";
import { folder, readRuns } from "./runs.mjs";
import { networks, series, shownOf } from "./series.mjs";
import { codesTable, energyTable, grouped, percent, spreadTable } from "./tables.mjs";

const introduction = `# Results

Decisions of spiking networks, compared on the same images with the float networks that they were mapped from, without retraining.

\`node scripts/experiments.mjs\` writes this page from the runs in docs/results; \`node scripts/experiments.mjs run all\` first makes the runs that are missing. Each run has
a manifest: hashes of model, data and calibration images, the options, and a digest of every decision and every spike count. \`llif reproduce\` repeats a run and compares:

\`\`\`sh
npx llif reproduce docs/results/spread.json --run mnist-8-calibration-1
\`\`\`

All models use the same defaults: scales from the first 1,000 training images, the largest value of each channel × 1.25. How to read the tables:

- **decisions that differ**: images that the two networks put in different classes, right or wrong; **95 %**: Clopper–Pearson interval of that number.
- **twin mismatches**: spike counts and output charges, over all images and neurons, that differ from the quantised ReLU network (the twin) that the code computes; "–" where a code has no twin.
- **ticks to a decision**: from the first input to the decision, for one image alone. **an image every**: ticks between two images, and between two decisions, when windows are
  pipelined. Where all layers tick at once there are no windows, and an image takes the whole run.
- **spikes**, **synaptic operations**: per image, in the whole network; one spike that reaches one neuron is one synaptic operation (in layerwise rate, the WebAssembly engine makes fewer additions for them: one for each 1 of a binary count).
- Codes (docs/mathematics.md): in *phase* the tick of a spike gives its weight, in *time to first spike* its time gives the value, in *rate* all spikes count alike.`;

const energyWords = (
  energy,
) => `Energy is an **estimate** from counted operations, under NeuroBench's names. Nothing was measured on hardware, and it leaves out ${energy.notIncluded}. It means something only beside two
other networks: the float network, and the K-bit quantised network that makes the same decisions in integers and skips zeros. The first layer takes pixels, so its products are MACs. ${energy.preset}; ${energy.sources.join("; ")}.`;

export async function writePage() {
  const ours = Object.keys(networks);
  for (const name of readdirSync(folder))
    if (name.endsWith(".svg") && ours.some((network) => name.startsWith(network))) rmSync(join(folder, name));
  writeFileSync(inRoot("docs", "results.md"), await pageText((file, svg) => writeFileSync(join(folder, file), svg)));
}

/** @param draw receives each plot, by file name. */
export async function pageText(draw = () => undefined) {
  const measured = Object.entries(networks)
    .map(([name, words]) => [words, series[name](), readRuns(name), name])
    .filter(([, , runs]) => runs.length > 0);
  const parts = [introduction];
  if (measured.length > 0) parts.push("## CIFAR-10", ...cifarSummary(measured));
  for (const [words, jobs, runs, name] of measured) parts.push(...(await networkParts(words, jobs, runs, name, draw)));
  if (measured.length > 0) parts.push("## Rate codes compared with published ones", publishedTable(measured));
  const mnist = readRuns("mnist-cnn");
  if (mnist.length > 0) parts.push("## MNIST CNN", ...mnistParts(series["mnist-cnn"](), mnist));
  const choices = readRuns("choices");
  if (choices.length > 0)
    parts.push(...choicesParts(series.choices(), choices), commandsOf("choices", series.choices(), choices));
  const ahead = readAhead();
  if (ahead !== null) parts.push(...aheadParts(ahead));
  const frames = readFrames();
  if (frames !== null) parts.push(...framesParts(frames));
  const spread = readRuns("spread");
  if (spread.length > 0) {
    parts.push(
      "## Spread",
      "How much results depend on chance: five random choices of 1,000 calibration images from all training images, five seeds of Poisson input, three trainings (the first is the shipped model). Mean ± standard deviation over the runs.",
      spreadTable(series.spread(), spread),
      commandsOf("spread", series.spread(), spread),
    );
  }
  return `${parts.join("\n\n")}\n`;
}

function cifarSummary(measured) {
  const trained = measured.map(([words, , runs]) => {
    const report = runs.find(({ manifest }) => manifest?.report.samples === 10000)?.manifest.report;
    return report === undefined
      ? words
      : `the ${words} classifies ${percent(report.reluAccuracy)} of the test images correctly`;
  });
  return [
    `Both networks were trained with models/train as ordinary float networks: ${trained.join(", ")}. The goals were set before the measurements:`,
    goalsTable(measured),
  ];
}

async function networkParts(words, jobs, runs, name, draw) {
  const byName = new Map(runs.map((run) => [run.name, run]));
  const shown = shownOf(jobs, runs)
    .map((job) => ({ ...job, ...byName.get(job.name) }))
    .sort(byCode);
  const [whole, slow, energy] = ["whole", "first", "energy"].map((part) =>
    shown.filter((job) => job.part.startsWith(part)),
  );
  const plots = await costPlots(name, `${words} on CIFAR-10`, shown, draw);
  const priced = [...energy, ...slow].filter(({ manifest }) => manifest?.report.energy !== undefined).sort(byCode);
  const left = jobs.filter(
    ({ name: job, part }) =>
      part !== "first-200" && byName.get(job)?.manifest === undefined && byName.get(job)?.failed === undefined,
  );
  const wholeAccuracy = whole.find(({ manifest }) => manifest !== undefined)?.manifest.report.reluAccuracy;
  return [
    `## ${words}`,
    ...plots,
    ...(whole.length === 0
      ? []
      : [
          `### All ${grouped(10000)} test images`,
          ...(wholeAccuracy === undefined ? [] : [`Accuracy of the float network: ${percent(wholeAccuracy)}.`]),
          codesTable(whole, false),
          ...refinedParts(whole),
        ]),
    ...(slow.length === 0 ? [] : ["### Rate codes, the first 1,000 test images or fewer", codesTable(slow, true)]),
    ...(priced.length === 0
      ? []
      : ["### Estimated energy", energyWords(priced[0].manifest.report.energy), energyTable(priced)]),
    ...(left.length === 0 ? [] : [`Not run yet:\n\n${notRun(left)}`]),
    commandsOf(name, jobs, runs),
  ];
}

function mnistParts(jobs, runs) {
  const byName = new Map(runs.map((run) => [run.name, run]));
  const shown = shownOf(jobs, runs).map((job) => ({ ...job, ...byName.get(job.name) }));
  return [codesTable(shown, false), ...refinedParts(shown), commandsOf("mnist-cnn", jobs, runs)];
}

/** Compares by code, in the order of the page, then by precision. */
function byCode(a, b) {
  const order = [
    "phase",
    "phase-signed",
    "phase-non-adjacent",
    "ttfs",
    "ttfs-real",
    "phase-refined-ahead",
    "phase-refined-lazy",
    "phase-refined",
    "rate-layerwise",
    "rate",
    "rate-signed",
  ];
  return order.indexOf(a.code) - order.indexOf(b.code) || precisionOf(a) - precisionOf(b);
}

const precisionOf = ({ name }) => Number(/\d+$/.exec(name)?.[0] ?? 0);

/** "phase, 10, 12 bits": repeated words are said once. */
function notRun(jobs) {
  const parts = { whole: "all 10,000 images", "first-1000": "1,000 images", energy: "energy" };
  const sentences = Object.entries(parts).map(([part, words]) => {
    const settings = new Map();
    for (const { label } of jobs.filter((job) => job.part === part).sort(byCode)) {
      const [, code, setting] = /^(.*), (.*)$/.exec(label);
      settings.set(code, [...(settings.get(code) ?? []), setting]);
    }
    const listed = [...settings].map(
      ([code, list]) =>
        `${code}, ${list.map((one, index) => (index < list.length - 1 ? one.replace(/(?<=^\d+) (bits|ticks|ternary digits)$/, "") : one)).join(", ")}`,
    );
    return listed.length === 0 ? "" : `- ${words}: ${listed.join("; ")}`;
  });
  return sentences.filter(Boolean).join("\n");
}

function commandsOf(file, jobs, runs) {
  const done = jobs.flatMap(({ name }) => runs.filter((run) => run.name === name));
  const machines = [
    ...new Set(
      done.flatMap(({ date, manifest }) =>
        manifest === undefined ? [] : [`${manifest.processor}, ${manifest.runtime}, ${date}`],
      ),
    ),
  ];
  const lines = done.map(
    ({ name, command, failed }) => `${command}${failed === undefined ? `   # ${name}` : `   # ${name}: ${failed}`}`,
  );
  return [
    `<details><summary>The ${done.length} commands; manifests in docs/results/${file}.json</summary>`,
    "",
    "```sh",
    ...lines,
    "```",
    "",
    `${machines.join("; ")}.`,
    "</details>",
  ].join("\n");
}
