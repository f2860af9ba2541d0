// What is told of live networks: neurons by their parts, connections, delays and memory; and who refuses them.
import { describe, expect, it } from "vitest";
import { activityMeter } from "../../ts/analyze/activity.ts";
import { createDiagnoser } from "../../ts/analyze/diagnose.ts";
import { createTwinPass } from "../../ts/engine/passes/twin.ts";
import { biologicalParameters } from "../../ts/mapping/biological.ts";
import { earlyExit } from "../../ts/mapping/early-exit.ts";
import { lastWindow } from "../../ts/mapping/last-window.ts";
import { formatSummary, summarize } from "../../ts/mapping/summary.ts";
import { toRelu } from "../../ts/mapping/to-relu.ts";
import { quantizedTwin } from "../../ts/mapping/twin.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { stdp } from "../../ts/spiking/plasticity.ts";
import { errorOf } from "../errors.ts";

const brain = spikingNetwork({ inputs: 2, name: "brain", dtSeconds: 1e-4 })
  .population({
    name: "cells",
    units: 1000,
    input: "none",
    threshold: 7,
    leak: { kind: "ohmic", timeConstantTicks: 200 },
    reset: { kind: "hard", value: 0, clears: ["g"] },
    refractory: { ticks: 21, clamp: ["v", "g"] },
    currents: { g: { timeConstantTicks: 50 } },
  })
  .population({
    name: "others",
    units: 2,
    input: "none",
    threshold: { value: [1, 2], strict: true },
    leak: { kind: "constant", chargePerTick: 0.5, until: -1 },
    adaptation: { chargePerSpike: 0.1, timeConstantTicks: 100 },
    bias: 0.25,
    floor: -2,
    delivery: "afterThreshold",
  })
  .connect({
    name: "connectome",
    from: "cells",
    to: "cells",
    into: "g",
    delayTicks: 2,
    edges: { from: [0, 0, 999], to: [1, 2, 3], weights: [0.25, -1, 3], delayTicks: [16, 16, 18] },
  })
  .connect({
    from: "input",
    to: "others",
    weights: [
      [0, 1],
      [1, 0],
    ],
    plasticity: stdp({ plus: 0.1, minus: 0.1, timeConstantTicks: [20, 20], maximum: 1 }),
  })
  .output({ name: "read", weights: [[1, 1]] })
  .build();

describe("summarize", () => {
  it("describes a live network", () => {
    const { live, warnings } = summarize(brain);
    expect(live).toMatchObject({ neurons: 1002, connections: 9, dtSeconds: 1e-4 });
    expect(live?.synapses[0]).toEqual({
      name: "connectome",
      kind: "sparse",
      from: "cells",
      to: "cells",
      into: "g",
      connections: 3,
      delayTicks: [18, 20],
      weights: [-1, 3],
      plastic: false,
    });
    expect(warnings).toEqual([]);
    expect(formatSummary(summarize(brain)).split("\n")).toEqual([
      "brain: 1,002 neurons, 9 connections; at least 19.7 KiB in a simulation; a tick is 0.0001 s",
      "cells [1000]: threshold 7; ohmic leak, time constant 200 ticks; hard reset to 0, g cleared; refractory for 21 ticks, v, g clamped; current g, time constant 50 ticks",
      "others [2]: threshold above 1…2; constant leak of 0.5 toward -1; bias 0.25; soft reset; adaptation of 0.1 a spike, time constant 100 ticks; floor -2; delivery after the threshold",
      "read [1]: output",
      "synapse     from    to      into  kind    connections  weights  delay (ticks)  plastic",
      "connectome  cells   cells   g     sparse  3            -1…3     18…20",
      "–           input   others  v     dense   4            0…1      0              yes",
      "–           others  read    v     dense   2            1        0",
    ]);
  });

  it("says nothing of it for other networks", () => {
    const plain = spikingNetwork({ inputs: 1 })
      .dense({ weights: [[1]], threshold: 1 })
      .build();
    expect("live" in summarize(plain)).toBe(false);
  });
});

describe("what has no meaning for live networks", () => {
  const part = 'network "brain": population "cells" has a reset value, which only simulators of live networks know';
  const relu = reluNetwork({ input: [2] })
    .dense({ weights: { shape: [2, 2], data: new Float32Array(4) } })
    .build();

  it.each<[string, () => unknown]>([
    ["toRelu", () => toRelu(brain)],
    ["createDiagnoser", () => createDiagnoser(relu, brain)],
    ["activityMeter", () => activityMeter(brain, relu)],
    ["biologicalParameters", () => biologicalParameters(brain, { capacitanceFarad: 1e-12 } as never)],
  ])("is refused by %s, naming the part", (purpose, call) => {
    expect(errorOf(call)).toMatchObject({ code: "UNSUPPORTED", message: `${purpose}: ${part}`, nodes: ["cells"] });
  });

  it("has no quantised twin", async () => {
    expect(errorOf(() => quantizedTwin(brain)).code).toBe("UNSUPPORTED");
    await expect(createTwinPass(brain)).rejects.toThrow("expected an integer network, got synchronous rate in float32");
  });

  it("has no early decision", () => {
    expect([earlyExit(brain), lastWindow(brain)]).toEqual([null, null]);
  });
});
