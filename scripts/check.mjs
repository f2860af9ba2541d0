// `npm run check`: format, lint, types, and the tests nearest to the change.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { checks, runCheck } from "./checks.mjs";
import { changedFiles, keepDurations, nearest } from "./nearest.mjs";
import { setupOrExit } from "./setup.mjs";
import { follow, inRoot } from "./toolchain.mjs";

const usage = `npm run check -- [--since <commit>] [--seconds <number>]
  --since    commit that files are compared with; else HEAD, or main where nothing is new
  --seconds  of test files, by the time they last took; 40 unless told. What does not fit is left to npm test.
`;

function options() {
  try {
    const { values } = parseArgs({
      options: { since: { type: "string" }, seconds: { type: "string", default: "40" } },
    });
    if (!(Number(values.seconds) >= 0)) throw new Error(`--seconds: expected a number, got ${values.seconds}`);
    return { since: values.since, seconds: Number(values.seconds) };
  } catch (error) {
    process.stderr.write(`${error.message}\n${usage}`);
    process.exit(1);
  }
}

/** Runs the core's tests natively; the TypeScript tests run it as WebAssembly. */
async function rustTests() {
  const { code } = await follow("cargo", ["test", "--quiet", "--release", "--package", "llif-core"]);
  return code === 0;
}

async function nearestTests(files, seconds) {
  const { chosen, left } = nearest(files, seconds);
  const report = inRoot(".cache", "check.json");
  const reporters = ["--silent=passed-only", "--reporter=dot", "--reporter=json", `--outputFile.json=${report}`];
  const { code } = await follow(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...reporters, ...chosen]);
  try {
    keepDurations(JSON.parse(readFileSync(report, "utf8")));
  } catch {
    // vitest has printed why there is no report.
  }
  if (left.length > 0) {
    const names = left.slice(0, 3).join(", ");
    process.stdout.write(`Left to npm test: ${left.length} test files, the nearest of them ${names}\n`);
  }
  return code === 0;
}

const { since, seconds } = options();
await setupOrExit({ types: false });
const changed = changedFiles(since);
process.stdout.write(`${changed.files.length} files differ from ${changed.since}\n`);
const passed = [];
// Two at once, because clippy mostly waits.
for (let first = 0; first < checks.length; first += 2) {
  passed.push(...(await Promise.all(checks.slice(first, first + 2).map(runCheck))));
}
if (changed.files.some((file) => file.startsWith("crates/"))) passed.push(await rustTests());
passed.push(await nearestTests(changed.files, seconds));
process.exitCode = passed.every(Boolean) ? 0 : 1;
