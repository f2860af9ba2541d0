// Plastic synapses as messages of 32-bit words, which crates/core/src/stdp/wire.rs reads and writes.
import { bitsOf } from "../spiking/charges.ts";
import { plasticityNumbers, type Plasticity } from "../spiking/plasticity.ts";
import type { Synapse } from "../spiking/synapses/kinds.ts";
import type { PlasticState } from "../spiking/live-state.ts";
import { message, type MessageField } from "./words.ts";

/** All but its lists. @param synapse dense or sparse, with plasticity. */
export function plasticFields(synapse: Synapse, sources: number, targets: number): MessageField[] {
  const { kind, delayTicks, plasticity } = synapse;
  const rule = wordsOf(plasticityNumbers(plasticity as Plasticity));
  const rows = kind === "sparse" ? [synapse.offsets, synapse.delays !== undefined] : [];
  return [sources, targets, kind === "dense", delayTicks, rule, ...rows];
}

/** Its lists: targets, delays, weights. */
export function plasticLists(synapse: Synapse): readonly Uint32Array[] {
  const { kind, delayTicks, weights } = synapse;
  const none = new Uint32Array(0);
  if (kind !== "sparse") return [none, none, bitsOf(weights)];
  return [synapse.targets, synapse.delays?.map((delay) => delay + delayTicks) ?? none, bitsOf(weights)];
}

export function plasticStateWords(state: PlasticState): Uint32Array {
  const { weights, pre, preTicksAgo, post, eligibility = new Float32Array(0), eligibilityScale = 1 } = state;
  const lists = [weights, pre, post, eligibility].map(bitsOf);
  return message(...lists, wordsOf(preTicksAgo), ...wordsOf(Float64Array.of(eligibilityScale)));
}

/** @param reward whether the rule has one. */
export function readPlasticState(words: Uint32Array, reward: boolean): PlasticState {
  let at = 0;
  const next = (): ArrayBuffer => words.slice(at + 1, (at += 1 + words[at])).buffer;
  const [weights, pre, post, eligibility] = Array.from({ length: 4 }, () => new Float32Array(next()));
  const preTicksAgo = new Float64Array(next());
  const [eligibilityScale] = new Float64Array(words.slice(at, at + 2).buffer);
  return { weights, pre, preTicksAgo, post, ...(reward ? { eligibility, eligibilityScale } : {}) };
}

function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
}
