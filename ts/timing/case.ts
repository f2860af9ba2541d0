// What a benchmark case is: contenders that do the same work, and a rule that compares their answers.

/** One who does the work of a case: an engine, a native program, another simulator. */
export interface Contender<Outcome> {
  readonly name: string;
  /** Does the work `repetitions` times. @returns milliseconds they took together, measured where the work is done. */
  time(repetitions: number): number | Promise<number>;
  /** What the work gives, for the case's rule to compare. */
  outcome(): Outcome | Promise<Outcome>;
  /** What else is known of the contender in this case, by name and unit. */
  readonly more?: Readonly<Record<string, number | string>>;
  /** Where a runner may hold it to processors of its choice: on how many it is timed; default 1. */
  readonly processors?: 1 | "all";
  dispose?(): void | Promise<void>;
}

/** A case whose contenders are ready. */
export interface OpenCase<Outcome> {
  /** Ours first: the others' time is divided by its time. */
  readonly contenders: readonly Contender<Outcome>[];
  /** So many of the first are ours; the fastest of them is what all are divided by, and its row is the first. Default 1. */
  readonly ours?: number;
  /** The answer to which every contender's is compared; by default the first contender's own. */
  readonly truth?: Outcome;
  /** @returns what is wrong with `theirs`, or undefined. By default outcomes must be equal as JSON. */
  readonly compare?: (truth: Outcome, theirs: Outcome, contender: string) => string | undefined;
  /** Synaptic operations of one run of the work. */
  readonly operations?: number;
  /** Samples in one run of the work; rows give the time of one. Default 1. */
  readonly samples?: number;
  dispose?(): void | Promise<void>;
}

/** Cases are opened one at a time, so that one network is in memory at a time. */
export interface BenchCase {
  readonly suite: string;
  readonly name: string;
  /** @throws {SkippedCase} where something it needs is missing. */
  open(): Promise<OpenCase<unknown>>;
}

/** Keeps the type of outcome inside the case. */
export function benchCase<Outcome>(suite: string, name: string, open: () => Promise<OpenCase<Outcome>>): BenchCase {
  return { suite, name, open: open as () => Promise<OpenCase<unknown>> };
}

/** Not a failure: the machine lacks what the case needs. */
export class SkippedCase extends Error {
  override readonly name = "SkippedCase";
}

/** A contender gave another answer: its time would mean nothing. */
export class WrongAnswer extends Error {
  override readonly name = "WrongAnswer";
}

/** One line of bench/results/latest.json. */
export interface ResultRow {
  readonly suite: string;
  readonly case: string;
  readonly contender: string;
  /** Of one sample. */
  readonly medianMs: number;
  /** The contender's time divided by ours: above 1, ours is faster. */
  readonly ratio: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly rounds: number;
  /** Synaptic operations a second, where the case counts them. */
  readonly operationsPerSecond?: number;
  /** Further measurements of the same run, by name and unit. */
  readonly more?: Readonly<Record<string, number | string>>;
}
