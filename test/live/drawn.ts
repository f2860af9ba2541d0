// The networks that Brian2 simulates (scripts/brian2/networks.py), drawn again from the same numbers.
import { pcg32 } from "../../ts/random.ts";

/** Times are in ticks; a list of one value is for all neurons. */
export interface DrawnPopulation {
  readonly name: string;
  readonly n: number;
  /** Null: no leak, and no drive. */
  readonly tau: readonly number[] | null;
  readonly currents: readonly { readonly name: string; readonly tau: readonly number[] }[];
  /** The level to which the membrane leaks. */
  readonly drive: readonly number[] | null;
  readonly initial: readonly number[];
  readonly threshold: readonly number[];
  readonly strict: boolean;
  /** Null: soft. */
  readonly reset: readonly number[] | null;
  readonly clears: readonly string[];
  /** The shortest interval, as Brian2 counts it. */
  readonly refractory: readonly number[];
  readonly clamp: readonly string[];
  readonly floor: number | null;
  /** What a spike adds to a displacement of the level. */
  readonly adaptation: { readonly jump: readonly number[]; readonly tau: number } | null;
}

export interface DrawnSynapse {
  readonly from: string;
  readonly to: string;
  readonly into: string;
  readonly kind: "sparse" | "dense" | "identity";
  readonly delay: number;
  /** Source, target, weight, delay: source after source. */
  readonly edges: readonly (readonly [number, number, number, number])[];
}

export interface Drawn {
  readonly dtSeconds: number;
  readonly ticks: number;
  /** Whether spikes are delivered before the threshold. */
  readonly before: boolean;
  readonly populations: readonly DrawnPopulation[];
  readonly synapses: readonly DrawnSynapse[];
  readonly inputs: number;
  /** By tick, the inputs that fire. */
  readonly trains: readonly (readonly number[])[];
}

function numbers(seed: number) {
  const next = pcg32(seed);
  const unit = () => next() / 2 ** 32;
  return {
    unit,
    integer: (low: number, high: number) => low + (next() % (high - low + 1)),
    chance: (probability: number) => unit() < probability,
    between: (low: number, high: number) => low + (high - low) * unit(),
  };
}

function list<T>(length: number, value: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => value(index));
}

function trains(ticks: number, inputs: number, fires: () => boolean): number[][] {
  return list(ticks, () => list(inputs, (input) => (fires() ? input : -1)).filter((input) => input >= 0));
}

export function draw(seed: number, ticks = 1000): Drawn {
  const random = numbers(seed);
  const before = random.chance(0.5);
  const sixteenths = random.chance(0.15);
  const between = (low: number, high: number) => {
    const value = random.between(low, high);
    return sixteenths ? Math.floor(value * 16) / 16 : value;
  };
  const populations = ["a", "b"].slice(0, random.integer(1, 2)).map((name): DrawnPopulation => {
    const n = random.integer(5, 40);
    const many = <T>(value: () => T): T[] => list(random.chance(0.5) ? 1 : n, value);
    const row = (low: number, high: number) => many(() => between(low, high));
    const names = sixteenths ? [] : ["g", "h"].slice(0, random.integer(0, 2));
    const soft = random.chance(0.35);
    const clears = names.filter(() => random.chance(0.4));
    const refracts = random.chance(0.75);
    const refractory = refracts ? many(() => random.integer(1, 7)) : [0];
    const clamped = [
      ...(sixteenths || (soft && !before) ? [] : ["v"]),
      ...names.filter((each) => before || clears.includes(each)),
    ].filter(() => refracts && random.chance(0.7));
    const clamp = clamped.filter((each) => clamped.includes("v") || clears.includes(each));
    const tau = sixteenths ? null : many(() => random.between(5, 30));
    const population = {
      name,
      n,
      tau,
      drive: sixteenths ? null : row(0.7, 1.3),
      initial: row(-0.2, 0.7),
      threshold: row(0.9, 1.2),
      strict: random.chance(0.5),
      reset: soft ? null : random.chance(0.3) ? [0] : row(-0.5, 0.2),
      clears,
      refractory,
      clamp,
      floor: random.chance(0.25) ? between(-0.9, -0.55) : null,
    };
    const currents = names.map((each) => {
      const equal = clamp.length === 0 && random.chance(0.5);
      const constants = many(() => random.between(2, 12));
      return { name: each, tau: equal ? (tau as number[]) : constants };
    });
    const adapts = !sixteenths && random.chance(0.35);
    const adaptation = adapts ? { jump: row(0.02, 0.4), tau: random.between(31, 90) } : null;
    return { ...population, currents, adaptation };
  });
  const sizes = new Map([["input", 5], ...populations.map(({ name, n }): [string, number] => [name, n])]);
  const order = [...sizes.keys()];
  const synapses = list(random.integer(2, 5), (number): DrawnSynapse => {
    const to = populations[random.integer(0, populations.length - 1)];
    const sources = number === 0 ? ["input"] : number === 1 ? [to.name] : order;
    const from = sources[random.integer(0, sources.length - 1)];
    const variables = ["v", ...to.currents.map(({ name }) => name)];
    const into = variables[random.integer(0, variables.length - 1)];
    const first = before || order.indexOf(from) >= order.indexOf(to.name) ? 1 : 0;
    const delay = random.integer(first, 8);
    const own = random.chance(0.5);
    const size = sizes.get(from) as number;
    const kinds = ["sparse", "sparse", "dense", ...(size === to.n ? ["identity"] : [])] as DrawnSynapse["kind"][];
    const kind = kinds[random.integer(0, kinds.length - 1)];
    const strength = (into === "v" ? 0.5 : 1.5) * (from === "input" ? 2 : 1);
    const edges: [number, number, number, number][] = [];
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < to.n; j++) {
        if ((kind === "identity" && i !== j) || (kind === "sparse" && random.unit() >= 0.2)) continue;
        const times = kind === "sparse" && random.chance(0.05) ? 2 : 1;
        for (let time = 0; time < times; time++) {
          const weight = (between(-0.45, 0.55) * strength) / (kind === "dense" && !sixteenths ? 4 : 1);
          edges.push([i, j, weight, delay + (own && kind === "sparse" ? random.integer(0, 5) : 0)]);
        }
      }
    }
    return { from, to: to.name, into, kind, delay, edges };
  });
  const spikes = trains(ticks, 5, () => random.chance(0.08));
  return { dtSeconds: 1e-3, ticks, before, populations, synapses, inputs: 5, trains: spikes };
}

function plain(
  given: Pick<DrawnPopulation, "n" | "initial" | "threshold" | "refractory"> & Partial<DrawnPopulation>,
): DrawnPopulation {
  return {
    name: "cells",
    tau: [200],
    currents: [],
    drive: [0],
    strict: true,
    reset: [0],
    clears: [],
    clamp: ["v"],
    floor: null,
    adaptation: null,
    ...given,
  };
}

/** The CUBA benchmark of Brette et al. 2007 in millivolts above the reset. */
export function cuba(ticks: number, n = 4000): Drawn {
  const random = numbers(1);
  const synapses = ["ge", "gi"].map((into) => ({
    from: "cells",
    to: "cells",
    into,
    kind: "sparse" as const,
    delay: 1,
    edges: [] as [number, number, number, number][],
  }));
  for (let i = 0; i < n; i++) {
    const excites = i < Math.floor((n * 4) / 5);
    for (let edge = 0; edge < 80; edge++)
      synapses[excites ? 0 : 1].edges.push([i, random.integer(0, n - 1), excites ? 1.62 : -9, 1]);
  }
  const cells = plain({
    n,
    currents: [
      { name: "ge", tau: [50] },
      { name: "gi", tau: [100] },
    ],
    drive: [11],
    initial: list(n, () => 10 * random.unit()),
    threshold: [10],
    refractory: [50],
  });
  const silent = list(ticks, () => []);
  return { dtSeconds: 1e-4, ticks, before: false, populations: [cells], synapses, inputs: 1, trains: silent };
}

/** A small network of Brunel 2000 in millivolts. */
export function brunel(ticks: number, before: boolean, n = 1250): Drawn {
  const random = numbers(2);
  const edges: [number, number, number, number][] = [];
  for (let i = 0; i < n; i++)
    for (let edge = 0; edge < 125; edge++)
      edges.push([i, random.integer(0, n - 1), i < Math.floor((n * 4) / 5) ? 0.4 : -2, 15]);
  const initial = list(n, () => 10 + 10 * random.unit());
  const spikes = trains(ticks, n, () => random.unit() < 0.1);
  const cells = plain({ n, initial, threshold: [20], reset: [10], refractory: [20] });
  const outside = list(n, (i): [number, number, number, number] => [i, i, 1.25, 1]);
  return {
    dtSeconds: 1e-4,
    ticks,
    before,
    populations: [cells],
    synapses: [
      { from: "input", to: "cells", into: "v", kind: "identity", delay: 1, edges: outside },
      { from: "cells", to: "cells", into: "v", kind: "sparse", delay: 15, edges },
    ],
    inputs: n,
    trains: spikes,
  };
}
