// Writes a network and its samples to a file for the native program, through the same calls that fill the WebAssembly
// core.
import type { EncodedInput } from "../ts/engine/input.ts";
import type { RawCore, RawNetwork, RawSimulator } from "../ts/engine/flatten.ts";
import { bitsOf } from "../ts/spiking/charges.ts";

const calls = { network: 0, node: 1, weights: 2, constant: 3, spikes: 4 } as const;

/**
 * Records the calls instead of executing them; crates/native/src/flat.rs reads the record. It has the interface of the
 * generated class, so the native program and WebAssembly get the same network by construction.
 */
export class FlatNetwork implements RawNetwork {
  readonly #parts: Uint32Array[] = [new Uint32Array(new TextEncoder().encode("LLIFFLAT").buffer)];
  #nodes = 1;

  constructor(message: Uint32Array) {
    this.#call(calls.network, message);
  }

  node(message: Uint32Array): number {
    this.#call(calls.node, message);
    return this.#nodes++;
  }

  weights(synapse: number, values: Uint32Array): void {
    this.#call(calls.weights, synapse, values);
  }

  sample(input: EncodedInput, ticks: number): void {
    if (input.kind === "constant") this.#call(calls.constant, ticks, bitsOf(input.values));
    else this.#call(calls.spikes, ticks, input.neurons, input.starts);
  }

  bytes(): Uint8Array {
    const words = new Uint32Array(this.#parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.#parts) {
      words.set(part, at);
      at += part.length;
    }
    return new Uint8Array(words.buffer);
  }

  #call(number: number, ...parameters: (number | Uint32Array)[]): void {
    this.#parts.push(Uint32Array.of(number));
    for (const parameter of parameters) {
      if (typeof parameter === "object") this.#parts.push(Uint32Array.of(parameter.length), parameter.slice());
      else this.#parts.push(Uint32Array.of(parameter));
    }
  }

  free(): void {}
  [Symbol.dispose](): void {}
}

/** A simulator that only keeps its network. */
export class FlatSimulator implements RawSimulator {
  readonly network: FlatNetwork;

  constructor(network: RawNetwork) {
    this.network = network as FlatNetwork;
  }

  countSent = unsupported;
  sent = unsupported;
  settle = unsupported;
  settlingTicks = unsupported;
  reset = unsupported;
  resumeAt = unsupported;
  runConstant = unsupported;
  runEvents = unsupported;
  runValues = unsupported;
  beginPipeline = unsupported;
  passConstant = unsupported;
  passEvents = unsupported;
  passValues = unsupported;
  passNothing = unsupported;
  free(): void {}
}

export const flatCore: RawCore = { RawNetwork: FlatNetwork, RawSimulator: FlatSimulator };

function unsupported(): never {
  throw new TypeError("a flat file only records the network");
}
