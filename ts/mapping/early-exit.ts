// Certificate C2: tells in which tick of a synchronous run the decision is final.
import { checkInteger, checkNumbers, checkObject } from "../check.ts";
import { requireSpikingNetwork } from "../spiking/check.ts";
import { argmax } from "../relu/forward.ts";
import { forEachPooled } from "../relu/windows.ts";
import {
  isSynchronous,
  outputsOf,
  shapeOf,
  synapsesTo,
  type Population,
  type SpikingNetwork,
  type SpikingNode,
  type SpikingOutput,
  type SpikingPool,
} from "../spiking/network.ts";
import { isMapped, type MappedSynapse } from "../spiking/mapped.ts";
import { isPlain } from "../spiking/neurons/models.ts";
import { channelsOf, sizeOf, type Shape } from "../tensor.ts";
import { applyLinear, type Linear } from "./fold/linear.ts";
import { expandedRows, type Rows } from "./last-window.ts";

/** The state of a synchronous network after some ticks of one sample. */
export interface TickState {
  /** Spikes so far, by population. */
  readonly counts: Readonly<Record<string, ArrayLike<number>>>;
  /** Membrane potentials after the last tick, by population. */
  readonly potentials: Readonly<Record<string, ArrayLike<number>>>;
  /** Charges by output. */
  readonly charges: Readonly<Record<string, ArrayLike<number>>>;
}

/** Certificate C2: decides a run before its end, as soon as no later spike can change the decision. */
export interface EarlyExit {
  /**
   * @param input constant currents of the run: counts N_0, or values if the network has no input counts.
   * @param remaining ticks until the end of the run.
   * @returns the final decision, or null while it can still change.
   */
  decide(state: TickState, input: ArrayLike<number>, remaining: number): number | null;
}

/** Bounds on the spikes in the remaining ticks, by neuron. */
interface Coming {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** One synapse with its weights in float64. */
interface Wire {
  readonly from: string;
  readonly linear: Linear;
  readonly source: Shape;
}

/** Relative error of one float32 operation, doubled for the sums of the bound itself. */
const rounding = 2 ** -23;

/**
 * Bounds the remaining spikes layer by layer: at most those of all excitation at once, at least those left after all
 * inhibition. The rounding of every float32 addition is included, so the result holds for the engines, not only in
 * exact arithmetic.
 * @returns null if the certificate does not apply: another schedule, an ohmic leak, hard reset, floor, refractory
 * period, delays, synapses that no mapping makes, or outputs too large to compare pair by pair.
 * @see docs/mathematics.md C2, T1, T2
 */
export function earlyExit(network: SpikingNetwork): EarlyExit | null {
  requireSpikingNetwork("earlyExit: network", network);
  const [output] = outputsOf(network);
  if (output === undefined || !isMapped(network) || !isSynchronous(network) || network.arithmetic !== "float32")
    return null;
  const applies = ({ neuron }: Population): boolean => {
    const { threshold, initialPotential } = neuron;
    const length = Math.max(threshold.length, initialPotential.length);
    const below = (index: number) =>
      initialPotential[index % initialPotential.length] < threshold[index % threshold.length];
    return isPlain(neuron) && Array.from({ length }, (_, index) => below(index)).every(Boolean);
  };
  if (
    network.nodes.some((node) => node.kind === "population" && !applies(node)) ||
    network.synapses.some(({ delayTicks }) => delayTicks > 0)
  )
    return null;
  const rows = expandedRows(network, output);
  if (rows === null) return null;
  const wires = new Map(
    network.nodes.map(({ name }) => [name, synapsesTo(network, name).map((synapse) => wireOf(network, synapse))]),
  );

  /** Drives of the last input, kept because a run asks many times. */
  let driven: { readonly inputs: Float64Array; readonly drives: ReadonlyMap<string, Drive> } | null = null;

  return {
    decide(state, input, remaining) {
      checkInteger("EarlyExit.decide: remaining", remaining, 0);
      checkNumbers("EarlyExit.decide: input", input, { length: sizeOf(network.input.shape) });
      checkObject("EarlyExit.decide: state", state);
      for (const key of ["counts", "potentials", "charges"] as const)
        checkObject(`EarlyExit.decide: state: ${key}`, state[key]);
      if (
        driven === null ||
        driven.inputs.length !== input.length ||
        driven.inputs.some((value, index) => value !== input[index])
      ) {
        const inputs = Float64Array.from(input);
        driven = {
          inputs,
          drives: new Map(
            network.nodes.map((node) => [node.name, driveOf(network, node, wires.get(node.name) as Wire[], inputs)]),
          ),
        };
      }
      const { drives } = driven;
      const coming = new Map<string, Coming>();
      const soFar = new Map<string, ArrayLike<number>>();
      for (const node of network.nodes) {
        if (node.kind === "output") continue;
        if (node.kind === "pool") {
          coming.set(node.name, pooled(network, node, soFar, coming));
          continue;
        }
        soFar.set(node.name, state.counts[node.name]);
        coming.set(
          node.name,
          spikesToCome(
            network,
            node,
            wires.get(node.name) as Wire[],
            state.potentials[node.name],
            drives.get(node.name) as Drive,
            coming,
            remaining,
          ),
        );
      }
      return decision(
        network,
        output,
        rows,
        wires.get(output.name) as Wire[],
        state.charges[output.name],
        drives.get(output.name) as Drive,
        coming,
        remaining,
      );
    },
  };
}

function wireOf(network: SpikingNetwork, synapse: MappedSynapse): Wire {
  return {
    from: synapse.from,
    linear: { ...synapse, weights: Float64Array.from(synapse.weights) },
    source: shapeOf(network, synapse.from),
  };
}

/** Constant charge per tick into each neuron, and the bound of its float32 rounding. */
interface Drive {
  readonly constant: Float64Array;
  readonly sizes: Float64Array;
  /** Number of additions in the sum. */
  readonly terms: number;
}

function driveOf(network: SpikingNetwork, node: SpikingNode, wires: readonly Wire[], inputs: Float64Array): Drive {
  const constant = new Float64Array(sizeOf(node.shape));
  if (node.kind === "pool") return { constant, sizes: constant, terms: 0 };
  for (let index = 0; index < constant.length; index++) constant[index] = node.bias[index % node.bias.length];
  const sizes = constant.map(Math.abs);
  let terms = 1;
  for (const { from, linear, source } of wires) {
    if (from !== network.input.name) continue;
    terms += inputs.length;
    applyLinear(linear, inputs, source, node.shape).forEach((charge, index) => (constant[index] += charge));
    applyLinear(linear, inputs.map(Math.abs), source, node.shape, Math.abs).forEach(
      (charge, index) => (sizes[index] += charge),
    );
  }
  return { constant, sizes, terms };
}

const positive = (weight: number) => Math.max(0, weight);
const negative = (weight: number) => Math.min(0, weight);

/** Bounds on the charge into a node. */
class Arriving {
  /** Constant charge per tick. */
  readonly constant: Float64Array;
  readonly mostExcitation: Float64Array;
  readonly leastExcitation: Float64Array;
  readonly mostInhibition: Float64Array;
  /** Bound of the float32 rounding. */
  readonly slack: Float64Array;

  constructor(
    network: SpikingNetwork,
    node: Population | SpikingOutput,
    wires: readonly Wire[],
    potential: ArrayLike<number>,
    drive: Drive,
    coming: ReadonlyMap<string, Coming>,
    remaining: number,
  ) {
    const size = sizeOf(node.shape);
    const zeros = () => new Float64Array(size);
    const { constant, sizes, terms } = drive;
    this.constant = constant;
    [this.mostExcitation, this.leastExcitation, this.mostInhibition] = [zeros(), zeros(), zeros()];
    const additions = zeros().fill(2 * remaining);
    const add = (target: Float64Array, values: Float64Array) =>
      values.forEach((value, index) => (target[index] += value));
    for (const { from, linear, source } of wires) {
      if (from === network.input.name) continue;
      const { low, high } = coming.get(from) as Coming;
      if (linear.kind === "dense") {
        this.#addDense(linear.weights, low, high);
        const spikes = high.reduce((sum, count) => sum + count, 0);
        add(additions, zeros().fill(2 * spikes));
        continue;
      }
      add(this.mostExcitation, applyLinear(linear, high, source, node.shape, positive));
      add(this.leastExcitation, applyLinear(linear, low, source, node.shape, positive));
      add(this.mostInhibition, applyLinear(linear, high, source, node.shape, negative));
      add(
        additions,
        applyLinear(linear, high, source, node.shape, () => 2),
      );
    }
    this.slack = zeros().map((_, index) => {
      const furthest =
        Math.abs(potential[index]) + sizes[index] * remaining + this.mostExcitation[index] - this.mostInhibition[index];
      // The drive is summed once in float32, so its error is the same in every tick.
      return rounding * (additions[index] * furthest + 2 * terms * sizes[index] * remaining);
    });
  }

  /** Computes the three sums in one pass over the weights, because dense layers are asked often. */
  #addDense(weights: Float64Array, low: Float64Array, high: Float64Array): void {
    for (let output = 0, at = 0; output < this.mostExcitation.length; output++) {
      let [most, least, inhibition] = [0, 0, 0];
      for (let index = 0; index < low.length; index++, at++) {
        const weight = weights[at];
        if (weight > 0) {
          most += weight * high[index];
          least += weight * low[index];
        } else inhibition += weight * high[index];
      }
      this.mostExcitation[output] += most;
      this.leastExcitation[output] += least;
      this.mostInhibition[output] += inhibition;
    }
  }
}

function spikesToCome(
  network: SpikingNetwork,
  node: Population,
  wires: readonly Wire[],
  potential: ArrayLike<number>,
  drive: Drive,
  coming: ReadonlyMap<string, Coming>,
  remaining: number,
): Coming {
  const { constant, mostExcitation, leastExcitation, mostInhibition, slack } = new Arriving(
    network,
    node,
    wires,
    potential,
    drive,
    coming,
    remaining,
  );
  const driven = wires.every(({ from }) => from === network.input.name);
  const { threshold: thresholds, spikesPerTick = 1 } = node.neuron;
  const most = spikesPerTick * remaining;
  const [low, high] = [new Float64Array(potential.length), new Float64Array(potential.length)];
  for (let index = 0; index < potential.length; index++) {
    const threshold = thresholds[index % thresholds.length];
    const spikes = (charge: number) => Math.max(0, Math.floor(charge / threshold));
    const top = spikes(
      potential[index] + mostExcitation[index] + Math.max(0, constant[index]) * remaining + slack[index],
    );
    const bottom = spikes(
      potential[index] + leastExcitation[index] + mostInhibition[index] + constant[index] * remaining - slack[index],
    );
    high[index] = Math.min(top, most);
    // The limit per tick only delays a constant drive (T1), but it may cut bursts, unless few spikes remain.
    low[index] = driven || top <= spikesPerTick ? Math.min(bottom, most) : 0;
  }
  return { low, high };
}

/** A max pool emits when the largest count of its window rises. */
function pooled(
  network: SpikingNetwork,
  pool: SpikingPool,
  soFar: Map<string, ArrayLike<number>>,
  coming: ReadonlyMap<string, Coming>,
): Coming {
  const counts = soFar.get(pool.from) as ArrayLike<number>;
  const { low, high } = coming.get(pool.from) as Coming;
  const size = sizeOf(pool.shape);
  const channels = channelsOf(pool.shape);
  const zeros = () => new Float64Array(size);
  const [now, least, most] = [zeros(), zeros(), zeros()];
  forEachPooled(pool, shapeOf(network, pool.from), pool.shape, (output, from) => {
    if (pool.mode === "max") {
      now[output] = Math.max(now[output], counts[from]);
      least[output] = Math.max(least[output], counts[from] + low[from]);
      most[output] = Math.max(most[output], counts[from] + high[from]);
    } else {
      const times = pool.multiplicity?.[Math.floor(output / channels)] ?? 1;
      now[output] += times * counts[from];
      least[output] += times * (counts[from] + low[from]);
      most[output] += times * (counts[from] + high[from]);
    }
  });
  soFar.set(pool.name, now);
  return { low: least.map((value, index) => value - now[index]), high: most.map((value, index) => value - now[index]) };
}

function decision(
  network: SpikingNetwork,
  output: SpikingOutput,
  rows: readonly Rows[],
  wires: readonly Wire[],
  charge: ArrayLike<number>,
  drive: Drive,
  coming: ReadonlyMap<string, Coming>,
  remaining: number,
): number | null {
  const { constant, slack, leastExcitation, mostInhibition } = new Arriving(
    network,
    output,
    wires,
    charge,
    drive,
    coming,
    remaining,
  );
  const leader = argmax(charge);
  // In a rectified output, all values below zero are equal.
  if (
    output.rectified &&
    charge[leader] + constant[leader] * remaining + leastExcitation[leader] + mostInhibition[leader] - slack[leader] <=
      0
  )
    return null;
  for (let other = 0; other < charge.length; other++) {
    if (other === leader) continue;
    let gap =
      charge[leader] - charge[other] + (constant[leader] - constant[other]) * remaining - slack[leader] - slack[other];
    for (const { from, weights } of rows) {
      if (from === network.input.name) continue;
      const { low, high } = coming.get(from) as Coming;
      for (
        let source = 0, mine = leader * low.length, its = other * low.length;
        source < low.length;
        source++, mine++, its++
      ) {
        const ahead = weights[mine] - weights[its];
        gap += ahead > 0 ? ahead * low[source] : ahead * high[source];
      }
    }
    if (gap <= 0) return null;
  }
  return leader;
}
