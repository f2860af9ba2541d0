// Pools by definition: sums pass every spike on, maxima follow the rule of the code.
import type { Code } from "../../spiking/code.ts";
import { hasSignedSpikes, type SpikingNetwork, type SpikingPool } from "../../spiking/network.ts";
import { digitMaximum, largestCount } from "./signed-pools.ts";
import { type Pool, type Windows, windowsOf } from "./pool-windows.ts";

export function compilePool(network: SpikingNetwork, pool: SpikingPool): Pool {
  const windows = windowsOf(network, pool);
  if (pool.mode === "sum") return sumPool(windows, pool);
  return maxima[network.code.kind](network)(windows);
}

type MakePool = (windows: Windows) => Pool;

/** Max pools by code; real-times.ts has its own for real-valued times. */
const maxima = {
  rate: () => risingMaximum,
  signedRate: () => largestCount,
  refinedPhase: () => largestCount,
  windowRate: () => anyOf,
  phase: (network) => (hasSignedSpikes(network) ? digitMaximum : bitSerialMaximum),
  slots: () => firstOf,
  times: () => firstOf,
} satisfies Record<Code["kind"], (network: SpikingNetwork) => MakePool>;

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

/** Emits a spike whenever the largest cumulative count of a window rises. */
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

/** Layerwise `rate`: spike trains start together without gaps, so the OR in each tick gives the largest count. */
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

/** `ttfs`: the first spike of a window has the largest count. */
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
 * `phase`: the OR of the members still alive; if it is 1, members with 0 drop out. A member is alive while its digits
 * so far equal the window's.
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
