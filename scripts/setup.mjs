// `npm run setup`: installs npm packages, Rust targets and pinned tools, and builds the WebAssembly core and dist. Each
// step does only what is missing.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { buildWasm, wasmOutputs } from "./build-wasm.mjs";
import { contentHash, isCurrent, writeStamp } from "./stamps.mjs";
import { inRoot, output, root, run, StepError, tools } from "./toolchain.mjs";

/** The target of the package, and the target of the core's tests. */
const targets = ["wasm32-unknown-unknown", "wasm32-wasip1"];
const wasmSources = ["Cargo.toml", "Cargo.lock", ".cargo", "crates/core/Cargo.toml", "crates/core/src", "crates/wasm"];
wasmSources.push("scripts/build-wasm.mjs", "scripts/toolchain.mjs");
const distSources = [
  "ts",
  "tsup.config.ts",
  "tsconfig.json",
  "package.json",
  "package-lock.json",
  "crates/wasm/pkg/glue.d.ts",
];

const say = (line) => process.stderr.write(`set-up: ${line}\n`);

/** Each step does nothing if its result is up to date. */
const steps = [checkNode, installPackages, checkRust, addTargets, installTools, compileWasm, buildPackage];

/**
 * @param options.wasm build of the core: `release`, `profiling` or `dev`. The next set-up builds `release` again.
 * @param options.types whether to write type declarations, which take most of the time.
 */
export async function setup({ wasm = "release", types = true } = {}) {
  const release = await lock();
  try {
    for (const step of steps) step({ wasm, types });
  } finally {
    release();
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new StepError(`Node ${process.versions.node} is too old: install Node 20.19 or newer`);
  }
}

function installPackages() {
  if (packagesAreInstalled()) return;
  say("npm packages …");
  run(
    "npm",
    ["ci", "--no-audit", "--no-fund"],
    "check the network and the registry that npm is set to, then try again",
    {
      shell: process.platform === "win32",
    },
  );
}

/**
 * Compares with the record npm keeps of what it installed, so that a plain `npm install` counts too; a package may have
 * been deleted since, so its folder must be there as well.
 */
export function packagesAreInstalled(folder = root) {
  const record = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(record, "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === "" ||
      entry.optional ||
      (installed[path]?.version === entry.version && existsSync(join(folder, path, "package.json"))),
  );
}

function checkRust() {
  if (output("cargo", ["--version"]) === undefined) {
    throw new StepError("cargo does not run: install rustup (rustup.rs) with a stable toolchain, then try again");
  }
}

function addTargets() {
  for (const target of targets) {
    const folder = output("rustc", ["--print", "target-libdir", "--target", target]);
    if (folder !== undefined && existsSync(folder)) continue;
    say(`Rust target ${target} …`);
    run("rustup", ["target", "add", target], `check the network, or add the target ${target} by hand`);
  }
}

function installTools() {
  for (const { crate, binary, version } of tools) {
    if (output(inRoot(".tools", "bin", binary), ["--version"])?.split(" ")[1] === version) continue;
    say(`${crate} ${version} into .tools (about a minute, once) …`);
    // Unoptimised builds: the tools run for seconds and compile twice as fast.
    const parameters = ["install", "--quiet", "--debug", "--root", ".tools", "--version", `=${version}`, crate];
    run("cargo", parameters, "check the network and that a C compiler is installed, then try again");
  }
}

/** The stamp contains the build's name, so that no other build passes for a release. */
function compileWasm({ wasm }) {
  const digest = contentHash(wasmSources) + output("rustc", ["--version"]) + (wasm === "release" ? "" : ` ${wasm}`);
  if (isCurrent("wasm", digest, wasmOutputs)) return;
  say(`WebAssembly core${wasm === "release" ? "" : ` (${wasm})`} …`);
  // An interrupted build must not keep the previous stamp.
  writeStamp("wasm", "");
  buildWasm(wasm);
  writeStamp("wasm", digest);
}

function buildPackage({ types }) {
  const digest = contentHash(distSources);
  const outputs = ["dist/node.js", "dist/llif.wasm"];
  if (isCurrent("dist", digest, [...outputs, "dist/index.d.ts"])) return;
  const partly = `${digest} without types`;
  if (!types && isCurrent("dist", partly, outputs)) return;
  say(`package into dist${types ? "" : " (without types)"} …`);
  writeStamp("dist", "");
  const words = ["node_modules/tsup/dist/cli-default.js", "--silent", ...(types ? [] : ["--no-dts"])];
  run(process.execPath, words, "correct the TypeScript sources");
  writeStamp("dist", types ? digest : partly);
}

/** Two set-ups at once, for example from two terminals, would overwrite each other's files, so the second one waits. */
async function lock() {
  const file = inRoot(".cache", "setup.lock");
  mkdirSync(inRoot(".cache"), { recursive: true });
  for (let waiting = false; ; waiting = true) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (!ownerRuns(file)) rmSync(file, { force: true });
    else {
      if (!waiting) say("waiting for another set-up …");
      await sleep(300);
    }
  }
}

function ownerRuns(file) {
  try {
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

export async function setupOrExit(options) {
  try {
    await setup(options);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    say(error.message);
    process.exit(1);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [flag, ...more] = process.argv.slice(2);
  if (more.length > 0 || ![undefined, "--profiling"].includes(flag)) {
    say(`expected --profiling or nothing, got ${process.argv.slice(2).join(" ")}`);
    process.exit(1);
  }
  await setupOrExit({ wasm: flag === undefined ? "release" : "profiling" });
}
