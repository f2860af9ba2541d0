// The builder's options of a linear leaky integrate-and-fire neuron, and their conversion to the neuron's record.
import {
  checkBoolean,
  checkFinite,
  checkInteger,
  checkObject,
  checkOneOf,
  checkOptions,
  checkStrings,
  describe,
  isArrayLike,
  type OptionKeys,
} from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { channelsOf, type Shape } from "../../tensor.ts";
import { checkRow, maximumTicks } from "../charges.ts";
import { decayFactors, decayKeys, decayRates, secondsOfTick, type Decay, type Surroundings } from "./decay.ts";
import type { LlifNeuron } from "./llif.ts";
import { adaptationOf, currentsOf, type AdaptationOptions, type CurrentOptions } from "./llif-live-options.ts";
import { checkFloor } from "./llif-check.ts";
import { perNeuron, rowOf, type PerNeuron } from "./rows.ts";

export type ResetKind = "soft" | "hard";

/** What a spike does to the neuron. */
export interface Reset {
  readonly kind: ResetKind;
  /** Potential after a hard reset; default 0. */
  readonly value?: PerNeuron;
  /** Names of the currents that a spike sets to 0. */
  readonly clears?: readonly string[];
}

/** Charge in the unit of the threshold. */
export type Leak =
  /**
   * Loses `chargePerTick` (of either sign) each tick, at any membrane potential. With `until`, `chargePerTick` > 0 moves
   * the potential toward that level, from both sides, and it stops there.
   */
  | { readonly kind: "constant"; readonly chargePerTick: PerNeuron; readonly until?: PerNeuron }
  /** Keeps a fraction of its potential each tick. */
  | ({ readonly kind: "ohmic" } & Decay);

/** θ; `strict`: a neuron fires if its potential is above θ, else also at θ. */
export interface Threshold {
  readonly value: PerNeuron;
  readonly strict?: boolean;
}

export interface Refractory {
  /** Ticks after a spike in which the neuron does not fire. */
  readonly ticks: PerNeuron;
  /** Whether input is integrated or discarded during the refractory period. */
  readonly input: "integrate" | "discard";
}

/** What keeps its value during the refractory period, and loses what arrives: "v" and names of currents. */
export interface ClampedRefractory {
  readonly ticks: PerNeuron;
  readonly clamp: readonly string[];
}

/**
 * The shortest interval between two spikes, a multiple of `dtSeconds` of the network: max(0, seconds/dt − 1) ticks
 * without a spike. By default input is integrated in them.
 */
export interface RefractorySeconds {
  readonly seconds: number;
  readonly input?: "integrate" | "discard";
  readonly clamp?: readonly string[];
}

/** The same period for all neurons. */
export interface UniformRefractory extends Refractory {
  readonly ticks: number;
}

export interface LlifOptions {
  /** θ, as charge, above the potential that a spike resets to. Infinity: never fires. */
  readonly threshold: PerNeuron | Threshold;
  /** Default: none. */
  readonly leak?: Leak;
  /** One for all, one for each channel, or one for each neuron. Default: soft. */
  readonly reset?: ResetKind | readonly ResetKind[] | Reset;
  /**
   * Default: none. After a spike, n ticks have no spike, so spikes are at least n + 1 ticks apart. With plain numbers,
   * input is integrated in these ticks.
   */
  readonly refractory?: PerNeuron | Refractory | ClampedRefractory | RefractorySeconds;
  /** Default: −Infinity (no floor). */
  readonly floor?: PerNeuron;
  /** Default: 1. */
  readonly spikesPerTick?: number;
  /** Default: 0. */
  readonly initialPotential?: PerNeuron;
  /** One or two synaptic currents by name, which synapses reach by `into`. Default: none. */
  readonly currents?: Readonly<Record<string, CurrentOptions>>;
  /** Default: none. */
  readonly adaptation?: AdaptationOptions;
  /**
   * Whether what arrives at the potential counts for the threshold of its own tick, or of the next one (Brian2's order,
   * and the order of most hand-written loops). Default: beforeThreshold.
   */
  readonly delivery?: "beforeThreshold" | "afterThreshold";
  /** A neuron this close to rest is set to rest, in networks that `isLive`. Default: 2⁻³⁰ · (θ − reset value); 0: none. */
  readonly restTolerance?: PerNeuron;
}

export const llifKeys: OptionKeys<LlifOptions> = {
  threshold: true,
  leak: true,
  reset: true,
  refractory: true,
  floor: true,
  spikesPerTick: true,
  initialPotential: true,
  currents: true,
  adaptation: true,
  delivery: true,
  restTolerance: true,
};

/**
 * @returns the neuron, and the charge lost per tick by a constant leak.
 * @throws {LlifError} ARGUMENT or SHAPE, naming the option.
 */
export function llifNeuron(
  place: string,
  options: LlifOptions,
  around: Surroundings,
): { readonly neuron: LlifNeuron; readonly lost: Float32Array | null } {
  const { initialPotential = 0, spikesPerTick = 1, leak, delivery } = options;
  const { shape } = around;
  const { lost, rates, ...leaking } = leakOf(`${place}: leak`, leak, around);
  const neuron: LlifNeuron = {
    model: "llif",
    ...thresholdOf(`${place}: threshold`, options.threshold, shape),
    initialPotential: perNeuron(`${place}: initialPotential`, initialPotential, shape),
    ...leaking,
    ...floorOf(`${place}: floor`, options.floor, shape),
    ...resetOf(`${place}: reset`, options.reset, shape),
    ...refractoryOf(`${place}: refractory`, options.refractory, around),
    ...currentsOf(`${place}: currents`, options.currents, rates, around),
    ...adaptationOf(`${place}: adaptation`, options.adaptation, around),
    ...deliveryOf(`${place}: delivery`, delivery),
    ...(options.restTolerance === undefined
      ? {}
      : { restTolerance: perNeuron(`${place}: restTolerance`, options.restTolerance, shape) }),
    ...(spikesPerTick === 1 ? {} : { spikesPerTick }),
  };
  return { neuron, lost };
}

function thresholdOf(
  place: string,
  threshold: LlifOptions["threshold"],
  shape: Shape,
): Pick<LlifNeuron, "threshold" | "strict"> {
  const plain = typeof threshold !== "object" || threshold === null || isArrayLike(threshold);
  const { value, strict = false } = plain
    ? { value: threshold as PerNeuron }
    : checkOptions(place, threshold as Threshold, { value: true, strict: true });
  const row = rowOf(place, value, shape, (where, one) => (one === Infinity ? one : checkFinite(where, one)));
  const charges = Float32Array.from(row);
  const overflow = charges.findIndex((charge, index) => charge === Infinity && row[index] !== Infinity);
  if (overflow >= 0)
    throw new LlifError("ARGUMENT", `${place}: expected a number that is finite as float32, got ${row[overflow]}`);
  return { threshold: charges, ...(checkBoolean(`${place}: strict`, strict) ? { strict: true as const } : {}) };
}

/** The charge lost per tick by a constant leak without a level, or the leak and, for an ohmic one, 1/τ in ticks. */
function leakOf(
  place: string,
  leak: Leak | undefined,
  around: Surroundings,
): Pick<LlifNeuron, "leak" | "constantLeak"> & {
  readonly lost: Float32Array | null;
  readonly rates: Float64Array | null;
} {
  if (leak === undefined) return { lost: null, rates: null };
  checkObject(
    place,
    leak,
    '{ kind: "constant", chargePerTick }, { kind: "ohmic", factorPerTick } or { kind: "ohmic", timeConstantTicks }',
  );
  switch (leak.kind) {
    case "constant": {
      const { chargePerTick, until } = checkOptions(place, leak, { kind: true, chargePerTick: true, until: true });
      const charges = perNeuron(`${place}: chargePerTick`, chargePerTick, around.shape);
      if (until === undefined) return { lost: charges, rates: null };
      for (const charge of charges) checkFinite(`${place}: chargePerTick`, charge, { above: 0 });
      const level = perNeuron(`${place}: until`, until, around.shape);
      return { lost: null, rates: null, constantLeak: { chargePerTick: charges, until: level } };
    }
    case "ohmic": {
      const { kind: _, ...decay } = checkOptions<
        { readonly kind: string } & Partial<Record<keyof typeof decayKeys, PerNeuron>>
      >(place, leak, { kind: true, ...decayKeys });
      const factorPerTick = decayFactors(place, decay, around);
      return { lost: null, rates: decayRates(place, decay, around), leak: { factorPerTick } };
    }
    default:
      throw new LlifError(
        "ARGUMENT",
        `${place}: kind: expected one of constant, ohmic, got ${describe((leak as { readonly kind: unknown }).kind)}`,
      );
  }
}

function deliveryOf(place: string, delivery: LlifOptions["delivery"]): Pick<LlifNeuron, "delivery"> {
  if (delivery === undefined) return {};
  const given = checkOneOf(place, delivery, ["beforeThreshold", "afterThreshold"]);
  return given === "beforeThreshold" ? {} : { delivery: given };
}

function floorOf(place: string, floor: PerNeuron | undefined, shape: Shape): Pick<LlifNeuron, "floor"> {
  if (floor === undefined) return {};
  const row = Float32Array.from(rowOf(place, floor, shape, checkFloor));
  return row.every((value) => value === -Infinity) ? {} : { floor: row };
}

function resetOf(place: string, reset: LlifOptions["reset"], shape: Shape): Pick<LlifNeuron, "reset"> {
  if (reset === undefined) return {};
  const record = typeof reset === "object" && reset !== null && !isArrayLike(reset);
  const { kind, value, clears } = record
    ? checkOptions<Reset>(place, reset as Reset, { kind: true, value: true, clears: true })
    : { kind: reset as ResetKind | readonly ResetKind[] };
  const kinds: readonly ResetKind[] = Array.isArray(kind)
    ? kind
    : new Array<ResetKind>(channelsOf(shape)).fill(kind as ResetKind);
  const where = record ? `${place}: kind` : place;
  const hard = Uint8Array.from(kinds, (one) => Number(checkOneOf(where, one, ["soft", "hard"]) === "hard"));
  checkRow(where, hard, shape);
  if (value !== undefined && !hard.includes(1))
    throw new LlifError("ARGUMENT", `${place}: value: expected none beside kind "soft", which subtracts the threshold`);
  if (!hard.includes(1) && clears === undefined) return {};
  return {
    reset: {
      hard,
      ...(value === undefined ? {} : { value: perNeuron(`${place}: value`, value, shape) }),
      ...(clears === undefined ? {} : { clears: names(`${place}: clears`, clears) }),
    },
  };
}

function refractoryOf(
  place: string,
  refractory: LlifOptions["refractory"],
  around: Surroundings,
): Pick<LlifNeuron, "refractory"> {
  if (refractory === undefined) return {};
  const { ticks, seconds, input, clamp } =
    typeof refractory === "number" || isArrayLike(refractory)
      ? { ticks: refractory }
      : checkOptions<{
          ticks?: PerNeuron;
          seconds?: number;
          input?: "integrate" | "discard";
          clamp?: readonly string[];
        }>(place, refractory, { ticks: true, seconds: true, input: true, clamp: true });
  if (input !== undefined) checkOneOf(`${place} input`, input, ["integrate", "discard"]);
  if (input !== undefined && clamp !== undefined)
    throw new LlifError("ARGUMENT", `${place}: expected input or clamp, got both`);
  if (ticks !== undefined && seconds !== undefined)
    throw new LlifError("ARGUMENT", `${place}: expected ticks or seconds, got both`);
  const length =
    seconds === undefined
      ? (ticks as PerNeuron)
      : silentTicks(`${place} seconds`, seconds, secondsOfTick(`${place} seconds`, around));
  const row = rowOf(`${place} ticks`, length, around.shape, (where, value) =>
    checkInteger(where, value, 0, maximumTicks),
  );
  if (Array.from(row).every((value) => value === 0)) return {};
  return {
    refractory: {
      ticks: Uint32Array.from(row),
      ...(clamp === undefined ? { input: input ?? "integrate" } : { clamp: names(`${place} clamp`, clamp) }),
    },
  };
}

/** Ticks without a spike, between spikes that are at least `seconds` apart; a tick takes `dt` seconds. */
export function silentTicks(place: string, seconds: number, dt: number): number {
  const ticks = checkFinite(place, seconds, { from: 0 }) / dt;
  const whole = Math.round(ticks);
  if (Math.abs(ticks - whole) > 1e-9 * Math.max(1, whole))
    throw new LlifError("ARGUMENT", `${place}: expected a multiple of the tick of ${dt} s, got ${seconds} s`);
  return Math.max(0, whole - 1);
}

/** A copy, so that later changes to the caller's array do not reach the network. */
function names(place: string, given: readonly string[]): readonly string[] {
  return [...checkStrings(place, given)];
}
