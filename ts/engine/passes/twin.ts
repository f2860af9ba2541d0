// The quantised twin in the Rust core, over batches, without spikes.
import { rulesOf, checkCode } from "../../spiking/code.ts";
import { checkInteger, checkOptions, checkStrings, checkObject } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import {
  populationsOf,
  shapeOf,
  synapsesTo,
  type Charges,
  type SpikingNetwork,
  cancelsSpikes,
} from "../../spiking/network.ts";
import { requireMapped, type MappedNetwork, type MappedSynapse } from "../../spiking/mapped.ts";
import { isPlain } from "../../spiking/neurons/models.ts";
import { twinQuanta, type TwinOptions } from "../../spiking/twin-ticks.ts";
import { formatShape, sizeOf, type Shape } from "../../tensor.ts";
import { Core, isFatal } from "../core.ts";
import type { Glue, WasmSource } from "../load.ts";
import { checkNodeName, loadFor, lookUp, pick, refusals, runInParts, sizesOf, type Kept } from "./parts.ts";

type RawTwinPass = InstanceType<Glue["RawTwinPass"]>;

export interface TwinPassOptions {
  /** Populations and pools whose counts every run returns; "all": all populations; default: none. */
  readonly keep?: readonly string[] | "all";
  readonly wasm?: WasmSource;
}

export interface TwinResult {
  /** Charge of every output by name, shape [samples, outputs]. */
  readonly charges: Readonly<Record<string, Int32Array>>;
  /**
   * By node name, shape [samples, neurons]; Int32Array in signed `rate` and in networks with populations that are not
   * rectified.
   */
  readonly counts: Readonly<Record<string, Uint32Array | Int32Array>>;
}

/** A result with hashes instead of counts. */
export interface TwinDigest {
  /** Charge of every output by name, shape [samples, outputs]. */
  readonly charges: Readonly<Record<string, Int32Array>>;
  /**
   * Hashes over the counts of all populations in the network's order, shape [samples, 2]: the state of `runHashes`
   * before the charges.
   */
  readonly hashes: Uint32Array;
}

/** Counts and charges of the quantised twin over batches, equal to ts/mapping/twin.ts. Not a simulation of spikes. */
export interface TwinPass {
  /**
   * @param counts shape [samples, inputs]: N_0.
   * @throws {LlifError} SHAPE for another length, ENGINE if the core fails. @throws {DisposedError} after dispose().
   */
  run(counts: Uint8Array | Int16Array, samples: number, options?: TwinOptions): TwinResult;
  /** Like `run`, but counts do not leave the core, because a deep network has ten million per sample. */
  digest(counts: Uint8Array | Int16Array, samples: number, options?: TwinOptions): TwinDigest;
  /** Idempotent; gives the memory back. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * @throws {LlifError} UNSUPPORTED for a network without a twin, ARGUMENT for an unknown node, ENGINE if the core does
 * not start or refuses it.
 */
export async function createTwinPass(network: SpikingNetwork, options: TwinPassOptions = {}): Promise<TwinPass> {
  checkObject("createTwinPass: network", network, "a spiking network");
  checkOptions("createTwinPass", options, { keep: true, wasm: true });
  if (options.keep !== undefined && options.keep !== "all")
    checkStrings("createTwinPass: keep", options.keep).forEach((name) =>
      checkNodeName("createTwinPass: keep", network, name),
    );
  checkTwin(network);
  const mapped = requireMapped("createTwinPass", network);
  const glue = await loadFor(options.wasm, "quantizedTwin(network) computes the same without it, slower");
  const inputs = sizeOf(network.input.shape);
  const raw = refusals(network.input.name, () => new glue.RawTwinPass(inputs));
  const numbers = new Map<string, number>([[network.input.name, 0]]);
  for (const node of network.nodes) {
    numbers.set(
      node.name,
      refusals(node.name, () => addTwinNode(raw, mapped, node, numbers)),
    );
  }
  const named = (kind: string) => network.nodes.filter((node) => node.kind === kind).map((node) => node.name);
  const outputs = named("output");
  const keep = options.keep === "all" ? named("population") : (options.keep ?? []);
  const kept = [...new Set([...outputs, ...keep])].map((name) => ({
    name,
    node: lookUp(numbers, name),
    size: sizeOf(shapeOf(network, name)),
  }));
  for (const { name, node } of kept) refusals(name, () => raw.keep(node));

  const signed = cancelsSpikes(network) || network.nodes.some((node) => node.kind === "population" && !node.rectified);
  const core = new Core(`twin pass of "${network.name}"`, "pass", raw, (raw) => raw.free());
  const setQuanta = (raw: RawTwinPass, quantumOf: (population: string) => number): void => {
    for (const name of named("population")) raw.setQuantum(lookUp(numbers, name), quantumOf(name));
  };
  const runKeeping = (
    raw: RawTwinPass,
    counts: Uint8Array | Int16Array,
    samples: number,
    nodes: readonly Kept[],
    after: () => void = () => {},
  ) =>
    runInParts(
      counts,
      samples,
      inputs,
      nodes,
      (length) => new Int32Array(length),
      (part) => {
        if (part instanceof Uint8Array) raw.runUint8(part);
        else raw.runInt16(part);
        after();
      },
      (node) => raw.take(node),
    );
  return {
    run(counts, samples, options) {
      const quantumOf = twinQuanta("TwinPass.run", network, options);
      const values = core.use((raw) => {
        setQuanta(raw, quantumOf);
        return runKeeping(raw, counts, samples, kept);
      });
      const counted = Object.entries(pick(values, keep)).map(([name, ints]) => [
        name,
        signed ? ints : new Uint32Array(ints.buffer),
      ]);
      return { charges: pick(values, outputs), counts: Object.fromEntries(counted) };
    },
    digest(counts, samples, options) {
      const quantumOf = twinQuanta("TwinPass.digest", network, options);
      return core.use((raw) => {
        setQuanta(raw, quantumOf);
        const hashes: Uint32Array[] = [];
        const charged = kept.filter(({ name }) => outputs.includes(name));
        const other = kept.filter((node) => !charged.includes(node));
        const hashed = named("population").map((name) => lookUp(numbers, name));
        other.forEach(({ node }) => raw.forget(node));
        hashed.forEach((node) => raw.hash(node, true));
        const restore = (): void => {
          hashed.forEach((node) => raw.hash(node, false));
          other.forEach(({ node }) => raw.keep(node));
        };
        let values: Map<string, Int32Array>;
        try {
          values = runKeeping(raw, counts, samples, charged, () => hashes.push(raw.takeHashes()));
        } catch (cause) {
          // A refused input leaves the pass unchanged.
          if (!isFatal(cause)) restore();
          throw cause;
        }
        restore();
        return { charges: pick(values, outputs), hashes: Uint32Array.from(hashes.flatMap((part) => [...part])) };
      });
    },
    dispose: () => core.dispose(),
    [Symbol.dispose]: () => core.dispose(),
  };
}

function addTwinNode(
  raw: RawTwinPass,
  network: MappedNetwork,
  node: SpikingNetwork["nodes"][number],
  numbers: ReadonlyMap<string, number>,
): number {
  if (node.kind === "pool") {
    const sizes = sizesOf(node, shapeOf(network, node.from), node.shape);
    const source = lookUp(numbers, node.from);
    return node.mode === "max"
      ? raw.maxPool(source, sizes)
      : raw.sumPool(source, sizes, Int32Array.from(node.multiplicity ?? []));
  }
  const charge = raw.charge(sizeOf(node.shape), integers(node.name, node.bias));
  for (const synapse of synapsesTo(network, node.name)) {
    addSynapse(raw, charge, lookUp(numbers, synapse.from), synapse, shapeOf(network, synapse.from), node.shape);
  }
  if (node.kind === "output") return charge;
  const threshold = integers(node.name, node.neuron.threshold);
  let initial = integers(node.name, node.neuron.initialPotential);
  if (!rulesOf(network.code).startsAtHalf) {
    // Ternary digits round to the nearest count, but T12's neuron does not start at θ/2, so it is added here.
    const length = Math.max(threshold.length, initial.length);
    const start = initial;
    initial = Int32Array.from(
      { length },
      (_, index) => start[index % start.length] + threshold[index % threshold.length] / 2,
    );
  }
  return raw.fire(charge, threshold, initial, node.rectified ? 0 : -network.levels, network.levels);
}

function addSynapse(
  raw: RawTwinPass,
  target: number,
  source: number,
  synapse: MappedSynapse,
  input: Shape,
  output: Shape,
): void {
  const weights = integers(synapse.to, synapse.weights);
  switch (synapse.kind) {
    case "dense":
      return raw.addDense(target, source, weights);
    case "conv2d":
      return raw.addConv2d(target, source, sizesOf(synapse, input, output), synapse.groups, weights);
    case "convTranspose2d":
      return raw.addConvTranspose2d(target, source, sizesOf(synapse, input, output), synapse.groups, weights);
    case "identity":
      if (sizeOf(input) !== sizeOf(output)) {
        throw new LlifError(
          "SHAPE",
          `layer "${synapse.to}": identity synapse from ${formatShape(input)} to ${formatShape(output)}`,
          { nodes: [synapse.to] },
        );
      }
      return raw.addIdentity(target, source, weights);
  }
}

function integers(name: string, charges: Charges): Int32Array {
  if (charges instanceof Int32Array) return charges;
  throw new LlifError("ARGUMENT", `layer "${name}": expected integer charges, got a ${charges.constructor.name}`, {
    nodes: [name],
  });
}

/** Only integer networks of plain neurons have a twin. */
function checkTwin(network: SpikingNetwork): void {
  if (network.arithmetic !== "int32") {
    const { flags } = checkCode(`network "${network.name}": code`, network.code);
    throw new LlifError(
      "UNSUPPORTED",
      `network "${network.name}" has no quantised twin: expected an integer network, got ${flags.schedule} ${flags.code} in ${network.arithmetic}`,
    );
  }
  checkInteger(`network "${network.name}": levels`, network.levels, 1, 2 ** 31 - 1);
  const wrong = populationsOf(network)
    .filter(({ neuron }) => !isPlain(neuron))
    .map(({ name }) => name);
  wrong.push(...network.synapses.filter((synapse) => synapse.delayTicks !== 0).map((synapse) => synapse.to));
  if (wrong.length > 0) {
    throw new LlifError(
      "UNSUPPORTED",
      `network "${network.name}" has no quantised twin: leak, hard reset, floor, refractory period or delay at ${wrong.join(", ")}`,
      {
        nodes: wrong,
      },
    );
  }
}
