// The generator of random graphs reaches what the mapping tests rely on.
import { describe, expect, it } from "vitest";
import { LlifError } from "../../ts/errors.ts";
import { toSpiking, type ToSpikingOptions } from "../../ts/mapping/to-spiking.ts";
import type { ReluNetwork, ReluNode } from "../../ts/relu/network.ts";
import { windowedExtents } from "../../ts/relu/shapes.ts";
import { randomGraph } from "./random.ts";

const graphs = Array.from({ length: 400 }, (_, index) => randomGraph(1 + 7919 * index));

type Of<Kind extends ReluNode["kind"]> = Extract<ReluNode, { kind: Kind }>;
type Holds = (relu: ReluNetwork) => boolean;
const some =
  <Kind extends ReluNode["kind"]>(
    kind: Kind,
    holds: (node: Of<Kind>, input: readonly number[], relu: ReluNetwork) => boolean = () => true,
  ): Holds =>
  (relu) =>
    relu.nodes.some(
      (node) =>
        node.kind === kind &&
        holds(node as Of<Kind>, relu.nodes.find(({ name }) => name === node.from[0])?.shape ?? [], relu),
    );
const readBy = (relu: ReluNetwork, name: string) => relu.nodes.filter(({ from }) => from.includes(name));
const kindOf = (relu: ReluNetwork, name: string) => relu.nodes.find((node) => node.name === name)?.kind;
const isPrelu = (slope: Float32Array | undefined, alike: boolean) =>
  slope !== undefined && slope.length > 1 && slope.every((factor) => factor === slope[0]) === alike;
const exceeds = (node: Of<"maxPool"> | Of<"averagePool">, input: readonly number[]) =>
  windowedExtents("pool", input, node).some((extent, axis) => node.shape[axis] > extent);

/** Every operator that the properties of this folder claim to hold for. */
const operators: Readonly<Record<string, Holds>> = {
  "depthwise convolution": some("conv2d", ({ groups }, input) => groups > 1 && groups === input[2]),
  "grouped convolution": some("conv2d", ({ groups }, input) => groups > 1 && groups < input[2]),
  "one-dimensional convolution": some(
    "conv2d",
    ({ kernel }, input) => input[0] === 1 && kernel[0] === 1 && kernel[1] > 1,
  ),
  "strided convolution": some("conv2d", ({ stride }) => stride[0] > 1),
  "dilated convolution": some("conv2d", ({ dilation }) => dilation[0] > 1 || dilation[1] > 1),
  "transposed convolution": some("convTranspose2d"),
  "grouped transposed convolution": some("convTranspose2d", ({ groups }) => groups > 1),
  "asymmetric padding": some(
    "conv2d",
    ({ padding }) => padding.top !== padding.bottom || padding.left !== padding.right,
  ),
  "max pool before a ReLU": some("maxPool", ({ name }, _, relu) =>
    readBy(relu, name).some(({ kind }) => kind === "relu"),
  ),
  "max pool behind a ReLU": some("maxPool", ({ from }, _, relu) => kindOf(relu, from[0]) === "relu"),
  "max pool in ceil mode": some("maxPool", exceeds),
  "average pool in ceil mode": some("averagePool", exceeds),
  "average pool that counts padding": some(
    "averagePool",
    ({ countPadding, padding }) => countPadding && padding.right > 0,
  ),
  "average pool that does not": some("averagePool", ({ countPadding, padding }) => !countPadding && padding.right > 0),
  "global average pool, mean": some(
    "averagePool",
    ({ kernel }, input) => kernel[0] === input[0] && kernel[1] === input[1],
  ),
  ReLU: some("relu", ({ ceiling, slope }) => ceiling === Infinity && slope === undefined),
  "ReLU6, clip": some("relu", ({ ceiling }) => ceiling < Infinity),
  LeakyReLU: some("relu", ({ slope }) => isPrelu(slope, true)),
  PReLU: some("relu", ({ slope }) => isPrelu(slope, false)),
  "BatchNorm before a ReLU; subtraction, products and quotients of constants": some("affine", ({ name }, _, relu) =>
    readBy(relu, name).some(({ kind }) => kind === "relu"),
  ),
  "BatchNorm behind a ReLU": some("affine", ({ from }, _, relu) => kindOf(relu, from[0]) === "relu"),
  "BatchNorm with a negative factor": some("affine", ({ scale }) => scale.some((factor) => factor < 0)),
  pad: some("pad"),
  concatenation: some("concat"),
  "residual sum": some("add"),
  "sum that feeds no ReLU": some("add", ({ name }, _, relu) => readBy(relu, name).some(({ kind }) => kind !== "relu")),
  "several readers": (relu) => relu.nodes.some(({ name }) => readBy(relu, name).length > 1),
  "several outputs": ({ outputs }) => outputs.length > 1,
  softmax: some("softmax"),
};

const codes: readonly ToSpikingOptions[] = [
  { bits: 5 },
  { bits: 12 },
  { bits: 3, spikes: "signed" },
  { bits: 8, spikes: "signed" },
  { bits: 5, nonAdjacent: true },
  { code: "ttfs", bits: 4 },
  { code: "ttfs" },
  { code: "rate", schedule: "layerwise", ticks: 11 },
  { code: "rate", spikes: "signed", ticks: 13 },
  { code: "rate", ticks: 64 },
];

describe("random graphs", () => {
  it.each(Object.keys(operators))("have %s", (name) => {
    expect(graphs.filter(({ relu }) => operators[name](relu)).length).toBeGreaterThanOrEqual(8);
  });

  it.each(codes)("are mapped, nearly all of them: %o", async (options) => {
    const chosen = graphs.slice(0, 60);
    let refused = 0;
    for (const { relu, pixels } of chosen) {
      try {
        await toSpiking(relu, { ...options, calibration: pixels });
      } catch (error) {
        if (!(error instanceof LlifError) || error.code !== "PRECISION") throw error;
        refused++;
      }
    }
    expect(refused).toBeLessThanOrEqual(chosen.length / 20);
  });
});
