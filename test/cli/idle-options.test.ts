// Every option of every command has an effect, or is refused: none is ignored.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "fast-png";
import { beforeAll, describe, expect, it } from "vitest";
import { mappingNames } from "../../ts/cli/idle-options.ts";
import { buildProgram } from "../../ts/cli/main.ts";
import { writeNpy } from "../../ts/data/npy.ts";
import { pcg32 } from "../../ts/random.ts";
import { writeLlif } from "../../ts/formats/llif.ts";
import { writeOnnx } from "../../ts/formats/onnx/write.ts";
import { toSpiking } from "../../ts/mapping/to-spiking.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { llif, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();
const file = (name: string) => join(folder, name);
const random = pcg32(5);
const images = (count: number) =>
  Array.from({ length: count }, () => Uint8Array.from({ length: 16 }, () => random() >>> 24));

/** An IDX file of bytes. */
const idx = (extents: readonly number[], values: readonly number[]): Uint8Array =>
  Uint8Array.from([
    0,
    0,
    8,
    extents.length,
    ...extents.flatMap((extent) => [0, 0, extent >> 8, extent & 255]),
    ...values,
  ]);

beforeAll(async () => {
  const weights = (outputs: number, inputs: number) => ({
    shape: [outputs, inputs],
    data: Float32Array.from({ length: outputs * inputs }, () => random() / 2 ** 31 - 1),
  });
  const relu = reluNetwork({ input: [4, 4, 1], classes: ["a", "b", "c"] })
    .dense({ weights: weights(9, 16), name: "hidden" })
    .relu()
    .dense({ weights: weights(3, 9), name: "out" })
    .build();
  writeFileSync(file("tiny.onnx"), writeOnnx(relu));
  writeFileSync(file("tiny.json"), JSON.stringify({ classes: ["a", "b", "c"], input: { channelOrder: "gray" } }));
  const calibration = images(6);
  writeFileSync(file("phase.llif"), writeLlif(await toSpiking(relu, { calibration })));
  writeFileSync(file("rate.llif"), writeLlif(await toSpiking(relu, { calibration, code: "rate", ticks: 16 })));
  const cells = spikingNetwork({ inputs: 1 })
    .population({ name: "cells", units: 4, weights: new Float32Array(4), threshold: 1, bias: 0.125 })
    .connect({ from: "cells", to: "cells", edges: { from: [0], to: [1], weights: 0.5 } });
  writeFileSync(file("live.llif"), writeLlif(cells.build()));
  writeFileSync(
    file("input.npy"),
    writeNpy({ shape: [2, 4, 4], data: Uint8Array.from(images(2).flatMap((image) => [...image])) }),
  );
  for (const [set, count] of [
    ["data", 5],
    ["calibration", 9],
    ["others", 3],
  ] as const) {
    for (const label of ["a", "b", "c"]) {
      mkdirSync(file(`${set}/${label}`), { recursive: true });
      images(count).forEach((data, index) =>
        writeFileSync(file(`${set}/${label}/${index}.png`), encode({ width: 4, height: 4, channels: 1, data })),
      );
    }
  }
  for (const [name, count] of [
    ["many", 600],
    ["few", 40],
    ["fewer", 30],
  ] as const) {
    writeFileSync(
      file(`${name}-images-idx3`),
      idx(
        [count, 4, 4],
        images(count).flatMap((image) => [...image]),
      ),
    );
    writeFileSync(
      file(`${name}-labels-idx1`),
      idx(
        [count],
        Array.from({ length: count }, (_, image) => image % 3),
      ),
    );
  }
  mkdirSync(file("out"));
  await llif([
    "learn",
    "--data",
    file("many-images-idx3"),
    "--neurons",
    "7",
    "--readout",
    "none",
    "-o",
    file("learnt.llif"),
  ]);
  await llif([
    "evaluate",
    file("tiny.onnx"),
    "--data",
    file("data"),
    "--calibration",
    file("calibration"),
    "--manifest",
    file("run.json"),
  ]);
  writeFileSync(file("runs.json"), JSON.stringify({ runs: ["one", "two"].map((name) => ({ name })) }));
});

/** What a user sees: exit code, text without times, and the files written with their content. */
async function seen(words: readonly string[]) {
  const { code, out, err } = await llif(words);
  const files = readdirSync(file("out")).map((name) => [name, readFileSync(file(`out/${name}`), "base64")]);
  for (const [name] of files) rmSync(file(`out/${name}`));
  return { code, err, out: out.replaceAll(/"\w*[sS]econds": [^,\n]+|^time .*$/gm, ""), files };
}

/** Words before (of the command itself where absent), and the option with its value; or why nothing is seen of it. */
type Effect = readonly [before: () => string[], option: () => string[]] | string;

const none = (): string[] => [];
const refined = ["--code", "phase", "--schedule", "synchronous", "--spikes", "signed"];
const margins = [...refined, "--calibration-images", "6"];
const mapping: Record<string, Effect> = {
  code: [none, () => ["--code", "ttfs"]],
  schedule: [none, () => ["--schedule", "synchronous"]],
  spikes: [none, () => ["--spikes", "signed"]],
  nonAdjacent: [none, () => ["--non-adjacent"]],
  settles: [() => ["--code", "rate", "--spikes", "signed", "--ticks", "8"], () => ["--settles"]],
  quanta: [() => refined, () => ["--quanta", "64,8,1"]],
  ahead: [() => refined, () => ["--ahead", "1"]],
  lazy: [() => refined, () => ["--lazy", "0.5"]],
  bits: [none, () => ["--bits", "3"]],
  ticks: [none, () => ["--ticks", "3"]],
  scales: [none, () => ["--scales", "percentile", "--percentile", "50"]],
  margin: [none, () => ["--margin", "3"]],
  channelFloor: [none, () => ["--channel-floor", "1"]],
  percentile: [() => ["--scales", "percentile"], () => ["--percentile", "50"]],
  calibration: [none, () => ["--calibration", file("others")]],
  calibrationImages: [none, () => ["--calibration-images", "1"]],
  seed: [() => ["--calibration-images", "4"], () => ["--seed", "7"]],
};
const data: Record<string, Effect> = {
  data: [none, () => ["--data", file("others")]],
  split: [none, () => ["--split", "train"]],
  limit: [none, () => ["--limit", "2"]],
};
const encoding: Record<string, Effect> = {
  encoding: [() => ["--code", "rate", "--ticks", "20"], () => ["--encoding", "regular"]],
  poissonSeed: [() => ["--code", "rate", "--ticks", "20", "--encoding", "poisson"], () => ["--poisson-seed", "3"]],
};
const json: Record<string, Effect> = { json: [none, () => ["--json"]] };
const budget: Record<string, Effect> = { budget: [none, () => ["--budget", "nodes=1"]] };
const reading: Record<string, Effect> = { ...budget, batch: [none, () => ["--batch", "no"]] };
const drawn: Record<string, Effect> = { plot: [none, () => ["--plot", file("out/plot.svg")]] };
const overlap: Record<string, Effect> = {
  allowOverlap: [() => ["--calibration", file("data")], () => ["--allow-overlap"]],
};
const same = "results are the same by definition";
const curveNumber = (option: string, value: string, ...before: string[]): Effect => [
  () => before,
  () => [option, value],
];

/** The words of each command, and every option it has. */
const commands: Record<string, { readonly words: () => string[]; readonly options: Record<string, Effect> }> = {
  inspect: { words: () => ["inspect", file("tiny.onnx")], options: { ...json, ...reading } },
  convert: {
    words: () => ["convert", file("tiny.onnx"), "-o", file("out/x.llif"), "--calibration", file("calibration")],
    options: { ...mapping, ...json, ...reading, output: [none, () => ["-o", file("out/y.llif")]] },
  },
  "to-relu": {
    words: () => ["to-relu", file("phase.llif"), "-o", file("out/x.onnx")],
    options: { ...json, ...budget, output: [none, () => ["-o", file("out/y.onnx")]] },
  },
  run: {
    words: () => ["run", file("tiny.onnx"), "--input", file("input.npy"), "--calibration", file("calibration")],
    options: {
      ...mapping,
      ...encoding,
      ...json,
      ...reading,
      ...drawn,
      input: [none, () => ["--input", file("data/a/0.png")]],
      engine: same,
      saveSpikes: [none, () => ["--save-spikes", file("out/s.npz")]],
    },
  },
  evaluate: {
    words: () => ["evaluate", file("tiny.onnx"), "--data", file("data"), "--calibration", file("calibration")],
    options: {
      ...data,
      ...mapping,
      ...encoding,
      ...json,
      ...reading,
      ...overlap,
      engine: [none, () => ["--engine", "twin"]],
      certify: [none, () => ["--certify"]],
      energy: [none, () => ["--energy"]],
      differences: [() => ["--bits", "1", "--json"], () => ["--differences"]],
      top: [none, () => ["--top", "2"]],
      workers: same,
      cache: same,
      untilDecided: [() => margins, () => ["--until-decided", "--decide-errors", "0.2"]],
      decideErrors: [() => [...margins, "--until-decided", "--decide-errors", "0.2"], () => ["--decide-errors", "0.3"]],
      decideImages: [() => [...margins, "--until-decided", "--decide-errors", "0.2"], () => ["--decide-images", "20"]],
      manifest: [none, () => ["--manifest", file("out/m.json")]],
    },
  },
  reproduce: {
    words: () => ["reproduce", file("run.json")],
    options: { ...json, ...budget, run: [none, () => ["--run", "one"]] },
  },
  diagnose: {
    words: () => ["diagnose", file("tiny.onnx"), "--data", file("data"), "--calibration", file("calibration")],
    options: { ...data, ...mapping, ...encoding, ...json, ...reading, ...drawn, ...overlap, engine: same },
  },
  curve: {
    words: () => ["curve", "--points", "5", "--ticks", "300"],
    options: {
      ...json,
      ...drawn,
      engine: same,
      leak: curveNumber("--leak", "ohmic"),
      reset: curveNumber("--reset", "hard"),
      capacitance: curveNumber("--capacitance", "2e-10"),
      threshold: curveNumber("--threshold", "0.02"),
      resistance: curveNumber("--resistance", "2e8", "--leak", "ohmic"),
      leakCurrent: curveNumber("--leak-current", "1e-10"),
      rest: curveNumber("--rest", "0.005"),
      resetPotential: curveNumber("--reset-potential", "-0.005"),
      dt: curveNumber("--dt", "2e-4"),
      refractory: curveNumber("--refractory", "2e-3"),
      refractoryInput: curveNumber("--refractory-input", "discard", "--refractory", "2e-3"),
      from: curveNumber("--from", "1e-10"),
      to: curveNumber("--to", "1e-9"),
      points: curveNumber("--points", "4"),
      ticks: curveNumber("--ticks", "200"),
    },
  },
  simulate: {
    words: () => ["simulate", file("live.llif"), "--ticks", "40", "--engine", "reference"],
    options: {
      ...json,
      ...drawn,
      engine: "only its name and the time",
      // Without another length: refused beside --ticks.
      seconds: [none, () => ["--seconds", "0.1"]],
      ticks: [none, () => ["--ticks", "30"]],
      background: [none, () => ["--background", "cells:0.3:1"]],
      drive: [none, () => ["--drive", "cells:0.25"]],
      seed: [() => ["--background", "cells:0.3:1"], () => ["--seed", "3"]],
      plotRates: [none, () => ["--plot-rates", file("out/rates.svg")]],
      plotPotentials: [none, () => ["--plot-potentials", file("out/traces.svg")]],
      potentials: [() => ["--plot-potentials", file("out/traces.svg")], () => ["--potentials", "cells:1"]],
      saveSpikes: [none, () => ["--save-spikes", file("out/spikes.npz")]],
    },
  },
  sweep: {
    words: () => [
      "sweep",
      file("tiny.onnx"),
      "--data",
      file("data"),
      "--calibration",
      file("calibration"),
      "--bits",
      "3",
    ],
    options: {
      ...data,
      ...json,
      ...reading,
      ...drawn,
      ...overlap,
      engine: same,
      workers: same,
      cache: same,
      ticks: [none, () => ["--ticks", "5"]],
      bits: [none, () => ["--bits", "4"]],
      codes: [none, () => ["--codes", "phase"]],
      energy: [none, () => ["--energy"]],
      scales: mapping["scales"],
      margin: mapping["margin"],
      percentile: mapping["percentile"],
      calibration: mapping["calibration"],
      calibrationImages: mapping["calibrationImages"],
      seed: mapping["seed"],
    },
  },
  learn: {
    words: () => ["learn", "--data", file("many-images-idx3"), "--test", file("few-images-idx3")],
    options: {
      ...json,
      ...drawn,
      ...Object.fromEntries(
        Object.entries(mapping).filter(([name]) => !["calibration", "calibrationImages", "seed"].includes(name)),
      ),
      engine: same,
      data: [none, () => ["--data", file("few-images-idx3")]],
      test: [none, () => ["--test", file("fewer-images-idx3")]],
      neurons: [none, () => ["--neurons", "9"]],
      limit: [none, () => ["--limit", "550"]],
      testLimit: [none, () => ["--test-limit", "5"]],
      epochs: [none, () => ["--epochs", "2"]],
      seed: [none, () => ["--seed", "7"]],
      labels: [none, () => ["--labels", "50"]],
      readout: [none, () => ["--readout", "label"]],
      leak: [none, () => ["--leak", "half-square"]],
      threshold: [none, () => ["--threshold", "5"]],
      homeostasis: [none, () => ["--homeostasis", "1"]],
      rule: [none, () => ["--rule", "pair"]],
      thresholdRise: [() => ["--rule", "pair"], () => ["--threshold-rise", "0.5"]],
      thresholdDecay: [() => ["--rule", "pair"], () => ["--threshold-decay", "0.01"]],
      resume: [none, () => ["--resume", file("learnt.llif")]],
      allowOverlap: [() => ["--test", file("many-images-idx3")], () => ["--allow-overlap"]],
      manifest: [none, () => ["--manifest", file("out/m.json")]],
      output: [none, () => ["-o", file("out/y.onnx")]],
    },
  },
  bench: {
    words: () => ["bench", file("tiny.onnx")],
    options: {
      ...reading,
      json: "only its form; test/cli/bench.test.ts reads both",
      case: [none, () => ["--case", "dense-1216-a10"]],
    },
  },
  all: {
    words: () => [file("tiny.onnx"), "--data", file("data"), "--calibration", file("calibration")],
    options: {
      ...data,
      ...mapping,
      ...encoding,
      ...json,
      ...reading,
      ...overlap,
      engine: [none, () => ["--engine", "twin"]],
    },
  },
};

const program = buildProgram({
  out: () => undefined,
  err: () => undefined,
  progress: () => undefined,
  signal: new AbortController().signal,
});
const optionsOf = (name: string) =>
  program.commands.find((command) => command.name() === name)?.options.map((option) => option.attributeName()) ?? [];

it("knows every option of every command", () => {
  const listed = Object.fromEntries(
    Object.entries(commands).map(([name, { options }]) => [name, Object.keys(options).sort()]),
  );
  expect(listed).toEqual(
    Object.fromEntries(program.commands.map((command) => [command.name(), optionsOf(command.name()).sort()])),
  );
});

describe.each(Object.entries(commands))("%s", (_, { words, options }) => {
  const shown = Object.entries(options).flatMap(([name, effect]) =>
    typeof effect === "string" ? [] : [[name, ...effect] as const],
  );
  it.each(shown)("--%s is seen, or refused by its name", async (_name, before, option) => {
    const base = [...words(), ...before()];
    const [without, given] = [await seen(base), await seen([...base, ...option()])];
    if (option()[0] !== "--allow-overlap") expect(without.code, without.err).toBe(0);
    expect(given).not.toEqual(without);
    if (given.code !== 0)
      expect(`${given.err}${without.err}`).toMatch(
        /^llif: --[a-z-]+: |settles|expected one of --seconds and --ticks|raise it with --budget |\(--batch\)/m,
      );
  });
});

describe("a .llif file", () => {
  const takers: Record<string, (model: string) => string[]> = {
    run: (model) => ["run", file(model), "--input", file("input.npy")],
    evaluate: (model) => ["evaluate", file(model), "--data", file("data")],
    diagnose: (model) => ["diagnose", file(model), "--data", file("data")],
    all: (model) => [file(model), "--data", file("data")],
  };

  it("is taken by these commands, with or without mapping options", () => {
    const mapped = program.commands
      .filter((command) => mappingNames.every((name) => optionsOf(command.name()).includes(name)))
      .map((command) => command.name());
    // convert refuses a .llif file whatever its options.
    expect(mapped.filter((name) => name !== "convert").sort()).toEqual(Object.keys(takers).sort());
  });

  it.each(Object.entries(takers))("%s refuses whatever it fixes", async (command, words) => {
    for (const [name, effect] of Object.entries({ ...mapping, ...overlap }).filter(([name]) =>
      optionsOf(command).includes(name),
    )) {
      const option = (effect as readonly [unknown, () => string[]])[1]().slice(0, 2);
      const { code, err, out } = await llif([...words("phase.llif"), ...option]);
      expect({ name, code, out, err }).toEqual({
        name,
        code: 1,
        out: "",
        err: expect.stringMatching(new RegExp(`^llif: ${option[0]}: .*phase\\.llif" is (mapped already|layerwise)`)),
      });
    }
  });

  it.each(Object.entries(takers))("%s takes the ticks of a synchronous run, and nothing else", async (_, words) => {
    const [without, given] = [await seen(words("rate.llif")), await seen([...words("rate.llif"), "--ticks", "9"])];
    expect([without.code, given.code]).toEqual([0, 0]);
    expect(given.out).not.toEqual(without.out);
    for (const option of [
      ["--code", "rate"],
      ["--spikes", "signed"],
      ["--seed", "3"],
      ["--bits", "2"],
      ["--settles"],
    ]) {
      expect((await llif([...words("rate.llif"), "--ticks", "9", ...option])).err).toContain(`llif: ${option[0]}: `);
    }
  });
});

it.each<[string, () => string[], string]>([
  [
    "calibration beside scales that take no images",
    () => [
      "evaluate",
      file("tiny.onnx"),
      "--data",
      file("data"),
      "--scales",
      "analytic",
      "--calibration",
      file("calibration"),
    ],
    "--calibration: --scales analytic takes no images",
  ],
  [
    "a seed beside them",
    () => ["convert", file("tiny.onnx"), "-o", file("out/x.llif"), "--scales", "analytic", "--seed", "3"],
    "--seed: --scales analytic takes no images",
  ],
  [
    "a margin beside them",
    () => ["sweep", file("tiny.onnx"), "--data", file("data"), "--scales", "analytic", "--margin", "2"],
    "--margin: --scales analytic",
  ],
  [
    "an overlap with nothing",
    () => ["diagnose", file("tiny.onnx"), "--data", file("data"), "--scales", "analytic", "--allow-overlap"],
    "--allow-overlap: --scales analytic",
  ],
  [
    "a number of calibration images that are the inputs",
    () => ["run", file("tiny.onnx"), "--input", file("input.npy"), "--calibration-images", "3"],
    "--calibration-images: expected --calibration beside it",
  ],
  [
    "a split of a folder",
    () => ["evaluate", file("tiny.onnx"), "--data", file("data"), "--scales", "analytic", "--split", "train"],
    "--split: expected a known data set",
  ],
  [
    "an encoding that nothing simulates",
    () => [
      "evaluate",
      file("tiny.onnx"),
      "--data",
      file("data"),
      "--scales",
      "analytic",
      "--engine",
      "twin",
      "--encoding",
      "phase",
    ],
    "--encoding: expected a simulation",
  ],
  [
    "a mapping that is not evaluated",
    () => [file("tiny.onnx"), "--bits", "4"],
    "--bits: expected --data <set> as well",
  ],
  [
    "bits of real-valued times",
    () => [
      "sweep",
      file("tiny.onnx"),
      "--data",
      file("data"),
      "--scales",
      "analytic",
      "--codes",
      "ttfs-real",
      "--bits",
      "4",
    ],
    "--bits: ttfs-real has no precision",
  ],
  [
    "a resistance without an ohmic leak",
    () => ["curve", "--resistance", "2e8"],
    "--resistance: expected --leak ohmic, got constant",
  ],
  [
    "a leak current beside a resistance",
    () => ["curve", "--leak", "ohmic", "--leak-current", "1e-10"],
    "--leak-current: expected --leak constant, got ohmic",
  ],
  [
    "refractory input without a refractory period",
    () => ["curve", "--refractory-input", "discard"],
    "--refractory-input: expected --refractory beside it",
  ],
  [
    "one run of a single manifest",
    () => ["reproduce", file("run.json"), "--run", "one"],
    "--run: expected a file with many runs",
  ],
])("refuses %s", async (_, words, message) => {
  const { code, out, err } = await llif(words());
  expect({ code, out, err }).toEqual({ code: 1, out: "", err: expect.stringContaining(`llif: ${message}`) });
});
