import { benchCase, type BenchCase, type Contender, type OpenCase } from "../../ts/bench/case.ts";
import { layerCases } from "../../ts/bench/layer-cases.ts";
import { layerNetwork, randomSpikes, type LayerCode } from "../../ts/bench/layers.ts";
import { evaluationImages } from "../accuracy.ts";
import { wasmEngine, type Result, type RunInput, type Simulator, type SpikingNetwork } from "../../ts/index.ts";
import { models, openModel, phase, rate, type ModelSpec } from "../models.ts";
import { openPeer, writeCase, type Answers, type Library, type Peer, type PeerOptions } from "../peers.ts";

const ticks = 32;
const setting = (library: Library, batch: number, threads: PeerOptions["threads"] = 1) => ({ library, batch, threads });
/** The strongest peer gets more batch sizes. */
const soft = [setting("spikingjelly", 1), setting("spikingjelly", 16), setting("spikingjelly", 64), setting("spikingjelly", 16, "all"), setting("snntorch", 1), setting("snntorch", 16), setting("sinabs", 1), setting("sinabs", 16)];
const hard = [setting("norse", 1), setting("norse", 16)];

function ours(name: string, simulator: Simulator, inputs: readonly RunInput[], read: (result: Result) => ArrayLike<number>, more?: Contender<Answers>["more"]): Contender<Answers> {
  return {
    name,
    ...(more === undefined ? {} : { more }),
    time(repetitions) {
      const start = performance.now();
      for (let repetition = 0; repetition < repetitions; repetition++) for (const input of inputs) simulator.run(input);
      return performance.now() - start;
    },
    outcome: () => inputs.map((input) => Array.from(read(simulator.run(input)))),
    dispose: () => simulator.dispose(),
  };
}

/** Peers on the same layer, spikes and number of ticks. */
async function openLayer(network: SpikingNetwork, code: LayerCode, settings: readonly Omit<PeerOptions, "ticks">[], compare: OpenCase<Answers>["compare"]): Promise<OpenCase<Answers>> {
  const spikes = randomSpikes(network, ticks, code.activity);
  const simulator = await wasmEngine().createSimulator(network);
  const operations = simulator.run({ spikes }).statistics.synapticOperations;
  const column = (data: Uint32Array) => ({ shape: [data.length], data: Int32Array.from(data) });
  const paths = writeCase(network, [["ticks", column(spikes.ticks)], ["neurons", column(spikes.neurons)]]);
  const contenders: Contender<Answers>[] = [ours("wasm", simulator, [{ spikes }], ({ counts }) => counts["layer"])];
  for (const peer of settings) contenders.push(await openPeer({ ...peer, ticks }, paths));
  return { contenders, operations, compare };
}

/** Weights on a grid that float32 sums exactly, and a threshold off it: simulators that agree on the neuron agree on every count. */
export function sameCounts(truth: Answers, theirs: Answers): string | undefined {
  const wrong = truth[0].filter((count, neuron) => count !== theirs[0][neuron]).length;
  return wrong === 0 && theirs[0].length === truth[0].length ? undefined : `${wrong} of ${truth[0].length} neurons have another count`;
}

/** A window that integrates before it fires counts otherwise than neurons that fire meanwhile (T2), by about one. */
export function nearCounts(truth: Answers, theirs: Answers): string | undefined {
  const mean = truth[0].reduce((sum, count, neuron) => sum + Math.abs(count - theirs[0][neuron]), 0) / truth[0].length;
  return mean < 2 ? undefined : `counts differ by ${mean.toFixed(2)} on average, under 2 is expected`;
}

function layerSuite(): BenchCase[] {
  return layerCases([ticks]).flatMap(({ name, layer, code }) => {
    if (code.code === "layerwise") {
      const settings = soft.filter(({ library }) => library === "spikingjelly");
      return [benchCase("peers", name, () => openLayer(layerNetwork(layer, code), code, settings, nearCounts))];
    }
    if (!name.endsWith("-rate-constant-t32")) return [];
    const network = layerNetwork(layer, code);
    const hardReset = { ...network, nodes: network.nodes.map((node) => (node.kind === "population" ? { ...node, reset: "hard" as const } : node)) };
    return [
      benchCase("peers", name, () => openLayer(network, code, soft, sameCounts)),
      benchCase("peers", name.replace("constant", "hard"), () => openLayer(hardReset, code, hard, sameCounts)),
    ];
  });
}

const percent = (correct: number, images: number): string => `${((100 * correct) / images).toFixed(1)} % of ${images}`;

/** Synchronous rate, the same weights, images and ticks. Peers pool spikes by OR, Norse resets hard: their accuracy tells what that costs. */
function openRate(spec: ModelSpec): () => Promise<OpenCase<Answers>> {
  return async () => {
    const { network, images } = await openModel(spec, rate(ticks));
    const evaluation = await evaluationImages(spec);
    const simulator = await wasmEngine().createSimulator(network);
    const paths = writeImages(network, images);
    const contenders: Contender<Answers>[] = [ours("wasm", simulator, images, ({ logits }) => logits, { accuracy: percent(evaluation.correct(simulator), evaluation.count) })];
    const known = new Map<Library, string>();
    for (const peer of [...soft, ...hard]) {
      const opened = await openPeer({ ...peer, ticks }, paths);
      const accuracy = known.get(peer.library) ?? percent((await opened.accuracy(evaluation.file, [ticks]))[ticks], evaluation.count);
      known.set(peer.library, accuracy);
      contenders.push({ ...opened, more: { accuracy } });
    }
    const pools = network.nodes.some(({ kind }) => kind === "pool");
    const compare = (truth: Answers, theirs: Answers, contender: string) => (pools || contender.startsWith("norse") ? finite(truth, theirs) : nearLogits(truth, theirs));
    return { contenders, operations: operationsOf(simulator, images), samples: images.length, compare };
  };
}

/** Where the pooling or the reset differs, the networks do: their accuracy must speak. */
function finite(_: Answers, theirs: Answers): string | undefined {
  return theirs.flat().every(Number.isFinite) ? undefined : "a logit is not a number";
}

/** Ticks at which a synchronous peer's accuracy is read. */
const readAt = [8, 16, 32, 64, 128, 256];

/** Time to a decision as accurate as the float network: ours in 8-bit phase; the peers' fewest ticks within half a point of it, or their most accurate; few-spike networks with our integers. */
function openDecision(spec: ModelSpec): () => Promise<OpenCase<Answers>> {
  return async () => {
    const exact = await openModel(spec, phase);
    const slow = await openModel(spec, rate(ticks));
    const evaluation = await evaluationImages(spec);
    const simulator = await wasmEngine().createSimulator(exact.network);
    const images = exact.images;
    const contenders: Contender<Answers>[] = [ours("wasm", simulator, images, ({ logits }) => logits, { accuracy: percent(evaluation.correct(simulator), evaluation.count), float: percent(evaluation.floatCorrect, evaluation.count) })];
    const ratePaths = writeImages(slow.network, images);
    const longest = await openPeer({ ...setting("spikingjelly", 16), ticks: readAt[readAt.length - 1] }, ratePaths);
    const correct = await longest.accuracy(evaluation.file, readAt);
    await longest.dispose?.();
    const enough = readAt.find((tick) => evaluation.floatCorrect - correct[tick] <= 0.005 * evaluation.count);
    const chosen = enough ?? readAt.reduce((best, tick) => (correct[tick] > correct[best] ? tick : best));
    for (const batch of [1, 16]) {
      const peer = await openPeer({ ...setting("spikingjelly", batch), ticks: chosen }, ratePaths);
      contenders.push({ ...peer, name: `${peer.name}, ${chosen} ticks`, more: { accuracy: percent(correct[chosen], evaluation.count) } });
    }
    const exactPaths = writeImages(exact.network, images);
    for (const library of ["fewspike-ticks", "fewspike", "fewspike-compiled"] as const) {
      for (const batch of [1, 16]) contenders.push(await withAccuracy(await openPeer({ ...setting(library, batch), ticks: exact.network.windowTicks }, exactPaths), evaluation, batch === 16 && library === "fewspike"));
    }
    return { contenders, operations: operationsOf(simulator, images), samples: images.length, compare: (truth, theirs, contender) => (contender.startsWith("spikingjelly") ? finite(truth, theirs) : nearLogits(truth, theirs)) };
  };
}

async function withAccuracy(peer: Peer, evaluation: { readonly file: string; readonly count: number }, measure: boolean): Promise<Contender<Answers>> {
  return measure ? { ...peer, more: { accuracy: percent((await peer.accuracy(evaluation.file, [1]))["1"], evaluation.count) } } : peer;
}

/** The same network but for the order in which float32 sums: a neuron near threshold may fire a tick late. */
export function nearLogits(truth: Answers, theirs: Answers): string | undefined {
  for (const [sample, expected] of truth.entries()) {
    const range = Math.max(...expected) - Math.min(...expected);
    const error = Math.max(...expected.map((value, index) => Math.abs(value - theirs[sample][index])));
    if (!(error <= 0.02 * range)) return `sample ${sample}: a logit differs by ${((100 * error) / range).toFixed(1)} % of their range, at most 2 % is expected`;
  }
  return undefined;
}

function writeImages(network: SpikingNetwork, images: readonly Uint8Array[]) {
  const data = new Uint8Array(images.length * images[0].length);
  images.forEach((image, index) => data.set(image, index * image.length));
  return writeCase(network, [["values", { shape: [images.length, images[0].length], data }]]);
}

const operationsOf = (simulator: Simulator, images: readonly RunInput[]): number => images.reduce((sum, image) => sum + simulator.run(image).statistics.synapticOperations, 0);

export function peersSuite(): BenchCase[] {
  return [...layerSuite(), ...models.map((spec) => benchCase("peers", spec.name, openRate(spec))), ...models.map((spec) => benchCase("peers", `${spec.name}-decision`, openDecision(spec)))];
}
