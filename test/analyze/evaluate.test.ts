// Evaluation: every number of a report is counted again here; cached results change nothing.
import { describe, expect, it } from "vitest";
import { digestBytes, mergeEvaluations, type Evaluation } from "../../ts/analyze/evaluation.ts";
import { reportEvaluation } from "../../ts/analyze/evaluation-report.ts";
import { knownPart, runHashes } from "../../ts/analyze/known.ts";
import { evaluate, evaluateAt } from "../../ts/analyze/evaluate.ts";
import type { Contenders } from "../../ts/analyze/contenders.ts";
import { imageDataset, slice } from "../../ts/data/dataset.ts";
import { createTwinPass } from "../../ts/engine/passes/twin.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";

const classes = ["a", "b", "c"];
const count = 150;

const data = imageDataset({
  name: "made",
  split: "test",
  shape: [1, 4, 1],
  images: Uint8Array.from({ length: 4 * count }, (_, index) => (index * 97 + (index >> 3) * 31) % 256),
  labels: Uint8Array.from({ length: count }, (_, index) => index % 3),
  classes,
});

/** Two hidden neurons by hand; 3-bit phase. */
function handMade(overrides: Partial<SpikingNetwork> = {}): SpikingNetwork {
  return {
    name: "hand-made",
    code: { kind: "phase", digits: "binary" },
    arithmetic: "int32",
    windowTicks: 3,
    levels: 7,
    dtSeconds: 1,
    input: { name: "input", shape: [1, 4, 1], counts: { unit: 1, minimum: 0, maximum: 255 } },
    nodes: [
      {
        kind: "population",
        rectified: true,
        name: "hidden",
        shape: [2],
        bias: Int32Array.of(0, 4),
        neuron: { model: "llif", threshold: Int32Array.of(64, 64), initialPotential: Int32Array.of(32, 32) },
        unit: Float64Array.of(1, 1),
      },
      {
        kind: "output",
        name: "logits",
        shape: [3],
        bias: Int32Array.of(0, 1, 2),
        unit: Float64Array.of(1, 1, 1),
        rectified: false,
      },
    ],
    synapses: [
      { kind: "dense", from: "input", to: "hidden", delayTicks: 0, weights: Int32Array.of(1, -1, 2, 0, 0, 1, -1, 1) },
      { kind: "dense", from: "hidden", to: "logits", delayTicks: 0, weights: Int32Array.of(3, -2, -1, 2, 1, 1) },
    ],
    convention: { scale: 1, mean: [0], std: [1], channelOrder: "gray" },
    classes,
    ...overrides,
  };
}

/** A ReLU network in three lines: always for class image[0] mod 3. */
const forward: Contenders["forward"] = {
  run(batch, samples) {
    const logits = new Float32Array(3 * samples);
    for (let index = 0; index < samples; index++) logits[3 * index + (batch[4 * index] % 3)] = 1;
    return { outputs: { logits } };
  },
};

async function contenders(network = handMade()): Promise<Contenders> {
  const simulator = await referenceEngine().createSimulator(network, {});
  return { network, reluOutput: "logits", forward, simulator, twin: await createTwinPass(network, { keep: "all" }) };
}

const context = {
  network: handMade(),
  model: "hand-made",
  data: "made",
  split: "test",
  engine: "reference",
  comparedWith: "model",
} as const;

/** What does not depend on the clock. */
function timeless(evaluation: Evaluation) {
  return { ...evaluation, microseconds: null };
}

describe("evaluate", () => {
  it("reports every key, counted here anew", async () => {
    const evaluation = await evaluate(await contenders(), data);
    const report = reportEvaluation(evaluation, context);
    const decisions = Array.from({ length: count }, (_, index) => data.images[4 * index] % 3);
    const right = decisions.filter((decision, index) => decision === index % 3).length;
    expect(Object.keys(report)).toEqual(
      expect.arrayContaining(
        // biome-ignore format: a list of names
        ["model", "data", "code", "schedule", "engine", "samples", "reluAccuracy", "spikingAccuracy", "disagreements", "intervals", "mcnemar", "twinMismatches", "windowTicks", "latencyTicks", "intervalTicks", "spikesPerSample", "synapticOperationsPerSample", "additionsPerSample", "seconds", "reluSeconds", "twinSeconds"],
      ),
    );
    expect(report).toMatchObject({
      samples: count,
      reluAccuracy: right / count,
      twinMismatches: 0,
      windowTicks: 3,
      latencyTicks: 6,
      intervalTicks: 3,
    });
    expect(report.disagreements).toBe(
      decisions.filter((decision, index) => decision !== evaluation.spikingDecisions[index]).length,
    );
    expect(report.disagreements).toBeGreaterThan(0);
    const [low, high] = report.intervals.disagreements;
    expect(low).toBeLessThan(report.disagreements);
    expect(high).toBeGreaterThan(report.disagreements);
    expect(report.spikesPerSample).toBeGreaterThan(0);
    expect(report.seconds).toBeGreaterThan(0);
  });

  it("counts what differs from the twin", async () => {
    const honest = await contenders();
    const twin = honest.twin;
    const lying: Contenders = {
      ...honest,
      twin: {
        run(counts, samples) {
          if (twin === null) throw new Error("no twin");
          const result = twin.run(counts, samples);
          result.counts.hidden[1]++;
          result.charges.logits[2]--;
          return result;
        },
      },
    };
    expect((await evaluate(lying, slice(data, 0, 64))).twinMismatches).toBe(2);
  });

  it("lets the twin decide without a simulation, alike", async () => {
    const simulated = await evaluate(await contenders(), data);
    const evaluation = await evaluate({ ...(await contenders()), simulator: null }, data);
    const report = reportEvaluation(evaluation, { ...context, engine: "twin" });
    expect(evaluation.spikingDecisions).toEqual(simulated.spikingDecisions);
    expect(report).toMatchObject({
      engine: "twin",
      seconds: null,
      spikesPerSample: null,
      synapticOperationsPerSample: null,
      additionsPerSample: null,
      twinMismatches: null,
    });
    expect(report.twinSeconds).toBeGreaterThanOrEqual(0);
  });

  it("counts disagreements alone where nobody labelled the images", async () => {
    const labelled = reportEvaluation(await evaluate(await contenders(), data), context);
    const unlabelled = { ...data, labels: null };
    const shards = [
      await evaluate(await contenders(), slice(unlabelled, 0, 50)),
      await evaluate(await contenders(), slice(unlabelled, 50), { firstSample: 50 }),
    ];
    const report = reportEvaluation(mergeEvaluations(shards), context);
    expect(report).toMatchObject({
      samples: count,
      disagreements: labelled.disagreements,
      reluAccuracy: null,
      spikingAccuracy: null,
      mcnemar: null,
    });
    expect(report.intervals).toEqual({ ...labelled.intervals, reluAccuracy: null, spikingAccuracy: null });
    expect(() => mergeEvaluations([shards[0], { ...shards[1], labels: new Uint32Array(count - 50) }])).toThrow(
      /some without labels/,
    );
  });

  it("stops when cancelled, and refuses images that do not fit", async () => {
    await expect(evaluate(await contenders(), data, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
    });
    const small = imageDataset({ ...data, shape: [1, 2, 1], labels: new Uint8Array(2 * count) });
    await expect(evaluate(await contenders(), small)).rejects.toThrow(
      'data set "made": expected images of 4 values for "hand-made", got [1,2,1]',
    );
    await expect(evaluate(await contenders(), data, { ticks: 5 })).rejects.toThrow(
      "ticks can be chosen in a simulated synchronous network only",
    );
  });
});

describe("known results", () => {
  it("stand in for the float pass and the twin, with equal reports", async () => {
    const first = await evaluate(await contenders(), data);
    if (first.twin === null) throw new Error("no twin");
    const known = {
      relu: knownPart({ decisions: first.reluDecisions }, 1501),
      twin: knownPart({ ...first.twin }, 900),
    };
    const refuse = {
      run: () => {
        throw new Error("computed again");
      },
    };
    const again = await evaluate({ ...(await contenders()), forward: refuse, twin: refuse, known }, data);
    expect(timeless(again)).toEqual(timeless(first));
    expect(again.microseconds).toMatchObject({ relu: 1501, twin: 900 });
    const shards = await Promise.all(
      [
        [0, 77],
        [77, count],
      ].map(async ([from, to]) =>
        evaluate({ ...(await contenders()), known }, slice(data, from, to), { firstSample: from }),
      ),
    );
    expect(mergeEvaluations(shards).microseconds).toMatchObject({ relu: 1501, twin: 900 });
    expect(() => known.relu.part(count - 1, 2)).toThrow("known results: expected at least 151 samples, got 150");
  });

  it("a hash that differs has its sample counted anew", async () => {
    const first = await evaluate(await contenders(), data);
    if (first.twin === null) throw new Error("no twin");
    const hashes = first.twin.hashes.map((hash, index) => (index === 3 ? hash + 1 : hash));
    const again = await evaluate(
      { ...(await contenders()), known: { twin: knownPart({ decisions: first.twin.decisions, hashes }, 0) } },
      data,
    );
    expect(again.twinMismatches).toBe(0);
    const lying = {
      run: (counts: Uint8Array, samples: number) => ({
        charges: { logits: new Int32Array(3 * samples) },
        counts: { hidden: new Uint32Array(counts.length).subarray(0, 2 * samples) },
      }),
    };
    expect(
      (
        await evaluate(
          {
            ...(await contenders()),
            twin: lying,
            known: { twin: knownPart({ decisions: first.twin.decisions, hashes }, 0) },
          },
          data,
        )
      ).twinMismatches,
    ).toBeGreaterThan(0);
  });

  it("every count and charge changes the hash", () => {
    const network = handMade();
    const counts = { hidden: Uint32Array.of(3, 7) };
    const charges = { logits: Int32Array.of(1, -2, 3) };
    const hashes = new Set([runHashes(network, counts, charges).all]);
    for (const change of [1, 2, 0x10000, 0x7fffffff]) {
      for (let index = 0; index < 5; index++) {
        const [changedCounts, changedCharges] = [counts.hidden.slice(), charges.logits.slice()];
        if (index < 2) changedCounts[index] ^= change;
        else changedCharges[index - 2] ^= change;
        hashes.add(runHashes(network, { hidden: changedCounts }, { logits: changedCharges }).all);
      }
    }
    expect(hashes.size).toBe(21);
    expect([...hashes].every(Number.isSafeInteger)).toBe(true);
  });
});

describe("merging shards", () => {
  it("is associative, whatever the order, and equals one evaluation", async () => {
    const whole = await evaluate(await contenders(), data);
    const shards = await Promise.all(
      [
        [0, 50],
        [50, 61],
        [61, count],
      ].map(async ([from, to]) => evaluate(await contenders(), slice(data, from, to), { firstSample: from })),
    );
    const [a, b, c] = shards;
    const left = mergeEvaluations([mergeEvaluations([a, b]), c]);
    const right = mergeEvaluations([a, mergeEvaluations([c, b])]);
    expect(left).toEqual(right);
    expect(timeless(left)).toEqual(timeless(mergeEvaluations([whole])));
    expect(digestBytes(left)).toEqual(digestBytes(whole));
    expect(() => mergeEvaluations([a, a])).toThrow("sample 0 is in two shards");
    expect(() => mergeEvaluations([])).toThrow("at least one shard");
  });
});

it("reads a synchronous network after several numbers of ticks in one run", async () => {
  const base = handMade();
  const network: SpikingNetwork = {
    ...base,
    code: { kind: "rate" },
    arithmetic: "float32",
    windowTicks: 8,
    levels: 8,
    nodes: base.nodes.map((node) =>
      node.kind === "population"
        ? {
            ...node,
            bias: Float32Array.from(node.bias),
            neuron: {
              model: "llif" as const,
              threshold: Float32Array.of(256, 256),
              initialPotential: Float32Array.of(128, 128),
            },
          }
        : node.kind === "output"
          ? { ...node, bias: Float32Array.from(node.bias) }
          : node,
    ),
    synapses: base.synapses.map((synapse) => ({ ...synapse, weights: Float32Array.from(synapse.weights) })),
  };
  const simulator = await referenceEngine().createSimulator(network, {});
  const synchronous: Contenders = { network, reluOutput: "logits", forward, simulator, twin: null };
  const shard = slice(data, 0, 70);
  const [at4, at8] = await evaluateAt(synchronous, shard, { ticks: [4, 8] });
  const [alone4, alone8] = [await evaluate(synchronous, shard, { ticks: 4 }), await evaluate(synchronous, shard)];
  for (const [read, alone] of [
    [at4, alone4],
    [at8, alone8],
  ] as const) {
    expect(read.spikingDecisions).toEqual(alone.spikingDecisions);
    expect(read.spikes).toEqual(alone.spikes);
    expect(read.synapticOperations).toEqual(alone.synapticOperations);
  }
  expect(reportEvaluation(at4, { ...context, network, ticks: 4 })).toMatchObject({
    latencyTicks: 4,
    windowTicks: 4,
    twinMismatches: null,
  });
});

it("compares signed rate with its twin where its window ends, also of a run that is read in between", async () => {
  const network = handMade({ code: { kind: "signedRate", settles: false }, windowTicks: 9, levels: 9 });
  const signed = await contenders(network);
  const shard = slice(data, 0, 70);
  const [at4, at9] = await evaluateAt(signed, shard, { ticks: [4, 9] });
  expect([at4.twinMismatches, at9.twinMismatches, (await evaluate(signed, shard)).twinMismatches]).toEqual([
    null,
    0,
    0,
  ]);
  expect(at9.spikes).not.toEqual(at4.spikes);
  const changed = {
    ...network,
    nodes: network.nodes.map((node) => (node.kind === "population" ? { ...node, bias: Int32Array.of(64, 4) } : node)),
  };
  const other = await referenceEngine().createSimulator(changed, {});
  expect(
    (await evaluateAt({ ...signed, simulator: other }, shard, { ticks: [4, 9] }))[1].twinMismatches,
  ).toBeGreaterThan(50);
});
