// Suite `live`: networks of LIF neurons of any wiring, against simulators written by hand, compiled ones, and the core natively.
import { benchCase, SkippedCase, type BenchCase, type Contender } from "../../ts/timing/case.ts";
import { brunel, cuba, denseRecurrent, fly, learning, type LiveModel } from "../live/models.ts";
import { liveContender, writeModel, type LiveLibrary } from "../live/peers.ts";
import { chromiumContender, nativeContender, wasmContender } from "../live/contenders.ts";
import { liveGrowthCase, liveSeries } from "../live/growth.ts";
import { networkOf, type LiveOutcome } from "../live/network.ts";
import { plainContender, type PlainKind } from "../live/plain.ts";
import type { SuiteOptions } from "../suite.ts";

export interface LiveCase {
  readonly name: string;
  readonly plain: PlainKind;
  readonly peers?: readonly LiveLibrary[];
  readonly model: () => LiveModel;
  /** Also in a quick run. */
  readonly quick?: true;
  /** The same network is measured in Chromium. */
  readonly page?: true;
}

const wholeFly = (fanOut: number, contacts: number, rateHz: number) => (): LiveModel =>
  fly({ neurons: 138_000, fanOut, contacts, rateHz, ticks: 5000 });

const everyone = ["brian2-standalone", "annarchy", "nest"] as const;
/** NEST takes 25 s for a run of the larger CUBA network. */
const compiled = ["brian2-standalone", "annarchy"] as const;
const standalone = ["brian2-standalone"] as const;

export const liveCases: readonly LiveCase[] = [
  {
    name: "cuba-4000",
    plain: "twoCurrents",
    peers: ["brian2", ...everyone],
    model: () => cuba(4000),
    quick: true,
    page: true,
  },
  { name: "cuba-40000", plain: "twoCurrents", peers: compiled, model: () => cuba(40_000) },
  { name: "brunel-12500", plain: "delta", peers: everyone, model: () => brunel() },
  { name: "fly-2.8m-0.2hz", plain: "awake", peers: standalone, model: wholeFly(20, 6, 0.2), quick: true },
  { name: "fly-2.8m-2.5hz", plain: "awake", peers: standalone, model: wholeFly(20, 6, 2.5) },
  { name: "fly-15m-0.2hz", plain: "awake", peers: standalone, model: wholeFly(109, 3, 0.2) },
  { name: "fly-15m-2.5hz", plain: "awake", peers: standalone, model: wholeFly(109, 3, 2.5) },
  { name: "dense-2000", plain: "allToAll", peers: standalone, model: () => denseRecurrent(), quick: true },
  { name: "stdp-1000", plain: "learns", peers: standalone, model: () => learning(), quick: true },
];

/** The cases of suite `live`. */
export function liveSuite({ quick }: SuiteOptions): BenchCase[] {
  const cases = liveCases.filter((one) => !quick || one.quick === true).map(liveCase);
  return quick ? cases : [...cases, ...Object.entries(liveSeries).map(([name, steps]) => liveGrowthCase(name, steps))];
}

export function liveCase({ name, plain, peers = [], model: make, page }: LiveCase): BenchCase {
  return benchCase("live", name, async () => {
    const model = make();
    const network = networkOf(model);
    const contenders = [
      await wasmContender(network, model),
      plainContender(plain, network, model),
      nativeContender(name, network, model),
      ...(page === true ? await installed([chromiumContender]) : []),
      ...(await peersOf(name, model, peers)),
    ];
    return { contenders, compare: compareSpikes };
  });
}

async function peersOf(
  name: string,
  model: LiveModel,
  libraries: readonly LiveLibrary[],
): Promise<Contender<LiveOutcome>[]> {
  if (libraries.length === 0) return [];
  const folder = writeModel(name, model);
  return installed(libraries.map((library) => () => liveContender(library, folder)));
}

/** Says why it leaves out those that are not. */
async function installed(open: readonly (() => Promise<Contender<LiveOutcome>>)[]): Promise<Contender<LiveOutcome>[]> {
  const made: Contender<LiveOutcome>[] = [];
  for (const one of open) {
    try {
      made.push(await one());
    } catch (error) {
      if (!(error instanceof SkippedCase)) throw error;
      process.stderr.write(`skipped ${error.message}\n`);
    }
  }
  return made;
}

/** Largest difference between numbers of spikes where draws or roundings differ. */
const tolerance = 0.05;

/** Spike for spike where both sides tell single spikes, else the mean rate. */
export function compareSpikes(truth: LiveOutcome, theirs: LiveOutcome): string | undefined {
  if (truth.spikes === 0) return "expected a network that spikes";
  if (theirs.digest !== undefined)
    return truth.digest === theirs.digest && truth.spikes === theirs.spikes
      ? undefined
      : `${theirs.spikes} spikes, other ones than the ${truth.spikes} expected`;
  return Math.abs(theirs.spikes / truth.spikes - 1) <= tolerance
    ? undefined
    : `${theirs.spikes} spikes, expected ${truth.spikes} within ${100 * tolerance} %`;
}
