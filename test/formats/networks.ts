// Random ReLU networks for the ONNX writer.
import { reluNetwork, type ReluNetworkBuilder } from "../../ts/relu/builder.ts";
import type { ReluNetwork } from "../../ts/relu/network.ts";
import { pseudoRandom, randomTensor, randomValues } from "./random.ts";

/** A random chain of convolutions, pools and dense layers of every kind that the builder knows. */
export function randomNetwork(seed: number): ReluNetwork {
  const random = pseudoRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const channels = 1 + below(4);
  let builder = reluNetwork({ input: [7 + below(6), 7 + below(6), channels], name: `random${seed}` });
  const layers = 1 + below(4);
  for (let layer = 0; layer < layers; layer++) builder = randomImageLayer(builder, random);
  if (below(3) === 0) builder = builder.globalAveragePool();
  const size = builder.shape.reduce((a, b) => a * b);
  builder = builder.dense({ weights: randomTensor(random, 6, size), bias: randomValues(random, 6) });
  if (below(2) === 0)
    builder = builder.relu({ ceiling: below(2) === 0 ? 6 : Infinity }).dense({ weights: randomTensor(random, 4, 6) });
  if (below(2) === 0)
    builder = builder.affine({
      scale: randomValues(random, builder.shape[0]),
      shift: randomValues(random, builder.shape[0]),
    });
  return below(3) === 0 ? builder.softmax().build() : builder.build();
}

function randomImageLayer(builder: ReluNetworkBuilder, random: () => number): ReluNetworkBuilder {
  const below = (limit: number): number => Math.floor(random() * limit);
  const [height, width, channels] = builder.shape;
  const extent = (limit: number): number => 1 + below(Math.min(3, limit));
  const size = [extent(height), extent(width)] as const;
  const stride = [1 + below(2), 1 + below(2)] as const;
  const padding = [0, 1, 2, 3].map(() => below(Math.min(...size)));
  const pads = { top: padding[0], left: padding[1], bottom: padding[2], right: padding[3] };
  switch (below(8)) {
    case 5: {
      const slope = below(2) === 0 ? 0.1 : randomValues(random, channels);
      return builder.relu({ slope, ceiling: below(2) === 0 ? 0.8 : Infinity });
    }
    case 6:
      return builder.pad({ padding: pads }).relu();
    case 7: {
      const groups = below(2) === 0 ? channels : 1;
      const outputs = groups * (1 + below(2));
      const weights = randomTensor(random, ...size, channels / groups, outputs);
      const outputPadding = [below(stride[0]), below(stride[1])] as const;
      return builder
        .convTranspose2d({
          weights,
          stride,
          groups,
          bias: randomValues(random, outputs),
          outputPadding,
          padding: { ...pads, top: 0, right: Math.min(pads.right, 1) },
        })
        .relu();
    }
    case 0: {
      const groups = below(2) === 0 ? channels : 1;
      const outputs = groups * (1 + below(3));
      const weights = randomTensor(random, ...size, channels / groups, outputs);
      const options = { weights, stride, groups, bias: randomValues(random, outputs) };
      return below(2) === 0
        ? builder.conv2d({ ...options, padding: pads }).relu()
        : builder.conv2d({ ...options, padding: "same", dilation: 1 + below(2) }).relu();
    }
    case 1:
      return builder.maxPool({ size, stride, padding: pads, ceil: below(2) === 0 });
    case 2:
      return builder.averagePool({ size, stride, padding: pads, ceil: below(2) === 0, countPadding: below(2) === 0 });
    case 3: {
      const values = (): Float32Array => randomValues(random, channels);
      return builder.batchNorm({
        gamma: values(),
        beta: values(),
        mean: values(),
        variance: values().map((value) => value + 1.5),
      });
    }
    default:
      return builder.relu({ ceiling: below(2) === 0 ? 1.5 : Infinity }).reshape({ shape: [width, height, channels] });
  }
}
