// Decides whether a network runs in the live core, and refuses what that core does not know.
import { checkBoolean } from "../check.ts";
import { LlifError } from "../errors.ts";
import { needsLiveCore } from "../spiking/live.ts";
import { populationsOf, type SpikingNetwork } from "../spiking/network.ts";

/**
 * @param asked whether it shall run there though it need not.
 * @throws {LlifError} UNSUPPORTED for what the live core does not know.
 */
export function takesLiveCore(network: SpikingNetwork, asked: boolean): boolean {
  checkBoolean("createSimulator: live", asked);
  // Sparse synapses between ordinary populations run in the general core, beside pools and multi-spike neurons.
  if (!asked && !needsLiveCore(network)) return false;
  const { name, code, nodes } = network;
  if (code.kind !== "rate")
    throw new LlifError("UNSUPPORTED", `network "${name}": live: expected synchronous rate, got code ${code.kind}`);
  const pool = nodes.find(({ kind }) => kind === "pool");
  if (pool !== undefined)
    throw new LlifError("UNSUPPORTED", `network "${name}": pool "${pool.name}": live networks have no pools`, {
      nodes: [pool.name],
    });
  const many = populationsOf(network).find(({ neuron }) => (neuron.spikesPerTick ?? 1) > 1);
  if (many !== undefined)
    throw new LlifError(
      "UNSUPPORTED",
      `population "${many.name}": a neuron of a live network spikes at most once a tick, got ${many.neuron.spikesPerTick} spikes per tick`,
      { nodes: [many.name] },
    );
  return true;
}
