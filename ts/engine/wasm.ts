// The WebAssembly engine: the Rust core behind the engine interface.
import { checkOptions } from "../check.ts";
import {
  cancelsSpikes,
  hasRealTimes,
  hasSignedSpikes,
  outputsOf,
  populationsOf,
  type SpikingNetwork,
} from "../spiking/network.ts";
import { Core, guarded } from "./core.ts";
import { bitsOf } from "../spiking/charges.ts";
import type { Engine, SpikeTrain } from "./engine.ts";
import { buildCore, planesOf, remainders, type CoreNetwork, type RawSimulator } from "./flatten.ts";
import type { EncodedInput, EventInput } from "./input.ts";
import { loadGlue, type WasmSource } from "./load.ts";
import { checkCoreMemory } from "./memory.ts";
import {
  createSimulatorOver,
  prepareNetwork,
  type CoreRun,
  type PreparedNetwork,
  type SimulatorCore,
} from "./simulator.ts";
import { resolveRecording, type Recording } from "./recording.ts";
import { CoreMemory, type RunTable } from "./table.ts";
import { wasmLiveCore } from "./wasm-live.ts";

export { allowsWasm, preloadCore, supportsSimd } from "./load.ts";

export interface WasmEngineOptions {
  /**
   * Source of the module, or a promise of it; default: the package entry's. A string is a URL, relative to the page; in
   * Node it may also be a path.
   */
  readonly wasm?: WasmSource;
}

/**
 * The engine in Rust and WebAssembly SIMD, equal to `referenceEngine()` spike for spike. Each simulator has its own
 * WebAssembly memory, which `dispose()` releases.
 */
export function wasmEngine(engineOptions: WasmEngineOptions = {}): Engine {
  const { wasm } = checkOptions("wasmEngine", engineOptions, { wasm: true });
  // A rejected promise is reported when the first simulator is created.
  Promise.resolve(wasm).catch(() => undefined);
  return {
    name: "wasm",
    async createSimulator(network, options = {}) {
      checkOptions("createSimulator", options, { record: true, live: true });
      const prepared = prepareNetwork(network, options.live);
      const recording = resolveRecording(network, options.record);
      checkCoreMemory(network, recording);
      const glue = await loadGlue(wasm);
      const { memory } = await glue();
      const place = `network "${network.name}"`;
      if (prepared.live) {
        const core = guarded(place, () => wasmLiveCore(glue, memory, network, recording));
        return createSimulatorOver("wasm", prepared, recording, core);
      }
      const core = guarded(place, () => buildCore(glue, prepared, recording));
      return createSimulatorOver("wasm", prepared, recording, wasmCore(prepared, recording, core, memory));
    },
  };
}

function wasmCore(
  { network, schedule: { synchronous } }: PreparedNetwork,
  recording: Recording,
  core: CoreNetwork,
  memory: WebAssembly.Memory,
): SimulatorCore {
  const results = new CoreMemory(memory);
  const collect = collector(network, recording, core.numbers);
  const owner = new Core(`network "${network.name}"`, "simulator", core, ({ raw }) => raw.free());
  const call = <T>(body: (core: CoreNetwork) => T): T => owner.use(body);

  return {
    reset: () => call(({ raw }) => raw.reset()),
    run: (input, ticks, settle, firstTick = 0) =>
      call(({ raw, numbers }) => {
        if (firstTick > 0) raw.resumeAt(firstTick);
        const ran =
          input.kind === "constant"
            ? raw.runConstant(bitsOf(input.values), ticks)
            : runEvents(raw, network, input, ticks);
        const address = settle === true ? raw.settle() : ran;
        const sent = recording.sent ? sentBy(network, raw, numbers) : undefined;
        const result = collect(results.table(address));
        if (sent === undefined && settle !== true) return result;
        return { ...result, sent, settlingTicks: settle === true ? raw.settlingTicks() : 0 };
      }),
    pipeline: synchronous
      ? undefined
      : () => {
          call(({ raw }) => raw.beginPipeline());
          return (input) =>
            call(({ raw }) => {
              const address = passWindow(raw, network, input);
              return address === 0 ? undefined : collect(results.table(address));
            });
        },
    dispose() {
      owner.dispose();
    },
  };
}

function runEvents(raw: RawSimulator, network: SpikingNetwork, input: EventInput, ticks: number): number {
  if (hasRealTimes(network)) return raw.runValues(input.neurons, remainders(input));
  const { neurons, starts } = planesOf(input, hasSignedSpikes(network));
  return raw.runEvents(neurons, starts, input.values === undefined ? new Uint32Array(0) : bitsOf(input.values), ticks);
}

function sentBy(
  { nodes }: SpikingNetwork,
  raw: RawSimulator,
  numbers: ReadonlyMap<string, number>,
): Record<string, Uint32Array> {
  return Object.fromEntries(
    nodes.flatMap(({ kind, name }) => (kind === "output" ? [] : [[name, raw.sent(numbers.get(name) as number)]])),
  );
}

function passWindow(raw: RawSimulator, network: SpikingNetwork, input: EncodedInput | undefined): number {
  if (input === undefined) return raw.passNothing();
  if (input.kind === "constant") return raw.passConstant(bitsOf(input.values));
  if (hasRealTimes(network)) return raw.passValues(input.neurons, remainders(input));
  const { neurons, starts } = planesOf(input, hasSignedSpikes(network));
  return raw.passEvents(neurons, starts);
}

/**
 * Copies a run's results out of the core's memory, which the next call may change or move. What does not depend on the
 * run is found once.
 */
function collector(
  network: SpikingNetwork,
  recording: Recording,
  numbers: ReadonlyMap<string, number>,
): (table: RunTable) => CoreRun {
  const float = network.arithmetic === "float32";
  const numbered = (name: string) => ({ name, number: numbers.get(name) as number });
  const outputs = outputsOf(network).map(({ name }) => numbered(name));
  const counted = (recording.counts ? populationsOf(network) : []).map(({ name, rectified }) => ({
    ...numbered(name),
    unsigned: rectified && !cancelsSpikes(network),
  }));
  const trains = recording.spikes.map(numbered);
  const traced = recording.potentials.map(({ population }) => numbered(population));
  return (table) => ({
    charges: byName(outputs, ({ number }) =>
      float ? table.doubles(number, "charges") : table.integers(number, "charges"),
    ),
    counts: byName(counted, ({ number, unsigned }) =>
      unsigned ? table.words(number, "counts") : table.integers(number, "counts"),
    ),
    spikes: byName(trains, ({ number }) => trainOf(network, table, number)),
    potentials: byName(traced, ({ number }) =>
      float ? table.floats(number, "traces") : table.integers(number, "traces"),
    ),
    spikeCount: table.spikeCount,
    synapticOperations: table.synapticOperations,
    additions: table.additions,
  });
}

function byName<Node extends { readonly name: string }, T>(
  nodes: readonly Node[],
  read: (node: Node) => T,
): Record<string, T> {
  return Object.fromEntries(nodes.map((node) => [node.name, read(node)]));
}

function trainOf(network: SpikingNetwork, table: RunTable, number: number): SpikeTrain {
  const neurons = table.words(number, "neurons");
  const train = { ticks: table.words(number, "ticks"), neurons, length: neurons.length };
  if (hasRealTimes(network)) {
    // The core stores 1 − t, from which t follows exactly.
    const values = table.floats(number, "values");
    return { ...train, times: Float64Array.from(values, (value, index) => train.ticks[index] + (1 - value)) };
  }
  return hasSignedSpikes(network) ? { ...train, signs: Int8Array.from(table.integers(number, "signs")) } : train;
}
