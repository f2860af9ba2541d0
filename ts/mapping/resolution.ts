// Whether scales that are bounds leave an exact network anything to tell inputs apart by.
import { LlifError } from "../errors.ts";
import { shapeOf, type SpikingNetwork } from "../spiking/network.ts";
import { channelsOf, sizeOf } from "../tensor.ts";
import type { BoundLoss } from "./analytic.ts";
import { quantizedTwin } from "./twin.ts";

/** Most multiplications of the patterns' pass through the twin. */
const most = 1e8;
/** Beyond which no network was seen to tell anything, in levels for a usual value. */
const hopeless = 2 ** -6;

/**
 * @throws {LlifError} PRECISION where the outputs are the same for patterns as unlike as bright, dark, halves and squares; networks too large to
 * try by that are judged by their bounds alone.
 */
export function requireResolution(network: SpikingNetwork, { layer, bits, advice }: BoundLoss): void {
  if (network.arithmetic !== "int32") return;
  const images = patterns(network);
  const blind =
    operationsOf(network) * images.length <= most
      ? new Set(
          images.map((image) =>
            JSON.stringify(Object.values(quantizedTwin(network).run(image).charges).map((charges) => [...charges])),
          ),
        ).size === 1
      : network.levels * 2 ** -bits < hopeless;
  if (blind)
    throw new LlifError("PRECISION", `layer "${layer}": ${network.levels} levels cannot resolve it; ${advice}`, {
      nodes: [layer],
    });
}

function operationsOf(network: SpikingNetwork): number {
  return network.synapses.reduce((sum, { kind, weights, to }) => {
    const shape = shapeOf(network, to);
    return (
      sum +
      (kind === "dense" || kind === "identity" ? weights.length : (weights.length * sizeOf(shape)) / channelsOf(shape))
    );
  }, 0);
}

function patterns({ input }: SpikingNetwork): Int32Array[] {
  const { minimum, maximum } = input.counts ?? { minimum: 0, maximum: 1 };
  const size = sizeOf(input.shape);
  const columns = input.shape.length === 3 ? input.shape[1] * input.shape[2] : size;
  const bright = [
    () => true,
    () => false,
    (index: number) => index < size / 2,
    (index: number) => index % columns < columns / 2,
    (index: number) => (Math.floor(index / (4 * columns)) + Math.floor((index % columns) / (columns / 4))) % 2 === 0,
  ];
  return bright.map((is) => Int32Array.from({ length: size }, (_, index) => (is(index) ? maximum : minimum)));
}
