// How the cost of a live network grows with its synapses and with its activity.
import { benchCase, type BenchCase, type Contender } from "../../ts/timing/case.ts";
import { wasmContender } from "./contenders.ts";
import { fly, type LiveModel } from "./models.ts";
import { networkOf, rateOf, type LiveOutcome } from "./network.ts";
import { plainContender } from "./plain.ts";

export interface LiveStep {
  readonly model: () => LiveModel;
  /** The quantity that grows; default: the mean rate that was measured, in Hz. */
  readonly value?: number;
}

const step = (neurons: number, rateHz: number, ticks: number) => () =>
  fly({ neurons, fanOut: 100, contacts: 3, rateHz, ticks });

/** By case. Neurons grow with the synapses, 100 a neuron, at 2.5 Hz; the activity grows with 4 million synapses. */
export const liveSeries: Readonly<Record<string, readonly LiveStep[]>> = {
  synapses: [10_000, 40_000, 160_000].map((neurons) => ({ value: 100 * neurons, model: step(neurons, 2.5, 2000) })),
  activity: [0.2, 1, 4, 20].map((rateHz) => ({ model: step(40_000, rateHz, 2000) })),
};

/** Every step is a contender, the smallest first, so the ratios are the growth itself; plain TypeScript tells what is right. */
export function liveGrowthCase(name: string, steps: readonly LiveStep[]): BenchCase {
  return benchCase("live", name, async () => {
    const contenders: Contender<LiveOutcome>[] = [];
    const truths = new Map<string, LiveOutcome>();
    for (const { value, model: make } of steps) {
      const model = make();
      const network = networkOf(model);
      const truth = await plainContender("awake", network, model).outcome();
      const label = `${name} ${value ?? rateOf(model, truth.spikes)}`;
      truths.set(label, truth);
      const wasm = await wasmContender(network, model);
      contenders.push({ ...wasm, name: label, more: { value: value ?? rateOf(model, truth.spikes) } });
    }
    const compare = (_: LiveOutcome, theirs: LiveOutcome, contender: string) =>
      JSON.stringify(truths.get(contender)) === JSON.stringify(theirs) ? undefined : "not what plain TypeScript gives";
    return { contenders, compare };
  });
}
