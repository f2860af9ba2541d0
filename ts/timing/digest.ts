// A digest of results, to compare engines and programs that do not share memory.

/** FNV-1a over 32-bit little-endian words; the native program computes the same (crates/native/src/digest.rs). */
export class Digest {
  #hash = 0x811c9dc5;

  words(values: ArrayLike<number>): this {
    let hash = this.#hash;
    for (let index = 0; index < values.length; index++) {
      const word = values[index] | 0;
      hash = Math.imul(hash ^ (word & 0xff), 0x01000193);
      hash = Math.imul(hash ^ ((word >>> 8) & 0xff), 0x01000193);
      hash = Math.imul(hash ^ ((word >>> 16) & 0xff), 0x01000193);
      hash = Math.imul(hash ^ (word >>> 24), 0x01000193);
    }
    this.#hash = hash;
    return this;
  }

  /** Adds floats by their bits; the low word of 64 bits first. */
  charges(values: Float32Array | Float64Array | Int32Array): this {
    return this.words(new Uint32Array(values.buffer, values.byteOffset, values.byteLength / 4));
  }

  hex(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }
}
