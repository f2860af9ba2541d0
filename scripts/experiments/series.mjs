// The runs of docs/results.md: each with its name, its label on the page, and its options of llif evaluate.
const seeds = [1, 2, 3, 4, 5];
const slowTicks = [16, 32, 64, 128, 256, 512, 1024];
export const networks = { "cifar10-resnet20": "ResNet-20", "cifar10-vgg": "VGG-style network" };

/** Label of a code with its precision. */
export const codes = {
  phase: (bits) => `phase, ${bits} bits`,
  "phase-signed": (digits) => `phase, signed spikes, ${digits} ternary digits`,
  "phase-non-adjacent": (bits) => `phase, signed spikes never adjacent, ${bits} bits`,
  ttfs: (bits) => `time to first spike, ${2 ** bits - 1} slots (${bits} bits)`,
  "ttfs-real": () => "time to first spike, real-valued",
  "phase-refined": (bits) => `phase, all layers at once, equal quanta, no laziness, ${bits} bits`,
  "phase-refined-lazy": (bits) => `phase, all layers at once, equal quanta, ${bits} bits`,
  "phase-refined-ahead": (bits) => `phase, all layers at once, ${bits} bits`,
  "rate-layerwise": (ticks) => `rate, layer after layer, ${ticks} ticks`,
  rate: (ticks) => `rate, all layers at once, ${ticks} ticks`,
  "rate-signed": (ticks) => `rate, all layers at once, signed spikes, ${ticks} ticks`,
};

/** The defaults of refined phase. Laziness 0.5 is none; with 0 ahead all layers have the same quanta. */
export const [laziness, ahead] = [0.7, 2];
export const refined = (bits, lazy, skipped) => [
  "--code",
  "phase",
  "--schedule",
  "synchronous",
  "--spikes",
  "signed",
  "--bits",
  bits,
  "--lazy",
  lazy,
  "--ahead",
  skipped,
];

const words = {
  phase: (bits) => ["--bits", bits],
  "phase-signed": (digits) => ["--spikes", "signed", "--bits", digits],
  "phase-non-adjacent": (bits) => ["--non-adjacent", "--bits", bits],
  ttfs: (bits) => ["--code", "ttfs", "--bits", bits],
  "ttfs-real": () => ["--code", "ttfs"],
  "phase-refined": (bits) => refined(bits, 0.5, 0),
  "phase-refined-lazy": (bits) => refined(bits, laziness, 0),
  "phase-refined-ahead": (bits) => refined(bits, laziness, ahead),
  "rate-layerwise": (ticks) => ["--code", "rate", "--schedule", "layerwise", "--ticks", ticks],
  rate: (ticks) => ["--code", "rate", "--ticks", ticks],
  "rate-signed": (ticks) => ["--code", "rate", "--spikes", "signed", "--ticks", ticks],
};

/** The most important runs come first, so that an interrupted series has them. */
const wholeSet = [
  ["phase", 8],
  ["phase", 10],
  ["phase", 12],
  ["phase-signed", 8],
  ["phase-signed", 7],
  ["ttfs-real"],
  ["ttfs", 8],
  ["phase-non-adjacent", 8],
  ["phase", 6],
  ["phase-signed", 6],
  ["phase-non-adjacent", 10],
  ["phase-signed", 5],
  ["phase", 4],
  ["phase-refined-ahead", 8],
  ["phase-refined", 8],
  ["phase-refined-lazy", 8],
  ["phase-refined-ahead", 10],
  ["phase-refined-lazy", 10],
];
const priced = [
  ["phase", 8],
  ["phase-refined-ahead", 8],
  ["phase-signed", 8],
  ["ttfs", 8],
  ["phase-non-adjacent", 8],
  ["phase", 6],
  ["phase", 10],
  ["phase-signed", 7],
  ["phase", 4],
  ["ttfs-real"],
];

function cifar10(model) {
  const run = (part, [code, precision], options) => ({
    name: [part, code, precision].filter((word) => word !== undefined).join("-"),
    part,
    code,
    label: codes[code](precision),
    words: ["evaluate", `models/${model}.onnx`, "--data", "cifar10", ...words[code](precision), ...options].map(String),
  });
  const slow = (images, from, to) =>
    slowTicks
      .filter((ticks) => ticks >= from && ticks <= to)
      .flatMap((ticks) =>
        ["rate", "rate-signed", "rate-layerwise"].map((code) =>
          run(`first-${images}`, [code, ticks], ["--limit", images, "--energy"]),
        ),
      );
  return [
    ...wholeSet.map((code) => run("whole", code, ["--differences"])),
    ...slow(1000, 16, 64),
    ...priced.map((code) => run("energy", code, ["--limit", 1000, "--energy"])),
    // Preliminary: the page shows the run over 1,000 images instead, once it exists.
    ...slow(200, 128, 1024),
    ...slow(1000, 128, 1024),
  ];
}

/** Refined phase on a small network, beside layer after layer. */
const mnist = () =>
  [
    ["phase", 8],
    ["phase-refined-ahead", 8],
    ["phase-refined", 8],
    ["phase-refined-lazy", 8],
    ["phase-refined-lazy", 10],
  ].map(([code, bits]) => ({
    name: `whole-${code}-${bits}`,
    part: "whole",
    code,
    label: codes[code](bits),
    words: ["evaluate", "models/mnist-cnn.onnx", "--data", "mnist", ...words[code](bits)].map(String),
  }));

const bitwise = "128,64,32,16,8,4,2,1";

/** Quanta, laziness and quanta that the first layer skips, of refined phase over few images. */
const choices = () =>
  [
    ...[0.5, 0.6, laziness, 0.8, 1].map((lazy) => [bitwise, lazy, 0]),
    ...["64,32,16,8,4,2,1", "32,16,8,4,2,1", "64,16,4,1", "32,8,2,1", "16,4,1"].map((quanta) => [quanta, laziness, 0]),
    ["243,81,27,9,3,1", 0.5, 0],
    ["243,81,27,9,3,1", laziness, 0],
    ["1", 0.5, 0],
    ...[1, ahead, 3, 4].map((skipped) => [bitwise, laziness, skipped]),
    ...[ahead, 3, 4].map((skipped) => [bitwise, 0.5, skipped]),
    ["64,16,4,1", laziness, ahead],
    ["16,4,1", laziness, ahead],
    ["64,16,4,1", 0.5, 1.5],
    ["16,4,1", 0.5, 0.5],
  ].map(([quanta, lazy, skipped]) => ({
    name: `choice-${quanta.replaceAll(",", "-")}-lazy-${lazy}${skipped === 0 ? "" : `-ahead-${skipped}`}`,
    quanta,
    lazy,
    ahead: skipped,
    label: `${quanta}; ${lazy}; ${skipped}`,
    words: [
      "evaluate",
      "models/cifar10-resnet20.onnx",
      "--data",
      "cifar10",
      ...refined(8, lazy, skipped),
      "--quanta",
      quanta,
      "--limit",
      200,
    ].map(String),
  }));

const spreadModels = { "mnist-8": "mnist", "mnist-mlp": "mnist", "mnist-cnn": "mnist", "fashion-cnn": "fashion-mnist" };

/** The runs of one group differ only in a seed. */
function spread() {
  const group = (name, model, code, differ, count, limit, wordsOf) =>
    Array.from({ length: count }, (_, index) => index + 1).map((seed) => ({
      name: `${name}-${seed}`,
      group: name,
      model,
      label: codes[code[0]](code[1]),
      differ,
      words: [
        "evaluate",
        ...wordsOf(seed),
        ...words[code[0]](code[1]),
        ...(limit === null ? [] : ["--limit", limit]),
      ].map(String),
    }));
  const models = Object.entries(spreadModels);
  const trained = ["mnist-mlp", "mnist-cnn"];
  const fileOf = (model, seed) => (seed === 1 ? `models/${model}.onnx` : `models/seeds/${model}-${seed}.onnx`);
  const evaluated = (model, data, ...more) => [`models/${model}.onnx`, "--data", data, ...more];
  return [
    ...models.flatMap(([model, data]) =>
      group(`${model}-calibration`, model, ["phase", 8], "calibration images", seeds.length, null, (seed) =>
        evaluated(model, data, "--seed", seed),
      ),
    ),
    ...["mnist-8", "mnist-mlp"].flatMap((model) =>
      group(`${model}-poisson`, model, ["rate", 256], "Poisson input", seeds.length, 1000, (seed) =>
        evaluated(model, "mnist", "--encoding", "poisson", "--poisson-seed", seed),
      ),
    ),
    ...models.flatMap(([model, data]) =>
      group(`${model}-rate-calibration`, model, ["rate", 256], "calibration images", seeds.length, 1000, (seed) =>
        evaluated(model, data, "--seed", seed),
      ),
    ),
    ...trained.flatMap((model) =>
      group(`${model}-training`, model, ["phase", 8], "training", 3, null, (seed) => [
        fileOf(model, seed),
        "--data",
        "mnist",
      ]),
    ),
    ...trained.flatMap((model) =>
      group(`${model}-rate-training`, model, ["rate", 256], "training", 3, 1000, (seed) => [
        fileOf(model, seed),
        "--data",
        "mnist",
      ]),
    ),
  ];
}

/** The runs that the page shows: of runs that differ only in the number of images, the largest. */
export function shownOf(jobs, runs) {
  const done = new Set(
    runs.filter(({ manifest, failed }) => manifest !== undefined || failed !== undefined).map(({ name }) => name),
  );
  const larger = new Set(
    jobs.filter(({ part, name }) => part === "first-1000" && done.has(name)).map(({ label }) => label),
  );
  return jobs.filter(({ part, name, label }) => done.has(name) && !(part === "first-200" && larger.has(label)));
}

/** Series by the name of their file in docs/results. */
export const series = {
  spread,
  "cifar10-resnet20": () => cifar10("cifar10-resnet20"),
  "cifar10-vgg": () => cifar10("cifar10-vgg"),
  "mnist-cnn": mnist,
  choices,
};
