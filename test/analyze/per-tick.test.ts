// Evaluation of refined phase: what it tells after every tick is what runs of so many ticks tell, and the twin of each.
import { describe, expect, it } from "vitest";
import type { Contenders } from "../../ts/analyze/contenders.ts";
import { evaluate, evaluateAt } from "../../ts/analyze/evaluate.ts";
import { digestBytes, mergeEvaluations, type Evaluation } from "../../ts/analyze/evaluation.ts";
import { reportEvaluation } from "../../ts/analyze/evaluation-report.ts";
import { knownPart } from "../../ts/analyze/known.ts";
import { imageDataset, sample, slice } from "../../ts/data/dataset.ts";
import { createTwinPass } from "../../ts/engine/passes/twin.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import { argmax } from "../../ts/relu/forward.ts";
import { outputsOf, type SpikingNetwork } from "../../ts/spiking/network.ts";
import { engines } from "../theorems/engines.ts";
import { tinyNetwork } from "./networks.ts";

const count = 40;
const ticks = 5;
const data = imageDataset({
  name: "made",
  split: "test",
  shape: [1, 2, 1],
  images: Uint8Array.from({ length: 2 * count }, (_, index) => (index * 7 + (index >> 2) * 5) % 40),
  labels: Uint8Array.from({ length: count }, (_, index) => index % 3),
  classes: ["a", "b", "c"],
});

/** Thresholds that are no powers of two, and several spikes of a neuron in a tick. */
function refined(laziness = 0.5, quanta: readonly number[] = [16, 8, 4, 2, 1]): SpikingNetwork {
  const network = tinyNetwork(
    [
      [3, -2],
      [-1, 2],
      [1, 1],
    ],
    { code: { kind: "refinedPhase", bits: 5, quanta, laziness }, levels: 31, windowTicks: quanta.length },
  );
  return {
    ...network,
    input: { ...network.input, shape: [1, 2, 1] },
    nodes: network.nodes.map((node) =>
      node.kind === "population"
        ? {
            ...node,
            bias: Int32Array.of(3, 11),
            neuron: { model: "llif", threshold: Int32Array.of(16, 6), initialPotential: Int32Array.of(0, 0) },
          }
        : node,
    ),
  };
}

const forward: Contenders["forward"] = {
  run(batch, samples) {
    const logits = new Float32Array(3 * samples);
    for (let index = 0; index < samples; index++) logits[3 * index + (batch[2 * index] % 3)] = 1;
    return { outputs: { logits } };
  },
};

async function contenders(network: SpikingNetwork, engine = engines[0]): Promise<Contenders> {
  const simulator = await engine.createSimulator(network);
  return { network, reluOutput: "logits", forward, simulator, twin: await createTwinPass(network, { keep: "all" }) };
}

const timeless = (evaluation: Evaluation) => ({ ...evaluation, microseconds: null });
const context = { model: "m", data: "d", split: "test", engine: "wasm", comparedWith: "model" } as const;

describe.each(engines)("evaluation after every tick, $name engine", (engine) => {
  it.each([[[16, 8, 4, 2, 1]], [[9, 3, 1]]])(
    "equals runs of so many ticks and their twins, quanta %j",
    async (quanta) => {
      const network = refined(0.5, quanta);
      const evaluation = await evaluate(await contenders(network, engine), data);
      const report = reportEvaluation(evaluation, { ...context, network });
      expect(report.perTick).toHaveLength(quanta.length);
      const simulator = await engine.createSimulator(network);
      const [output] = outputsOf(network);
      for (const [at, read] of (report.perTick ?? []).entries()) {
        const [runs, twin] = [
          [] as { decision: number; spikes: number; operations: number }[],
          quantizedTwin(network, { ticks: at + 1 }),
        ];
        for (let index = 0; index < count; index++) {
          const { logits, statistics } = simulator.run(sample(data, index), { ticks: at + 1 });
          const decision = argmax(logits);
          expect(argmax(Float64Array.from(twin.run(sample(data, index)).charges[output.name]))).toBe(decision);
          runs.push({ decision, spikes: statistics.spikes, operations: statistics.synapticOperations });
        }
        const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / count;
        expect(read).toMatchObject({
          tick: at + 1,
          accuracy: mean(runs.map(({ decision }, index) => (decision === data.labels?.[index] ? 1 : 0))),
          disagreements: runs.filter(({ decision }, index) => decision !== data.images[2 * index] % 3).length,
          twinMismatches: 0,
          spikesPerSample: mean(runs.map(({ spikes }) => spikes)),
          synapticOperationsPerSample: mean(runs.map(({ operations }) => operations)),
        });
      }
      expect(new Set(report.perTick?.map(({ disagreements }) => disagreements)).size).toBeGreaterThan(1);
      const { accuracy, ...last } = report.perTick?.at(-1) ?? { accuracy: null };
      expect(report).toMatchObject({
        spikingAccuracy: accuracy,
        disagreements: "disagreements" in last ? last.disagreements : null,
        twinMismatches: 0,
        levels: 31,
      });
      simulator.dispose();
    },
  );

  it("lazy: a twin after the last tick alone", async () => {
    const network = refined(0.75);
    const { perTick } = reportEvaluation(await evaluate(await contenders(network, engine), data), {
      ...context,
      network,
    });
    expect(perTick?.map(({ twinMismatches }) => twinMismatches)).toEqual([null, null, null, null, 0]);
  });

  it("ends at the ticks asked for, or reads at several", async () => {
    const network = refined();
    const whole = await evaluate(await contenders(network, engine), data);
    const short = await evaluate(await contenders(network, engine), data, { ticks: 3 });
    expect(short.perTick?.twinMismatches).toEqual([0, 0, 0]);
    expect(short.twinMismatches).toBe(0);
    const column = (tick: number) => whole.perTick?.decisions.filter((_, at) => at % ticks === tick - 1);
    expect(short.spikingDecisions).toEqual(column(3));
    const [at2, at5] = await evaluateAt(await contenders(network, engine), data, { ticks: [2, 5] });
    expect(at2.spikingDecisions).toEqual(column(2));
    expect(at2).toMatchObject({ perTick: null, twinMismatches: 0 });
    expect(timeless(at5)).toEqual({ ...timeless(whole), perTick: null });
  });
});

it("tells in which tick counts differ from the twin's", async () => {
  const network = refined();
  const honest = await contenders(network);
  const lying: Contenders = {
    ...honest,
    twin: {
      run(counts, samples, options) {
        const result = honest.twin?.run(counts, samples, options);
        if (result === undefined) throw new Error("no twin");
        if (options?.ticks === 3) result.counts.hidden[0] += 4;
        return result;
      },
    },
  };
  const { perTick } = await evaluate(lying, slice(data, 0, 1));
  expect(perTick?.twinMismatches).toEqual([0, 0, 1, 0, 0]);
});

it("shards, known results and the twin alone tell the same", async () => {
  const network = refined();
  const whole = await evaluate(await contenders(network), data);
  const parts = await Promise.all(
    [
      [17, count],
      [0, 17],
    ].map(async ([from, to]) => evaluate(await contenders(network), slice(data, from, to), { firstSample: from })),
  );
  const merged = mergeEvaluations(parts);
  expect(timeless(merged)).toEqual(timeless(whole));
  expect(digestBytes(merged)).toEqual(digestBytes(whole));
  const decisions = Uint32Array.from(whole.perTick?.decisions ?? []);
  decisions[0] = (decisions[0] + 1) % 3;
  const changed = { ...whole, perTick: { ...whole.perTick, decisions } } as Evaluation;
  expect(digestBytes(changed)).not.toEqual(digestBytes(whole));
  if (whole.twin === null || whole.perTick === null) throw new Error("no twin");
  const refuse = {
    run: () => {
      throw new Error("computed again");
    },
  };
  const known = {
    relu: knownPart({ decisions: whole.reluDecisions }, 10),
    twin: knownPart({ ...whole.twin }, 900, 0, ticks),
  };
  const again = await evaluate({ ...(await contenders(network)), twin: refuse, forward: refuse, known }, data);
  expect(timeless(again)).toEqual(timeless(whole));
  const alone = await evaluate({ ...(await contenders(network)), simulator: null }, data);
  expect(alone.perTick?.decisions).toEqual(whole.perTick.decisions);
  const report = reportEvaluation(alone, { ...context, network, engine: "twin" });
  expect(report.perTick?.[2]).toMatchObject({ spikesPerSample: null, twinMismatches: null });
  expect(() => mergeEvaluations([parts[0], { ...parts[1], perTick: null }])).toThrow(/evaluated alike/);
});
