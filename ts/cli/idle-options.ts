// Options that would do nothing, beside others or for this model or data: refused by name, rather than ignored.
import type { Command } from "commander";
import { LlifError } from "../errors.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { isKnownDataset } from "./data-files.ts";
import { mappingOptions } from "./options.ts";

/** Names of the options that say how a ReLU network is mapped, as flags have them. */
export const mappingNames: readonly string[] = mappingOptions().map((option) => option.attributeName());
/** Those of them that are about images which the scales are taken from. */
const calibrationNames = ["calibration", "calibrationImages", "seed"];

/** @throws {LlifError} ARGUMENT naming the first of these options that was given, and why it would do nothing. */
export function refuseGiven(command: Command, names: readonly string[], reason: string): void {
  const given = command.options.find(
    (option) =>
      names.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === "cli",
  );
  if (given !== undefined) throw new LlifError("ARGUMENT", `${given.long}: ${reason}`);
}

/**
 * For every command that maps a ReLU network or takes a mapped one.
 * @param model whose `spiking` is what a .llif file holds.
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
  }>();
  if (flags.data !== undefined && !isKnownDataset(flags.data))
    refuseGiven(command, ["split"], `expected a known data set, which has parts, got --data "${flags.data}"`);
  if (flags.engine === "twin" && flags.encoding !== "constant")
    refuseGiven(
      command,
      ["encoding"],
      "expected a simulation, got --engine twin, which decides by the pixels themselves",
    );
  if (model.spiking !== undefined) return refuseForMapped(command, model.path, model.spiking);
  if (flags.scales === "analytic")
    refuseGiven(command, [...calibrationNames, "margin", "allowOverlap"], "--scales analytic takes no images");
}

function refuseForMapped(command: Command, path: string, { schedule, windowTicks }: SpikingNetwork): void {
  const runs = schedule === "synchronous" ? ["ticks"] : [];
  if (schedule !== "synchronous")
    refuseGiven(command, ["ticks"], `"${path}" is layerwise, its window is ${windowTicks} ticks`);
  refuseGiven(
    command,
    mappingNames.filter((name) => !runs.includes(name)),
    `"${path}" is mapped already; map the ReLU network anew with llif convert`,
  );
  refuseGiven(command, ["allowOverlap"], `"${path}" is mapped already, no images are used for calibration`);
}
