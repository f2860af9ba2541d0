// Reads the start of an HDF5 file and the header messages of its objects.
import { LlifError } from "../../errors.ts";
import { corrupt, Cursor, takeNode, type Source } from "./cursor.ts";

/** Kinds of header messages (HDF5 file format specification, IV.A.2). */
export const messageKinds = {
  dataspace: 1,
  linkInfo: 2,
  datatype: 3,
  link: 6,
  externalFiles: 7,
  layout: 8,
  filters: 11,
  attribute: 12,
  continuation: 16,
  symbolTable: 17,
  attributeInfo: 21,
} as const;

/** One message, stored from `at` to `end`. */
export interface Message {
  readonly kind: number;
  readonly at: number;
  readonly end: number;
}

/**
 * The address of the root group.
 * @throws {LlifError} FORMAT for another or a truncated file; UNSUPPORTED for addresses that are not 64 bits.
 */
export function rootAddress(source: Source): number {
  const { bytes, place } = source;
  const cursor = new Cursor(source, 0);
  cursor.expect("\x89HDF\r\n\x1a\n");
  const version = cursor.byte();
  if (version > 3)
    throw new LlifError("FORMAT", `${place}: expected an HDF5 superblock of version 0 to 3, got ${version}`);
  const old = version < 2;
  if (old) cursor.skip(4);
  const [addressBytes, lengthBytes] = [cursor.byte(), cursor.byte()];
  if (addressBytes !== 8 || lengthBytes !== 8)
    throw new LlifError(
      "UNSUPPORTED",
      `${place}: expected addresses of 8 bytes, got ${addressBytes} and lengths of ${lengthBytes}`,
    );
  cursor.skip(old ? (version === 0 ? 9 : 13) : 1);
  const base = cursor.uint64();
  if (base !== 0)
    throw new LlifError(
      "UNSUPPORTED",
      `${place}: expected addresses that count from the beginning of the file, got ones from ${base}`,
    );
  cursor.skip(8);
  const end = cursor.uint64();
  if (bytes.length < end)
    throw new LlifError("FORMAT", `${place}: truncated, expected ${end} bytes, got ${bytes.length}`);
  // Next is the root group's entry: the offset of its name, then its address.
  if (old) cursor.skip(16);
  return cursor.uint64();
}

/**
 * All messages of the object at an address, including its continuation blocks.
 * @throws {LlifError} FORMAT for damage, also for a block that is used twice.
 */
export function readMessages(source: Source, address: number): Message[] {
  const start = new Cursor(source, address);
  return source.bytes[address] === 1 ? readOld(source, start) : readNew(source, start);
}

interface Block {
  readonly at: number;
  readonly end: number;
}

function readOld(source: Source, start: Cursor): Message[] {
  start.skip(2);
  const count = start.uint16();
  start.skip(4);
  const size = start.uint32();
  start.skip(4);
  const messages: Message[] = [];
  const first = { at: start.at, end: start.at + size };
  readBlocks(source, first, 0, ({ at, end }, follow) => {
    const cursor = new Cursor(source, at, end);
    while (messages.length < count && cursor.at < end) {
      const [kind, bytes, flags] = [cursor.uint16(), cursor.uint16(), cursor.byte()];
      cursor.skip(3);
      messages.push(follow({ kind, at: cursor.skip(bytes), end: cursor.at }, flags));
    }
  });
  if (messages.length < count)
    throw corrupt(source.place, `an object header has ${messages.length} messages instead of the stated ${count}`);
  return messages;
}

function readNew(source: Source, start: Cursor): Message[] {
  start.expect("OHDR", 2);
  const flags = start.byte();
  start.skip((flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0));
  const size = start.unsigned(2 ** (flags & 3));
  const ordered = flags & 4 ? 2 : 0;
  const messages: Message[] = [];
  const first = { at: start.at, end: start.at + size };
  readBlocks(source, first, 4, ({ at, end }, follow) => {
    const cursor = new Cursor(source, at, end);
    // Fewer bytes than a message needs are a gap.
    while (end - cursor.at >= 4 + ordered) {
      const [kind, bytes, messageFlags] = [cursor.byte(), cursor.uint16(), cursor.byte()];
      cursor.skip(ordered);
      messages.push(follow({ kind, at: cursor.skip(bytes), end: cursor.at }, messageFlags));
    }
  });
  return messages;
}

/** @param framed bytes of the signature before a continuation block and of the checksum after it. */
function readBlocks(
  source: Source,
  first: Block,
  framed: 0 | 4,
  read: (block: Block, follow: (message: Message, flags: number) => Message) => void,
): void {
  const blocks = [first];
  const seen = new Set([first.at]);
  for (const block of blocks) {
    if (block.end > source.bytes.length)
      throw corrupt(source.place, `an object header ends at ${block.end}, behind the end of the file`);
    read(block, (message, flags) => {
      takeNode(source);
      const known = Object.values(messageKinds).some((kind) => kind === message.kind);
      if (known && flags & 2)
        throw new LlifError(
          "UNSUPPORTED",
          `${source.place}: HDF5 message of kind ${message.kind} at ${message.at}: expected it in its object, got one that is shared`,
        );
      if (message.kind === messageKinds.continuation) {
        const cursor = new Cursor(source, message.at, message.end);
        const [at, size] = [cursor.uint64(), cursor.uint64()];
        if (framed > 0) new Cursor(source, at).expect("OCHK");
        const next = { at: at + framed, end: at + size - framed };
        if (seen.has(next.at)) throw corrupt(source.place, `an object header goes on at ${at} twice`);
        seen.add(next.at);
        blocks.push(next);
      }
      return message;
    });
  }
}
