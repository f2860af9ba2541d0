// Walks over the windows of convolutions and pools: visits each pair of input and output cells with its tap of the
// kernel.
import type { Shape } from "../tensor.ts";
import type { Window2d } from "./network.ts";

/**
 * Calls `visit` once for every pair of an output cell and an input cell inside the image that are connected by a tap.
 * Cells and taps are numbered row by row. Order: ascending output cells (input cells if transposed), then ascending
 * taps.
 * @param from shape [height, width, …] of the input.
 * @param to shape [height, width, …] of the output.
 * @param transposed for a transposed convolution, which has the same pairs with input and output exchanged.
 */
export function forEachTap(
  { kernel, stride, dilation, padding }: Window2d,
  from: Shape,
  to: Shape,
  transposed: boolean,
  visit: (output: number, input: number, tap: number) => void,
): void {
  const [rows, columns] = transposed ? from : to;
  const [height, width] = transposed ? to : from;
  for (let row = 0, cell = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, cell++) {
      for (let ky = 0; ky < kernel[0]; ky++) {
        const y = row * stride[0] - padding.top + ky * dilation[0];
        if (y < 0 || y >= height) continue;
        for (let kx = 0; kx < kernel[1]; kx++) {
          const x = column * stride[1] - padding.left + kx * dilation[1];
          if (x < 0 || x >= width) continue;
          if (transposed) visit(y * width + x, cell, ky * kernel[1] + kx);
          else visit(cell, y * width + x, ky * kernel[1] + kx);
        }
      }
    }
  }
}

/**
 * Calls `visit` with the flat index of each input element of a pool inside the image, for every output element, in
 * ascending order.
 */
export function forEachPooled(
  window: Window2d,
  from: Shape,
  to: Shape,
  visit: (output: number, input: number) => void,
): void {
  const channels = from[2];
  forEachTap(window, from, to, false, (output, input) => {
    for (let channel = 0; channel < channels; channel++) visit(output * channels + channel, input * channels + channel);
  });
}
