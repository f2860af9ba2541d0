// Estimates energy from counted operations, beside the float network and the quantised network.
import { rulesOf } from "../spiking/code.ts";
import { requireReluNetwork } from "../relu/check.ts";
import { requireSpikingNetwork } from "../spiking/check.ts";
import { refuseLive } from "../spiking/live.ts";
import { checkArray, checkFunction, checkInteger, checkObject } from "../check.ts";
import { outputsOf, populationsOf, type Population, type SpikingNetwork } from "../spiking/network.ts";
import type { ReluNetwork } from "../relu/network.ts";
import { sizeOf } from "../tensor.ts";
import { membranesOf, type ActivityMeter, type ActivitySums, type Stage, type StageSums } from "./activity.ts";

/**
 * One network's operations per sample, under NeuroBench's names (Yik et al. 2025). Analog input counts once per sample,
 * because its charge is computed once. Weights of zero are not effective operations.
 */
export interface NetworkActivity {
  /** Bytes of parameters and membranes. */
  readonly Footprint: number;
  /** Operations if nothing were zero; for a spiking network, over all ticks of a window. */
  readonly Dense: number;
  readonly Effective_MACs: number;
  readonly Effective_ACs: number;
  /** Share of zeros among the activations; for spikes, among neurons and ticks. */
  readonly ActivationSparsity: number;
  /** Membrane potentials written outside synaptic operations: bias or constant current, and a reset for each spike. */
  readonly MembraneUpdates: number;
  /**
   * Doublings (ternary digits: triplings) of membrane potentials between phase ticks; in refined phase, what arrives in
   * a tick takes the weight of its quantum by one shift a neuron, but in the last; 0 for other codes.
   */
  readonly PhaseShifts: number;
  readonly picojoules: { readonly compute: number; readonly memory: number; readonly total: number };
}

/** An estimate from counted operations, always with two baselines, because a spiking figure alone means nothing. */
export interface EnergyReport {
  readonly estimate: true;
  readonly preset: string;
  readonly sources: readonly string[];
  readonly notIncluded: string;
  readonly float: NetworkActivity;
  /** The quantised network: K-bit multiplications instead of spikes, zeros skipped. Null without a layerwise twin. */
  readonly quantized: NetworkActivity | null;
  readonly spiking: NetworkActivity;
}

export interface EnergyPreset {
  readonly name: string;
  readonly sources: readonly string[];
  /** pJ of one operation. */
  readonly float32: { readonly mac: number; readonly add: number };
  /** Multiply-accumulate of `bits` × `bits`. */
  integerMac(bits: number): number;
  /** 32-bit add: an accumulation, a bias, a reset; also used for a shift, for which the source has no figure. */
  readonly integerAdd: number;
  /** One access to a memory of that size. */
  memoryAccess(bytes: number): number;
}

/** 64-bit access to a cache of that many bytes, pJ (Horowitz 2014, figure 1.1.9). */
const caches = [
  [8 * 1024, 10],
  [32 * 1024, 20],
  [1024 * 1024, 100],
] as const;
/** Lowest figure for 64 bits from DRAM, pJ (same source). */
const dram = 1300;

/**
 * Interpolates linearly between the three cache sizes (Lemaire et al. 2022), and extrapolates until DRAM is cheaper.
 */
function cacheAccess(bytes: number): number {
  if (bytes <= caches[0][0]) return caches[0][1];
  const at = bytes <= caches[1][0] ? 0 : 1;
  const [[from, low], [to, high]] = [caches[at], caches[at + 1]];
  return Math.min(dram, low + ((bytes - from) / (to - from)) * (high - low));
}

/**
 * 45 nm, 0.9 V. A multiplication costs by the square of its width, an addition by its width; 8 and 32 bits equal the
 * published figures.
 */
export const horowitz45nm: EnergyPreset = {
  name: "45 nm CMOS, caches",
  sources: [
    "operations: M. Horowitz, Computing's energy problem (and what we can do about it), ISSCC 2014: fp32 multiply 3.7, add 0.9; int8 multiply 0.2, add 0.03; int32 multiply 3.1, add 0.1 pJ",
    "memory: E. Lemaire et al., An analytical estimation of spiking neural networks energy efficiency, ICONIP 2022 (arXiv 2210.13107), over Horowitz's cache figures 8 kB 10, 32 kB 20, 1 MB 100 pJ",
  ],
  float32: { mac: 4.6, add: 0.9 },
  integerMac(bits) {
    const share = (Math.min(Math.max(bits, 8), 32) - 8) / 24;
    const squared = (Math.min(Math.max(bits, 8), 32) ** 2 - 64) / (32 ** 2 - 64);
    return 0.2 + squared * (3.1 - 0.2) + 0.03 + share * (0.1 - 0.03);
  },
  integerAdd: 0.1,
  memoryAccess: cacheAccess,
};

/** @param ticks of a synchronous run; default the network's window. */
export function energyReport(
  network: SpikingNetwork,
  relu: ReluNetwork,
  meter: ActivityMeter,
  sums: ActivitySums,
  ticks = network?.windowTicks,
  preset: EnergyPreset = horowitz45nm,
): EnergyReport {
  requireSpikingNetwork("energyReport: network", network);
  refuseLive("energyReport", network);
  requireReluNetwork("energyReport: relu", relu);
  for (const key of ["spikingStages", "floatStages"] as const)
    checkArray(`energyReport: meter: ${key}`, checkObject("energyReport: meter", meter)[key]);
  for (const key of ["spiking", "float"] as const)
    checkObject(`energyReport: sums: ${key}`, checkObject("energyReport: sums", sums)[key]);
  checkInteger("energyReport: ticks", ticks, 1);
  for (const key of ["integerMac", "memoryAccess"] as const)
    checkFunction(`energyReport: preset: ${key}`, checkObject("energyReport: preset", preset)[key]);
  return {
    estimate: true,
    preset: preset.name,
    sources: preset.sources,
    notIncluded: "clock, control, leakage, routing between cores and off-chip memory",
    float: floatActivity(relu, meter, sums, preset),
    quantized: network.arithmetic === "int32" ? quantizedActivity(network, meter, sums, preset) : null,
    spiking: spikingActivity(network, meter, sums, ticks, preset),
  };
}

function spikingActivity(
  network: SpikingNetwork,
  { spikingStages: stages }: ActivityMeter,
  { samples, spiking }: ActivitySums,
  ticks: number,
  preset: EnergyPreset,
): NetworkActivity {
  const exact = network.arithmetic === "int32";
  const bits = Math.max(8, Math.ceil(Math.log2(network.levels + 1)));
  const [pixelCost, valueCost, addCost] = exact
    ? [preset.integerMac(8), preset.integerMac(bits), preset.integerAdd]
    : [preset.float32.mac, preset.float32.mac, preset.float32.add];
  const membranes = membranesOf(network);
  const neurons = populationsOf(network).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const spikes = spiking.spikes / samples;
  const analog = operationsOf(stages, spiking, (stage) => stage.analog) / samples;
  const carried = operationsOf(stages, spiking, (stage) => !stage.analog) / samples;
  // A ttfs spike's weight is multiplied by its value; every other spike adds its weight.
  const { synchronous, delivery, integrationGain } = rulesOf(network.code).compile(network.windowTicks);
  const multiplies = delivery === "weighted";
  // Bias and constant current of a frame enter once; its charge is never reset, but each spike changes a count beside it.
  const { frames } = rulesOf(network.code);
  const updates = membranes * (synchronous && !frames ? ticks : 1) + spikes;
  const shifted = integrationGain === 1 && !frames ? 0 : Math.min(ticks, network.windowTicks - 1);
  const shifts = shifted * spikedMembranes(network, stages);
  const leaks = ticks * sum(populationsOf(network).map(leakingNeurons));
  // Tripling is a shift and an add.
  const compute =
    analog * pixelCost +
    carried * (multiplies ? valueCost : addCost) +
    (updates + shifts * (integrationGain === 3 ? 2 : 1)) * addCost +
    leaks * pixelCost;
  const memory =
    eventDriven(stages, spiking.events, spiking.operations, preset, (stage) => weightBytes(stage, exact), 4) / samples +
    stateAccess(network, updates, spikes, preset);
  return {
    Footprint:
      stages.reduce((sum, stage) => sum + weightBytes(stage, exact), 0) +
      parameterBytes(network) +
      4 * (membranes + (frames ? neurons : 0)),
    Dense: stages.reduce((sum, stage) => sum + connections(stage) * (stage.analog ? 1 : ticks), 0),
    Effective_MACs: analog + (multiplies ? carried : 0),
    Effective_ACs: multiplies ? 0 : carried,
    ActivationSparsity: 1 - spikes / (neurons * ticks),
    MembraneUpdates: updates,
    PhaseShifts: shifts,
    picojoules: { compute, memory, total: compute + memory },
  };
}

function quantizedActivity(
  network: SpikingNetwork,
  { spikingStages: stages }: ActivityMeter,
  { samples, spiking }: ActivitySums,
  preset: EnergyPreset,
): NetworkActivity {
  const bits = Math.ceil(Math.log2(network.levels + 1));
  const bytes = (stage: Stage) => stage.weights * (bits <= 8 ? 1 : 2);
  const macs = sum(spiking.countOperations) / samples;
  const membranes = membranesOf(network);
  const neurons = populationsOf(network).reduce((total, { shape }) => total + sizeOf(shape), 0);
  const compute = macs * preset.integerMac(bits) + membranes * preset.integerAdd;
  const memory = cheapestDataflow(
    stages,
    spiking.countEvents,
    spiking.countOperations,
    samples,
    preset,
    bytes,
    bits <= 8 ? 1 : 2,
  );
  return {
    Footprint: stages.reduce((total, stage) => total + bytes(stage), 0) + parameterBytes(network) / 2,
    Dense: stages.reduce((total, stage) => total + connections(stage), 0),
    Effective_MACs: macs,
    Effective_ACs: 0,
    ActivationSparsity: 1 - spiking.active / samples / neurons,
    MembraneUpdates: 0,
    PhaseShifts: 0,
    picojoules: { compute, memory, total: compute + memory },
  };
}

function floatActivity(
  relu: ReluNetwork,
  { floatStages: stages }: ActivityMeter,
  { samples, float }: ActivitySums,
  preset: EnergyPreset,
): NetworkActivity {
  const bytes = (stage: Stage) => 4 * stage.weights;
  const dense = stages.reduce((total, stage) => total + connections(stage), 0);
  const biases = relu.nodes.reduce(
    (total, node) => total + ("bias" in node ? node.bias.length : node.kind === "affine" ? 2 * node.scale.length : 0),
    0,
  );
  const activations = relu.nodes.reduce((total, node) => total + (node.kind === "relu" ? sizeOf(node.shape) : 0), 0);
  const compute =
    dense * preset.float32.mac + stages.reduce((total, stage) => total + stage.targets, 0) * preset.float32.add;
  const memory = stages.reduce((total, stage) => total + denseDataflow(stage, preset, bytes(stage), 4), 0);
  return {
    Footprint: stages.reduce((total, stage) => total + bytes(stage), 0) + 4 * biases,
    Dense: dense,
    Effective_MACs: sum(float.operations) / samples,
    Effective_ACs: 0,
    ActivationSparsity: activations === 0 ? 0 : 1 - float.active / samples / activations,
    MembraneUpdates: 0,
    PhaseShifts: 0,
    picojoules: { compute, memory, total: compute + memory },
  };
}

/**
 * Event-driven: each event is read; each operation reads a weight and a sum, and writes the sum (Lemaire 2022, eq. 5–8,
 * 14, 15).
 */
function eventDriven(
  stages: readonly Stage[],
  events: readonly number[],
  operations: readonly number[],
  preset: EnergyPreset,
  bytes: (stage: Stage) => number,
  sumBytes: number,
): number {
  return stages.reduce((total, stage, index) => {
    const access = preset.memoryAccess(bytes(stage)) + 2 * preset.memoryAccess(sumBytes * stage.targets);
    return total + events[index] * preset.memoryAccess(stage.sources) + operations[index] * access;
  }, 0);
}

/**
 * Dense: all operations, sums in registers (Lemaire 2022, eq. 3, 4, 6). Dense layers read inputs once, convolutions per
 * operation.
 */
function denseDataflow(stage: Stage, preset: EnergyPreset, bytes: number, valueBytes: number): number {
  const reads = stage.sharesWeights ? connections(stage) : stage.sources;
  return (
    connections(stage) * preset.memoryAccess(bytes) +
    reads * preset.memoryAccess(valueBytes * stage.sources) +
    stage.targets * preset.memoryAccess(valueBytes * stage.targets)
  );
}

/** The baselines use the cheaper of both per layer. */
function cheapestDataflow(
  stages: readonly Stage[],
  events: readonly number[],
  operations: readonly number[],
  samples: number,
  preset: EnergyPreset,
  bytes: (stage: Stage) => number,
  valueBytes: number,
): number {
  return stages.reduce((total, stage, index) => {
    const driven =
      eventDriven([stage], [events[index] / samples], [operations[index] / samples], preset, bytes, 4) +
      stage.targets * preset.memoryAccess(valueBytes * stage.targets);
    return total + Math.min(driven, denseDataflow(stage, preset, bytes(stage), valueBytes));
  }, 0);
}

/** Membranes read and written for bias and reset, and spikes written. */
function stateAccess(network: SpikingNetwork, updates: number, spikes: number, preset: EnergyPreset): number {
  const nodes = [...populationsOf(network), ...outputsOf(network)];
  const membranes = membranesOf(network);
  const average = nodes.reduce(
    (total, { shape }) => total + (sizeOf(shape) / membranes) * preset.memoryAccess(4 * sizeOf(shape)),
    0,
  );
  return (2 * updates + spikes) * average;
}

function spikedMembranes(network: SpikingNetwork, stages: readonly Stage[]): number {
  const reached = new Set(stages.filter(({ analog }) => !analog).map(({ to }) => to));
  return [...populationsOf(network), ...outputsOf(network)].reduce(
    (total, { name, shape }) => total + (reached.has(name) ? sizeOf(shape) : 0),
    0,
  );
}

function operationsOf(stages: readonly Stage[], { operations }: StageSums, counts: (stage: Stage) => boolean): number {
  return stages.reduce((total, stage, index) => total + (counts(stage) ? operations[index] : 0), 0);
}

function connections({ fanout }: Stage): number {
  return fanout.existing.reduce((total, targets) => total + targets, 0);
}

/** Bytes of weights in the kernels: 16 bits each if they fit. */
function weightBytes({ weights, weightBits }: Stage, exact: boolean): number {
  return weights * (exact && weightBits <= 16 ? 2 : 4);
}

/** Number of neurons with an ohmic leak, each of which multiplies once per tick. */
function leakingNeurons({ neuron: { leak }, shape }: Population): number {
  if (leak === undefined) return 0;
  const { factorPerTick } = leak;
  return (factorPerTick.filter((factor) => factor !== 1).length * sizeOf(shape)) / factorPerTick.length;
}

/** Bytes of bias, threshold, and all other parameters that differ between neurons; 32 bits each. */
function parameterBytes(network: SpikingNetwork): number {
  return sum(
    network.nodes.map((node) => {
      if (node.kind === "pool") return 0;
      if (node.kind === "output") return 4 * node.bias.length;
      const { threshold, leak, floor, reset, refractory } = node.neuron;
      const rows: ArrayLike<number>[] = [leak?.factorPerTick, floor, reset?.hard, refractory?.ticks].filter(
        (row) => row !== undefined,
      );
      const own = rows.filter((row) => Array.from(row).some((value) => value !== row[0]));
      return 4 * (node.bias.length + threshold.length + sum(own.map(({ length }) => length)));
    }),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
