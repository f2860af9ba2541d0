// Checks the state of a live network before a simulator takes it: whatever it holds, no core traps on it.
import { checkArray, checkFinite, checkInteger, checkNumbers, checkOptions, describe, isTypedArray } from "../check.ts";
import { LlifError } from "../errors.ts";
import { sizeOf } from "../tensor.ts";
import { maximumTicks } from "./charges.ts";
import type { BackgroundSource, LiveState, PopulationState, RecentSpikes, SynapseState } from "./live-state.ts";
import { outputsOf, populationsOf, shapeOf, type Population, type SpikingNetwork, type Synapse } from "./network.ts";
import { resetsHard } from "./neurons/llif.ts";
import { checkPlasticWeights, type Plasticity } from "./plasticity.ts";
import { longestDelay } from "./synapses/delays.ts";

/** Most mean spikes of a background in one tick. */
export const mostBackgroundPerTick = 500;

/** Most ticks since a reset: all sums with delays are exact in float64. */
const mostTicks = 2 ** 52;
/** Largest unit of an eligibility, as docs/live.md defines it. */
const mostEligibilityScale = 2 ** 20;

/** @throws {LlifError} ARGUMENT or SHAPE, naming the part, for a state of another network or none at all. */
export function checkLiveState(place: string, network: SpikingNetwork, state: LiveState): LiveState {
  const { ticks, populations, outputs, spikes, synapses } = checkOptions(place, state, {
    ticks: true,
    populations: true,
    outputs: true,
    spikes: true,
    synapses: true,
  });
  checkInteger(`${place}: ticks`, ticks, 0, mostTicks);
  const nodes = [network.input, ...network.nodes];
  checkNamed(`${place}: populations`, populations, populationsOf(network));
  checkNamed(`${place}: outputs`, outputs, outputsOf(network));
  checkNamed(`${place}: spikes`, spikes, nodes);
  for (const population of populationsOf(network))
    checkPopulation(`${place}: population "${population.name}"`, population, populations[population.name]);
  for (const { name, shape } of outputsOf(network))
    checkValues(`${place}: output "${name}"`, outputs[name], "Float64Array", sizeOf(shape));
  for (const { name, shape } of nodes) {
    const longest = network.synapses.reduce(
      (most, synapse) => Math.max(most, synapse.from === name ? longestDelay(synapse) : 0),
      0,
    );
    checkSpikes(`${place}: spikes of "${name}"`, spikes[name], longest, sizeOf(shape), name === network.input.name);
  }
  checkSynapses(place, network, synapses);
  return state;
}

/** Exactly the parts of these names. */
function checkNamed<T>(
  place: string,
  parts: Readonly<Record<string, T>>,
  nodes: readonly { readonly name: string }[],
): void {
  const known = Object.fromEntries(nodes.map(({ name }) => [name, true] as const));
  checkOptions<Readonly<Record<string, T>>>(place, parts, known);
  const missing = nodes.find(({ name }) => !Object.hasOwn(parts, name));
  if (missing !== undefined)
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a part for "${missing.name}", got none; is it the state of another network?`,
    );
}

function checkPopulation(place: string, { shape, neuron }: Population, state: PopulationState): void {
  const { potential, refractory, currents, adaptation, drive, silenced, forced, background } = checkOptions(
    place,
    state,
    {
      potential: true,
      refractory: true,
      currents: true,
      adaptation: true,
      drive: true,
      silenced: true,
      forced: true,
      background: true,
    },
  );
  const size = sizeOf(shape);
  checkValues(`${place}: potential`, potential, "Float32Array", size);
  checkValues(`${place}: adaptation`, adaptation, "Float32Array", neuron.adaptation === undefined ? 0 : size);
  checkValues(`${place}: refractory`, refractory, "Uint32Array", neuron.refractory === undefined ? 0 : size, {
    to: maximumTicks,
  });
  const count = neuron.currents?.length ?? 0;
  const given = checkArray<Float32Array>(`${place}: currents`, currents);
  if (given.length !== count)
    throw new LlifError("SHAPE", `${place}: currents: expected ${count} arrays, got ${given.length}`);
  for (const current of given) checkValues(`${place}: currents`, current, "Float32Array", size);
  if (drive !== null) checkValues(`${place}: drive`, drive, "Float32Array", size);
  checkNeurons(`${place}: silenced`, silenced, size);
  checkNeurons(`${place}: forced`, forced, size);
  if (forced.length > 0 && neuron.threshold.includes(Infinity) && !resetsHard(neuron))
    throw new LlifError(
      "ARGUMENT",
      `${place}: forced: expected neurons that can fire; a soft reset by an infinite threshold leaves no potential`,
    );
  let last = -1;
  for (const source of checkArray<BackgroundSource>(`${place}: background`, background)) {
    checkBackground(`${place}: background`, source, count, size);
    if (source.into <= last)
      throw new LlifError(
        "ARGUMENT",
        `${place}: background: into: expected ascending variables, each once, got ${source.into} behind ${last}`,
      );
    last = source.into;
  }
}

function checkBackground(place: string, source: BackgroundSource, currents: number, size: number): void {
  const { into, meanPerTick, zero, weight, neurons, states } = checkOptions(place, source, {
    into: true,
    meanPerTick: true,
    zero: true,
    weight: true,
    neurons: true,
    states: true,
  });
  checkInteger(`${place}: into`, into, 0, currents);
  checkFinite(`${place}: meanPerTick`, meanPerTick, { above: 0, to: mostBackgroundPerTick });
  checkFinite(`${place}: zero`, zero);
  const expected = Math.exp(-meanPerTick);
  // Platforms may differ in the last bits of an exponential.
  if (!(Math.abs(zero - expected) <= 1e-12 * expected))
    throw new LlifError("ARGUMENT", `${place}: zero: expected e^−meanPerTick, ${expected}, got ${zero}`);
  if (Math.fround(checkFinite(`${place}: weight`, weight)) !== weight)
    throw new LlifError("ARGUMENT", `${place}: weight: expected a float32, got ${weight}`);
  checkNeurons(`${place}: neurons`, neurons, size);
  if (neurons.length === 0)
    throw new LlifError("ARGUMENT", `${place}: neurons: expected at least one, or no source, got none`);
  checkValues(`${place}: states`, states, "Uint32Array", 2 * neurons.length);
}

/** @param longest delay of the node's spikes. @param repeats whether a neuron may spike more than once a tick. */
function checkSpikes(place: string, spikes: RecentSpikes, longest: number, size: number, repeats: boolean): void {
  const { ticksAgo, neurons } = checkOptions(place, spikes, { ticksAgo: true, neurons: true });
  checkWords(`${place}: ticksAgo`, ticksAgo);
  checkWords(`${place}: neurons`, neurons);
  if (ticksAgo.length !== neurons.length)
    throw new LlifError(
      "SHAPE",
      `${place}: expected as many ticksAgo as neurons, got ${ticksAgo.length} and ${neurons.length}`,
    );
  if (longest === 0 && ticksAgo.length > 0)
    throw new LlifError("ARGUMENT", `${place}: expected none, since no delay needs them, got ${ticksAgo.length}`);
  const ordered = (index: number): boolean => {
    const [ago, before] = [ticksAgo[index], ticksAgo[index - 1]];
    if (index === 0 || ago !== before) return index === 0 || ago > before;
    return repeats ? neurons[index] >= neurons[index - 1] : neurons[index] > neurons[index - 1];
  };
  for (let index = 0; index < ticksAgo.length; index++) {
    checkInteger(`${place}: ticksAgo: entry ${index}`, ticksAgo[index], 0, longest - 1);
    checkInteger(`${place}: neurons: entry ${index}`, neurons[index], 0, size - 1);
    if (!ordered(index))
      throw new LlifError(
        "ARGUMENT",
        `${place}: expected the last tick first, and neurons of a tick ascending, got neuron ${neurons[index]} of ${ticksAgo[index]} ticks ago at index ${index}`,
      );
  }
}

function checkSynapses(place: string, network: SpikingNetwork, states: LiveState["synapses"]): void {
  const known = Object.fromEntries(network.synapses.map((_, number) => [number, true] as const));
  checkOptions<Readonly<Record<number, SynapseState>>>(`${place}: synapses`, states, known as never);
  network.synapses.forEach((synapse, number) => {
    const part = `${place}: synapse ${number}`;
    if (Object.hasOwn(states, number)) checkSynapse(part, network, synapse, states[number]);
    else if (synapse.plasticity !== undefined)
      throw new LlifError(
        "ARGUMENT",
        `${place}: synapses: expected the traces of synapse ${number}, which learns, got none`,
      );
  });
}

function checkSynapse(place: string, network: SpikingNetwork, synapse: Synapse, state: SynapseState): void {
  const { from, to, weights, plasticity } = synapse;
  checkOptions(place, state, {
    weights: true,
    ...(plasticity === undefined ? {} : { pre: true, preTicksAgo: true, post: true }),
    ...(plasticity?.reward === undefined ? {} : { eligibility: true, eligibilityScale: true }),
  } as Parameters<typeof checkOptions<SynapseState>>[2]);
  checkValues(`${place}: weights`, state.weights, "Float32Array", weights.length);
  if (plasticity === undefined) return;
  const own = synapse.kind === "sparse" && synapse.delays !== undefined;
  const traces = own ? weights.length : sizeOf(shapeOf(network, from));
  checkPlasticWeights(`${place}: weights`, state.weights, plasticity as Plasticity);
  checkValues(`${place}: pre`, state.pre, "Float32Array", traces, { from: 0 });
  checkValues(`${place}: post`, state.post, "Float32Array", sizeOf(shapeOf(network, to)), { from: 0 });
  checkValues(`${place}: preTicksAgo`, state.preTicksAgo, "Float64Array", traces);
  for (const ticks of state.preTicksAgo as Float64Array) checkInteger(`${place}: preTicksAgo`, ticks, 0, mostTicks);
  if (plasticity.reward === undefined) return;
  checkValues(`${place}: eligibility`, state.eligibility, "Float32Array", weights.length);
  checkFinite(`${place}: eligibilityScale`, state.eligibilityScale, { from: 1, to: mostEligibilityScale });
}

/** Distinct neurons, ascending. */
function checkNeurons(place: string, neurons: Uint32Array, size: number): void {
  checkWords(place, neurons);
  for (let index = 0; index < neurons.length; index++) {
    checkInteger(`${place}: entry ${index}`, neurons[index], 0, size - 1);
    if (index > 0 && neurons[index] <= neurons[index - 1])
      throw new LlifError(
        "ARGUMENT",
        `${place}: expected ascending neurons, each once, got ${neurons[index]} behind ${neurons[index - 1]}`,
      );
  }
}

function checkWords(place: string, values: unknown): void {
  if (!isTypedArray(values, "Uint32Array"))
    throw new LlifError("ARGUMENT", `${place}: expected a Uint32Array, got ${describe(values)}`);
}

/** Finite numbers of one type. */
function checkValues(
  place: string,
  values: unknown,
  type: "Float32Array" | "Float64Array" | "Uint32Array",
  length: number,
  range: { readonly from?: number; readonly to?: number } = {},
): void {
  const right = isTypedArray(values, type);
  if (!right || (values as Float32Array).length !== length)
    throw new LlifError(
      right ? "SHAPE" : "ARGUMENT",
      `${place}: expected a ${type} of ${length} values, got ${describe(values)}; is it the state of another network?`,
    );
  checkNumbers(place, values, range);
}
