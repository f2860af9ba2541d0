import { InvalidArgumentError, Option, type Command } from "commander";
import { LlifError } from "../errors.ts";
import type { Split } from "../data/dataset.ts";
import type { Code, ScheduleName } from "../spiking/network.ts";

export const scaleNames = ["max", "percentile", "analytic"] as const;
export type ScaleName = (typeof scaleNames)[number];
export const engineNames = ["auto", "wasm", "reference", "twin"] as const;
export type EngineChoice = (typeof engineNames)[number];

/** How a ReLU network is mapped, as the user said it. */
export interface MappingFlags {
  readonly code?: "rate" | "phase";
  readonly schedule?: ScheduleName;
  readonly bits?: number | "auto";
  readonly ticks?: number;
  readonly scales?: ScaleName;
  readonly margin?: number;
  readonly percentile?: number;
  readonly calibration?: string;
  readonly calibrationImages?: number;
  readonly seed?: number;
}

/** A mapping without gaps. */
export interface MappingChoice {
  readonly code: Code;
  readonly schedule: ScheduleName;
  /** Exactly one of the two is there. */
  readonly bits?: number;
  readonly ticks?: number;
  /** `--bits auto`: `bits` is still to be chosen. */
  readonly automatic?: true;
  readonly scales: ScaleName;
  readonly margin?: number;
  readonly percentile?: number;
}

export interface DataFlags {
  readonly data: string;
  readonly split: Split;
  readonly limit?: number;
  /** False: --no-cache. */
  readonly cache?: boolean;
}

export function addMappingOptions(command: Command): Command {
  return command
    .addOption(new Option("--code <code>", "how a value becomes spikes: phase (spikes weighted by their tick; exact) or rate (their number)").choices(["rate", "phase"]))
    .addOption(new Option("--schedule <schedule>", "synchronous: all layers tick together (default of rate); layerwise: layer after layer (phase; exact)").choices(["synchronous", "layerwise"]))
    .addOption(new Option("--bits <K>", "precision: K ticks a window for phase, 2^K − 1 ticks for rate (default of phase: 8); auto: the fewest without a disagreement on held-back calibration images").argParser(bitsOrAuto))
    .addOption(new Option("--ticks <T>", "ticks of a window or run (default of rate: 256)").argParser(integer("--ticks", 1, 2 ** 24)))
    .addOption(new Option("--scales <kind>", "activation scales: largest value seen, a percentile of them, or a bound from the weights (default: max)").choices([...scaleNames]))
    .addOption(new Option("--margin <factor>", "factor on the scales (default: 1.25)").argParser(positive("--margin")))
    .addOption(new Option("--percentile <p>", "with --scales percentile (default: 99.9)").argParser(positive("--percentile", 100)))
    .addOption(new Option("--calibration <set>", "images that the scales are taken from: a known set (its training split), a folder or an IDX file"))
    .addOption(new Option("--calibration-images <n>", "how many of them (default: 1000)").argParser(integer("--calibration-images", 1)))
    .addOption(new Option("--seed <n>", "choose the calibration images at random with this seed, rather than the first").argParser(integer("--seed", 0)));
}

function bitsOrAuto(text: string): number | "auto" {
  return text === "auto" ? text : integer("--bits", 1, 16)(text);
}

export function addDataOptions(command: Command, required = true): Command {
  const data = new Option("--data <set>", "mnist, fashion-mnist, cifar10, imagenet-sample, imagenet-crops, a folder of images (in one subfolder for each class, or flat: no labels, agreement only), or an IDX file");
  return command
    .addOption(required ? data.makeOptionMandatory() : data)
    .addOption(new Option("--split <split>", "part of a known data set").choices(["train", "test"]).default("test"))
    .addOption(new Option("--limit <n>", "only the first n images").argParser(integer("--limit", 1)));
}

/** @param twin whether the quantised network may decide instead of a simulation. */
export function engineOption(twin = true): Option {
  const description = `who decides: auto takes wasm where the runtime has SIMD${twin ? "; twin is the quantised network, no simulation" : ""}`;
  return new Option("--engine <engine>", description).choices(engineNames.filter((name) => twin || name !== "twin")).default("auto");
}

/** Decisions of the float network and results of the twin are kept for the next time. */
export function cacheOption(): Option {
  return new Option("--no-cache", "compute the float network's decisions and the twin anew, and keep nothing");
}

export function workersOption(): Option {
  return new Option("--workers <n>", "share the images out among n threads; decisions, counts and digests stay the same").argParser(integer("--workers", 1, 256));
}

export function jsonOption(): Option {
  return new Option("--json", "print JSON and nothing else on stdout");
}

/**
 * Fills in the defaults: phase at 8 bits, rate synchronous at 256 ticks.
 * @throws {LlifError} ARGUMENT where flags contradict each other.
 */
export function mappingChoice(flags: MappingFlags): MappingChoice {
  const { bits, ticks, scales = "max", margin, percentile } = flags;
  const code = flags.code ?? (flags.schedule === "synchronous" ? "rate" : "phase");
  if (bits !== undefined && ticks !== undefined) throw new LlifError("ARGUMENT", "--bits and --ticks: expected one of them, got both");
  if (code === "phase" && flags.schedule === "synchronous") throw new LlifError("ARGUMENT", '--code phase: expected --schedule layerwise, got "synchronous"; phase windows follow each other layer by layer');
  if (percentile !== undefined && scales !== "percentile") throw new LlifError("ARGUMENT", "--percentile: expected --scales percentile beside it");
  const synchronous = (flags.schedule ?? (code === "rate" ? "synchronous" : "layerwise")) === "synchronous";
  if (bits === "auto" && synchronous) throw new LlifError("ARGUMENT", "--bits auto: expected an exact code, say --code phase; a synchronous network is read after any number of ticks: llif sweep shows which suffices");
  const precision = bits === "auto" ? { bits: 8, automatic: true as const } : bits !== undefined ? { bits } : code === "phase" ? { bits: ticks ?? 8 } : { ticks: ticks ?? 256 };
  if (code === "phase" && (precision.bits ?? 0) > 16) throw new LlifError("ARGUMENT", `--ticks: expected at most 16 for phase, where a tick is a bit, got ${ticks}`);
  return {
    code,
    schedule: flags.schedule ?? (code === "phase" ? "layerwise" : "synchronous"),
    ...precision,
    scales,
    ...(margin === undefined ? {} : { margin }),
    ...(percentile === undefined ? {} : { percentile }),
  };
}

/** "phase, 8 bits"; "rate, synchronous, 256 ticks". */
export function describeChoice({ code, schedule, bits, ticks }: Pick<MappingChoice, "code" | "schedule" | "bits" | "ticks">): string {
  const precision = bits === undefined ? `${ticks} ticks` : `${bits} bits`;
  return code === "phase" ? `phase, ${precision}` : `rate, ${schedule}, ${precision}`;
}

export function integer(name: string, minimum: number, maximum = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`${name}: expected an integer from ${minimum}${maximum === Number.MAX_SAFE_INTEGER ? " on" : ` to ${maximum}`}, got "${text}".`);
    }
    return value;
  };
}

export function positive(name: string, maximum = Infinity): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || value <= 0 || value > maximum) {
      throw new InvalidArgumentError(`${name}: expected a number above 0${maximum === Infinity ? "" : `, at most ${maximum}`}, got "${text}".`);
    }
    return value;
  };
}

export function finite(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError(`${name}: expected a number, got "${text}".`);
    return value;
  };
}

/** `4,8,16`; an ellipsis goes on in equal ratios (`4,8,…,256`) or equal steps (`2,3,…,10`). */
export function integerList(name: string, minimum: number, maximum: number): (text: string) => number[] {
  const one = integer(name, minimum, maximum);
  return (text) => {
    const values: number[] = [];
    const parts = text.split(",").map((part) => part.trim());
    parts.forEach((part, index) => {
      if (part !== "…" && part !== "...") return void values.push(one(part));
      const [before, last] = values.slice(-2);
      const end = one(parts[index + 1] ?? "");
      if (last === undefined || last <= before) throw new InvalidArgumentError(`${name}: expected two rising numbers before "${part}".`);
      const next = last % before === 0 && last / before >= 2 && last - before > 1 ? (value: number) => value * (last / before) : (value: number) => value + last - before;
      for (let value = next(last); value < end; value = next(value)) values.push(one(String(value)));
    });
    return [...new Set(values)].sort((a, b) => a - b);
  };
}
