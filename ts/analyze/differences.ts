// Lists the images on which the spiking network and the float network decide differently.
import { sample, type ImageDataset } from "../data/dataset.ts";
import type { ForwardPass } from "./contenders.ts";
import type { Evaluation } from "./evaluation.ts";
import type { Difference } from "./evaluation-report.ts";

/**
 * @param data the evaluated images, in order.
 * @param forward the float network, which runs again on the images that differ.
 */
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
