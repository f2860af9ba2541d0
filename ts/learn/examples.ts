// What a rule takes from the first images: their mean, and how bright they are.

/** Images that defaults and the first weights are taken from. */
const firstImages = 1000;

export interface Statistics {
  /** The mean image, pixel/255. */
  readonly mean: Float64Array;
  /** The mean sum of an image. */
  readonly sum: number;
}

/**
 * Over the first 1,000 images.
 * @param images shape [images, inputs].
 */
export function statisticsOf(images: Uint8Array, inputs: number): Statistics {
  const count = Math.min(firstImages, images.length / inputs);
  const sums = new Float64Array(inputs);
  for (let image = 0; image < count; image++)
    for (let input = 0; input < inputs; input++) sums[input] += images[image * inputs + input];
  const mean = sums.map((sum) => sum / 255 / count);
  return { mean, sum: mean.reduce((total, value) => total + value, 0) };
}
