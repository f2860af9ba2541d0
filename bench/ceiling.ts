import binaryen from "binaryen";

export type LaneKind = "i16" | "f32";
export const lanesOf: Readonly<Record<LaneKind, number>> = { i16: 8, f32: 4 };
export const bytesOf: Readonly<Record<LaneKind, number>> = { i16: 2, f32: 4 };

/** Eight sums stay in registers, as a chunk's membrane potentials do; each step is eight loads and eight additions. */
const vectors = 8;

function text(kind: LaneKind): string {
  const [shape, extract] = kind === "i16" ? ["i16x8", "i16x8.extract_lane_s"] : ["f32x4", "f32x4.extract_lane"];
  const each = (line: (index: number) => string) => Array.from({ length: vectors }, (_, index) => line(index)).join("\n");
  const result = kind === "i16" ? `(${extract} 0 (local.get $s0))` : `(i32.trunc_sat_f32_s (${extract} 0 (local.get $s0)))`;
  return `(func (export "${kind}") (param $bytes i32) (param $passes i32) (result i32)
    (local $at i32) ${each((index) => `(local $s${index} v128)`)}
    (loop $pass
      (local.set $at (i32.const 0))
      (loop $row
        ${each((index) => `(local.set $s${index} (${shape}.add (local.get $s${index}) (v128.load offset=${16 * index} (local.get $at))))`)}
        (br_if $row (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const ${16 * vectors}))) (local.get $bytes))))
      (br_if $pass (local.tee $passes (i32.sub (local.get $passes) (i32.const 1)))))
    ${result})`;
}

export interface Ceiling {
  /** Adds a buffer of `bytes` (of ones) up, `passes` times. @returns the first lane's sum. */
  add(kind: LaneKind, bytes: number, passes: number): number;
}

/** A WebAssembly module of nothing but loads and additions: the most that the kernels could reach. */
export async function loadCeiling(): Promise<Ceiling> {
  const pages = 1024;
  const parsed = binaryen.parseText(`(module (memory (export "memory") ${pages}) ${text("i16")} ${text("f32")})`);
  parsed.setFeatures(binaryen.Features.SIMD128);
  const { instance } = await WebAssembly.instantiate(parsed.emitBinary() as BufferSource);
  parsed.dispose();
  const exported = instance.exports as unknown as { memory: WebAssembly.Memory } & Record<LaneKind, (bytes: number, passes: number) => number>;
  let filled: LaneKind | undefined;
  return {
    add(kind, bytes, passes) {
      if (filled !== kind) (kind === "i16" ? new Int16Array(exported.memory.buffer) : new Float32Array(exported.memory.buffer)).fill(1);
      filled = kind;
      return exported[kind](bytes, passes);
    },
  };
}
