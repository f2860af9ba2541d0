// Python simulators as contenders: one Python process per library, spoken to line by line.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, homedir } from "node:os";
import { join } from "node:path";
import { SkippedCase, type Contender } from "../ts/timing/case.ts";
import { cacheFolder as userCache } from "../ts/cli/data-cache.ts";
import { writeLlif, writeNpz, type NpyArray, type SpikingNetwork } from "../ts/index.ts";
import { LineProgram } from "./line-program.ts";
import { cacheFolder, inRoot } from "./paths.ts";
import { onEveryProcessor, place } from "./processor.ts";
import { replaceFile } from "./results.ts";

/** Counts of a layer, or logits, sample by sample. */
export type Answers = readonly (readonly number[])[];

export type Library =
  | "spikingjelly"
  | "snntorch"
  | "norse"
  | "sinabs"
  | "brian2"
  | "brian2-standalone"
  | "fewspike"
  | "fewspike-ticks"
  | "fewspike-compiled"
  | "ann2snn-max"
  | "ann2snn-99.9"
  | "sinabs-from-model";

export interface PeerOptions {
  readonly library: Library;
  readonly batch: number;
  readonly threads: 1 | "all";
  readonly ticks: number;
}

/** One Python process per environment runs every contender of a case; each form of Brian2 has its own process. */
const workers = new Map<string, LineProgram>();

/** Folder of the environments that bench/peers/setup.sh makes. */
export function peersFolder(): string {
  return process.env["LLIF_PEERS"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "llif", "peers");
}

/** Libraries whose results also depend on calibration images. */
const converters: readonly Library[] = ["ann2snn-max", "ann2snn-99.9", "sinabs-from-model"];

const compiling: readonly Library[] = ["brian2", "brian2-standalone", "fewspike-compiled"];

const environmentOf = (library: Library): "torch" | "sinabs" | "brian2" =>
  library.startsWith("brian2") ? "brian2" : library.startsWith("sinabs") ? "sinabs" : "torch";

function worker(library: Library): LineProgram {
  const environment = environmentOf(library);
  const name = environment === "brian2" ? library : environment;
  if (compiling.includes(library) && spawnSync("g++", ["--version"]).status !== 0)
    throw new SkippedCase(`${library}: g++ is not installed`);
  const running = workers.get(name);
  if (running !== undefined) return running;
  const folder = join(peersFolder(), environment);
  if (!existsSync(join(folder, "requirements.txt")))
    throw new SkippedCase(`no Python environment "${environment}": run bench/peers/setup.sh`);
  const script = inRoot("bench", "peers", environment === "brian2" ? "brian2_worker.py" : "worker.py");
  // torch.compile takes a minute per network, so its output is kept.
  const started = new LineProgram(join(folder, "bin", "python"), [script], {
    PYTHONDONTWRITEBYTECODE: "1",
    TORCHINDUCTOR_CACHE_DIR: join(userCache(), "bench", "inductor"),
  });
  workers.set(name, started);
  return started;
}

export function closePeers(): void {
  for (const program of workers.values()) program.close();
  workers.clear();
}

let files = 0;

/** Writes the files of a case for the Python programs. */
export function writeCase(
  network: SpikingNetwork,
  arrays: Iterable<readonly [string, NpyArray]>,
): { readonly network: string; readonly inputs: string } {
  const folder = join(cacheFolder, "peers");
  mkdirSync(folder, { recursive: true });
  // Eight names are reused: the files of a case are read when it opens.
  const stem = join(folder, `case-${files++ % 8}`);
  writeFileSync(`${stem}.llif`, writeLlif(network));
  writeFileSync(`${stem}.npz`, writeNpz(arrays));
  return { network: `${stem}.llif`, inputs: `${stem}.npz` };
}

export interface Peer extends Contender<Answers> {
  /** Correct decisions by tick; kept on disk by a hash of everything they depend on. */
  accuracy(images: string, ticks: readonly number[]): Promise<Readonly<Record<string, number>>>;
}

/** @throws {SkippedCase} if the library's environment is missing. */
export async function openPeer(
  { library, batch, threads, ticks }: PeerOptions,
  paths: { readonly network: string; readonly inputs: string },
  more?: Contender<Answers>["more"],
): Promise<Peer> {
  // PyTorch counts the processors when it loads.
  const program = await onEveryProcessor(() => worker(library));
  const ask = async (line: string): Promise<string> => {
    await place(program, threads);
    try {
      return await program.ask(line);
    } catch (error) {
      // The next case starts a new process.
      for (const [name, running] of workers) if (running === program) workers.delete(name);
      throw error;
    }
  };
  const ident = await ask(
    `open ${JSON.stringify({ library, ...paths, ticks, batch, threads: threads === 1 ? 1 : cpus().length })}`,
  );
  return {
    name: peerName({ library, batch, threads }),
    ...(more === undefined ? {} : { more }),
    time: async (repetitions) => Number(await ask(`run ${ident} ${repetitions}`)) / 1e6,
    outcome: async () => JSON.parse(await ask(`outcome ${ident}`)) as Answers,
    accuracy: (images, at) =>
      known(
        [paths.network, ...(converters.includes(library) ? [paths.inputs] : []), images],
        [library, ticks, at],
        async () =>
          JSON.parse(await ask(`accuracy ${ident} ${JSON.stringify({ images, ticks: at })}`)) as Record<string, number>,
      ),
    dispose: async () => void (await program.ask(`close ${ident}`).catch(() => undefined)),
  };
}

const singular: Partial<Readonly<Record<Library, string>>> = {
  brian2: "brian2 (Cython)",
  "brian2-standalone": "brian2 (C++)",
  "ann2snn-max": "spikingjelly ann2snn, max",
  "ann2snn-99.9": "spikingjelly ann2snn, 99.9 %",
  "sinabs-from-model": "sinabs from_model",
};

export function peerName({ library, batch, threads }: Omit<PeerOptions, "ticks">): string {
  return singular[library] ?? `${library}, batch ${batch}, ${threads === 1 ? "1 thread" : "all threads"}`;
}

/** Skips libraries whose environment is missing, and the case if all are. */
export async function openPeers<Setting, Made>(
  settings: readonly Setting[],
  open: (setting: Setting) => Promise<Made>,
): Promise<Made[]> {
  const made: Made[] = [];
  let missing: SkippedCase | undefined;
  for (const setting of settings) {
    try {
      made.push(await open(setting));
    } catch (error) {
      if (!(error instanceof SkippedCase)) throw error;
      missing = error;
    }
  }
  if (made.length === 0 && missing !== undefined) throw missing;
  return made;
}

/** Batch sizes among which the best is searched, upwards until one is slower or too long. */
const batches = [1, 4, 16, 64, 256] as const;
const longestRunMs = 2000;
/** A batch of a given size that would take longer than this is skipped. */
const longestBatchMs = 6000;

export interface BatchSearch {
  /** The batch size with the shortest time per sample. */
  readonly best: number;
  /** The smallest batch size whose run would take over `longestBatchMs`, or Infinity. */
  readonly tooLong: number;
  /** Milliseconds of a run, by batch size. */
  readonly runs: ReadonlyMap<number, number>;
}

const searched = new Map<string, BatchSearch>();

/** A first run includes set-up; in runs longer than this it does not matter, unless they compile. */
const repeatedMs = 300;

/**
 * Finds the best batch size. Dense libraries take the same time at any activity, so a result holds for all cases of a
 * group. With all threads, only the best size on one thread and the next larger are tried.
 * @param group network and ticks, by name.
 */
export async function searchBatches(
  options: Omit<PeerOptions, "batch">,
  paths: { readonly network: string; readonly inputs: string },
  group: string,
): Promise<BatchSearch> {
  const key = JSON.stringify([group, options]);
  const known = searched.get(key);
  if (known !== undefined) return known;
  const single = options.threads === "all" ? await searchBatches({ ...options, threads: 1 }, paths, group) : undefined;
  const candidates =
    single === undefined
      ? batches
      : batches.filter((batch) => batch < single.tooLong && (batch === single.best || batch === 4 * single.best));
  const runs = new Map(single?.runs);
  let best = { batch: 1, ms: Infinity };
  let tooLong = single?.tooLong ?? Infinity;
  for (const batch of candidates) {
    const peer = await openPeer({ ...options, batch }, paths);
    let spent = Infinity;
    let ms = Infinity;
    for (
      let run = 0;
      run === 0 || (run === 1 && (spent < repeatedMs || options.library === "fewspike-compiled"));
      run++
    ) {
      const start = performance.now();
      ms = Math.min(ms, await peer.time(1));
      spent = Math.min(spent, performance.now() - start);
    }
    await peer.dispose?.();
    runs.set(batch, spent);
    if (ms < best.ms) best = { batch, ms };
    else if (batch >= 16) break;
    // A small batch takes as long as a single sample, so the estimates below do not apply.
    if (batch === 1) continue;
    if (spent * 4 > longestBatchMs) tooLong = Math.min(tooLong, batch * 4);
    if (spent * 4 > longestRunMs) break;
  }
  const found = { best: best.batch, tooLong, runs };
  searched.set(key, found);
  return found;
}

export const leftOutBatch = (batch: number): string =>
  `batch ${batch} and larger: over ${longestBatchMs / 1000} s a run`;

const sources = [
  "conversion.py",
  "llif_file.py",
  "networks.py",
  "neurons.py",
  "worker.py",
  "requirements-torch.txt",
  "requirements-sinabs.txt",
];

/**
 * Computes slow results that are not times only once: the key is the content of files, of the programs and of `more`.
 */
async function known<Value>(files: readonly string[], more: unknown, compute: () => Promise<Value>): Promise<Value> {
  const hash = createHash("sha256").update(JSON.stringify(more));
  for (const file of files) hash.update(readFileSync(file));
  for (const file of sources) hash.update(readFileSync(inRoot("bench", "peers", file)));
  const folder = join(userCache(), "bench", "accuracy");
  const path = join(folder, `${hash.digest("hex").slice(0, 32)}.json`);
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as Value;
  const value = await compute();
  mkdirSync(folder, { recursive: true });
  replaceFile(path, JSON.stringify(value));
  return value;
}
