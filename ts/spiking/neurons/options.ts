// Options of a population as the builder takes them, and the neuron that they make.
import {
  checkFinite,
  checkInteger,
  checkNumbers,
  checkObject,
  checkOneOf,
  checkOptions,
  describe,
  isArrayLike,
  type OptionKeys,
} from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { channelsOf, type Shape } from "../../tensor.ts";
import { checkRow, maximumTicks } from "../charges.ts";
import type { Population } from "../network.ts";
import { checkFloor, type LlifNeuron } from "./llif.ts";

/** One value for all channels, one for each channel (last axis), or one for each neuron. */
export type PerNeuron = number | ArrayLike<number>;

export type ResetKind = "soft" | "hard";

/** Charge in the unit of the threshold. */
export type Leak =
  /** Loses `chargePerTick` (of either sign) each tick, whatever the membrane potential. */
  | { readonly kind: "constant"; readonly chargePerTick: PerNeuron }
  /** Keeps the fraction `factorPerTick` of its potential each tick. */
  | { readonly kind: "ohmic"; readonly factorPerTick: PerNeuron }
  /** The same with e^(−1/timeConstantTicks). */
  | { readonly kind: "ohmic"; readonly timeConstantTicks: PerNeuron };

export interface Refractory {
  /** Ticks after a spike in which the neuron does not fire. */
  readonly ticks: PerNeuron;
  /** Whether input that arrives meanwhile counts. */
  readonly input: "integrate" | "discard";
}

/** The same period for all neurons. */
export interface UniformRefractory extends Refractory {
  readonly ticks: number;
}

export interface NeuronOptions {
  /** θ, as charge. */
  readonly threshold: PerNeuron;
  /** Default: none. */
  readonly leak?: Leak;
  /** One for all, one for each channel, or one for each neuron. Default: soft. */
  readonly reset?: ResetKind | readonly ResetKind[];
  /** Default: none. n ticks after a spike pass without one, so that spikes are n + 1 ticks apart or more; numbers mean that input is integrated meanwhile. */
  readonly refractory?: PerNeuron | Refractory;
  /** Default: −Infinity, which is none. */
  readonly floor?: PerNeuron;
  /** Default: 1. */
  readonly spikesPerTick?: number;
  /** Charge added each tick, besides the leak; default 0. */
  readonly bias?: PerNeuron;
  /** Default: 0. */
  readonly initialPotential?: PerNeuron;
  readonly name?: string;
}

export const neuronKeys: OptionKeys<NeuronOptions> = {
  threshold: true,
  leak: true,
  reset: true,
  refractory: true,
  floor: true,
  spikesPerTick: true,
  bias: true,
  initialPotential: true,
  name: true,
};

/** @throws {LlifError} ARGUMENT or SHAPE, naming the layer and the option. */
export function populationOf(name: string, shape: Shape, options: NeuronOptions): Population {
  const place = `layer "${name}"`;
  const { bias = 0, initialPotential = 0, spikesPerTick = 1, leak, floor, reset, refractory } = options;
  const own = perNeuron(`${place}: bias`, bias, shape);
  const { lost, factorPerTick } = leakOf(`${place}: leak`, leak, shape);
  const neuron: LlifNeuron = {
    model: "llif",
    threshold: perNeuron(`${place}: threshold`, options.threshold, shape),
    initialPotential: perNeuron(`${place}: initialPotential`, initialPotential, shape),
    ...(factorPerTick === null ? {} : { leak: { factorPerTick } }),
    ...floorOf(`${place}: floor`, floor, shape),
    ...resetOf(`${place}: reset`, reset, shape),
    ...refractoryOf(`${place}: refractory`, refractory, shape),
    ...(spikesPerTick === 1 ? {} : { spikesPerTick }),
  };
  return {
    kind: "population",
    name,
    shape,
    bias:
      lost === null
        ? own
        : Float32Array.from(
            { length: Math.max(own.length, lost.length) },
            (_, index) => own[index % own.length] - lost[index % lost.length],
          ),
    neuron,
    rectified: true,
    unit: new Float64Array(channelsOf(shape)).fill(1),
  };
}

/** One value for each channel or neuron, rounded to float32. */
export function perNeuron(place: string, value: PerNeuron, shape: Shape): Float32Array {
  return Float32Array.from(rowOf(place, value, shape));
}

/** One value for each channel or neuron, each as `check` gives it back; without one they are finite. */
function rowOf(
  place: string,
  value: PerNeuron,
  shape: Shape,
  check?: (place: string, value: number) => number,
): ArrayLike<number> {
  if (typeof value === "number")
    return new Float64Array(channelsOf(shape)).fill(
      check === undefined ? checkFinite(place, value) : check(place, value),
    );
  if (!isArrayLike(value))
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a number, or an array of one for each channel or neuron, got ${describe(value)}`,
    );
  const values = check === undefined ? checkNumbers(place, value) : Array.from(value, (one) => check(place, one));
  checkRow(place, values, shape);
  return values;
}

/** Of a constant leak the charge that it takes, of an ohmic one the factor that it leaves. */
function leakOf(
  place: string,
  leak: Leak | undefined,
  shape: Shape,
): { readonly lost: Float32Array | null; readonly factorPerTick: Float32Array | null } {
  if (leak === undefined) return { lost: null, factorPerTick: null };
  checkObject(
    place,
    leak,
    '{ kind: "constant", chargePerTick }, { kind: "ohmic", factorPerTick } or { kind: "ohmic", timeConstantTicks }',
  );
  switch (leak.kind) {
    case "constant": {
      const { chargePerTick } = checkOptions(place, leak, { kind: true, chargePerTick: true });
      return { lost: perNeuron(`${place}: chargePerTick`, chargePerTick, shape), factorPerTick: null };
    }
    case "ohmic": {
      if ("factorPerTick" in leak) {
        const { factorPerTick } = checkOptions(place, leak, { kind: true, factorPerTick: true });
        const factors = rowOf(`${place}: factorPerTick`, factorPerTick, shape, (where, value) =>
          checkFinite(where, value, { from: 0, to: 1 }),
        );
        return { lost: null, factorPerTick: Float32Array.from(factors) };
      }
      const { timeConstantTicks } = checkOptions(place, leak, { kind: true, timeConstantTicks: true });
      const constants = rowOf(`${place}: timeConstantTicks`, timeConstantTicks, shape, (where, value) =>
        checkFinite(where, value, { above: 0 }),
      );
      return { lost: null, factorPerTick: Float32Array.from(constants, (constant) => Math.exp(-1 / constant)) };
    }
    default:
      throw new LlifError(
        "ARGUMENT",
        `${place}: kind: expected one of constant, ohmic, got ${describe((leak as { readonly kind: unknown }).kind)}`,
      );
  }
}

function floorOf(place: string, floor: PerNeuron | undefined, shape: Shape): Pick<LlifNeuron, "floor"> {
  if (floor === undefined) return {};
  const row = Float32Array.from(rowOf(place, floor, shape, checkFloor));
  return row.every((value) => value === -Infinity) ? {} : { floor: row };
}

function resetOf(place: string, reset: NeuronOptions["reset"], shape: Shape): Pick<LlifNeuron, "reset"> {
  if (reset === undefined) return {};
  const kinds: readonly ResetKind[] = Array.isArray(reset)
    ? reset
    : new Array<ResetKind>(channelsOf(shape)).fill(reset as ResetKind);
  const hard = Uint8Array.from(kinds, (kind) => Number(checkOneOf(place, kind, ["soft", "hard"]) === "hard"));
  checkRow(place, hard, shape);
  return hard.includes(1) ? { reset: { hard } } : {};
}

function refractoryOf(
  place: string,
  refractory: NeuronOptions["refractory"],
  shape: Shape,
): Pick<LlifNeuron, "refractory"> {
  if (refractory === undefined) return {};
  const { ticks, input } =
    typeof refractory === "number" || isArrayLike(refractory)
      ? { ticks: refractory, input: "integrate" as const }
      : checkOptions(place, refractory, { ticks: true, input: true });
  checkOneOf(`${place} input`, input, ["integrate", "discard"]);
  const row = rowOf(`${place} ticks`, ticks, shape, (where, value) => checkInteger(where, value, 0, maximumTicks));
  return Array.from(row).some((value) => value > 0) ? { refractory: { ticks: Uint32Array.from(row), input } } : {};
}
