import { LlifError } from "../errors.ts";
import { activityMeter } from "../analyze/activity.ts";
import type { Certificates, Contenders } from "../analyze/evaluate.ts";
import type { Engine } from "../engine/engine.ts";
import { createFloatPass, createTwinPass } from "../engine/passes.ts";
import { referenceEngine } from "../engine/reference.ts";
import { wasmEngine } from "../engine/wasm.ts";
import { correspondences, wholeNodes } from "../mapping/activations.ts";
import { createCertifier } from "../mapping/certificate.ts";
import { lastWindow } from "../mapping/last-window.ts";
import type { ReluNetwork } from "../relu/network.ts";
import type { SpikingNetwork } from "../spiking/network.ts";

/** What an evaluation needs, as plain data that can be posted to a worker. */
export interface ContenderChoice {
  readonly relu: ReluNetwork;
  readonly network: SpikingNetwork;
  readonly engine: "wasm" | "reference" | "twin";
  /** Certificates C1 and C3. */
  readonly certify: boolean;
  /** Counts operations. */
  readonly energy: boolean;
  /** The float network's decisions are known already: no pass is made for them. */
  readonly reluKnown: boolean;
  /** The core, compiled; null: where the platform has it from. */
  readonly wasm: WebAssembly.Module | null;
}

export interface OpenContenders {
  readonly contenders: Contenders;
  /** Idempotent. */
  dispose(): void;
}

export function engineNamed(name: "wasm" | "reference", wasm: WebAssembly.Module | null): Engine {
  return name === "wasm" ? wasmEngine(wasm === null ? {} : { wasm }) : referenceEngine();
}

/** @throws {LlifError} ARGUMENT where the twin should be certified; what the engine or a pass refuses. */
export async function openContenders({ relu, network, engine, certify, energy, reluKnown, wasm }: ContenderChoice): Promise<OpenContenders> {
  if (engine === "twin" && (certify || energy)) {
    throw new LlifError("ARGUMENT", `${certify ? "--certify" : "--energy"}: expected a simulation, got --engine twin`);
  }
  const source = wasm === null ? {} : { wasm };
  const open: { dispose(): void }[] = [];
  const kept = <T extends { dispose(): void } | null>(resource: T): T => {
    if (resource !== null) open.push(resource);
    return resource;
  };
  const dispose = (): void => open.splice(0).forEach((resource) => resource.dispose());
  try {
    const twin = kept(hasTwin(network) ? await createTwinPass(network, { keep: "all", ...source }) : null);
    const simulator = engine === "twin" ? null : kept(await engineNamed(engine, wasm).createSimulator(network, {}));
    const activity = energy ? activityMeter(network, relu) : undefined;
    const forward = reluKnown && !energy ? noPass : kept(await createFloatPass(relu, { ...(activity === undefined ? {} : { keep: activity.floatNodes }), ...source }));
    const certificates = certify ? await certificatesOf(relu, network, kept, source) : undefined;
    const contenders = { network, reluOutput: relu.outputs[0], forward, simulator, twin, ...(certificates === undefined ? {} : { certificates }), ...(activity === undefined ? {} : { activity }) };
    return { contenders, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

const noPass = {
  run(): never {
    throw new LlifError("ARGUMENT", "evaluation: expected known decisions of the ReLU network");
  },
};

/** Not where a network computes no quantised network: synchronous rate of unsigned spikes, real-valued times. */
export function hasTwin({ schedule, arithmetic }: SpikingNetwork): boolean {
  return schedule === "layerwise" && arithmetic === "int32";
}

/** Whatever of C1 and C3 the networks have. */
async function certificatesOf(relu: ReluNetwork, network: SpikingNetwork, kept: <T extends { dispose(): void } | null>(resource: T) => T, source: { wasm?: WebAssembly.Module }): Promise<Certificates> {
  const certifier = await createCertifier(relu, (single) => createFloatPass(single, source)).catch((error: unknown) => {
    if (error instanceof LlifError && error.code === "UNSUPPORTED") return null;
    throw error;
  });
  return { certifier: kept(certifier), correspondences: wholeNodes(relu, correspondences(relu, network)), lastWindow: lastWindow(network) };
}
