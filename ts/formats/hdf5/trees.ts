// Walks the B-trees of an HDF5 file. No node is visited twice and levels must decrease, so damaged files cannot loop.
import { LlifError } from "../../errors.ts";
import { corrupt, Cursor, takeNode, type Source } from "./cursor.ts";

/**
 * Leaves of a version 1 tree, in order: a cursor at each key, and the address `child` after it.
 * @param type 0 for groups, 1 for chunks. @param keyBytes bytes of a key.
 */
export function* walkTree(
  source: Source,
  root: number,
  type: 0 | 1,
  keyBytes: number,
): Generator<{ key: Cursor; child: number }> {
  const seen = new Set<number>();
  const open: { address: number; level: number | undefined }[] = [{ address: root, level: undefined }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { address, level: expected } = next;
    if (seen.has(address)) throw corrupt(source.place, `a tree has the node at ${address} twice`);
    seen.add(address);
    takeNode(source);
    const cursor = new Cursor(source, address);
    cursor.expect("TREE", type);
    const [level, count] = [cursor.byte(), cursor.uint16()];
    if (expected !== undefined && level !== expected)
      throw corrupt(source.place, `a node at ${address} of a tree: expected level ${expected}, got ${level}`);
    cursor.skip(16);
    const children: typeof open = [];
    for (let index = 0; index < count; index++) {
      takeNode(source);
      const at = cursor.skip(keyBytes);
      const child = cursor.uint64();
      if (level === 0) yield { key: new Cursor(source, at, at + keyBytes), child };
      else children.push({ address: child, level: level - 1 });
    }
    open.push(...children.reverse());
  }
}

/**
 * Records of a version 2 tree, in any order.
 * @param type 5 for links by name, 8 for attributes by name.
 */
export function* walkRecords(source: Source, address: number, type: 5 | 8): Generator<Cursor> {
  const header = new Cursor(source, address);
  header.expect("BTHD", 0);
  const found = header.byte();
  if (found !== type)
    throw new LlifError("UNSUPPORTED", `${source.place}: HDF5 tree at ${address}: expected type ${type}, got ${found}`);
  const [nodeBytes, recordBytes, depth] = [header.uint32(), header.uint16(), header.uint16()];
  source.budget.checkDepth(depth, source.place);
  if (recordBytes < 11) throw corrupt(source.place, `a tree at ${address} has records of ${recordBytes} bytes`);
  header.skip(2);
  const root = header.address();
  const rootCount = header.uint16();
  const levels = levelsOf(nodeBytes, recordBytes, depth);
  const seen = new Set<number>();
  const open = root === null ? [] : [{ address: root, level: depth, count: rootCount }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { level, count } = next;
    if (seen.has(next.address)) throw corrupt(source.place, `a tree has the node at ${next.address} twice`);
    seen.add(next.address);
    takeNode(source);
    const cursor = new Cursor(source, next.address);
    cursor.expect(level === 0 ? "BTLF" : "BTIN", 0);
    cursor.skip(1);
    for (let index = 0; index < count; index++) {
      takeNode(source);
      const at = cursor.skip(recordBytes);
      yield new Cursor(source, at, at + recordBytes);
    }
    if (level === 0) continue;
    for (let index = 0; index <= count; index++) {
      const child = cursor.uint64();
      open.push({ address: child, level: level - 1, count: cursor.unsigned(levels[level - 1].countBytes) });
      if (level > 1) cursor.skip(levels[level - 1].totalBytes);
    }
  }
}

/** Widths in bytes of the record counts that a parent node stores for each level. */
function levelsOf(nodeBytes: number, recordBytes: number, depth: number): { countBytes: number; totalBytes: number }[] {
  const bytesFor = (most: number): number => (most < 1 ? 1 : Math.min(8, Math.floor(Math.log2(most) / 8) + 1));
  const levels: { countBytes: number; totalBytes: number }[] = [];
  let total = 0;
  for (let level = 0; level <= depth; level++) {
    const below = levels[level - 1];
    const pointer = below === undefined ? 0 : 8 + below.countBytes + (level > 1 ? below.totalBytes : 0);
    const most = Math.max(0, Math.floor((nodeBytes - 10 - pointer) / (recordBytes + pointer)));
    total = level === 0 ? most : (most + 1) * total + most;
    levels.push({ countBytes: bytesFor(most), totalBytes: bytesFor(total) });
  }
  return levels;
}
