// Reads an ONNX node's attributes and refuses those that are not supported.
import { LlifError } from "../../errors.ts";
import {
  AttributeProto_AttributeType as Type,
  type AttributeProto,
  type NodeProto,
  type TensorProto,
} from "./onnx_pb.ts";

/** The reason why a node is not supported, and what to do instead; collected over the whole model. */
export class Refusal extends Error {}

const typeNames = {
  [Type.FLOAT]: "a float",
  [Type.INT]: "an integer",
  [Type.STRING]: "a string",
  [Type.INTS]: "integers",
  [Type.FLOATS]: "floats",
  [Type.TENSOR]: "a tensor",
};

/** Attributes of one node. Every attribute must be read or ignored explicitly, so that none is overlooked. */
export class Attributes {
  readonly #place: string;
  readonly #left: Map<string, AttributeProto>;

  constructor(node: NodeProto, place: string) {
    this.#place = place;
    this.#left = new Map(node.attribute.map((attribute) => [attribute.name, attribute]));
  }

  float(name: string, fallback: number): number {
    return this.#take(name, Type.FLOAT)?.f ?? fallback;
  }

  integer(name: string, fallback: number): number {
    const attribute = this.#take(name, Type.INT);
    return attribute === undefined ? fallback : this.#number(name, attribute.i);
  }

  text(name: string, fallback: string): string {
    const attribute = this.#take(name, Type.STRING);
    return attribute === undefined ? fallback : new TextDecoder().decode(attribute.s);
  }

  integers(name: string): number[] | undefined {
    return this.#take(name, Type.INTS)?.ints.map((value) => this.#number(name, value));
  }

  floats(name: string): number[] | undefined {
    return this.#take(name, Type.FLOATS)?.floats;
  }

  tensor(name: string): TensorProto | undefined {
    return this.#take(name, Type.TENSOR)?.t;
  }

  has(name: string): boolean {
    return this.#left.has(name);
  }

  /** Ignores attributes that have no effect in inference. */
  ignore(...names: string[]): void {
    for (const name of names) this.#left.delete(name);
  }

  /** @throws {Refusal} naming the attributes that were neither read nor ignored. */
  finish(): void {
    if (this.#left.size > 0) throw new Refusal(`attribute ${[...this.#left.keys()].join(", ")} is not known`);
  }

  #take(name: string, type: keyof typeof typeNames): AttributeProto | undefined {
    const attribute = this.#left.get(name);
    if (attribute === undefined) return undefined;
    this.#left.delete(name);
    if (attribute.refAttrName !== "") throw new Refusal(`attribute ${name} refers to a function's attribute`);
    if (attribute.type !== type && attribute.type !== Type.UNDEFINED) {
      throw new LlifError(
        "FORMAT",
        `${this.#place}: attribute ${name}: expected ${typeNames[type]}, got ${Type[attribute.type] ?? attribute.type}`,
      );
    }
    return attribute;
  }

  #number(name: string, value: bigint): number {
    const number = Number(value);
    if (!Number.isSafeInteger(number))
      throw new LlifError("FORMAT", `${this.#place}: attribute ${name}: expected an integer below 2^53, got ${value}`);
    return number;
  }
}
