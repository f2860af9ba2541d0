// Plastic synapses as messages of 32-bit words, which crates/core/src/stdp/wire.rs reads and writes.
import { bitsOf } from "../spiking/charges.ts";
import { plasticityNumbers, type Plasticity } from "../spiking/plasticity.ts";
import type { Synapse } from "../spiking/synapses/kinds.ts";
import type { SparseSynapse } from "../spiking/synapses/sparse.ts";
import type { PlasticState } from "./plastic-state.ts";
import { joined, listed } from "./words.ts";

/** @param synapse dense or sparse, with plasticity. */
export function plasticWords(synapse: Synapse, sources: number, targets: number): Uint32Array {
  const { delayTicks, weights } = synapse;
  return joined([
    Uint32Array.of(sources, targets, Number(synapse.kind === "dense"), delayTicks),
    ...listed(wordsOf(plasticityNumbers(synapse.plasticity as Plasticity))),
    ...(synapse.kind === "sparse" ? [...listed(synapse.offsets), ...listed(synapse.targets)] : []),
    ...(synapse.kind === "sparse" ? ownDelays(synapse) : []),
    ...listed(bitsOf(weights)),
  ]);
}

function ownDelays({ delays, delayTicks }: SparseSynapse): Uint32Array[] {
  if (delays === undefined) return [Uint32Array.of(0)];
  return [Uint32Array.of(1), ...listed(delays.map((delay) => delay + delayTicks))];
}

export function plasticStateWords(state: PlasticState): Uint32Array {
  const { weights, pre, preTicksAgo, post, eligibility = new Float32Array(0), eligibilityScale = 1 } = state;
  return joined([
    ...[weights, pre, post, eligibility].flatMap((values) => listed(bitsOf(values))),
    ...listed(wordsOf(preTicksAgo)),
    wordsOf(Float64Array.of(eligibilityScale)),
  ]);
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
