// Command `llif simulate`: runs a network for some time, with rasters, rates and potentials.
import { InvalidArgumentError, Option, type Command } from "commander";
import { LlifError } from "../errors.ts";
import { resolveEngine } from "../engine/create.ts";
import { populationsOf, type Population, type SpikingNetwork } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import { refuseGiven } from "./idle-options.ts";
import type { Io } from "./io.ts";
import { openNetwork, type OpenNetwork } from "./network-file.ts";
import { engineOption, finite, integer, jsonOption, positive, type EngineChoice } from "./options.ts";
import { checkOutputs, writeOutput } from "./outputs.ts";
import { formatSimulation, rasterOf, ratesOf, reportOf, tracesOf } from "./simulate-report.ts";
import { runParts, type RecordedParts, type WholeRun } from "./simulate-run.ts";
import { spikesToNpz } from "./spikes-file.ts";
import { formatCount, toJson } from "./text.ts";

interface SimulateFlags {
  readonly seconds?: number;
  readonly ticks?: number;
  readonly background: readonly Background[];
  readonly drive: readonly Drive[];
  readonly seed: number;
  readonly potentials: readonly Chosen[];
  readonly engine: Exclude<EngineChoice, "twin">;
  readonly plot?: string;
  readonly plotRates?: string;
  readonly plotPotentials?: string;
  readonly saveSpikes?: string;
  readonly json?: boolean;
}

interface Background {
  readonly population: string;
  readonly rateHz: number;
  readonly weight: number;
  /** Absent: the membrane potential. */
  readonly into?: string;
}

interface Drive {
  readonly population: string;
  readonly charge: number;
}

/** Neurons of a population. */
interface Chosen {
  readonly population: string;
  readonly neurons: readonly number[];
}

const help = `
A module (.js, .mjs) exports a spiking network as its default, or a function that makes one. A function "prepare" that it
exports gets the simulator before the run: prepare(simulator) may call simulator.drive, simulator.background and so on.

Examples:
  llif simulate brain.llif --seconds 1 --background cells:8000:0.1 --plot raster.svg --plot-rates rates.svg
  llif simulate network.mjs --seconds 0.5 --plot-potentials traces.svg --potentials cells:0,1,2
  llif simulate network.llif --ticks 1000 --drive cells:0.05 --save-spikes spikes.npz --json`;

export function addSimulate(program: Command, io: Io): void {
  const command = program
    .command("simulate")
    .description("run a network for some time: spikes, rates, potentials")
    .argument("<network>", ".llif file, or a module that exports a network")
    .addOption(new Option("--seconds <s>", "how long, in the network's time").argParser(positive("--seconds")))
    .addOption(new Option("--ticks <T>", "how long, in ticks").argParser(integer("--ticks", 1, 2 ** 24)))
    .addOption(
      new Option(
        "--background <population:Hz:weight[:into]>",
        "Poisson spikes of that rate to each neuron; into a current, else into the potential; repeatable",
      )
        .argParser(repeated(backgroundOf))
        .default([]),
    )
    .addOption(
      new Option("--drive <population:charge>", "charge to each neuron in each tick; repeatable")
        .argParser(repeated(driveOf))
        .default([]),
    )
    .addOption(new Option("--seed <n>", "of the background").argParser(integer("--seed", 0, 2 ** 32 - 1)).default(0))
    .addOption(engineOption(false))
    .option("--plot <raster.svg>", "draw the spikes")
    .option("--plot-rates <rates.svg>", "draw the mean rate of each population over time")
    .option("--plot-potentials <traces.svg>", "draw the potentials of some neurons")
    .addOption(
      new Option("--potentials <population:n,n,…>", "which neurons (default: the first three of each population)")
        .argParser(repeated(chosenOf))
        .default([]),
    )
    .option("--save-spikes <out.npz>", "write all spikes for NumPy")
    .addOption(jsonOption())
    .addHelpText("after", help)
    .action(async (path: string, flags: SimulateFlags) => {
      if (flags.plotPotentials === undefined)
        refuseGiven(command, ["potentials"], "expected --plot-potentials beside it");
      if (flags.background.length === 0) refuseGiven(command, ["seed"], "expected --background beside it");
      const outputs = [flags.plot, flags.plotRates, flags.plotPotentials, flags.saveSpikes];
      await checkOutputs(outputs, [path], path.endsWith(".llif") ? [path] : []);
      const open = await openNetwork(path);
      const { network } = open;
      if (network.code.kind !== "rate")
        throw new LlifError(
          "ARGUMENT",
          `"${path}": expected a network that goes on tick by tick (synchronous rate), got code ${network.code.kind}; llif run simulates its samples`,
        );
      const ticks = ticksOf(network, flags, path);
      const populations = populationsOf(network).map(({ name }) => name);
      const record: RecordedParts = {
        spikes: outputs.some((file) => file !== undefined) ? populations : [],
        potentials: flags.plotPotentials === undefined ? {} : chosenOr(network, flags.potentials),
      };
      const { engine, run } = await simulate(open, record, ticks, flags, io);
      const drawn: readonly (readonly [string | undefined, () => Promise<string> | Uint8Array])[] = [
        [flags.plot, () => rasterOf(network, run)],
        [flags.plotRates, () => ratesOf(network, run)],
        [flags.plotPotentials, () => tracesOf(network, run, record.potentials)],
        [flags.saveSpikes, () => spikesToNpz(network, [{ spikes: Object.fromEntries(run.spikes) }])],
      ];
      for (const [file, draw] of drawn) if (file !== undefined) await writeOutput(file, await draw(), io.signal);
      const report = reportOf(network, engine, run);
      io.out(flags.json === true ? toJson(report) : formatSimulation(report));
    });
}

async function simulate(
  { network, prepare }: OpenNetwork,
  record: RecordedParts,
  ticks: number,
  { background, drive, seed, engine }: SimulateFlags,
  io: Io,
): Promise<{ readonly engine: string; readonly run: WholeRun }> {
  const live = prepare !== undefined || background.length + drive.length > 0;
  const simulator = await resolveEngine(engine).createSimulator<RecordedParts>(network, { record, live });
  try {
    await prepare?.(simulator);
    for (const { population, ...spec } of background) simulator.background(population, { ...spec, seed });
    for (const { population, charge } of drive)
      simulator.drive(
        population,
        new Float32Array(sizeOf(populationNamed("--drive", network, population).shape)).fill(charge),
      );
    return { engine: simulator.engine, run: await runParts(simulator, record, ticks, io) };
  } finally {
    io.progress("");
    simulator.dispose();
  }
}

function ticksOf({ name, dtSeconds }: SpikingNetwork, { seconds, ticks }: SimulateFlags, path: string): number {
  if ((seconds === undefined) === (ticks === undefined))
    throw new LlifError(
      "ARGUMENT",
      `"${path}": expected one of --seconds and --ticks, got ${seconds === undefined ? "none" : "both"}`,
    );
  if (ticks !== undefined) return ticks;
  const whole = Math.round((seconds as number) / dtSeconds);
  if (whole < 1 || whole > 2 ** 24)
    throw new LlifError(
      "ARGUMENT",
      `--seconds: expected 1 to ${formatCount(2 ** 24)} ticks of ${dtSeconds} s, the length of a tick of "${name}", got ${formatCount(whole)}`,
    );
  return whole;
}

/** The neurons whose potentials are drawn, by population. */
function chosenOr(network: SpikingNetwork, chosen: readonly Chosen[]): Record<string, readonly number[]> {
  const all = chosen.map(({ population, neurons }) => {
    const size = sizeOf(populationNamed("--potentials", network, population).shape);
    const outside = neurons.find((neuron) => neuron >= size);
    if (outside !== undefined)
      throw new LlifError(
        "ARGUMENT",
        `--potentials: expected neurons of "${population}" from 0 to ${size - 1}, got ${outside}`,
      );
    return [population, neurons] as const;
  });
  const first = populationsOf(network).map(
    ({ name, shape }) => [name, Array.from({ length: Math.min(3, sizeOf(shape)) }, (_, neuron) => neuron)] as const,
  );
  return Object.fromEntries(all.length === 0 ? first : all);
}

function populationNamed(option: string, network: SpikingNetwork, name: string): Population {
  const populations = populationsOf(network);
  const found = populations.find((population) => population.name === name);
  if (found === undefined)
    throw new LlifError(
      "ARGUMENT",
      `${option}: expected a population among ${populations.map((each) => each.name).join(", ")}, got "${name}"`,
    );
  return found;
}

/** Collects the values of an option that may be given more than once. */
function repeated<T>(parse: (text: string) => T): (text: string, before: readonly T[]) => readonly T[] {
  return (text, before) => [...before, parse(text)];
}

function backgroundOf(text: string): Background {
  const [population = "", rate = "", weight = "", into, ...rest] = text.split(":");
  if (population === "" || rest.length > 0 || into === "")
    throw malformed("--background", "population:Hz:weight[:into]", text);
  const [rateHz, charge] = [positive("--background")(rate), finite("--background")(weight)];
  return { population, rateHz, weight: charge, ...(into === undefined || into === "v" ? {} : { into }) };
}

function driveOf(text: string): Drive {
  const [population = "", charge = "", ...rest] = text.split(":");
  if (population === "" || rest.length > 0) throw malformed("--drive", "population:charge", text);
  return { population, charge: finite("--drive")(charge) };
}

function chosenOf(text: string): Chosen {
  const [population = "", neurons = "", ...rest] = text.split(":");
  if (population === "" || rest.length > 0) throw malformed("--potentials", "population:neuron,neuron,…", text);
  return { population, neurons: neurons.split(",").map(integer("--potentials", 0)) };
}

function malformed(option: string, form: string, text: string): InvalidArgumentError {
  return new InvalidArgumentError(`${option}: expected ${form}, got "${text}".`);
}
