// Checks the synapses of a spiking network: their ends, and the geometry and weights of each kind.
import { checkDimensions, checkInteger, checkOneOf, checkOptions, type OptionKeys } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { checkWindow } from "../../relu/check.ts";
import type { Window2d } from "../../relu/network.ts";
import { windowedExtents, windowSize } from "../../relu/shapes.ts";
import { formatShape, sameShape, sizeOf, type Shape } from "../../tensor.ts";
import { checkCharges, checkWeights, type Arithmetic } from "../charges.ts";
import type { Synapse } from "../network.ts";
import { sourceShape, windowKeys, type Kinds, type Shapes } from "./places.ts";

/** Longest delay: each of its ticks needs a list of spikes. */
const maximumDelay = 2 ** 16;

const synapseBase = { kind: true, from: true, to: true, delayTicks: true, weights: true } as const;
const synapseKeys: { readonly [Kind in Synapse["kind"]]: OptionKeys<Extract<Synapse, { kind: Kind }>> } = {
  dense: synapseBase,
  conv2d: { ...synapseBase, ...windowKeys, groups: true },
  convTranspose2d: { ...synapseBase, ...windowKeys, groups: true },
  identity: synapseBase,
};

export function checkSynapse(
  arithmetic: Arithmetic,
  synapse: Synapse,
  shapes: Shapes,
  kinds: Kinds,
  order: ReadonlyMap<string, number>,
): void {
  const place = `synapse "${synapse.from}" to "${synapse.to}"`;
  checkOneOf(`${place}: kind`, synapse.kind, Object.keys(synapseKeys) as Synapse["kind"][]);
  checkOptions<object>(place, synapse, synapseKeys[synapse.kind]);
  const from = sourceShape(place, synapse.from, shapes, kinds);
  const to = shapes.get(synapse.to);
  const kind = kinds.get(synapse.to);
  if (to === undefined || kind === undefined || kind === "pool") {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected a population or an output as target, got ${kind ?? "no such node"}`,
    );
  }
  checkInteger(`${place}: delayTicks`, synapse.delayTicks, 0, maximumDelay);
  if (synapse.delayTicks === 0 && (order.get(synapse.from) ?? 0) >= (order.get(synapse.to) ?? 0)) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected the source before the target, or a delay of at least 1 tick (delayTicks)`,
    );
  }
  switch (synapse.kind) {
    case "dense":
      checkWeights(place, synapse.weights, [sizeOf(to), sizeOf(from)], arithmetic);
      break;
    case "conv2d":
    case "convTranspose2d": {
      checkDimensions(`${place}: input`, from, 3);
      checkDimensions(`${place}: target`, to, 3);
      checkWindow(place, synapse);
      const groups = checkInteger(`${place}: groups`, synapse.groups, 1);
      if (from[2] % groups !== 0 || to[2] % groups !== 0) {
        throw new LlifError(
          "SHAPE",
          `${place}: expected channels in ${groups} equal groups, got ${from[2]} to ${to[2]}`,
        );
      }
      if (synapse.kind === "conv2d") checkWindowed(place, from, to, synapse);
      else checkTransposed(place, from, to, synapse);
      checkWeights(place, synapse.weights, [...synapse.kernel, from[2] / groups, to[2]], arithmetic);
      break;
    }
    case "identity":
      if (sizeOf(from) !== sizeOf(to))
        throw new LlifError(
          "SHAPE",
          `${place}: expected as many neurons on both sides, got ${formatShape(from)} and ${formatShape(to)}`,
        );
      checkCharges(`${place}: weights`, synapse.weights, to, arithmetic);
      break;
  }
}

function checkWindowed(place: string, from: Shape, to: Shape, window: Window2d): void {
  const shape = [...windowedExtents(place, from, window), to[2]];
  if (!sameShape(shape, to))
    throw new LlifError("SHAPE", `${place}: expected target shape ${formatShape(shape)}, got ${formatShape(to)}`);
}

/** Checks the target's extents: those without output padding, plus at most stride − 1. */
function checkTransposed(place: string, from: Shape, to: Shape, { kernel, stride, dilation, padding }: Window2d): void {
  const around = [padding.top + padding.bottom, padding.left + padding.right];
  for (const axis of [0, 1]) {
    const least = (from[axis] - 1) * stride[axis] + windowSize(kernel[axis], dilation[axis]) - around[axis];
    const most = least + Math.max(stride[axis], dilation[axis]) - 1;
    if (to[axis] < least || to[axis] > most) {
      throw new LlifError(
        "SHAPE",
        `${place}: expected a target of ${least} to ${most} ${axis === 0 ? "rows" : "columns"}, got shape ${formatShape(to)}`,
      );
    }
  }
}
