// What a pool is, and which windows each of its members lies in.
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
  const [height, width, channels] = shapeOf(network, pool.from);
  const [outputHeight, outputWidth] = pool.shape;
  const lists: number[][] = Array.from({ length: height * width * channels }, () => []);
  for (let outputY = 0; outputY < outputHeight; outputY++) {
    for (let outputX = 0; outputX < outputWidth; outputX++) {
      for (let ky = 0; ky < pool.kernel[0]; ky++) {
        const y = outputY * pool.stride[0] + ky * pool.dilation[0] - pool.padding.top;
        if (y < 0 || y >= height) continue;
        for (let kx = 0; kx < pool.kernel[1]; kx++) {
          const x = outputX * pool.stride[1] + kx * pool.dilation[1] - pool.padding.left;
          if (x < 0 || x >= width) continue;
          for (let channel = 0; channel < channels; channel++) {
            lists[(y * width + x) * channels + channel].push((outputY * outputWidth + outputX) * channels + channel);
          }
        }
      }
    }
  }
  const starts = new Uint32Array(lists.length + 1);
  lists.forEach((list, member) => (starts[member + 1] = starts[member] + list.length));
  return { starts, outputs: Uint32Array.from(lists.flat()), members: lists.length, count: sizeOf(pool.shape) };
}
