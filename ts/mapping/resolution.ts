// Refuses analytic scales that are so loose that the outputs of an exact network no longer depend on the input.
import { LlifError } from "../errors.ts";
import { shapeOf, type SpikingNetwork } from "../spiking/network.ts";
import { synapseRules } from "../spiking/synapses/kinds.ts";
import { sizeOf } from "../tensor.ts";
import type { BoundLoss } from "./analytic.ts";
import { quantizedTwin } from "./twin.ts";

/** Most multiplications for running test patterns through the twin. */
const most = 1e8;
/** Levels per usual value below which no network was seen to distinguish inputs. */
const hopeless = 2 ** -6;

/**
 * @throws {LlifError} PRECISION if the outputs are the same for bright, dark, half and chequered inputs. Networks too
 * large for this test are judged by their bounds.
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
  return network.synapses.reduce(
    (sum, synapse) => sum + synapseRules(synapse).pairs(synapse, shapeOf(network, synapse.to)),
    0,
  );
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
