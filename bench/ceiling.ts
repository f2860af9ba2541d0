// The fastest loop of loads and additions in WebAssembly: an upper bound for the kernels, measured by suite `limit`.
import binaryen from "binaryen";
import { uniform } from "../ts/timing/layers.ts";

export type LaneKind = "i16" | "f32";
export const lanesOf: Readonly<Record<LaneKind, number>> = { i16: 8, f32: 4 };
export const bytesOf: Readonly<Record<LaneKind, number>> = { i16: 2, f32: 4 };

/** Eight sums stay in registers, like a chunk's membrane potentials; each step is eight loads and eight additions. */
const vectors = 8;
export const rowBytes = 16 * vectors;
/** Neurons of a chunk: a row has one weight for each. */
export const rowLanes = (kind: LaneKind): number => vectors * lanesOf[kind];

/** Pages before the list of rows: as many as the largest buffer has. */
const bufferPages = 1024;
const listPages = 16;
const listAt = 65536 * bufferPages;
const longestList = (65536 * listPages) / 4;

const each = (line: (index: number) => string): string =>
  Array.from({ length: vectors }, (_, index) => line(index)).join("\n");

function text(kind: LaneKind): string {
  const [shape, extract] = kind === "i16" ? ["i16x8", "i16x8.extract_lane_s"] : ["f32x4", "f32x4.extract_lane"];
  const result =
    kind === "i16" ? `(${extract} 0 (local.get $s0))` : `(i32.trunc_sat_f32_s (${extract} 0 (local.get $s0)))`;
  const sums = each((index) => `(local $s${index} v128)`);
  const add = each(
    (index) =>
      `(local.set $s${index} (${shape}.add (local.get $s${index}) (v128.load offset=${16 * index} (local.get $at))))`,
  );
  return `(func (export "${kind}") (param $bytes i32) (param $passes i32) (result i32)
    (local $at i32) ${sums}
    (loop $pass
      (local.set $at (i32.const 0))
      (loop $row
        ${add}
        (br_if $row (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const ${rowBytes}))) (local.get $bytes))))
      (br_if $pass (local.tee $passes (i32.sub (local.get $passes) (i32.const 1)))))
    ${result})
  (func (export "${kind}-rows") (param $base i32) (param $count i32) (param $passes i32) (result i32)
    (local $at i32) (local $next i32) (local $end i32) ${sums}
    (local.set $end (i32.add (i32.const ${listAt}) (i32.shl (local.get $count) (i32.const 2))))
    (loop $pass
      (local.set $next (i32.const ${listAt}))
      (loop $row
        (local.set $at (i32.add (local.get $base) (i32.load (local.get $next))))
        ${add}
        (br_if $row (i32.lt_u (local.tee $next (i32.add (local.get $next) (i32.const 4))) (local.get $end))))
      (br_if $pass (local.tee $passes (i32.sub (local.get $passes) (i32.const 1)))))
    ${result})`;
}

/** Rows of packed weights: `chunks` blocks of `rows` rows, one block after the other. */
export interface Packing {
  readonly rows: number;
  readonly chunks: number;
}

export interface Ceiling {
  /** Adds up a buffer of `bytes` (all ones) `passes` times. @returns the first lane's sum. */
  add(kind: LaneKind, bytes: number, passes: number): number;
  /**
   * Adds rows (all ones) in random order from a list, as a kernel adds the rows that spikes name: `rowsInChunk` in each
   * chunk, chunk after chunk, `passes` times. @returns the first lanes' sums over the calls of the loop.
   */
  addRows(kind: LaneKind, packing: Packing, rowsInChunk: number, passes: number): number;
}

/** Every row of a block twice, in two random orders; more often if the block is small. @returns byte offsets. */
export function rowList(rows: number): Uint32Array {
  const random = uniform(rows);
  const times = Math.max(2, Math.ceil(1024 / rows));
  const list = new Uint32Array(times * rows);
  for (let time = 0; time < times; time++) {
    for (let row = 0; row < rows; row++) {
      const other = Math.floor(random() * (row + 1));
      list[time * rows + row] = list[time * rows + other];
      list[time * rows + other] = row * rowBytes;
    }
  }
  return list;
}

export async function compileCeiling(): Promise<WebAssembly.Module> {
  const parsed = binaryen.parseText(
    `(module (memory (export "memory") ${bufferPages + listPages}) ${text("i16")} ${text("f32")})`,
  );
  parsed.setFeatures(binaryen.Features.SIMD128);
  const binary = parsed.emitBinary() as BufferSource;
  parsed.dispose();
  return WebAssembly.compile(binary);
}

/** A WebAssembly module of nothing but loads and additions: the upper limit of the kernels. */
export async function loadCeiling(): Promise<Ceiling> {
  const instance = await WebAssembly.instantiate(await compileCeiling());
  const exported = instance.exports as unknown as { memory: WebAssembly.Memory } & Record<
    LaneKind,
    (bytes: number, passes: number) => number
  > &
    Record<`${LaneKind}-rows`, (base: number, count: number, passes: number) => number>;
  let filled: LaneKind | undefined;
  let listed = 0;
  let length = 0;
  const fill = (kind: LaneKind): void => {
    if (filled === kind) return;
    (kind === "i16"
      ? new Int16Array(exported.memory.buffer, 0, listAt / 2)
      : new Float32Array(exported.memory.buffer, 0, listAt / 4)
    ).fill(1);
    filled = kind;
  };
  const list = (rows: number): void => {
    if (listed === rows) return;
    const offsets = rowList(rows);
    if (offsets.length > longestList)
      throw new RangeError(`a list of rows: expected at most ${longestList}, got ${offsets.length}`);
    new Uint32Array(exported.memory.buffer, listAt, offsets.length).set(offsets);
    [listed, length] = [rows, offsets.length];
  };
  return {
    add(kind, bytes, passes) {
      fill(kind);
      return exported[kind](bytes, passes);
    },
    addRows(kind, { rows, chunks }, rowsInChunk, passes) {
      if (chunks * rows * rowBytes > listAt)
        throw new RangeError(`packed rows: expected at most ${listAt} bytes, got ${chunks * rows * rowBytes}`);
      fill(kind);
      list(rows);
      const [whole, rest] = [Math.floor(rowsInChunk / length), rowsInChunk % length];
      const loop = exported[`${kind}-rows`];
      let sum = 0;
      for (let pass = 0; pass < passes; pass++) {
        for (let chunk = 0; chunk < chunks; chunk++) {
          if (whole > 0) sum += loop(chunk * rows * rowBytes, length, whole);
          if (rest > 0) sum += loop(chunk * rows * rowBytes, rest, 1);
        }
      }
      return sum;
    },
  };
}
