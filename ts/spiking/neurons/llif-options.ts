// The builder's options of a linear leaky integrate-and-fire neuron, and their conversion to the neuron's record.
import {
  checkFinite,
  checkInteger,
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
import type { LlifNeuron } from "./llif.ts";
import { checkFloor } from "./llif-check.ts";
import { perNeuron, rowOf, type PerNeuron } from "./rows.ts";

export type ResetKind = "soft" | "hard";

/** Charge in the unit of the threshold. */
export type Leak =
  /** Loses `chargePerTick` (of either sign) each tick, at any membrane potential. */
  | { readonly kind: "constant"; readonly chargePerTick: PerNeuron }
  /** Keeps the fraction `factorPerTick` of its potential each tick. */
  | { readonly kind: "ohmic"; readonly factorPerTick: PerNeuron }
  /** The same with e^(−1/timeConstantTicks). */
  | { readonly kind: "ohmic"; readonly timeConstantTicks: PerNeuron };

export interface Refractory {
  /** Ticks after a spike in which the neuron does not fire. */
  readonly ticks: PerNeuron;
  /** Whether input is integrated or discarded during the refractory period. */
  readonly input: "integrate" | "discard";
}

/** The same period for all neurons. */
export interface UniformRefractory extends Refractory {
  readonly ticks: number;
}

export interface LlifOptions {
  /** θ, as charge. */
  readonly threshold: PerNeuron;
  /** Default: none. */
  readonly leak?: Leak;
  /** One for all, one for each channel, or one for each neuron. Default: soft. */
  readonly reset?: ResetKind | readonly ResetKind[];
  /**
   * Default: none. After a spike, n ticks have no spike, so spikes are at least n + 1 ticks apart. With plain numbers,
   * input is integrated in these ticks.
   */
  readonly refractory?: PerNeuron | Refractory;
  /** Default: −Infinity (no floor). */
  readonly floor?: PerNeuron;
  /** Default: 1. */
  readonly spikesPerTick?: number;
  /** Default: 0. */
  readonly initialPotential?: PerNeuron;
}

export const llifKeys: OptionKeys<LlifOptions> = {
  threshold: true,
  leak: true,
  reset: true,
  refractory: true,
  floor: true,
  spikesPerTick: true,
  initialPotential: true,
};

/**
 * @returns the neuron, and the charge lost per tick by a constant leak.
 * @throws {LlifError} ARGUMENT or SHAPE, naming the option.
 */
export function llifNeuron(
  place: string,
  options: LlifOptions,
  shape: Shape,
): { readonly neuron: LlifNeuron; readonly lost: Float32Array | null } {
  const { threshold, initialPotential = 0, spikesPerTick = 1, leak, floor, reset, refractory } = options;
  const { lost, factorPerTick } = leakOf(`${place}: leak`, leak, shape);
  const neuron: LlifNeuron = {
    model: "llif",
    threshold: perNeuron(`${place}: threshold`, threshold, shape),
    initialPotential: perNeuron(`${place}: initialPotential`, initialPotential, shape),
    ...(factorPerTick === null ? {} : { leak: { factorPerTick } }),
    ...floorOf(`${place}: floor`, floor, shape),
    ...resetOf(`${place}: reset`, reset, shape),
    ...refractoryOf(`${place}: refractory`, refractory, shape),
    ...(spikesPerTick === 1 ? {} : { spikesPerTick }),
  };
  return { neuron, lost };
}

/** The charge lost per tick by a constant leak, or the factor of an ohmic leak. */
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

function resetOf(place: string, reset: LlifOptions["reset"], shape: Shape): Pick<LlifNeuron, "reset"> {
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
  refractory: LlifOptions["refractory"],
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
