// Checks the nodes of a spiking network: populations, pools and outputs.
import {
  checkAllFinite,
  checkBoolean,
  checkDimensions,
  checkFinite,
  checkLength,
  checkName,
  checkOneOf,
  checkOptions,
  describe,
  isTypedArray,
  type OptionKeys,
} from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { checkExtents, checkWindow, windowKeys } from "../../relu/check.ts";
import { windowedExtents } from "../../relu/shapes.ts";
import { channelsOf, formatShape, sameShape } from "../../tensor.ts";
import { checkCharges, checkTypedRow } from "../charges.ts";
import { rulesOf } from "../code.ts";
import {
  isSynchronous,
  type NegativeSide,
  type Population,
  type SpikingNetwork,
  type SpikingNode,
  type SpikingPool,
} from "../network.ts";
import { checkNeuron, departures } from "../neurons/models.ts";
import { sourceShape, type Kinds, type Shapes } from "./places.ts";

export const nodeKeys: { readonly [Kind in SpikingNode["kind"]]: OptionKeys<Extract<SpikingNode, { kind: Kind }>> } = {
  population: {
    kind: true,
    name: true,
    shape: true,
    bias: true,
    neuron: true,
    rectified: true,
    unit: true,
    ceiling: true,
    negativeOf: true,
  },
  pool: { kind: true, name: true, shape: true, from: true, mode: true, multiplicity: true, ...windowKeys },
  output: { kind: true, name: true, shape: true, bias: true, unit: true, rectified: true },
};

export function checkNode(network: SpikingNetwork, node: SpikingNode, shapes: Shapes, kinds: Kinds): void {
  const place = `${node.kind} "${node.name}"`;
  checkExtents(`${place}: shape`, node.shape);
  if (node.kind === "pool") return checkPool(place, network, node, shapes, kinds);
  checkCharges(`${place}: bias`, node.bias, node.shape, network.arithmetic);
  checkBoolean(`${place}: rectified`, node.rectified);
  checkTypedRow(`${place}: unit`, node.unit, "Float64Array", node.shape);
  for (const unit of node.unit) checkFinite(`${place}: unit`, unit, { above: 0 });
  if (node.kind === "population") checkPopulation(place, network, node);
}

function checkPopulation(place: string, network: SpikingNetwork, population: Population): void {
  const { shape, neuron, rectified, ceiling, negativeOf } = population;
  const { signedCounts, neurons, flags } = rulesOf(network.code);
  if (!rectified && !signedCounts) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: rectified false: expected a balanced-ternary phase network (code "phase", signed spikes), got code "${flags.code}", ${flags.spikes} spikes`,
    );
  }
  checkNeuron(place, neuron, shape, network.arithmetic);
  if (ceiling !== undefined) {
    checkTypedRow(`${place}: ceiling`, ceiling, "Float64Array", shape);
    for (const value of ceiling) checkFinite(`${place}: ceiling`, value, { above: 0 });
  }
  if (negativeOf !== undefined) checkNegativeSide(place, network, population, negativeOf);
  if (neurons === "plain") checkExact(place, network, population);
}

function checkNegativeSide(
  place: string,
  network: SpikingNetwork,
  { shape, ceiling }: Population,
  side: NegativeSide,
): void {
  const { population, slope, complement } = checkOptions(`${place}: negativeOf`, side, {
    population: true,
    slope: true,
    complement: true,
  });
  checkName(`${place}: negativeOf: population`, population);
  const positive = network.nodes.find(({ name }) => name === population);
  if (positive?.kind !== "population" || !sameShape(positive.shape, shape)) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: negativeOf: expected a population of shape ${formatShape(shape)}, got ${positive === undefined ? "no such node" : `${positive.kind} "${population}" of shape ${formatShape(positive.shape)}`}`,
    );
  }
  if (!isTypedArray(slope, "Float64Array"))
    throw new LlifError("ARGUMENT", `${place}: negativeOf: slope: expected a Float64Array, got ${describe(slope)}`);
  checkLength(`${place}: negativeOf: slope`, slope, [channelsOf(shape)]);
  checkAllFinite(`${place}: negativeOf: slope`, slope);
  checkBoolean(`${place}: negativeOf: complement`, complement);
  if (complement && ceiling === undefined)
    throw new LlifError("ARGUMENT", `${place}: negativeOf: expected a ceiling, at which a complement stands for zero`);
}

/** Checks that an exact code has plain neurons, because T7 and T8 hold only for them. */
function checkExact(place: string, network: SpikingNetwork, population: Population): void {
  const { neuron } = population;
  const { spikesPerTick = 1 } = neuron;
  const { flags, thresholdFactor, startsAtHalf, frames } = rulesOf(network.code);
  const found = [...departures(neuron), ...(spikesPerTick === 1 ? [] : [`${spikesPerTick} spikes per tick`])];
  if (found.length > 0) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected the plain neuron in a ${flags.schedule} network of ${flags.spikes} spikes, got ${found.join(", ")}`,
    );
  }
  if (network.arithmetic !== "int32") {
    if (neuron.initialPotential.some((value) => value !== 0))
      throw new LlifError(
        "ARGUMENT",
        `${place}: initialPotential in real-valued ttfs: expected 0, from which the time is told`,
      );
    return;
  }
  if (frames && neuron.initialPotential.some((value) => value !== 0))
    throw new LlifError(
      "ARGUMENT",
      `${place}: initialPotential in refined phase: expected 0, where every count starts`,
    );
  const limit = 2 ** 31 / thresholdFactor(network.windowTicks);
  for (const value of neuron.threshold) {
    if (value >= limit)
      throw new LlifError(
        "PRECISION",
        `${place}: threshold: expected < ${limit} so that ${network.windowTicks} ${flags.code} ticks fit 32 bits, got ${value}`,
      );
    if (!startsAtHalf && value % 2 !== 0)
      throw new LlifError(
        "ARGUMENT",
        `${place}: threshold: expected an even number, half of which is compared with, got ${value}`,
      );
  }
}

function checkPool(place: string, network: SpikingNetwork, pool: SpikingPool, shapes: Shapes, kinds: Kinds): void {
  checkOneOf(`${place}: mode`, pool.mode, ["max", "sum"]);
  const input = sourceShape(place, pool.from, shapes, kinds);
  checkDimensions(`${place}: input`, input, 3);
  checkWindow(place, pool);
  const floor = [...windowedExtents(place, input, pool), input[2]];
  const ceil = [...windowedExtents(place, input, pool, true), input[2]];
  const fits =
    pool.shape.length === 3 && pool.shape.every((extent, axis) => extent === floor[axis] || extent === ceil[axis]);
  if (!fits)
    throw new LlifError(
      "SHAPE",
      `${place}: expected output shape ${formatShape(floor)}, got ${formatShape(pool.shape)}`,
    );
  const source = network.nodes.find(({ name }) => name === pool.from);
  if (pool.mode === "max" && !isSynchronous(network) && source?.kind === "pool" && source.mode === "sum") {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a population or a max pool as source, got sum pool "${source.name}", whose spikes overlap; put a population between`,
    );
  }
  if (pool.multiplicity === undefined) return;
  if (pool.mode !== "sum") throw new LlifError("ARGUMENT", `${place}: multiplicity: expected none in a max pool`);
  if (!isTypedArray(pool.multiplicity, "Uint32Array"))
    throw new LlifError(
      "ARGUMENT",
      `${place}: multiplicity: expected a Uint32Array, got ${describe(pool.multiplicity)}`,
    );
  checkLength(`${place}: multiplicity`, pool.multiplicity, pool.shape.slice(0, 2));
}
