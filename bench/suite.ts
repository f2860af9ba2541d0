// What a suite of benchmarks is.
import type { BenchCase } from "../ts/bench/case.ts";

export interface SuiteOptions {
  /** Fewer cases and contenders: what tells most in a minute or two. */
  readonly quick: boolean;
}

export type Suite = (options: SuiteOptions) => BenchCase[] | Promise<BenchCase[]>;
