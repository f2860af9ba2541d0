// A run's results as the WebAssembly core leaves them in its memory.

/** Position of each array in a node's row of the core's table. */
const places = { charges: 0, counts: 1, ticks: 2, neurons: 3, signs: 4, values: 5, traces: 6 } as const;

export type TableArray = keyof typeof places;

/**
 * A core's memory as words, integers and floats; views of the whole, since making one costs more than reading a small
 * array.
 */
export class CoreMemory {
  readonly #memory: WebAssembly.Memory;
  #words = new Uint32Array(0);
  #integers = new Int32Array(0);
  #floats = new Float32Array(0);

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /** The table of a run. It holds until the next call of the core. @param address what the run returned. */
  table(address: number): RunTable {
    const { buffer } = this.#memory;
    // A memory that has grown has another buffer.
    if (this.#words.buffer !== buffer) {
      this.#words = new Uint32Array(buffer);
      this.#integers = new Int32Array(buffer);
      this.#floats = new Float32Array(buffer);
    }
    return new RunTable(this.#words, this.#integers, this.#floats, address / 4);
  }
}

/** The table of a run in the core's memory (crates/wasm/src/simulator.rs); what it gives are copies. */
export class RunTable {
  readonly spikeCount: number;
  readonly synapticOperations: number;
  readonly additions: number;
  readonly #words: Uint32Array;
  readonly #integers: Int32Array;
  readonly #floats: Float32Array;
  /** In words, as all places here. */
  readonly #first: number;

  constructor(words: Uint32Array, integers: Int32Array, floats: Float32Array, first: number) {
    this.#words = words;
    this.#integers = integers;
    this.#floats = floats;
    this.#first = first;
    const total = (at: number) => words[first + 2 * at] + 2 ** 32 * words[first + 2 * at + 1];
    this.spikeCount = total(0);
    this.synapticOperations = total(1);
    this.additions = total(2);
  }

  words(node: number, array: TableArray): Uint32Array {
    const row = this.#row(node, array);
    return this.#words.slice(this.#start(row), this.#end(row));
  }

  integers(node: number, array: TableArray): Int32Array {
    const row = this.#row(node, array);
    return this.#integers.slice(this.#start(row), this.#end(row));
  }

  floats(node: number, array: TableArray): Float32Array {
    const row = this.#row(node, array);
    return this.#floats.slice(this.#start(row), this.#end(row));
  }

  /** Pairs of words, which need not lie on a boundary of eight bytes. */
  doubles(node: number, array: TableArray): Float64Array {
    const row = this.#row(node, array);
    return new Float64Array(this.#words.buffer.slice(4 * this.#start(row), 4 * this.#end(row)));
  }

  #row(node: number, array: TableArray): number {
    return this.#first + 6 + 2 * (7 * node + places[array]);
  }

  #start(row: number): number {
    return this.#words[row] / 4;
  }

  #end(row: number): number {
    return this.#words[row] / 4 + this.#words[row + 1];
  }
}
