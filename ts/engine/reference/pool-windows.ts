// What a pool is, and which windows each of its members lies in.
import { forEachPooled } from "../../relu/windows.ts";
import { shapeOf, type SpikingNetwork, type SpikingPool } from "../../spiking/network.ts";
import { sizeOf } from "../../tensor.ts";
import type { SignedEvents } from "./events.ts";

/** A pool passes the spikes of one tick on, by the rule of its mode and of the network's code. */
export interface Pool {
  /** @param payload count that a spike of this tick stands for. */
  pass(events: SignedEvents, passed: SignedEvents, payload: number): void;
  /** At the start of a run. */
  reset(): void;
}

/** For each member, the windows it lies in: those of member m are `outputs[starts[m]]` to `outputs[starts[m + 1] − 1]`, ascending. */
export interface Windows {
  readonly starts: Uint32Array;
  readonly outputs: Uint32Array;
  readonly members: number;
  readonly count: number;
}

export function windowsOf(network: SpikingNetwork, pool: SpikingPool): Windows {
  const source = shapeOf(network, pool.from);
  const lists: number[][] = Array.from({ length: sizeOf(source) }, () => []);
  forEachPooled(pool, source, pool.shape, (output, input) => lists[input].push(output));
  const starts = new Uint32Array(lists.length + 1);
  lists.forEach((list, member) => (starts[member + 1] = starts[member] + list.length));
  return { starts, outputs: Uint32Array.from(lists.flat()), members: lists.length, count: sizeOf(pool.shape) };
}
