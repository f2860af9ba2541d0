// Finds the test files that a change affects, the nearest first, and remembers how long each took.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { inRoot, output, root } from "./toolchain.mjs";

const folders = ["ts", "test", "bench", "scripts", "examples"];
/** Tests that read sources and documents instead of importing them. */
const readers = ["test/imports.test.ts", "test/docs.test.ts", "test/extending.test.ts"];
/** The only file that loads the core: a change in Rust counts as a change here. */
const core = "ts/engine/load.ts";
/** Assumed for a file that has not run yet. */
const unknownSeconds = 8;
const durationsFile = inRoot(".cache", "durations.json");

const slashes = (path) => path.replaceAll("\\", "/");
const isTest = (file) => file.endsWith(".test.ts");

function* sourcesBelow(folder) {
  for (const entry of readdirSync(inRoot(folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* sourcesBelow(path);
    else if (/\.(ts|mjs|js)$/.test(entry.name)) yield path;
  }
}

/** The files that import each file, including types, dynamic imports and `new URL(path, import.meta.url)`. */
function importers() {
  const by = new Map();
  for (const file of folders.flatMap((folder) => [...sourcesBelow(folder)])) {
    const text = readFileSync(inRoot(file), "utf8");
    for (const [, path] of text.matchAll(/\b(?:from|import|URL)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g)) {
      const target = slashes(join(dirname(file), path));
      by.set(target, [...(by.get(target) ?? []), file]);
    }
  }
  return by;
}

/** Test files by the number of imports between them and what changed. */
export function distances(changed) {
  const by = importers();
  const found = new Map(changed.map((file) => [file.startsWith("crates/") ? core : file, 0]));
  // A Map also yields entries that are added during the loop.
  for (const [file, distance] of found) {
    for (const importer of by.get(file) ?? []) if (!found.has(importer)) found.set(importer, distance + 1);
  }
  for (const file of readers) found.set(file, 0);
  return new Map([...found].filter(([file]) => isTest(file) && existsSync(inRoot(file))));
}

/** The nearest tests that fit into `seconds`, quicker ones first among equally near ones; changed tests always. */
export function nearest(changed, seconds) {
  const took = readDurations();
  const secondsOf = (file) => took[file] ?? unknownSeconds;
  const order = [...distances(changed)].sort(([a, near], [b, far]) => near - far || secondsOf(a) - secondsOf(b));
  const [chosen, left] = [[], []];
  let free = seconds;
  for (const [file, distance] of order) {
    const fits = distance === 0 || secondsOf(file) <= free;
    if (fits) free -= secondsOf(file);
    (fits ? chosen : left).push(file);
  }
  return { chosen, left };
}

/** Files changed since the last commit, or, if there are none, since the branch left main. */
export function changedFiles(since) {
  const paths = (text) => (text ?? "").split("\n").filter((line) => line !== "");
  const against = (commit) => paths(output("git", ["diff", "--name-only", "--relative", commit]));
  const fresh = paths(output("git", ["ls-files", "--others", "--exclude-standard"]));
  if (since !== undefined) return { since, files: [...against(since), ...fresh] };
  const files = [...against("HEAD"), ...fresh];
  if (files.length > 0) return { since: "HEAD", files };
  const main = ["main", "origin/main"].find((name) => output("git", ["rev-parse", "--verify", "--quiet", name]));
  const base = main === undefined ? undefined : output("git", ["merge-base", "HEAD", main]);
  return base === undefined ? { since: "HEAD", files: [] } : { since: main, files: against(base) };
}

function readDurations() {
  try {
    return JSON.parse(readFileSync(durationsFile, "utf8"));
  } catch {
    return {};
  }
}

/** @param report of vitest's JSON reporter. */
export function keepDurations(report) {
  const took = readDurations();
  for (const { name, startTime, endTime } of report.testResults) {
    took[slashes(relative(root, name))] = Math.ceil((endTime - startTime) / 100) / 10;
  }
  mkdirSync(inRoot(".cache"), { recursive: true });
  writeFileSync(durationsFile, `${JSON.stringify(took, null, 1)}\n`);
}
