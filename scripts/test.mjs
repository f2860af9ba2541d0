// `npm test`: sets up, then runs the checks, the Rust tests (natively and on WebAssembly) and the TypeScript tests.
// Ends with `N passed, N failed`.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { checks, runCheck } from "./checks.mjs";
import { keepDurations } from "./nearest.mjs";
import { setupOrExit } from "./setup.mjs";
import { follow, inRoot } from "./toolchain.mjs";

const report = inRoot(".cache", "vitest.json");
const requireAll = process.env.LLIF_REQUIRE_ALL === "1";

const nativeTests = () => rustTests(["--workspace"]);

/** The core's tests again, on WebAssembly under Node. */
const wasmTests = () => rustTests(["--package", "llif-core", "--target", "wasm32-wasip1"]);

async function rustTests(parameters) {
  const { code, text } = await follow("cargo", ["test", "--release", "--no-fail-fast", ...parameters]);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [, passed, failed, ignored] of text.matchAll(
    /^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored/gm,
  )) {
    counts.passed += Number(passed);
    counts.failed += Number(failed);
    counts.skipped += Number(ignored);
  }
  return atLeastOneFailure(code, counts);
}

/** Format, lint and types; each one that fails counts as one failure. */
async function sourceChecks() {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const check of checks) if (!(await runCheck(check))) counts.failed++;
  return counts;
}

async function typescriptTests() {
  mkdirSync(inRoot(".cache"), { recursive: true });
  rmSync(report, { force: true });
  const parameters = ["node_modules/vitest/vitest.mjs", "run", "--reporter=default", "--reporter=json"];
  const { code } = await follow(process.execPath, [...parameters, `--outputFile.json=${report}`]);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    const results = JSON.parse(readFileSync(report, "utf8"));
    keepDurations(results);
    counts.passed = results.numPassedTests;
    // A file that does not load has no tests to count, so it counts as one failure.
    counts.failed = results.numFailedTests + results.testResults.filter(failedToLoad).length;
    counts.skipped = results.numPendingTests + results.numTodoTests;
  } catch {
    counts.failed = 1;
  }
  return atLeastOneFailure(code, counts);
}

function failedToLoad(file) {
  return file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed");
}

/** A crash or a compile error fails no single test, so it is counted here. */
function atLeastOneFailure(code, counts) {
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

await setupOrExit();
const total = { passed: 0, failed: 0, skipped: 0 };
for (const suite of [sourceChecks, nativeTests, wasmTests, typescriptTests]) {
  const counts = await suite();
  for (const key of Object.keys(total)) total[key] += counts[key];
}
if (requireAll) {
  total.failed += total.skipped;
  total.skipped = 0;
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
