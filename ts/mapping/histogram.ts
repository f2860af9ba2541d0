// A histogram that takes values one by one, for percentile scales.

/** Buckets for each factor of two, from 2^-16 to 2^16. */
const perOctave = 16;
const octaves = 32;

/**
 * Percentiles of a stream of non-negative values in constant memory, within 1/16 of the exact value (the width of a
 * bucket). The largest value is exact.
 */
export class StreamingHistogram {
  readonly #buckets = new Uint32Array(perOctave * octaves);
  #small = 0;
  #count = 0;
  #largest = 0;

  add(value: number): void {
    this.#count++;
    if (value > this.#largest) this.#largest = value;
    const bucket = bucketOf(value);
    if (bucket < 0) this.#small++;
    else this.#buckets[bucket]++;
  }

  get largest(): number {
    return this.#largest;
  }

  /** @param percent 0…100. */
  percentile(percent: number): number {
    const wanted = Math.ceil((percent / 100) * this.#count);
    if (wanted >= this.#count) return this.#largest;
    let seen = this.#small;
    if (wanted <= seen) return 0;
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      const inside = this.#buckets[bucket];
      if (wanted <= seen + inside) {
        const [low, high] = [edgeOf(bucket), edgeOf(bucket + 1)];
        return Math.min(this.#largest, low + ((wanted - seen) / inside) * (high - low));
      }
      seen += inside;
    }
    return this.#largest;
  }
}

/** Bucket of a value: −1 below the first one; larger values are in the last one. */
function bucketOf(value: number): number {
  if (!(value >= 2 ** (-octaves / 2))) return -1;
  const octave = Math.floor(Math.log2(value));
  const within = Math.floor((value / 2 ** octave - 1) * perOctave);
  return Math.min((octave + octaves / 2) * perOctave + Math.min(within, perOctave - 1), perOctave * octaves - 1);
}

function edgeOf(bucket: number): number {
  const octave = Math.floor(bucket / perOctave) - octaves / 2;
  return 2 ** octave * (1 + (bucket % perOctave) / perOctave);
}
