// What a run takes as its input, in both engines.
import { describe, expect, it } from "vitest";
import { inputEncoder } from "../../ts/analyze/encoding.ts";
import { encodePhase } from "../../ts/encode/phase.ts";
import { encodePoisson, encodeRegular } from "../../ts/encode/encode.ts";
import { encodeTtfs, encodeTtfsTimes } from "../../ts/encode/ttfs.ts";
import type { RunInput } from "../../ts/engine/engine.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { wasmEngine } from "../../ts/engine/wasm.ts";
import { toSpiking } from "../../ts/mapping/to-spiking.ts";
import { reluNetwork } from "../../ts/relu/builder.ts";
import { forwardLogits } from "../../ts/relu/forward.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { collectWarnings } from "../../ts/warn.ts";
import { digits, shippedModel } from "../mapping/models.ts";

const images = digits(0, 20);
const labels = [7, 2, 1, 0, 4, 1, 4, 9, 5, 9, 0, 6, 9, 0, 1, 5, 9, 7, 3, 4];
const mlp = shippedModel("mnist-mlp");
const calibration = digits(450, 460);
const small = reluNetwork({ input: [2] })
  .dense({ weights: { shape: [2, 2], data: Float32Array.of(1, -0.5, 0.25, 1) } })
  .relu()
  .dense({ weights: { shape: [2, 2], data: Float32Array.of(1, 0.5, -1, 1) } })
  .build();
const pixels = [Uint8Array.of(200, 100), Uint8Array.of(0, 255), Uint8Array.of(255, 30)];
const real = pixels.map((sample) => Float32Array.from(sample, (pixel) => pixel / 255 - 0.3));

describe.each([
  ["reference", referenceEngine],
  ["wasm", wasmEngine],
] as const)("%s", (_, makeEngine) => {
  const engine = makeEngine();
  const runOn = async (network: Parameters<typeof engine.createSimulator>[0], input: RunInput, ticks?: number) => {
    const simulator = await engine.createSimulator(network);
    try {
      return simulator.run(input, { ticks });
    } finally {
      simulator.dispose();
    }
  };

  it.each(["regular", "poisson"] as const)(
    "decides 20 digits from %s spikes",
    async (encoding) => {
      const mapped = await toSpiking(mlp, { code: "rate", ticks: 64, calibration });
      const { network, encode } = inputEncoder(mapped, { encoding, seed: 3 });
      const simulator = await engine.createSimulator(network);
      const decisions = images.map((image, index) => simulator.run(encode(image, index).input).top[0].index);
      simulator.dispose();
      expect(decisions).toEqual(labels);
    },
    120_000,
  );

  it("refuses spikes that would stand for something else, and says what would be right", async () => {
    const refused = async (
      options: Parameters<typeof toSpiking>[1],
      spikes: Extract<RunInput, { spikes: unknown }>["spikes"],
    ) => {
      const network = await toSpiking(small, { calibration: pixels, ...options });
      await expect(runOn(network, { spikes })).rejects.toThrow(
        expect.objectContaining({
          code: "ARGUMENT",
          message: expect.stringMatching(
            /inputEncoder|expected (binary|ternary) digits of \d+ ticks|expected slots of/,
          ),
        }),
      );
    };
    const rates = [0.5, 0.25];
    await refused({ code: "rate", ticks: 16 }, encodePoisson(rates, 16, 1));
    await refused({ code: "rate", ticks: 16 }, { ticks: [0], neurons: [0] });
    await refused({ code: "ttfs" }, encodeTtfsTimes(rates));
    await refused({ code: "rate", schedule: "layerwise", ticks: 300 }, encodeRegular(rates, 300));
    await refused({ code: "phase", bits: 8 }, encodeRegular(rates, 8));
    await refused({ code: "phase", bits: 10 }, encodePhase([3, 200], 8));
    await refused({ code: "phase", bits: 6, spikes: "signed" }, encodePhase([3, 60], 6));
    await refused({ code: "ttfs", bits: 8 }, encodePhase([3, 200], 8));
    await refused({ code: "ttfs", bits: 9 }, encodeTtfs([3, 200], 255));
    const scaled = inputEncoder(await toSpiking(small, { code: "rate", ticks: 16, calibration: pixels }), {
      encoding: "regular",
    });
    await expect(runOn(scaled.network, pixels[0])).rejects.toThrow(
      "expected spikes, each of which stands for a whole 1, got values",
    );
    expect(() => inputEncoder(scaled.network, { encoding: "regular" })).toThrow(
      "one that inputEncoder has made for spikes",
    );
    expect(() => scaled.encode(real[0])).toThrow("expected pixels 0…255");
  });

  it.each([
    ["phase", 8, (image: Uint8Array) => encodePhase(image, 8)],
    ["ttfs", 8, (image: Uint8Array) => encodeTtfs(image, 255)],
  ] as const)("takes the digits or slots of pixels in %s", async (code, bits, encode) => {
    const network = await toSpiking(small, { code, bits, calibration: pixels });
    expect((await runOn(network, { spikes: encode(pixels[0]) })).charges).toEqual(
      (await runOn(network, pixels[0])).charges,
    );
  });

  it("adds values and spikes in synchronous networks", async () => {
    // 0.25 a tick, and 0.5 from spikes in ticks 1 and 2: 0.25, 1 → 0, 0.75, 1 → 0; the output has ¼ a tick and ½ a spike.
    const network = spikingNetwork({ inputs: [2], ticks: 4 })
      .dense({ weights: [[0.25, 0.5]], threshold: 1, name: "a" })
      .output({ weights: [[1]] })
      .build();
    const spikes = { ticks: [1, 2], neurons: [1, 1] };
    const simulator = await engine.createSimulator(network, { record: { spikes: ["a"], potentials: { a: [0] } } });
    const { potentials, spikes: fired } = simulator.run({ values: [1, 0], spikes });
    expect([...potentials.a]).toEqual([0.25, 0, 0.75, 0]);
    expect([...fired.a.ticks]).toEqual([1, 3]);
    // The same in parts, of which some bring only one of the two.
    simulator.reset();
    const parts = [
      { values: [1, 0] },
      { values: [1, 0], spikes: { ticks: [0, 1], neurons: [1, 1] } },
      { values: [1, 0] },
    ].map((input, part) => simulator.run(input as RunInput, { ticks: [1, 2, 1][part], keepState: true }));
    expect(parts.flatMap(({ potentials }) => [...potentials.a])).toEqual([0.25, 0, 0.75, 0]);
    simulator.dispose();
  });

  it("adds values and spikes of signed rate: N = clip(floor((V + v0) / θ)) of their sum", async () => {
    const network = await toSpiking(small, { code: "rate", spikes: "signed", ticks: 300, calibration: pixels });
    const [base, added] = [
      Uint8Array.of(120, 100),
      { ticks: Array.from({ length: 80 }, (_, tick) => tick), neurons: new Uint8Array(80) },
    ];
    const both = await runOn(network, { values: base, spikes: added });
    expect(both.charges).toEqual((await runOn(network, Uint8Array.of(200, 100))).charges);
    expect(both.counts).toEqual((await runOn(network, Uint8Array.of(200, 100))).counts);
  });

  it("refuses values and spikes at once in layerwise networks, naming both", async () => {
    for (const options of [{ code: "phase", bits: 8 }, { code: "ttfs" }] as const) {
      const network = await toSpiking(small, { ...options, calibration: pixels });
      const spikes = inputEncoder(network, { encoding: options.code }).encode(pixels[0]).spikes ?? {
        ticks: [],
        neurons: [],
      };
      await expect(
        runOn(network, { values: pixels[0], spikes: { ticks: spikes.ticks, neurons: spikes.neurons } }),
      ).rejects.toThrow(/values \} or \{ spikes \}.*got both|inputEncoder/);
    }
  });

  it("takes each input when its turn comes, from a buffer that is filled anew", async () => {
    const network = await toSpiking(small, { code: "phase", bits: 8, calibration: real });
    const simulator = await engine.createSimulator(network);
    const expected = real.map((values) => simulator.run(values).logits);
    const buffer = new Float32Array(2);
    let given = 0;
    function* refilled() {
      for (const values of real) {
        given++;
        buffer.set(values);
        yield buffer;
      }
    }
    async function* later() {
      for (const values of refilled()) yield await Promise.resolve(values);
    }
    expect((await simulator.runBatch(refilled())).map(({ logits }) => logits)).toEqual(expected);
    expect((await simulator.runBatch(later())).map(({ logits }) => logits)).toEqual(expected);
    expect([...simulator.runPipelined(refilled())].map(({ logits }) => logits)).toEqual(expected);
    expect(
      (await simulator.runBatch({ shape: [3, 2], data: Float32Array.from(real.flatMap((values) => [...values])) })).map(
        ({ logits }) => logits,
      ),
    ).toEqual(expected);
    given = 0;
    const aborting = new AbortController();
    function* endless() {
      for (;;) yield* refilled();
    }
    await expect(
      simulator.runBatch(endless(), { signal: aborting.signal, onProgress: (done) => done === 7 && aborting.abort() }),
    ).rejects.toThrow(expect.objectContaining({ code: "ABORTED" }));
    expect(given).toBeLessThanOrEqual(9);
    simulator.dispose();
  });

  it("tells pixels from real values by their type alone", async () => {
    const fromPixels = await toSpiking(small, { code: "phase", bits: 8, calibration: pixels });
    const expected = (await runOn(fromPixels, pixels[0])).logits;
    const values = Float64Array.from(pixels[0], (pixel) => pixel / 255);
    for (const input of [
      Uint8ClampedArray.from(pixels[0]),
      values,
      [...values],
      { values: [...values] },
      { shape: [1, 2], data: pixels[0] },
      { values: { shape: [2, 1], data: values } },
    ] as RunInput[]) {
      expect((await runOn(fromPixels, input)).logits).toEqual(expected);
    }
    for (const input of [[...pixels[0]], Float64Array.from(pixels[0])])
      await expect(runOn(fromPixels, input)).rejects.toThrow("expected pixels from 0 to 1, before any mean");
    for (const input of [
      Int32Array.of(1, 2),
      null,
      {},
      { value: [1, 2] },
      { values: [1, 2], label: 7 },
      { spikes: [] },
      { spikes: { ticks: [0] } },
      { spikes: { ticks: "0", neurons: "0" } },
      ["1", "2"],
      [NaN, 1],
      new Map(),
      { shape: [2, 2], data: [1, 2, 3, 4] },
    ]) {
      await expect(runOn(fromPixels, input as never)).rejects.toThrow(expect.objectContaining({ name: "LlifError" }));
    }
  });

  it("says how many real values were clipped, and warns of it once a simulator", async () => {
    const warnings: string[] = [];
    const network = await toSpiking(small, { code: "phase", bits: 8, inputRange: 1, calibration: real });
    const end = collectWarnings((message) => warnings.push(message));
    const clipped = async (...values: number[]) => (await runOn(network, values)).statistics.clippedInputs;
    expect(await clipped(0.5, -1)).toBe(0);
    expect(await clipped(0.5, -1.5)).toBe(1);
    expect(await clipped(20, -3)).toBe(2);
    const simulator = await engine.createSimulator(network);
    expect(
      [
        ...simulator.runPipelined([
          [2, 2],
          [0, 0],
          [0, 9],
        ]),
      ].map(({ statistics }) => statistics.clippedInputs),
    ).toEqual([2, 0, 1]);
    simulator.dispose();
    end();
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toMatch(
      /input "input": 1 of 2 values lay beyond the range from -1\.0\d* to 1 that it was mapped for, and were clipped/,
    );
  });
});

it("pixels enter the plain forward pass by the same rule", () => {
  const values = Float32Array.from(pixels[0], (pixel) => pixel / 255);
  expect(forwardLogits(small, pixels[0])).toEqual(forwardLogits(small, values));
  expect(forwardLogits(small, [...values])).toEqual(forwardLogits(small, values));
});
