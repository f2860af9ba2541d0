// The random streams of background: one PCG32 a neuron.

/** The finaliser of MurmurHash3: neighbouring words become unrelated ones. */
function mixed(word: number): number {
  let bits = word | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/**
 * First states of the streams of these neurons, [neurons][high word, low word]: low = mix(seed + 0x9e3779b9·(neuron +
 * 1)), high = mix(low + mix(neuron + 0x7f4a7c15)), so that streams of neighbours share no bits.
 */
export function backgroundStates(seed: number, neurons: Uint32Array): Uint32Array {
  const states = new Uint32Array(2 * neurons.length);
  neurons.forEach((neuron, index) => {
    const low = mixed(seed + Math.imul(0x9e3779b9, neuron + 1));
    states[2 * index] = mixed(low + mixed(neuron + 0x7f4a7c15));
    states[2 * index + 1] = low;
  });
  return states;
}
