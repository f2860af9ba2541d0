// Random live networks of every option: both engines equal the naive definition bit for bit, and go on from each other's state.
import { expect, it } from "vitest";
import type { Simulator } from "../../ts/engine/engine.ts";
import { readState, writeState } from "../../ts/formats/live-state.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { restTolerances } from "../../ts/spiking/live.ts";
import { populationsOf, type Population, type SpikingNetwork } from "../../ts/spiking/network.ts";
import { stdp } from "../../ts/spiking/plasticity.ts";
import { sizeOf } from "../../ts/tensor.ts";
import { Draw } from "../draw.ts";
import { engines } from "../theorems/engines.ts";
import { NaiveLive } from "./naive.ts";
import { backgroundCounts } from "./poisson.ts";

const networks = Number(process.env["LLIF_LIVE_NETWORKS"] ?? 150);
const dtSeconds = 1e-3;
const inputs = 3;

/** One value for all, or one a neuron. */
function row(draw: Draw, size: number, value: () => number): number | Float32Array {
  return draw.chance(50) ? value() : Float32Array.from({ length: size }, value);
}

function drawPopulation(draw: Draw, name: string, size: number) {
  const between = (low: number, high: number) => low + (high - low) * draw.unit();
  const value = draw.chance(50) ? between(-1, 0) : 0;
  const names = ["g", "h"].slice(0, draw.integer(0, 2));
  const never = draw.chance(5);
  // A forced spike of a neuron with an infinite threshold needs a hard reset.
  const hard = never || draw.chance(60);
  const clears = names.filter(() => draw.chance(40));
  const level = draw.chance(20);
  const refractory = draw.of<object | undefined>(
    undefined,
    { refractory: { ticks: draw.integer(1, 4), input: draw.of("integrate", "discard") } },
    {
      refractory: {
        ticks: row(draw, size, () => draw.integer(0, 4)),
        clamp: draw.of(["v"], ["v", ...names], names.length > 0 ? names : ["v"]),
      },
    },
  );
  return {
    name,
    units: size,
    input: "none" as const,
    threshold: never
      ? Infinity
      : draw.chance(30)
        ? { value: row(draw, size, () => between(0.5, 1.5)), strict: true as const }
        : row(draw, size, () => between(0.5, 1.5)),
    initialPotential: row(draw, size, () => between(-0.5, 0.4)),
    bias: draw.chance(60) ? row(draw, size, () => between(-0.05, 0.2)) : 0,
    ...(hard ? { reset: { kind: "hard" as const, value, ...(clears.length > 0 ? { clears } : {}) } } : {}),
    ...(level
      ? { leak: { kind: "constant" as const, chargePerTick: between(0.01, 0.1), until: between(-0.2, 0.2) } }
      : draw.chance(70)
        ? { leak: { kind: "ohmic" as const, timeConstantTicks: row(draw, size, () => between(2, 40)) } }
        : {}),
    ...(draw.chance(30) ? { floor: between(-1, -0.1) } : {}),
    ...(names.length > 0
      ? { currents: Object.fromEntries(names.map((each) => [each, { timeConstantTicks: between(1, 20) }])) }
      : {}),
    ...(draw.chance(25) ? { adaptation: { chargePerSpike: between(0, 0.2), timeConstantTicks: between(5, 50) } } : {}),
    ...(draw.chance(30) ? { delivery: "afterThreshold" as const } : {}),
    ...(draw.chance(40) ? { restTolerance: draw.of(0, 2 ** -10, 0.01) } : {}),
    ...(refractory ?? {}),
  };
}

const between = (draw: Draw, low: number, high: number) => low + (high - low) * draw.unit();
/** Bounds of the weights that learn. */
const [minimum, maximum] = [-0.75, 1];

function drawRule(draw: Draw) {
  return stdp({
    plus: between(draw, -0.1, 0.3),
    minus: between(draw, -0.1, 0.3),
    timeConstantTicks: [between(draw, 0.5, 40), between(draw, 0.5, 40)],
    minimum,
    maximum,
    weightDependence: draw.of("additive", "multiplicative"),
    trace: draw.of("add", "set"),
    coincident: draw.of("none", "potentiate", "both"),
    ...(draw.chance(40) ? { reward: { timeConstantTicks: between(draw, 1, 40) } } : {}),
  });
}

function drawNetwork(draw: Draw): SpikingNetwork {
  let builder = spikingNetwork({ inputs, dtSeconds });
  const sizes = new Map<string, number>([["input", inputs]]);
  const currents = new Map<string, string[]>();
  for (const name of ["a", "b", "c"].slice(0, draw.integer(1, 3))) {
    const size = draw.of(1, 4, 7, 70, 130);
    const population = drawPopulation(draw, name, size);
    builder = builder.population(population as never);
    sizes.set(name, size);
    currents.set(name, Object.keys(population.currents ?? {}));
  }
  const populations = [...currents.keys()];
  const synapses = draw.integer(1, 6);
  for (let number = 0; number < synapses; number++) {
    const [from, to] = [draw.of(...sizes.keys()), draw.of(...populations)];
    const [sources, targets] = [from, to].map((name) => sizes.get(name) as number);
    const into = draw.of("v", ...(currents.get(to) as string[]));
    const forward = from === "input" || populations.indexOf(from) < populations.indexOf(to);
    const delayTicks = draw.integer(forward ? 0 : 1, 5);
    const weight = () => (draw.unit() - 0.35) * (into === "v" ? 0.8 : 1.5);
    const kind = draw.of("sparse", "sparse", "dense", ...(sources === targets ? ["identity"] : []));
    const count = draw.integer(1, 3 * targets);
    const list = (value: () => number) => Array.from({ length: count }, value);
    const connection =
      kind === "dense"
        ? {
            weights: Array.from({ length: targets }, () =>
              Array.from({ length: sources }, () => weight() / Math.sqrt(sources)),
            ),
          }
        : kind === "identity"
          ? { identity: Array.from({ length: targets }, weight) }
          : {
              edges: {
                from: list(() => draw.integer(0, sources - 1)),
                to: list(() => draw.integer(0, targets - 1)),
                weights: list(weight),
                ...(draw.chance(40) ? { delayTicks: list(() => draw.integer(0, 4)) } : {}),
              },
            };
    const learns = kind !== "identity" && draw.chance(25) ? { plasticity: drawRule(draw) } : {};
    builder = builder.connect({ name: `s${number}`, from, to, into, delayTicks, ...learns, ...connection } as never);
  }
  return builder.build();
}

type Action = (simulator: Simulator) => void;

/** What is done to a population between two runs: to the definition at once, to the simulators by what is returned. */
function drawOutside(draw: Draw, naive: NaiveLive, { name, shape, neuron }: Population): Action[] {
  const size = sizeOf(shape);
  const some = () => Uint32Array.from({ length: size }, (_, index) => index).filter(() => draw.chance(30));
  const outside = naive.outside(name);
  const actions: Action[] = [];
  if (draw.chance(30)) {
    const drive = draw.chance(30)
      ? null
      : Float32Array.from({ length: size }, () => (draw.chance(50) ? draw.unit() * 0.3 : 0));
    actions.push((simulator) => simulator.drive(name, drive));
    outside.drive = drive === null ? null : [...drive];
  }
  if (draw.chance(30)) {
    const neurons = some();
    actions.push((simulator) => simulator.force(name, neurons));
    neurons.forEach((index) => outside.forced.add(index));
  }
  if (draw.chance(20)) {
    const neurons = some();
    actions.push((simulator) => simulator.silence(name, neurons));
    outside.silenced = new Set(neurons);
  }
  for (const [variable, into] of ["v", ...(neuron.currents ?? []).map((current) => current.name)].entries()) {
    if (!draw.chance(25)) continue;
    const neurons = some();
    const options = {
      rateHz: draw.of(0, 40, 900, 30_000),
      weight: Math.fround(between(draw, -0.1, 0.3)),
      seed: draw.of(0, 2 ** 32 - 1, draw.integer(0, 1e6)),
      ...(into === "v" ? {} : { into }),
    };
    actions.push((simulator) => simulator.background(name, { ...options, neurons }));
    const mean = options.rateHz * dtSeconds;
    outside.background = outside.background.filter((source) => source.into !== variable);
    if (mean > 0 && neurons.length > 0)
      outside.background.push({
        into: variable,
        weight: options.weight,
        counts: backgroundCounts(mean, options.seed, neurons, naive.ticks),
      });
  }
  return actions;
}

/** Weights, rewards and resets between two runs, in the same way. */
function drawChanges(draw: Draw, naive: NaiveLive, network: SpikingNetwork): Action[] {
  const actions: Action[] = [];
  if (draw.chance(10)) {
    naive.reset();
    actions.push((simulator) => simulator.reset());
  }
  network.synapses.forEach((synapse, number) => {
    if (!draw.chance(15)) return;
    const weights = Float32Array.from(synapse.weights, () => (draw.chance(5) ? -0 : between(draw, -0.4, 0.8)));
    naive.setWeights(synapse, weights);
    const name = draw.chance(50) ? number : `s${number}`;
    actions.push((simulator) => simulator.setWeights(name, weights));
  });
  if (network.synapses.some(({ plasticity }) => plasticity?.reward !== undefined) && draw.chance(50)) {
    const value = between(draw, -1, 1);
    naive.reward(value);
    actions.push((simulator) => simulator.reward(value));
  }
  return actions;
}

const bits = (values: ArrayLike<number>) => [...new Uint32Array(Float32Array.from(values).buffer)];

async function compare(seed: number): Promise<number> {
  const draw = new Draw(seed);
  const network = drawNetwork(draw);
  const populations = populationsOf(network);
  const names = populations.map(({ name }) => name);
  let simulators = await Promise.all(
    engines.map((engine) => engine.createSimulator(network, { record: { spikes: names }, live: true })),
  );
  const naive = new NaiveLive(network, Math.fround, (population) => [...restTolerances(network, population)]);
  const takesValues = !network.synapses.some(
    (synapse) =>
      synapse.from === "input" &&
      (synapse.into !== undefined ||
        synapse.plasticity !== undefined ||
        synapse.delayTicks > 0 ||
        (synapse.kind === "sparse" && synapse.delays !== undefined)),
  );
  let spikes = 0;
  for (let run = 0; run < 5; run++) {
    const actions = [
      ...drawChanges(draw, naive, network),
      ...populations.flatMap((population) => drawOutside(draw, naive, population)),
    ];
    for (const simulator of simulators) for (const act of actions) act(simulator);
    // A run that keeps no state forgets what was set before it.
    const keepState = draw.chance(90);
    if (!keepState) naive.reset();
    const ticks = draw.integer(1, 12);
    const trains = Array.from({ length: ticks }, () => [0, 1, 2].filter(() => draw.chance(30)));
    const values = takesValues && draw.chance(40) ? [...draw.floats(inputs, 0.4)] : null;
    const input = {
      spikes: { ticks: trains.flatMap((train, tick) => train.map(() => tick)), neurons: trains.flat() },
      ...(values === null ? {} : { values: Float32Array.from(values) }),
    };
    const results = simulators.map((simulator) => simulator.run(input, { ticks, keepState }));
    const expected = new Map<string, [number[], number[]]>(names.map((name) => [name, [[], []]]));
    trains.forEach((train, tick) => {
      for (const [name, fired] of naive.tick(train, values)) {
        const [at, neurons] = expected.get(name) as [number[], number[]];
        at.push(...fired.map(() => tick));
        neurons.push(...fired);
        spikes += fired.length;
      }
    });
    simulators.forEach((simulator, number) => {
      const place = `seed ${seed}, run ${run}, engine ${simulator.engine}`;
      for (const { name, neuron } of populations) {
        const train = results[number].spikes[name];
        expect([[...train.ticks], [...train.neurons]], `${place}: spikes of ${name}`).toEqual(expected.get(name));
        const states = naive.neurons(name);
        const read = (variable?: string) => bits(simulator.potentials(name, variable));
        expect(read(), `${place}: potentials of ${name}`).toEqual(bits(states.map(({ v }) => v)));
        neuron.currents?.forEach((current, index) =>
          expect(read(current.name), `${place}: ${current.name} of ${name}`).toEqual(
            bits(states.map(({ g }) => g[index])),
          ),
        );
        if (neuron.adaptation !== undefined)
          expect(read("adaptation"), `${place}: adaptation of ${name}`).toEqual(bits(states.map(({ w }) => w)));
      }
    });
    for (const [number, synapse] of network.synapses.entries())
      for (const simulator of simulators)
        expect(
          bits(simulator.weights(number)),
          `seed ${seed}, run ${run}, engine ${simulator.engine}: weights ${number}`,
        ).toEqual(bits(naive.weights(synapse)));
    if (draw.chance(40)) {
      const saved = simulators.map((simulator) => simulator.state());
      expect(saved[1]).toEqual(saved[0]);
      simulators = [...simulators].reverse();
      const bytes = draw.chance(50);
      simulators.forEach((simulator, number) =>
        simulator.restore(bytes ? readState(writeState(saved[number])) : saved[number]),
      );
    }
  }
  for (const simulator of simulators) simulator.dispose();
  return spikes;
}

it(`${networks} random networks: both engines equal the definition bit for bit`, async () => {
  let firing = 0;
  for (let seed = 0; seed < networks; seed++) if ((await compare(seed)) > 20) firing++;
  expect(firing).toBeGreaterThan(networks / 3);
}, 1_200_000);
