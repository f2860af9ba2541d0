import { sample, type ImageDataset } from "../data/dataset.ts";
import type { ForwardPass } from "./evaluate.ts";
import type { Evaluation } from "./evaluation.ts";

/** One image on which the two networks decide differently; classes by index. */
export interface Difference {
  /** Position in the data set. */
  readonly image: number;
  /** Null without labels. */
  readonly label: number | null;
  readonly relu: number;
  readonly spiking: number;
  /** The float network's largest logit less its second largest: how close its own decision was. */
  readonly floatMargin: number;
}

/** @param data the evaluated images, in order. @param forward the float network, which runs again on the images that differ. */
export function differencesOf(
  { indices, labels, reluDecisions, spikingDecisions }: Evaluation,
  data: ImageDataset,
  forward: ForwardPass,
  reluOutput: string,
): Difference[] {
  return [...indices].flatMap((image, index) => {
    if (reluDecisions[index] === spikingDecisions[index]) return [];
    const logits = forward.run(sample(data, index), 1).outputs[reluOutput];
    const [largest, second] = [...logits].sort((a, b) => b - a);
    return [
      {
        image,
        label: labels?.[index] ?? null,
        relu: reluDecisions[index],
        spiking: spikingDecisions[index],
        floatMargin: largest - second,
      },
    ];
  });
}
