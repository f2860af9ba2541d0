// The time axis of plots of runs: ticks, or seconds where a tick has a length.
import { checkFinite } from "../check.ts";

export interface TickLength {
  /** Length of a tick; absent: the time axis shows ticks. */
  readonly dtSeconds?: number;
}

export function checkTickLength(place: string, { dtSeconds }: TickLength): void {
  if (dtSeconds !== undefined) checkFinite(`${place}: dtSeconds`, dtSeconds, { above: 0 });
}

export interface TimeAxis {
  readonly label: string;
  /** Places of labels, in ticks. */
  readonly ticks: number[];
  readonly tickFormat: (tick: number) => string;
}

/** At most about eight labels, at round numbers of ticks, milliseconds or seconds. */
export function timeAxis(ticks: number, dtSeconds: number | undefined): TimeAxis {
  const length = ticks * (dtSeconds ?? 1);
  const [unit, perUnit] = dtSeconds === undefined ? ["ticks", 1] : length < 10 ? ["ms", 1e3] : ["s", 1];
  const perTick = (dtSeconds ?? 1) * perUnit;
  const least = (length * perUnit) / 8;
  const power = 10 ** Math.floor(Math.log10(least));
  const nice = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= least) ?? 10 * power;
  const step = dtSeconds === undefined ? Math.max(1, Math.round(nice)) : nice;
  const labels = Math.floor((length * perUnit) / step + 1e-9) + 1;
  return {
    label: `time (${unit})`,
    ticks: Array.from({ length: labels }, (_, index) => (index * step) / perTick),
    tickFormat: (tick) => String(Number((tick * perTick).toPrecision(6))),
  };
}
