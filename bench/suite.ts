// The type of a benchmark suite.
import type { BenchCase } from "../ts/timing/case.ts";

export interface SuiteOptions {
  /** Fewer cases and contenders: the most informative ones, in a minute or two. */
  readonly quick: boolean;
}

export type Suite = (options: SuiteOptions) => BenchCase[] | Promise<BenchCase[]>;
