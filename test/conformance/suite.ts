// The conformance suite: what every engine must satisfy.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Engine, Result, RunInput, RunOptions, SpikeTrain } from "../../ts/engine/engine.ts";
import { DisposedError } from "../../ts/errors.ts";
import {
  latencyTicks,
  outputsOf,
  populationsOf,
  type SpikingNetwork,
  isSynchronous,
} from "../../ts/spiking/network.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { simulateNaively, type Expected, type NaiveInput } from "./naive.ts";
import { rulesOf } from "../../ts/spiking/code.ts";
import { cases as allCases, variants, type Case, type Operator, type Variant } from "./networks.ts";

const seed = 20261124;

const allVariants = Object.keys(variants) as Variant[];

export interface SuiteOptions {
  /** What this engine refuses by name, and nothing else. */
  readonly refused?: readonly Variant[];
  readonly refusedOperators?: readonly Operator[];
}

type Cases = (variant: Variant) => fc.Arbitrary<Case>;

/** Everything an engine must do, for both engines alike. */
export function suite(
  title: string,
  makeEngine: () => Engine,
  { refused = [], refusedOperators = [] }: SuiteOptions = {},
): void {
  const cases: Cases = (variant) => allCases(variant, refusedOperators);
  const supported = allVariants.filter((variant) => !refused.includes(variant));
  describe(title, () => {
    for (const variant of supported) describe(variant, () => againstDefinition(makeEngine, cases, variant));
    describe("state", () => state(makeEngine, cases, supported));
    describe("pipelined windows", () => pipelined(makeEngine, cases, supported));
    it.runIf(refused.length > 0).each(refused)("refuses by name: %s", async (variant) => {
      const [{ network }] = fc.sample(cases(variant), { seed, numRuns: 1 });
      await expect(makeEngine().createSimulator(network)).rejects.toThrow(
        expect.objectContaining({
          code: "UNSUPPORTED",
          message: expect.stringMatching(`code "${network.code.kind}"`),
        }),
      );
    });
    it.runIf(refusedOperators.length > 0).each(refusedOperators)("refuses by name: %s", async (operator) => {
      const uses = ({ network }: Case): boolean =>
        network.synapses.some(({ kind }) => kind === operator) ||
        network.nodes.some(
          (node) => node.kind === "pool" && node.multiplicity !== undefined && operator === "multiplicity",
        );
      const others = refusedOperators.filter((other) => other !== operator);
      const [{ network }] = fc.sample(allCases("phase", others), { seed, numRuns: 100 }).filter(uses);
      await expect(makeEngine().createSimulator(network)).rejects.toThrow(
        expect.objectContaining({ code: "UNSUPPORTED", message: expect.stringMatching(/transposed|multiplicity/) }),
      );
    });
  });
}

function againstDefinition(makeEngine: () => Engine, cases: Cases, variant: Variant): void {
  let spikes = 0;
  const check = (inputOf: (sample: Case) => [RunInput, NaiveInput]): Promise<void> =>
    fc.assert(
      fc.asyncProperty(cases(variant), async (sample) => {
        const [input, naive] = inputOf(sample);
        const result = await runOnce(makeEngine(), sample.network, input, {});
        const expected = simulateNaively(sample.network, naive, sample.ticks);
        spikes += expected.spikeCount;
        expectEqual(sample.network, result, expected);
      }),
      { seed, numRuns: 50 },
    );

  it("equals the definition on spike trains in any order", async () => {
    expect.hasAssertions();
    await check(({ spikes: train }) => [{ spikes: train }, train]);
  });
  it("equals the definition on constant input", async () => {
    expect.hasAssertions();
    await check(({ values }) => [values, { values }]);
  });
  it("has compared networks that fire", () => {
    expect(spikes).toBeGreaterThan(1000);
  });
}

function state(makeEngine: () => Engine, cases: Cases, supported: readonly Variant[]): void {
  const engine = makeEngine();
  const open: { dispose(): void }[] = [];
  afterAll(() => open.forEach((simulator) => simulator.dispose()));

  const frames = (variant: Variant): boolean => rulesOf(variants[variant].code).frames;
  it.each(supported.filter((variant) => isSynchronous(variants[variant]) && !frames(variant)))(
    "concatenates ticks under keepState: run(a) then run(b) equals run(a + b), and steps equal a run: %s",
    async (variant) => {
      expect.hasAssertions();
      await fc.assert(
        fc.asyncProperty(cases(variant), fc.integer({ min: 1, max: 9 }), async ({ network: drawn, values }, first) => {
          const ticks = first + 7;
          // Signed rate runs no longer than its window.
          const network = { ...drawn, windowTicks: ticks, levels: ticks };
          const whole = await runOnce(engine, network, values, { ticks });
          const simulator = await engine.createSimulator(network, { record: recordAll(network) });
          try {
            simulator.run(values, { ticks: 3 });
            const a = simulator.run(values, { ticks: first });
            const b = simulator.run(values, { ticks: ticks - first, keepState: true });
            expect(b.charges).toEqual(whole.charges);
            expect(b.logits).toEqual(whole.logits);
            expect(a.statistics.spikes + b.statistics.spikes).toBe(whole.statistics.spikes);
            for (const { name } of populationsOf(network)) {
              expect(a.counts[name].map((count: number, neuron: number) => count + b.counts[name][neuron])).toEqual(
                whole.counts[name],
              );
              expect([...trainOf(a, name, 0), ...trainOf(b, name, first)]).toEqual(trainOf(whole, name, 0));
            }
            simulator.reset();
            const steps = Array.from({ length: ticks }, () => simulator.step(values));
            for (const { name } of populationsOf(network))
              expect(steps.flatMap((step, tick) => trainOf(step, name, tick))).toEqual(trainOf(whole, name, 0));
            expect(steps[ticks - 1].charges).toEqual(whole.charges);
          } finally {
            simulator.dispose();
          }
        }),
        { seed, numRuns: 40 },
      );
    },
  );

  it.each(supported.filter(frames))("a frame that stops and goes on equals one without a stop: %s", async (variant) => {
    expect.hasAssertions();
    await fc.assert(
      fc.asyncProperty(cases(variant), fc.nat(2), fc.boolean(), async ({ network, values, spikes }, cut, events) => {
        const [ticks, first] = [network.windowTicks, cut + 1];
        const input = events ? { spikes } : values;
        const whole = await runOnce(engine, network, input, {});
        const simulator = await engine.createSimulator(network, { record: recordAll(network) });
        try {
          expect(() => simulator.resume()).toThrow("expected a frame");
          simulator.run(values);
          const a = simulator.run(input, { ticks: first });
          const b = simulator.resume({ ticks: ticks - first });
          expect(b.charges).toEqual(whole.charges);
          expect(b.logits).toEqual(whole.logits);
          for (const { name } of populationsOf(network)) {
            expect(a.counts[name].map((count: number, neuron: number) => count + b.counts[name][neuron])).toEqual(
              whole.counts[name],
            );
            expect([...trainOf(a, name, 0), ...trainOf(b, name, first)]).toEqual(trainOf(whole, name, 0));
          }
          expect(() => simulator.resume()).toThrow("one at its end");
          expect(() => simulator.step(values)).toThrow("step: a tick of refined phase");
          expect(() => simulator.run({ spikes }, { keepState: true })).toThrow("spikes under keepState");
        } finally {
          simulator.dispose();
        }
      }),
      { seed, numRuns: 40 },
    );
  });

  it("concatenates spike input too, with potentials and refractory waits, and reset() forgets all of it", async () => {
    expect.hasAssertions();
    await fc.assert(
      fc.asyncProperty(cases("synchronous rate"), fc.nat(20), async ({ network, spikes, ticks }, cut) => {
        const first = Math.min(ticks - 1, cut);
        if (first < 1) return;
        const part = (from: number, to: number): RunInput => {
          const chosen = spikes.ticks.flatMap((tick, index) => (tick >= from && tick < to ? [index] : []));
          return {
            spikes: {
              ticks: chosen.map((index) => spikes.ticks[index] - from),
              neurons: chosen.map((index) => spikes.neurons[index]),
            },
          };
        };
        const whole = await runOnce(engine, network, { spikes }, { ticks });
        const simulator = await engine.createSimulator(network, { record: recordAll(network) });
        try {
          for (let repetition = 0; repetition < 2; repetition++) {
            const a = simulator.run(part(0, first), { ticks: first, keepState: true });
            const b = simulator.run(part(first, ticks), { ticks: ticks - first, keepState: true });
            expect(b.charges).toEqual(whole.charges);
            for (const { name, shape } of populationsOf(network)) {
              expect([...trainOf(a, name, 0), ...trainOf(b, name, first)]).toEqual(trainOf(whole, name, 0));
              for (let neuron = 0; neuron < sizeOf(shape); neuron++) {
                const row = (result: Result, length: number): number[] =>
                  Array.from(
                    (result.potentials[name as never] as Float32Array).subarray(neuron * length, (neuron + 1) * length),
                  );
                expect([...row(a, first), ...row(b, ticks - first)]).toEqual(row(whole, ticks));
              }
            }
            simulator.reset();
          }
        } finally {
          simulator.dispose();
        }
      }),
      { seed, numRuns: 30 },
    );
  });

  for (const variant of supported) {
    it(`records what is asked for and nothing else, in the order asked for: ${variant}`, async () => {
      expect.hasAssertions();
      await fc.assert(
        fc.asyncProperty(cases(variant), fc.nat(1000), async ({ network, values }, pick) => {
          const whole = await runOnce(engine, network, values, {});
          const populations = populationsOf(network);
          const { name, shape } = populations[pick % populations.length];
          const neurons = [pick % sizeOf(shape), sizeOf(shape) - 1, 0];
          const simulator = await engine.createSimulator(network, {
            record: { counts: false, spikes: [name], potentials: { [name]: neurons } },
          });
          const few = simulator.run({ values });
          simulator[Symbol.dispose]();
          expect(few.counts).toEqual({});
          expect(Object.keys(few.spikes)).toEqual([name]);
          expect(few.spikes[name as never]).toEqual(whole.spikes[name as never]);
          const samples = (whole.potentials[name as never] as Float32Array).length / sizeOf(shape);
          const row = (result: Result, at: number): number[] =>
            Array.from((result.potentials[name as never] as Float32Array).subarray(at * samples, (at + 1) * samples));
          expect(Object.keys(few.potentials)).toEqual([name]);
          neurons.forEach((neuron, index) => expect(row(few, index)).toEqual(row(whole, neuron)));
          expect({ charges: few.charges, logits: few.logits, top: few.top, statistics: few.statistics }).toEqual({
            charges: whole.charges,
            logits: whole.logits,
            top: whole.top,
            statistics: whole.statistics,
          });
          expect(() => simulator.run(values)).toThrow(DisposedError);
        }),
        { seed, numRuns: 20 },
      );
    });
  }

  for (const variant of supported) {
    it(`gives the same result on every repetition, after reset and in a batch: ${variant}`, async () => {
      const [{ network, values, spikes }] = fc.sample(cases(variant), { seed, numRuns: 1 });
      const simulator = await engine.createSimulator(network, { record: recordAll(network) });
      open.push(simulator);
      const first = simulator.run(values);
      simulator.run({ spikes });
      expect(simulator.run(values)).toEqual(first);
      simulator.reset();
      const progress: string[] = [];
      const batch = await simulator.runBatch([{ spikes }, values], {
        onProgress: (done, total) => progress.push(`${done}/${total}`),
      });
      expect(batch[1]).toEqual(first);
      expect(progress).toEqual(["1/2", "2/2"]);
      await expect(simulator.runBatch([values], { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: "ABORTED",
      });
    });
  }

  it("refuses use after dispose, which may be called twice", async () => {
    const [{ network, values }] = fc.sample(cases("phase"), { seed, numRuns: 1 });
    const simulator = await engine.createSimulator(network);
    simulator.dispose();
    simulator.dispose();
    expect(() => simulator.run(values)).toThrow(DisposedError);
    expect(() => simulator.reset()).toThrow(DisposedError);
    await expect(simulator.runBatch([values])).rejects.toThrow(DisposedError);
  });

  it("refuses wrong input, wrong recording and state across layerwise samples", async () => {
    const [{ network, values }] = fc.sample(cases("phase"), { seed, numRuns: 1 });
    const simulator = await engine.createSimulator(network);
    open.push(simulator);
    expect(() => simulator.run(values, { keepState: true })).toThrow("keepState");
    expect(() => simulator.run(new Float32Array(values.length + 1))).toThrow(`expected ${values.length} values`);
    expect(() => simulator.run(values.map(() => NaN))).toThrow("finite");
    expect(() => simulator.run({ spikes: { ticks: [network.windowTicks], neurons: [0] } })).toThrow("tick at index 0");
    expect(() => simulator.run({ spikes: { ticks: [0], neurons: [values.length] } })).toThrow("neuron at index 0");
    await expect(engine.createSimulator(network, { record: { spikes: ["no such"] } })).rejects.toThrow("no such");
  });
}

/** One sample a window; every result equals that of its sample alone, and comes L + 1 windows after its sample was taken. */
function pipelined(makeEngine: () => Engine, cases: Cases, supported: readonly Variant[]): void {
  it.each(supported.filter((variant) => !isSynchronous(variants[variant])))(
    "equals one sample at a time: %s",
    async (variant) => {
      expect.hasAssertions();
      const engine = makeEngine();
      await fc.assert(
        fc.asyncProperty(cases(variant), fc.integer({ min: 0, max: 7 }), async ({ network, values, spikes }, more) => {
          const inputs = Array.from(
            { length: more },
            (_, index): RunInput =>
              index % 3 === 0 ? { spikes } : values.map((value) => value * (index % 2) + (index % 5)),
          );
          const alone = await engine.createSimulator(network, { record: recordAll(network) });
          const simulator = await engine.createSimulator(network, { record: recordAll(network) });
          const windows = latencyTicks(network) / network.windowTicks;
          let taken = 0;
          const entering = function* (): Generator<RunInput> {
            for (const input of inputs) {
              taken++;
              yield input;
            }
          };
          let given = 0;
          for (const result of simulator.runPipelined(entering())) {
            expect(taken).toBe(Math.min(given + windows, inputs.length));
            expect(result).toEqual(alone.run(inputs[given++]));
          }
          expect(given).toBe(inputs.length);
          alone.dispose();
          simulator.dispose();
        }),
        { seed, numRuns: 15 },
      );
    },
  );

  it("says so where another run of the simulator begins meanwhile; a later run is not affected", async () => {
    for (const variant of ["phase", "ttfs slots"] as const) {
      const [{ network, values }] = fc.sample(cases(variant), { seed, numRuns: 1 });
      const simulator = await makeEngine().createSimulator(network, { record: recordAll(network) });
      const alone = simulator.run(values);
      const former = simulator.runPipelined([values, values, values]);
      expect(former.next().value).toEqual(alone);
      expect(simulator.run(values)).toEqual(alone);
      expect(() => former.next()).toThrow("another run");
      expect([...simulator.runPipelined([values, values])]).toEqual([alone, alone]);
      simulator.dispose();
    }
  });

  it("refuses synchronous networks", async () => {
    const [{ network, values }] = fc.sample(cases("synchronous rate"), { seed, numRuns: 1 });
    const simulator = await makeEngine().createSimulator(network);
    expect(() => simulator.runPipelined([values]).next()).toThrow("expected a layerwise network");
    simulator.dispose();
  });
}

function recordAll(network: SpikingNetwork): { spikes: string[]; potentials: Record<string, number[]> } {
  const populations = populationsOf(network);
  return {
    spikes: populations.map(({ name }) => name),
    potentials: Object.fromEntries(
      populations.map(({ name, shape }) => [name, Array.from({ length: sizeOf(shape) }, (_, neuron) => neuron)]),
    ),
  };
}

async function runOnce(engine: Engine, network: SpikingNetwork, input: RunInput, options: RunOptions): Promise<Result> {
  const simulator = await engine.createSimulator(network, { record: recordAll(network) });
  try {
    return simulator.run(input, options);
  } finally {
    simulator.dispose();
  }
}

function trainOf(result: Result, name: string, offset: number): string[] {
  const { ticks, neurons, signs, times, length } = result.spikes[name as never] as SpikeTrain;
  return Array.from({ length }, (_, index) => {
    const extra = times !== undefined ? `@${times[index]}` : signs === undefined ? "" : signs[index] > 0 ? "+" : "-";
    return `${ticks[index] + offset}:${neurons[index]}${extra}`;
  });
}

/** Bits, not values: a zero of the wrong sign or a last bit is a difference. */
function bitsOf(values: ArrayLike<number>, integers: boolean): number[] {
  return integers ? Array.from(values) : [...new Uint32Array(Float32Array.from(values).buffer)];
}

/** Of an output, in float64. */
const chargeBits = (values: ArrayLike<number>, integers: boolean): number[] =>
  integers ? Array.from(values) : [...new Uint32Array(Float64Array.from(values).buffer)];

function expectEqual(network: SpikingNetwork, result: Result, expected: Expected): void {
  const integers = network.arithmetic === "int32";
  for (const { name } of populationsOf(network)) {
    expect(trainOf(result, name, 0)).toEqual(expected.spikes[name]);
    expect(Array.from(result.counts[name])).toEqual(expected.counts[name]);
    expect(bitsOf(result.potentials[name as never], integers)).toEqual(
      bitsOf(expected.potentials[name].flat(), integers),
    );
  }
  for (const { name } of outputsOf(network))
    expect(chargeBits(result.charges[name], integers)).toEqual(chargeBits(expected.charges[name], integers));
  expect(result.statistics.spikes).toBe(expected.spikeCount);
  expect(result.statistics.synapticOperations).toBe(expected.synapticOperations);
}
