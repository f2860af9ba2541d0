//! WebAssembly SIMD: the only intrinsics. Neither relaxed operations nor fused products.

use super::lanes::Lanes;
use core::arch::wasm32::*;

pub struct Simd128;

impl Lanes for Simd128 {
    type F = v128;
    type I = v128;
    type S = v128;

    // SAFETY of loads and stores: the trait's caller vouches for the pointer, and v128 accesses may be unaligned.
    #[inline(always)]
    unsafe fn load_f(from: *const f32) -> v128 {
        v128_load(from.cast())
    }
    #[inline(always)]
    unsafe fn store_f(to: *mut f32, a: v128) {
        v128_store(to.cast(), a)
    }
    #[inline(always)]
    fn splat_f(value: f32) -> v128 {
        f32x4_splat(value)
    }
    #[inline(always)]
    fn add_f(a: v128, b: v128) -> v128 {
        f32x4_add(a, b)
    }
    #[inline(always)]
    fn sub_f(a: v128, b: v128) -> v128 {
        f32x4_sub(a, b)
    }
    #[inline(always)]
    fn mul_f(a: v128, b: v128) -> v128 {
        f32x4_mul(a, b)
    }
    #[inline(always)]
    fn raise_f(a: v128, b: v128) -> v128 {
        f32x4_pmax(a, b)
    }
    #[inline(always)]
    fn ge_f(a: v128, b: v128) -> v128 {
        f32x4_ge(a, b)
    }
    #[inline(always)]
    fn and_f(mask: v128, a: v128) -> v128 {
        v128_and(mask, a)
    }
    #[inline(always)]
    fn and_not_f(mask: v128, a: v128) -> v128 {
        v128_andnot(a, mask)
    }
    #[inline(always)]
    unsafe fn load_i(from: *const i32) -> v128 {
        v128_load(from.cast())
    }
    #[inline(always)]
    unsafe fn store_i(to: *mut i32, a: v128) {
        v128_store(to.cast(), a)
    }
    #[inline(always)]
    fn splat_i(value: i32) -> v128 {
        i32x4_splat(value)
    }
    #[inline(always)]
    fn add_i(a: v128, b: v128) -> v128 {
        i32x4_add(a, b)
    }
    #[inline(always)]
    fn sub_i(a: v128, b: v128) -> v128 {
        i32x4_sub(a, b)
    }
    #[inline(always)]
    fn mul_i(a: v128, b: v128) -> v128 {
        i32x4_mul(a, b)
    }
    #[inline(always)]
    fn shl_i(a: v128, bits: u32) -> v128 {
        i32x4_shl(a, bits)
    }
    #[inline(always)]
    fn and_i(a: v128, b: v128) -> v128 {
        v128_and(a, b)
    }
    #[inline(always)]
    fn ge_i(a: v128, b: v128) -> v128 {
        i32x4_ge(a, b)
    }
    #[inline(always)]
    fn bits_i(mask: v128) -> u32 {
        i32x4_bitmask(mask).into()
    }
    #[inline(always)]
    unsafe fn load_s(from: *const i16) -> v128 {
        v128_load(from.cast())
    }
    #[inline(always)]
    fn zero_s() -> v128 {
        i16x8_splat(0)
    }
    #[inline(always)]
    fn add_s(a: v128, b: v128) -> v128 {
        i16x8_add(a, b)
    }
    #[inline(always)]
    fn low_s(a: v128) -> v128 {
        i32x4_extend_low_i16x8(a)
    }
    #[inline(always)]
    fn high_s(a: v128) -> v128 {
        i32x4_extend_high_i16x8(a)
    }
}
