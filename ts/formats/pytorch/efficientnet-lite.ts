// Builds EfficientNet-Lite from its PyTorch weights, which carry no graph.
import { LlifError } from "../../errors.ts";
import { batchNormAffine } from "../../relu/builder.ts";
import { checkReluNetwork } from "../../relu/check.ts";
import { defaultConvention, type InputConvention, type ReluNetwork, type ReluNode } from "../../relu/network.ts";
import { outputShapeOf, samePadding } from "../../relu/shapes.ts";
import type { Shape, Tensor } from "../../tensor.ts";
import type { StateDict } from "./state-dict.ts";

export interface EfficientNetLiteOptions {
  readonly name?: string;
  /** Default: pixels / 255, RGB. */
  readonly convention?: InputConvention;
  readonly classes?: readonly string[];
}

/** Height and width of Lite0's training images. */
const inputSize = 224;
/** The blocks that halve the image: the first of their stages (Tan & Le 2019, table 1). */
const stridedBlocks = [1, 3, 5, 11];
const epsilon = 1e-3;

/**
 * Whether a state dict has the layers of an EfficientNet-Lite (efficientnet-pytorch names, no squeeze-and-excitation).
 */
export function isEfficientNetLite(weights: StateDict): boolean {
  const names = [...weights.keys()];
  return (
    ["_conv_stem.weight", "_blocks.0._depthwise_conv.weight", "_conv_head.weight", "_fc.weight"].every((name) =>
      weights.has(name),
    ) && !names.some((name) => name.includes("_se_"))
  );
}

/**
 * Builds EfficientNet-Lite0: 16 inverted bottlenecks with ReLU6 and TensorFlow's `same` padding.
 * @throws {LlifError} FORMAT if a weight is missing, SHAPE if the weights do not fit together.
 */
export function efficientNetLite(weights: StateDict, options: EfficientNetLiteOptions = {}): ReluNetwork {
  const nodes: ReluNode[] = [{ kind: "input", name: "input", from: [], shape: [inputSize, inputSize, 3] }];
  const shapes = new Map<string, Shape>([["input", nodes[0].shape]]);
  const shapeOf = (name: string): Shape => shapes.get(name) as Shape;
  const add = (draft: ReluNode): string => {
    const node = { ...draft, shape: outputShapeOf(draft, draft.from.map(shapeOf)) };
    nodes.push(node);
    shapes.set(node.name, node.shape);
    return node.name;
  };
  const weight = (name: string): Tensor => {
    const found = weights.get(name);
    if (found === undefined) throw new LlifError("FORMAT", `EfficientNet-Lite: expected a weight "${name}", got none`);
    return found;
  };
  const convolution = (name: string, from: string, stride: number, depthwise = false): string => {
    const kernel = weight(`${name}.weight`);
    const [outputs, channels, height, width] = kernel.shape;
    const sizes = { kernel: [height, width], stride: [stride, stride], dilation: [1, 1] } as const;
    const padding = samePadding(shapeOf(from), sizes);
    return add({
      kind: "conv2d",
      name,
      from: [from],
      shape: [],
      ...sizes,
      padding,
      weights: { shape: [height, width, channels, outputs], data: channelsLast(kernel) },
      bias: new Float32Array(outputs),
      groups: depthwise ? outputs : 1,
    });
  };
  const normalized = (name: string, from: string): string => {
    const [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(
      (part) => weight(`${name}.${part}`).data,
    );
    return add({
      kind: "affine",
      name,
      from: [from],
      shape: [],
      ...batchNormAffine(`layer "${name}"`, { gamma, beta, mean, variance, epsilon }),
    });
  };
  const relu6 = (from: string): string =>
    add({ kind: "relu", name: `${from}_relu6`, from: [from], shape: [], ceiling: 6 });

  let last = relu6(normalized("_bn0", convolution("_conv_stem", "input", 2)));
  for (let block = 0; weights.has(`_blocks.${block}._depthwise_conv.weight`); block++) {
    const prefix = `_blocks.${block}.`;
    const input = last;
    if (weights.has(`${prefix}_expand_conv.weight`))
      last = relu6(normalized(`${prefix}_bn0`, convolution(`${prefix}_expand_conv`, last, 1)));
    const stride = stridedBlocks.includes(block) ? 2 : 1;
    last = relu6(normalized(`${prefix}_bn1`, convolution(`${prefix}_depthwise_conv`, last, stride, true)));
    last = normalized(`${prefix}_bn2`, convolution(`${prefix}_project_conv`, last, 1));
    if (stride === 1 && shapeOf(input)[2] === shapeOf(last)[2])
      last = add({ kind: "add", name: `${prefix}add`, from: [last, input], shape: [] });
  }
  last = relu6(normalized("_bn1", convolution("_conv_head", last, 1)));
  const [height, width, channels] = shapeOf(last);
  const window = {
    kernel: [height, width],
    stride: [1, 1],
    dilation: [1, 1],
    padding: { top: 0, left: 0, bottom: 0, right: 0 },
  } as const;
  last = add({
    kind: "averagePool",
    name: "_avg_pooling",
    from: [last],
    shape: [1, 1, channels],
    ...window,
    countPadding: false,
  });
  last = add({ kind: "reshape", name: "_flatten", from: [last], shape: [channels] });
  last = add({
    kind: "dense",
    name: "_fc",
    from: [last],
    shape: [],
    weights: weight("_fc.weight"),
    bias: weight("_fc.bias").data,
  });
  const { name = "efficientnet-lite0", convention = defaultConvention, classes = [] } = options;
  return checkReluNetwork({ name, nodes, outputs: [last], convention, classes });
}

/** [outputs, channels, height, width] to [height, width, channels, outputs]. */
function channelsLast({ shape: [outputs, channels, height, width], data }: Tensor): Float32Array {
  const moved = new Float32Array(data.length);
  for (let output = 0, index = 0; output < outputs; output++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let cell = 0; cell < height * width; cell++)
        moved[(cell * channels + channel) * outputs + output] = data[index++];
    }
  }
  return moved;
}
