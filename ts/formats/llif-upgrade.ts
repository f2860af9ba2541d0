// Versions of the network description in `.llif` files: the newest is written, older ones are converted to it. Invalid
// networks are left for the checks to refuse.
import { LlifError } from "../errors.ts";
import { codeOf, type CodeOptions } from "../spiking/code-options.ts";

type Json = Readonly<Record<string, unknown>>;

/** Each step converts a description of its version to the next one. */
const steps: Readonly<Record<string, (description: Json, place: string) => Json>> = {
  "1": (network, place) => withOneCode(withNeurons(network), place),
};

/** The version that is written. */
export const newestVersion = "2";

/** @throws {LlifError} FORMAT for a version that this package does not know; ARGUMENT for a code that never was one. */
export function upgrade(description: unknown, version: string | undefined, place: string): unknown {
  const known = [...Object.keys(steps), newestVersion];
  if (version === undefined || !known.includes(version)) {
    const advice = Number(version) > Number(newestVersion) ? "; a newer llif wrote it" : "";
    throw new LlifError("FORMAT", `${place}: expected format version ${known.join(" or ")}, got ${version}${advice}`);
  }
  if (!isRecord(description)) return description;
  return known
    .slice(known.indexOf(version), -1)
    .reduce((before: Json, step) => steps[step](before, place), description);
}

/**
 * Version 1 had the options of a code as fields, and distinguished slots of `ttfs` from real-valued times by the
 * arithmetic.
 */
function withOneCode({ code, schedule, spikes, nonAdjacent, settles, ...others }: Json, place: string): Json {
  if (code === "phase" && schedule === "synchronous")
    throw new LlifError("ARGUMENT", `${place}: code "phase": expected schedule "layerwise", got "synchronous"`);
  const ticks = others.arithmetic === "int32" ? Number(others.windowTicks) : undefined;
  return { ...others, code: codeOf({ code, schedule, spikes, nonAdjacent, settles, ticks } as CodeOptions, place) };
}

/** Version 1 had a neuron's parameters as fields of the population, one value for all neurons. */
function withNeurons(network: Json): Json {
  if (!Array.isArray(network.nodes)) return network;
  return { ...network, nodes: network.nodes.map((node) => (isPopulation(node) ? upgradePopulation(node) : node)) };
}

function upgradePopulation(population: Json): Json {
  const { threshold, initialPotential, floor, leakFactor, reset, spikesPerTick, refractory, ...rest } = population;
  const length = ArrayBuffer.isView(threshold) ? (threshold as Float32Array).length : 1;
  const neuron = {
    model: "llif",
    threshold,
    initialPotential,
    ...(leakFactor === 1 ? {} : { leak: { factorPerTick: filled(Float32Array, length, leakFactor) } }),
    ...(floor === -Infinity ? {} : { floor: filled(Float32Array, length, floor) }),
    ...(reset === "soft" ? {} : { reset: reset === "hard" ? { hard: filled(Uint8Array, length, 1) } : reset }),
    ...(spikesPerTick === 1 ? {} : { spikesPerTick }),
    ...(isRecord(refractory) && refractory.ticks !== 0
      ? { refractory: { ...refractory, ticks: filled(Uint32Array, length, refractory.ticks) } }
      : {}),
  };
  return { ...rest, neuron };
}

/** An array of equal values; a value that does not fit the array type is returned unchanged. */
function filled(
  Type: Float32ArrayConstructor | Uint8ArrayConstructor | Uint32ArrayConstructor,
  length: number,
  value: unknown,
): unknown {
  if (typeof value !== "number") return value;
  const row = new Type(length).fill(value);
  const kept = Type === Float32Array ? Number.isFinite(row[0]) === Number.isFinite(value) : row[0] === value;
  return kept ? row : value;
}

function isPopulation(node: unknown): node is Json {
  return isRecord(node) && node.kind === "population" && node.neuron === undefined;
}

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
