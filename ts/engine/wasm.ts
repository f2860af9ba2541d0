// The WebAssembly engine: the Rust core behind the engine interface.
import { checkOptions } from "../check.ts";
import { hasRealTimes, hasSignedSpikes, type SpikingNetwork } from "../spiking/network.ts";
import { Core, guarded } from "./core.ts";
import { bitsOf } from "../spiking/charges.ts";
import type { Engine } from "./engine.ts";
import { buildCore, planesOf, remainders, type CoreNetwork, type RawSimulator } from "./flatten.ts";
import type { EncodedInput, EventInput } from "./input.ts";
import { loadGlue, type WasmSource } from "./load.ts";
import { checkCoreMemory } from "./memory.ts";
import { createSimulatorOver, prepareNetwork, type PreparedNetwork, type SimulatorCore } from "./simulator.ts";
import { resolveRecording, type Recording } from "./recording.ts";
import { CoreMemory } from "./table.ts";
import { wasmLiveCore } from "./wasm-live.ts";
import { collector } from "./collect.ts";

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
      checkCoreMemory(network, recording, prepared.live);
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
