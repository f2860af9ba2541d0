// Certificate C1: proves that the float network makes the same decision for a sample.
import { requireReluNetwork } from "../relu/check.ts";
import { checkFunction, checkInteger, checkNumbers, checkObject, describe, isTypedArray } from "../check.ts";
import { LlifError } from "../errors.ts";
import { forward, logitsNode } from "../relu/forward.ts";
import { inputOf, type DenseNode, type ReluNetwork, type ReluNode } from "../relu/network.ts";
import { sizeOf, type Shape } from "../tensor.ts";
import {
  enclosable,
  enclose,
  encloseInput,
  gamma,
  linearPasses,
  recentred,
  underflow,
  type Enclosure,
  type LinearPass,
  type LinearPasses,
} from "./enclosure.ts";

/** Finds the decisions of a spiking network that the float network provably shares. */
export interface Certifier {
  /**
   * @param batch shape [samples, inputs]: uint8 pixels, or float32 after the input convention.
   * @param activations decoded from the spiking network's counts, by node of the ReLU network, shape [samples,
   * elements]. Wrong values cannot cause a false certificate.
   * @param decisions the spiking network's decisions, one per sample.
   * @returns 1 if the float network provably makes the same decision, in exact arithmetic and in float32 with any order
   * of sums.
   */
  certify(
    batch: Uint8Array | Float32Array,
    samples: number,
    activations: Readonly<Record<string, Float32Array>>,
    decisions: ArrayLike<number>,
  ): Uint8Array;
  dispose(): void;
}

/**
 * Certificate C1: interval propagation through the ReLU network with the float weights, re-centred at each layer on the
 * spiking network's activations. Useful for shallow networks; in deep ones the bounds exceed the margins.
 * @param makePass makes a pass for one weighted node; called twice per node.
 * @throws {LlifError} UNSUPPORTED naming the nodes without interval bounds.
 * @see docs/mathematics.md C1
 */
export async function createCertifier(
  network: ReluNetwork,
  makePass: (network: ReluNetwork) => LinearPass | Promise<LinearPass> = plainPass,
): Promise<Certifier> {
  requireReluNetwork("createCertifier: network", network);
  checkFunction("createCertifier: makePass", makePass);
  const logits = logitsNode(network);
  const shapes = new Map<string, Shape>(network.nodes.map((node) => [node.name, node.shape]));
  const steps: Step[] = [];
  const needed = nodesBefore(network, logits);
  const unknown = needed.filter((node) => !enclosable.has(node.kind)).map(({ name }) => name);
  if (unknown.length > 0)
    throw new LlifError(
      "UNSUPPORTED",
      `network "${network.name}": no certificate: intervals through ${unknown.join(", ")} are not known`,
      { nodes: unknown },
    );
  const made: LinearPass[] = [];
  const disposeAll = (): void => made.splice(0).forEach((pass) => pass.dispose?.());
  const keeping = async (single: ReluNetwork): Promise<LinearPass> => {
    const pass = await makePass(single);
    checkFunction(
      "createCertifier: answer of makePass: run",
      checkObject("createCertifier: answer of makePass", pass).run,
    );
    made.push(pass);
    return pass;
  };
  for (const node of needed) {
    const inputs = node.from.map((name) => shapes.get(name) as Shape);
    const decides = node.name === logits && node.kind === "dense";
    if (decides) continue;
    const passes =
      node.kind === "dense" || node.kind === "conv2d" || node.kind === "convTranspose2d"
        ? await linearPasses(node, inputs[0], keeping).catch((cause: unknown) => {
            disposeAll();
            throw cause;
          })
        : null;
    steps.push({ node, inputs, passes });
  }
  const last = network.nodes.find(({ name }) => name === logits) as ReluNode;

  return {
    certify(batch, samples, activations, decisions) {
      checkInteger("certify: samples", samples, 1);
      if (!isTypedArray(batch, "Uint8Array") && !isTypedArray(batch, "Float32Array"))
        throw new LlifError(
          "ARGUMENT",
          `certify: batch: expected a Uint8Array or a Float32Array, got ${describe(batch)}`,
        );
      checkNumbers("certify: batch", batch, { length: samples * sizeOf(inputOf(network).shape) });
      checkObject("certify: activations", activations);
      for (const [name, values] of Object.entries(activations))
        if (!isTypedArray(values, "Float32Array"))
          throw new LlifError(
            "ARGUMENT",
            `certify: activations: ${name}: expected a Float32Array, got ${describe(values)}`,
          );
      checkNumbers("certify: decisions", decisions, { length: samples });
      const known = new Map<string, Enclosure>();
      for (const { node, inputs, passes } of steps) {
        const sources = node.from.map((name) => known.get(name) as Enclosure);
        const enclosure =
          node.kind === "input" ? encloseInput(network, batch) : enclose(node, inputs, sources, samples, passes);
        const given = activations[node.name];
        known.set(node.name, given === undefined ? enclosure : recentred(enclosure, given));
      }
      const decided = new Uint8Array(samples);
      for (let sample = 0; sample < samples; sample++) {
        const final =
          last.kind === "dense"
            ? decidesDense(last, known.get(last.from[0]) as Enclosure, sample, decisions[sample])
            : decidesApart(known.get(logits) as Enclosure, samples, sample, decisions[sample]);
        decided[sample] = final ? 1 : 0;
      }
      return decided;
    },
    dispose: disposeAll,
  };
}

interface Step {
  readonly node: ReluNode;
  readonly inputs: readonly Shape[];
  readonly passes: LinearPasses | null;
}

function nodesBefore(network: ReluNetwork, last: string): ReluNode[] {
  const wanted = new Set([last]);
  for (const node of [...network.nodes].reverse())
    if (wanted.has(node.name)) for (const name of node.from) wanted.add(name);
  return network.nodes.filter(({ name }) => wanted.has(name));
}

function plainPass(network: ReluNetwork): LinearPass {
  const [output] = network.outputs;
  const inputs = sizeOf(inputOf(network).shape);
  return {
    run(batch, samples) {
      const values = Array.from(
        { length: samples },
        (_, sample) =>
          forward(network, batch.subarray(sample * inputs, (sample + 1) * inputs)).get(output) as Float32Array,
      );
      const joined = new Float32Array(samples * (values[0]?.length ?? 0));
      values.forEach((row, sample) => joined.set(row, sample * row.length));
      return { outputs: { [output]: joined } };
    },
  };
}

/** y_p − y_k > Σ_j |w_pj − w_kj|·ε_j for all k ≠ p, with room for rounding. */
function decidesDense(
  { weights: { data }, bias }: DenseNode,
  { centre, radius }: Enclosure,
  sample: number,
  decision: number,
): boolean {
  const inputs = data.length / bias.length;
  const start = sample * inputs;
  const error = gamma(inputs + 2) + 1e-12;
  const row = decision * inputs;
  for (let other = 0; other < bias.length; other++) {
    if (other === decision) continue;
    let gap = bias[decision] - bias[other];
    let slack = error * (Math.abs(bias[decision]) + Math.abs(bias[other]));
    for (let input = 0; input < inputs; input++) {
      const [mine, theirs] = [data[row + input], data[other * inputs + input]];
      const [middle, distance] = [centre[start + input], radius[start + input]];
      gap += (mine - theirs) * middle;
      slack +=
        Math.abs(mine - theirs) * distance +
        error * (Math.abs(mine) + Math.abs(theirs)) * (Math.abs(middle) + distance);
    }
    if (!(gap > slack + underflow)) return false;
  }
  return true;
}

/** For logits that are not a weighted sum, which have separate intervals. */
function decidesApart({ centre, radius }: Enclosure, samples: number, sample: number, decision: number): boolean {
  const classes = centre.length / samples;
  const mine = sample * classes + decision;
  for (let other = 0; other < classes; other++) {
    const theirs = sample * classes + other;
    if (other !== decision && !(centre[mine] - centre[theirs] > (radius[mine] + radius[theirs]) * (1 + 1e-9)))
      return false;
  }
  return true;
}
