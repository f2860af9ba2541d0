// Writes a ReLU network as an ONNX file.
import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { channelsOf, sizeOf, type Shape, type Tensor } from "../../tensor.ts";
import { LlifError } from "../../errors.ts";
import { checkReluNetwork } from "../../relu/check.ts";
import { transposedExtents, windowedExtents, windowSize } from "../../relu/shapes.ts";
import {
  inputOf,
  type AveragePoolNode,
  type Conv2dNode,
  type ConvTranspose2dNode,
  type DenseNode,
  type ReluActivationNode,
  type ReluNetwork,
  type ReluNode,
  type Window2d,
} from "../../relu/network.ts";
import { metadataKey } from "./metadata.ts";
import {
  AttributeProto_AttributeType,
  type AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  TensorProto_DataType,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from "./onnx_pb.ts";

type Attribute = MessageInitShape<typeof AttributeProtoSchema>;
type Node = MessageInitShape<typeof NodeProtoSchema>;
type Initializer = MessageInitShape<typeof TensorProtoSchema>;
type ValueInfo = MessageInitShape<typeof ValueInfoProtoSchema>;

const plainOpset = 13;
/** The first operator set with dilated average pools. */
const dilatedAverageOpset = 19;
const irVersion = 7;

/**
 * Writes a network as an ONNX model of operator set 13 (19 for dilated average pools), with a dynamic batch. Images are
 * channels first, [N, channels, height, width]. The input convention and the classes are stored in the metadata, where
 * `readOnnx` finds them.
 * @throws {LlifError} ARGUMENT or SHAPE for an invalid network, UNSUPPORTED for shapes that ONNX cannot express.
 */
export function writeOnnx(network: ReluNetwork): Uint8Array {
  checkReluNetwork(network);
  const writer = new Writer(network);
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, writer.model()));
}

class Writer {
  readonly #network: ReluNetwork;
  readonly #shapes: ReadonlyMap<string, Shape>;
  readonly #names: Set<string>;
  readonly #nodes: Node[] = [];
  readonly #initializers: Initializer[] = [];
  #opset = plainOpset;

  constructor(network: ReluNetwork) {
    this.#network = network;
    this.#shapes = new Map(network.nodes.map((node) => [node.name, node.shape]));
    this.#names = new Set(this.#shapes.keys());
  }

  model(): MessageInitShape<typeof ModelProtoSchema> {
    const input = inputOf(this.#network);
    for (const node of this.#network.nodes) this.#write(node);
    return {
      irVersion: BigInt(irVersion),
      producerName: "llif",
      opsetImport: [{ domain: "", version: BigInt(this.#opset) }],
      metadataProps: [
        {
          key: metadataKey,
          value: JSON.stringify({ input: this.#network.convention, classes: this.#network.classes }),
        },
      ],
      graph: {
        name: this.#network.name,
        node: this.#nodes,
        initializer: this.#initializers,
        input: [valueInfo(input.name, input.shape)],
        output: this.#network.outputs.map((name) => valueInfo(name, this.#shapes.get(name) ?? [])),
      },
    };
  }

  #write(node: ReluNode): void {
    const channelAxes = node.shape.length === 3 ? [channelsOf(node.shape), 1, 1] : [channelsOf(node.shape)];
    switch (node.kind) {
      case "input":
        break;
      case "dense":
        this.#node(
          node,
          "Gemm",
          [this.#floats(`${node.name}.weight`, node.weights.shape, node.weights.data), this.#bias(node)],
          [integer("transB", 1)],
        );
        break;
      case "conv2d":
        this.#node(
          node,
          "Conv",
          [this.#kernel(node), this.#bias(node)],
          [...windowAttributes(node), integer("group", node.groups)],
        );
        break;
      case "convTranspose2d":
        this.#convTranspose(node);
        break;
      case "pad": {
        const { top, left, bottom, right } = node.padding;
        this.#node(node, "Pad", [this.#integers(`${node.name}.pads`, [0, 0, top, left, 0, 0, bottom, right])], []);
        break;
      }
      case "affine": {
        const product = this.#fresh(`${node.name}.product`);
        this.#nodes.push({
          name: product,
          opType: "Mul",
          input: [node.from[0], this.#floats(`${node.name}.scale`, channelAxes, node.scale)],
          output: [product],
        });
        const shift = this.#floats(`${node.name}.shift`, channelAxes, node.shift);
        this.#nodes.push({ name: node.name, opType: "Add", input: [product, shift], output: [node.name] });
        break;
      }
      case "relu":
        if (node.slope !== undefined) this.#sloped(node, node.slope, channelAxes);
        else if (node.ceiling === Infinity) this.#node(node, "Relu", [], []);
        else
          this.#node(
            node,
            "Clip",
            [this.#floats(`${node.name}.min`, [], [0]), this.#floats(`${node.name}.max`, [], [node.ceiling])],
            [],
          );
        break;
      case "maxPool":
        this.#node(node, "MaxPool", [], this.#poolAttributes(node, false));
        break;
      case "averagePool":
        this.#averagePool(node);
        break;
      case "reshape":
        this.#reshape(node);
        break;
      case "add":
        this.#node(node, node.from.length === 2 ? "Add" : "Sum", [], []);
        break;
      case "concat":
        this.#node(node, "Concat", [], [integer("axis", node.shape.length === 3 ? 1 : node.shape.length)]);
        break;
      case "softmax":
        this.#node(
          node,
          node.logarithm ? "LogSoftmax" : "Softmax",
          [],
          [integer("axis", node.shape.length === 3 ? 1 : -1)],
        );
        break;
    }
  }

  #node(node: ReluNode, opType: string, parameters: readonly string[], attribute: readonly Attribute[]): void {
    this.#nodes.push({
      name: node.name,
      opType,
      input: [...node.from, ...parameters],
      output: [node.name],
      attribute: [...attribute],
    });
  }

  /** PRelu, then Clip for a ceiling; Clip comes first if a negative slope could reach the ceiling. */
  #sloped(node: ReluActivationNode, slope: Float32Array, channelAxes: Shape): void {
    const clipped = node.ceiling < Infinity;
    const sloped = clipped ? this.#fresh(`${node.name}.slope`) : node.name;
    const rising = slope.every((factor) => factor >= 0);
    const prelu = { opType: "PRelu", parameters: [this.#floats(`${node.name}.slopes`, channelAxes, slope)] };
    const clip = { opType: "Clip", parameters: ["", this.#floats(`${node.name}.max`, [], [node.ceiling])] };
    const [first, second] = !clipped ? [prelu, undefined] : rising ? [prelu, clip] : [clip, prelu];
    this.#nodes.push({
      name: sloped,
      opType: first.opType,
      input: [node.from[0], ...first.parameters],
      output: [sloped],
    });
    if (second !== undefined)
      this.#nodes.push({
        name: node.name,
        opType: second.opType,
        input: [sloped, ...second.parameters],
        output: [node.name],
      });
  }

  /** In the file the kernel is [input channels, output channels / groups, height, width]. */
  #convTranspose(node: ConvTranspose2dNode): void {
    const [height, width, depth, outputs] = node.weights.shape;
    const groupOutputs = outputs / node.groups;
    const data = new Float32Array(node.weights.data.length);
    node.weights.data.forEach((weight, index) => {
      const output = index % outputs;
      const channel = Math.floor(index / outputs) % depth;
      const cell = Math.floor(index / outputs / depth);
      const input = Math.floor(output / groupOutputs) * depth + channel;
      data[(input * groupOutputs + (output % groupOutputs)) * height * width + cell] = weight;
    });
    const kernel = this.#floats(`${node.name}.weight`, [depth * node.groups, groupOutputs, height, width], data);
    const smallest = transposedExtents(`layer "${node.name}"`, this.#shapes.get(node.from[0]) ?? [], node);
    const more = smallest.map((extent, axis) => node.shape[axis] - extent);
    this.#node(
      node,
      "ConvTranspose",
      [kernel, this.#bias(node)],
      [...windowAttributes(node), integer("group", node.groups), integers("output_padding", more)],
    );
  }

  /** The network is channels last and the file channels first, so an image is transposed before and after a reshape. */
  #reshape(node: ReluNode): void {
    let source = node.from[0];
    if ((this.#shapes.get(source) ?? []).length === 3)
      source = this.#transpose(this.#fresh(`${node.name}.channelsLast`), source, [0, 2, 3, 1]);
    const image = node.shape.length === 3;
    const reshaped = image ? this.#fresh(`${node.name}.image`) : node.name;
    const target = this.#integers(`${node.name}.shape`, [-1, ...node.shape]);
    this.#nodes.push({ name: reshaped, opType: "Reshape", input: [source, target], output: [reshaped] });
    if (image) this.#transpose(node.name, reshaped, [0, 3, 1, 2]);
  }

  #transpose(name: string, source: string, permutation: readonly number[]): string {
    this.#nodes.push({
      name,
      opType: "Transpose",
      input: [source],
      output: [name],
      attribute: [integers("perm", permutation)],
    });
    return name;
  }

  #averagePool(node: AveragePoolNode): void {
    const dilated = node.dilation.some((cells) => cells !== 1);
    if (dilated) this.#opset = dilatedAverageOpset;
    const attributes = [
      ...this.#poolAttributes(node, node.countPadding),
      integer("count_include_pad", node.countPadding ? 1 : 0),
    ];
    this.#node(
      node,
      "AveragePool",
      [],
      attributes.filter(({ name }) => dilated || name !== "dilations"),
    );
  }

  /**
   * Writes partial windows with ceil_mode, or, if they are partial along one axis only, with padding that is not
   * counted.
   */
  #poolAttributes(node: ReluNode & Window2d, countPadding: boolean): Attribute[] {
    const input = this.#shapes.get(node.from[0]) ?? [];
    const place = `layer "${node.name}"`;
    const same = ([height, width]: Shape): boolean => height === node.shape[0] && width === node.shape[1];
    if (same(windowedExtents(place, input, node))) return [...windowAttributes(node), integer("ceil_mode", 0)];
    if (same(windowedExtents(place, input, node, true))) return [...windowAttributes(node), integer("ceil_mode", 1)];
    if (countPadding)
      throw new LlifError(
        "UNSUPPORTED",
        `${place}: an average that counts padding, with windows that stick out along one axis only, is not written`,
        { nodes: [node.name] },
      );
    const reach = (axis: number): number =>
      (node.shape[axis] - 1) * node.stride[axis] + windowSize(node.kernel[axis], node.dilation[axis]);
    const { top, left } = node.padding;
    const padding = {
      ...node.padding,
      bottom: Math.max(0, reach(0) - input[0] - top),
      right: Math.max(0, reach(1) - input[1] - left),
    };
    return [...windowAttributes({ ...node, padding }), integer("ceil_mode", 0)];
  }

  #kernel(node: Conv2dNode): string {
    const [height, width, channels, outputs] = node.weights.shape;
    const data = new Float32Array(node.weights.data.length);
    for (let cell = 0, index = 0; cell < height * width; cell++) {
      for (let channel = 0; channel < channels; channel++) {
        for (let output = 0; output < outputs; output++)
          data[(output * channels + channel) * height * width + cell] = node.weights.data[index++];
      }
    }
    return this.#floats(`${node.name}.weight`, [outputs, channels, height, width], data);
  }

  #bias(node: Conv2dNode | ConvTranspose2dNode | DenseNode): string {
    return this.#floats(`${node.name}.bias`, [node.bias.length], node.bias);
  }

  /** A unique name for a parameter or a part of a layer. */
  #fresh(wanted: string): string {
    let name = wanted;
    while (this.#names.has(name)) name += "_";
    this.#names.add(name);
    return name;
  }

  #floats(wanted: string, shape: Shape, values: Tensor["data"] | readonly number[]): string {
    const name = this.#fresh(wanted);
    const rawData = new Uint8Array(sizeOf(shape) * 4);
    const view = new DataView(rawData.buffer);
    values.forEach((value, index) => view.setFloat32(index * 4, value, true));
    this.#initializers.push({ name, dims: shape.map(BigInt), dataType: TensorProto_DataType.FLOAT, rawData });
    return name;
  }

  #integers(wanted: string, values: readonly number[]): string {
    const name = this.#fresh(wanted);
    this.#initializers.push({
      name,
      dims: [BigInt(values.length)],
      dataType: TensorProto_DataType.INT64,
      int64Data: values.map(BigInt),
    });
    return name;
  }
}

function windowAttributes(window: Window2d): Attribute[] {
  const { top, left, bottom, right } = window.padding;
  return [
    integers("kernel_shape", window.kernel),
    integers("strides", window.stride),
    integers("dilations", window.dilation),
    integers("pads", [top, left, bottom, right]),
  ];
}

function integer(name: string, value: number): Attribute {
  return { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) };
}

function integers(name: string, values: readonly number[]): Attribute {
  return { name, type: AttributeProto_AttributeType.INTS, ints: values.map(BigInt) };
}

function valueInfo(name: string, shape: Shape): ValueInfo {
  const extents = shape.length === 3 ? [shape[2], shape[0], shape[1]] : shape;
  const dim = [
    { value: { case: "dimParam" as const, value: "N" } },
    ...extents.map((extent) => ({ value: { case: "dimValue" as const, value: BigInt(extent) } })),
  ];
  return {
    name,
    type: { value: { case: "tensorType", value: { elemType: TensorProto_DataType.FLOAT, shape: { dim } } } },
  };
}
