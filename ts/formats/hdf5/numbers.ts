// Reads the numbers of an HDF5 data set: contiguous, in its header, or in chunks.
import { LlifError } from "../../errors.ts";
import { formatShape, sizeOf, type Shape, type Tensor } from "../../tensor.ts";
import { corrupt, Cursor, type Source } from "./cursor.ts";
import { readFilters, unfilter, type Filter } from "./filters.ts";
import { messageKinds, type Message } from "./header.ts";
import { walkTree } from "./trees.ts";
import { readDataspace, readDatatype, type ReadNumber } from "./types.ts";

/** What a layout message says: where the numbers lie, or the tree of their chunks. */
type Layout =
  | { readonly kind: "whole"; readonly address: number | null; readonly bytes?: number }
  | { readonly kind: "chunks"; readonly tree: number | null; readonly extents: readonly number[] };

interface Numbers {
  readonly shape: Shape;
  readonly itemBytes: number;
  readonly read: ReadNumber;
}

/**
 * All numbers of a data set, rounded to float32.
 * @throws {LlifError} FORMAT for damage and for numbers that are not stored, UNSUPPORTED for other elements, other
 * layouts and other filters.
 */
export function readNumbers(source: Source, messages: readonly Message[], place: string): Tensor {
  const { budget } = source;
  const cursorOf = (kind: number): Cursor | undefined => {
    const found = messages.find((one) => one.kind === kind);
    return found && new Cursor(source, found.at, found.end);
  };
  const [space, type, stored, filtered] = [
    messageKinds.dataspace,
    messageKinds.datatype,
    messageKinds.layout,
    messageKinds.filters,
  ].map(cursorOf);
  if (space === undefined || type === undefined || stored === undefined)
    throw corrupt(place, "expected a data set's dataspace, datatype and layout");
  if (cursorOf(messageKinds.externalFiles) !== undefined)
    throw new LlifError("UNSUPPORTED", `${place}: expected numbers in the HDF5 file, got ones in other files`);
  const { read, size: itemBytes, name } = readDatatype(source, type);
  if (read === undefined)
    throw new LlifError("UNSUPPORTED", `${place}: expected numbers, got elements of type ${name}`);
  const shape = readDataspace(source, space) ?? [0];
  const count = sizeOf(shape);
  budget.take("elements", count, place);
  const layout = readLayout(stored, shape, place);
  const data = new Float32Array(count);
  if (count === 0) return { shape, data };
  const numbers = { shape, itemBytes, read };
  if (layout.kind === "chunks") {
    readChunks(
      source,
      layout.tree,
      layout.extents,
      filtered === undefined ? [] : readFilters(source, filtered),
      numbers,
      data,
      place,
    );
    return { shape, data };
  }
  if (layout.address === null)
    throw new LlifError("FORMAT", `${place}: expected ${count} numbers, got none stored in the HDF5 file`);
  if (layout.bytes !== undefined && layout.bytes !== count * itemBytes)
    throw corrupt(place, `expected ${count * itemBytes} bytes, got ${layout.bytes}`);
  const start = new Cursor(source, layout.address).skip(count * itemBytes);
  for (let index = 0; index < count; index++) data[index] = read(source.view, start + index * itemBytes);
  return { shape, data };
}

function readLayout(cursor: Cursor, shape: Shape, place: string): Layout {
  const version = cursor.byte();
  if (version < 1 || version > 4)
    throw new LlifError("UNSUPPORTED", `${place}: HDF5 layout: expected version 1 to 4, got ${version}`);
  let rank = version < 3 ? cursor.byte() : 0;
  const kind = cursor.byte();
  if (version < 3) cursor.skip(5);
  if (kind === 0 && version >= 3) {
    const bytes = cursor.uint16();
    return { kind: "whole", address: cursor.skip(bytes), bytes };
  }
  if (kind === 1) {
    const address = cursor.address();
    return { kind: "whole", address, ...(version < 3 ? {} : { bytes: cursor.uint64() }) };
  }
  if (kind !== 2 || version === 4)
    throw new LlifError(
      "UNSUPPORTED",
      `${place}: HDF5 layout: expected numbers side by side or in chunks under a tree, got layout ${kind} of version ${version}; save the model with libver "earliest"`,
    );
  if (version === 3) rank = cursor.byte();
  const tree = cursor.address();
  if (rank - 1 !== shape.length || shape.length === 0)
    throw corrupt(place, `expected chunks of ${shape.length} dimensions, got ${rank - 1}`);
  const extents = Array.from({ length: rank - 1 }, () => cursor.uint32());
  if (extents.includes(0)) throw corrupt(place, `expected chunks of at least one element, got ${formatShape(extents)}`);
  return { kind: "chunks", tree, extents };
}

function readChunks(
  source: Source,
  tree: number | null,
  extents: readonly number[],
  filters: readonly Filter[],
  numbers: Numbers,
  data: Float32Array,
  place: string,
): void {
  const { shape, itemBytes } = numbers;
  const across = shape.map((extent, axis) => Math.ceil(extent / extents[axis]));
  const expected = sizeOf(across);
  const chunkBytes = sizeOf(extents) * itemBytes;
  const seen = new Set<number>();
  for (const { key, child } of tree === null ? [] : walkTree(source, tree, 1, 8 * (shape.length + 2))) {
    const [storedBytes, mask] = [key.uint32(), key.uint32()];
    const origin = shape.map(() => key.uint64());
    let number = 0;
    for (const [axis, at] of origin.entries()) {
      if (at % extents[axis] !== 0 || at >= shape[axis])
        throw corrupt(
          place,
          `a chunk of ${formatShape(extents)} lies at ${formatShape(origin)} of ${formatShape(shape)}`,
        );
      number = number * across[axis] + at / extents[axis];
    }
    if (seen.has(number)) throw corrupt(place, `the chunk at ${formatShape(origin)} is there twice`);
    seen.add(number);
    source.budget.take("elements", sizeOf(extents), place);
    const at = new Cursor(source, child).skip(storedBytes);
    const content = unfilter(
      source,
      source.bytes.subarray(at, at + storedBytes),
      filters,
      mask,
      chunkBytes,
      itemBytes,
      place,
    );
    scatter(content, origin, extents, numbers, data);
  }
  if (seen.size !== expected)
    throw new LlifError(
      "FORMAT",
      `${place}: expected ${expected} chunks, got ${seen.size}; the others are not stored in the HDF5 file`,
    );
}

/** Copies the part of a chunk that is inside the shape to its place, row by row. */
function scatter(
  content: Uint8Array,
  origin: readonly number[],
  extents: readonly number[],
  { shape, itemBytes, read }: Numbers,
  data: Float32Array,
): void {
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  const last = shape.length - 1;
  const width = Math.min(extents[last], shape[last] - origin[last]);
  const inner = extents.map((extent, axis) => Math.min(extent, shape[axis] - origin[axis]));
  const rows = sizeOf(inner.slice(0, last));
  for (let row = 0; row < rows; row++) {
    let [rest, from, to, fromStride, toStride] = [row, 0, origin[last], extents[last], shape[last]];
    for (let axis = last - 1; axis >= 0; axis--) {
      const position = rest % inner[axis];
      rest = Math.floor(rest / inner[axis]);
      from += position * fromStride;
      to += (origin[axis] + position) * toStride;
      fromStride *= extents[axis];
      toStride *= shape[axis];
    }
    for (let index = 0; index < width; index++) data[to + index] = read(view, (from + index) * itemBytes);
  }
}
