// Walks all weights of a synapse with their source and target neurons.
import { channelsOf, sizeOf, type Shape } from "../tensor.ts";

/** Weights of a linear map, in the layout of a synapse of that kind. */
export type WeightLayout =
  | { readonly kind: "dense"; readonly weights: ArrayLike<number> }
  | { readonly kind: "identity"; readonly weights: ArrayLike<number> }
  | {
      readonly kind: "conv2d" | "convTranspose2d";
      readonly weights: ArrayLike<number>;
      readonly kernel: readonly number[];
      readonly groups: number;
    };

/**
 * Visits each weight with its output and input: flat indices for dense, element indices (modulo weights) for identity,
 * otherwise channels.
 * @param shape of the target.
 */
export function forEachWeight(
  linear: WeightLayout,
  shape: Shape,
  visit: (output: number, input: number, weight: number, index: number) => void,
): void {
  const { weights } = linear;
  const outputs = linear.kind === "dense" ? sizeOf(shape) : channelsOf(shape);
  if (linear.kind === "dense") {
    const inputs = weights.length / outputs;
    for (let output = 0, index = 0; output < outputs; output++) {
      for (let input = 0; input < inputs; input++, index++) visit(output, input, weights[index], index);
    }
  } else if (linear.kind === "identity") {
    for (let index = 0; index < weights.length; index++) visit(index, index, weights[index], index);
  } else {
    const groupInputs = weights.length / (linear.kernel[0] * linear.kernel[1] * outputs);
    for (let index = 0, tap = 0; index < weights.length; tap++) {
      for (let output = 0; output < outputs; output++, index++) {
        visit(
          output,
          Math.floor((output * linear.groups) / outputs) * groupInputs + (tap % groupInputs),
          weights[index],
          index,
        );
      }
    }
  }
}
