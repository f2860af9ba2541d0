// Makes and keeps runs of llif evaluate, one file per series: { runs: [{ name, command, date, manifest }] }, one line per run.
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

/** Writes runs in the order of the jobs; drops a run whose job no longer exists. */
function writeRuns(series, jobs, runs) {
  const kept = jobs.flatMap(({ name }) => runs.filter((run) => run.name === name));
  const partial = `${fileOf(series)}.partial`;
  writeFileSync(partial, `{\n"runs": [\n${kept.map((run) => JSON.stringify(run)).join(",\n")}\n]\n}\n`);
  renameSync(partial, fileOf(series));
}

/**
 * Makes the missing runs, and repeats those that failed or had another command or model file. Each result is written at
 * once.
 * @param extra options that change no decision, such as `--workers 2`. @param wanted chooses jobs.
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
        (run) => run.name === name && run.command === command && run.manifest?.model.sha256 === model,
      )
    )
      continue;
    process.stderr.write(`${series}, ${name}: ${command}\n`);
    const run = { name, command, date: new Date().toISOString().slice(0, 10), ...outcome([...words, ...extra]) };
    writeRuns(series, jobs, [...readRuns(series).filter((one) => one.name !== name), run]);
  }
}

/** The manifest, or the reason why there is none. Ends this program if the evaluation was cancelled. */
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
