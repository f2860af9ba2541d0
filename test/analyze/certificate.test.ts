// Certificate C1 never certifies a decision that the float network does not make.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFloatPass } from "../../ts/engine/passes/float.ts";
import { referenceEngine } from "../../ts/engine/reference.ts";
import { correspondences, decodeActivations, wholeNodes } from "../../ts/mapping/activations.ts";
import { createCertifier } from "../../ts/mapping/certificate.ts";
import { toSpiking } from "../../ts/mapping/to-spiking.ts";
import { argmax, forward } from "../../ts/relu/forward.ts";
import type { ReluNetwork } from "../../ts/relu/network.ts";
import { pcg32 } from "../../ts/random.ts";
import { doubleForward, randomGraph } from "./graphs.ts";

/** Activations of the spiking network, by node of the ReLU network. */
async function simulated(relu: ReluNetwork, image: Uint8Array, bits: number) {
  const network = await toSpiking(relu, { code: "phase", bits, calibration: [image] });
  const simulator = await referenceEngine().createSimulator(network, {});
  const run = simulator.run(image);
  const all = wholeNodes(relu, correspondences(relu, network));
  return {
    decision: argmax(run.logits),
    activations: Object.fromEntries(all.map((one) => [one.node, decodeActivations(network, one, run)])),
  };
}

describe("certificate C1", () => {
  it("never certifies what the float network, in float64 or in float32, decides otherwise: spiking activations", async () => {
    let certified = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 2, max: 8 }), async (seed, bits) => {
        const { network, image } = randomGraph(seed);
        const { decision, activations } = await simulated(network, image, bits);
        const certifier = await createCertifier(network);
        if (certifier.certify(image, 1, activations, [decision])[0] === 0) return;
        certified++;
        expect(argmax(doubleForward(network, image))).toBe(decision);
        expect(
          argmax(
            forward(
              network,
              Float32Array.from(image, (pixel) => pixel / 255),
            ).get(network.outputs[0]) as Float32Array,
          ),
        ).toBe(decision);
      }),
      { numRuns: 150, seed: 1 },
    );
    expect(certified).toBeGreaterThan(20);
  });

  it("holds whatever activations it is told, near or far, and whatever decision", async () => {
    let certified = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.double({ min: -7, max: 0, noNaN: true }),
        async (seed, exponent) => {
          // Half of them with padding and slopes of either sign.
          const { network, image } = randomGraph(seed, { leaky: seed % 2 === 0 });
          const random = pcg32(seed);
          const exact = doubleForward(network, image);
          const values = forward(
            network,
            Float32Array.from(image, (pixel) => pixel / 255),
          );
          const nodes = network.nodes.filter(({ kind }) => kind === "relu");
          const near = (value: number) => value * (1 + 10 ** exponent * (random() / 2 ** 31 - 1));
          const activations = Object.fromEntries(
            nodes.map(({ name }) => [name, (values.get(name) as Float32Array).map(near)]),
          );
          const certifier = await createCertifier(network);
          for (let decision = 0; decision < exact.length; decision++) {
            if (certifier.certify(image, 1, activations, [decision])[0] === 0) continue;
            certified++;
            expect(argmax(exact)).toBe(decision);
          }
        },
      ),
      { numRuns: 200, seed: 2 },
    );
    expect(certified).toBeGreaterThan(25);
  });

  it("certifies nothing at a tie, or from values that are no numbers", async () => {
    const { network, image } = randomGraph(5);
    const output = network.nodes.find(({ name }) => name === network.outputs[0]);
    if (output?.kind !== "dense") throw new Error("expected a dense output");
    const inputs = output.weights.data.length / output.bias.length;
    const data = output.weights.data.map((_, index) => output.weights.data[index % inputs]);
    const tied = {
      ...network,
      nodes: network.nodes.map((node) =>
        node === output ? { ...output, weights: { ...output.weights, data }, bias: output.bias.map(() => 0.5) } : node,
      ),
    };
    const certifier = await createCertifier(tied);
    expect([...certifier.certify(image, 1, {}, [0])]).toEqual([0]);
    const relu = network.nodes.find(({ kind }) => kind === "relu");
    const size = (
      forward(
        network,
        Float32Array.from(image, (pixel) => pixel / 255),
      ).get(relu?.name ?? "") as Float32Array
    ).length;
    const broken = (await createCertifier(network)).certify(
      image,
      1,
      { [relu?.name ?? ""]: new Float32Array(size).fill(NaN) },
      [0],
    );
    expect([...broken]).toEqual([0]);
  });

  it("gives the same by the fast pass", async () => {
    for (let seed = 0; seed < 12; seed++) {
      const { network, image } = randomGraph(seed);
      const { decision, activations } = await simulated(network, image, 6);
      const [plain, fast] = [
        await createCertifier(network),
        await createCertifier(network, (single) => createFloatPass(single)),
      ];
      expect(fast.certify(image, 1, activations, [decision])).toEqual(plain.certify(image, 1, activations, [decision]));
      fast.dispose();
    }
  });

  it("counts rounding: a logit gap below that of float32 is no proof", async () => {
    // Two rows that differ by less than the rounding of their sums.
    const size = 400;
    const row = Float32Array.from({ length: size }, (_, index) => Math.fround(Math.sin(index + 1)));
    const weights = { shape: [2, size], data: Float32Array.from([...row, ...row]) };
    weights.data[size] = Math.fround(weights.data[size] + 2 ** -24);
    const network: ReluNetwork = {
      name: "close",
      outputs: ["y"],
      classes: [],
      convention: { scale: 1 / 255, mean: [0], std: [1], channelOrder: "gray" },
      nodes: [
        { kind: "input", name: "x", from: [], shape: [size] },
        { kind: "dense", name: "y", from: ["x"], shape: [2], weights, bias: new Float32Array(2) },
      ],
    };
    const image = new Uint8Array(size).fill(200);
    expect(argmax(doubleForward(network, image))).toBe(1);
    expect([...(await createCertifier(network)).certify(image, 1, {}, [1])]).toEqual([0]);
  });
});
