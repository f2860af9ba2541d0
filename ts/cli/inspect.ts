// Command `llif inspect`: lists the layers of a model and says whether they can be mapped.
import { rulesOf } from "../spiking/code.ts";
import type { Command } from "commander";
import { LlifError } from "../errors.ts";
import { formatSummary, summarize, type NetworkSummary } from "../mapping/summary.ts";
import { followedActivations, toSpiking } from "../mapping/to-spiking.ts";
import { latencyTicks, populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import { channelsOf, formatShape, sizeOf } from "../tensor.ts";
import { collectWarnings } from "../warn.ts";
import type { ReluNetwork, ReluNode } from "../relu/network.ts";
import { formatTitles, type ModelFormat } from "../formats/registry.ts";
import type { Io } from "./io.ts";
import { openModel, type OpenModel } from "./model-file.ts";
import { batchOption, budgetOption, jsonOption, type ReadingFlags } from "./options.ts";
import { formatCount, formatPairs, formatTable, toJson } from "./text.ts";

export interface LayerInspection {
  readonly name: string;
  readonly kind: ReluNode["kind"];
  readonly from: readonly string[];
  readonly shape: readonly number[];
  readonly parameters: number;
  readonly multiplyAccumulates: number;
  /** Why the layer is refused; null if it can be mapped. */
  readonly refused: string | null;
}

export interface Inspection {
  readonly model: string;
  readonly format: ModelFormat;
  readonly fileBytes: number;
  readonly input: { readonly shape: readonly number[] } & ReluNetwork["convention"];
  readonly classes: readonly string[];
  readonly layers: readonly LayerInspection[];
  readonly parameters: number;
  readonly multiplyAccumulates: number;
  /** Why the network is refused; null if it can be mapped. */
  readonly refused: string | null;
  /** Why a .llif file has no ReLU network; `layers` then has only the input. Absent if it has one. */
  readonly noRelu?: string;
  /** The spiking network of a .llif file, or of the mapping in 8-bit phase. */
  readonly spiking: {
    readonly code: string;
    readonly schedule: string;
    readonly windowTicks: number;
    readonly latencyTicks: number;
    readonly neurons: number;
  } | null;
  /** Scales and bits of each layer, for a .llif file; otherwise null. */
  readonly summary: NetworkSummary | null;
}

const help = `
Every node is either mapped or refused; a model with operators that cannot be read is refused with the list of all of them.

Examples:
  llif inspect models/mnist-cnn.onnx
  llif inspect network.llif --json`;

export function addInspect(program: Command, io: Io): void {
  program
    .command("inspect")
    .description("show layers, shapes, parameters and multiply-accumulates, and what maps")
    .argument("<model>", `file of ${formatTitles()}`)
    .addOption(budgetOption())
    .addOption(batchOption())
    .addOption(jsonOption())
    .addHelpText("after", help)
    .action(async (path: string, flags: ReadingFlags & { json?: boolean }) => {
      const inspection = await inspect(await openModel(path, io, flags));
      io.out(flags.json === true ? toJson(inspection) : formatInspection(inspection));
    });
}

export async function inspect(model: OpenModel): Promise<Inspection> {
  const { relu } = model;
  const trial = model.spiking ?? (await tryMapping(relu));
  const refusal = trial instanceof LlifError ? trial : null;
  const layers = relu.nodes.map(
    (node): LayerInspection => ({
      name: node.name,
      kind: node.kind,
      from: node.from,
      shape: node.shape,
      parameters: parametersOf(node),
      multiplyAccumulates: multiplyAccumulatesOf(node, relu),
      refused: refusal?.nodes.includes(node.name) === true ? refusal.message : null,
    }),
  );
  return {
    model: relu.name,
    format: model.format,
    fileBytes: model.bytes,
    input: { shape: relu.nodes.find((node) => node.kind === "input")?.shape ?? [], ...relu.convention },
    classes: relu.classes,
    layers,
    parameters: layers.reduce((sum, layer) => sum + layer.parameters, 0),
    multiplyAccumulates: layers.reduce((sum, layer) => sum + layer.multiplyAccumulates, 0),
    refused: refusal?.message ?? null,
    ...(model.noRelu === null ? {} : { noRelu: model.noRelu }),
    spiking: trial instanceof LlifError ? null : describeSpiking(trial),
    summary: model.spiking === undefined ? null : summarize(model.spiking),
  };
}

/** Maps with all scales 1: whether a network can be mapped does not depend on scales. */
async function tryMapping(relu: ReluNetwork): Promise<SpikingNetwork | LlifError> {
  const heard = collectWarnings(() => undefined);
  try {
    const { network, nodes } = followedActivations(relu);
    const shapes = new Map(network.nodes.map(({ name, shape }) => [name, shape]));
    const maxima = Object.fromEntries(
      nodes.map((node) => [node, new Float32Array(channelsOf(shapes.get(node) ?? [])).fill(1)]),
    );
    return await toSpiking(relu, { code: "phase", schedule: "layerwise", bits: 8, maxima });
  } catch (error) {
    if (error instanceof LlifError && error.code !== "PRECISION") return error;
    throw error;
  } finally {
    heard();
  }
}

function describeSpiking(network: SpikingNetwork): Inspection["spiking"] {
  const neurons = populationsOf(network).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const { code, schedule } = rulesOf(network.code).flags;
  return {
    code,
    schedule,
    windowTicks: network.windowTicks,
    latencyTicks: latencyTicks(network),
    neurons,
  };
}

function parametersOf(node: ReluNode): number {
  switch (node.kind) {
    case "dense":
    case "conv2d":
    case "convTranspose2d":
      return node.weights.data.length + node.bias.length;
    case "affine":
      return node.scale.length + node.shift.length;
    default:
      return 0;
  }
}

function multiplyAccumulatesOf(node: ReluNode, { nodes }: ReluNetwork): number {
  if (node.kind === "dense") return node.weights.data.length;
  // Padding counts as well.
  if (node.kind === "conv2d") return node.shape[0] * node.shape[1] * node.weights.data.length;
  if (node.kind === "convTranspose2d") {
    const [height, width] = nodes.find(({ name }) => name === node.from[0])?.shape ?? [];
    return height * width * node.weights.data.length;
  }
  return 0;
}

export function formatInspection(inspection: Inspection): string {
  const { input, layers, spiking, summary } = inspection;
  const file: [string, string] = [
    "model",
    `${inspection.model} (${inspection.format}, ${formatCount(inspection.fileBytes / 1024)} KiB)`,
  ];
  if (summary?.live !== undefined)
    return [formatPairs([file, ["input", formatShape(input.shape)]]), "", formatSummary(summary)].join("\n");
  const rows = layers.map(({ name, kind, shape, parameters, multiplyAccumulates, refused }) => [
    name,
    kind,
    refused === null ? "yes" : "refused",
    formatShape(shape),
    parameters === 0 ? "–" : formatCount(parameters),
    multiplyAccumulates === 0 ? "–" : formatCount(multiplyAccumulates),
  ]);
  const total = ["total", "", "", "", formatCount(inspection.parameters), formatCount(inspection.multiplyAccumulates)];
  const pairs: [string, string][] = [
    file,
    [
      "input",
      `${formatShape(input.shape)} ${input.channelOrder}; value = (pixel · ${shortNumber(input.scale)} − ${input.mean.map(shortNumber).join(", ")}) / ${input.std.map(shortNumber).join(", ")}`,
    ],
    ["classes", inspection.classes.length === 0 ? "unnamed" : summarizeList(inspection.classes)],
  ];
  const spikingLine =
    spiking === null
      ? `refused: ${inspection.refused ?? ""}`
      : `maps: ${formatCount(spiking.neurons)} neurons; ${spiking.code}, ${spiking.schedule}: ${spiking.windowTicks} ticks a window, ${spiking.latencyTicks} ticks to a decision`;
  return [
    formatPairs(pairs),
    "",
    formatTable([["layer", "kind", "maps", "shape", "parameters", "multiply-accumulates"], ...rows, total], 3),
    "",
    spikingLine,
    ...(inspection.noRelu === undefined ? [] : [`no ReLU network stands for it: ${inspection.noRelu}`]),
    ...(summary === null ? [] : ["", formatSummary(summary)]),
  ].join("\n");
}

function shortNumber(value: number): string {
  return Math.abs(value * 255 - 1) < 1e-9 ? "1/255" : String(Number(value.toPrecision(6)));
}

function summarizeList(names: readonly string[]): string {
  return names.length <= 12 ? names.join(", ") : `${names.slice(0, 5).join(", ")}, … (${names.length})`;
}
