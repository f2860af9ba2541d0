// Command `llif curve`: the firing rate of one neuron against its input, measured and by formula.
import { Option, type Command } from "commander";
import { LlifError } from "../errors.ts";
import { firingRateCurve, type CurveOptions, type FiringRateCurve } from "../analyze/curve.ts";
import { resolveEngine } from "../engine/create.ts";
import { curvePlot } from "../plot/curve.ts";
import { refuseGiven } from "./idle-options.ts";
import type { Io } from "./io.ts";
import { engineOption, finite, integer, jsonOption, positive, type EngineChoice } from "./options.ts";
import { checkOutputs, writeOutput } from "./outputs.ts";
import { formatCount, formatPairs, formatTable, toJson } from "./text.ts";

interface CurveFlags {
  readonly leak: "constant" | "ohmic";
  readonly reset: "soft" | "hard";
  readonly capacitance: number;
  readonly threshold: number;
  readonly resistance: number;
  readonly leakCurrent: number;
  readonly rest: number;
  readonly resetPotential?: number;
  readonly dt: number;
  readonly refractory: number;
  readonly refractoryInput: "integrate" | "discard";
  readonly from?: number;
  readonly to?: number;
  readonly points: number;
  readonly ticks: number;
  readonly engine: Exclude<EngineChoice, "twin">;
  readonly plot?: string;
  readonly json?: boolean;
}

const help = `
Theorems (docs/mathematics.md): T1 constant leak, T5 hard reset, T6 refractory period, T10 ohmic leak. The error is the simulated
rate minus the formula's rate; the bound is the theorem's limit of this error.

Examples:
  llif curve --plot curve.svg
  llif curve --leak ohmic --resistance 1e8 --ticks 10000 --json
  llif curve --reset hard --refractory 2e-3 --refractory-input discard`;

export function addCurve(program: Command, io: Io): void {
  const command = program
    .command("curve")
    .description("one neuron: firing rate against input current, beside its ReLU and the formula")
    .addOption(
      new Option("--leak <kind>", "constant: a leak current; ohmic: a leak resistance")
        .choices(["constant", "ohmic"])
        .default("constant"),
    )
    .addOption(
      new Option("--reset <kind>", "soft: subtract the threshold; hard: to zero")
        .choices(["soft", "hard"])
        .default("soft"),
    )
    .addOption(
      new Option("--capacitance <farad>", "of the membrane").argParser(positive("--capacitance")).default(1e-10),
    )
    .addOption(
      new Option("--threshold <volt>", "firing threshold, above --reset-potential")
        .argParser(finite("--threshold"))
        .default(0.015),
    )
    .addOption(
      new Option("--reset-potential <volt>", "after a hard reset (default: --rest)").argParser(
        finite("--reset-potential"),
      ),
    )
    .addOption(new Option("--resistance <ohm>", "of the ohmic leak").argParser(positive("--resistance")).default(1e8))
    .addOption(
      new Option("--leak-current <ampere>", "of the constant leak, of either sign")
        .argParser(finite("--leak-current"))
        .default(2e-10),
    )
    .addOption(
      new Option("--rest <volt>", "resting potential, also of the ohmic leak").argParser(finite("--rest")).default(0),
    )
    .addOption(new Option("--dt <seconds>", "length of a tick").argParser(positive("--dt")).default(1e-4))
    .addOption(
      new Option("--refractory <seconds>", "shortest interval between spikes, a multiple of --dt")
        .argParser(finite("--refractory"))
        .default(0),
    )
    .addOption(
      new Option("--refractory-input <kind>", "what happens to input during the refractory period")
        .choices(["integrate", "discard"])
        .default("integrate"),
    )
    .addOption(new Option("--from <ampere>", "smallest current (default: 0)").argParser(finite("--from")))
    .addOption(
      new Option("--to <ampere>", "largest current (default: enough for 1,200 Hz and the leak)").argParser(
        finite("--to"),
      ),
    )
    .addOption(new Option("--points <n>", "number of currents").argParser(integer("--points", 2, 100_000)).default(81))
    .addOption(
      new Option("--ticks <T>", "ticks of the simulation").argParser(integer("--ticks", 1, 2 ** 24)).default(10_000),
    )
    .addOption(engineOption(false))
    .option("--plot <file.svg>", "draw it")
    .addOption(jsonOption())
    .addHelpText("after", help)
    .action(async (flags: CurveFlags) => {
      refuseGiven(
        command,
        flags.leak === "ohmic" ? ["leakCurrent"] : ["resistance"],
        `expected --leak ${flags.leak === "ohmic" ? "constant" : "ohmic"}, got ${flags.leak}`,
      );
      if (flags.refractory === 0) refuseGiven(command, ["refractoryInput"], "expected --refractory beside it");
      await checkOutputs([flags.plot]);
      const parameters = parametersOf(flags);
      const onProgress = (done: number, ticks: number) =>
        io.progress(
          `one neuron at ${formatCount(flags.points)} currents: ${formatCount(done)} of ${formatCount(ticks)} ticks`,
        );
      const curve = await firingRateCurve({
        ...parameters,
        engine: resolveEngine(flags.engine),
        signal: io.signal,
        onProgress,
      }).catch((error: unknown) => {
        if (error instanceof LlifError)
          throw new LlifError(error.code, error.message.replace(/^refractorySeconds/, "--refractory"), {
            cause: error,
          });
        throw error;
      });
      io.progress("");
      const title = `Firing rate of one linear LIF neuron: ${flags.leak} leak, ${flags.reset} reset`;
      const note = `Theorem ${curve.theorem}; ${flags.ticks.toLocaleString("en-US")} ticks of ${flags.dt * 1000} ms a current; ${flags.points} currents`;
      if (flags.plot !== undefined)
        await writeOutput(flags.plot, await curvePlot(curve.points, { title, note }), io.signal);
      io.out(flags.json === true ? toJson({ ...parameters, ...curve, ...summary(curve) }) : formatCurve(title, curve));
    });
}

function parametersOf(flags: CurveFlags): Omit<CurveOptions, "engine"> {
  const { leak, threshold, capacitance, resistance, leakCurrent, rest, resetPotential = rest } = flags;
  if (threshold <= resetPotential)
    throw new LlifError(
      "ARGUMENT",
      `--threshold: expected above the reset potential, ${resetPotential} V, got ${threshold}`,
    );
  const from = flags.from ?? 0;
  const to =
    flags.to ??
    1200 * (threshold - resetPotential) * capacitance +
      Math.max(0, leak === "ohmic" ? (threshold - rest) / resistance : leakCurrent);
  if (to <= from) throw new LlifError("ARGUMENT", `--to: expected more than --from (${from}), got ${to}`);
  return {
    leak,
    reset: flags.reset,
    capacitanceFarad: capacitance,
    thresholdVolt: threshold,
    dtSeconds: flags.dt,
    restVolt: rest,
    resetVolt: resetPotential,
    ...(leak === "ohmic" ? { resistanceOhm: resistance } : { leakCurrentAmpere: leakCurrent }),
    refractorySeconds: flags.refractory,
    refractoryInput: flags.refractoryInput,
    currents: Array.from({ length: flags.points }, (_, index) => from + ((to - from) * index) / (flags.points - 1)),
    ticks: flags.ticks,
  };
}

/** Largest errors in Hz; null if no theorem bounds the error. */
function summary({ points }: FiringRateCurve): {
  readonly largestErrorHertz: number;
  readonly withinBound: boolean | null;
} {
  const bounded = points.filter(({ boundHertz }) => boundHertz !== null);
  return {
    largestErrorHertz: Math.max(...points.map(({ errorHertz }) => Math.abs(errorHertz))),
    withinBound:
      bounded.length === 0
        ? null
        : bounded.every(
            ({ errorHertz, boundHertz }) =>
              boundHertz !== null && errorHertz >= -boundHertz.below && errorHertz <= boundHertz.above,
          ),
  };
}

function formatCurve(title: string, curve: FiringRateCurve): string {
  const { largestErrorHertz, withinBound } = summary(curve);
  const step = Math.max(1, Math.round(curve.points.length / 16));
  const rows = curve.points
    .filter((_, index) => index % step === 0)
    .map(({ currentAmpere, simulatedHertz, reluHertz, formulaHertz, errorHertz, boundHertz }) => [
      (currentAmpere * 1e9).toFixed(3),
      simulatedHertz.toFixed(2),
      reluHertz.toFixed(2),
      formulaHertz.toFixed(2),
      errorHertz.toFixed(2),
      boundHertz === null ? "–" : `−${boundHertz.below.toFixed(2)} … +${boundHertz.above.toFixed(2)}`,
    ]);
  const pairs: [string, string][] = [
    ["theorem", curve.theorem],
    ["largest error", `${largestErrorHertz.toFixed(3)} Hz`],
    ["within the bound", withinBound === null ? "no theorem bounds it" : withinBound ? "at every current" : "no"],
  ];
  return [
    title,
    "",
    formatTable([["current, nA", "simulated, Hz", "ReLU, Hz", "formula, Hz", "error, Hz", "bound, Hz"], ...rows], 0),
    "",
    formatPairs(pairs),
  ].join("\n");
}
