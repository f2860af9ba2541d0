// An editable playground: constant leak toward a level, noise for each neuron and tick, and edits while it runs.
import { createSimulator, pcg32, randomEdges, spikingNetwork, type SpikeTrain } from "llif";
import { spikesOf, type Outcome } from "./outcome.ts";

const neurons = 500;
// All charges are multiples of 1/8, so their sums are exact.
const [threshold, resetTo, level, leak] = [16, -4, 2, 1 / 8];
const frameTicks = 16;

interface Edge {
  readonly from: number;
  readonly to: number;
  weight: number;
}

/** What the user does: cuts a connection, draws a new one, or switches a neuron off. */
type Edit = { readonly cut: number } | { readonly draw: Edge } | { readonly off: number };

export function make(small: boolean) {
  const { from, to, weights } = randomEdges({
    from: neurons,
    to: neurons,
    fanOut: 10,
    weights: (source) => (source % 5 === 0 ? -2 : 1),
    seed: 1,
  });
  const edges = Array.from(from, (source, index): Edge => ({ from: source, to: to[index], weight: weights[index] }));
  const random = pcg32(2);
  const [frames, every] = small ? [30, 9] : [600, 100];
  const edits = Array.from({ length: frames }, (_, frame): Edit | null => {
    if (frame % every === 3) return { cut: random() % edges.length };
    if (frame % every === 6) return { draw: { from: random() % neurons, to: random() % neurons, weight: 3 } };
    return frame % every === 8 ? { off: random() % neurons } : null;
  });
  return { edges, edits };
}

type Model = ReturnType<typeof make>;

/** Noise of the next tick: −1.5 to 2 in steps of 1/2, from a xorshift generator (Marsaglia 2003). */
function noiseMaker(): (into: Float32Array) => void {
  let state = 1;
  return (into) => {
    for (let neuron = 0; neuron < neurons; neuron++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      into[neuron] = (state >>> 29) / 2 - 1.5;
    }
  };
}

export function plain({ edges, edits }: Model): Outcome {
  const spikes: number[] = [];
  const start = performance.now();
  const outgoing = Array.from({ length: neurons }, (): Edge[] => []);
  const drawn = edges.map((edge) => ({ ...edge }));
  for (const edge of drawn) outgoing[edge.from].push(edge);
  const off = new Set<number>();
  const v = new Float64Array(neurons);
  const noise = new Float32Array(neurons);
  const next = noiseMaker();
  let fired: number[] = [];
  edits.forEach((edit, frame) => {
    if (edit !== null && "cut" in edit) drawn[edit.cut].weight = 0;
    if (edit !== null && "draw" in edit) outgoing[edit.draw.from].push(edit.draw);
    if (edit !== null && "off" in edit) off.add(edit.off);
    for (let step = 0; step < frameTicks; step++) {
      next(noise);
      for (let neuron = 0; neuron < neurons; neuron++) {
        const driven = v[neuron] + noise[neuron];
        v[neuron] = driven > level ? Math.max(level, driven - leak) : Math.min(level, driven + leak);
      }
      for (const source of fired) for (const { to, weight } of outgoing[source]) v[to] += weight;
      fired = [];
      for (let neuron = 0; neuron < neurons; neuron++) {
        if (v[neuron] < threshold || off.has(neuron)) continue;
        v[neuron] = resetTo;
        fired.push(neuron);
        spikes.push((frame * frameTicks + step) * neurons + neuron);
      }
    }
  });
  return { spikes, milliseconds: performance.now() - start };
}

export async function withLlif({ edges, edits }: Model): Promise<Outcome> {
  const drawn = edges.map((edge) => ({ ...edge }));
  const off: number[] = [];
  const open = () =>
    createSimulator(
      spikingNetwork({ inputs: 1 })
        .population({
          name: "cells",
          units: neurons,
          input: "none",
          threshold,
          reset: { kind: "hard", value: resetTo },
          leak: { kind: "constant", chargePerTick: leak, until: level },
        })
        .connect({
          from: "cells",
          to: "cells",
          edges: {
            from: drawn.map(({ from }) => from),
            to: drawn.map(({ to }) => to),
            weights: drawn.map(({ weight }) => weight),
          },
        })
        .build(),
      { record: { counts: false, spikes: ["cells"] } },
    );
  const trains: SpikeTrain[] = [];
  const start = performance.now();
  let simulator = await open();
  const noise = new Float32Array(neurons);
  const next = noiseMaker();
  for (const edit of edits) {
    if (edit !== null && "off" in edit) simulator.silence("cells", off.concat(edit.off));
    if (edit !== null && "off" in edit) off.push(edit.off);
    else if (edit !== null) {
      if ("cut" in edit) drawn[edit.cut].weight = 0;
      else drawn.push(edit.draw);
      // Other connections are another network, which goes on from the state of the last one.
      const state = simulator.state();
      simulator.dispose();
      simulator = await open();
      simulator.restore(state);
    }
    for (let step = 0; step < frameTicks; step++) {
      next(noise);
      simulator.drive("cells", noise);
      trains.push(simulator.step(null).spikes.cells);
    }
  }
  const milliseconds = performance.now() - start;
  simulator.dispose();
  return { spikes: spikesOf(trains, 1, neurons), milliseconds };
}
