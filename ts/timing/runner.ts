// Runs a benchmark case: checks all answers first, then times the contenders in turn.
import { throwIfAborted } from "../errors.ts";
import { WrongAnswer, type BenchCase, type Contender, type OpenCase, type ResultRow } from "./case.ts";

export interface RunnerOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (message: string) => void;
  /** Time for the rounds of one case; default 1500 ms. A round is never interrupted. */
  readonly budgetMs?: number;
  /** Shortest measured interval; default 15 ms. */
  readonly sampleMs?: number;
  /**
   * V8 recompiles hot code in the background, so a contender runs for at least `leastMs` before it is timed, then until
   * its time stops falling, and for at most `mostMs`. The checking run counts too, if it was long enough. Default 200
   * and 1000 ms.
   */
  readonly warmUp?: { readonly leastMs: number; readonly mostMs: number };
  /** Fewest and most rounds; default 3 and 15. A contender whose run takes over 0.3 s has the fewest. */
  readonly rounds?: readonly [number, number];
}

/**
 * Checks the contenders' answers, warms up, then times them in turn, round after round.
 * @throws {WrongAnswer} before anything is timed, naming the contender. @throws {SkippedCase} from opening.
 */
export async function runCase(benchCase: BenchCase, options: RunnerOptions = {}): Promise<ResultRow[]> {
  const say = (what: string) => options.onProgress?.(`${benchCase.suite}: ${benchCase.name}: ${what}`);
  say("opening");
  const open = await benchCase.open();
  try {
    const checkMs = await checkAnswers(benchCase, open, say, options.signal);
    return rowsOf(benchCase, open, await timeInTurn(open, checkMs, say, options));
  } finally {
    for (const contender of open.contenders) await contender.dispose?.();
    await open.dispose?.();
  }
}

/** @returns milliseconds that each contender took. */
async function checkAnswers(
  benchCase: BenchCase,
  { contenders, truth, compare = sameJson }: OpenCase<unknown>,
  say: (what: string) => void,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  let expected = truth;
  const spent: number[] = [];
  for (const contender of contenders) {
    throwIfAborted(signal);
    say(`checking ${contender.name}`);
    const start = performance.now();
    const outcome = await contender.outcome();
    spent.push(performance.now() - start);
    expected ??= outcome;
    const wrong = compare(expected, outcome, contender.name);
    if (wrong !== undefined)
      throw new WrongAnswer(
        `suite "${benchCase.suite}", case "${benchCase.name}": ${contender.name} gives another answer: ${wrong}`,
      );
  }
  return spent;
}

function sameJson(truth: unknown, theirs: unknown): string | undefined {
  const [expected, got] = [JSON.stringify(truth), JSON.stringify(theirs)];
  return expected === got ? undefined : `expected ${shorten(expected)}, got ${shorten(got)}`;
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** A contender whose run takes longer than this has the fewest rounds. */
const slowMs = 300;

/** Milliseconds of one run, by contender and round. */
async function timeInTurn(
  { contenders }: OpenCase<unknown>,
  checkMs: readonly number[],
  say: (what: string) => void,
  options: RunnerOptions,
): Promise<number[][]> {
  const {
    signal,
    budgetMs = 1500,
    sampleMs = 15,
    warmUp = { leastMs: 200, mostMs: 1000 },
    rounds: [fewest, most] = [3, 15],
  } = options;
  const repetitions: number[] = [];
  const pieces: number[] = [];
  for (const [index, contender] of contenders.entries()) {
    say(`warming up ${contender.name}`);
    const runMs =
      checkMs[index] > Math.max(warmUp.mostMs, slowMs)
        ? checkMs[index]
        : await warm(contender, sampleMs, warmUp, signal);
    repetitions.push(repetitionsIn(sampleMs, runMs));
    pieces.push(runMs * repetitions[index]);
  }
  const fastMs = pieces.filter((ms) => ms <= slowMs).reduce((sum, ms) => sum + ms, 0);
  const rounds = Math.max(fewest, Math.min(most, Math.floor(budgetMs / fastMs)));
  const samples: number[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`);
    for (let index = 0; index < contenders.length; index++) {
      if (round >= fewest && pieces[index] > slowMs) continue;
      throwIfAborted(signal);
      samples[index].push((await contenders[index].time(repetitions[index])) / repetitions[index]);
    }
  }
  return samples;
}

const repetitionsIn = (sampleMs: number, runMs: number): number =>
  Math.max(1, Math.min(10_000, Math.ceil(sampleMs / Math.max(runMs, 1e-4))));

/** A contender is warm if its latest intervals are not faster than as many before them. */
const looked = 3;
const falling = 0.97;
/** Limit for coarse clocks, which may measure 0. */
const mostPieces = 500;

/** @returns milliseconds of one run, once warm. */
async function warm(
  contender: Contender<unknown>,
  sampleMs: number,
  { leastMs, mostMs }: Required<RunnerOptions>["warmUp"],
  signal: AbortSignal | undefined,
): Promise<number> {
  const times: number[] = [];
  let spent = 0;
  let repetitions = 1;
  while (spent < mostMs && times.length < mostPieces) {
    throwIfAborted(signal);
    const ms = await contender.time(repetitions);
    times.push(ms / repetitions);
    spent += ms;
    repetitions = repetitionsIn(sampleMs, ms / repetitions);
    const [before, latest] = [times.slice(-2 * looked, -looked), times.slice(-looked)];
    if (spent >= leastMs && before.length === looked && Math.min(...latest) > falling * Math.min(...before)) break;
  }
  return median(times.slice(-looked));
}

function rowsOf(
  benchCase: BenchCase,
  { contenders, ours = 1, operations, samples = 1 }: OpenCase<unknown>,
  times: readonly (readonly number[])[],
): ResultRow[] {
  const medians = times.map((runs) => median(runs) / samples);
  const base = medians.indexOf(Math.min(...medians.slice(0, ours)));
  const rows = contenders.map((contender, index) => ({
    suite: benchCase.suite,
    case: benchCase.name,
    contender: contender.name,
    medianMs: medians[index],
    ratio: medians[index] / medians[base],
    minMs: Math.min(...times[index]) / samples,
    maxMs: Math.max(...times[index]) / samples,
    rounds: times[index].length,
    ...(operations === undefined ? {} : { operationsPerSecond: (operations / samples / medians[index]) * 1000 }),
    ...(contender.more === undefined ? {} : { more: contender.more }),
  }));
  return [rows[base], ...rows.filter((_, index) => index !== base)];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
