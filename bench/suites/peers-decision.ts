import type { Contender, OpenCase } from "../../ts/bench/case.ts";
import { evaluationImages } from "../accuracy.ts";
import { wasmEngine } from "../../ts/index.ts";
import { openModel, phase, rate, type ModelSpec } from "../models.ts";
import { openPeer, type Answers, type Library } from "../peers.ts";
import type { SuiteOptions } from "../suites.ts";
import { finite, mainSettings, nearLogits, openSettings, operationsOf, ours, ourAccuracy, oursOnAllThreads, percent, setting, writeImages, type Setting } from "./peer-cases.ts";

/** Ticks at which a synchronous peer's accuracy is read. */
const readings = (quick: boolean): number[] => (quick ? [8, 16, 32, 64] : [8, 16, 32, 64, 128]);
/** The mapping has hardly a say in a peer's logits at these ticks: any number of the suite's case will do. */
const mappedTicks = 32;

const rivals = (quick: boolean): Setting[] =>
  quick ? [setting("fewspike-ticks", 16), ...(["fewspike", "fewspike-compiled"] as const).flatMap((library) => [setting(library, 1), setting(library, 16)])] : (["fewspike-ticks", "fewspike", "fewspike-compiled"] as const).flatMap(mainSettings);

/** Time to a decision as accurate as the float network: ours in 8-bit phase; the peers' fewest ticks within half a point of it, or their most accurate; few-spike networks with our integers. */
export function openDecision(spec: ModelSpec, { quick }: SuiteOptions): () => Promise<OpenCase<Answers>> {
  return async () => {
    const { network, images } = await openModel({ ...spec, images: spec.peers }, phase);
    const slow = await openModel(spec, rate(mappedTicks));
    const evaluation = await evaluationImages(spec, quick);
    const simulator = await wasmEngine().createSimulator(network);
    const float = percent(evaluation.floatCorrect, evaluation.count);
    const ratePaths = writeImages(slow.network, images);
    const exactPaths = writeImages(network, images);
    const readAt = readings(quick);
    const longest = await openPeer({ library: "spikingjelly", batch: 1, threads: 1, ticks: readAt[readAt.length - 1] }, ratePaths);
    const correct = await longest.accuracy(evaluation.file, readAt);
    await longest.dispose?.();
    const enough = readAt.find((tick) => evaluation.floatCorrect - correct[tick] <= 0.005 * evaluation.count);
    const ticks = enough ?? readAt.reduce((best, tick) => (correct[tick] > correct[best] ? tick : best));
    const settings = quick ? [setting("spikingjelly", 1), setting("spikingjelly", 16)] : mainSettings("spikingjelly");
    const synchronous = await openSettings(settings, ticks, ratePaths, spec.name, () => Promise.resolve({ accuracy: percent(correct[ticks], evaluation.count), ticks }));
    const accuracyOf = new Map<Library, string>();
    const fewSpikes = await openSettings(rivals(quick), network.windowTicks, exactPaths, `${spec.name}-decision`, async (peer, { library }): Promise<Readonly<Record<string, string | number>>> => {
      // Compiling changes no result but for the order of sums.
      const ticks = network.windowTicks;
      if (library === "fewspike-compiled") return { ticks };
      if (!accuracyOf.has(library)) accuracyOf.set(library, percent((await peer.accuracy(evaluation.file, [1]))["1"], evaluation.count));
      return { ticks, accuracy: accuracyOf.get(library) as string };
    });
    const contenders: Contender<Answers>[] = [
      ours("wasm", simulator, images, ({ logits }) => logits, { accuracy: ourAccuracy(evaluation, simulator), ticks: network.windowTicks, float }),
      await oursOnAllThreads(network, images),
      ...synchronous,
      ...fewSpikes,
    ];
    return { contenders, operations: operationsOf(simulator, images), samples: images.length, compare: (truth, theirs, contender) => (contender.startsWith("spikingjelly") ? finite(truth, theirs) : nearLogits(truth, theirs)) };
  };
}
