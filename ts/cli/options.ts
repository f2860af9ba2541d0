// Options that more than one command has, and how they become the library's options.
import { InvalidArgumentError, Option, type Command } from "commander";
import { budgetKinds, type ReadBudget } from "../budget.ts";
import { LlifError } from "../errors.ts";
import type { Split } from "../data/dataset.ts";
import { encodings, type Encoding, type EncodingChoice } from "../analyze/encoding.ts";
import { planCode } from "../mapping/code.ts";
import { rulesOf, type Code } from "../spiking/code.ts";
import { codeOf, type CodeOptions } from "../spiking/code-options.ts";
import type { CodeFlags, CodeName, CodeRules, ScheduleName, SpikeSign } from "../spiking/codes/rules.ts";

export const scaleNames = ["max", "percentile", "analytic"] as const;
export type ScaleName = (typeof scaleNames)[number];
export const engineNames = ["auto", "wasm", "reference", "twin"] as const;
export type EngineChoice = (typeof engineNames)[number];

/** The mapping options as the user gave them. */
export interface MappingFlags {
  readonly code?: CodeName;
  readonly schedule?: ScheduleName;
  readonly spikes?: SpikeSign;
  readonly nonAdjacent?: boolean;
  readonly settles?: boolean;
  readonly quanta?: readonly number[];
  readonly ahead?: number;
  readonly lazy?: number;
  readonly bits?: number | "auto";
  readonly ticks?: number;
  readonly scales?: ScaleName;
  readonly margin?: number;
  readonly channelFloor?: number;
  readonly percentile?: number;
  readonly calibration?: string;
  readonly calibrationImages?: number;
  readonly seed?: number;
}

/** The mapping with all defaults filled in. */
export interface MappingChoice extends CodeFlags {
  /** Either `bits` or `ticks` is set, or neither: ttfs with real-valued times. */
  readonly bits?: number;
  readonly ticks?: number;
  /** `--bits auto`: `bits` is not chosen yet. */
  readonly automatic?: true;
  readonly scales: ScaleName;
  readonly margin?: number;
  readonly channelFloor?: number;
  readonly percentile?: number;
}

export interface DataFlags {
  readonly data: string;
  readonly split: Split;
  readonly limit?: number;
  /** False with --no-cache. */
  readonly cache?: boolean;
}

/** The options of the mapping. A .llif file fixes all of them except the ticks of a synchronous run. */
export function mappingOptions(): Option[] {
  return [
    new Option(
      "--code <code>",
      "how a value becomes spikes: phase (weighted by their tick; exact; the default), rate (their number) or ttfs (the time of one spike)",
    ).choices(["rate", "phase", "ttfs"]),
    new Option(
      "--schedule <schedule>",
      "synchronous: all layers tick together (default of rate); layerwise: layer after layer (phase, ttfs; exact)",
    ).choices(["synchronous", "layerwise"]),
    new Option(
      "--spikes <sign>",
      "signed: a spike may be −1; phase has ternary digits, rate can cancel earlier spikes and is exact after every tick (default: unsigned)",
    ).choices(["unsigned", "signed"]),
    new Option(
      "--non-adjacent",
      "phase: signed binary digits, never two spikes in neighbouring ticks: fewer spikes, one tick more",
    ),
    new Option(
      "--settles",
      "signed rate: at most one spike a neuron and tick, and ticks after the window until one is silent",
    ),
    new Option(
      "--quanta <m,m,…>",
      "phase, synchronous: what a spike of each tick stands for, each a multiple of the next, 1 at the end (default: powers of two, a tick a bit)",
    ).argParser(quantaOf),
    new Option(
      "--ahead <n>",
      "phase, synchronous: how many quanta the first layer skips, fewer with every layer after it and none in the last; 0: all layers alike (default: 2; with --quanta 0)",
    ).argParser(fromZero("--ahead", 16)),
    new Option(
      "--lazy <h>",
      "phase, synchronous: a count nearer to the charge than h quanta stays until the last tick; 0.5, always the nearest, to 1 (default: 0.7)",
    ).argParser(positive("--lazy", 1)),
    new Option(
      "--bits <K>",
      "precision: K ticks a window for phase (ternary digits if signed), 2^K − 1 ticks for rate and ttfs (default of phase: 8, signed 6; of ttfs: real-valued times); auto: the fewest without a disagreement on held-out calibration images",
    ).argParser(bitsOrAuto),
    new Option("--ticks <T>", "ticks of a window or run (default of rate: 256)").argParser(
      integer("--ticks", 1, 2 ** 24),
    ),
    new Option(
      "--scales <kind>",
      "activation scales: largest value seen, a percentile of the values, or a bound from the weights (default: max)",
    ).choices([...scaleNames]),
    new Option(
      "--margin <factor>",
      "factor on the scales (default: 1.25, up to 2 with fewer than 500 images)",
    ).argParser(positive("--margin")),
    new Option(
      "--channel-floor <share>",
      "least scale of a channel, as a share of the scale at which its reader would take as much from it as from the loudest channel (default: 1/16, up to 1/2 with fewer than 500 images)",
    ).argParser(positive("--channel-floor", 1)),
    new Option("--percentile <p>", "with --scales percentile (default: 99.9)").argParser(positive("--percentile", 100)),
    new Option(
      "--calibration <set>",
      "images for the scales: a known set (its training split; imagenet: the half that is not evaluated), a folder or an IDX file",
    ),
    new Option("--calibration-images <n>", "how many of them (default: 1000)").argParser(
      integer("--calibration-images", 1),
    ),
    new Option("--seed <n>", "choose the calibration images at random with this seed, rather than the first").argParser(
      integer("--seed", 0),
    ),
  ];
}

export function addMappingOptions(command: Command): Command {
  for (const option of mappingOptions()) command.addOption(option);
  return command;
}

function quantaOf(text: string): number[] {
  return text.split(",").map((quantum) => integer("--quanta", 1, 2 ** 16 - 1)(quantum));
}

function bitsOrAuto(text: string): number | "auto" {
  return text === "auto" ? text : integer("--bits", 1, 16)(text);
}

export function addDataOptions(command: Command, required = true): Command {
  const data = new Option(
    "--data <set>",
    "mnist, fashion-mnist, cifar10, imagenet-sample, imagenet-crops, imagenet-views, a folder of images (in one subfolder for each class, or flat: no labels, agreement only), or an IDX file",
  );
  return command
    .addOption(required ? data.makeOptionMandatory() : data)
    .addOption(new Option("--split <split>", "part of a known data set").choices(["train", "test"]).default("test"))
    .addOption(new Option("--limit <n>", "only the first n images").argParser(integer("--limit", 1)));
}

export interface EncodingFlags {
  readonly encoding?: Encoding;
  readonly poissonSeed?: number;
}

export function addEncodingOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--encoding <kind>",
        "how pixels enter: as constant current (exact; the default), or as spikes: regular or poisson (rate), phase, ttfs (each with its code)",
      ).choices([...encodings]),
    )
    .addOption(
      new Option("--poisson-seed <n>", "with --encoding poisson (default: 0)").argParser(
        integer("--poisson-seed", 0, 2 ** 20),
      ),
    );
}

/** @throws {LlifError} ARGUMENT for a seed with another encoding than poisson. */
export function encodingChoice({ encoding = "constant", poissonSeed }: EncodingFlags): EncodingChoice {
  if (poissonSeed !== undefined && encoding !== "poisson")
    throw new LlifError("ARGUMENT", "--poisson-seed: expected --encoding poisson beside it");
  return { encoding, seed: poissonSeed ?? 0 };
}

/** @param twin whether the quantised network may replace the simulation. */
export function engineOption(twin = true): Option {
  const description = `who decides: auto takes wasm where the runtime has SIMD${twin ? "; twin is the quantised network, no simulation" : ""}`;
  return new Option("--engine <engine>", description)
    .choices(engineNames.filter((name) => twin || name !== "twin"))
    .default("auto");
}

/** `--no-cache`: otherwise decisions of the float network and results of the twin are kept on disk. */
export function cacheOption(): Option {
  return new Option("--no-cache", "compute the float network's decisions and the twin again, and keep nothing");
}

export function workersOption(): Option {
  return new Option(
    "--workers <n>",
    "split the images over n threads; decisions, counts and digests stay the same (default: all that the machine can run at once, if there are enough images; 1: no extra thread)",
  ).argParser(integer("--workers", 1, 256));
}

/** Options about how a model file is read. */
export interface ReadingFlags {
  readonly budget?: ReadBudget;
  /** `--batch yes|no`. */
  readonly batch?: "yes" | "no";
}

export function batchOption(): Option {
  return new Option(
    "--batch <yes|no>",
    "ONNX: whether the input's first extent counts samples, if it is a fixed number (default: the network decides)",
  ).choices(["yes", "no"]);
}

export function budgetOption(): Option {
  return new Option(
    "--budget <name=value,...>",
    `raise what reading a trusted model file may take: ${budgetKinds.join(", ")}; Infinity removes a bound`,
  ).argParser(budgetOf);
}

function budgetOf(text: string, before: ReadBudget = {}): ReadBudget {
  const budget: Record<string, number> = { ...before };
  for (const part of text.split(",")) {
    const [, name = "", digits = ""] = /^\s*(\w+)=(\S+)\s*$/.exec(part) ?? [];
    const value = Number(digits);
    if (!budgetKinds.some((kind) => kind === name) || !(value > 0))
      throw new InvalidArgumentError(
        `--budget: expected ${budgetKinds.join(", ")} with a number above 0, such as elements=1e9, got "${part}".`,
      );
    budget[name] = value;
  }
  return budget;
}

export function jsonOption(): Option {
  return new Option("--json", "print JSON and nothing else on stdout");
}

/**
 * Fills in the defaults: phase at 8 bits, rate synchronous at 256 ticks, ttfs real-valued.
 * @throws {LlifError} ARGUMENT if flags contradict each other.
 */
export function mappingChoice(flags: MappingFlags): MappingChoice {
  const { schedule, spikes, nonAdjacent, settles, quanta, ahead, lazy, bits, ticks } = flags;
  const { scales = "max", margin, channelFloor, percentile } = flags;
  const code = flags.code ?? (schedule === "synchronous" ? "rate" : "phase");
  if (bits !== undefined && ticks !== undefined)
    throw new LlifError("ARGUMENT", "--bits and --ticks: expected one of them, got both");
  if (bits === "auto" && quanta !== undefined)
    throw new LlifError("ARGUMENT", "--bits auto: expected no --quanta, which fix the bits");
  if (percentile !== undefined && scales !== "percentile")
    throw new LlifError("ARGUMENT", "--percentile: expected --scales percentile beside it");
  const asked = { code, schedule, spikes, nonAdjacent, settles, quanta, ahead, lazy };
  const rules = rulesOf(codeAskedFor({ ...asked, ticks, bits: bits === "auto" ? 1 : bits }));
  if (bits === "auto" && rules.flags.schedule === "synchronous" && !rules.frames)
    throw new LlifError(
      "ARGUMENT",
      "--bits auto: expected an exact code, say --code phase; a synchronous network is read after any number of ticks: llif sweep shows which suffices",
    );
  const precision = precisionOf(rules, bits, ticks);
  const { automatic: _, ...wanted } = precision;
  planCode({ ...rules.flags, ...wanted });
  return {
    ...rules.flags,
    ...precision,
    scales,
    ...(margin === undefined ? {} : { margin }),
    ...(channelFloor === undefined ? {} : { channelFloor }),
    ...(percentile === undefined ? {} : { percentile }),
  };
}

/** The library's refusal, in this program's options. */
function codeAskedFor(options: CodeOptions): Code {
  try {
    return codeOf(options);
  } catch (cause) {
    if (!(cause instanceof LlifError)) throw cause;
    const message = cause.message.replace(
      /^code "(\w+)": expected schedule "(\w+)"/,
      "--code $1: expected --schedule $2",
    );
    throw new LlifError(cause.code, message, { cause });
  }
}

/** The ticks of phase are its bits; the non-adjacent form has one tick more. */
function precisionOf(
  { digits, realTimes }: CodeRules,
  bits: number | "auto" | undefined,
  ticks: number | undefined,
): Pick<MappingChoice, "bits" | "ticks" | "automatic"> {
  if (bits === "auto") return { bits: digits?.usual ?? 8, automatic: true };
  if (bits !== undefined) return { bits };
  if (digits === null) return ticks !== undefined ? { ticks } : realTimes ? {} : { ticks: 256 };
  const wanted = ticks === undefined ? digits.usual : ticks - digits.extraTicks;
  if (wanted < 1 || wanted > digits.most)
    throw new LlifError(
      "ARGUMENT",
      `--ticks: expected at most ${digits.most + digits.extraTicks} for phase, where a tick is a ${digits.name}, got ${ticks}`,
    );
  return { bits: wanted };
}

/** "phase, 8 bits"; "rate, synchronous, 256 ticks"; "phase, signed, 8 ternary digits". */
export function describeChoice(choice: Pick<MappingChoice, keyof CodeFlags | "bits" | "ticks">): string {
  const { code, schedule, spikes, nonAdjacent, settles, quanta, ahead, lazy, bits, ticks } = choice;
  const precision =
    bits !== undefined
      ? `${bits} ${rulesOf(codeOf(choice)).digits?.name ?? "bit"}s`
      : ticks !== undefined
        ? `${ticks} ticks`
        : "real-valued";
  return [
    code,
    ...(code === "rate" || schedule === "synchronous" ? [schedule] : []),
    ...(nonAdjacent === true ? ["non-adjacent"] : spikes === "signed" ? ["signed"] : []),
    ...(settles === true ? ["settles"] : []),
    ...(quanta === undefined ? [] : [`quanta ${quanta.join(" ")}`]),
    ...((ahead ?? 0) === 0 ? [] : [`${ahead} ahead`]),
    ...(lazy === undefined ? [] : [`lazy ${lazy}`]),
    precision,
  ].join(", ");
}

export function integer(name: string, minimum: number, maximum = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(
        `${name}: expected an integer from ${minimum}${maximum === Number.MAX_SAFE_INTEGER ? " on" : ` to ${maximum}`}, got "${text}".`,
      );
    }
    return value;
  };
}

export function fromZero(name: string, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= 0 && value <= maximum))
      throw new InvalidArgumentError(`${name}: expected a number from 0 to ${maximum}, got "${text}".`);
    return value;
  };
}

export function positive(name: string, maximum = Infinity): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || value <= 0 || value > maximum) {
      throw new InvalidArgumentError(
        `${name}: expected a number above 0${maximum === Infinity ? "" : `, at most ${maximum}`}, got "${text}".`,
      );
    }
    return value;
  };
}

export function finite(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value))
      throw new InvalidArgumentError(`${name}: expected a number, got "${text}".`);
    return value;
  };
}

/** `4,8,16`; an ellipsis continues in equal ratios (`4,8,…,256`) or equal steps (`2,3,…,10`). */
export function integerList(name: string, minimum: number, maximum: number): (text: string) => number[] {
  const one = integer(name, minimum, maximum);
  return (text) => {
    const values: number[] = [];
    const parts = text.split(",").map((part) => part.trim());
    parts.forEach((part, index) => {
      if (part !== "…" && part !== "...") return void values.push(one(part));
      const [before, last] = values.slice(-2);
      const end = one(parts[index + 1] ?? "");
      if (last === undefined || last <= before)
        throw new InvalidArgumentError(`${name}: expected two rising numbers before "${part}".`);
      const next =
        last % before === 0 && last / before >= 2 && last - before > 1
          ? (value: number) => value * (last / before)
          : (value: number) => value + last - before;
      for (let value = next(last); value < end; value = next(value)) values.push(one(String(value)));
    });
    return [...new Set(values)].sort((a, b) => a - b);
  };
}
