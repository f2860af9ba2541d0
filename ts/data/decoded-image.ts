// Pixels of an image, as every decoder gives them.
/** Pixels in 0…255, row-major, channels last. */
export interface DecodedImage {
  /** [height, width, channels]: 1 channel for gray, 3 for RGB. */
  readonly shape: readonly [number, number, number];
  readonly data: Uint8Array;
}
