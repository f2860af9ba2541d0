// What a benchmark case is: contenders that do the same work, and a rule that compares their answers.

/** An engine, program or simulator that does the work of a case. */
export interface Contender<Outcome> {
  readonly name: string;
  /** Does the work `repetitions` times. @returns total milliseconds, measured where the work is done. */
  time(repetitions: number): number | Promise<number>;
  /** The result of the work, which the case's rule compares. */
  outcome(): Outcome | Promise<Outcome>;
  /** Further facts about the contender in this case, by name and unit. */
  readonly more?: Readonly<Record<string, number | string>>;
  /** Number of processors during the measurement, if the runner can choose; default 1. */
  readonly processors?: 1 | "all";
  dispose?(): void | Promise<void>;
}

/** A case whose contenders are ready. */
export interface OpenCase<Outcome> {
  /** llif's contender comes first: the others' times are divided by its time. */
  readonly contenders: readonly Contender<Outcome>[];
  /**
   * How many of the first contenders are llif's; all times are divided by the fastest of them, whose row is the first.
   * Default 1.
   */
  readonly ours?: number;
  /** The expected answer; default: the first contender's. */
  readonly truth?: Outcome;
  /** @returns what is wrong with `theirs`, or undefined. Default: outcomes must be equal as JSON. */
  readonly compare?: (truth: Outcome, theirs: Outcome, contender: string) => string | undefined;
  /** Synaptic operations of one run of the work. */
  readonly operations?: number;
  /** Samples in one run of the work; rows give the time of one. Default 1. */
  readonly samples?: number;
  dispose?(): void | Promise<void>;
}

/** A case is opened only when it runs, so that only one network is in memory. */
export interface BenchCase {
  readonly suite: string;
  readonly name: string;
  /** @throws {SkippedCase} if something it needs is missing. */
  open(): Promise<OpenCase<unknown>>;
}

/** Makes a case; hides the type of its outcome. */
export function benchCase<Outcome>(suite: string, name: string, open: () => Promise<OpenCase<Outcome>>): BenchCase {
  return { suite, name, open: open as () => Promise<OpenCase<unknown>> };
}

/** The machine lacks something that the case needs. Not a failure. */
export class SkippedCase extends Error {
  override readonly name = "SkippedCase";
}

/** A contender gave a wrong answer, so its time would mean nothing. */
export class WrongAnswer extends Error {
  override readonly name = "WrongAnswer";
}

/** One line of bench/results/latest.json. */
export interface ResultRow {
  readonly suite: string;
  readonly case: string;
  readonly contender: string;
  /** Median time per sample. */
  readonly medianMs: number;
  /** The contender's time divided by ours: above 1, ours is faster. */
  readonly ratio: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly rounds: number;
  /** Synaptic operations per second, if the case counts them. */
  readonly operationsPerSecond?: number;
  /** Further measurements of the same run, by name and unit. */
  readonly more?: Readonly<Record<string, number | string>>;
}
