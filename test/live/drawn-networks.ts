// A drawn network (drawn.ts) twice: with constants in float64 for the naive definition, and as the builder makes it for the engines.
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import type { SpikingNetwork } from "../../ts/spiking/network.ts";
import type { Drawn, DrawnPopulation, DrawnSynapse } from "./drawn.ts";

const at = (values: readonly number[], index: number) => values[index % values.length];

/** One value for all if no list has more, else one a neuron. */
function combined(lists: readonly (readonly number[])[], value: (...own: number[]) => number): number[] {
  return Array.from({ length: Math.max(...lists.map(({ length }) => length)) }, (_, index) =>
    value(...lists.map((list) => at(list, index))),
  );
}

/** What a tick adds to v for one unit of a displacement of the level that decays with `own`. */
function gain(tau: number, own: number): number {
  if (tau === own) return Math.exp(-1 / tau) / tau;
  return (own / (own - tau)) * (Math.exp(-1 / own) - Math.exp(-1 / tau));
}

function bias({ drive, tau }: DrawnPopulation): number[] {
  return drive === null || tau === null
    ? [0]
    : combined([drive, tau], (level, constant) => level * (1 - Math.exp(-1 / constant)));
}

function chargePerSpike({ adaptation, tau }: DrawnPopulation): number[] {
  if (adaptation === null || tau === null) return [];
  return combined([adaptation.jump, tau], (jump, constant) => jump * gain(constant, adaptation.tau));
}

/** Brian2 counts the shortest interval, the network the ticks without a spike. */
const silentTicks = ({ refractory }: DrawnPopulation) => refractory.map((interval) => Math.max(0, interval - 1));

/** The record that the naive definition reads, with all constants in float64. */
export function definition({ before, populations, synapses, inputs }: Drawn): SpikingNetwork {
  const sizes = new Map([["input", inputs], ...populations.map(({ name, n }): [string, number] => [name, n])]);
  return {
    input: { name: "input", shape: [inputs] },
    nodes: populations.map((drawn) => ({
      kind: "population",
      name: drawn.name,
      shape: [drawn.n],
      bias: bias(drawn),
      neuron: {
        model: "llif",
        threshold: drawn.threshold,
        initialPotential: drawn.initial,
        ...(drawn.strict ? { strict: true } : {}),
        ...(drawn.tau === null ? {} : { leak: { factorPerTick: drawn.tau.map((tau) => Math.exp(-1 / tau)) } }),
        reset: {
          hard: [drawn.reset === null ? 0 : 1],
          ...(drawn.reset === null ? {} : { value: drawn.reset }),
          clears: drawn.clears,
        },
        refractory: { ticks: silentTicks(drawn), clamp: drawn.clamp },
        ...(drawn.floor === null ? {} : { floor: [drawn.floor] }),
        currents: drawn.currents.map(({ name, tau }) => ({
          name,
          factorPerTick: tau.map((own) => Math.exp(-1 / own)),
          gain: combined([drawn.tau as number[], tau], gain),
        })),
        ...(drawn.adaptation === null
          ? {}
          : {
              adaptation: {
                chargePerSpike: chargePerSpike(drawn),
                factorPerTick: [Math.exp(-1 / drawn.adaptation.tau)],
              },
            }),
        ...(before ? {} : { delivery: "afterThreshold" }),
      },
    })),
    synapses: synapses.map((drawn) => ({
      kind: drawn.kind,
      from: drawn.from,
      to: drawn.to,
      ...(drawn.into === "v" ? {} : { into: drawn.into }),
      ...(drawn.kind === "sparse"
        ? { delayTicks: 0, ...rows(drawn, sizes.get(drawn.from) as number) }
        : { delayTicks: drawn.delay, weights: matrix(drawn, sizes.get(drawn.from) as number) }),
    })),
  } as unknown as SpikingNetwork;
}

function rows({ edges }: DrawnSynapse, sources: number) {
  const offsets = new Array<number>(sources + 1).fill(0);
  for (const [source] of edges) offsets[source + 1]++;
  for (let source = 0; source < sources; source++) offsets[source + 1] += offsets[source];
  const column = (index: number) => edges.map((edge) => edge[index]);
  return { offsets, targets: column(1), weights: column(2), delays: column(3) };
}

/** Weights as the record has them: [targets][sources], or one a neuron. */
function matrix({ kind, edges }: DrawnSynapse, sources: number): number[] {
  const weights: number[] = [];
  for (const [source, target, weight] of edges)
    weights[kind === "identity" ? source : target * sources + source] = weight;
  return weights;
}

/** The same network as a user builds it, in float32. */
export function built({ dtSeconds, before, populations, synapses, inputs }: Drawn): SpikingNetwork {
  let builder = spikingNetwork({ inputs, dtSeconds });
  for (const drawn of populations) {
    const { name, n, tau, currents, threshold, strict, reset, clears, clamp, floor, adaptation } = drawn;
    const one = (values: readonly number[]) => (values.length === 1 ? values[0] : values);
    builder = builder.population({
      name,
      units: n,
      input: "none",
      threshold: { value: one(threshold), strict },
      initialPotential: one(drawn.initial),
      bias: one(bias(drawn)),
      ...(tau === null ? {} : { leak: { kind: "ohmic", timeConstantTicks: one(tau) } }),
      reset: {
        kind: reset === null ? "soft" : "hard",
        ...(reset === null ? {} : { value: one(reset) }),
        ...(clears.length === 0 ? {} : { clears }),
      },
      refractory: clamp.length > 0 ? { ticks: one(silentTicks(drawn)), clamp } : one(silentTicks(drawn)),
      ...(floor === null ? {} : { floor }),
      ...(currents.length === 0
        ? {}
        : { currents: Object.fromEntries(currents.map((own) => [own.name, { timeConstantTicks: one(own.tau) }])) }),
      ...(adaptation === null
        ? {}
        : { adaptation: { chargePerSpike: one(chargePerSpike(drawn)), timeConstantTicks: adaptation.tau } }),
      ...(before ? {} : { delivery: "afterThreshold" }),
    } as never);
  }
  synapses.forEach((drawn, number) => {
    const { from, to, into, kind, delay, edges } = drawn;
    const sources = from === "input" ? inputs : (populations.find(({ name }) => name === from)?.n as number);
    const weights = matrix(drawn, sources);
    const column = (index: 0 | 1 | 2 | 3) => edges.map((edge) => edge[index]);
    const connection =
      kind === "sparse"
        ? { edges: { from: column(0), to: column(1), weights: column(2), delayTicks: column(3) }, delayTicks: 0 }
        : kind === "identity"
          ? { identity: weights, delayTicks: delay }
          : {
              weights: Array.from({ length: weights.length / sources }, (_, target) =>
                weights.slice(target * sources, (target + 1) * sources),
              ),
              delayTicks: delay,
            };
    builder = builder.connect({ name: `s${number}`, from, to, into, ...connection } as never);
  });
  return builder.build();
}
