// `--until-decided`: takes margins from images that are neither evaluated nor used for the scales.
import { Option, type Command } from "commander";
import { LlifError } from "../errors.ts";
import { marginsOf, samplesFor, usualErrorRate, type DecisionMargins } from "../analyze/margins.ts";
import { slice, type ImageDataset } from "../data/dataset.ts";
import { rulesOf } from "../spiking/code.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { calibrationFor, isImagenet, openData, takeImages } from "./data-files.ts";
import { refuseGiven } from "./idle-options.ts";
import type { Io } from "./io.ts";
import { integer, positive, type DataFlags, type EngineChoice, type MappingFlags } from "./options.ts";
import { heldOutImages, type Evaluator, type Extras } from "./pipeline.ts";

export interface UntilDecidedFlags {
  readonly untilDecided?: boolean;
  readonly decideErrors?: number;
  readonly decideImages?: number;
}

/** As manifests have it; null: the default. */
export interface UntilDecidedChoice {
  readonly errorRate: number | null;
  readonly images: number | null;
}

/** Nothing without `--until-decided`. */
export function untilDecidedOf({ untilDecided, decideErrors, decideImages }: UntilDecidedFlags): {
  readonly untilDecided?: UntilDecidedChoice;
} {
  if (untilDecided !== true) return {};
  return { untilDecided: { errorRate: decideErrors ?? null, images: decideImages ?? null } };
}

/** The flags of a manifest. */
export function untilDecidedFlags(choice: UntilDecidedChoice | undefined): UntilDecidedFlags {
  if (choice === undefined) return {};
  const { errorRate, images } = choice;
  return {
    untilDecided: true,
    ...(errorRate === null ? {} : { decideErrors: errorRate }),
    ...(images === null ? {} : { decideImages: images }),
  };
}

export function addUntilDecided(command: Command): Command {
  return command
    .option(
      "--until-decided",
      "synchronous phase: what runs would take that stop as soon as the first class leads by a margin, measured on calibration images that are not those of the scales",
    )
    .addOption(
      new Option(
        "--decide-errors <share>",
        `with --until-decided: largest share of decisions that the rest of a run would change (default: ${usualErrorRate})`,
      ).argParser(positive("--decide-errors", 0.5)),
    )
    .addOption(
      new Option(
        "--decide-images <n>",
        `with --until-decided: calibration images for the margins (default: as few as the share takes, ${samplesFor(usualErrorRate)} for ${usualErrorRate})`,
      ).argParser(integer("--decide-images", 1)),
    );
}

/** Refuses options that have no effect. */
export function refuseIdleMargins(command: Command, { untilDecided }: UntilDecidedFlags): void {
  if (untilDecided !== true)
    refuseGiven(command, ["decideErrors", "decideImages"], "expected --until-decided beside it");
}

/** @throws {LlifError} ARGUMENT for another code, no simulation, or too few images. */
export async function measuredMargins(
  network: SpikingNetwork,
  evaluator: Evaluator,
  flags: UntilDecidedFlags &
    MappingFlags &
    DataFlags & { readonly engine: EngineChoice; readonly allowOverlap?: boolean },
  ticks: number | undefined,
  extras: Extras,
  io: Io,
): Promise<DecisionMargins> {
  if (!rulesOf(network.code).frames)
    throw new LlifError(
      "ARGUMENT",
      "--until-decided: expected synchronous phase (--code phase --schedule synchronous --spikes signed), which is read after every tick",
    );
  if (flags.engine === "twin")
    throw new LlifError("ARGUMENT", "--until-decided: expected a simulation, got --engine twin");
  const errorRate = flags.decideErrors ?? usualErrorRate;
  const images = await imagesFor(flags, flags.decideImages ?? samplesFor(errorRate), evaluator, io);
  const measuring = evaluator.on(images);
  evaluator.refuseOverlap({ images }, flags.allowOverlap === true);
  const { evaluation } = await measuring.evaluate(network, flags.engine, ticks, {
    workers: extras.workers,
    encoding: extras.encoding,
    alone: true,
  });
  if (evaluation.perTick === null) throw new LlifError("ENGINE", "--until-decided: expected every tick to be read");
  const stops = evaluation.perTick.twinMismatches.map((_, tick) => tick + 1);
  return marginsOf(stops, evaluation.perTick, errorRate);
}

/** Those of the calibration set after the images of the scales and of `--bits auto`. */
async function imagesFor(
  { calibration, calibrationImages = 1000, bits, seed, data, split }: MappingFlags & DataFlags,
  wanted: number,
  { model }: Evaluator,
  io: Io,
): Promise<ImageDataset> {
  const own = calibrationFor({ data, split });
  const name = calibration ?? own?.data;
  if (name === undefined)
    throw new LlifError(
      "ARGUMENT",
      "--until-decided: expected --calibration <set>, images like those to come, that the margins are measured on",
    );
  const all = await openData(
    { data: name, split: own !== null && isImagenet(name) ? own.split : "train" },
    model.relu,
    io,
  );
  const before = calibrationImages + (bits === "auto" ? heldOutImages : 0);
  const missing = before + wanted - all.count;
  if (missing > 0)
    throw new LlifError(
      "ARGUMENT",
      `--until-decided: expected ${wanted} calibration images beside the ${before} of the scales, but "${name}" has ${all.count} in all; take fewer by --calibration-images, or a larger --decide-errors`,
    );
  return slice(takeImages(all, Math.min(before + wanted, all.count - 1), seed), before);
}
