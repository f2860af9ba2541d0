// Encoder for phase codes: a count as spikes whose tick gives their weight.
import { checkInteger, checkNumbers, checkObject } from "../check.ts";
import { LlifError } from "../errors.ts";
import { checkCode, rulesOf } from "../spiking/code.ts";
import { codeOf } from "../spiking/code-options.ts";
import type { Phase } from "../spiking/codes/phase.ts";
import type { RefinedPhase } from "../spiking/codes/refined-phase.ts";
import type { SpikeKind } from "../spiking/codes/rules.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import type { EncodedSpikes } from "./encode.ts";

/** The kind of digits of a `phase` network. */
export interface PhaseDigits {
  /** Default "unsigned": binary. "signed": balanced ternary. */
  readonly spikes?: "unsigned" | "signed";
  /** Signed binary digits, no two in neighbouring ticks. */
  readonly nonAdjacent?: boolean;
}

/**
 * Encodes counts as digits, most significant first: the input of a layerwise `phase` network with `windowTicks` =
 * `ticks` and the same kind of digits. For a mapped network, pixels 0…255 are the counts.
 *
 * Ranges: binary 0 to 2^ticks − 1; balanced ternary ±(3^ticks − 1)/2; non-adjacent ± the count with a 1 in every second
 * tick.
 * @param counts integers in that range, in units of `network.input.counts.unit`; channels last.
 * @param ticks of the network's window.
 * @param form which digits; a SpikingNetwork of code `phase` itself fits.
 * @see docs/mathematics.md T12
 */
export function encodePhase(
  counts: ArrayLike<number>,
  ticks: number,
  form: PhaseDigits | Pick<SpikingNetwork, "code"> = {},
): EncodedSpikes {
  checkObject("encodePhase: options", form);
  checkNumbers("encodePhase: counts", counts);
  if ("code" in form && form.code?.kind === "refinedPhase") return encodeQuanta(counts, ticks, form.code);
  const kind = digitsAskedFor(form);
  const { longest, reach, digitsOf } = forms[kind];
  checkInteger("encodePhase: ticks", ticks, 1, longest);
  const most = reach(ticks);
  const digits = Array.from(counts, (count, index) =>
    digitsOf(checkInteger(`encodePhase: count at index ${index}`, count, kind === "binary" ? 0 : -most, most), ticks),
  );
  return collectDigits(digits, ticks, kind !== "binary", kind === "ternary" ? "ternary digits" : "binary digits");
}

/** As many spikes in each tick as its quantum goes into what is left. */
function encodeQuanta(counts: ArrayLike<number>, ticks: number, code: RefinedPhase): EncodedSpikes {
  checkCode("encodePhase: network: code", code);
  checkInteger("encodePhase: ticks", ticks, code.quanta.length, code.quanta.length);
  const { payload } = rulesOf(code);
  const rest = Array.from(counts, (count, index) =>
    checkInteger(`encodePhase: count at index ${index}`, count, -(2 ** 15), 2 ** 15),
  );
  const spikes = collect(ticks, rest.length, (tick, neuron) => {
    const quantum = payload(tick, 1);
    const times = Math.trunc(rest[neuron] / quantum);
    rest[neuron] -= times * quantum;
    return times;
  });
  return { ...spikes, meaning: { kind: "quanta", ticks } };
}

function digitsAskedFor(form: PhaseDigits | Pick<SpikingNetwork, "code">): Phase["digits"] {
  const code =
    "code" in form
      ? form.code
      : codeOf({ code: "phase", spikes: form.spikes, nonAdjacent: form.nonAdjacent }, "encodePhase");
  const { flags } = checkCode("encodePhase: network: code", code);
  if (code.kind !== "phase")
    throw new LlifError("ARGUMENT", `encodePhase: network: expected code "phase", got "${flags.code}"`);
  return code.digits;
}

interface DigitForm {
  readonly longest: number;
  /** Largest count with `ticks` digits. */
  readonly reach: (ticks: number) => number;
  /** Digits of a count, least significant first. */
  readonly digitsOf: (count: number, ticks: number) => Int8Array;
}

const forms: Readonly<Record<Phase["digits"], DigitForm>> = {
  binary: {
    longest: 30,
    reach: (ticks) => 2 ** ticks - 1,
    digitsOf: (count, ticks) => Int8Array.from({ length: ticks }, (_, k) => (count >> k) & 1),
  },
  ternary: { longest: 19, reach: (ticks) => (3 ** ticks - 1) / 2, digitsOf: ternaryDigits },
  nonAdjacent: { longest: 30, reach: (ticks) => Math.floor(2 ** (ticks + 1) / 3), digitsOf: nonAdjacentDigits },
};

function ternaryDigits(count: number, ticks: number): Int8Array {
  let rest = count;
  return Int8Array.from({ length: ticks }, () => {
    const digit = ((((rest + 1) % 3) + 3) % 3) - 1;
    rest = (rest - digit) / 3;
    return digit;
  });
}

/** An odd remainder takes the digit that leaves a multiple of four, so that the next digit is zero. */
function nonAdjacentDigits(count: number, ticks: number): Int8Array {
  let rest = count;
  return Int8Array.from({ length: ticks }, () => {
    const digit = (rest & 1) === 0 ? 0 : 2 - (rest & 3);
    rest = (rest - digit) / 2;
    return digit;
  });
}

function collectDigits(digits: readonly Int8Array[], ticks: number, signed: boolean, kind: SpikeKind): EncodedSpikes {
  const spikes = collect(ticks, digits.length, (tick, neuron) => digits[neuron][ticks - 1 - tick]);
  const { signs, ...unsigned } = spikes;
  return { ...(signed ? spikes : unsigned), meaning: { kind, ticks } };
}

/** By tick, then neuron: as many spikes as `spikesOf` says, all of its sign. */
function collect(ticks: number, neurons: number, spikesOf: (tick: number, neuron: number) => number) {
  const found = { ticks: [] as number[], neurons: [] as number[], signs: [] as number[] };
  for (let tick = 0; tick < ticks; tick++) {
    for (let neuron = 0; neuron < neurons; neuron++) {
      const spikes = spikesOf(tick, neuron);
      for (let spike = 0; spike < Math.abs(spikes); spike++) {
        found.ticks.push(tick);
        found.neurons.push(neuron);
        found.signs.push(Math.sign(spikes));
      }
    }
  }
  return {
    ticks: Uint32Array.from(found.ticks),
    neurons: Uint32Array.from(found.neurons),
    signs: Int8Array.from(found.signs),
  };
}
