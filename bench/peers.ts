import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { cpus, homedir } from "node:os";
import { join } from "node:path";
import { SkippedCase, type Contender } from "../ts/bench/case.ts";
import { writeLlif, writeNpz, type NpyArray, type SpikingNetwork } from "../ts/index.ts";
import { LineProgram } from "./line-program.ts";
import { cacheFolder, inRoot } from "./paths.ts";

/** Counts of a layer, or logits, sample by sample. */
export type Answers = readonly (readonly number[])[];

export type Library = "spikingjelly" | "snntorch" | "norse" | "sinabs" | "fewspike" | "fewspike-ticks" | "fewspike-compiled";

export interface PeerOptions {
  readonly library: Library;
  readonly batch: number;
  readonly threads: 1 | "all";
  readonly ticks: number;
}

/** One Python process an environment; it holds every contender of a case. */
const workers = new Map<string, LineProgram>();

/** Where bench/peers/setup.sh puts the environments. */
export function peersFolder(): string {
  return process.env["LLIF_PEERS"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "llif", "peers");
}

function worker(library: Library): LineProgram {
  const name = library === "sinabs" ? "sinabs" : "torch";
  const running = workers.get(name);
  if (running !== undefined) return running;
  const python = join(peersFolder(), name, "bin", "python");
  if (!existsSync(join(peersFolder(), name, "requirements.txt"))) throw new SkippedCase("no Python environment: run bench/peers/setup.sh");
  // Some machines pin OpenBLAS to an old kernel; torch has its own BLAS, and numpy here only reads files.
  const started = new LineProgram(python, [inRoot("bench", "peers", "worker.py")], { PYTHONDONTWRITEBYTECODE: "1" });
  workers.set(name, started);
  return started;
}

export function closePeers(): void {
  for (const program of workers.values()) program.close();
  workers.clear();
}

let files = 0;

/** Writes what the peers read. */
export function writeCase(network: SpikingNetwork, arrays: Iterable<readonly [string, NpyArray]>): { readonly network: string; readonly inputs: string } {
  const folder = join(cacheFolder, "peers");
  mkdirSync(folder, { recursive: true });
  // A few names, used over and over: a case's files are read as it opens.
  const stem = join(folder, `case-${files++ % 8}`);
  writeFileSync(`${stem}.llif`, writeLlif(network));
  writeFileSync(`${stem}.npz`, writeNpz(arrays));
  return { network: `${stem}.llif`, inputs: `${stem}.npz` };
}

export interface Peer extends Contender<Answers> {
  /** Correct decisions by tick. */
  accuracy(images: string, ticks: readonly number[]): Promise<Readonly<Record<string, number>>>;
}

/** @throws {SkippedCase} without the environments. */
export async function openPeer({ library, batch, threads, ticks }: PeerOptions, paths: { readonly network: string; readonly inputs: string }, more?: Contender<Answers>["more"]): Promise<Peer> {
  const program = worker(library);
  const ask = async (line: string): Promise<string> => {
    try {
      return await program.ask(line);
    } catch (error) {
      // The next case starts another.
      for (const [name, running] of workers) if (running === program) workers.delete(name);
      throw error;
    }
  };
  const ident = await ask(`open ${JSON.stringify({ library, ...paths, ticks, batch, threads: threads === 1 ? 1 : cpus().length })}`);
  return {
    name: `${library}, batch ${batch}, ${threads === 1 ? "1 thread" : "all threads"}`,
    ...(more === undefined ? {} : { more }),
    time: async (repetitions) => Number(await ask(`run ${ident} ${repetitions}`)) / 1e6,
    outcome: async () => JSON.parse(await ask(`outcome ${ident}`)) as Answers,
    accuracy: async (images, at) => JSON.parse(await ask(`accuracy ${ident} ${JSON.stringify({ images, ticks: at })}`)) as Record<string, number>,
    dispose: async () => void (await program.ask(`close ${ident}`).catch(() => undefined)),
  };
}
