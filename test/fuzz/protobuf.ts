// Damage to ONNX files that keeps them protocol buffers.
import { hugeLies, join, lies, mutateBytes, mutateFloats } from "./bytes.ts";
import type { Random } from "./random.ts";

/** Fields of each message that hold messages, by their numbers. */
const nesting: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  Model: { 7: "Graph", 8: "Opset", 14: "Pair" },
  Graph: { 1: "Node", 5: "Tensor", 11: "Value", 12: "Value", 13: "Value" },
  Node: { 5: "Attribute" },
  Attribute: { 5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph" },
  Tensor: { 13: "Pair" },
  Value: { 2: "Type" },
  Type: { 1: "TensorType" },
  TensorType: { 2: "Shape" },
  Shape: { 1: "Dim" },
  Opset: {},
  Pair: {},
  Dim: {},
};
const operators = [
  "Relu",
  "Conv",
  "Gemm",
  "MatMul",
  "Add",
  "Mul",
  "Sub",
  "Div",
  "MaxPool",
  "AveragePool",
  "GlobalAveragePool",
  "Flatten",
  "Reshape",
  "Transpose",
  "Concat",
  "Pad",
  "Clip",
  "Softmax",
  "BatchNormalization",
  "Constant",
  "ConstantOfShape",
  "Shape",
  "Gather",
  "Unsqueeze",
  "Squeeze",
  "Slice",
  "Split",
  "Identity",
  "Dropout",
  "LeakyRelu",
  "PRelu",
  "ReduceMean",
  "ReduceSum",
  "Expand",
  "Tile",
  "Range",
  "Cast",
  "If",
  "Loop",
  "Resize",
  "ConvTranspose",
  "DepthToSpace",
  "Sum",
  "Max",
  "Min",
  "Where",
  "Equal",
  "Size",
  "Sqrt",
  "Pow",
  "Sigmoid",
  "LSTM",
  "Custom",
];
const attributes = [
  "pads",
  "strides",
  "group",
  "auto_pad",
  "axis",
  "perm",
  "dilations",
  "ceil_mode",
  "kernel_shape",
  "then_branch",
  "x",
];

interface Message {
  readonly type: string;
  fields: Field[];
}
interface Field {
  number: number;
  wire: number;
  value: bigint | Uint8Array | Message;
  /** Stated length, where it is not the right one. */
  lie?: number;
}

const isMessage = (value: Field["value"]): value is Message => typeof value === "object" && "fields" in value;

export function mutateOnnx(random: Random, bytes: Uint8Array, donor: Uint8Array): Buffer {
  const model = parse(bytes);
  const other = messagesOf(parse(donor));
  for (let round = 1 + random.below(3); round > 0; round--) {
    const messages = messagesOf(model).filter(({ fields }) => fields.length > 0);
    const wanted = random.weighted([
      [6, "Node"],
      [4, "Tensor"],
      [4, "Attribute"],
      [2, "Graph"],
      [2, "Dim"],
      [1, "Value"],
      [1, "Model"],
      [1, "Opset"],
      [1, "Shape"],
    ]);
    const candidates = messages.filter(({ type }) => type === wanted);
    if (messages.length > 0)
      mutateMessage(random, candidates.length > 0 ? random.pick(candidates) : messages[0], messages, other, bytes);
  }
  return write(model);
}

function mutateMessage(
  random: Random,
  message: Message,
  all: readonly Message[],
  other: readonly Message[],
  bytes: Uint8Array,
): void {
  const { fields, type } = message;
  const index = random.below(fields.length);
  const field = fields[index];
  const ofNumber = (...numbers: readonly number[]) =>
    fields.filter(({ number, value }) => numbers.includes(number) && !isMessage(value));
  switch (random.below(12)) {
    case 0:
      fields.splice(index, 1);
      return;
    case 1:
      fields.splice(index, 0, structuredClone(field));
      return;
    case 2: {
      const to = random.below(fields.length);
      [fields[index], fields[to]] = [fields[to], field];
      return;
    }
    case 3:
    case 4:
      if (typeof field.value === "bigint")
        field.value = random.chance(15)
          ? random.pick(hugeLies)
          : random.chance(40)
            ? field.value + random.pick([1n, -1n])
            : BigInt(random.pick(lies));
      else if (!isMessage(field.value)) field.value = mutateBytes(random, field.value, bytes, 1);
      return;
    case 5:
      if (type !== "Node") field.number = random.between(1, 26);
      else for (const operator of ofNumber(4)) operator.value = Buffer.from(random.pick(operators));
      return;
    case 6: {
      const names = all
        .filter((one) => one.type === "Node")
        .flatMap((node) => node.fields.filter(({ number }) => number <= 2));
      const target = ofNumber(random.pick([1, 2]));
      if (type === "Node" && names.length > 0 && target.length > 0)
        Object.assign(random.pick(target), { value: random.pick(names).value, wire: 2 });
      return;
    }
    case 7: {
      const same = other.filter((one) => one.type === type);
      if (same.length > 0) message.fields = structuredClone(random.pick(same).fields);
      return;
    }
    case 8:
      for (const raw of type === "Tensor" ? ofNumber(9) : [])
        if (raw.value instanceof Uint8Array) raw.value = mutateFloats(random, raw.value);
      if (type !== "Tensor" && field.wire === 2 && !isMessage(field.value))
        field.value = Buffer.from(random.pick(["", "x", "__proto__", "\u001b]0;x\u0007", "a".repeat(300)]));
      return;
    case 9: {
      const extents = type === "Tensor" ? ofNumber(1).filter(({ wire }) => wire === 0) : [];
      if (extents.length > 1 && random.chance(60))
        [extents[0].value, extents[1].value] = [extents[1].value, extents[0].value];
      else if (extents.length > 0) random.pick(extents).value = BigInt(random.pick(lies));
      else if (field.wire === 2) field.lie = random.pick([0, 1, 5, 1000, 2 ** 31, 2 ** 32, 2 ** 40]);
      return;
    }
    case 10: {
      const integers = fields.filter(({ number }) => number === 8 || number === 7);
      if (type === "Attribute" && integers.length > 0)
        fields.splice(fields.indexOf(random.pick(integers)), random.below(2), {
          number: 8,
          wire: 0,
          value: BigInt(random.pick(lies)),
        });
      const nodes = fields.filter(({ number }) => number === 1);
      if (type === "Graph" && nodes.length > 1) {
        const [one, two] = [random.pick(nodes), random.pick(nodes)];
        [one.value, two.value] = [two.value, one.value];
      }
      return;
    }
    default:
      if (type !== "Node") return;
      fields.push({
        number: 5,
        wire: 2,
        value: {
          type: "Attribute",
          fields: [
            { number: 1, wire: 2, value: Buffer.from(random.pick(attributes)) },
            { number: 8, wire: 0, value: BigInt(random.pick(lies)) },
            { number: 20, wire: 0, value: BigInt(random.pick([1, 2, 3, 7])) },
          ],
        },
      });
  }
}

function messagesOf(message: Message): Message[] {
  return [message, ...message.fields.flatMap(({ value }) => (isMessage(value) ? messagesOf(value) : []))];
}

function parse(bytes: Uint8Array, type = "Model"): Message {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const tag = Number(varint());
    const [number, wire] = [tag >> 3, tag & 7];
    if (wire === 0) {
      fields.push({ number, wire, value: varint() });
    } else {
      const value = take(wire === 2 ? Number(varint()) : wire === 5 ? 4 : 8);
      const inner = wire === 2 ? nesting[type][number] : undefined;
      fields.push({ number, wire, value: inner === undefined ? new Uint8Array(value) : parse(value, inner) });
    }
  }
  return { type, fields };
}

function write({ fields }: Message): Buffer {
  return join(
    ...fields.flatMap(({ number, wire, value, lie }) => {
      const tag = varintOf(BigInt((number << 3) | wire));
      if (typeof value === "bigint") return [tag, varintOf(value)];
      const body = isMessage(value) ? write(value) : value;
      return wire === 2 ? [tag, varintOf(BigInt(lie ?? body.length)), body] : [tag, body];
    }),
  );
}

function varintOf(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}
