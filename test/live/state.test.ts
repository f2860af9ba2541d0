// States of live networks that are not a simulator's own: each part changed in every way. A restore refuses it by name and changes nothing, or both engines go on alike.
import { describe, expect, it } from "vitest";
import type { Simulator } from "../../ts/engine/engine.ts";
import { LlifError } from "../../ts/errors.ts";
import { readState, writeState } from "../../ts/formats/live-state.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import type { LiveState } from "../../ts/spiking/live-state.ts";
import { stdp } from "../../ts/spiking/plasticity.ts";
import { errorOf } from "../errors.ts";
import { engines } from "../theorems/engines.ts";

const learning = { plus: 0.02, minus: 0.03, maximum: 1, timeConstantTicks: [8, 9] } as const;

/** Every part that a state can have. */
const network = spikingNetwork({ inputs: 2, dtSeconds: 1e-3 })
  .population({
    name: "a",
    units: 5,
    input: "none",
    threshold: 1,
    reset: { kind: "hard", value: -0.25, clears: ["g"] },
    leak: { kind: "ohmic", timeConstantTicks: 20 },
    currents: { g: { timeConstantTicks: 5 }, h: { timeConstantTicks: 9 } },
    refractory: { ticks: 3, clamp: ["v"] },
    adaptation: { chargePerSpike: 0.05, timeConstantTicks: 30 },
  })
  .population({ name: "b", units: 4, input: "none", threshold: 0.75 })
  .connect({ name: "set", from: "input", to: "a", edges: { from: [0, 1], to: [1, 3], weights: [0.5, 0.5] } })
  .connect({
    name: "own",
    from: "a",
    to: "b",
    edges: { from: [0, 1, 2, 3], to: [3, 2, 1, 0], weights: [0.5, 0.25, 0.5, 0.5], delayTicks: [0, 1, 3, 2] },
    plasticity: stdp({ ...learning, reward: { timeConstantTicks: 30 } }),
  })
  .connect({
    from: "b",
    to: "a",
    into: "g",
    delayTicks: 2,
    weights: Array.from({ length: 5 }, () => [0.1, 0.2, 0, 0.1]),
    plasticity: stdp(learning),
  })
  .connect({ from: "input", to: "b", delayTicks: 1, edges: { from: [0], to: [0], weights: [0.5] } })
  .output({ name: "out", weights: [[1, 2, 3, 4]] })
  .build();

const create = () =>
  Promise.all(engines.map((engine) => engine.createSimulator(network, { record: { spikes: ["a", "b"] } })));

/** Ten ticks with spikes of the input. */
function tenTicks(simulator: Simulator): unknown {
  const spikes = { ticks: [0, 0, 2, 3, 7, 9, 9, 9], neurons: [0, 1, 0, 1, 0, 0, 0, 1] };
  const result = simulator.run({ spikes }, { ticks: 10, keepState: true });
  return { spikes: result.spikes, charges: result.charges, state: simulator.state() };
}

function prepare(simulator: Simulator): void {
  simulator.drive("a", [0.1, 0.2, 0, 0.05, 0.1]);
  simulator.background("a", { rateHz: 300, weight: 0.3, seed: 3 });
  simulator.background("a", { rateHz: 200, weight: 0.2, into: "h", seed: 4, neurons: [1, 2, 4] });
  simulator.silence("a", [2, 4]);
  simulator.setWeights("set", [0.75, 0.25]);
  tenTicks(simulator);
  simulator.force("a", [1, 3]);
  simulator.force("b", [0, 2]);
}

type Path = readonly (string | number)[];
interface Mutant {
  readonly what: string;
  readonly state: LiveState;
}

/** A copy with another value at a place; `undefined` leaves it out. */
function withValue(value: unknown, [key, ...rest]: Path, other: unknown): unknown {
  if (key === undefined) return other;
  if (Array.isArray(value)) return value.map((each, index) => (index === key ? withValue(each, rest, other) : each));
  const { [key]: inner, ...others } = value as Record<string | number, unknown>;
  const changed = withValue(inner, rest, other);
  return changed === undefined ? others : { ...others, [key]: changed };
}

/** What may stand in the place of any part. */
const strange: readonly unknown[] = [
  undefined,
  null,
  -1,
  0.5,
  0,
  1,
  2,
  7,
  NaN,
  Infinity,
  2 ** 40,
  2 ** 53,
  "1",
  true,
  [],
  {},
  new Map(),
  new Float32Array(5),
  new Float64Array(5),
  new Uint32Array(5),
];

type Typed = Float32Array | Float64Array | Uint32Array;

function otherArrays(array: Typed): unknown[] {
  const kind = array.constructor as Float32ArrayConstructor;
  const changed = [0, array.length >> 1, array.length - 1].flatMap((index) => {
    if (array.length === 0) return [];
    return [NaN, Infinity, -1, -0, 0.5, 1, 3, 4, 5, 2 ** 24 + 1, 2 ** 31, 2 ** 32 - 1].map((value) => {
      const copy = array.slice();
      copy[index] = value;
      return copy;
    });
  });
  const longer = new kind(array.length + 1);
  longer.set(array);
  return [array.slice(0, -1), longer, new kind(0), [...array], array.slice().reverse(), ...changed];
}

function mutants(state: LiveState): Mutant[] {
  const found: Mutant[] = [];
  const add = (path: Path, other: unknown, what: string): void => {
    found.push({ what: `${path.join(".")}: ${what}`, state: withValue(state, path, other) as LiveState });
  };
  const visit = (value: unknown, path: Path): void => {
    strange.forEach((other, index) => add(path, other, `strange ${index}`));
    if (ArrayBuffer.isView(value)) {
      otherArrays(value as Typed).forEach((other, index) => add(path, other, `array ${index}`));
    } else if (Array.isArray(value)) {
      add(path, [...value, ...value.slice(0, 1)], "one more");
      add(path, value.slice(1), "one less");
      add(path, [...value].reverse(), "reversed");
      value.forEach((each, index) => visit(each, [...path, index]));
    } else if (typeof value === "object" && value !== null) {
      add(path, { ...value, more: [...Object.values(value)][0] }, "one more");
      for (const [key, each] of Object.entries(value)) visit(each, [...path, key]);
    }
  };
  visit(state, []);
  return found;
}

describe("a state that was changed", () => {
  it("is refused by name and changes nothing, or both engines go on from it alike; also through bytes", async () => {
    const simulators = await create();
    simulators.forEach(prepare);
    const real = simulators[0].state();
    expect(simulators[1].state()).toEqual(real);
    for (const { potential, background, drive } of [real.populations.a])
      expect([potential.length, background.length, drive?.length]).toEqual([5, 2, 5]);
    for (const part of Object.values(real.spikes).slice(0, 3)) expect(part.neurons.length).toBeGreaterThan(0);
    let [taken, refused] = [0, 0];
    const restored = (simulator: Simulator, state: LiveState, what: string): string => {
      try {
        simulator.restore(state);
      } catch (error) {
        if (!(error instanceof LlifError)) throw new Error(what, { cause: error });
        expect(["ARGUMENT", "SHAPE"], `${what}: ${error.message}`).toContain(error.code);
        expect(error.message, what).toMatch(/^restore: .*expected .*got /);
        return error.message;
      }
      return "taken";
    };
    for (const { what, state } of mutants(real)) {
      simulators.forEach((simulator) => simulator.restore(real));
      const [one, other] = simulators.map((simulator) => restored(simulator, state, what));
      expect(other, what).toBe(one);
      const states = simulators.map((simulator) => simulator.state());
      expect(states[1], what).toEqual(states[0]);
      if (one === "taken") taken++;
      else {
        refused++;
        expect(states[0], what).toEqual(real);
      }
      const [a, b] = simulators.map(tenTicks);
      expect(b, what).toEqual(a);
      let read: LiveState;
      try {
        read = readState(writeState(state));
      } catch (error) {
        expect(error, what).toBeInstanceOf(LlifError);
        expect(one, what).not.toBe("taken");
        continue;
      }
      const bytes = simulators.map((simulator) => restored(simulator, read, what) === "taken");
      expect(bytes, what).toEqual([one === "taken", one === "taken"]);
    }
    expect([taken > 100, refused > 1000]).toEqual([true, true]);
    simulators.forEach((simulator) => simulator.dispose());
  }, 120_000);

  it.each<[Path, unknown, string, string]>([
    [["ticks"], -1, "ARGUMENT", "restore: ticks: expected an integer from 0 to 4503599627370496, got -1"],
    [
      ["populations", "a", "potential"],
      Float32Array.of(0, 0, NaN, 0, 0),
      "ARGUMENT",
      'restore: population "a": potential: expected finite numbers, got NaN at index 2',
    ],
    [
      ["populations", "a", "drive"],
      new Float32Array(4),
      "SHAPE",
      'restore: population "a": drive: expected a Float32Array of 5 values, got a Float32Array of 4; is it the state of another network?',
    ],
    [
      ["populations", "a", "silenced"],
      Uint32Array.of(5),
      "ARGUMENT",
      'restore: population "a": silenced: entry 0: expected an integer from 0 to 4, got 5',
    ],
    [
      ["populations", "a", "forced"],
      Uint32Array.of(1, 1),
      "ARGUMENT",
      'restore: population "a": forced: expected ascending neurons, each once, got 1 behind 1',
    ],
    [
      ["populations", "a", "refractory"],
      new Uint32Array(5).fill(2 ** 31),
      "ARGUMENT",
      'restore: population "a": refractory: expected finite numbers <= 16777216, got 2147483648 at index 0',
    ],
    [
      ["populations", "a", "background", 0, "into"],
      3,
      "ARGUMENT",
      'restore: population "a": background: into: expected an integer from 0 to 2, got 3',
    ],
    [
      ["populations", "a", "background", 1, "into"],
      0,
      "ARGUMENT",
      'restore: population "a": background: into: expected ascending variables, each once, got 0 behind 0',
    ],
    [
      ["populations", "a", "background", 0, "zero"],
      0.5,
      "ARGUMENT",
      'restore: population "a": background: zero: expected e^−meanPerTick, 0.7408182206817179, got 0.5',
    ],
    [
      ["populations", "a", "background", 0, "states"],
      new Uint32Array(9),
      "SHAPE",
      'restore: population "a": background: states: expected a Uint32Array of 10 values, got a Uint32Array of 9; is it the state of another network?',
    ],
    [
      ["spikes", "a"],
      { ticksAgo: Uint32Array.of(3), neurons: Uint32Array.of(0) },
      "ARGUMENT",
      'restore: spikes of "a": ticksAgo: entry 0: expected an integer from 0 to 2, got 3',
    ],
    [
      ["spikes", "a"],
      { ticksAgo: Uint32Array.of(1, 0), neurons: Uint32Array.of(0, 0) },
      "ARGUMENT",
      'restore: spikes of "a": expected the last tick first, and neurons of a tick ascending, got neuron 0 of 0 ticks ago at index 1',
    ],
    [
      ["spikes", "out"],
      { ticksAgo: Uint32Array.of(0), neurons: Uint32Array.of(0) },
      "ARGUMENT",
      'restore: spikes of "out": expected none, since no delay needs them, got 1',
    ],
    [
      ["spikes", "b"],
      undefined,
      "ARGUMENT",
      'restore: spikes: expected a part for "b", got none; is it the state of another network?',
    ],
    [
      ["outputs", "out"],
      Float64Array.of(NaN),
      "ARGUMENT",
      'restore: output "out": expected finite numbers, got NaN at index 0',
    ],
    [
      ["synapses", "00"],
      { weights: new Float32Array(2) },
      "ARGUMENT",
      'restore: synapses: expected options among 0, 1, 2, 3, 4, got "00"; did you mean "0"?',
    ],
    [
      ["synapses", 1, "post"],
      new Float32Array(4).fill(-1),
      "ARGUMENT",
      "restore: synapse 1: post: expected finite numbers >= 0, got -1 at index 0",
    ],
    [
      ["synapses", 1, "eligibilityScale"],
      0.5,
      "ARGUMENT",
      "restore: synapse 1: eligibilityScale: expected a finite number >= 1 <= 1048576, got 0.5",
    ],
  ])("%j as %j is refused with %s", async (path, other, code, message) => {
    for (const simulator of await create()) {
      prepare(simulator);
      const state = withValue(simulator.state(), path, other) as LiveState;
      const error = errorOf(() => simulator.restore(state));
      expect([error.code, error.message]).toEqual([code, message]);
      simulator.dispose();
    }
  });
});
