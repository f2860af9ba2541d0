// The interface of pools, and the windows that contain each member of a pool.
import { forEachPooled } from "../../relu/windows.ts";
import { shapeOf, type SpikingNetwork, type SpikingPool } from "../../spiking/network.ts";
import { sizeOf } from "../../tensor.ts";
import type { SignedEvents } from "./events.ts";

/** Passes on the spikes of one tick by the rule of the pool's mode and the network's code. */
export interface Pool {
  /** @param payload count represented by a spike of this tick. */
  pass(events: SignedEvents, passed: SignedEvents, payload: number): void;
  /** Called at the start of a run. */
  reset(): void;
}

/** The windows that contain member m are `outputs[starts[m]]` to `outputs[starts[m + 1] − 1]`, ascending. */
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
