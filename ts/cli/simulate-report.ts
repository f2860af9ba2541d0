// What `llif simulate` draws and prints of a run.
import type { SpikeTrain } from "../engine/engine.ts";
import { populationsOf, type Population, type SpikingNetwork } from "../spiking/network.ts";
import { ratePlot } from "../plot/rate.ts";
import { rasterPlot } from "../plot/raster.ts";
import { tracePlot } from "../plot/trace.ts";
import { sizeOf } from "../tensor.ts";
import type { WholeRun } from "./simulate-run.ts";
import { formatCount, formatPercent, formatSeconds, formatTable } from "./text.ts";

export function rasterOf(network: SpikingNetwork, run: WholeRun): Promise<string> {
  const { name, dtSeconds } = network;
  return rasterPlot(trainsOf(network, run), { title: `Spikes of ${name}`, ticks: run.ticks, dtSeconds });
}

export function ratesOf(network: SpikingNetwork, run: WholeRun): Promise<string> {
  const { name, dtSeconds } = network;
  return ratePlot(trainsOf(network, run), { title: `Firing rates of ${name}`, ticks: run.ticks, dtSeconds });
}

/** @param chosen neurons by population. */
export function tracesOf(
  network: SpikingNetwork,
  run: WholeRun,
  chosen: Readonly<Record<string, readonly number[]>>,
): Promise<string> {
  const traces = populationsOf(network).flatMap(({ name, neuron: { threshold } }) =>
    (chosen[name] ?? []).map((neuron, index) => {
      const { ticks, neurons } = trainOf(run, name);
      return {
        name: `${name} ${neuron}`,
        potentials: run.potentials.get(name)?.[index] ?? [],
        threshold: threshold[neuron % threshold.length],
        spikeTicks: ticks.filter((_, spike) => neurons[spike] === neuron),
      };
    }),
  );
  return tracePlot(traces, { title: `Membrane potentials of ${network.name}`, dtSeconds: network.dtSeconds });
}

function trainsOf(network: SpikingNetwork, run: WholeRun) {
  return populationsOf(network).map(({ name, shape }) => ({ ...trainOf(run, name), name, size: sizeOf(shape) }));
}

function trainOf({ spikes }: WholeRun, name: string): SpikeTrain {
  return spikes.get(name) as SpikeTrain;
}

/** Spikes and rates of a run. */
export interface SimulationReport {
  readonly network: string;
  readonly engine: string;
  readonly ticks: number;
  /** Of the network's time. */
  readonly simulatedSeconds: number;
  /** Of the clock. */
  readonly seconds: number;
  readonly synapticOperations: number;
  readonly populations: readonly {
    readonly name: string;
    readonly neurons: number;
    readonly spikes: number;
    /** Per neuron. */
    readonly rateHz: number;
    /** Share of neurons that fired. */
    readonly active: number;
  }[];
}

export function reportOf(network: SpikingNetwork, engine: string, run: WholeRun): SimulationReport {
  const simulatedSeconds = run.ticks * network.dtSeconds;
  const describe = ({ name, shape }: Population) => {
    const counts = run.counts.get(name) as Float64Array;
    const spikes = counts.reduce((sum, count) => sum + count, 0);
    const neurons = sizeOf(shape);
    return {
      name,
      neurons,
      spikes,
      rateHz: spikes / (neurons * simulatedSeconds),
      active: counts.filter((count) => count > 0).length / neurons,
    };
  };
  const { ticks, seconds, synapticOperations } = run;
  return {
    network: network.name,
    engine,
    ticks,
    simulatedSeconds,
    seconds,
    synapticOperations,
    populations: populationsOf(network).map(describe),
  };
}

export function formatSimulation(report: SimulationReport): string {
  const { network, engine, ticks, simulatedSeconds, seconds, synapticOperations, populations } = report;
  const rows = populations.map(({ name, neurons, spikes, rateHz, active }) => [
    name,
    formatCount(neurons),
    formatCount(spikes),
    String(Number(rateHz.toPrecision(4))),
    formatPercent(active),
  ]);
  const speed = Number((simulatedSeconds / seconds).toPrecision(3));
  return [
    `${network}: ${formatCount(ticks)} ticks, ${Number(simulatedSeconds.toPrecision(6))} s of its time`,
    formatTable([["population", "neurons", "spikes", "rate (Hz)", "active"], ...rows]),
    `${formatCount(synapticOperations)} synaptic operations`,
    `time ${formatSeconds(seconds)} (${engine}), ${speed} times as fast as its own`,
  ].join("\n");
}
