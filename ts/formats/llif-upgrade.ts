// What networks of older `.llif` files look like today. Only the form changes: what does not hold is for the checks to refuse.

type Json = Readonly<Record<string, unknown>>;

/** A network of format version 1, whose populations had the parameters of their neurons beside the other fields, one value for all. */
export function upgradeNetwork(network: unknown): unknown {
  if (!isRecord(network) || !Array.isArray(network.nodes)) return network;
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

/** What no element of the array can be stays as it is. */
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
