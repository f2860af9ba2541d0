// Reads the heaps of an HDF5 file: names in groups, text of variable length, and large lists of links or attributes.
import { LlifError } from "../../errors.ts";
import { corrupt, Cursor, takeNode, type Source } from "./cursor.ts";

/** Reads the name at an offset of the local heap at `address`. */
export function localHeap(source: Source, address: number): (offset: number) => string {
  const cursor = new Cursor(source, address);
  cursor.expect("HEAP", 0);
  cursor.skip(3);
  const size = cursor.uint64();
  cursor.skip(8);
  const data = new Cursor(source, cursor.uint64()).skip(size);
  return (offset) => {
    const end = offset < size ? source.bytes.subarray(0, data + size).indexOf(0, data + offset) : -1;
    if (end < 0) throw corrupt(source.place, `a name at ${offset} of the heap at ${address} does not end`);
    return new Cursor(source, data + offset).text(end - data - offset);
  };
}

/** Objects of global heaps; each heap is read once. */
export class GlobalHeaps {
  readonly #source: Source;
  readonly #heaps = new Map<number, ReadonlyMap<number, readonly [at: number, size: number]>>();

  constructor(source: Source) {
    this.#source = source;
  }

  /** The text of a 16-byte reference: length, address of the heap, number of the object. */
  text(reference: Cursor): string {
    const [length, address, index] = [reference.uint32(), reference.uint64(), reference.uint32()];
    if (length === 0) return "";
    const found = this.#open(address).get(index);
    if (found === undefined || length > found[1])
      throw corrupt(
        this.#source.place,
        `expected ${length} bytes in object ${index} of the heap at ${address}, got ${found?.[1] ?? "none"}`,
      );
    return new Cursor(this.#source, found[0]).text(length);
  }

  #open(address: number): ReadonlyMap<number, readonly [number, number]> {
    const opened = this.#heaps.get(address);
    if (opened !== undefined) return opened;
    const source = this.#source;
    const start = new Cursor(source, address);
    start.expect("GCOL", 1);
    start.skip(3);
    const end = address + start.uint64();
    const objects = new Map<number, readonly [number, number]>();
    const cursor = new Cursor(source, start.at, end);
    while (cursor.at + 16 <= end) {
      const index = cursor.uint16();
      // The rest of the heap is free space.
      if (index === 0) break;
      takeNode(source);
      cursor.skip(6);
      const size = cursor.uint64();
      const at = cursor.skip(size);
      if (objects.has(index)) throw corrupt(source.place, `object ${index} of the heap at ${address} is there twice`);
      objects.set(index, [at, size]);
      cursor.at = at + Math.ceil(size / 8) * 8;
    }
    this.#heaps.set(address, objects);
    return objects;
  }
}

/**
 * Finds objects in a fractal heap: a table of blocks whose size doubles from each row to the next, after the second
 * row.
 */
export class FractalHeap {
  readonly #source: Source;
  readonly #offsetBytes: number;
  readonly #lengthBytes: number;
  readonly #width: number;
  readonly #firstBlock: number;
  readonly #directRows: number;
  readonly #root: number | null;
  readonly #rows: number;

  constructor(source: Source, address: number) {
    this.#source = source;
    const cursor = new Cursor(source, address);
    cursor.expect("FRHP", 0);
    cursor.skip(2);
    if (cursor.uint16() !== 0)
      throw new LlifError("UNSUPPORTED", `${source.place}: HDF5 fractal heap at ${address}: expected no filters`);
    cursor.skip(1);
    const largestObject = cursor.uint32();
    cursor.skip(96);
    this.#width = cursor.uint16();
    this.#firstBlock = cursor.uint64();
    const largestBlock = cursor.uint64();
    const heapBits = cursor.uint16();
    cursor.skip(2);
    this.#root = cursor.address();
    this.#rows = cursor.uint16();
    const rows = Math.log2(largestBlock) - Math.log2(this.#firstBlock);
    if (
      this.#width === 0 ||
      this.#firstBlock === 0 ||
      !Number.isInteger(rows) ||
      rows < 0 ||
      heapBits === 0 ||
      heapBits > 64
    )
      throw corrupt(
        source.place,
        `a fractal heap at ${address} has blocks of ${this.#firstBlock} to ${largestBlock} bytes, ${this.#width} a row`,
      );
    this.#directRows = rows + 2;
    this.#offsetBytes = Math.ceil(heapBits / 8);
    this.#lengthBytes = Math.min(Math.ceil(Math.log2(largestBlock) / 8), Math.floor(Math.log2(largestObject) / 8) + 1);
  }

  /** @param id cursor at the object's number. */
  find(id: Cursor): Cursor {
    const first = id.byte();
    if (first >> 4 !== 0)
      throw new LlifError(
        "UNSUPPORTED",
        `${this.#source.place}: HDF5 fractal heap: expected an object within its blocks, got one of kind ${first >> 4}`,
      );
    const [offset, length] = [id.unsigned(this.#offsetBytes), id.unsigned(this.#lengthBytes)];
    const at =
      this.#rows === 0
        ? this.#direct(this.#root, offset, length, this.#firstBlock)
        : this.#indirect(this.#root, offset, length, this.#rows);
    return new Cursor(this.#source, at, at + length);
  }

  #direct(block: number | null, offset: number, length: number, size: number): number {
    if (block === null || offset + length > size)
      throw corrupt(this.#source.place, `a fractal heap has no ${length} bytes at ${offset}`);
    const start = new Cursor(this.#source, block);
    start.expect("FHDB", 0);
    return block + offset;
  }

  #indirect(block: number | null, offset: number, length: number, rows: number): number {
    takeNode(this.#source);
    const [width, first] = [this.#width, this.#firstBlock];
    const row = offset < width * first ? 0 : Math.floor(Math.log2(offset / (width * first))) + 1;
    const size = row === 0 ? first : first * 2 ** (row - 1);
    const rest = row === 0 ? offset : offset - width * size;
    const column = Math.floor(rest / size);
    if (block === null || row >= rows)
      throw corrupt(this.#source.place, `a fractal heap has no ${length} bytes at ${offset}`);
    const cursor = new Cursor(this.#source, block);
    cursor.expect("FHIB", 0);
    cursor.skip(8 + this.#offsetBytes + 8 * (row * width + column));
    const child = cursor.address();
    if (row < this.#directRows) return this.#direct(child, rest % size, length, size);
    // The child has as many rows as add up to its size, always fewer than this table.
    return this.#indirect(child, rest % size, length, Math.log2(size) - Math.log2(width * first) + 1);
  }
}
