// Python simulators as contenders of suite `live`: bench/peers/live_worker.py, a process for each library and case.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeNpy, type NpyArray } from "../../ts/index.ts";
import { SkippedCase, type Contender } from "../../ts/timing/case.ts";
import { LineProgram } from "../line-program.ts";
import { cacheFolder, inRoot } from "../paths.ts";
import { peersFolder } from "../peers.ts";
import { place } from "../processor.ts";
import type { LiveModel } from "./models.ts";
import type { LiveOutcome } from "./network.ts";

export type LiveLibrary = "brian2" | "brian2-standalone" | "annarchy" | "nest";

const names: Readonly<Record<LiveLibrary, string>> = {
  brian2: "brian2 (Cython)",
  "brian2-standalone": "brian2 (C++)",
  annarchy: "annarchy",
  nest: "nest",
};

/** Those that compile a network before they run it. */
const compiling: readonly LiveLibrary[] = ["brian2", "brian2-standalone", "annarchy"];

/** Writes the model for the Python programs. @returns its folder. */
export function writeModel(name: string, model: LiveModel): string {
  const folder = join(cacheFolder, "live", name);
  mkdirSync(folder, { recursive: true });
  const { connections, level, initial, input, ...numbers } = model;
  const write = (array: string, data: NpyArray["data"]) =>
    writeFileSync(join(folder, `${array}.npy`), writeNpy({ data, shape: [data.length] }));
  write("initial", initial);
  write("level", typeof level === "number" ? Float32Array.of(level) : level);
  if (input !== undefined) {
    write("input-ticks", Int32Array.from(input.spikes.ticks));
    write("input-neurons", Int32Array.from(input.spikes.neurons));
  }
  for (const { name: connection, edges } of connections) {
    write(`${connection}-from`, Int32Array.from(edges.from));
    write(`${connection}-to`, Int32Array.from(edges.to));
    write(`${connection}-weights`, edges.weights);
  }
  const described = connections.map(({ edges: _, ...rest }) => rest);
  const fields = { ...numbers, inputs: input?.size ?? 0, connections: described };
  writeFileSync(join(folder, "model.json"), JSON.stringify(fields));
  return folder;
}

/** @param folder of the model. @throws {SkippedCase} if the library's environment or its compiler is missing. */
export async function liveContender(library: LiveLibrary, folder: string): Promise<Contender<LiveOutcome>> {
  const environment = library.startsWith("brian2") ? "brian2" : library;
  if (compiling.includes(library) && spawnSync("g++", ["--version"]).status !== 0)
    throw new SkippedCase(`${names[library]}: g++ is not installed`);
  const installed = join(peersFolder(), environment);
  if (!existsSync(join(installed, "requirements.txt")))
    throw new SkippedCase(`${names[library]}: no Python environment: run bench/peers/setup.sh ${environment}`);
  const script = inRoot("bench", "peers", "live_worker.py");
  const program = new LineProgram(join(installed, "bin", "python"), [script, library, folder], {
    PYTHONDONTWRITEBYTECODE: "1",
    // Compilers are looked for beside the interpreter first.
    PATH: `${join(installed, "bin")}:${process.env["PATH"] ?? ""}`,
  });
  await place(program, 1);
  const built = await program.ask("open").catch((error: unknown) => {
    throw new SkippedCase(`${names[library]}: ${error instanceof Error ? error.message : String(error)}`);
  });
  const buildSeconds = Number(Number(built).toPrecision(3));
  return {
    name: names[library],
    more: { buildSeconds },
    time: async (repetitions) => Number(await program.ask(`run ${repetitions}`)) / 1e6,
    outcome: async () => ({ spikes: Number(await program.ask("outcome")) }),
    dispose: () => program.close(),
  };
}
