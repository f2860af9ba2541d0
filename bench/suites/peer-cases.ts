// What the cases of suite `peers` share: settings of each library, time limits, our contenders, and rules of
// comparison.
import { cpus } from "node:os";
import type { Contender, OpenCase } from "../../ts/timing/case.ts";
import type { EvaluationImages } from "../accuracy.ts";
import { pool, type Result, type RunInput, type Simulator, type SpikingNetwork } from "../../ts/index.ts";
import { onEveryProcessor } from "../processor.ts";
import {
  leftOutBatch,
  openPeer,
  peerName,
  openPeers,
  searchBatches,
  writeCase,
  type Answers,
  type Library,
  type Peer,
  type PeerOptions,
} from "../peers.ts";

export type Setting = Pick<PeerOptions, "library" | "threads"> & { readonly batch: number | "best" };
export type Paths = ReturnType<typeof writeCase>;
type More = Contender<Answers>["more"];

export const setting = (library: Library, batch: Setting["batch"] = 1, threads: Setting["threads"] = 1): Setting => ({
  library,
  batch,
  threads,
});

/** A library at batch 1, 16 and its best, with one thread and with all. */
export const everySetting = (library: Library): Setting[] =>
  ([1, "all"] as const).flatMap((threads) =>
    ([1, 16, "best"] as const).map((batch) => setting(library, batch, threads)),
  );
/** The same, but with all threads only at its best batch. */
export const mainSettings = (library: Library): Setting[] => [
  setting(library, 1),
  setting(library, 16),
  setting(library, "best"),
  setting(library, "best", "all"),
];

/** Time for the runs of all libraries of a case; less important runs are skipped when it is used up. */
export interface Budget {
  readonly seconds: number;
  leftMs: number;
}

export const budget = (seconds: number): Budget => ({ seconds, leftMs: 1000 * seconds });
export const layerSeconds = 40;
export const networkSeconds = 120;

interface Resolved extends Pick<PeerOptions, "library" | "threads" | "batch"> {
  readonly best: boolean;
  /** Milliseconds of one run, if known from the search. */
  readonly runMs?: number;
  readonly leftOut?: string;
}

/** Importance of a setting: the best batch on one thread counts most, because goals are compared with it. */
const rank = ({ threads, batch, best }: Resolved): number =>
  threads === 1 ? (best ? 0 : batch === 1 ? 1 : 2) : best ? 3 : 4;

/** Time of the check, a warm-up and three rounds. */
const costMs = (runMs: number): number => (runMs > 1000 ? 4 * runMs : 1000 + 4 * runMs);

/** The settings that fit into the budget; the best batch on one thread always does. */
export function withinBudget(all: readonly Resolved[], left: Budget): Resolved[] {
  const kept = new Set<Resolved>();
  for (const one of [...all].sort((a, b) => rank(a) - rank(b))) {
    const cost = one.runMs === undefined ? 0 : costMs(one.runMs);
    if (rank(one) > 0 && cost > left.leftMs) continue;
    left.leftMs -= cost;
    kept.add(one);
  }
  const dropped = all.filter((one) => !kept.has(one));
  return all
    .filter((one) => kept.has(one))
    .map((one, index, rest) => {
      const first = rest.findIndex(({ library }) => library === one.library) === index;
      const said = first
        ? dropped
            .filter(({ library }) => library === one.library)
            .map((other) => peerName(other).replace(`${one.library}, `, ""))
        : [];
      const leftOut = [
        ...(first && one.leftOut !== undefined ? [one.leftOut] : []),
        ...(said.length === 0 ? [] : [`${said.join(" and ")}: over the ${left.seconds} s of a case`]),
      ];
      const { leftOut: _, ...plain } = one;
      return leftOut.length === 0 ? plain : { ...plain, leftOut: leftOut.join("; ") };
    });
}

/**
 * Opens the contenders of the settings. Equal settings are measured once; settings that take too long or exceed the
 * budget are skipped, and the library's first row says so.
 * @param group cases with the same best batch.
 */
export async function openSettings(
  settings: readonly Setting[],
  ticks: number,
  paths: Paths,
  group: string,
  left: Budget,
  more: (peer: Peer, setting: Setting) => Promise<More> = () => Promise.resolve(undefined),
): Promise<Contender<Answers>[]> {
  const has = ({ library, threads }: Pick<Setting, "library" | "threads">): boolean =>
    settings.some((other) => other.library === library && other.threads === threads && other.batch === "best");
  const resolved = await openPeers(settings, async ({ library, threads, batch }): Promise<Resolved> => {
    if (!has({ library, threads }))
      return { library, threads, batch: batch === "best" ? 1 : batch, best: batch === "best" };
    const { best, tooLong, runs } = await searchBatches({ library, threads, ticks }, paths, group);
    // A batch that is too long becomes the best one, and equal settings are measured once.
    const size = batch === "best" || batch >= tooLong ? best : batch;
    const [longest, ms] = [...runs].at(-1) as [number, number];
    return {
      library,
      threads,
      batch: size,
      best: size === best,
      runMs: runs.get(size) ?? (ms * size) / longest,
      ...(tooLong <= 16 ? { leftOut: leftOutBatch(tooLong) } : {}),
    };
  });
  const distinct = resolved.filter(
    (one, index) =>
      resolved.findIndex(
        (other) => other.library === one.library && other.batch === one.batch && other.threads === one.threads,
      ) === index,
  );
  return openPeers(withinBudget(distinct, left), async (one): Promise<Contender<Answers>> => {
    const peer = await openPeer({ ...one, ticks }, paths);
    const leftOut = one.leftOut === undefined ? undefined : { leftOut: one.leftOut };
    const said = await more(peer, one);
    return { ...peer, ...(said === undefined && leftOut === undefined ? {} : { more: { ...said, ...leftOut } }) };
  });
}

export function ours(
  name: string,
  simulator: Simulator,
  inputs: readonly RunInput[],
  read: (result: Result) => ArrayLike<number>,
  more?: More,
): Contender<Answers> {
  return {
    name,
    ...(more === undefined ? {} : { more }),
    time(repetitions) {
      const start = performance.now();
      for (let repetition = 0; repetition < repetitions; repetition++) for (const input of inputs) simulator.run(input);
      return performance.now() - start;
    },
    outcome: () => inputs.map((input) => Array.from(read(simulator.run(input)))),
    dispose: () => simulator.dispose(),
  };
}

/** As many samples per message as a large batch has: a message to a worker takes longer than a small network. */
const samplesInPool = 256;

/** Workers on all processors, with the images repeated to a large batch; the time is scaled back. */
export async function oursOnAllThreads(
  network: SpikingNetwork,
  images: readonly RunInput[],
): Promise<Contender<Answers>> {
  const workers = await onEveryProcessor(() => pool(network, { engine: "wasm", size: cpus().length }));
  const repeated = Array.from(
    { length: Math.ceil(samplesInPool / images.length) * images.length },
    (_, index) => images[index % images.length],
  );
  return {
    name: "wasm, all threads",
    processors: "all",
    async time(repetitions) {
      const start = performance.now();
      for (let repetition = 0; repetition < repetitions; repetition++) await workers.runBatch(repeated);
      return ((performance.now() - start) * images.length) / repeated.length;
    },
    outcome: async () => (await workers.runBatch(images)).map(({ logits }) => [...logits]),
    dispose: () => workers.dispose(),
  };
}

/** Weights lie on a grid that float32 sums exactly and thresholds beside it, so equal neurons have equal counts. */
export function sameCounts(truth: Answers, theirs: Answers): string | undefined {
  const wrong = truth[0].filter((count, neuron) => count !== theirs[0][neuron]).length;
  return wrong === 0 && theirs[0].length === truth[0].length
    ? undefined
    : `${wrong} of ${truth[0].length} neurons have another count`;
}

/** Counts of a window that integrates before it fires differ by about one from neurons that fire meanwhile (T2). */
export function nearCounts(truth: Answers, theirs: Answers): string | undefined {
  const mean = truth[0].reduce((sum, count, neuron) => sum + Math.abs(count - theirs[0][neuron]), 0) / truth[0].length;
  return mean < 2 ? undefined : `counts differ by ${mean.toFixed(2)} on average, under 2 is expected`;
}

/** Only the order of float32 sums differs, so a neuron near threshold may fire a tick late. */
export function nearLogits(truth: Answers, theirs: Answers, share = 0.02): string | undefined {
  for (const [sample, expected] of truth.entries()) {
    const range = Math.max(...expected) - Math.min(...expected);
    const error = Math.max(...expected.map((value, index) => Math.abs(value - theirs[sample][index])));
    if (!(error <= share * range))
      return `sample ${sample}: a logit differs by ${((100 * error) / range).toFixed(1)} % of their range, at most ${(100 * share).toFixed(0)} % is expected`;
  }
  return undefined;
}

/** For networks with another pooling or reset: only their accuracy can be compared. */
export function finite(_: Answers, theirs: Answers): string | undefined {
  return theirs.flat().every(Number.isFinite) ? undefined : "a logit is not a number";
}

export const percent = (correct: number, images: number): string =>
  `${((100 * correct) / images).toFixed(1)} % of ${images}`;

export const ourAccuracy = (evaluation: EvaluationImages, simulator: Simulator): string =>
  percent(evaluation.correct(simulator), evaluation.count);

export function writeImages(network: SpikingNetwork, images: readonly Uint8Array[]): Paths {
  const data = new Uint8Array(images.length * images[0].length);
  images.forEach((image, index) => data.set(image, index * image.length));
  return writeCase(network, [["values", { shape: [images.length, images[0].length], data }]]);
}

export const operationsOf = (simulator: Simulator, images: readonly RunInput[]): number =>
  images.reduce((sum, image) => sum + simulator.run(image).statistics.synapticOperations, 0);

export type Compare = OpenCase<Answers>["compare"];
