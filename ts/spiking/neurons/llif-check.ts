// Checks of the parameters of a linear leaky integrate-and-fire neuron.
import {
  checkAllFinite,
  checkArray,
  checkFinite,
  checkInteger,
  checkName,
  checkOneOf,
  checkOptions,
  describe,
  isTypedArray,
  type OptionKeys,
} from "../../check.ts";
import { LlifError } from "../../errors.ts";
import type { Shape } from "../../tensor.ts";
import { checkCharges, checkRow, checkTypedRow, maximumTicks, type Arithmetic } from "../charges.ts";
import { liveNeuronParts, resetValueAt, resetsHard, type LlifNeuron } from "./llif.ts";

const keys: OptionKeys<LlifNeuron> = {
  model: true,
  threshold: true,
  initialPotential: true,
  strict: true,
  leak: true,
  constantLeak: true,
  floor: true,
  reset: true,
  refractory: true,
  currents: true,
  adaptation: true,
  delivery: true,
  restTolerance: true,
  spikesPerTick: true,
};

/** Most synaptic currents of one neuron. */
export const mostCurrents = 2;

/** Names that mean something else where currents are named. */
const taken = ["v", "w"];

/** @throws {LlifError} ARGUMENT or SHAPE, naming the parameter. */
export function checkLlifNeuron(place: string, neuron: LlifNeuron, shape: Shape, arithmetic: Arithmetic): void {
  checkOptions(`${place}: neuron`, neuron, keys);
  const { threshold, initialPotential, strict, leak, constantLeak, floor, delivery, restTolerance } = neuron;
  if (arithmetic === "float32" && isTypedArray(threshold, "Float32Array"))
    checkRow(`${place}: threshold`, threshold, shape);
  else checkCharges(`${place}: threshold`, threshold, shape, arithmetic);
  checkCharges(`${place}: initialPotential`, initialPotential, shape, arithmetic);
  if (strict !== undefined && strict !== true)
    throw new LlifError("ARGUMENT", `${place}: strict: expected true, or none, got ${describe(strict)}`);
  if (leak !== undefined) {
    const { factorPerTick } = checkOptions(`${place}: leak`, leak, { factorPerTick: true });
    checkFactors(`${place}: leak: factorPerTick`, factorPerTick, shape);
  }
  if (constantLeak !== undefined) {
    const where = `${place}: constantLeak`;
    const { chargePerTick, until } = checkOptions(where, constantLeak, { chargePerTick: true, until: true });
    checkFloats(`${where}: chargePerTick`, chargePerTick, shape);
    for (const value of chargePerTick) checkFinite(`${where}: chargePerTick`, value, { above: 0 });
    checkFloats(`${where}: until`, until, shape);
  }
  if (floor !== undefined) {
    checkTypedRow(`${place}: floor`, floor, "Float32Array", shape);
    for (const value of floor) checkFloor(`${place}: floor`, value);
  }
  const names = checkCurrents(place, neuron, shape);
  checkReset(place, neuron, shape, names);
  checkThreshold(`${place}: threshold`, neuron);
  checkRefractory(place, neuron, shape, names);
  checkAdaptation(place, neuron, shape);
  if (delivery !== undefined) checkOneOf(`${place}: delivery`, delivery, ["afterThreshold"]);
  if (restTolerance !== undefined) {
    checkFloats(`${place}: restTolerance`, restTolerance, shape);
    for (const value of restTolerance) checkFinite(`${place}: restTolerance`, value, { from: 0 });
  }
  checkSpikesPerTick(place, neuron, arithmetic);
}

/** θ lies above the potential to which a spike resets: 0, or the value of a hard reset. Infinity: the neuron never fires. */
function checkThreshold(place: string, neuron: LlifNeuron): void {
  const { threshold, reset } = neuron;
  // Thresholds for each channel stand beside reset values for each neuron, and the other way round.
  const count = Math.max(threshold.length, reset?.value?.length ?? 0, reset?.hard.length ?? 0);
  for (let index = 0; index < count; index++) {
    const value = threshold[index % threshold.length];
    const least = resetValueAt(neuron, index);
    if (value > least) continue;
    if (least === 0) checkFinite(place, value, { above: 0 });
    throw new LlifError("ARGUMENT", `${place}: expected a number above the reset value ${least}, got ${value}`);
  }
}

function checkCurrents(place: string, { currents }: LlifNeuron, shape: Shape): readonly string[] {
  if (currents === undefined) return [];
  const where = `${place}: currents`;
  checkArray(where, currents, "an array of currents");
  if (currents.length < 1 || currents.length > mostCurrents)
    throw new LlifError("ARGUMENT", `${where}: expected 1 to ${mostCurrents} currents, got ${currents.length}`);
  const names: string[] = [];
  for (const current of currents) {
    const { name, factorPerTick, gain } = checkOptions(where, current, {
      name: true,
      factorPerTick: true,
      gain: true,
    });
    checkCurrentName(where, name, names);
    names.push(name);
    checkFactors(`${where}: "${name}": factorPerTick`, factorPerTick, shape);
    checkFloats(`${where}: "${name}": gain`, gain, shape);
  }
  return names;
}

/** @throws {LlifError} ARGUMENT for a name that is taken: by another current, or by the potential v or the adaptation w. */
export function checkCurrentName(place: string, name: unknown, others: readonly string[]): string {
  const checked = checkName(`${place}: name`, name);
  if (taken.includes(checked))
    throw new LlifError(
      "ARGUMENT",
      `${place}: name: expected another name than ${taken.join(" and ")}, got "${checked}"`,
    );
  if (others.includes(checked))
    throw new LlifError("ARGUMENT", `${place}: expected unique names, got "${checked}" twice`);
  return checked;
}

function checkReset(place: string, { reset }: LlifNeuron, shape: Shape, currents: readonly string[]): void {
  if (reset === undefined) return;
  const where = `${place}: reset`;
  const { hard, value, clears } = checkOptions(where, reset, { hard: true, value: true, clears: true });
  checkTypedRow(`${where}: hard`, hard, "Uint8Array", shape);
  for (const kind of hard) checkInteger(`${where}: hard`, kind, 0, 1);
  if (value !== undefined) checkFloats(`${where}: value`, value, shape);
  if (clears !== undefined) checkVariables(`${where}: clears`, clears, currents, "currents");
}

function checkRefractory(place: string, { refractory }: LlifNeuron, shape: Shape, currents: readonly string[]): void {
  if (refractory === undefined) return;
  const where = `${place}: refractory`;
  const { ticks, input, clamp } = checkOptions(where, refractory, { ticks: true, input: true, clamp: true });
  checkTypedRow(`${where} ticks`, ticks, "Uint32Array", shape);
  for (const value of ticks) checkInteger(`${where} ticks`, value, 0, maximumTicks);
  if (input !== undefined) checkOneOf(`${where} input`, input, ["integrate", "discard"]);
  if (clamp === undefined) return;
  if (input !== undefined) throw new LlifError("ARGUMENT", `${where}: expected input or clamp, got both`);
  checkVariables(`${where} clamp`, clamp, ["v", ...currents], "v and the currents");
}

/** Names of variables of the neuron, at least one and each once. */
export function checkVariables(
  place: string,
  names: unknown,
  known: readonly string[],
  what: string,
): readonly string[] {
  const given = checkArray<string>(place, names, "an array of names");
  if (given.length === 0) throw new LlifError("ARGUMENT", `${place}: expected at least one name, got none`);
  given.forEach((name, index) => {
    if (known.length === 0)
      throw new LlifError("ARGUMENT", `${place}: expected none in a neuron without currents, got ${describe(name)}`);
    if (!known.includes(name))
      throw new LlifError(
        "ARGUMENT",
        `${place}: expected names of ${what} (${known.join(", ")}), got ${describe(name)}`,
      );
    if (given.indexOf(name) < index)
      throw new LlifError("ARGUMENT", `${place}: expected each name once, got "${name}" twice`);
  });
  return given;
}

function checkAdaptation(place: string, { adaptation }: LlifNeuron, shape: Shape): void {
  if (adaptation === undefined) return;
  const where = `${place}: adaptation`;
  const { chargePerSpike, factorPerTick } = checkOptions(where, adaptation, {
    chargePerSpike: true,
    factorPerTick: true,
  });
  checkFloats(`${where}: chargePerSpike`, chargePerSpike, shape);
  checkFactors(`${where}: factorPerTick`, factorPerTick, shape);
}

function checkSpikesPerTick(place: string, neuron: LlifNeuron, arithmetic: Arithmetic): void {
  const { spikesPerTick, threshold } = neuron;
  if (spikesPerTick === undefined) return;
  checkInteger(`${place}: spikesPerTick`, spikesPerTick, 1, maximumTicks);
  if (spikesPerTick === 1) return;
  const live = liveNeuronParts(neuron);
  if (live.length > 0)
    throw new LlifError(
      "ARGUMENT",
      `${place}: spikesPerTick: expected 1 in a neuron with ${live.join(", ")}, got ${spikesPerTick}`,
    );
  if (resetsHard(neuron))
    throw new LlifError("ARGUMENT", `${place}: ${spikesPerTick} spikes per tick: expected reset "soft", got "hard"`);
  if (arithmetic === "float32")
    threshold.forEach((value) => checkPowerOfTwo(`${place}: threshold with ${spikesPerTick} spikes per tick`, value));
}

function checkFloats(place: string, values: Float32Array, shape: Shape): void {
  checkTypedRow(place, values, "Float32Array", shape);
  checkAllFinite(place, values);
}

/** Factors of decay, from 0 to 1. */
function checkFactors(place: string, values: Float32Array, shape: Shape): void {
  checkTypedRow(place, values, "Float32Array", shape);
  for (const value of values) checkFinite(place, value, { from: 0, to: 1 });
}

/** Checks a floor, which engines use as float32. */
export function checkFloor(place: string, floor: number): number {
  if (
    typeof floor !== "number" ||
    Number.isNaN(floor) ||
    (floor !== -Infinity && !Number.isFinite(Math.fround(floor)))
  ) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a finite number, or -Infinity for none, as float32, got ${describe(floor)}`,
    );
  }
  return floor;
}

function checkPowerOfTwo(place: string, value: number): void {
  if (2 ** Math.round(Math.log2(value)) !== value)
    throw new LlifError("ARGUMENT", `${place}: expected a power of two, got ${value}`);
}
