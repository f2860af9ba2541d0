import type { BenchCase } from "../ts/bench/case.ts";
import { referenceSuite } from "./suites/reference.ts";

export type Suite = () => BenchCase[] | Promise<BenchCase[]>;

export const suites: Readonly<Record<string, Suite>> = {
  reference: referenceSuite,
};

/** What `npm run bench` runs: under 8 minutes, and nothing that must be installed by hand. */
export const usualSuites: readonly string[] = ["reference"];
