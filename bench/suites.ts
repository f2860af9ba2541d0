// The list of all suites by name.
import { dnnSuite } from "./suites/dnn.ts";
import { dropInSuite } from "./suites/drop-in.ts";
import { growthSuite } from "./suites/growth.ts";
import { learnSuite } from "./suites/learn.ts";
import { limitSuite } from "./suites/limit.ts";
import { liveSuite } from "./suites/live.ts";
import { nativeSuite } from "./suites/native.ts";
import { peersSuite } from "./suites/peers.ts";
import { referenceSuite } from "./suites/reference.ts";
import { runtimesSuite } from "./suites/runtimes.ts";
import type { Suite } from "./suite.ts";

export const suites: Readonly<Record<string, Suite>> = {
  reference: referenceSuite,
  native: nativeSuite,
  limit: limitSuite,
  learn: learnSuite,
  live: liveSuite,
  "drop-in": dropInSuite,
  dnn: dnnSuite,
  growth: growthSuite,
  runtimes: runtimesSuite,
  peers: peersSuite,
};

/** The suites that `npm run bench` runs: under 8 minutes, nothing to install by hand. */
export const usualSuites: readonly string[] = ["reference", "native", "limit", "learn", "drop-in", "dnn"];
