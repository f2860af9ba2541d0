// Refuses options that would have no effect with the other options, this model or this data, instead of ignoring them.
import type { Command } from "commander";
import { LlifError } from "../errors.ts";
import { isSynchronous, type SpikingNetwork } from "../spiking/network.ts";
import { isKnownDataset } from "./data-files.ts";
import { mappingOptions } from "./options.ts";

/** Names of the options that control the mapping, as flags have them. */
export const mappingNames: readonly string[] = mappingOptions().map((option) => option.attributeName());
/** The options among them that choose calibration images. */
const calibrationNames = ["calibration", "calibrationImages", "seed"];

/** @throws {LlifError} ARGUMENT naming the first of these options that was given, and why it has no effect. */
export function refuseGiven(command: Command, names: readonly string[], reason: string): void {
  const given = command.options.find(
    (option) =>
      names.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === "cli",
  );
  if (given !== undefined) throw new LlifError("ARGUMENT", `${given.long}: ${reason}`);
}

/**
 * Refuses options without effect, for every command that maps a ReLU network or takes a mapped one.
 * @param model its `spiking` is the network of a .llif file.
 * @throws {LlifError} ARGUMENT
 */
export function refuseIdle(
  command: Command,
  model: { readonly path: string; readonly spiking?: SpikingNetwork },
): void {
  const flags = command.opts<{
    data?: string;
    scales?: string;
    encoding?: string;
    engine?: string;
    calibration?: string;
    untilDecided?: boolean;
  }>();
  if (flags.data !== undefined && !isKnownDataset(flags.data))
    refuseGiven(command, ["split"], `expected a known data set, which has parts, got --data "${flags.data}"`);
  if (flags.engine === "twin" && flags.encoding !== "constant")
    refuseGiven(
      command,
      ["encoding"],
      "expected a simulation, got --engine twin, which decides by the pixels themselves",
    );
  if (model.spiking !== undefined)
    return refuseForMapped(command, model.path, model.spiking, flags.untilDecided === true);
  if (flags.scales === "analytic")
    refuseGiven(
      command,
      [...(flags.untilDecided === true ? [] : [...calibrationNames, "allowOverlap"]), "margin"],
      "--scales analytic takes no images",
    );
}

/** @param measures whether margins are measured on calibration images. */
function refuseForMapped(command: Command, path: string, network: SpikingNetwork, measures: boolean): void {
  const runs = [...(isSynchronous(network) ? ["ticks"] : []), ...(measures ? calibrationNames : [])];
  if (!isSynchronous(network))
    refuseGiven(command, ["ticks"], `"${path}" is layerwise, its window is ${network.windowTicks} ticks`);
  refuseGiven(
    command,
    mappingNames.filter((name) => !runs.includes(name)),
    `"${path}" is mapped already; map the ReLU network again with llif convert`,
  );
  if (!measures)
    refuseGiven(command, ["allowOverlap"], `"${path}" is mapped already, no images are used for calibration`);
}
