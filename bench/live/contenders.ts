// llif as a contender of suite `live`, in WebAssembly and natively.
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { SpikingNetwork } from "../../ts/index.ts";
import { backgroundStates } from "../../ts/engine/background.ts";
import type { Glue } from "../../ts/engine/load.ts";
import { resolveRecording } from "../../ts/engine/recording.ts";
import { wasmLiveCore } from "../../ts/engine/wasm-live.ts";
import type { Contender } from "../../ts/timing/case.ts";
import { cpuTimeOf } from "../cpu-time.ts";
import { LineProgram } from "../line-program.ts";
import { nativeProgram } from "../native.ts";
import { cacheFolder } from "../paths.ts";
import { onEveryProcessor } from "../processor.ts";
import type { LiveReport } from "../runtimes/live.ts";
import { reportOfChromium } from "../runtimes/run.ts";
import { FlatLive } from "./flat.ts";
import { ticksPerSecond, type LiveModel } from "./models.ts";
import { backgroundSeed, digestOf, rateOf, record, runnerOf, type LiveOutcome } from "./network.ts";

export async function wasmContender(network: SpikingNetwork, model: LiveModel): Promise<Contender<LiveOutcome>> {
  const { run, dispose } = await runnerOf(model, network);
  const more: Record<string, number> = {};
  return {
    name: "wasm",
    more,
    time: cpuTimeOf(run),
    outcome() {
      const spikes = run();
      more["rateHz"] = rateOf(model, spikes.ticks.length);
      return { spikes: spikes.ticks.length, digest: digestOf(spikes) };
    },
    dispose,
  };
}

/** The same network, background and run as a file that crates/native/src/live.rs reads. */
function flatFile(network: SpikingNetwork, { background, input, ticks }: LiveModel): Uint8Array[] {
  // The calls that fill the WebAssembly core are recorded, so both get the same network.
  const flat = new FlatLive();
  const glue = { RawLive: flat.recorder() } as unknown as Glue;
  const core = wasmLiveCore(glue, new WebAssembly.Memory({ initial: 0 }), network, resolveRecording(network, record));
  if (background !== undefined) {
    const neurons = Uint32Array.from({ length: network.nodes[0].shape[0] }, (_, neuron) => neuron);
    const meanPerTick = background.rateHz / ticksPerSecond;
    core.live?.background("cells", 0, {
      into: 0,
      meanPerTick,
      zero: Math.exp(-meanPerTick),
      weight: Math.fround(background.weight),
      neurons,
      states: backgroundStates(backgroundSeed, neurons),
    });
  }
  flat.input(input?.spikes ?? { ticks: new Uint32Array(0), neurons: new Uint32Array(0) }, ticks);
  return flat.parts;
}

/** @param name of the case: its file's. */
export function nativeContender(name: string, network: SpikingNetwork, model: LiveModel): Contender<LiveOutcome> {
  const binary = nativeProgram("native-128");
  mkdirSync(cacheFolder, { recursive: true });
  const path = join(cacheFolder, `${name}.live`);
  const file = openSync(path, "w");
  for (const part of flatFile(network, model)) writeSync(file, part);
  closeSync(file);
  const program = new LineProgram(binary, []);
  const ask = async (repetitions: number) => (await program.ask(`live ${repetitions} ${path}`)).split(" ");
  return {
    name: "native-128",
    time: async (repetitions) => Number((await ask(repetitions))[0]) / 1e6,
    async outcome() {
      const [, digest, spikes] = await ask(1);
      return { spikes: Number(spikes), digest };
    },
    dispose: () => program.close(),
  };
}

/** The same runs in a page. @throws {SkippedCase} without Chromium. */
export async function chromiumContender(): Promise<Contender<LiveOutcome>> {
  const { version, cases } = await onEveryProcessor(() =>
    reportOfChromium<LiveReport | { readonly error: string }>("live-page"),
  );
  if ("error" in cases) throw new Error(`Chromium: ${cases.error}`);
  const { spikes, digest, times } = cases;
  let round = 0;
  return {
    name: "Chromium",
    more: { version },
    time: (repetitions) => times[round++ % times.length] * repetitions,
    outcome: () => ({ spikes, digest }),
  };
}
