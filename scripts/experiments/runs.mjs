// Runs of llif evaluate, kept as one file a series: { runs: [{ name, command, date, former?, manifest }] }, one line a run.
// `former`: the commit whose mapping the run was made with, where today's would give other counts; such a run is made again.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inRoot } from "../toolchain.mjs";

export const folder = inRoot("docs", "results");
const fileOf = (series) => join(folder, `${series}.json`);

export function readRuns(series) {
  return existsSync(fileOf(series)) ? JSON.parse(readFileSync(fileOf(series), "utf8")).runs : [];
}

/** In the order of the jobs; a run whose job is gone is dropped. */
function writeRuns(series, jobs, runs) {
  const kept = jobs.flatMap(({ name }) => runs.filter((run) => run.name === name));
  const partial = `${fileOf(series)}.partial`;
  writeFileSync(partial, `{\n"runs": [\n${kept.map((run) => JSON.stringify(run)).join(",\n")}\n]\n}\n`);
  renameSync(partial, fileOf(series));
}

/**
 * Evaluates what is missing, and again what failed, was said differently or had another model file. Each result is kept at once.
 * @param extra words that change no decision, such as `--workers 2`. @param wanted which of the jobs.
 */
export function evaluateMissing(series, jobs, extra, wanted = () => true) {
  for (const { name, words } of jobs.filter(wanted)) {
    const command = `llif ${words.join(" ")}`;
    if (!existsSync(inRoot(words[1]))) {
      process.stderr.write(`${series}, ${name}: no ${words[1]} yet\n`);
      continue;
    }
    const model = createHash("sha256")
      .update(readFileSync(inRoot(words[1])))
      .digest("hex");
    if (
      readRuns(series).some(
        (run) =>
          run.name === name &&
          run.command === command &&
          run.former === undefined &&
          run.manifest?.model.sha256 === model,
      )
    )
      continue;
    process.stderr.write(`${series}, ${name}: ${command}\n`);
    const run = { name, command, date: new Date().toISOString().slice(0, 10), ...outcome([...words, ...extra]) };
    writeRuns(series, jobs, [...readRuns(series).filter((one) => one.name !== name), run]);
  }
}

/** The manifest, or why there is none. Ends this program where the evaluation was cancelled. */
function outcome(words) {
  const temporary = mkdtempSync(join(tmpdir(), "llif-experiments-"));
  try {
    const file = join(temporary, "manifest.json");
    const child = spawnSync(process.execPath, [inRoot("dist", "cli.js"), ...words, "--manifest", file], {
      cwd: inRoot(),
      encoding: "utf8",
      maxBuffer: 2 ** 26,
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (child.signal !== null || child.status === 130) process.exit(130);
    if (child.status === 0) return { manifest: JSON.parse(readFileSync(file, "utf8")) };
    process.stderr.write(child.stderr);
    return { failed: child.stderr.trim().split("\n").at(-1) || `exit code ${child.status}` };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
