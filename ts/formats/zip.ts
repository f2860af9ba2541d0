// Reads zip archives. Names, sizes and checksums are checked; nothing is unpacked beyond the budget.
import { openBudget, type Budget, type ReadBudget } from "../budget.ts";
import { checkBytes } from "../check.ts";
import { LlifError } from "../errors.ts";
import { crc32, inflate } from "../inflate.ts";
import { quoted } from "../text.ts";

const signature = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  wideLocator: 0x07064b50,
  wideEnd: 0x06064b50,
} as const;
const bytesOf = { local: 30, central: 46, end: 22, wideLocator: 20, wideEnd: 56 } as const;
const method = { stored: 0, deflated: 8 } as const;
/** Bits of an entry's flags. */
const flag = { encrypted: 1, utf8: 0x800 } as const;
const wideExtra = 1;
/** Marks a number that is stored in the zip64 field instead. */
const wide32 = 0xffffffff;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly size: number;
  /** Offset of the local header. */
  readonly offset: number;
}

/**
 * Files of a zip or zip64 archive, stored or deflated, by name, in the directory's order.
 * @param wanted chooses files by name; others are neither unpacked nor checked by checksum.
 * @throws {LlifError} FORMAT if it is truncated or corrupt, a checksum is wrong, a name is used twice, files overlap,
 * or it is beyond the budget; UNSUPPORTED if a wanted file is encrypted or compressed in another way.
 */
export function unzip(
  source: Uint8Array,
  place: string,
  wanted: (name: string) => boolean = () => true,
  budget?: ReadBudget | Budget,
): Map<string, Uint8Array<ArrayBuffer>> {
  const bytes = checkBytes(place, source);
  const opened = openBudget(bytes.length, budget);
  const archive = new Archive(bytes, place);
  const entries = archive.entries(opened);
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const taken: { from: number; to: number; name: string }[] = [];
  for (const entry of entries) {
    const { start, from } = archive.locate(entry);
    taken.push({ from, to: start + entry.packedBytes, name: entry.name });
  }
  taken.sort((a, b) => a.from - b.from);
  for (let index = 1; index < taken.length; index++) {
    if (taken[index].from < taken[index - 1].to)
      throw archive.corrupt(`${quoted(taken[index - 1].name)} and ${quoted(taken[index].name)} overlap`);
  }
  for (const entry of entries) {
    if (!wanted(entry.name)) continue;
    opened.take("bytes", entry.size, `${place}, ${quoted(entry.name)}`);
    files.set(entry.name, archive.content(entry));
  }
  return files;
}

class Archive {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #place: string;

  constructor(bytes: Uint8Array<ArrayBuffer>, place: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#place = place;
  }

  corrupt(reason: string): LlifError {
    return new LlifError("FORMAT", `${this.#place}: truncated or corrupt archive (${reason})`);
  }

  entries(budget: Budget): Entry[] {
    const { count, size, offset } = this.#directory();
    const end = offset + size;
    // The numbers are compared with the size of the file before anything is read.
    if (!(end <= this.#bytes.length)) throw this.corrupt(`a directory of ${size} bytes at byte ${offset}`);
    if (count > size / bytesOf.central) throw this.corrupt("more files than bytes for them");
    budget.take("nodes", count, `${this.#place}, its files`);
    const entries: Entry[] = [];
    const names = new Set<string>();
    let at = offset;
    for (let index = 0; index < count; index++) {
      const { entry, next } = this.#entry(at, end);
      if (names.has(entry.name)) throw this.corrupt(`two files ${quoted(entry.name)}`);
      names.add(entry.name);
      if (entry.offset + bytesOf.local + entry.packedBytes > offset)
        throw this.corrupt(`${quoted(entry.name)} with ${entry.packedBytes} packed bytes`);
      entries.push(entry);
      at = next;
    }
    if (at !== end) throw this.corrupt(`${end - at} bytes behind the last of ${count} files`);
    return entries;
  }

  /** Offsets of an entry's header (`from`) and content (`start`). The header must agree with the directory. */
  locate(entry: Entry): { from: number; start: number } {
    const { name, offset } = entry;
    const view = this.#view;
    if (view.getUint32(offset, true) !== signature.local)
      throw this.corrupt(`no file at byte ${offset} for ${quoted(name)}`);
    const nameBytes = view.getUint16(offset + 26, true);
    const start = offset + bytesOf.local + nameBytes + view.getUint16(offset + 28, true);
    if (start + entry.packedBytes > this.#bytes.length)
      throw this.corrupt(`${quoted(name)} with ${entry.packedBytes} packed bytes`);
    const own = this.#text(offset + bytesOf.local, nameBytes, entry.flags);
    if (own !== name) throw this.corrupt(`${quoted(name)} is called ${quoted(own)} where it stands`);
    if (view.getUint16(offset + 8, true) !== entry.method)
      throw this.corrupt(`${quoted(name)} with two methods of compression`);
    return { from: offset, start };
  }

  content(entry: Entry): Uint8Array<ArrayBuffer> {
    const { name, packedBytes, size } = entry;
    const shown = `${this.#place}, ${quoted(name)}`;
    if (entry.flags & flag.encrypted)
      throw new LlifError("UNSUPPORTED", `${shown}: expected plain content, got an encrypted one`);
    const { start } = this.locate(entry);
    const packed = this.#bytes.subarray(start, start + packedBytes);
    let content: Uint8Array<ArrayBuffer>;
    if (entry.method === method.stored) {
      if (packedBytes !== size)
        throw this.corrupt(
          `${quoted(name)}, which is not compressed, has ${packedBytes} bytes instead of the stated ${size}`,
        );
      content = packed.slice();
    } else if (entry.method === method.deflated) {
      const { content: inflated, consumed } = inflate(packed, size, shown);
      if (consumed !== packedBytes)
        throw this.corrupt(`${quoted(name)}: ${packedBytes - consumed} bytes behind its content`);
      content = inflated;
    } else {
      throw new LlifError("UNSUPPORTED", `${shown}: expected stored or deflated content, got method ${entry.method}`);
    }
    if (crc32(content) !== entry.crc) throw this.corrupt(`the checksum of ${quoted(name)} is wrong`);
    return content;
  }

  #directory(): { count: number; size: number; offset: number } {
    const view = this.#view;
    const last = this.#bytes.length - bytesOf.end;
    for (let end = last; end >= Math.max(0, last - 0xffff); end--) {
      if (view.getUint32(end, true) !== signature.end) continue;
      if (end + bytesOf.end + view.getUint16(end + 20, true) !== this.#bytes.length) continue;
      const directory = {
        count: view.getUint16(end + 10, true),
        size: view.getUint32(end + 12, true),
        offset: view.getUint32(end + 16, true),
      };
      const locator = end - bytesOf.wideLocator;
      const isWide = locator >= 0 && view.getUint32(locator, true) === signature.wideLocator;
      if (view.getUint16(end + 4, true) !== 0 || view.getUint16(end + 8, true) !== directory.count)
        throw this.corrupt("it is one part of a split archive");
      return isWide ? this.#wideDirectory(this.#wide(locator + 8)) : directory;
    }
    throw this.corrupt("no directory");
  }

  #wideDirectory(at: number): { count: number; size: number; offset: number } {
    if (at + bytesOf.wideEnd > this.#bytes.length || this.#view.getUint32(at, true) !== signature.wideEnd)
      throw this.corrupt("no zip64 directory");
    return { count: this.#wide(at + 32), size: this.#wide(at + 40), offset: this.#wide(at + 48) };
  }

  #entry(at: number, end: number): { entry: Entry; next: number } {
    const view = this.#view;
    if (at + bytesOf.central > end || view.getUint32(at, true) !== signature.central)
      throw this.corrupt(`no entry at byte ${at} of the directory`);
    const [nameBytes, extraBytes] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true)];
    const extra = at + bytesOf.central + nameBytes;
    const next = extra + extraBytes + view.getUint16(at + 32, true);
    if (next > end) throw this.corrupt(`the entry at byte ${at} of the directory`);
    const flags = view.getUint16(at + 8, true);
    const name = this.#text(at + bytesOf.central, nameBytes, flags);
    const narrow = [24, 20, 42].map((field) => view.getUint32(at + field, true));
    const [size, packedBytes, offset] = this.#widened(narrow, extra, extra + extraBytes, name);
    return {
      entry: {
        name,
        flags,
        method: view.getUint16(at + 10, true),
        crc: view.getUint32(at + 16, true),
        size,
        packedBytes,
        offset,
      },
      next,
    };
  }

  /** The zip64 field has, in this order, only the numbers that do not fit into 32 bits. */
  #widened(narrow: readonly number[], start: number, end: number, name: string): number[] {
    if (!narrow.includes(wide32)) return [...narrow];
    for (let at = start; at + 4 <= end; at += 4 + this.#view.getUint16(at + 2, true)) {
      if (this.#view.getUint16(at, true) !== wideExtra) continue;
      let from = at + 4;
      const fieldEnd = from + this.#view.getUint16(at + 2, true);
      return narrow.map((number) => {
        if (number !== wide32) return number;
        from += 8;
        if (from > fieldEnd || from > end) throw this.corrupt(`the zip64 numbers of ${quoted(name)}`);
        return this.#wide(from - 8);
      });
    }
    throw this.corrupt(`no zip64 numbers of ${quoted(name)}`);
  }

  #wide(at: number): number {
    return Number(this.#view.getBigUint64(at, true));
  }

  #text(start: number, length: number, flags: number): string {
    return new TextDecoder(flags & flag.utf8 ? "utf-8" : "latin1").decode(this.#bytes.subarray(start, start + length));
  }
}
