// Reads the links of an HDF5 group, in every form in which they can be stored.
import { LlifError } from "../../errors.ts";
import { quoted } from "../../text.ts";
import { corrupt, Cursor, takeNode, type Source } from "./cursor.ts";
import { messageKinds, type Message } from "./header.ts";
import { FractalHeap, localHeap } from "./heaps.ts";
import { walkRecords, walkTree } from "./trees.ts";

/** The address of an object, the path of a soft link, or null for a link to another file. */
export type Link = number | string | null;

export function readLinks(source: Source, messages: readonly Message[]): Map<string, Link> {
  const links = new Map<string, Link>();
  const add = ([name, link]: readonly [string, Link]): void => {
    if (links.has(name)) throw corrupt(source.place, `a group has ${quoted(name)} twice`);
    links.set(name, link);
  };
  for (const { kind, at, end } of messages) {
    const cursor = new Cursor(source, at, end);
    if (kind === messageKinds.symbolTable) readSymbolTable(source, cursor, add);
    if (kind === messageKinds.link) add(readLink(source, cursor));
    if (kind === messageKinds.linkInfo)
      for (const one of readDense(source, cursor, 5, 4, 8)) add(readLink(source, one));
  }
  return links;
}

function readSymbolTable(source: Source, message: Cursor, add: (entry: readonly [string, Link]) => void): void {
  const root = message.uint64();
  const nameAt = localHeap(source, message.uint64());
  const seen = new Set<number>();
  for (const { child } of walkTree(source, root, 0, 8)) {
    if (seen.has(child)) throw corrupt(source.place, `a group has the symbol table at ${child} twice`);
    seen.add(child);
    const cursor = new Cursor(source, child);
    cursor.expect("SNOD", 1);
    cursor.skip(1);
    for (let count = cursor.uint16(); count > 0; count--) {
      takeNode(source);
      const name = nameAt(cursor.uint64());
      const address = cursor.uint64();
      const cached = cursor.uint32();
      cursor.skip(4);
      const scratch = new Cursor(source, cursor.skip(16));
      add([name, cached === 2 ? nameAt(scratch.uint32()) : address]);
    }
  }
}

function readLink(source: Source, cursor: Cursor): readonly [string, Link] {
  const version = cursor.byte();
  if (version !== 1)
    throw new LlifError("UNSUPPORTED", `${source.place}: HDF5 link: expected version 1, got ${version}`);
  const flags = cursor.byte();
  const type = flags & 8 ? cursor.byte() : 0;
  cursor.skip((flags & 4 ? 8 : 0) + (flags & 16 ? 1 : 0));
  const name = cursor.text(cursor.unsigned(2 ** (flags & 3)));
  return [name, type === 0 ? cursor.uint64() : type === 1 ? cursor.text(cursor.uint16()) : null];
}

/**
 * Messages in a fractal heap, where objects with many links or attributes keep them.
 * @param message says where the heap is. @param before bytes of a record before its heap number. @param orderBytes
 * bytes of the largest creation order.
 */
export function* readDense(
  source: Source,
  message: Cursor,
  type: 5 | 8,
  before: number,
  orderBytes: number,
): Generator<Cursor> {
  const version = message.byte();
  if (version !== 0)
    throw new LlifError(
      "UNSUPPORTED",
      `${source.place}: HDF5 list of ${type === 5 ? "links" : "attributes"}: expected version 0, got ${version}`,
    );
  message.skip(message.byte() & 1 ? orderBytes : 0);
  const [heapAddress, names] = [message.address(), message.address()];
  if (heapAddress === null || names === null) return;
  const heap = new FractalHeap(source, heapAddress);
  for (const record of walkRecords(source, names, type)) {
    record.skip(before);
    yield heap.find(record);
  }
}
