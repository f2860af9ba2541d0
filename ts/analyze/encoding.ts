// Turns images into the spikes or currents that a network expects: constant, regular or Poisson.
import { requireSpikingNetwork } from "../spiking/check.ts";
import { LlifError } from "../errors.ts";
import { checkInteger, checkOneOf, checkOptions } from "../check.ts";
import { encodePoisson, encodeRegular, type EncodedSpikes } from "../encode/encode.ts";
import { encodePhase } from "../encode/phase.ts";
import { encodeTtfs, encodeTtfsTimes } from "../encode/ttfs.ts";
import type { RunInput } from "../engine/engine.ts";
import { sampleOf, type SampleValues, type ShapedSamples } from "../samples.ts";
import { rulesOf, type Code } from "../spiking/code.ts";
import type { SpikingNetwork } from "../spiking/network.ts";

export const encodings = ["constant", "regular", "phase", "ttfs", "poisson"] as const;
export type Encoding = (typeof encodings)[number];

/** The input encoding of a network. */
export interface EncodingChoice {
  readonly encoding: Encoding;
  /** Seed of Poisson spikes, 0 to 2^20; default 0. */
  readonly seed?: number;
}

/** A network for one encoding, and the encoder of its images. */
export interface InputEncoder {
  /**
   * The network to simulate. Its first weights are scaled if a spike represents a whole pixel value instead of one
   * count.
   */
  readonly network: SpikingNetwork;
  /**
   * @param image pixels 0…255, in the network's layout or with a shape.
   * @param index of the image in its set, default 0; each index has its own Poisson spikes.
   * @param ticks of the run; default: the network's window.
   * @returns the `input` for `run`, and its `spikes`, which are null for constant current.
   */
  encode(
    image: SampleValues | ShapedSamples,
    index?: number,
    ticks?: number,
  ): { readonly input: RunInput; readonly spikes: EncodedSpikes | null };
}

/**
 * Makes an input encoder. Constant current is exact in every code. The other encodings send pixels as spikes in the
 * form of the code: digits for phase, slots or times for ttfs, counts for layerwise rate (all exact if a window reaches
 * 255; in refined phase always), and spike trains of the pixel's rate for synchronous rate.
 * @example
 * const { network, encode } = inputEncoder(spiking, { encoding: "poisson", seed: 1 });
 * const simulator = await createSimulator(network);
 * const { top } = simulator.run(encode(image).input);
 * @throws {LlifError} ARGUMENT if an encoding does not fit the code, or a window is too short for 256 values.
 * @see docs/mathematics.md T3, T7, inputs
 */
export function inputEncoder(network: SpikingNetwork, choice: EncodingChoice): InputEncoder {
  requireSpikingNetwork("inputEncoder: network", network);
  const { encoding, seed = 0 } = checkOptions("inputEncoder", choice, { encoding: true, seed: true });
  checkInteger("inputEncoder: seed", seed, 0);
  checkOneOf("inputEncoder: encoding", encoding, encodings);
  if (encoding === "constant") return { network, encode: (image) => ({ input: image, spikes: null }) };
  const { counts, name } = network.input;
  if (counts === null || counts.minimum !== 0)
    throw new LlifError(
      "ARGUMENT",
      `input "${name}": encoding "${encoding}" expected pixels, whose counts start at 0; take "constant"`,
    );
  const most = counts.maximum;
  if (most === 1 && network.arithmetic === "float32")
    throw new LlifError(
      "ARGUMENT",
      `input "${name}": expected a network as toSpiking gives it, got one that inputEncoder has made for spikes`,
    );
  const { windowTicks } = network;
  const coded = (
    make: (image: Uint8Array, index: number, ticks: number) => EncodedSpikes,
    scaled: boolean,
  ): InputEncoder => ({
    network: scaled ? scaledInput(network, most) : network,
    encode(image, index = 0, ticks = windowTicks) {
      const pixels = sampleOf(`input "${name}"`, image, network.input.shape);
      if (pixels instanceof Float32Array)
        throw new LlifError(
          "ARGUMENT",
          `input "${name}": encoding "${encoding}" expected pixels 0…255 as a Uint8Array or Uint8ClampedArray, got real values; they enter as constant current`,
        );
      const spikes = make(
        pixels,
        checkInteger("encode: index", index, 0, 2 ** 32 - 1),
        checkInteger("encode: ticks", ticks, 1, 2 ** 24),
      );
      return { input: { spikes }, spikes };
    },
  });
  const makers: Makers = makersOf[network.code.kind];
  const maker = makers[encoding];
  if (maker === undefined) throw unsuited(network, encoding);
  if (encoding === "poisson") checkInteger("seed of the Poisson spikes", seed, 0, 2 ** 20);
  if (!maker.whole && maker.anyReach !== true) requireReach(network, encoding, network.levels, most);
  return coded((image, index, ticks) => maker.encode({ network, image, index, ticks, most, seed }), maker.whole);
}

type SpikeEncoding = Exclude<Encoding, "constant">;

interface Maker {
  /** Whether a spike represents a whole pixel value; otherwise spikes are counts, which must fit the window. */
  readonly whole: boolean;
  /** Whether more than one spike a tick lets any count fit. */
  readonly anyReach?: boolean;
  encode(input: {
    readonly network: SpikingNetwork;
    readonly image: Uint8Array;
    readonly index: number;
    readonly ticks: number;
    /** Largest pixel. */
    readonly most: number;
    readonly seed: number;
  }): EncodedSpikes;
}

type Makers = Partial<Readonly<Record<SpikeEncoding, Maker>>>;

const rates = (image: Uint8Array, full: number) => Float64Array.from(image, (count) => count / full);

/** Counts, for any length of the window. */
const regularCounts: Maker = {
  whole: false,
  encode: ({ image, network: { windowTicks } }) => ({
    ...encodeRegular(rates(image, windowTicks), windowTicks),
    meaning: undefined,
  }),
};

/** The encodings of each code besides constant current. */
const makersOf = {
  rate: {
    regular: { whole: true, encode: ({ image, most, ticks }) => encodeRegular(rates(image, most), ticks) },
    poisson: {
      whole: true,
      encode: ({ image, most, ticks, seed, index }) => encodePoisson(rates(image, most), ticks, seed * 2 ** 32 + index),
    },
  },
  signedRate: { regular: regularCounts },
  windowRate: { regular: regularCounts },
  phase: { phase: { whole: false, encode: ({ image, network }) => encodePhase(image, network.windowTicks, network) } },
  refinedPhase: {
    phase: {
      whole: false,
      anyReach: true,
      encode: ({ image, network }) => encodePhase(image, network.windowTicks, network),
    },
  },
  slots: { ttfs: { whole: false, encode: ({ image, network }) => encodeTtfs(image, network.windowTicks) } },
  times: { ttfs: { whole: true, encode: ({ image, most }) => encodeTtfsTimes(rates(image, most)) } },
} satisfies Record<Code["kind"], Makers>;

const suited: Readonly<Record<SpikeEncoding, string>> = {
  regular: "rate",
  poisson: "synchronous rate, whose counts are means",
  phase: "phase",
  ttfs: "ttfs",
};

/** Spikes of ticks `from` to `to` − 1, with ticks relative to `from`, for a run in parts. */
export function spikesBetween(spikes: EncodedSpikes, from: number, to: number): EncodedSpikes {
  const kept = Uint32Array.from(spikes.ticks.keys()).filter(
    (index) => spikes.ticks[index] >= from && spikes.ticks[index] < to,
  );
  const { signs, times } = spikes;
  return {
    ticks: kept.map((index) => spikes.ticks[index] - from),
    neurons: kept.map((index) => spikes.neurons[index]),
    ...(signs === undefined ? {} : { signs: Int8Array.from(kept, (index) => signs[index]) }),
    ...(times === undefined ? {} : { times: Float64Array.from(kept, (index) => times[index]) }),
  };
}

/** Spikes of each input neuron. */
export function spikesOfInputs(spikes: EncodedSpikes, inputs: number): Uint32Array {
  const counts = new Uint32Array(inputs);
  for (const neuron of spikes.neurons) counts[neuron]++;
  return counts;
}

/** The network with its input scaled so that one spike represents `factor` counts. */
function scaledInput(network: SpikingNetwork, factor: number): SpikingNetwork {
  const synapses = network.synapses.map((synapse) =>
    synapse.from === network.input.name
      ? { ...synapse, weights: synapse.weights.map((weight) => weight * factor) }
      : synapse,
  );
  const { name, shape, counts } = network.input;
  const input = { name, shape, counts: { unit: (counts?.unit ?? 1) * factor, minimum: 0, maximum: 1 } };
  return { ...network, input, synapses: synapses as SpikingNetwork["synapses"] };
}

function requireReach({ name, input }: SpikingNetwork, encoding: Encoding, reach: number, most: number): void {
  if (reach >= most) return;
  throw new LlifError(
    "ARGUMENT",
    `network "${name}", input "${input.name}": encoding "${encoding}" expected a window that reaches ${most}, as pixels do; this one reaches ${reach}: take more bits, or encoding "constant"`,
  );
}

function unsuited({ name, code: own }: SpikingNetwork, encoding: SpikeEncoding): LlifError {
  const { code, schedule } = rulesOf(own).flags;
  return new LlifError(
    "ARGUMENT",
    `network "${name}": encoding "${encoding}" expected code ${suited[encoding]}, got ${code}, ${schedule}; encoding "constant" fits every code`,
  );
}
