// The result of every image decoder: pixels and shape.
/** Pixels in 0…255, row-major, channels last. */
export interface DecodedImage {
  /** [height, width, channels]: 1 channel for gray, 3 for RGB. */
  readonly shape: readonly [number, number, number];
  readonly data: Uint8Array;
}
