/** Where each array of a node stands in its row of the core's table. */
const places = { charges: 0, counts: 1, ticks: 2, neurons: 3, signs: 4, values: 5, traces: 6 } as const;

export type TableArray = keyof typeof places;

/** The table of a run in the core's memory (crates/wasm/src/simulator.rs). It holds until the next call of the core. */
export class RunTable {
  readonly spikeCount: number;
  readonly synapticOperations: number;
  readonly additions: number;
  readonly #buffer: ArrayBuffer;
  readonly #address: number;

  /** @param address what the run returned. */
  constructor(memory: WebAssembly.Memory, address: number) {
    // Read anew after each call: a memory that has grown has another buffer.
    this.#buffer = memory.buffer as ArrayBuffer;
    this.#address = address;
    const words = new Uint32Array(this.#buffer, address, 6);
    const total = (at: number) => (words[2 * at] ?? 0) + 2 ** 32 * (words[2 * at + 1] ?? 0);
    [this.spikeCount, this.synapticOperations, this.additions] = [total(0), total(1), total(2)];
  }

  /** A copy. */
  words(node: number, array: TableArray): Uint32Array {
    return new Uint32Array(this.#buffer, ...this.#place(node, array)).slice();
  }

  floats(node: number, array: TableArray): Float32Array {
    return new Float32Array(this.#buffer, ...this.#place(node, array)).slice();
  }

  /** Pairs of words. */
  doubles(node: number, array: TableArray): Float64Array {
    const [start, length] = this.#place(node, array);
    // A copy of the bytes, since they need not lie on a boundary of eight.
    return new Float64Array(this.#buffer.slice(start, start + 4 * length));
  }

  integers(node: number, array: TableArray): Int32Array {
    return new Int32Array(this.#buffer, ...this.#place(node, array)).slice();
  }

  #place(node: number, array: TableArray): [number, number] {
    const [start, length] = new Uint32Array(this.#buffer, this.#address + 24 + 8 * (7 * node + places[array]), 2);
    return [start, length];
  }
}
