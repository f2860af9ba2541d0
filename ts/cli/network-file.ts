// Opens a network to be simulated: a .llif file, or a module that exports one.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LlifError } from "../errors.ts";
import type { Simulator } from "../engine/engine.ts";
import { readLlif } from "../formats/llif.ts";
import { checkSpikingNetwork } from "../spiking/check.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import { exists, fileError, readInput } from "./io.ts";

export interface OpenNetwork {
  readonly network: SpikingNetwork;
  /** Of a module: what it does with the simulator before the run. */
  readonly prepare?: (simulator: Simulator) => unknown;
}

/** @throws {LlifError} FILE, FORMAT, ARGUMENT or SHAPE, naming the file. */
export async function openNetwork(path: string): Promise<OpenNetwork> {
  try {
    if (/\.[cm]?[jt]s$/.test(path)) return await openModule(path);
    return { network: readLlif(await readInput(path), `"${path}"`) };
  } catch (cause) {
    if (!(cause instanceof LlifError) || cause.message.includes(path)) throw cause;
    throw new LlifError(cause.code, `"${path}": ${cause.message}`, { nodes: cause.nodes, cause });
  }
}

async function openModule(path: string): Promise<OpenNetwork> {
  if (!(await exists(path))) throw fileError(path, Object.assign(new Error("not found"), { code: "ENOENT" }), "read");
  const { default: exported, prepare } = await imported(path);
  const made: unknown = typeof exported === "function" ? await called(path, exported as () => unknown) : exported;
  if (typeof made !== "object" || made === null)
    throw new LlifError(
      "ARGUMENT",
      `"${path}": expected a spiking network as default export, or a function that makes one, got ${made === undefined ? "none" : typeof made}`,
    );
  if (prepare !== undefined && typeof prepare !== "function")
    throw new LlifError("ARGUMENT", `"${path}": prepare: expected a function of the simulator, got ${typeof prepare}`);
  const network = checkSpikingNetwork(made as SpikingNetwork);
  return prepare === undefined ? { network } : { network, prepare: prepare as (simulator: Simulator) => unknown };
}

interface Exports {
  readonly default?: unknown;
  readonly prepare?: unknown;
}

async function imported(path: string): Promise<Exports> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Exports;
  } catch (cause) {
    throw new LlifError("FILE", `"${path}": the module failed: ${messageOf(cause)}`, { cause });
  }
}

async function called(path: string, make: () => unknown): Promise<unknown> {
  try {
    return await make();
  } catch (cause) {
    throw new LlifError("FILE", `"${path}": the module failed: ${messageOf(cause)}`, { cause });
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
