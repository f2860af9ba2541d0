// The list of neuron models, each with the functions that the rest of the library needs.
import type { OptionKeys } from "../../check.ts";
import { checkObject, checkOneOf } from "../../check.ts";
import { channelsOf, type Shape } from "../../tensor.ts";
import type { Arithmetic } from "../charges.ts";
import { llifDepartures, llifWords, type LlifNeuron } from "./llif.ts";
import { checkLlifNeuron } from "./llif-check.ts";
import { llifKeys, llifNeuron, type LlifOptions } from "./llif-options.ts";
import type { Surroundings } from "./decay.ts";
import { perNeuron, type PerNeuron } from "./rows.ts";

/** How the neurons of a population integrate and fire: a union by `model`. */
export type Neuron = LlifNeuron;

/** A parameter for the core: a number, a flag, or the bits of one value for all, per channel or per neuron. */
export type NeuronWord = number | boolean | Uint32Array;

interface Model<N extends Neuron> {
  /** Number of the model in crates/core/src/neuron/mod.rs. */
  readonly number: number;
  /** @throws {LlifError} ARGUMENT or SHAPE, naming the parameter. */
  check(place: string, neuron: N, shape: Shape, arithmetic: Arithmetic): void;
  /** Parameters in the order in which the core reads them. */
  words(neuron: N): readonly NeuronWord[];
  /** The names of the properties that a plain neuron does not have. */
  departures(neuron: N): readonly string[];
}

const models: { readonly [M in Neuron["model"]]: Model<Extract<Neuron, { model: M }>> } = {
  llif: { number: 0, check: checkLlifNeuron, words: llifWords, departures: llifDepartures },
};

function modelOf({ model }: Neuron): Model<Neuron> {
  return models[model] as Model<Neuron>;
}

/** @throws {LlifError} ARGUMENT or SHAPE, naming the parameter. */
export function checkNeuron(place: string, neuron: Neuron, shape: Shape, arithmetic: Arithmetic): void {
  const names = Object.keys(models) as Neuron["model"][];
  checkOneOf(`${place}: model`, checkObject(`${place}: neuron`, neuron, "a neuron").model, names);
  modelOf(neuron).check(place, neuron, shape, arithmetic);
}

/** The number of the model, and the parameters, in the order in which the core reads them. */
export function neuronWords(neuron: Neuron): readonly NeuronWord[] {
  return [modelOf(neuron).number, ...modelOf(neuron).words(neuron)];
}

/** The names of the properties that a plain neuron does not have; empty for a plain one. */
export function departures(neuron: Neuron): readonly string[] {
  return modelOf(neuron).departures(neuron);
}

/**
 * Whether the neuron has no ohmic leak, soft reset, no floor and no refractory period: the neuron of T1, T2, T7 and T8.
 * It may fire more than once a tick.
 */
export function isPlain(neuron: Neuron): boolean {
  return departures(neuron).length === 0;
}

export interface NeuronOptions extends LlifOptions {
  /** Charge added each tick, in addition to the leak; default 0. */
  readonly bias?: PerNeuron;
  readonly name?: string;
}

export const neuronKeys: OptionKeys<NeuronOptions> = { ...llifKeys, bias: true, name: true };

/** @throws {LlifError} ARGUMENT or SHAPE, naming the layer and the option. */
export function populationOf(name: string, options: NeuronOptions, around: Surroundings) {
  const { shape } = around;
  const place = `layer "${name}"`;
  const own = perNeuron(`${place}: bias`, options.bias === undefined ? 0 : options.bias, shape);
  const { neuron, lost } = llifNeuron(place, options, around);
  const bias =
    lost === null
      ? own
      : Float32Array.from(
          { length: Math.max(own.length, lost.length) },
          (_, index) => own[index % own.length] - lost[index % lost.length],
        );
  return {
    kind: "population" as const,
    name,
    shape,
    bias,
    neuron,
    rectified: true,
    unit: new Float64Array(channelsOf(shape)).fill(1),
  };
}
