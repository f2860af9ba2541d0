// The same program in Node and in a page: what it returns must be equal. Plain data only, it crosses as JSON.
import {
  createLearner,
  createSimulator,
  freeze,
  pool,
  preloadCore,
  referenceEngine,
  supportsSimd,
  toRelu,
  trainReadout,
  wasmEngine,
} from "llif";

/** Mulberry32: the same weights and inputs in every runtime. */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const channels = 8;
const window2d = {
  kernel: [3, 3],
  stride: [1, 1],
  dilation: [1, 1],
  padding: { top: 1, bottom: 1, left: 1, right: 1 },
};

/** 6×6 image → convolution of 8 channels → 20 neurons → 5 outputs, in f32 or in integers. */
function network({ code, arithmetic, windowTicks, levels, threshold }) {
  const next = random(7);
  const array = arithmetic === "int32" ? Int32Array : Float32Array;
  const charges = (length, reach) => array.from({ length }, () => (next() * 2 - 0.8) * reach);
  const population = (name, shape, size) => ({
    kind: "population",
    rectified: true,
    name,
    shape,
    bias: charges(size, threshold / 8),
    neuron: {
      model: "llif",
      threshold: array.from({ length: size }, () => threshold),
      initialPotential: array.from({ length: size }, () => threshold / 2),
      ...(code.kind === "rate" ? { leak: { factorPerTick: new Float32Array(size).fill(0.97) } } : {}),
    },
    unit: new Float64Array(size).fill(1),
  });
  const synapse = (from, to, rest) => ({ from, to, delayTicks: 0, ...rest });
  return {
    name: "probe",
    code,
    arithmetic,
    windowTicks,
    levels,
    dtSeconds: 1,
    classes: [],
    convention: { scale: 1, mean: [0], std: [1], channelOrder: "gray" },
    input: {
      name: "image",
      shape: [6, 6, 1],
      counts: arithmetic === "int32" ? { unit: 1, minimum: 0, maximum: 255 } : null,
    },
    nodes: [
      population("conv", [6, 6, channels], channels),
      population("dense", [20], 20),
      {
        kind: "output",
        name: "logits",
        shape: [5],
        bias: charges(5, threshold),
        unit: new Float64Array(5).fill(1),
        rectified: false,
      },
    ],
    synapses: [
      synapse("image", "conv", {
        kind: "conv2d",
        weights: charges(9 * channels, threshold / 8),
        groups: 1,
        ...window2d,
      }),
      synapse("conv", "dense", { kind: "dense", weights: charges(20 * 36 * channels, threshold / 40) }),
      synapse("dense", "logits", { kind: "dense", weights: charges(100, threshold) }),
    ],
  };
}

const cases = {
  "synchronous rate": {
    code: { kind: "rate" },
    arithmetic: "float32",
    windowTicks: 40,
    levels: 40,
    threshold: 1,
  },
  "layerwise rate": {
    code: { kind: "windowRate" },
    arithmetic: "int32",
    windowTicks: 31,
    levels: 31,
    threshold: 4096,
  },
  phase: {
    code: { kind: "phase", digits: "binary" },
    arithmetic: "int32",
    windowTicks: 6,
    levels: 63,
    threshold: 4096,
  },
};

async function simulate(engine, settings) {
  const simulator = await engine.createSimulator(network(settings), {
    record: { spikes: ["conv", "dense"], potentials: { dense: [0, 7] } },
  });
  const next = random(3);
  const result = simulator.run(
    settings.arithmetic === "int32"
      ? Uint8Array.from({ length: 36 }, () => next() * 64)
      : Float32Array.from({ length: 36 }, next),
  );
  simulator.dispose();
  const plain = ({ ticks, neurons }) => ({ ticks: [...ticks], neurons: [...neurons] });
  return {
    logits: [...result.logits],
    counts: { conv: [...result.counts.conv], dense: [...result.counts.dense] },
    potentials: [...result.potentials.dense],
    spikes: { conv: plain(result.spikes.conv), dense: plain(result.spikes.dense) },
    statistics: result.statistics,
  };
}

/** Two workers, six samples. */
async function simulateInWorkers(settings) {
  const workers = await pool(network(settings), { size: 2 });
  const next = random(5);
  const results = await workers.runBatch(
    Array.from({ length: 6 }, () => Uint8Array.from({ length: 36 }, () => next() * 64)),
  );
  workers.dispose();
  return results.map(({ logits, counts }) => [[...logits], [...counts.dense]]);
}

/** A layer of 6 neurons learns 600 images of 9 pixels; then a read-out. */
async function learn(engine) {
  const next = random(11);
  const images = Uint8Array.from(
    { length: 600 * 9 },
    (_, at) => (at % 3 === Math.floor(at / 9) % 3 ? 150 : 30) + next() * 100,
  );
  const labels = Array.from({ length: 600 }, (_, image) => image % 3);
  const learner = await createLearner({ inputs: [9], neurons: 6, seed: 3, engine });
  const took = learner.learn(images, { order: "random", seed: 1 });
  const state = learner.state();
  learner.dispose();
  const readout = await trainReadout(toRelu(await freeze(state, { calibration: images })), images, labels);
  return { took, wins: [...state.wins], weights: [...state.weights], readout: [...readout.weights] };
}

async function simulateAll(engine) {
  const results = {};
  for (const [name, settings] of Object.entries(cases)) results[name] = await simulate(engine, settings);
  return results;
}

export async function probe() {
  const module = await preloadCore();
  const automatic = await createSimulator(network(cases.phase));
  automatic.dispose();
  return {
    simd: supportsSimd(),
    automatic: automatic.engine,
    coreExports: WebAssembly.Module.exports(module).map(({ name }) => name),
    reference: await simulateAll(referenceEngine()),
    wasm: await simulateAll(wasmEngine()),
    learnt: { reference: await learn("reference"), wasm: await learn("wasm") },
    workers: await simulateInWorkers(cases.phase),
  };
}
