// The builder's options of synaptic currents and adaptation, and their exact integration over a tick.
import { checkObject, checkOptions } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { decayFactors, decayKeys, decayRates, type Decay, type Surroundings } from "./decay.ts";
import type { LlifNeuron, SynapticCurrent } from "./llif.ts";
import { checkCurrentName, mostCurrents } from "./llif-check.ts";
import { perNeuron, type PerNeuron } from "./rows.ts";

/**
 * A synaptic current. With an ohmic leak it is a displacement of the level to which the membrane leaks; without one it
 * is charge a tick. Its effect on the membrane is integrated exactly over a tick, unless `gain` is given.
 */
export type CurrentOptions = Decay & {
  /** κ: charge that the membrane gets in a tick for one unit of the current; needed beside `factorPerTick`. */
  readonly gain?: PerNeuron;
};

/** An adaptation current w, as charge a tick: each spike adds to it. */
export type AdaptationOptions = Decay & { readonly chargePerSpike: PerNeuron };

/**
 * @param leakRates 1/τ of the membrane, in ticks; null without an ohmic leak.
 * @throws {LlifError} ARGUMENT or SHAPE, naming the current.
 */
export function currentsOf(
  place: string,
  currents: Readonly<Record<string, CurrentOptions>> | undefined,
  leakRates: Float64Array | null,
  around: Surroundings,
): Pick<LlifNeuron, "currents"> {
  if (currents === undefined) return {};
  checkObject(place, currents, "an object of currents by name");
  const names = Object.keys(currents);
  if (names.length < 1 || names.length > mostCurrents)
    throw new LlifError("ARGUMENT", `${place}: expected 1 to ${mostCurrents} currents, got ${names.length}`);
  return {
    currents: names.map((name): SynapticCurrent => {
      checkCurrentName(place, name, []);
      const where = `${place}: "${name}"`;
      const options = checkOptions<Partial<Record<keyof typeof decayKeys | "gain", PerNeuron>>>(where, currents[name], {
        ...decayKeys,
        gain: true,
      });
      const { gain, ...decay } = options;
      if (decay.factorPerTick !== undefined && gain === undefined)
        throw new LlifError("ARGUMENT", `${where}: gain: expected a number beside factorPerTick, got none`);
      return {
        name,
        factorPerTick: decayFactors(where, decay, around),
        gain:
          gain === undefined
            ? gains(decayRates(where, decay, around), leakRates)
            : perNeuron(`${where}: gain`, gain, around.shape),
      };
    }),
  };
}

/** @throws {LlifError} ARGUMENT or SHAPE, naming the option. */
export function adaptationOf(
  place: string,
  adaptation: AdaptationOptions | undefined,
  around: Surroundings,
): Pick<LlifNeuron, "adaptation"> {
  if (adaptation === undefined) return {};
  const { chargePerSpike, ...decay } = checkOptions<
    Partial<Record<keyof typeof decayKeys, PerNeuron>> & { chargePerSpike: PerNeuron }
  >(place, adaptation, { ...decayKeys, chargePerSpike: true });
  return {
    adaptation: {
      chargePerSpike: perNeuron(`${place}: chargePerSpike`, chargePerSpike, around.shape),
      factorPerTick: decayFactors(place, decay, around),
    },
  };
}

/** κ of each channel or neuron, rounded once. */
function gains(rates: Float64Array, leakRates: Float64Array | null): Float32Array {
  const length = Math.max(rates.length, leakRates?.length ?? 0);
  return Float32Array.from({ length }, (_, index) =>
    exactGain(rates[index % rates.length], leakRates === null ? 0 : leakRates[index % leakRates.length]),
  );
}

/**
 * With a leak: κ = τ_g/(τ_g − τ)·(β − α), and (1/τ)·α where both are equal. Without: κ = (1 − β)·τ_g. Both are written
 * so that close time constants do not cancel.
 * @param rate 1/τ_g in ticks, β = e^(−rate).
 * @param leakRate 1/τ in ticks, α = e^(−leakRate); 0: no leak.
 */
export function exactGain(rate: number, leakRate: number): number {
  if (leakRate === 0) return rate === 0 ? 1 : -Math.expm1(-rate) / rate;
  const difference = leakRate - rate;
  const alpha = Math.exp(-leakRate);
  if (difference === 0) return leakRate * alpha;
  if (Math.abs(difference) < 1) return (leakRate * alpha * Math.expm1(difference)) / difference;
  // 1/(1 − rate/leakRate), also where nothing of the membrane stays.
  return (Math.exp(-rate) - alpha) / (1 - rate / leakRate);
}
