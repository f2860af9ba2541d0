// Command `llif learn`: a layer learns in spikes without labels, becomes a ReLU network, and is evaluated as one.
import { Option, type Command } from "commander";
import type { EvaluationReport } from "../analyze/evaluation-report.ts";
import { wilsonInterval, type Interval } from "../analyze/statistics.ts";
import { slice, type ImageDataset } from "../data/dataset.ts";
import { LlifError } from "../errors.ts";
import { writeLearner } from "../learn/file.ts";
import { createLearner } from "../learn/learner.ts";
import { ruleNames, type LearningOptions, type RuleName } from "../learn/rule.ts";
import { weightsPlot } from "../plot/weights.ts";
import { datasetNames } from "./data-cache.ts";
import { dataFiles, openRawData } from "./data-files.ts";
import { evaluateModel, type EvaluateFlags, type EvaluateOutcome } from "./evaluate.ts";
import { mappingNames, refuseGiven } from "./idle-options.ts";
import type { Io } from "./io.ts";
import { learnLayer, readouts, type Learnt, type LearningChoice } from "./learning.ts";
import { makeManifest } from "./manifest.ts";
import {
  encodingChoice,
  engineOption,
  fromZero,
  integer,
  jsonOption,
  mappingOptions,
  positive,
  type EngineChoice,
  type MappingFlags,
} from "./options.ts";
import { checkOutputs, writeOutput } from "./outputs.ts";
import { formatReport } from "./report-text.ts";
import { formatCount, formatPairs, formatPercent, formatPercentInterval, formatSeconds, toJson } from "./text.ts";

interface LearnFlags extends MappingFlags {
  readonly data: string;
  readonly test?: string;
  readonly limit?: number;
  readonly testLimit?: number;
  readonly neurons: number;
  readonly epochs: number;
  readonly seed: number;
  readonly labels?: number;
  readonly readout: (typeof readouts)[number];
  readonly rule: RuleName;
  readonly leak: "none" | "half-square";
  readonly threshold?: number;
  readonly homeostasis?: number;
  readonly thresholdRise?: number;
  readonly thresholdDecay?: number;
  readonly resume?: string;
  readonly engine: Exclude<EngineChoice, "twin">;
  readonly allowOverlap?: boolean;
  readonly plot?: string;
  readonly manifest?: string;
  readonly output?: string;
  readonly json?: boolean;
}

const help = `
Images are shown as regular spike trains, one after the other in a random order. The first neuron to reach its threshold inhibits
the others and learns: its weights move toward the rates of the inputs. No labels are used. --rule pair shows images as Poisson
trains of 60 ticks instead, changes weights by pairs of spikes, and lets the threshold rise with each spike of a neuron. Then the layer is frozen: inhibition
becomes part of the weights, a constant leak becomes the bias, and it is a ReLU layer. Labels train the read-out only.

-o learnt.onnx writes the ReLU network with its read-out. -o learnt.llif writes the spiking network of --code (without a read-out:
the layer alone, in synchronous rate) and beside it what is needed to go on: --resume learnt.llif. Two runs of one epoch with
--seed 0 and 1 learn the same as one run of two epochs with --seed 0.

Label accuracy: neurons are named by the labelled images that they win, and the winner decides. Read-out accuracy: the ReLU
network decides. docs/learning.md tells what can be expected, and where learning does not pay.

Examples:
  llif learn --data mnist -o learnt.onnx --plot weights.svg
  llif learn --data mnist --neurons 100 --labels 1000
  llif learn --data mnist --limit 10000 --readout none -o layer.llif; llif learn --data mnist --seed 1 --resume layer.llif
  llif learn --data mnist --manifest run.json; llif reproduce run.json`;

/** The mapping's, but calibration images are those to learn from, and `--seed` belongs to learning. */
const evaluationOptions = (): Option[] =>
  mappingOptions().filter((option) => !["calibration", "calibrationImages", "seed"].includes(option.attributeName()));

export function addLearn(program: Command, io: Io): void {
  const command = program
    .command("learn")
    .description("learn features in spikes, without labels, and make a ReLU network of them")
    .addOption(
      new Option(
        "--data <set>",
        "images to learn from: mnist, fashion-mnist, cifar10 (their training split), or an IDX file",
      ).makeOptionMandatory(),
    )
    .addOption(new Option("--test <set>", "images to evaluate on (default: the test split of a known --data)"))
    .addOption(
      new Option("--neurons <n>", "neurons of the layer").argParser(integer("--neurons", 1, 2 ** 16)).default(400),
    )
    .addOption(new Option("--limit <n>", "learn from the first n images only").argParser(integer("--limit", 1)))
    .addOption(
      new Option("--test-limit <n>", "evaluate on the first n images only").argParser(integer("--test-limit", 1)),
    )
    .addOption(
      new Option("--epochs <n>", "how often each image is shown").argParser(integer("--epochs", 1, 1000)).default(1),
    )
    .addOption(
      new Option("--seed <n>", "of the first weights, the order of the images and the read-out")
        .argParser(integer("--seed", 0))
        .default(0),
    )
    .addOption(
      new Option("--labels <n>", "use the first n labels only (default: all)").argParser(integer("--labels", 1)),
    )
    .addOption(
      new Option(
        "--readout <kind>",
        "delta: a linear layer by the delta rule; label: the mean of the neurons of a class; none",
      )
        .choices(readouts)
        .default("delta"),
    )
    .addOption(
      new Option(
        "--rule <rule>",
        "winner: the first spike of the layer ends an image; pair: plasticity of pairs of spikes, one winner a tick",
      )
        .choices(ruleNames)
        .default("winner"),
    )
    .addOption(
      new Option("--leak <kind>", "half-square: each neuron loses half its squared weights a tick, as in k-means")
        .choices(["none", "half-square"])
        .default("none"),
    )
    .addOption(
      new Option(
        "--threshold <charge>",
        "mean threshold (default: the mean sum of an image's pixels / 255); pair: of a neuron that has not fired (a fifth of that)",
      ).argParser(positive("--threshold")),
    )
    .addOption(
      new Option(
        "--homeostasis <charge>",
        "how much a threshold rises with each win above a neuron's share (default: 0.03 thresholds)",
      ).argParser(fromZero("--homeostasis", 1e6)),
    )
    .addOption(
      new Option(
        "--threshold-rise <charge>",
        "pair: how much a threshold rises with each spike of its neuron (default: 0.00005 thresholds a neuron of the layer)",
      ).argParser(fromZero("--threshold-rise", 1e6)),
    )
    .addOption(
      new Option(
        "--threshold-decay <share>",
        "pair: the share of the rise that each image takes away (default: 0)",
      ).argParser(fromZero("--threshold-decay", 1)),
    )
    .addOption(new Option("--resume <file.llif>", "go on with a layer that llif learn has written"));
  for (const option of evaluationOptions()) command.addOption(option);
  command
    .addOption(engineOption(false))
    .option("--allow-overlap", "evaluate although some images were used to learn")
    .option("--plot <file.svg>", "draw the weights of the neurons")
    .addOption(
      new Option("--manifest <file>", "write all that the result depends on, and its digest, for llif reproduce"),
    )
    .option("-o, --output <file>", "model.onnx, or file.llif to go on later")
    .addOption(jsonOption())
    .addHelpText("after", help)
    .action(async (flags: LearnFlags) => {
      refuseIdleOptions(command, flags);
      const { output, plot, manifest } = flags;
      const inputs = [flags.resume, ...dataFiles(flags), ...dataFiles({ data: flags.test })];
      await checkOutputs([output, plot, manifest], inputs, [output, flags.resume]);
      const learnt = await learnLayer(choiceOf(flags), output ?? "learnt.onnx", io);
      const test = await testImages(flags, io);
      const named = test === null ? null : await labelAccuracy(learnt, test, flags.engine);
      const evaluated = test === null || flags.readout === "none" ? null : evaluationOf(flags, learnt, io);
      const outcome = await evaluated;
      if (output !== undefined) await writeOutput(output, fileOf(output, learnt, outcome), io.signal);
      if (plot !== undefined) await writeOutput(plot, await plotOf(learnt), io.signal);
      if (manifest !== undefined && outcome !== null)
        await writeOutput(manifest, toJson(await manifestOf(flags, learnt, outcome)), io.signal);
      io.progress("");
      const facts = { ...factsOf(learnt), labelAccuracy: named, evaluation: outcome?.report ?? null };
      io.out(flags.json === true ? toJson(facts) : formatFacts(facts, learnt));
    });
}

/** Options of one rule only. */
const rulesOptions: Readonly<Record<RuleName, readonly string[]>> = {
  winner: ["leak", "homeostasis"],
  pair: ["thresholdRise", "thresholdDecay"],
};

function refuseIdleOptions(command: Command, flags: LearnFlags): void {
  const { resume, readout, output, manifest, data, test, rule } = flags;
  if (resume !== undefined)
    refuseGiven(
      command,
      ["neurons", "rule", "threshold", ...Object.values(rulesOptions).flat()],
      `"${resume}" has its own`,
    );
  for (const other of ruleNames.filter((name) => name !== rule))
    refuseGiven(command, rulesOptions[other], `expected --rule ${other}, got ${rule}`);
  if (readout === "none")
    refuseGiven(
      command,
      [...mappingNames.filter((name) => name !== "seed"), "allowOverlap"],
      "--readout none: nothing is mapped to a code or evaluated",
    );
  if (readout === "none" && manifest !== undefined)
    throw new LlifError("ARGUMENT", "--manifest: expected a read-out, whose evaluation it records, got --readout none");
  if (output !== undefined && !/\.(onnx|llif)$/i.test(output))
    throw new LlifError("ARGUMENT", `--output: expected a name that ends in .onnx or .llif, got "${output}"`);
  if (test === undefined && readout !== "none" && !known(data))
    throw new LlifError(
      "ARGUMENT",
      `--test: expected images to evaluate on beside --data "${data}", or --readout none`,
    );
  if (test === undefined && !known(data)) refuseGiven(command, ["testLimit"], "expected --test beside it");
}

/** Whether it has a training and a test split. */
const known = (data: string): boolean => (datasetNames as readonly string[]).includes(data);

function choiceOf(flags: LearnFlags): LearningChoice {
  const { data, limit, epochs, seed, neurons, resume, readout, labels, engine } = flags;
  return {
    data,
    limit: limit ?? null,
    epochs,
    seed,
    layer: resume === undefined ? { neurons, rule: ruleOf(flags) } : null,
    resume: resume ?? null,
    readout,
    labels: labels ?? null,
    engine,
  };
}

function ruleOf({ rule, leak, threshold, homeostasis, thresholdRise, thresholdDecay }: LearnFlags): LearningOptions {
  const given = <T extends object>(numbers: T): Partial<T> =>
    Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined)) as Partial<T>;
  if (rule === "pair") return { kind: rule, ...given({ threshold, thresholdRise, thresholdDecay }) };
  return { kind: rule, leak: leak === "none" ? "none" : "halfSquare", ...given({ threshold, homeostasis }) };
}

/** Null for IDX files without `--test`. */
async function testImages({ data, test, testLimit }: LearnFlags, io: Io): Promise<ImageDataset | null> {
  if (test === undefined && !known(data)) return null;
  const all = await openRawData({ data: test ?? data, split: "test" }, io);
  return testLimit === undefined ? all : slice(all, 0, testLimit);
}

interface Accuracy {
  readonly accuracy: number;
  readonly interval: Interval;
}

async function labelAccuracy(learnt: Learnt, test: ImageDataset, engine: LearnFlags["engine"]): Promise<Accuracy> {
  using learner = await createLearner({ state: learnt.state, engine });
  const { winners } = learner.winners(test);
  let right = 0;
  winners.forEach((winner, image) => (right += Number(learnt.names[winner] === test.labels?.[image])));
  return { accuracy: right / test.count, interval: wilsonInterval(right, test.count) };
}

function evaluateFlags({ data, test = data, testLimit, ...flags }: LearnFlags): EvaluateFlags {
  const { seed: _, labels: __, limit: ___, ...mapping } = flags;
  return {
    ...mapping,
    data: test,
    split: "test",
    ...(known(test) && test === data ? {} : { calibration: data }),
    ...(testLimit === undefined ? {} : { limit: testLimit }),
  };
}

function evaluationOf(flags: LearnFlags, { model }: Learnt, io: Io): Promise<EvaluateOutcome> {
  return evaluateModel(model, evaluateFlags(flags), io);
}

async function manifestOf(flags: LearnFlags, { model, record }: Learnt, outcome: EvaluateOutcome) {
  const given = evaluateFlags(flags);
  return makeManifest({
    ...outcome,
    model,
    data: { name: given.data, split: given.split, limit: given.limit, sha256: outcome.dataHash },
    engine: flags.engine,
    encoding: encodingChoice(given),
    allowOverlap: flags.allowOverlap === true,
    learning: record,
  });
}

function fileOf(output: string, { state, bytes, frozen }: Learnt, outcome: EvaluateOutcome | null): Uint8Array {
  return /\.onnx$/i.test(output) ? bytes : writeLearner(state, outcome?.network ?? frozen);
}

function plotOf({ state, names, training }: Learnt): Promise<string> {
  const classes = training.classes;
  const title = `${state.wins.length.toLocaleString("en-US")} neurons that learnt ${training.name} in spikes, without labels`;
  return weightsPlot({ ...state, shape: training.shape, labels: names, classes }, { title });
}

function factsOf(learnt: Learnt) {
  const { state, presented, silent, ticks, inputSpikes, spikes, seconds, engine, record } = learnt;
  const { images: _, ...choice } = record;
  return {
    ...choice,
    neurons: state.wins.length,
    rule: state.rule,
    learntImages: presented,
    silent,
    ticksPerImage: ticks / presented,
    inputSpikesPerImage: inputSpikes / presented,
    spikesPerImage: spikes / presented,
    seconds,
    imagesPerSecond: presented / seconds,
    engine,
    wins: { least: Math.min(...state.wins), most: Math.max(...state.wins) },
  };
}

type Facts = ReturnType<typeof factsOf> & {
  readonly labelAccuracy: Accuracy | null;
  readonly evaluation: EvaluationReport | null;
};

function formatFacts(facts: Facts, { training }: Learnt): string {
  const { labelAccuracy: named, evaluation, labels } = facts;
  const told = formatCount(Math.min(labels ?? training.count, training.count));
  const readout = {
    delta: `linear layer by the delta rule, ${told} labels`,
    label: `mean of the neurons of a class, ${told} labels`,
    none: "none",
  }[facts.readout];
  const pairs: [string, string][] = [
    [
      "learnt",
      `${formatCount(facts.neurons)} neurons, ${formatCount(facts.learntImages)} images of ${training.name}, seed ${facts.seed}; engine ${facts.engine}`,
    ],
    ["time", `${formatSeconds(facts.seconds)}, ${formatCount(facts.imagesPerSecond)} images/s`],
    [
      "an image",
      `${facts.ticksPerImage.toFixed(2)} ticks, ${formatCount(facts.inputSpikesPerImage)} input spikes, ${facts.spikesPerImage.toFixed(2)} spikes`,
    ],
    ["silent images", formatCount(facts.silent)],
    ["wins a neuron", `${formatCount(facts.wins.least)} to ${formatCount(facts.wins.most)}`],
    ["label accuracy", named === null ? "– (no --test)" : `${accuracyText(named)}  (${told} labels name the neurons)`],
    ["read-out", readout],
  ];
  if (evaluation?.intervals.reluAccuracy != null && evaluation.reluAccuracy !== null)
    pairs.push([
      "read-out accuracy",
      accuracyText({ accuracy: evaluation.reluAccuracy, interval: evaluation.intervals.reluAccuracy }),
    ]);
  return [formatPairs(pairs), ...(evaluation === null ? [] : ["", formatReport(evaluation)])].join("\n");
}

function accuracyText({ accuracy, interval }: Accuracy): string {
  return `${formatPercent(accuracy)}  [${formatPercentInterval(interval)}]`;
}
