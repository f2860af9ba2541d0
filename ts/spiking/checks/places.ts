// Checks shared by nodes and synapses: their sources.
import { describe } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import type { Shape } from "../../tensor.ts";
import type { SpikingNode } from "../network.ts";

/** Shapes of the input and of the nodes so far. */
export type Shapes = ReadonlyMap<string, Shape>;
export type Kinds = ReadonlyMap<string, SpikingNode["kind"]>;

export function sourceShape(place: string, from: string, shapes: Shapes, kinds: Kinds): Shape {
  const shape = shapes.get(from);
  if (shape === undefined || kinds.get(from) === "output") {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected the input, a population or a pool before it as source, got ${shape === undefined ? "" : "output "}${describe(from)}`,
    );
  }
  return shape;
}
