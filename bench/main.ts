// The program behind `npm run bench`: chooses suites, runs them, and writes results, charts and docs/performance.md.
import { WrongAnswer, SkippedCase, type BenchCase, type ResultRow } from "../ts/timing/case.ts";
import { runCase, type RunnerOptions } from "../ts/timing/runner.ts";
import { LlifError } from "../ts/index.ts";
import { drawChart } from "./chart.ts";
import { environment } from "./environment.ts";
import { inRoot, resultsFolder } from "./paths.ts";
import { closePeers } from "./peers.ts";
import { performancePage } from "./page.ts";
import { heldCase, holdProcessor, releaseProcessor } from "./processor.ts";
import { mergeRows, readMachines, readRows, replaceFile, writeResults } from "./results.ts";
import { drawGrowth, drawRoofline } from "./roofline.ts";
import { usualSuites, suites } from "./suites.ts";
import { cells, columns, textTable } from "./text.ts";

const help = `npm run bench -- [--suite NAME[,NAME]] [--case NAME] [--quick] [--list] [--dry] [--page]

Checks that all contenders of a case give the same answer, then times them in turn in one run, and prints median, spread and
ratio (contender's time / ours). Results go to bench/results/: latest.json, machines.json and one chart a suite; docs/performance.md
is written from them.

  --suite   ${Object.keys(suites).join(", ")}, or all; without it: ${usualSuites.join(", ")}
  --case    a case and its variants: mnist-cnn also takes mnist-cnn-rate-t32
  --quick   fewer cases, contenders and rounds; as long a warm-up
  --list    name the cases and stop
  --dry     write nothing
  --page    measure nothing: rewrite docs/performance.md and the charts from the existing results`;

/** Rounds of a quick run. Its warm-up is as long as a full run's: half-compiled code gives other ratios. */
const quickRounds: RunnerOptions = { budgetMs: 500, rounds: [3, 9] };

interface Options {
  readonly suites: readonly string[];
  readonly only: string | undefined;
  readonly quick: boolean;
  readonly list: boolean;
  readonly dry: boolean;
  readonly page: boolean;
}

/** @throws {LlifError} ARGUMENT for an unknown word or suite. */
export function parseWords(words: readonly string[]): Options | "help" {
  let chosen: readonly string[] = usualSuites;
  let only: string | undefined;
  const flags = new Set<string>();
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    if (word === "--help") return "help";
    if (word === "--quick" || word === "--list" || word === "--dry" || word === "--page") flags.add(word);
    else if (word === "--suite" || word === "--case") {
      const value = words[++index];
      if (value === undefined || value.startsWith("--"))
        throw new LlifError("ARGUMENT", `${word}: expected a name after it`);
      if (word === "--case") only = value;
      else chosen = value === "all" ? Object.keys(suites) : value.split(",");
    } else
      throw new LlifError(
        "ARGUMENT",
        `expected --suite, --case, --quick, --list, --dry, --page or --help, got "${word}"`,
      );
  }
  for (const name of chosen) {
    if (!(name in suites))
      throw new LlifError("ARGUMENT", `--suite: expected ${Object.keys(suites).join(", ")} or all, got "${name}"`);
  }
  return {
    suites: chosen,
    only,
    quick: flags.has("--quick"),
    list: flags.has("--list"),
    dry: flags.has("--dry"),
    page: flags.has("--page"),
  };
}

const matches = (only: string | undefined) => (benchCase: BenchCase) =>
  only === undefined || benchCase.name === only || benchCase.name.startsWith(`${only}-`);

export async function main(words: readonly string[], signal: AbortSignal): Promise<number> {
  const options = parseWords(words);
  if (options === "help") {
    process.stdout.write(`${help}\n`);
    return 0;
  }
  if (options.page) {
    const rows = readRows(resultsFolder);
    for (const suite of new Set(rows.map((row) => row.suite))) await draw(suite, rows);
    if (rows.length === 0) replaceFile(inRoot("docs", "performance.md"), performancePage([], {}));
    return 0;
  }
  try {
    return await runSuites(options, signal);
  } finally {
    closePeers();
    releaseProcessor();
  }
}

async function runSuites(options: Options, signal: AbortSignal): Promise<number> {
  let wrong = 0;
  let found = 0;
  const start = performance.now();
  if (!options.list) await holdProcessor();
  for (const suite of options.suites) {
    const cases = (await suites[suite](options)).filter(matches(options.only));
    found += cases.length;
    if (options.list) {
      for (const { name } of cases) process.stdout.write(`${suite}  ${name}\n`);
      continue;
    }
    if (cases.length === 0) continue;
    // Results are kept case by case, so an interrupted suite keeps them; rows of removed cases are dropped at the end.
    const outcome = await runSuite(
      suite,
      cases,
      { signal, ...(options.quick ? quickRounds : {}) },
      options.dry ? () => undefined : (rows) => keep(suite, rows, true),
    );
    wrong += outcome.wrong;
    if (options.dry || outcome.rows.length === 0) continue;
    await draw(suite, keep(suite, outcome.rows, options.only !== undefined));
  }
  if (found === 0)
    throw new LlifError(
      "ARGUMENT",
      `--case: no case of ${options.suites.join(", ")} is "${options.only}"; --list names them`,
    );
  if (!options.list) process.stdout.write(`\n${((performance.now() - start) / 1000).toFixed(0)} s\n`);
  return wrong === 0 ? 0 : 1;
}

async function runSuite(
  suite: string,
  cases: readonly BenchCase[],
  options: RunnerOptions,
  done: (rows: readonly ResultRow[]) => void,
): Promise<{ rows: ResultRow[]; wrong: number }> {
  const rows: ResultRow[] = [];
  const remarks: string[] = [];
  const seconds: (readonly [name: string, seconds: number])[] = [];
  let wrong = 0;
  for (const [index, benchCase] of cases.entries()) {
    const start = performance.now();
    try {
      const fresh = await runCase(heldCase(benchCase), {
        ...options,
        onProgress: (message) => progress(`[${index + 1}/${cases.length}] ${message}`),
      });
      rows.push(...fresh);
      done(fresh);
    } catch (error) {
      if (error instanceof SkippedCase) remarks.push(`skipped ${benchCase.name}: ${error.message}`);
      else if (error instanceof WrongAnswer) {
        remarks.push(`WRONG: ${error.message}`);
        wrong++;
      } else if (options.signal?.aborted === true) throw error;
      else {
        remarks.push(`FAILED ${benchCase.name}: ${error instanceof Error ? error.message : String(error)}`);
        wrong++;
      }
    }
    seconds.push([benchCase.name, (performance.now() - start) / 1000]);
  }
  progress("");
  if (rows.length > 0) process.stdout.write(`\n${suite}\n${textTable([columns, ...rows.map(cells)])}\n`);
  for (const remark of remarks) process.stdout.write(`${remark}\n`);
  const longest = [...seconds]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 5)
    .map(([name, spent]) => `${name} ${spent.toFixed(0)} s`);
  process.stdout.write(
    `${suite}: ${seconds.reduce((sum, [, spent]) => sum + spent, 0).toFixed(0)} s; longest: ${longest.join(", ")}\n`,
  );
  return { rows, wrong };
}

function keep(suite: string, fresh: readonly ResultRow[], limited: boolean): ResultRow[] {
  writeResults(resultsFolder, mergeRows(readRows(resultsFolder), fresh, [suite], limited), [suite], environment());
  // Read back, because writing rounds: the page must match the file.
  return readRows(resultsFolder);
}

async function draw(suite: string, rows: readonly ResultRow[]): Promise<void> {
  const machines = readMachines(resultsFolder);
  const measured = rows.filter((row) => row.suite === suite);
  const chart = await (suite === "limit"
    ? drawRoofline(measured, machines[suite])
    : suite === "growth"
      ? drawGrowth(measured, machines[suite])
      : drawChart(suite, measured, machines[suite]));
  if (chart !== undefined) replaceFile(`${resultsFolder}/${suite}.svg`, chart);
  replaceFile(inRoot("docs", "performance.md"), performancePage(rows, machines));
}

/** Shows one line that the next one overwrites; only on a terminal. */
function progress(message: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${message.slice(0, (process.stderr.columns ?? 100) - 1)}`);
}
