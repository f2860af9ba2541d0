// The quantised twin: the ReLU network in integers whose activations equal the spike counts. The oracle of the tests.
import { checkNumbers, checkObject } from "../check.ts";
import { LlifError } from "../errors.ts";
import { rulesOf, checkCode } from "../spiking/code.ts";
import { requireMapped, type MappedNetwork, type MappedSynapse } from "../spiking/mapped.ts";
import { populationsOf, shapeOf, type SpikingNetwork, type SpikingPool, synapsesTo } from "../spiking/network.ts";
import { twinQuanta, type TwinOptions } from "../spiking/twin-ticks.ts";
import { channelsOf, sizeOf } from "../tensor.ts";

/** The quantised network that equals an exact spiking network, count by count; not a simulation. */
export interface QuantizedTwin {
  /** @param counts integers N_0 of the input, channels last. */
  run(counts: ArrayLike<number>): TwinOutcome;
}

export interface TwinOutcome {
  /** By population; Int32Array if it is not rectified, and in signed `rate`, as in a run's result. */
  readonly counts: Readonly<Record<string, Uint32Array | Int32Array>>;
  /** Charges by output. */
  readonly charges: Readonly<Record<string, Int32Array>>;
}

/**
 * N = clip(floor((V + v0) / θ), 0, T), with ternary digits clip(floor(V/θ + ½), 0 or −T, T). Max pools are maxima of
 * counts, sum pools are sums. Written in plain loops without code of the engines, schedules or the quantiser, because
 * it is their oracle.
 * @throws {LlifError} UNSUPPORTED for networks without a twin.
 * @see docs/mathematics.md T7, T8, T12, T14
 */
export function quantizedTwin(network: SpikingNetwork, options: TwinOptions = {}): QuantizedTwin {
  checkObject(
    "quantizedTwin: network: input",
    checkObject("quantizedTwin: network", network, "a spiking network").input,
  );
  if (network.arithmetic !== "int32") {
    const { flags } = checkCode(`network "${network.name}": code`, network.code);
    throw new LlifError(
      "UNSUPPORTED",
      `network "${network.name}": only integer networks have a quantised twin, this is ${flags.schedule} ${flags.code} in ${network.arithmetic}`,
    );
  }
  const mapped = requireMapped("quantizedTwin", network);
  const quantumOf = twinQuanta("quantizedTwin", network, options);
  return {
    run: (counts) =>
      runTwin(
        mapped,
        quantumOf,
        checkNumbers("QuantizedTwin.run: counts", counts, { length: sizeOf(network.input.shape) }),
      ),
  };
}

function runTwin(
  network: MappedNetwork,
  quantumOf: (population: string) => number,
  inputCounts: ArrayLike<number>,
): TwinOutcome {
  const { startsAtHalf, cancelsSpikes } = rulesOf(network.code);
  const known = new Map<string, ArrayLike<number>>([[network.input.name, inputCounts]]);
  const charges: Record<string, Int32Array> = Object.create(null);
  for (const node of network.nodes) {
    if (node.kind === "pool") {
      known.set(node.name, pooledCounts(network, node, known.get(node.from) as ArrayLike<number>));
      continue;
    }
    const charge = new Float64Array(sizeOf(node.shape)).map((_, index) => node.bias[index % node.bias.length]);
    for (const synapse of synapsesTo(network, node.name)) {
      addCharge(network, synapse, known.get(synapse.from) as ArrayLike<number>, charge);
    }
    if (node.kind === "output") {
      charges[node.name] = Int32Array.from(charge);
    } else {
      const { threshold, initialPotential } = node.neuron;
      const least = node.rectified ? 0 : -network.levels;
      const quantum = quantumOf(node.name);
      const counts = charge.map((value, index) => {
        const step = quantum * threshold[index % threshold.length];
        const start = initialPotential[index % initialPotential.length] + (startsAtHalf ? 0 : step / 2);
        const most = Math.floor(network.levels / quantum);
        return quantum * Math.min(Math.max(Math.floor((value + start) / step), least), most);
      });
      known.set(node.name, counts);
    }
  }
  const counts = populationsOf(network).map(({ name, rectified }) => {
    const values = known.get(name) as ArrayLike<number>;
    return [name, rectified && !cancelsSpikes ? Uint32Array.from(values) : Int32Array.from(values)] as const;
  });
  return { counts: Object.fromEntries(counts), charges };
}

function addCharge(
  network: MappedNetwork,
  synapse: MappedSynapse,
  source: ArrayLike<number>,
  charge: Float64Array,
): void {
  const { weights } = synapse;
  if (synapse.kind === "dense") {
    for (let output = 0; output < charge.length; output++) {
      for (let input = 0; input < source.length; input++)
        charge[output] += weights[output * source.length + input] * source[input];
    }
    return;
  }
  if (synapse.kind === "identity") {
    for (let index = 0; index < charge.length; index++)
      charge[index] += weights[index % weights.length] * source[index];
    return;
  }
  const [height, width, channels] = shapeOf(network, synapse.from);
  const [rows, columns, outputs] = shapeOf(network, synapse.to);
  const transposed = synapse.kind === "convTranspose2d";
  const groupInputs = channels / synapse.groups;
  const groupOutputs = outputs / synapse.groups;
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++)
      for (let ky = 0; ky < synapse.kernel[0]; ky++)
        for (let kx = 0; kx < synapse.kernel[1]; kx++) {
          const inputY = transposed
            ? (y + synapse.padding.top - ky * synapse.dilation[0]) / synapse.stride[0]
            : y * synapse.stride[0] - synapse.padding.top + ky * synapse.dilation[0];
          const inputX = transposed
            ? (x + synapse.padding.left - kx * synapse.dilation[1]) / synapse.stride[1]
            : x * synapse.stride[1] - synapse.padding.left + kx * synapse.dilation[1];
          if (
            inputY < 0 ||
            inputY >= height ||
            inputX < 0 ||
            inputX >= width ||
            !Number.isInteger(inputY) ||
            !Number.isInteger(inputX)
          )
            continue;
          for (let c = 0; c < groupInputs; c++)
            for (let o = 0; o < outputs; o++) {
              const group = Math.floor(o / groupOutputs);
              const weight = weights[((ky * synapse.kernel[1] + kx) * groupInputs + c) * outputs + o];
              charge[(y * columns + x) * outputs + o] +=
                weight * source[(inputY * width + inputX) * channels + group * groupInputs + c];
            }
        }
}

function pooledCounts(network: SpikingNetwork, pool: SpikingPool, source: ArrayLike<number>): Float64Array {
  const [height, width] = shapeOf(network, pool.from);
  const [, columns] = pool.shape;
  const channels = channelsOf(pool.shape);
  return new Float64Array(sizeOf(pool.shape)).map((_, index) => {
    const position = Math.floor(index / channels);
    const times = pool.multiplicity?.[position] ?? 1;
    let result = pool.mode === "max" ? -Infinity : 0;
    for (let ky = 0; ky < pool.kernel[0]; ky++)
      for (let kx = 0; kx < pool.kernel[1]; kx++) {
        const y = Math.floor(position / columns) * pool.stride[0] - pool.padding.top + ky * pool.dilation[0];
        const x = (position % columns) * pool.stride[1] - pool.padding.left + kx * pool.dilation[1];
        if (y < 0 || y >= height || x < 0 || x >= width) continue;
        const count = source[(y * width + x) * channels + (index % channels)];
        result = pool.mode === "max" ? Math.max(result, count) : result + times * count;
      }
    return result === -Infinity ? 0 : result;
  });
}
