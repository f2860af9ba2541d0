// The command simulate: .llif files and modules, how long, what is drawn and written, and what is refused.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runParts, type RecordedParts } from "../../ts/cli/simulate-run.ts";
import { readNpz } from "../../ts/data/npy.ts";
import { createSimulator } from "../../ts/engine/create.ts";
import { writeLlif } from "../../ts/formats/llif.ts";
import { toSpiking } from "../../ts/mapping/to-spiking.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { llif, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();
const file = (name: string) => join(folder, name);

/** A ring of ten neurons: a spike goes round, one neuron a tick. The first starts above its threshold. */
const ring = spikingNetwork({ inputs: 1, name: "ring", dtSeconds: 1e-3 })
  .population({
    name: "cells",
    units: 10,
    weights: new Float32Array(10),
    threshold: 1,
    initialPotential: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  })
  .connect({
    from: "cells",
    to: "cells",
    edges: {
      from: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      to: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0],
      weights: 1,
    },
  })
  .build();
const path = file("ring.llif");
writeFileSync(path, writeLlif(ring));

describe("simulate", () => {
  it("counts spikes of the time that is asked, in seconds or ticks", async () => {
    for (const length of [
      ["--seconds", "0.1"],
      ["--ticks", "100"],
    ]) {
      const { code, out, err } = await llif(["simulate", path, ...length, "--json"]);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(JSON.parse(out)).toMatchObject({
        network: "ring",
        ticks: 100,
        simulatedSeconds: 0.1,
        populations: [{ name: "cells", neurons: 10, spikes: 100, rateHz: 100, active: 1 }],
      });
    }
    const { out } = await llif(["simulate", path, "--ticks", "5", "--engine", "reference"]);
    expect(out).toMatch(/^ring: 5 ticks, 0\.005 s of its time\n/);
    expect(out).toMatch(/\ntime .* \(reference\), .* times as fast as its own$/);
    expect(out).toMatch(/cells +10 +5 +100 +50\.00 %/);
  });

  it("draws and writes what is asked", async () => {
    const [plot, rates, traces, spikes] = ["raster.svg", "rates.svg", "traces.svg", "spikes.npz"].map(file);
    const asked = ["--plot", plot, "--plot-rates", rates, "--plot-potentials", traces, "--save-spikes", spikes];
    const { code, err } = await llif(["simulate", path, "--ticks", "30", ...asked, "--potentials", "cells:9,4"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(readFileSync(plot, "utf8")).toContain("cells: 10 neurons, 30 spikes");
    expect(readFileSync(rates, "utf8")).toContain("cells: 10 neurons, 100 Hz on average");
    expect(readFileSync(traces, "utf8")).toContain("cells 9: membrane potential");
    const columns = readNpz(readFileSync(spikes));
    const column = (name: string) => Array.from(columns.get(name)?.data ?? [], Number);
    expect(column("neuron")).toEqual(Array.from({ length: 30 }, (_, index) => index % 10));
    expect(column("tick")).toEqual(Array.from({ length: 30 }, (_, index) => index));
  });

  it("draws the first three neurons where none are chosen", async () => {
    const { code } = await llif(["simulate", path, "--ticks", "30", "--plot-potentials", file("first.svg")]);
    expect(code).toBe(0);
    const svg = readFileSync(file("first.svg"), "utf8");
    expect([0, 1, 2, 3].map((neuron) => svg.includes(`cells ${neuron}: membrane`))).toEqual([true, true, true, false]);
  });

  const network = `const network = ${JSON.stringify(ring, (_, value) =>
    ArrayBuffer.isView(value) ? { $: value.constructor.name, data: Array.from(value as Float32Array) } : value,
  )};
const revive = (value) => value && value.$ ? new globalThis[value.$](value.data)
  : Array.isArray(value) ? value.map(revive)
  : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, revive(v)])) : value;
`;

  it("takes modules that export a network, or a function that makes one, and prepares the simulator", async () => {
    writeFileSync(file("network.mjs"), `${network}export default revive(network);\n`);
    writeFileSync(
      file("function.mjs"),
      `${network}export default async () => revive(network);\nexport const prepare = (simulator) => void (globalThis.prepared = simulator.network.name);\n`,
    );
    for (const name of ["network.mjs", "function.mjs"]) {
      const { code, out, err } = await llif([
        "simulate",
        file(name),
        "--ticks",
        "20",
        "--json",
        "--engine",
        "reference",
      ]);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(JSON.parse(out).populations[0].spikes).toBe(20);
    }
    expect((globalThis as { prepared?: string }).prepared).toBe("ring");
  });

  it("drives populations, by options and by what a module prepares", async () => {
    const cells = spikingNetwork({ inputs: 1, name: "cells", dtSeconds: 1e-3 })
      .population({ name: "a", units: 2, input: "none", threshold: 1, currents: { g: { timeConstantTicks: 5 } } })
      .population({ name: "b", units: 3, input: "none", threshold: 1 })
      .build();
    writeFileSync(file("cells.llif"), writeLlif(cells));
    const spikes = async (...options: string[]) => {
      const words = ["simulate", file("cells.llif"), "--ticks", "1000", "--engine", "reference", "--json", ...options];
      const { code, out, err } = await llif(words);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      return JSON.parse(out).populations.map((each: { spikes: number }) => each.spikes);
    };
    expect(await spikes()).toEqual([0, 0]);
    expect(await spikes("--drive", "a:0.125", "--drive", "b:0.25")).toEqual([250, 750]);
    const [a, b] = await spikes("--background", "a:100:1", "--background", "b:50:1");
    // Means of 200 and 150 in a second: within 5 standard deviations.
    expect(Math.abs(a - 200)).toBeLessThan(5 * Math.sqrt(200));
    expect(Math.abs(b - 150)).toBeLessThan(5 * Math.sqrt(150));
    expect(await spikes("--background", "a:100:1", "--background", "b:50:1", "--seed", "1")).not.toEqual([a, b]);
    const [direct] = await spikes("--background", "a:100:0.25");
    const [byCurrent] = await spikes("--background", "a:100:0.25:g");
    // A current brings more of its charge than its first tick.
    expect(byCurrent).toBeGreaterThan(2 * direct);
    writeFileSync(
      file("prepared.mjs"),
      `export { default } from "./network.mjs";\nexport const prepare = (simulator) => simulator.drive("cells", new Array(10).fill(0.5));\n`,
    );
    const { out } = await llif(["simulate", file("prepared.mjs"), "--ticks", "20", "--engine", "reference", "--json"]);
    expect(JSON.parse(out).populations[0].spikes).toBeGreaterThan(20);
    const { err } = await llif([
      "simulate",
      file("cells.llif"),
      "--ticks",
      "5",
      "--engine",
      "reference",
      "--background",
      "a:1:1:h",
    ]);
    expect(err).toMatch(/^llif: background of "a": .*expected a current \(g\), got "h"\n$/);
  });

  it("refuses networks that do not go on tick by tick", async () => {
    const relu = reluNetwork({ input: [1] })
      .dense({ weights: { shape: [1, 1], data: Float32Array.of(1) } })
      .relu()
      .build();
    const phase = await toSpiking(relu, { calibration: [Float32Array.of(1)], bits: 4 });
    writeFileSync(file("phase.llif"), writeLlif(phase));
    const { code, err } = await llif(["simulate", file("phase.llif"), "--ticks", "5"]);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(
        /expected a network that goes on tick by tick \(synchronous rate\), got code phase; llif run/,
      ),
    });
  });

  it("refuses what it cannot do, in one line", async () => {
    const modules: Record<string, string> = {
      "none.mjs": "export const network = 1;\n",
      "number.mjs": "export default 3;\n",
      "prepare.mjs": `${network}export default revive(network);\nexport const prepare = 1;\n`,
      "broken.mjs": "export default () => { throw new Error('no luck'); };\n",
      "syntax.mjs": "export default {;\n",
      "other.mjs": "export default { name: 'x' };\n",
    };
    for (const [name, text] of Object.entries(modules)) writeFileSync(file(name), text);
    const ticks = ["--ticks", "5"];
    const cases: [string[], RegExp][] = [
      [[path], /"\S+ring\.llif": expected one of --seconds and --ticks, got none$/],
      [[path, "--seconds", "1", ...ticks], /expected one of --seconds and --ticks, got both$/],
      [
        [path, "--seconds", "1e-5"],
        /--seconds: expected 1 to 16\.8 M ticks of 0\.001 s, the length of a tick of "ring", got 0$/,
      ],
      [[path, "--seconds", "-1"], /--seconds: expected a number above 0, got "-1"$/],
      [[path, ...ticks, "--seed", "1"], /--seed: expected --background beside it$/],
      [[path, ...ticks, "--potentials", "cells:1"], /--potentials: expected --plot-potentials beside it$/],
      [
        [path, ...ticks, "--plot-potentials", file("x.svg"), "--potentials", "cells:10"],
        /--potentials: expected neurons of "cells" from 0 to 9, got 10$/,
      ],
      [
        [path, ...ticks, "--plot-potentials", file("x.svg"), "--potentials", "others:1"],
        /--potentials: expected a population among cells, got "others"$/,
      ],
      [[path, ...ticks, "--background", "cells"], /--background: expected a number above 0, got ""$/],
      [
        [path, ...ticks, "--background", "cells:1:1:v:w"],
        /--background: expected population:Hz:weight\[:into\], got "cells:1:1:v:w"$/,
      ],
      [[path, ...ticks, "--drive", ":1"], /--drive: expected population:charge, got ":1"$/],
      [
        [path, ...ticks, "--plot", path],
        /ring\.llif": expected another file to write, since .* is read by the same command$/,
      ],
      [[file("missing.llif"), ...ticks], /missing\.llif": no such file or folder$/],
      [[file("missing.mjs"), ...ticks], /missing\.mjs": no such file or folder$/],
      [
        [file("none.mjs"), ...ticks],
        /none\.mjs": expected a spiking network as default export, or a function that makes one, got none$/,
      ],
      [[file("number.mjs"), ...ticks], /number\.mjs": expected a spiking network .*, got number$/],
      [[file("prepare.mjs"), ...ticks], /prepare\.mjs": prepare: expected a function of the simulator, got number$/],
      [[file("broken.mjs"), ...ticks], /broken\.mjs": the module failed: no luck$/],
      [[file("syntax.mjs"), ...ticks], /syntax\.mjs": the module failed: /],
      [[file("other.mjs"), ...ticks], /other\.mjs": .*nodes: expected an array, got undefined$/],
    ];
    for (const [words, message] of cases) {
      const { code, out, err } = await llif(["simulate", ...words]);
      expect({ words, code, out }).toEqual({ words, code: 1, out: "" });
      expect(err.trimEnd()).toMatch(message);
      expect(err.trimEnd().split("\n")).toHaveLength(1);
    }
    expect(existsSync(file("x.svg"))).toBe(false);
  });

  it("joins the potentials and spikes of its parts", async () => {
    const record = { spikes: ["cells"], potentials: { cells: [3, 0] } };
    const simulator = await createSimulator<RecordedParts>(ring, { engine: "reference", record });
    const io = {
      out: () => undefined,
      err: () => undefined,
      progress: () => undefined,
      signal: new AbortController().signal,
    };
    const joined = await runParts(simulator, record, 50, io);
    const whole = simulator.run(new Float32Array(1), { ticks: 50 });
    simulator.dispose();
    const [first, second] = joined.potentials.get("cells") ?? [];
    expect([...first, ...second]).toEqual(Array.from(whole.potentials.cells));
    expect(joined.spikes.get("cells")).toEqual(whole.spikes.cells);
    expect(joined.counts.get("cells")).toEqual(new Float64Array(10).fill(5));
  });

  it("can be cancelled", async () => {
    const { code, err } = await llif(["simulate", path, "--ticks", "1000000"], AbortSignal.abort());
    expect({ code, err }).toEqual({ code: 130, err: "llif: cancelled\n" });
  });
});
