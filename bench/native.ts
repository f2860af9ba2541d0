// Compiles the core as a native program and makes it a contender.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { SkippedCase, type Contender } from "../ts/timing/case.ts";
import type { SimulationOutcome } from "../ts/timing/simulators.ts";
import { LineProgram } from "./line-program.ts";
import { cacheFolder, inRoot } from "./paths.ts";

/** The same Rust sources with 128-bit vectors, as in WebAssembly, and with everything that the processor has. */
export const widths = ["native-128", "native-full"] as const;
export type Width = (typeof widths)[number];

const flags: Readonly<Record<Width, string>> = {
  "native-128": process.arch === "x64" ? "-C target-cpu=x86-64-v2" : "",
  "native-full": "-C target-cpu=native",
};
const built = new Map<Width, string>();

/** Path of the compiled crates/native; compiles it on first use. @throws {SkippedCase} if it does not compile. */
export function nativeProgram(width: Width): string {
  const known = built.get(width);
  if (known !== undefined) return known;
  const target = inRoot("target", width);
  const path = [process.env["PATH"], join(process.env["CARGO_HOME"] ?? join(homedir(), ".cargo"), "bin")].join(
    delimiter,
  );
  const words = ["build", "--quiet", "--release", "--package", "llif-native", "--target-dir", target];
  const { status, error, stderr } = spawnSync("cargo", words, {
    cwd: inRoot(),
    env: { ...process.env, PATH: path, RUSTFLAGS: flags[width] },
    encoding: "utf8",
  });
  if (status !== 0) throw new SkippedCase(`cargo ${words.join(" ")}: ${error?.message ?? stderr.trim()}`);
  const program = join(target, "release", process.platform === "win32" ? "llif-native.exe" : "llif-native");
  built.set(width, program);
  return program;
}

/** The native program on a file written by bench/flat.ts. */
export function nativeContender(width: Width, file: Uint8Array): Contender<SimulationOutcome> {
  mkdirSync(cacheFolder, { recursive: true });
  const path = join(cacheFolder, `${width}.flat`);
  writeFileSync(path, file);
  const program = new LineProgram(nativeProgram(width), [path]);
  return {
    name: width,
    time: async (repetitions) => Number(await program.ask(`run ${repetitions}`)) / 1e6,
    async outcome() {
      const [digest, spikes, synapticOperations] = (await program.ask("outcome")).split(" ");
      return { digest, spikes: Number(spikes), synapticOperations: Number(synapticOperations) };
    },
    dispose: () => program.close(),
  };
}
