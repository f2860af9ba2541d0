// Suite `peers`: Python simulators on the same weights, inputs and ticks.
import { benchCase, type BenchCase, type Contender, type OpenCase } from "../../ts/timing/case.ts";
import { layerCases } from "../../ts/timing/layer-cases.ts";
import { layerNetwork, randomSpikes, type LayerCode } from "../../ts/timing/layers.ts";
import { evaluationImages, type EvaluationImages } from "../accuracy.ts";
import { latencyTicks, referenceEngine, wasmEngine, type SpikingNetwork } from "../../ts/index.ts";
import { layerwise, models, openModel, rate, type ModelSpec } from "../models.ts";
import { openPeer, writeCase, type Answers, type Library } from "../peers.ts";
import type { SuiteOptions } from "../suite.ts";
import { openConversion } from "./peers-conversion.ts";
import { openDecision } from "./peers-decision.ts";
import {
  budget,
  everySetting,
  finite,
  layerSeconds,
  mainSettings,
  nearCounts,
  nearLogits,
  networkSeconds,
  openSettings,
  operationsOf,
  ours,
  ourAccuracy,
  oursOnAllThreads,
  percent,
  sameCounts,
  setting,
  writeImages,
  type Compare,
  type Paths,
  type Setting,
} from "./peer-cases.ts";

export const peerTicks = 32;

/** The fastest other simulator keeps most of its settings in a quick run. */
const spikingjelly = (quick: boolean): Setting[] => (quick ? mainSettings : everySetting)("spikingjelly");
const others = (libraries: readonly Library[], quick: boolean): Setting[] =>
  libraries.flatMap((library) => (quick ? [setting(library, 1), setting(library, 16)] : mainSettings(library)));
const brian2 = [setting("brian2"), setting("brian2-standalone")];

/** Opens a case of one layer, with the same spikes and ticks for all. */
async function openLayer(
  name: string,
  network: SpikingNetwork,
  code: LayerCode,
  settings: readonly Setting[],
  compare: Compare,
): Promise<OpenCase<Answers>> {
  const spikes = randomSpikes(network, peerTicks, code.activity);
  const simulator = await wasmEngine().createSimulator(network);
  const operations = simulator.run({ spikes }).statistics.synapticOperations;
  const column = (data: Uint32Array) => ({ shape: [data.length], data: Int32Array.from(data) });
  const paths = writeCase(network, [
    ["ticks", column(spikes.ticks)],
    ["neurons", column(spikes.neurons)],
  ]);
  const contenders = [
    ours("wasm", simulator, [{ spikes }], ({ counts }) => counts["layer"]),
    ...(await openSettings(settings, peerTicks, paths, name.replace(/-a\d\d.*/, ""), budget(layerSeconds))),
  ];
  return { contenders, operations, compare };
}

/** Cases that a quick run skips: it keeps one convolution in rate, and hard reset at one activity. */
const leftOut = (name: string): boolean =>
  name.includes("-rate-") && (/^conv-(32|8)x/.test(name) || (name.includes("-hard-") && name.includes("a05")));

function layerSuite({ quick }: SuiteOptions): BenchCase[] {
  return allLayers(quick).filter(({ name }) => !quick || !leftOut(name));
}

function allLayers(quick: boolean): BenchCase[] {
  return layerCases([peerTicks]).flatMap(({ name, layer, code }) => {
    if (code.code === "layerwise")
      return [
        benchCase("peers", name, () =>
          openLayer(name, layerNetwork(layer, code), code, spikingjelly(quick), nearCounts),
        ),
      ];
    if (!name.endsWith("-rate-constant-t32")) return [];
    const network = layerNetwork(layer, code);
    const hardReset = {
      ...network,
      nodes: network.nodes.map((node) =>
        node.kind === "population"
          ? { ...node, neuron: { ...node.neuron, reset: { hard: Uint8Array.from(node.neuron.threshold, () => 1) } } }
          : node,
      ),
    };
    const soft = [
      ...spikingjelly(quick),
      ...others(["snntorch", "sinabs"], quick),
      ...(layer.kind === "dense" ? brian2 : []),
    ];
    return [
      benchCase("peers", name, () => openLayer(name, network, code, soft, sameCounts)),
      benchCase("peers", name.replace("constant", "hard"), () =>
        openLayer(name, hardReset, code, others(["norse"], quick), sameCounts),
      ),
    ];
  });
}

/** Correct decisions of a library, for all of its batches. This is not measured time, so it uses all threads. */
async function correctOf(library: Library, paths: Paths, evaluation: EvaluationImages): Promise<number> {
  const peer = await openPeer({ library, batch: 1, threads: "all", ticks: peerTicks }, paths);
  const correct = await peer.accuracy(evaluation.file, [peerTicks]);
  await peer.dispose?.();
  return correct[peerTicks];
}

/**
 * llif in layerwise exact integers with the same ticks. Its schedule differs from the others', so ratios never refer to
 * it.
 */
async function openLayerwise(
  spec: ModelSpec,
  images: readonly Uint8Array[],
  evaluation: EvaluationImages,
): Promise<{ readonly contender: Contender<Answers>; check(theirs: Answers): string | undefined }> {
  const { network } = await openModel(spec, layerwise(peerTicks));
  const simulator = await wasmEngine().createSimulator(network);
  const reference = await referenceEngine().createSimulator(network);
  const expected = [...reference.run(images[0]).logits];
  reference.dispose();
  const contender = ours("wasm, layerwise exact", simulator, images, ({ logits }) => logits, {
    accuracy: ourAccuracy(evaluation, simulator),
    windows: latencyTicks(network) / network.windowTicks,
  });
  return {
    contender,
    check: (theirs) =>
      JSON.stringify(theirs[0]) === JSON.stringify(expected) ? undefined : "logits are not the reference engine's",
  };
}

/**
 * Opens a case of a whole network in synchronous rate. Other libraries pool by OR and Norse resets hard; accuracy shows
 * the cost.
 */
function openRate(spec: ModelSpec, { quick }: SuiteOptions): () => Promise<OpenCase<Answers>> {
  return async () => {
    const { network, images } = await openModel({ ...spec, images: spec.peers }, rate(peerTicks));
    const evaluation = await evaluationImages(spec, quick);
    const simulator = await wasmEngine().createSimulator(network);
    const exact = await openLayerwise(spec, images, evaluation);
    const paths = writeImages(network, images);
    const settings = [
      ...spikingjelly(quick),
      ...(quick
        ? (["snntorch", "sinabs", "norse"] as const).map((library) => setting(library, 16))
        : others(["snntorch", "sinabs", "norse"], quick)),
    ];
    const left = budget(networkSeconds);
    const theirs = await openSettings(settings, peerTicks, paths, spec.name, left, async (_, { library }) => ({
      accuracy: percent(await correctOf(library, paths, evaluation), evaluation.count),
    }));
    const dense = network.synapses.every(({ kind }) => kind === "dense");
    const contenders: Contender<Answers>[] = [
      ours("wasm", simulator, images, ({ logits }) => logits, { accuracy: ourAccuracy(evaluation, simulator) }),
      await oursOnAllThreads(network, images),
      exact.contender,
      ...theirs,
      ...(dense ? await openSettings(brian2, peerTicks, paths, spec.name, left) : []),
    ];
    const pools = network.nodes.some(({ kind }) => kind === "pool");
    const compare = (truth: Answers, theirs: Answers, contender: string) =>
      contender === exact.contender.name
        ? exact.check(theirs)
        : pools || contender.startsWith("norse")
          ? finite(truth, theirs)
          : nearLogits(truth, theirs);
    return { contenders, operations: operationsOf(simulator, images), samples: images.length, compare };
  };
}

export function peersSuite(options: SuiteOptions): BenchCase[] {
  return [
    ...layerSuite(options),
    ...models.flatMap((spec) => [
      benchCase("peers", spec.name, openRate(spec, options)),
      benchCase("peers", `${spec.name}-decision`, openDecision(spec, options)),
      benchCase("peers", `${spec.name}-conversion`, openConversion(spec, options)),
    ]),
  ];
}
