// The pinned tools, their paths, and functions that run commands.
import { spawn, spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Built from source into `.tools`, so that the machine's own versions do not matter. */
export const tools = [
  { crate: "wasm-pack", binary: "wasm-pack", version: "0.15.1" },
  // Must be the version that crates/wasm/Cargo.toml pins: glue and crate refuse other versions of each other.
  { crate: "wasm-bindgen-cli", binary: "wasm-bindgen", version: "0.2.130" },
];

export const root = fileURLToPath(new URL("..", import.meta.url));
export const inRoot = (...parts) => join(root, ...parts);

/** PATH with the pinned tools first and rustup's folder last, where a login shell would have put it. */
export function toolEnvironment() {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  const path = [inRoot(".tools", "bin"), inRoot("node_modules", ".bin"), process.env.PATH, join(cargoHome, "bin")];
  const environment = { ...process.env, PATH: path.join(delimiter) };
  // Either variable would replace the flags of .cargo/config.toml, and the build would lose simd128.
  delete environment.RUSTFLAGS;
  delete environment.CARGO_ENCODED_RUSTFLAGS;
  return environment;
}

export class StepError extends Error {}

/** Standard output, trimmed; undefined if the command is missing or fails. */
export function output(command, parameters) {
  const result = spawnSync(command, parameters, { cwd: root, env: toolEnvironment(), encoding: "utf8" });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** Runs a command quietly; on failure prints its output and throws one line with `remedy`. */
export function run(command, parameters, remedy, options = {}) {
  const result = spawnSync(command, parameters, {
    cwd: root,
    env: toolEnvironment(),
    encoding: "utf8",
    maxBuffer: 1 << 28,
    ...options,
  });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  const cause =
    result.error?.code === "ENOENT" ? "is not installed" : `failed (exit code ${result.status ?? result.signal})`;
  throw new StepError(`${[command, ...parameters].join(" ")} ${cause}: ${remedy}`);
}

/**
 * Runs a command and returns its exit code and output, which it also prints unless `quiet`.
 * @returns {Promise<{ code: number, text: string }>}
 */
export function follow(command, parameters, { quiet = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, parameters, { cwd: root, env: toolEnvironment(), stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const [stream, mirror] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      stream.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
        if (!quiet) mirror.write(chunk);
      });
    }
    child.on("error", (error) => resolve({ code: 1, text: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, text }));
  });
}
