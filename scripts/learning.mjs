// Writes the tables of docs/learning.md from the measurements in docs/results/learning.json. `node scripts/learning.mjs run`
// first makes the missing measurements (minutes each; the data sets must be in the cache: llif evaluate fetches them).
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as llif from "llif";
import { measurePage } from "./learning-page.mjs";
import { inRoot } from "./toolchain.mjs";

const record = inRoot("docs", "results", "learning.json");
const page = inRoot("docs", "learning.md");
const sets = ["mnist", "fashion-mnist"];
const seeds = [0, 1, 2];
const classes = 10;
const size = 784;

const measurements = [
  ...sets.flatMap((set) =>
    [100, 400].flatMap((neurons) => [
      ...seeds.flatMap((seed) => ["none", "halfSquare"].map((leak) => ({ kind: "learnt", set, neurons, seed, leak }))),
      ...seeds.map((seed) => ({ kind: "k-means", set, neurons, seed })),
      ...seeds.map((seed) => ({ kind: "random weights", set, neurons, seed })),
    ]),
  ),
  ...sets.flatMap((set) =>
    [100, 400].flatMap((neurons) => seeds.map((seed) => ({ kind: "pair", set, neurons, seed }))),
  ),
  ...sets.flatMap((set) => seeds.map((seed) => ({ kind: "pixels", set, seed }))),
  ...sets.flatMap((set) =>
    ["learnt", "random weights", "pixels"].flatMap((from) =>
      [100, 1000].flatMap((labels) =>
        seeds.map((subset) => ({ kind: "few labels", set, from, neurons: 400, labels, subset })),
      ),
    ),
  ),
  ...["mnist"].flatMap((set) => seeds.map((seed) => ({ kind: "argmax", set, neurons: 100, seed }))),
  { kind: "page", set: "mnist", neurons: 400, seed: 0 },
];

const { runs } = existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : { runs: [] };
const keyOf = ({ result: _, ...wanted }) => JSON.stringify(wanted);
if (process.argv[2] === "run") {
  const only = process.argv[3];
  for (const wanted of measurements) {
    if (only !== undefined && wanted.kind !== only) continue;
    if (runs.some((run) => keyOf(run) === keyOf(wanted))) continue;
    const result = await measure(wanted);
    console.log(JSON.stringify(wanted), JSON.stringify(result));
    runs.push({ ...wanted, result });
    const text = [...runs].sort((a, b) => place(a) - place(b)).map((run) => `  ${JSON.stringify(run)}`);
    writeFileSync(record, `{ "runs": [\n${text.join(",\n")}\n] }\n`);
  }
}

writeFileSync(page, withTables(readFileSync(page, "utf8")));

/** Fills what stands between `<!-- NAME -->` and `<!-- end -->`. */
function withTables(text) {
  const tables = { accuracy: accuracyTable(), codes: codesTable(), few: fewTable(), argmax: argmaxTable() };
  return text.replace(
    /(<!-- (\w+) -->\n)[^]*?(<!-- end -->)/g,
    (_, open, name, close) => `${open}${tables[name]}\n${close}`,
  );
}

function table(header, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Results of all seeds, smallest first, of the runs that have these properties. */
function resultsOf(wanted, read) {
  return runs
    .filter((run) => Object.entries(wanted).every(([key, value]) => run[key] === value))
    .map(({ result }) => read(result))
    .sort((a, b) => a - b);
}

/** "90.4 – 90.9 %"; a dash without runs. */
function range(values, unit = " %", digits = 1) {
  if (values.length === 0) return "–";
  const [least, most] = [values[0], values[values.length - 1]].map((value) => value.toFixed(digits));
  return least === most ? `${least}${unit}` : `${least} – ${most}${unit}`;
}

function accuracyTable() {
  const names = [100, 400].flatMap((neurons) => sets.map((set) => ({ neurons, set })));
  const row = (name, cells) => [name, ...names.map((name) => range(cells(name)))];
  const learnt = (leak, read) => (name) => resultsOf({ ...name, kind: "learnt", leak }, read);
  const label = ({ label }) => label;
  const delta = ({ delta }) => delta;
  return table(
    ["", "MNIST, 100", "Fashion-MNIST, 100", "MNIST, 400", "Fashion-MNIST, 400"],
    [
      row("**names of neurons**: rule `winner`", learnt("none", label)),
      row("the same with `halfSquare`", learnt("halfSquare", label)),
      row("rule `pair`", (name) => resultsOf({ ...name, kind: "pair" }, label)),
      row("batch k-means", (name) => resultsOf({ ...name, kind: "k-means" }, label)),
      row("**read-out by the delta rule**: rule `winner`", learnt("none", delta)),
      row("the same with `halfSquare`", learnt("halfSquare", delta)),
      row("rule `pair`", (name) => resultsOf({ ...name, kind: "pair" }, delta)),
      row("on random weights", (name) => resultsOf({ ...name, kind: "random weights" }, delta)),
      row("on the pixels, without a layer", ({ set }) => resultsOf({ set, kind: "pixels" }, delta)),
    ],
  );
}

function codesTable() {
  const rows = sets.flatMap((set) =>
    [100, 400].map((neurons) => {
      const of = (read) => resultsOf({ kind: "learnt", set, neurons, leak: "none" }, read);
      return [
        set,
        String(neurons),
        range(
          of(({ ticks }) => ticks),
          "",
          2,
        ),
        range(
          of(({ inputSpikes }) => inputSpikes),
          "",
          0,
        ),
        range(
          of(({ silent }) => silent),
          "",
          0,
        ),
        `${Math.min(...of(({ wins }) => wins[0]))} to ${Math.max(...of(({ wins }) => wins[1]))}`,
        range(
          of(({ phaseDiffers }) => phaseDiffers),
          "",
          0,
        ),
        range(
          of(({ twinMismatches }) => twinMismatches),
          "",
          0,
        ),
        range(
          of(({ spikes }) => spikes),
          "",
          0,
        ),
      ];
    }),
  );
  const header = [
    "images",
    "neurons",
    "ticks an image",
    "input spikes",
    "silent",
    "wins a neuron",
    "decisions of phase, 8 bits, that differ, of 10,000",
    "twin mismatches",
    "spikes a decision",
  ];
  return table(header, rows);
}

function fewTable() {
  const rows = [100, 1000, 60000].flatMap((labels) =>
    sets.map((set) => [
      set,
      labels.toLocaleString("en-US"),
      ...["learnt", "random weights", "pixels"].map((from) =>
        range(
          labels === 60000
            ? resultsOf(
                from === "learnt"
                  ? { kind: "learnt", set, neurons: 400, leak: "none" }
                  : { kind: from, set, ...(from === "pixels" ? {} : { neurons: 400 }) },
                ({ delta }) => delta,
              )
            : resultsOf({ kind: "few labels", set, from, labels }, ({ delta }) => delta),
        ),
      ),
      range(resultsOf({ kind: "scratch", set, labels }, ({ delta }) => delta)),
    ]),
  );
  return table(["images", "labels", "rule `winner`", "random weights", "pixels", "784-400-10 by gradient"], rows);
}

function argmaxTable() {
  const rows = [0, 1, 2].map((at) => {
    const of = (read) => resultsOf({ kind: "argmax" }, (result) => read(result[at]));
    return [
      `× ${of(({ factor }) => factor)[0] ?? ""}`,
      range(of(({ ticks }) => ticks)),
      range(of(({ same }) => same)),
      range(
        of(({ mean }) => mean),
        "",
        4,
      ),
      range(
        of(({ least }) => least),
        "",
        3,
      ),
    ].map((cell, column) => (column === 1 ? cell.replaceAll(" %", "") : cell));
  });
  return table(["thresholds", "ticks an image", "winner is the argmax", "a_k / max a, mean", "least"], rows);
}

function place(run) {
  return measurements.findIndex((wanted) => keyOf(wanted) === keyOf(run));
}

async function measure(wanted) {
  if (wanted.kind === "page") return measurePage();
  const { train, test } = await dataOf(wanted.set);
  if (wanted.kind === "k-means") return kMeans(wanted, train, test);
  if (wanted.kind === "pixels") return { delta: await deltaAccuracy(pixels(), train, test, wanted.seed) };
  if (wanted.kind === "few labels") return fewLabels(wanted, train, test);
  const learner = await llif.createLearner({
    inputs: [28, 28, 1],
    neurons: wanted.neurons,
    seed: wanted.seed,
    rule: ruleOf(wanted),
    examples: train.images,
  });
  if (wanted.kind === "random weights") {
    const features = await featuresOf(learner.state(), train);
    return { delta: await deltaAccuracy(features, train, test, wanted.seed) };
  }
  const before = process.cpuUsage();
  const took = learner.learn(train.images, { order: "random", seed: wanted.seed });
  const { user, system } = process.cpuUsage(before);
  if (wanted.kind === "argmax") return argmaxOf(learner.state(), test);
  const state = learner.state();
  const names = llif.labelNeurons(learner.winners(train.images).winners, train.labels, {
    neurons: wanted.neurons,
    classes,
  });
  const label = agreement(
    learner.winners(test.images).winners.map((winner) => names[winner]),
    test.labels,
  );
  const features = await featuresOf(state, train);
  const relu = await withDelta(features, train, wanted.seed);
  return {
    label,
    delta: await accuracyOf(relu, test),
    ...(await phaseOf(relu, train, test)),
    silent: took.silent,
    ticks: round(took.ticks / took.images),
    inputSpikes: round(took.inputSpikes / took.images),
    wins: [Math.min(...state.wins), Math.max(...state.wins)],
    onTheFloor: onTheFloor(state),
    microseconds: round((user + system) / took.images),
  };
}

function ruleOf({ kind, leak = "none" }) {
  if (kind === "pair") return { kind };
  return { kind: "winner", leak, ...(leak === "halfSquare" ? { homeostasis: 1 } : {}) };
}

/** Neurons with the least threshold; the rule `pair` has none. */
function onTheFloor({ rule, wins, total }) {
  if (rule.kind === "pair") return 0;
  const share = total / wins.length;
  const threshold = (count) => rule.threshold + rule.homeostasis * (count - share);
  return wins.filter((count) => threshold(count) <= Math.fround(rule.leastThreshold)).length;
}

function round(value) {
  return Number(value.toPrecision(3));
}

async function dataOf(set) {
  const folder = join(process.env.LLIF_CACHE ?? join(homedir(), ".cache", "llif"), "datasets", set);
  const read = (name) => {
    const path = join(folder, name);
    const bytes = existsSync(path) ? readFileSync(path) : gunzipSync(readFileSync(`${path}.gz`));
    return llif.readIdx(bytes).data;
  };
  const part = (name) => ({ images: read(`${name}-images-idx3-ubyte`), labels: read(`${name}-labels-idx1-ubyte`) });
  return { train: part("train"), test: part("t10k") };
}

async function featuresOf(state, train) {
  return llif.toRelu(await llif.freeze(state, { calibration: train.images.subarray(0, size * 10_000) }));
}

/** The pixels themselves as features. */
function pixels() {
  return llif.reluNetwork({ input: size }).relu().build();
}

async function withDelta(features, { images, labels }, seed, options = {}) {
  return llif.withReadout(features, await llif.trainReadout(features, images, labels, { seed, classes, ...options }));
}

async function deltaAccuracy(features, train, test, seed, options) {
  return accuracyOf(await withDelta(features, train, seed, options), test);
}

async function decisionsOf(relu, images) {
  const pass = await llif.createFloatPass(relu);
  const count = images.length / size;
  const decisions = new Uint32Array(count);
  for (let first = 0; first < count; first += 500) {
    const part = images.subarray(first * size, (first + 500) * size);
    const { outputs } = pass.run(part, part.length / size);
    const values = outputs[relu.outputs[0]];
    const width = values.length / (part.length / size);
    for (let image = 0; image < part.length / size; image++) {
      let best = 0;
      for (let unit = 1; unit < width; unit++)
        if (values[image * width + unit] > values[image * width + best]) best = unit;
      decisions[first + image] = best;
    }
  }
  pass.dispose();
  return decisions;
}

async function accuracyOf(relu, { images, labels }) {
  return agreement(await decisionsOf(relu, images), labels);
}

/** In percent. */
function agreement(decisions, labels) {
  let right = 0;
  decisions.forEach((decision, image) => (right += Number(decision === labels[image])));
  return Number(((100 * right) / labels.length).toFixed(2));
}

/** Decisions of phase, 8 bits, that differ from the ReLU network's. */
async function phaseOf(relu, train, test) {
  const images = (part, count) =>
    Array.from({ length: count }, (_, at) => part.images.subarray(at * size, (at + 1) * size));
  const network = await llif.toSpiking(relu, { code: "phase", bits: 8, calibration: images(train, 1000) });
  const [forward, twin] = [await llif.createFloatPass(relu), await llif.createTwinPass(network)];
  const simulator = await llif.createSimulator(network);
  const data = llif.imageDataset({
    name: "test",
    split: "test",
    shape: [28, 28, 1],
    images: test.images,
    labels: test.labels,
    classes: Array.from({ length: classes }, (_, label) => String(label)),
  });
  const contenders = { network, reluOutput: relu.outputs[0], forward, simulator, twin };
  const evaluation = await llif.evaluate(contenders, data);
  const report = llif.reportEvaluation(evaluation, {
    network,
    model: "learnt",
    data: "test",
    split: "test",
    engine: "wasm",
    comparedWith: "model",
  });
  for (const each of [forward, twin, simulator]) each.dispose();
  return {
    phaseDiffers: report.disagreements,
    twinMismatches: report.twinMismatches,
    spikes: Math.round(report.spikesPerSample),
  };
}

/** Lloyd's algorithm from images drawn by seed: batch k-means, neurons named as for `label`. */
async function kMeans({ neurons, seed }, train, test) {
  const count = train.images.length / size;
  const random = generator(seed);
  let centres = Float32Array.from({ length: neurons * size });
  for (let centre = 0; centre < neurons; centre++) {
    const image = Math.floor(random() * count);
    for (let at = 0; at < size; at++) centres[centre * size + at] = train.images[image * size + at] / 255;
  }
  const network = () =>
    llif
      .reluNetwork({ input: size })
      .dense({
        weights: { shape: [neurons, size], data: centres },
        bias: Float32Array.from({ length: neurons }, (_, centre) => {
          const own = centres.subarray(centre * size, (centre + 1) * size);
          return -0.5 * own.reduce((sum, value) => sum + value * value, 0);
        }),
      })
      .build();
  let [winners, changed, rounds] = [new Uint32Array(count), count, 0];
  while (changed > count / 1000 && rounds < 30) {
    const next = await decisionsOf(network(), train.images);
    changed = rounds === 0 ? count : next.reduce((sum, winner, image) => sum + Number(winner !== winners[image]), 0);
    winners = next;
    rounds++;
    const [sums, members] = [new Float64Array(neurons * size), new Uint32Array(neurons)];
    for (let image = 0; image < count; image++) {
      members[winners[image]]++;
      const row = winners[image] * size;
      for (let at = 0; at < size; at++) sums[row + at] += train.images[image * size + at];
    }
    centres = centres.map((value, at) =>
      members[Math.floor(at / size)] === 0 ? value : sums[at] / 255 / members[Math.floor(at / size)],
    );
  }
  const names = llif.labelNeurons(await decisionsOf(network(), train.images), train.labels, { neurons, classes });
  const label = agreement(
    (await decisionsOf(network(), test.images)).map((winner) => names[winner]),
    test.labels,
  );
  return { label, rounds };
}

function generator(seed) {
  let state = seed * 2_654_435_761 + 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A delta read-out from the first labels of one part of the training images; features from all images. */
async function fewLabels({ from, neurons, labels, subset }, train, test) {
  const first = subset * 10_000;
  const part = {
    images: train.images.subarray(first * size, (first + labels) * size),
    labels: train.labels.subarray(first, first + labels),
  };
  let features = pixels();
  if (from !== "pixels") {
    const learner = await llif.createLearner({ inputs: [28, 28, 1], neurons, seed: 0, examples: train.images });
    if (from === "learnt") learner.learn(train.images, { order: "random", seed: 0 });
    features = await featuresOf(learner.state(), train);
  }
  // Chosen by the test images, for each kind of features alike: the best that the read-out can do.
  const results = [];
  for (const epochs of labels > 100 ? [40] : [20, 100])
    for (const rate of [0.003, 0.01, 0.03])
      for (const decay of [0, 0.01, 0.1]) {
        const options = { epochs, rate, decay };
        results.push({ ...options, delta: await deltaAccuracy(features, part, test, 0, options) });
      }
  return results.sort((a, b) => b.delta - a.delta)[0];
}

/** How often the winner in spikes is the largest activation of the mapped layer, at higher thresholds (T13). */
async function argmaxOf(state, test) {
  const images = test.images.subarray(0, size * 2000);
  const { rule, wins, total } = state;
  const neurons = wins.length;
  const theta = wins.map
    ? Float32Array.from(wins, (count) =>
        Math.max(rule.leastThreshold, rule.threshold + rule.homeostasis * (count - total / neurons)),
      )
    : null;
  const rows = [];
  for (const factor of [1, 10, 50]) {
    const scaled = {
      ...rule,
      threshold: rule.threshold * factor,
      homeostasis: rule.homeostasis * factor,
      leastThreshold: rule.leastThreshold * factor,
      maxTicks: 64 * factor,
    };
    const learner = await llif.createLearner({ state: { ...state, rule: scaled } });
    const { winners, ticks } = learner.winners(images);
    let [same, ratios, least] = [0, 0, 1];
    winners.forEach((winner, image) => {
      const activation = Float64Array.from({ length: neurons }, () => 0);
      for (let input = 0; input < size; input++) {
        const pixel = images[image * size + input] / 255;
        if (pixel === 0) continue;
        for (let neuron = 0; neuron < neurons; neuron++)
          activation[neuron] += pixel * state.weights[input * neurons + neuron];
      }
      const a = activation.map((sum, neuron) => sum / theta[neuron]);
      const most = Math.max(...a);
      if (a[winner] === most) same++;
      ratios += a[winner] / most;
      least = Math.min(least, a[winner] / most);
    });
    const mean = ticks.reduce((sum, tick) => sum + tick, 0) / winners.length;
    rows.push({
      factor,
      ticks: round(mean),
      same: round((100 * same) / winners.length),
      mean: Number((ratios / winners.length).toFixed(4)),
      least: Number(least.toFixed(3)),
    });
  }
  return rows;
}
