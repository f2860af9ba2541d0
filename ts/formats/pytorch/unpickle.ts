// Reads Python pickles as data, without running code.
import type { Budget } from "../../budget.ts";
import { LlifError } from "../../errors.ts";
import { quoted } from "../../text.ts";

/** A global named by a pickle; `Machine.call` decides what a call of it makes. */
export interface GlobalName {
  readonly global: string;
}

/** The data that a pickle may contain. Dictionaries become maps; tuples and lists become arrays. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | GlobalName
  | PickleObject;

/** A result of `Machine.call`. */
export interface PickleObject {
  readonly object: unknown;
}

/** Decides what a pickle may create; everything else is refused. */
export interface Machine {
  /** @returns the result of calling an allowed global, or `undefined` to refuse it. */
  call(global: string, values: readonly PickleValue[]): PickleValue | undefined;
  /** The value of a persistent id. */
  persistent(id: PickleValue): PickleValue;
  /** Whether a global may be named at all. */
  knows(global: string): boolean;
}

const mark = Symbol("mark");

/**
 * Reads one pickle of protocol 2 to 5 as data: no class is looked up and no code is run.
 * @returns the value, and the offset of the pickle's end.
 * @throws {LlifError} FORMAT for a truncated or corrupt pickle, UNSUPPORTED for one that needs more than `machine`
 * allows.
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  machine: Machine,
  place: string,
  budget: Budget,
): { readonly value: PickleValue; readonly end: number } {
  return new Reader(bytes, start, machine, place, budget).run();
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #machine: Machine;
  readonly #place: string;
  readonly #budget: Budget;
  readonly #decoder = new TextDecoder();
  readonly #stack: (PickleValue | typeof mark)[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #at: number;

  constructor(bytes: Uint8Array, start: number, machine: Machine, place: string, budget: Budget) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#machine = machine;
    this.#place = place;
    this.#budget = budget;
    this.#at = start;
  }

  run(): { value: PickleValue; end: number } {
    for (;;) {
      const opcode = String.fromCharCode(this.#uint(1));
      if (opcode === ".") return { value: this.#pop(), end: this.#at };
      this.#step(opcode);
    }
  }

  #step(opcode: string): void {
    switch (opcode) {
      case "\x80":
        return void this.#uint(1); // protocol
      case "\x95":
        return void this.#skip(8); // frame
      case "(":
        return void this.#stack.push(mark);
      case "0":
        return void this.#pop();
      case "N":
        return this.#push(null);
      case "\x88":
        return this.#push(true);
      case "\x89":
        return this.#push(false);
      case "K":
        return this.#push(this.#uint(1));
      case "M":
        return this.#push(this.#uint(2));
      case "J":
        return this.#push(this.#uint(4) | 0);
      case "G":
        return this.#push(this.#view.getFloat64(this.#skip(8)));
      case "\x8a":
        return this.#push(this.#long(this.#uint(1)));
      case "X":
        return this.#push(this.#text(this.#uint(4)));
      case "\x8c":
        return this.#push(this.#text(this.#uint(1)));
      case "\x8d":
        return this.#push(this.#text(this.#uint64()));
      case "U":
        return this.#push(this.#text(this.#uint(1)));
      case "T":
        return this.#push(this.#text(this.#uint(4)));
      case "B":
        return this.#push(this.#raw(this.#uint(4)));
      case "C":
        return this.#push(this.#raw(this.#uint(1)));
      case "]":
      case ")":
        return this.#pushNew([]);
      case "}":
        return this.#pushNew(new Map());
      case "t":
      case "l":
        return this.#pushNew(this.#toMark());
      case "\x85":
        return this.#pushNew([this.#pop()]);
      case "\x86":
        return this.#pushNew([this.#pop(), this.#pop()].reverse());
      case "\x87":
        return this.#pushNew([this.#pop(), this.#pop(), this.#pop()].reverse());
      case "d":
        return this.#pushNew(this.#fill(new Map(), this.#toMark()));
      case "a":
        return this.#append([this.#pop()]);
      case "e":
        return this.#append(this.#toMark());
      case "s":
        return this.#setItems([this.#pop(), this.#pop()].reverse());
      case "u":
        return this.#setItems(this.#toMark());
      case "q":
        return void this.#memo.set(this.#uint(1), this.#top());
      case "r":
        return void this.#memo.set(this.#uint(4), this.#top());
      case "\x94":
        return void this.#memo.set(this.#memo.size, this.#top());
      case "h":
        return this.#push(this.#recall(this.#uint(1)));
      case "j":
        return this.#push(this.#recall(this.#uint(4)));
      case "c":
        return this.#global(`${this.#line()}.${this.#line()}`);
      case "\x93": {
        const [module, name] = [this.#pop(), this.#pop()].reverse();
        if (typeof module !== "string" || typeof name !== "string") throw this.#corrupt("a global without a name");
        return this.#global(`${module}.${name}`);
      }
      case "R":
      case "\x81":
        return this.#call();
      // Further attributes of an object, such as a state dict's `_metadata`, are ignored.
      case "b":
        return void this.#pop();
      case "Q":
        return this.#pushNew(this.#machine.persistent(this.#pop()));
      default:
        throw this.#corrupt(`opcode 0x${opcode.charCodeAt(0).toString(16)}`);
    }
  }

  #call(): void {
    const values = this.#pop();
    const callee = this.#pop();
    if (!isGlobal(callee) || !Array.isArray(values)) throw this.#corrupt("a call of something else than a global");
    const made = this.#machine.call(callee.global, values);
    if (made === undefined) throw this.#refused(callee.global);
    this.#pushNew(made);
  }

  #global(global: string): void {
    if (!this.#machine.knows(global)) throw this.#refused(global);
    this.#pushNew({ global });
  }

  #refused(global: string): LlifError {
    return new LlifError(
      "UNSUPPORTED",
      `${this.#place}: the file asks for ${quoted(global).slice(1, -1)}, which is not run; expected a state dict, as torch.save(model.state_dict(), file) writes it, or an ONNX export`,
    );
  }

  #append(values: PickleValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#corrupt("an element without a list");
    for (const value of values) list.push(value);
  }

  #setItems(values: PickleValue[]): void {
    const map = this.#top();
    if (!(map instanceof Map)) throw this.#corrupt("an entry without a dictionary");
    this.#fill(map, values);
  }

  #fill(map: Map<PickleValue, PickleValue>, values: PickleValue[]): Map<PickleValue, PickleValue> {
    for (let index = 0; index + 1 < values.length; index += 2) map.set(values[index], values[index + 1]);
    return map;
  }

  #toMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw this.#corrupt("no mark");
    return this.#stack.splice(at).slice(1) as PickleValue[];
  }

  #push(value: PickleValue): void {
    this.#stack.push(value);
  }

  /** Takes from the budget: containers and results of calls cost many times their bytes in the file. */
  #pushNew(value: PickleValue): void {
    this.#budget.take("nodes", 1, this.#place);
    this.#push(value);
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw this.#corrupt("an empty stack");
    return value;
  }

  #top(): PickleValue {
    const value = this.#stack[this.#stack.length - 1];
    if (value === undefined || value === mark) throw this.#corrupt("an empty stack");
    return value;
  }

  #recall(index: number): PickleValue {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#corrupt(`no memo ${index}`);
    return value;
  }

  /** Skips `count` bytes. @returns where they begin. */
  #skip(count: number): number {
    const at = this.#at;
    if (!(at + count <= this.#bytes.length)) throw new LlifError("FORMAT", `${this.#place}: truncated at byte ${at}`);
    this.#at += count;
    return at;
  }

  #uint(bytes: 1 | 2 | 4): number {
    const at = this.#skip(bytes);
    return bytes === 1
      ? this.#view.getUint8(at)
      : bytes === 2
        ? this.#view.getUint16(at, true)
        : this.#view.getUint32(at, true);
  }

  #uint64(): number {
    return Number(this.#view.getBigUint64(this.#skip(8), true));
  }

  /** Little-endian two's complement. Not exact above 2^53, which is enough for the magic number. */
  #long(length: number): number {
    const at = this.#skip(length);
    let value = 0;
    for (let index = length - 1; index >= 0; index--) value = value * 256 + this.#bytes[at + index];
    return length > 0 && this.#bytes[at + length - 1] > 127 ? value - 256 ** length : value;
  }

  #raw(length: number): Uint8Array {
    const at = this.#skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  #text(length: number): string {
    return this.#decoder.decode(this.#raw(length));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#corrupt("a name without an end");
    const text = this.#text(end - this.#at);
    this.#skip(1);
    return text;
  }

  #corrupt(what: string): LlifError {
    return new LlifError("FORMAT", `${this.#place}: corrupt or unsupported pickle (${what} before byte ${this.#at})`);
  }
}

export function isGlobal(value: PickleValue): value is GlobalName {
  return typeof value === "object" && value !== null && "global" in value;
}

export function isObject(value: PickleValue): value is PickleObject {
  return typeof value === "object" && value !== null && "object" in value;
}
