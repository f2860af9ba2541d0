// Suite `live`: networks of LIF neurons of any wiring, against simulators written by hand, compiled ones, and the core natively.
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { benchCase, type BenchCase, type Contender } from "../../ts/timing/case.ts";
import { LineProgram } from "../line-program.ts";
import { brunel, cuba, denseRecurrent, fly, learning, type LiveModel } from "../live/models.ts";
import { engineContender, flatFile, networkOf, type LiveOutcome } from "../live/network.ts";
import { plainContender, type PlainKind } from "../live/plain.ts";
import { nativeProgram } from "../native.ts";
import { cacheFolder } from "../paths.ts";
import type { SuiteOptions } from "../suite.ts";

export interface LiveCase {
  readonly name: string;
  readonly plain: PlainKind;
  readonly model: () => LiveModel;
  /** Also in a quick run. */
  readonly quick?: true;
}

const wholeFly = (fanOut: number, contacts: number, rateHz: number) => (): LiveModel =>
  fly({ neurons: 138_000, fanOut, contacts, rateHz, ticks: 5000 });

export const liveCases: readonly LiveCase[] = [
  { name: "cuba-4000", plain: "twoCurrents", model: () => cuba(4000), quick: true },
  { name: "cuba-40000", plain: "twoCurrents", model: () => cuba(40_000) },
  { name: "brunel-12500", plain: "delta", model: () => brunel() },
  { name: "fly-2.8m-0.2hz", plain: "awake", model: wholeFly(20, 6, 0.2), quick: true },
  { name: "fly-2.8m-2.5hz", plain: "awake", model: wholeFly(20, 6, 2.5) },
  { name: "fly-15m-0.2hz", plain: "awake", model: wholeFly(109, 3, 0.2) },
  { name: "fly-15m-2.5hz", plain: "awake", model: wholeFly(109, 3, 2.5) },
  { name: "dense-2000", plain: "allToAll", model: () => denseRecurrent(), quick: true },
  { name: "stdp-1000", plain: "learns", model: () => learning(), quick: true },
];

/** The cases of suite `live`. */
export function liveSuite({ quick }: SuiteOptions): BenchCase[] {
  return liveCases.filter((one) => !quick || one.quick === true).map(liveCase);
}

export function liveCase({ name, plain, model: make }: LiveCase): BenchCase {
  return benchCase("live", name, async () => {
    const model = make();
    const network = networkOf(model);
    const contenders = [
      await engineContender("wasm", network, model),
      plainContender(plain, network, model),
      nativeContender(name, flatFile(network, model)),
    ];
    return { contenders, compare: compareSpikes };
  });
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

function nativeContender(name: string, parts: readonly Uint8Array[]): Contender<LiveOutcome> {
  const binary = nativeProgram("native-128");
  mkdirSync(cacheFolder, { recursive: true });
  const path = join(cacheFolder, `${name}.live`);
  const file = openSync(path, "w");
  for (const part of parts) writeSync(file, part);
  closeSync(file);
  const program = new LineProgram(binary, []);
  const ask = async (repetitions: number) => (await program.ask(`live ${repetitions} ${path}`)).split(" ");
  return {
    name: "native-128",
    time: async (repetitions) => Number((await ask(repetitions))[0]) / 1e6,
    async outcome() {
      const [, digest, spikes] = await ask(1);
      return { spikes: Number(spikes), digest };
    },
    dispose: () => program.close(),
  };
}
