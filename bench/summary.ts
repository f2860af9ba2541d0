// The table at the top of docs/performance.md: each goal, what was measured, and whether it is reached.
import type { ResultRow } from "../ts/timing/case.ts";
import { goalOf } from "./goals.ts";
import { growthExponents } from "./suites/growth.ts";
import { ratio } from "./text.ts";

/** A goal and the values measured for it. */
interface Aim {
  readonly name: string;
  /** Text for the page. */
  readonly goal: string;
  readonly values: readonly { readonly value: number; readonly reached: boolean }[];
  readonly format?: (value: number) => string;
}

/**
 * Quantities in which cost should be linear. Not synapses: with the same total number of spikes, cost may stay
 * constant.
 */
const linearIn = ["ticks", "neurons", "activity", "batch"];
/** Fixed costs lower the exponent below 1; full caches raise it. */
const linear = (exponent: number): boolean => exponent <= 1.1;
export const memoryGoal = 1.3;
const realTimeGoal = 20;

/** The library of a row: its name up to the batch size. */
export const libraryOf = ({ contender }: ResultRow): string => contender.split(", batch")[0];

/** For each library and case, the row of its best batch on one thread. */
export function bestBatches(rows: readonly ResultRow[]): ResultRow[] {
  const oneThread = rows.filter(({ contender }) => !contender.includes("all threads"));
  return oneThread.filter(
    (row) =>
      !oneThread.some(
        (other) => other.case === row.case && libraryOf(other) === libraryOf(row) && other.ratio < row.ratio,
      ),
  );
}

/** The table of goals; goals of suites that were not measured are left out. */
export function summaryTable(rows: readonly ResultRow[]): string {
  const lines = aims(rows)
    .filter(({ values }) => values.length > 0)
    .map((aim) => {
      const { name, goal, values, format = ratio } = aim;
      const sorted = values.map(({ value }) => value).sort((a, b) => a - b);
      const range =
        sorted[0] === sorted[sorted.length - 1]
          ? format(sorted[0])
          : `${format(sorted[0])} – ${format(sorted[sorted.length - 1])}`;
      const reached = values.filter((one) => one.reached).length;
      return `| ${name} | ${goal} | ${range} | ${reached === values.length ? "yes" : reached === 0 ? "no" : `${reached} of ${values.length}`} |`;
    });
  if (lines.length === 0) return "Nothing is measured yet.";
  return [
    "| theirs / ours, one thread each | goal | measured | reached |",
    "| --- | ---: | ---: | :---: |",
    ...lines,
  ].join("\n");
}

function aims(rows: readonly ResultRow[]): Aim[] {
  const of = (suite: string, keep: (row: ResultRow) => boolean = () => true) =>
    rows.filter((row) => row.suite === suite && goalOf(row) !== undefined && keep(row));
  const compared = (chosen: readonly ResultRow[]) =>
    chosen.map((row) => ({ value: row.ratio, reached: row.ratio >= (goalOf(row) as number) }));
  const aim = (name: string, chosen: readonly ResultRow[]): Aim => ({
    name,
    goal: `≥ ${[...new Set(chosen.map(goalOf))].sort((a, b) => (b as number) - (a as number)).join(" / ")}`,
    values: compared(chosen),
  });
  const layer = ({ case: name }: ResultRow) => /^(dense|conv)-/.test(name);
  const rate = ({ case: name }: ResultRow) => name.includes("-rate-");
  const ttfs = ({ case: name }: ResultRow) => name.endsWith("-ttfs");
  const peers = bestBatches(of("peers"));
  const decision = ({ case: name }: ResultRow) => name.includes("-decision");
  const spikingjelly = (row: ResultRow) => libraryOf(row).startsWith("spikingjelly");
  const fewspike = (row: ResultRow) => libraryOf(row).startsWith("fewspike");
  const networks = peers.filter((row) => !layer(row) && !decision(row) && spikingjelly(row));
  const layerwise = networks.flatMap((row) => {
    const ours = rows.find(
      (other) => other.suite === "peers" && other.case === row.case && other.contender === "wasm, layerwise exact",
    );
    return ours === undefined ? [] : compared([{ ...row, ratio: row.ratio / ours.ratio }]);
  });
  const growth = rows.filter((row) => row.suite === "growth");
  const exponents = [...growthExponents(growth)].filter(([name]) => linearIn.includes(name));
  const live = rows.filter((row) => row.suite === "live");
  const seldom = ({ case: name }: ResultRow) => name.endsWith("-0.2hz");
  const liveOf = (contender: string, keep: (row: ResultRow) => boolean = () => true) =>
    of("live", (row) => row.contender === contender && keep(row));
  const named = (name: string) => (row: ResultRow) => row.case.startsWith(name);
  // One second of biology.
  const realTime = live
    .filter((row) => row.case === "cuba-4000" && ["wasm", "Chromium"].includes(row.contender))
    .map(({ medianMs }) => 1000 / medianMs);
  const liveExponents = [...growthExponents(live)];
  const memory = growth.flatMap(({ more }) =>
    typeof more?.["memoryOverNeed"] === "number" ? [more["memoryOverNeed"]] : [],
  );
  return [
    aim(
      "plain TypeScript, whole networks, exact codes",
      of("reference", (row) => !layer(row) && !rate(row)),
    ),
    aim(
      "plain TypeScript, whole networks, synchronous rate",
      of("reference", (row) => !layer(row) && rate(row)),
    ),
    aim(
      "plain TypeScript, single layers, exact codes",
      of("reference", (row) => layer(row) && !rate(row)),
    ),
    aim(
      "plain TypeScript, single layers, synchronous rate, 32 to 1024 ticks",
      of("reference", (row) => layer(row) && rate(row)),
    ),
    aim("the same core natively at 128 bits", of("native")),
    aim("the machine's load-and-add loop", of("limit")),
    aim(
      "SpikingJelly, single layers, its best batch, ours in exact codes",
      peers.filter((row) => layer(row) && !rate(row) && spikingjelly(row)),
    ),
    aim(
      "SpikingJelly, single layers, its best batch, synchronous rate",
      peers.filter((row) => layer(row) && rate(row) && spikingjelly(row)),
    ),
    aim("SpikingJelly, whole networks, its best batch, synchronous rate", networks),
    {
      ...aim(
        "SpikingJelly, whole networks, its best batch, ours in layerwise exact rate: L + 1 windows to a decision",
        networks,
      ),
      values: layerwise,
    },
    aim(
      "snnTorch, sinabs, Norse, Brian2, their best batch",
      peers.filter((row) => !decision(row) && !spikingjelly(row)),
    ),
    aim(
      "a decision as accurate as the float network: SpikingJelly",
      peers.filter((row) => decision(row) && spikingjelly(row)),
    ),
    aim(
      "a decision as accurate as the float network: few-spike networks in PyTorch",
      peers.filter((row) => decision(row) && fewspike(row)),
    ),
    aim(
      "onnxruntime-web on the ReLU network: ours in phase",
      of("dnn", (row) => !ttfs(row)),
    ),
    aim("onnxruntime-web on the ReLU network: ours in ttfs", of("dnn", ttfs)),
    aim(
      "live networks: plain TypeScript",
      liveOf("plain TypeScript", (row) => !seldom(row)),
    ),
    aim("live networks at 0.2 Hz: plain TypeScript", liveOf("plain TypeScript", seldom)),
    aim("live networks, CUBA: Brian2's C++ program", liveOf("brian2 (C++)", named("cuba"))),
    aim("live networks, Brunel: Brian2's C++ program", liveOf("brian2 (C++)", named("brunel"))),
    aim("live networks: ANNarchy", liveOf("annarchy")),
    aim("live networks: Brian2 with Cython", liveOf("brian2 (Cython)")),
    aim("live networks: the same core natively at 128 bits", liveOf("native-128")),
    {
      name: "live networks: CUBA with 4,000 neurons in Node and Chromium, times real time",
      goal: `≥ ${realTimeGoal}`,
      values: realTime.map((value) => ({ value, reached: value >= realTimeGoal })),
    },
    {
      name: `live networks: exponent of cost in ${liveExponents.map(([name]) => name).join(", ")}`,
      goal: "≤ 1.1",
      values: liveExponents.map(([, value]) => ({ value, reached: linear(value) })),
    },
    aim("one worker against two", of("growth")),
    {
      name: "memory while running / weights and spikes of the widest window",
      goal: `≤ ${memoryGoal}`,
      values: memory.map((value) => ({ value, reached: value <= memoryGoal })),
    },
    {
      name: `exponent of cost in ${exponents.map(([name]) => name).join(", ")}`,
      goal: "≤ 1.1",
      values: exponents.map(([, value]) => ({ value, reached: linear(value) })),
    },
  ];
}
