// Writes docs/results.md and its plots from the runs in docs/results. No figure is typed by hand. To make missing runs
// first: `node scripts/experiments.mjs run spread|cifar10-resnet20|cifar10-vgg|mnist-cnn|choices|ahead|frames|all [only <pattern>] [options of llif
// evaluate]`
import { measureAhead } from "./experiments/ahead.mjs";
import { measureFrames } from "./experiments/frames.mjs";
import { writePage } from "./experiments/page.mjs";
import { evaluateMissing } from "./experiments/runs.mjs";
import { series } from "./experiments/series.mjs";

const [word, which = "all", ...rest] = process.argv.slice(2);
if (word === "run" && which === "frames") await measureFrames();
else if (word === "run" && which === "ahead") await measureAhead();
else if (word === "run") {
  const chosen = which === "all" ? Object.keys(series) : [which];
  const unknown = chosen.find((name) => !(name in series));
  if (unknown !== undefined)
    throw new Error(`expected one of all, ahead, frames, ${Object.keys(series).join(", ")}, got "${unknown}"`);
  const pattern = rest[0] === "only" ? new RegExp(rest[1]) : null;
  for (const name of chosen) {
    const jobs = series[name]();
    evaluateMissing(
      name,
      jobs,
      pattern === null ? rest : rest.slice(2),
      (job) => pattern === null || pattern.test(job.name),
    );
  }
} else if (word !== undefined) throw new Error(`expected "run" or nothing, got "${word}"`);
await writePage();
