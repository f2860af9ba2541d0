import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { channelsOf, sizeOf, type Shape, type Tensor } from "../../tensor.ts";
import { LlifError } from "../../errors.ts";
import { checkReluNetwork } from "../../relu/check.ts";
import { inputOf, type Conv2dNode, type DenseNode, type ReluNetwork, type ReluNode, type Window2d } from "../../relu/network.ts";
import { metadataKey } from "./metadata.ts";
import { AttributeProto_AttributeType, AttributeProtoSchema, ModelProtoSchema, NodeProtoSchema, TensorProto_DataType, TensorProtoSchema, ValueInfoProtoSchema } from "./onnx_pb.ts";

type Attribute = MessageInitShape<typeof AttributeProtoSchema>;
type Node = MessageInitShape<typeof NodeProtoSchema>;
type Initializer = MessageInitShape<typeof TensorProtoSchema>;
type ValueInfo = MessageInitShape<typeof ValueInfoProtoSchema>;

const opset = 13;
const irVersion = 7;

/**
 * Writes a network as an ONNX model of operator set 13, channels first, with a dynamic batch: input and image values are
 * [N, channels, height, width]. The input convention and the classes are kept in the file's metadata, from which `readOnnx` takes them.
 * @throws {LlifError} ARGUMENT or SHAPE for a network that does not hold together, UNSUPPORTED for shapes without a counterpart.
 */
export function writeOnnx(network: ReluNetwork): Uint8Array {
  checkReluNetwork(network);
  const writer = new Writer(network);
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, writer.model()));
}

class Writer {
  readonly #network: ReluNetwork;
  readonly #shapes: ReadonlyMap<string, Shape>;
  readonly #nodes: Node[] = [];
  readonly #initializers: Initializer[] = [];

  constructor(network: ReluNetwork) {
    this.#network = network;
    this.#shapes = new Map(network.nodes.map((node) => [node.name, node.shape]));
  }

  model(): MessageInitShape<typeof ModelProtoSchema> {
    const input = inputOf(this.#network);
    for (const node of this.#network.nodes) this.#write(node);
    return {
      irVersion: BigInt(irVersion),
      producerName: "llif",
      opsetImport: [{ domain: "", version: BigInt(opset) }],
      metadataProps: [{ key: metadataKey, value: JSON.stringify({ input: this.#network.convention, classes: this.#network.classes }) }],
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
        this.#node(node, "Gemm", [this.#floats(`${node.name}.weight`, node.weights.shape, node.weights.data), this.#bias(node)], [integer("transB", 1)]);
        break;
      case "conv2d":
        this.#node(node, "Conv", [this.#kernel(node), this.#bias(node)], [...windowAttributes(node), integer("group", node.groups)]);
        break;
      case "convTranspose2d":
      case "pad":
        throw new LlifError("UNSUPPORTED", `layer "${node.name}": ${node.kind} is not written yet`, { nodes: [node.name] });
      case "affine": {
        const product = `${node.name}.product`;
        this.#nodes.push({ name: product, opType: "Mul", input: [node.from[0], this.#floats(`${node.name}.scale`, channelAxes, node.scale)], output: [product] });
        const shift = this.#floats(`${node.name}.shift`, channelAxes, node.shift);
        this.#nodes.push({ name: node.name, opType: "Add", input: [product, shift], output: [node.name] });
        break;
      }
      case "relu":
        if (node.slope !== undefined) throw new LlifError("UNSUPPORTED", `layer "${node.name}": a slope is not written yet`, { nodes: [node.name] });
        if (node.ceiling === Infinity) this.#node(node, "Relu", [], []);
        else this.#node(node, "Clip", [this.#floats(`${node.name}.min`, [], [0]), this.#floats(`${node.name}.max`, [], [node.ceiling])], []);
        break;
      case "maxPool":
        this.#node(node, "MaxPool", [], this.#poolAttributes(node));
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
        this.#node(node, "Softmax", [], [integer("axis", node.shape.length === 3 ? 1 : -1)]);
        break;
    }
  }

  #node(node: ReluNode, opType: string, parameters: readonly string[], attribute: readonly Attribute[]): void {
    this.#nodes.push({ name: node.name, opType, input: [...node.from, ...parameters], output: [node.name], attribute: [...attribute] });
  }

  /** Channels last in the network, channels first in the file: an image is transposed before it is flattened, and after. */
  #reshape(node: ReluNode): void {
    let source = node.from[0];
    if ((this.#shapes.get(source) ?? []).length === 3) source = this.#transpose(`${node.name}.channelsLast`, source, [0, 2, 3, 1]);
    const image = node.shape.length === 3;
    const reshaped = image ? `${node.name}.image` : node.name;
    const target = this.#integers(`${node.name}.shape`, [-1, ...node.shape]);
    this.#nodes.push({ name: reshaped, opType: "Reshape", input: [source, target], output: [reshaped] });
    if (image) this.#transpose(node.name, reshaped, [0, 3, 1, 2]);
  }

  #transpose(name: string, source: string, permutation: readonly number[]): string {
    this.#nodes.push({ name, opType: "Transpose", input: [source], output: [name], attribute: [integers("perm", permutation)] });
    return name;
  }

  #averagePool(node: ReluNode & { kind: "averagePool" }): void {
    const dilated = node.dilation.some((cells) => cells !== 1);
    if (dilated) throw new LlifError("UNSUPPORTED", `layer "${node.name}": dilated average pooling is not written`, { nodes: [node.name] });
    this.#node(node, "AveragePool", [], [...this.#poolAttributes(node), integer("count_include_pad", node.countPadding ? 1 : 0)].filter(({ name }) => name !== "dilations"));
  }

  #poolAttributes(node: ReluNode & Window2d): Attribute[] {
    const input = this.#shapes.get(node.from[0]) ?? [];
    const leading = [node.padding.top, node.padding.left];
    const trailing = [node.padding.bottom, node.padding.right];
    const sticksOut = [0, 1].some((axis) => {
      const end = (node.shape[axis] - 1) * node.stride[axis] + (node.kernel[axis] - 1) * node.dilation[axis] + 1;
      return end > input[axis] + leading[axis] + trailing[axis];
    });
    return [...windowAttributes(node), integer("ceil_mode", sticksOut ? 1 : 0)];
  }

  #kernel(node: Conv2dNode): string {
    const [height, width, channels, outputs] = node.weights.shape;
    const data = new Float32Array(node.weights.data.length);
    for (let cell = 0, index = 0; cell < height * width; cell++) {
      for (let channel = 0; channel < channels; channel++) {
        for (let output = 0; output < outputs; output++) data[(output * channels + channel) * height * width + cell] = node.weights.data[index++];
      }
    }
    return this.#floats(`${node.name}.weight`, [outputs, channels, height, width], data);
  }

  #bias(node: Conv2dNode | DenseNode): string {
    return this.#floats(`${node.name}.bias`, [node.bias.length], node.bias);
  }

  #floats(name: string, shape: Shape, values: Tensor["data"] | readonly number[]): string {
    const rawData = new Uint8Array(sizeOf(shape) * 4);
    const view = new DataView(rawData.buffer);
    values.forEach((value, index) => view.setFloat32(index * 4, value, true));
    this.#initializers.push({ name, dims: shape.map(BigInt), dataType: TensorProto_DataType.FLOAT, rawData });
    return name;
  }

  #integers(name: string, values: readonly number[]): string {
    this.#initializers.push({ name, dims: [BigInt(values.length)], dataType: TensorProto_DataType.INT64, int64Data: values.map(BigInt) });
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
  const dim = [{ value: { case: "dimParam" as const, value: "N" } }, ...extents.map((extent) => ({ value: { case: "dimValue" as const, value: BigInt(extent) } }))];
  return { name, type: { value: { case: "tensorType", value: { elemType: TensorProto_DataType.FLOAT, shape: { dim } } } } };
}
