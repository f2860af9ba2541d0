// Reads HDF5 files: groups, text attributes and data sets of numbers, within the reading budget.
import type { Budget } from "../../budget.ts";
import { LlifError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { quoted } from "../../text.ts";
import { Cursor, takeNode, type Source } from "./cursor.ts";
import { messageKinds, readMessages, rootAddress, type Message } from "./header.ts";
import { GlobalHeaps } from "./heaps.ts";
import { readDense, readLinks, type Link } from "./links.ts";
import { readNumbers } from "./numbers.ts";
import { readDataspace, readDatatype } from "./types.ts";

/**
 * Opens an HDF5 file (superblock version 0 to 3). Every structure is read at most once and taken from the budget.
 * @returns the root group.
 * @throws {LlifError} FORMAT for damage, UNSUPPORTED for features that are not supported.
 */
export function openHdf5(bytes: Uint8Array, place: string, budget: Budget): Hdf5Object {
  const source: Source = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), budget, place };
  const objects = new Objects(source);
  return objects.at(objects.root);
}

/** Opened objects by address. */
class Objects {
  readonly source: Source;
  readonly heaps: GlobalHeaps;
  readonly root: number;
  readonly #opened = new Map<number, Hdf5Object>();

  constructor(source: Source) {
    this.source = source;
    this.heaps = new GlobalHeaps(source);
    this.root = rootAddress(source);
  }

  at(address: number): Hdf5Object {
    let object = this.#opened.get(address);
    if (object === undefined) {
      takeNode(this.source);
      object = new Hdf5Object(this, readMessages(this.source, address));
      this.#opened.set(address, object);
    }
    return object;
  }
}

/** A group or a data set. */
export class Hdf5Object {
  readonly #objects: Objects;
  readonly #messages: readonly Message[];
  #links: ReadonlyMap<string, Link> | undefined;

  /** Use `openHdf5` instead. */
  constructor(objects: Objects, messages: readonly Message[]) {
    this.#objects = objects;
    this.#messages = messages;
  }

  get isDataset(): boolean {
    return this.#messages.some(({ kind }) => kind === messageKinds.dataspace);
  }

  /** Number of links of a group; 0 for a data set. */
  get size(): number {
    return this.#linked().size;
  }

  /** Whether a group has a link of this name. */
  has(name: string): boolean {
    return this.#linked().has(name);
  }

  /** The object at a path from here, or from the root if it begins with `/`; undefined if there is none. */
  find(path: string): Hdf5Object | undefined {
    return this.#follow(path, 0);
  }

  /** An attribute of one text or a list of texts; undefined if there is none, or if it has another type. */
  text(name: string): string | string[] | undefined {
    const { source } = this.#objects;
    for (const { kind, at, end } of this.#messages) {
      if (kind === messageKinds.attribute) {
        const found = this.#attribute(new Cursor(source, at, end), name);
        if (found !== undefined) return found.value;
      }
      if (kind !== messageKinds.attributeInfo) continue;
      for (const one of readDense(source, new Cursor(source, at, end), 8, 0, 2)) {
        const found = this.#attribute(one, name);
        if (found !== undefined) return found.value;
      }
    }
    return undefined;
  }

  /** All numbers of a data set. @throws {LlifError} as `readNumbers`. */
  numbers(place: string): Tensor {
    return readNumbers(this.#objects.source, this.#messages, place);
  }

  #linked(): ReadonlyMap<string, Link> {
    this.#links ??= this.isDataset ? new Map<string, Link>() : readLinks(this.#objects.source, this.#messages);
    return this.#links;
  }

  /** @param depth number of soft links that led here. */
  #follow(path: string, depth: number): Hdf5Object | undefined {
    const { source, root } = this.#objects;
    source.budget.checkDepth(depth, source.place);
    let object: Hdf5Object = path.startsWith("/") ? this.#objects.at(root) : this;
    for (const name of path.split("/")) {
      if (name === "" || name === ".") continue;
      takeNode(source);
      const link = object.#linked().get(name);
      if (link === null)
        throw new LlifError(
          "UNSUPPORTED",
          `${source.place}: ${quoted(name)}: expected a link within the file, got one to another`,
        );
      const next =
        typeof link === "string"
          ? object.#follow(link, depth + 1)
          : link === undefined
            ? undefined
            : this.#objects.at(link);
      if (next === undefined) return undefined;
      object = next;
    }
    return object;
  }

  #attribute(cursor: Cursor, wanted: string): { readonly value: string | string[] | undefined } | undefined {
    const { source, heaps } = this.#objects;
    takeNode(source);
    const version = cursor.byte();
    if (version < 1 || version > 3)
      throw new LlifError("UNSUPPORTED", `${source.place}: HDF5 attribute: expected version 1 to 3, got ${version}`);
    const flags = cursor.byte();
    const [nameBytes, typeBytes, spaceBytes] = [cursor.uint16(), cursor.uint16(), cursor.uint16()];
    if (version === 3) cursor.skip(1);
    const padded = (bytes: number): number => (version === 1 ? Math.ceil(bytes / 8) * 8 : bytes);
    const name = new Cursor(source, cursor.skip(padded(nameBytes))).text(nameBytes).replace(/\0+$/, "");
    if (name !== wanted) return undefined;
    // The first version has no flags for shared types.
    if (version > 1 && flags & 3)
      throw new LlifError(
        "UNSUPPORTED",
        `${source.place}: HDF5 attribute ${quoted(name)}: expected its type beside it, got one that is shared`,
      );
    const [typeAt, spaceAt] = [cursor.skip(padded(typeBytes)), cursor.skip(padded(spaceBytes))];
    const { kind, size } = readDatatype(source, new Cursor(source, typeAt, typeAt + typeBytes));
    const shape = readDataspace(source, new Cursor(source, spaceAt, spaceAt + spaceBytes));
    if (shape === null || (kind !== "text" && kind !== "reference to text")) return { value: undefined };
    const count = shape.reduce((product, extent) => product * extent, 1);
    source.budget.take("nodes", count, `${source.place}: attribute ${quoted(name)}`);
    const one = (): string =>
      kind === "text" ? cursor.text(size).replace(/\0+$/, "") : heaps.text(new Cursor(source, cursor.skip(size)));
    return { value: shape.length === 0 ? one() : Array.from({ length: count }, one) };
  }
}
