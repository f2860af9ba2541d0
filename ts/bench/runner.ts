import { throwIfAborted } from "../errors.ts";
import { WrongAnswer, type BenchCase, type OpenCase, type ResultRow } from "./case.ts";

export interface RunnerOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (message: string) => void;
  /** Time for the rounds of one case; default 1500 ms. A round of all contenders is never cut short. */
  readonly budgetMs?: number;
  /** Shortest time that is measured in one piece; default 15 ms. */
  readonly sampleMs?: number;
  /** V8 compiles hot code anew: each contender runs this often, or this long, before it is timed. */
  readonly warmUp?: { readonly runs: number; readonly ms: number };
  /** Fewest and most rounds; default 3 and 15. */
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
    await checkAnswers(benchCase, open, say);
    return rowsOf(benchCase, open, await timeInTurn(open, say, options));
  } finally {
    for (const contender of open.contenders) await contender.dispose?.();
    await open.dispose?.();
  }
}

async function checkAnswers(benchCase: BenchCase, { contenders, truth, compare = sameJson }: OpenCase<unknown>, say: (what: string) => void): Promise<void> {
  let expected = truth;
  for (const contender of contenders) {
    say(`checking ${contender.name}`);
    const outcome = await contender.outcome();
    expected ??= outcome;
    const wrong = compare(expected, outcome, contender.name);
    if (wrong !== undefined) throw new WrongAnswer(`suite "${benchCase.suite}", case "${benchCase.name}": ${contender.name} gives another answer: ${wrong}`);
  }
}

function sameJson(truth: unknown, theirs: unknown): string | undefined {
  const [expected, got] = [JSON.stringify(truth), JSON.stringify(theirs)];
  return expected === got ? undefined : `expected ${shorten(expected)}, got ${shorten(got)}`;
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** Milliseconds of one run, by contender and round. */
async function timeInTurn({ contenders, fewestRounds }: OpenCase<unknown>, say: (what: string) => void, options: RunnerOptions): Promise<number[][]> {
  const { signal, budgetMs = 1500, sampleMs = 15, warmUp = { runs: 30, ms: 1000 }, rounds: [fewest, most] = [3, 15] } = options;
  const repetitions: number[] = [];
  let roundMs = 0;
  for (const contender of contenders) {
    say(`warming up ${contender.name}`);
    let runs = 0;
    let spent = 0;
    let latest = 0;
    do {
      throwIfAborted(signal);
      latest = await contender.time(1);
      spent += latest;
      runs++;
    } while (runs < warmUp.runs && spent < warmUp.ms);
    repetitions.push(Math.max(1, Math.min(10_000, Math.ceil(sampleMs / Math.max(latest, 1e-4)))));
    roundMs += latest * repetitions[repetitions.length - 1];
  }
  const rounds = Math.max(fewestRounds ?? fewest, Math.min(most, Math.floor(budgetMs / roundMs)));
  const samples: number[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`);
    for (let index = 0; index < contenders.length; index++) {
      throwIfAborted(signal);
      samples[index].push((await contenders[index].time(repetitions[index])) / repetitions[index]);
    }
  }
  return samples;
}

function rowsOf(benchCase: BenchCase, { contenders, operations, samples = 1 }: OpenCase<unknown>, times: readonly (readonly number[])[]): ResultRow[] {
  const medians = times.map((runs) => median(runs) / samples);
  return contenders.map((contender, index) => ({
    suite: benchCase.suite,
    case: benchCase.name,
    contender: contender.name,
    medianMs: medians[index],
    ratio: medians[index] / medians[0],
    minMs: Math.min(...times[index]) / samples,
    maxMs: Math.max(...times[index]) / samples,
    rounds: times[index].length,
    ...(operations === undefined ? {} : { operationsPerSecond: (operations / samples / medians[index]) * 1000 }),
    ...(contender.more === undefined ? {} : { more: contender.more }),
  }));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
