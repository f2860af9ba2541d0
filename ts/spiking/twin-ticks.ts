// Refined phase has a quantised twin after every tick: the quanta of its counts, and the ticks that have one.
import { checkInteger, checkOptions } from "../check.ts";
import { LlifError } from "../errors.ts";
import { rulesOf } from "./code.ts";
import type { SpikingNetwork } from "./network.ts";
import { payloadsOf } from "./payloads.ts";

export interface TwinOptions {
  /**
   * Refined phase alone: the twin of what a fresh frame has reached after this number of ticks, whose counts are
   * multiples of that tick's quantum of their layer.
   */
  readonly ticks?: number;
}

/** What all counts of a population of the twin are multiples of. @throws {LlifError} ARGUMENT */
export function twinQuanta(
  place: string,
  network: SpikingNetwork,
  options: TwinOptions = {},
): (population: string) => number {
  const { ticks } = checkOptions(place, options, { ticks: true });
  if (ticks === undefined) return () => 1;
  const { frames } = rulesOf(network.code);
  if (!frames)
    throw new LlifError(
      "ARGUMENT",
      `${place}: ticks: expected a network of refined phase, which has a twin after every tick`,
    );
  const tick = checkInteger(`${place}: ticks`, ticks, 1, network.windowTicks) - 1;
  const payloads = payloadsOf(network);
  return (population) => payloads(population, tick);
}

/** Ticks of a fresh run after which it equals a twin: every one of refined phase unless it is lazy, else the window's. */
export function twinTicks({ code, windowTicks }: Pick<SpikingNetwork, "code" | "windowTicks">): readonly number[] {
  const { frames, flags } = rulesOf(code);
  if (!frames || (flags.lazy ?? 0.5) > 0.5) return [windowTicks];
  return Array.from({ length: windowTicks }, (_, tick) => tick + 1);
}
