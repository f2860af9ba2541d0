// Cases `-decision` of suite `peers`: time until a decision is as accurate as the float network's.
import type { Contender, OpenCase } from "../../ts/timing/case.ts";
import { evaluationImages, type EvaluationImages } from "../accuracy.ts";
import { wasmEngine, type SpikingNetwork } from "../../ts/index.ts";
import { openModel, phase, rate, ttfs, type ModelCode, type ModelSpec } from "../models.ts";
import { openPeer, type Answers, type Library } from "../peers.ts";
import type { SuiteOptions } from "../suite.ts";
import {
  budget,
  finite,
  mainSettings,
  nearLogits,
  networkSeconds,
  openSettings,
  operationsOf,
  ours,
  ourAccuracy,
  oursOnAllThreads,
  percent,
  setting,
  writeImages,
  type Paths,
  type Setting,
} from "./peer-cases.ts";

/** Ticks at which the accuracy of a synchronous simulator is read; the second list only if the first is not enough. */
const readings = (quick: boolean): number[][] => (quick ? [[8, 16, 32, 64]] : [[8, 16, 32, 64], [128]]);
/** At these ticks the mapping hardly changes another simulator's logits, so one number serves all cases. */
const mappedTicks = 32;

const rivals = (quick: boolean): Setting[] =>
  quick
    ? [
        setting("fewspike-ticks", 16),
        ...(["fewspike", "fewspike-compiled"] as const).flatMap((library) => [
          setting(library, 1),
          setting(library, 16),
        ]),
      ]
    : (["fewspike-ticks", "fewspike", "fewspike-compiled"] as const).flatMap(mainSettings);

/** SpikingJelly's fewest ticks within half a point of the float network, or its most accurate. */
async function fewestTicks(
  paths: Paths,
  evaluation: EvaluationImages,
  quick: boolean,
): Promise<{ readonly ticks: number; readonly correct: number }> {
  let best = { ticks: 0, correct: -1 };
  for (const readAt of readings(quick)) {
    const peer = await openPeer(
      { library: "spikingjelly", batch: 1, threads: "all", ticks: readAt[readAt.length - 1] },
      paths,
    );
    const read = await peer.accuracy(evaluation.file, readAt);
    await peer.dispose?.();
    for (const ticks of readAt) {
      const correct = read[ticks];
      if (evaluation.floatCorrect - correct <= 0.005 * evaluation.count) return { ticks, correct };
      if (correct > best.correct) best = { ticks, correct };
    }
  }
  return best;
}

interface OurCode {
  readonly code: "phase" | "ttfs";
  readonly network: SpikingNetwork;
  readonly contender: Contender<Answers>;
}

/** Our codes that decide as the float network does. */
async function ourCodes(spec: ModelSpec, evaluation: EvaluationImages): Promise<OurCode[]> {
  const float = percent(evaluation.floatCorrect, evaluation.count);
  const opened: OurCode[] = [];
  for (const [code, flags] of [
    ["ttfs", ttfs],
    ["phase", phase],
  ] as const satisfies readonly (readonly [string, ModelCode])[]) {
    const { network, images } = await openModel({ ...spec, images: spec.peers }, flags);
    const simulator = await wasmEngine().createSimulator(network);
    const contender = ours(`wasm, ${code}`, simulator, images, ({ logits }) => logits, {
      accuracy: ourAccuracy(evaluation, simulator),
      ticks: network.windowTicks,
      float,
      synapticOperations: Math.round(operationsOf(simulator, images) / images.length),
    });
    opened.push({ code, network, contender });
  }
  return opened;
}

/** Opens a decision case. */
export function openDecision(spec: ModelSpec, { quick }: SuiteOptions): () => Promise<OpenCase<Answers>> {
  return async () => {
    const slow = await openModel({ ...spec, images: spec.peers }, rate(mappedTicks));
    const { images } = slow;
    const evaluation = await evaluationImages(spec, quick);
    const codes = await ourCodes(spec, evaluation);
    const { network } = codes.find(({ code }) => code === "phase") as OurCode;
    const ratePaths = writeImages(slow.network, images);
    const exactPaths = writeImages(network, images);
    const { ticks, correct } = await fewestTicks(ratePaths, evaluation, quick);
    const left = budget(networkSeconds);
    const settings = quick ? [setting("spikingjelly", 1), setting("spikingjelly", 16)] : mainSettings("spikingjelly");
    const synchronous = await openSettings(settings, ticks, ratePaths, spec.name, left, () =>
      Promise.resolve({ accuracy: percent(correct, evaluation.count), ticks }),
    );
    const accuracyOf = new Map<Library, string>();
    const fewSpikes = await openSettings(
      rivals(quick),
      network.windowTicks,
      exactPaths,
      `${spec.name}-decision`,
      left,
      async (peer, { library }): Promise<Readonly<Record<string, string | number>>> => {
        // Compiling changes only the order of sums.
        const ticks = network.windowTicks;
        if (library === "fewspike-compiled") return { ticks };
        if (!accuracyOf.has(library))
          accuracyOf.set(library, percent((await peer.accuracy(evaluation.file, [1]))["1"], evaluation.count));
        return { ticks, accuracy: accuracyOf.get(library) as string };
      },
    );
    const contenders: Contender<Answers>[] = [
      ...codes.map(({ contender }) => contender),
      await oursOnAllThreads(codes[0].network, images),
      ...synchronous,
      ...fewSpikes,
    ];
    return {
      contenders,
      ours: codes.length,
      samples: images.length,
      compare: (truth, theirs, contender) =>
        contender.startsWith("spikingjelly") ? finite(truth, theirs) : nearLogits(truth, theirs),
    };
  };
}
