// Opens the networks that an evaluation compares (spiking, float, twin), in the main thread or in a worker.
import { LlifError } from "../errors.ts";
import { activityMeter } from "../analyze/activity.ts";
import { earlyRecording } from "../analyze/early-run.ts";
import { inputEncoder, type EncodingChoice } from "../analyze/encoding.ts";
import type { Certificates, Contenders } from "../analyze/contenders.ts";
import { createSimulator, type EngineName } from "../engine/create.ts";
import type { Engine } from "../engine/engine.ts";
import { createFloatPass } from "../engine/passes/float.ts";
import { createTwinPass } from "../engine/passes/twin.ts";
import { correspondences, wholeNodes } from "../mapping/activations.ts";
import { createCertifier } from "../mapping/certificate.ts";
import { earlyExit } from "../mapping/early-exit.ts";
import { lastWindow } from "../mapping/last-window.ts";
import type { ReluNetwork } from "../relu/network.ts";
import { cancelsSpikes, hasRealTimes, populationsOf, type SpikingNetwork } from "../spiking/network.ts";

/** The options of an evaluation, as plain data that can be posted to a worker. */
export interface ContenderChoice {
  readonly relu: ReluNetwork;
  readonly network: SpikingNetwork;
  readonly engine: EngineName | "twin";
  /** Certificates C1 to C3. */
  readonly certify: boolean;
  /** Whether to count operations. */
  readonly energy: boolean;
  readonly encoding: EncodingChoice;
  /** Whether the float network's decisions are known, so that no pass is needed. */
  readonly reluKnown: boolean;
  /** Whether the simulation is not compared with a twin. */
  readonly alone?: boolean;
}

export interface OpenContenders {
  readonly contenders: Contenders;
  /** The engine, or the twin. */
  readonly engine: Engine["name"] | "twin";
  /** Idempotent. */
  dispose(): void;
}

/** @throws {LlifError} ARGUMENT for certificates or energy with the twin; errors of the engine or a pass. */
export async function openContenders({
  relu,
  network: mapped,
  engine,
  certify,
  energy,
  encoding,
  reluKnown,
  alone,
}: ContenderChoice): Promise<OpenContenders> {
  if (engine === "twin" && (certify || energy)) {
    throw new LlifError("ARGUMENT", `${certify ? "--certify" : "--energy"}: expected a simulation, got --engine twin`);
  }
  const encoder = inputEncoder(mapped, encoding);
  const { network } = encoder;
  const constant = encoding.encoding === "constant";
  const open: { dispose(): void }[] = [];
  const kept = <T extends { dispose(): void } | null>(resource: T): T => {
    if (resource !== null) open.push(resource);
    return resource;
  };
  const dispose = (): void => open.splice(0).forEach((resource) => resource.dispose());
  try {
    // Counts do not contain real-valued times.
    const record =
      certify && hasRealTimes(network)
        ? { spikes: populationsOf(network).map(({ name }) => name) }
        : energy && cancelsSpikes(network)
          ? { sent: true }
          : {};
    const twin = kept(hasTwin(network) && alone !== true ? await createTwinPass(network, { keep: "all" }) : null);
    const simulator = engine === "twin" ? null : kept(await createSimulator(network, { engine, record }));
    const activity = energy ? activityMeter(network, relu, !constant) : undefined;
    const forward =
      reluKnown && !energy
        ? noPass
        : kept(await createFloatPass(relu, activity === undefined ? {} : { keep: activity.floatNodes }));
    const certificates = certify
      ? await certificatesOf(relu, network, constant && simulator !== null ? simulator.engine : null, kept)
      : undefined;
    const contenders = {
      network,
      reluOutput: relu.outputs[0],
      forward,
      simulator,
      twin,
      ...(certificates === undefined ? {} : { certificates }),
      ...(activity === undefined ? {} : { activity }),
      ...(constant ? {} : { encoder }),
    };
    return { contenders, engine: simulator?.engine ?? "twin", dispose };
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

/** Whether a network has a quantised twin: all but synchronous rate with unsigned spikes, and real-valued times. */
export function hasTwin({ arithmetic }: SpikingNetwork): boolean {
  return arithmetic === "int32";
}

/** The certificates C1 to C3 that apply to the networks. */
async function certificatesOf(
  relu: ReluNetwork,
  network: SpikingNetwork,
  engine: Engine["name"] | null,
  kept: <T extends { dispose(): void } | null>(resource: T) => T,
): Promise<Certificates> {
  const certifier = await createCertifier(relu, (single) => createFloatPass(single)).catch((error: unknown) => {
    if (error instanceof LlifError && error.code === "UNSUPPORTED") return null;
    throw error;
  });
  kept(certifier);
  // C2 holds for constant input.
  const exit = engine === null ? null : earlyExit(network);
  const simulator =
    exit === null || engine === null
      ? null
      : kept(await createSimulator(network, { engine, record: earlyRecording(network) }));
  return {
    certifier,
    correspondences: wholeNodes(relu, correspondences(relu, network)),
    lastWindow: lastWindow(network),
    earlyExit: exit === null || simulator === null ? null : { exit, simulator },
  };
}
