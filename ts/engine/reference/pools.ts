import { shapeOf, type SpikingNetwork, type SpikingPool } from "../../spiking/network.ts";
import { sizeOf } from "../../tensor.ts";
import type { SignedEvents } from "./events.ts";
import { digitMaximum, largestCount } from "./signed-pools.ts";

/** A pool passes the spikes of one tick on, by the rule of its mode and of the network's code. */
export interface Pool {
  /** @param payload count that a spike of this tick stands for. */
  pass(events: SignedEvents, passed: SignedEvents, payload: number): void;
  /** At the start of a run. */
  reset(): void;
}

export function compilePool(network: SpikingNetwork, pool: SpikingPool): Pool {
  const windows = windowsOf(network, pool);
  if (pool.mode === "sum") return sumPool(windows, pool);
  const signed = network.spikes === "signed";
  if (network.schedule === "synchronous") return signed ? largestCount(windows) : risingMaximum(windows);
  if (network.code === "phase") return signed ? digitMaximum(windows) : bitSerialMaximum(windows);
  return network.code === "ttfs" ? firstOf(windows) : anyOf(windows);
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

function sumPool({ starts, outputs }: Windows, { multiplicity, shape }: SpikingPool): Pool {
  const channels = shape[shape.length - 1];
  return {
    pass(events, passed) {
      for (const sign of ["plus", "minus"] as const) {
        const [from, to] = [events[sign], passed[sign]];
        to.length = 0;
        for (let index = 0; index < from.length; index++) {
          const member = from.neurons[index];
          for (let edge = starts[member]; edge < starts[member + 1]; edge++) {
            const times = multiplicity === undefined ? 1 : multiplicity[Math.floor(outputs[edge] / channels)];
            for (let time = 0; time < times; time++) to.push(outputs[edge]);
          }
        }
        to.sort();
      }
    },
    reset() {},
  };
}

/** Emits whenever a window's largest cumulative count rises. */
function risingMaximum({ starts, outputs, members, count }: Windows): Pool {
  const counts = new Uint32Array(members);
  const largest = new Uint32Array(count);
  return {
    pass({ plus: events }, { plus: passed }) {
      passed.length = 0;
      for (let index = 0; index < events.length; index++) {
        const member = events.neurons[index];
        counts[member]++;
        for (let edge = starts[member]; edge < starts[member + 1]; edge++) {
          const output = outputs[edge];
          if (counts[member] > largest[output]) {
            largest[output]++;
            passed.push(output);
          }
        }
      }
      passed.sort();
    },
    reset() {
      counts.fill(0);
      largest.fill(0);
    },
  };
}

/** Layerwise `rate`: trains start together and have no gaps, so the OR of a tick makes the largest count. */
function anyOf(windows: Windows): Pool {
  const pool = firstOf(windows);
  return {
    pass(events, passed, payload) {
      pool.reset();
      pool.pass(events, passed, payload);
    },
    reset() {},
  };
}

/** `ttfs`: the first spike of a window is that of its largest count. */
function firstOf({ starts, outputs, count }: Windows): Pool {
  const hit = new Uint8Array(count);
  return {
    pass({ plus: events }, { plus: passed }) {
      passed.length = 0;
      for (let index = 0; index < events.length; index++) {
        const member = events.neurons[index];
        for (let edge = starts[member]; edge < starts[member + 1]; edge++) {
          const output = outputs[edge];
          if (hit[output] === 0) passed.push(output);
          hit[output] = 1;
        }
      }
      passed.sort();
    },
    reset: () => hit.fill(0),
  };
}

/**
 * `phase`: the OR of the members still alive; where it is 1, members with 0 drop out. A member is alive while the
 * count it has shown so far equals that of the window.
 */
function bitSerialMaximum({ starts, outputs, members, count }: Windows): Pool {
  const shown = new Uint32Array(members);
  const largest = new Uint32Array(count);
  const hit = new Uint8Array(count);
  return {
    pass({ plus: events }, { plus: passed }, payload) {
      passed.length = 0;
      for (let index = 0; index < events.length; index++) {
        const member = events.neurons[index];
        for (let edge = starts[member]; edge < starts[member + 1]; edge++) {
          const output = outputs[edge];
          if (shown[member] !== largest[output] || hit[output] === 1) continue;
          hit[output] = 1;
          passed.push(output);
        }
      }
      for (let index = 0; index < events.length; index++) {
        if (index === 0 || events.neurons[index] !== events.neurons[index - 1]) shown[events.neurons[index]] += payload;
      }
      passed.sort();
      for (let index = 0; index < passed.length; index++) {
        largest[passed.neurons[index]] += payload;
        hit[passed.neurons[index]] = 0;
      }
    },
    reset() {
      shown.fill(0);
      largest.fill(0);
    },
  };
}
