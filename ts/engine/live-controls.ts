// The calls of a simulator for live networks: checks of their arguments, names for numbers, SI units for ticks.
import { checkFinite, checkInteger, checkLength, checkName, checkNumbers, checkOptions, describe } from "../check.ts";
import { LlifError } from "../errors.ts";
import { populationsOf, type Population, type SpikingNetwork } from "../spiking/network.ts";
import { checkPlasticWeights } from "../spiking/plasticity.ts";
import { resetsHard } from "../spiking/neurons/llif.ts";
import { sizeOf } from "../tensor.ts";
import { backgroundStates } from "./background.ts";
import type { LiveCore } from "./live.ts";
import type { LiveState } from "../spiking/live-state.ts";
import { checkLiveState, mostBackgroundPerTick } from "../spiking/live-state-check.ts";

/** Poisson spikes from outside the network. */
export interface BackgroundOptions {
  /** Mean rate of each neuron's background, all its sources together; 0 ends it. */
  readonly rateHz: number;
  /** Charge of one spike. */
  readonly weight: number;
  /** Name of a current of the population; default: the membrane potential. */
  readonly into?: string;
  /** Any integer from 0 to 2^32 − 1; default 0. Each neuron has a stream of its own. */
  readonly seed?: number;
  /** Neurons reached; default: all. */
  readonly neurons?: ArrayLike<number>;
}

/**
 * What can be done to a live network (`isLive`, or `createSimulator(network, { live: true })`) between two runs. A run
 * without `keepState` resets all of it: give `keepState: true` to the first run too.
 */
export interface LiveControls {
  /**
   * Charge that each neuron gets in every tick from now on, until the next call; null ends it. A copy is taken.
   * @throws {LlifError} ARGUMENT or SHAPE; ARGUMENT for a network that is not live, as all of these.
   */
  drive(population: string, charges: ArrayLike<number> | null): void;
  /** Replaces the Poisson background of this population into the same variable; a new call begins new streams. */
  background(population: string, options: BackgroundOptions): void;
  /** These neurons fire in the next tick, whatever their state, unless they are silenced. */
  force(population: string, neurons: ArrayLike<number>): void;
  /** These neurons no longer fire, until the next call; all others do. */
  silence(population: string, neurons: ArrayLike<number>): void;
  /**
   * Membrane potentials as they are, in one copy.
   * @param variable a current of the population, or "adaptation"; default: the membrane potential.
   * @param into receives them, so that nothing is allocated.
   */
  potentials(population: string, variable?: string, into?: Float32Array): Float32Array;
  /** Everything that a run goes on from: copies. `restore` takes it in either engine. */
  state(): LiveState;
  /**
   * Nothing changes if it throws.
   * @throws {LlifError} ARGUMENT or SHAPE, naming the part, for the state of another network or values that are not finite.
   */
  restore(state: LiveState): void;
  /**
   * Weights of a synapse as they are, in the order of the network's array.
   * @param synapse its name, or its place in `network.synapses`.
   */
  weights(synapse: string | number, into?: Float32Array): Float32Array;
  /** From the next tick on; a reset brings back the network's own. */
  setWeights(synapse: string | number, weights: ArrayLike<number>): void;
  /** The network with its weights as they are now. */
  currentNetwork(): SpikingNetwork;
  /** Adds eligibility · value to the weights of synapses that learn by reward. */
  reward(value: number): void;
}

/** @param alive throws after dispose. */
export function liveControls(network: SpikingNetwork, core: LiveCore | undefined, alive: () => void): LiveControls {
  const populations = new Map(populationsOf(network).map((population) => [population.name, population]));

  const opened = (call: string): LiveCore => {
    alive();
    if (core !== undefined) return core;
    throw new LlifError(
      "ARGUMENT",
      `${call}: network "${network.name}" does not run in the live core; create its simulator with createSimulator(network, { live: true })`,
    );
  };

  const populationOf = (call: string, name: string): Population => {
    const found = populations.get(checkName(`${call}: population`, name));
    if (found !== undefined) return found;
    throw new LlifError(
      "ARGUMENT",
      `${call}: expected populations of the network (${[...populations.keys()].join(", ")}), got "${name}"`,
    );
  };

  const synapseOf = (call: string, synapse: string | number): number => {
    const { synapses } = network;
    if (typeof synapse === "number") return checkInteger(`${call}: synapse`, synapse, 0, synapses.length - 1);
    const found = synapses.findIndex(({ name }) => name === synapse);
    if (found >= 0) return found;
    const names = synapses.flatMap(({ name }) => (name === undefined ? [] : [name]));
    throw new LlifError(
      "ARGUMENT",
      `${call}: expected the name of a synapse (${names.length === 0 ? "none has one; give its number" : names.join(", ")}), got ${describe(synapse)}`,
    );
  };

  const controls: LiveControls = {
    drive(population, charges) {
      const live = opened("drive");
      const { shape } = populationOf("drive", population);
      if (charges === null) return live.drive(population, null);
      const place = `drive: "${population}"`;
      live.drive(population, floats32(place, charges, sizeOf(shape)));
    },

    background(population, options) {
      const live = opened("background");
      const found = populationOf("background", population);
      const place = `background of "${population}"`;
      const {
        rateHz,
        weight,
        into,
        seed = 0,
        neurons,
      } = checkOptions(place, options, {
        rateHz: true,
        weight: true,
        into: true,
        seed: true,
        neurons: true,
      });
      const variable = into === undefined ? 0 : currentOf(`${place}: into`, found, into);
      const meanPerTick = checkFinite(`${place}: rateHz`, rateHz, { from: 0 }) * network.dtSeconds;
      if (meanPerTick > mostBackgroundPerTick)
        throw new LlifError(
          "ARGUMENT",
          `${place}: expected at most ${mostBackgroundPerTick} spikes in a tick of ${network.dtSeconds} s, got ${meanPerTick}`,
        );
      checkFinite(`${place}: weight`, Math.fround(checkFinite(`${place}: weight`, weight)));
      checkInteger(`${place}: seed`, seed, 0, 2 ** 32 - 1);
      const size = sizeOf(found.shape);
      const reached =
        neurons === undefined
          ? Uint32Array.from({ length: size }, (_, neuron) => neuron)
          : neuronsOf(`${place}: neurons`, neurons, size);
      live.background(
        population,
        variable,
        meanPerTick === 0 || reached.length === 0
          ? null
          : {
              into: variable,
              meanPerTick,
              zero: Math.exp(-meanPerTick),
              weight: Math.fround(weight),
              neurons: reached,
              states: backgroundStates(seed, reached),
            },
      );
    },

    force(population, neurons) {
      const live = opened("force");
      const { shape, neuron } = populationOf("force", population);
      const place = `force: neurons of "${population}"`;
      const listed = neuronsOf(place, neurons, sizeOf(shape));
      if (neuron.threshold.includes(Infinity) && !resetsHard(neuron))
        throw new LlifError(
          "ARGUMENT",
          `${place}: expected neurons that can fire; a soft reset by an infinite threshold leaves no potential`,
        );
      live.force(population, listed);
    },

    silence(population, neurons) {
      const live = opened("silence");
      const { shape } = populationOf("silence", population);
      live.silence(population, neuronsOf(`silence: neurons of "${population}"`, neurons, sizeOf(shape)));
    },

    potentials(population, variable, into) {
      const live = opened("potentials");
      const found = populationOf("potentials", population);
      const values = buffer(`potentials: into`, into, sizeOf(found.shape));
      live.read(
        population,
        variable === undefined ? 0 : variableOf(`potentials of "${population}"`, found, variable),
        values,
      );
      return values;
    },

    state: () => opened("state").state(),

    restore(state) {
      const live = opened("restore");
      live.restore(checkLiveState("restore", network, state));
    },

    weights(synapse, into) {
      const live = opened("weights");
      const number = synapseOf("weights", synapse);
      const values = buffer("weights: into", into, network.synapses[number].weights.length);
      live.weights(number, values);
      return values;
    },

    setWeights(synapse, weights) {
      const live = opened("setWeights");
      const number = synapseOf("setWeights", synapse);
      const place = "setWeights: weights";
      const {
        weights: { length },
        plasticity,
      } = network.synapses[number];
      const values = floats32(place, weights, length);
      if (plasticity !== undefined) checkPlasticWeights(place, values, plasticity);
      live.setWeights(number, values);
    },

    currentNetwork() {
      opened("currentNetwork");
      return {
        ...network,
        synapses: network.synapses.map((synapse, number) => ({ ...synapse, weights: controls.weights(number) })),
      };
    },

    reward(value) {
      const live = opened("reward");
      if (network.synapses.every(({ plasticity }) => plasticity?.reward === undefined))
        throw new LlifError("ARGUMENT", `reward: network "${network.name}": expected a synapse that learns by reward`);
      live.reward(checkFinite("reward", value));
    },
  };
  return controls;
}

function currentOf(place: string, { neuron }: Population, name: string): number {
  const names = neuron.currents?.map((current) => current.name) ?? [];
  const found = names.indexOf(name);
  if (found >= 0) return found + 1;
  throw new LlifError(
    "ARGUMENT",
    `${place}: expected a current (${names.length === 0 ? "it has none" : names.join(", ")}), got ${describe(name)}`,
  );
}

/** The number of a variable in the cores. */
function variableOf(place: string, population: Population, name: string): number {
  if (name === "adaptation" && population.neuron.adaptation !== undefined) return -1;
  if (name === "v") return 0;
  return currentOf(place, population, name);
}

/** Distinct neurons, ascending. */
function neuronsOf(place: string, neurons: ArrayLike<number>, size: number): Uint32Array {
  checkNumbers(place, neurons);
  for (let index = 0; index < neurons.length; index++) {
    const neuron = neurons[index];
    if (neuron >= 0 && neuron < size && Number.isInteger(neuron)) continue;
    checkInteger(`${place}: entry ${index}`, neuron, 0, size - 1);
  }
  return Uint32Array.from(new Set(Array.from(neurons))).sort();
}

/** Checked and rounded; the caller's own array where it is a Float32Array, which cores copy. */
function floats32(place: string, values: ArrayLike<number>, length: number): Float32Array {
  const rounded =
    values instanceof Float32Array && values.length === length
      ? values
      : new Float32Array(checkNumbers(place, values, { length }));
  for (let index = 0; index < rounded.length; index++) {
    if (Number.isFinite(rounded[index])) continue;
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected finite numbers as float32, got ${values[index]} at index ${index}`,
    );
  }
  return rounded;
}

function buffer(place: string, into: Float32Array | undefined, length: number): Float32Array {
  if (into === undefined) return new Float32Array(length);
  if (!(into instanceof Float32Array))
    throw new LlifError("ARGUMENT", `${place}: expected a Float32Array, got ${describe(into)}`);
  checkLength(place, into, [length]);
  return into;
}
