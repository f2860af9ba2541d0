//! WebAssembly SIMD. Neither relaxed operations nor fused products.

use super::Lanes;
use core::arch::wasm32::*;

pub struct Simd128;

static mut SETTLED: v128 = u64x2(0, 0);

/// A store that nobody reads: V8 keeps stores and loads in order.
#[inline(always)]
fn settle(a: v128) {
    // SAFETY: a module instance has one thread, and nothing reads the value.
    unsafe { (&raw mut SETTLED).write_volatile(a) }
}

impl Lanes for Simd128 {
    type F = v128;
    type I = v128;
    type S = v128;
    type B = v128;

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
    unsafe fn add_to_doubles(to: *mut f64, a: v128) {
        let (low, high) = (to.cast::<v128>(), to.add(2).cast::<v128>());
        v128_store(low, f64x2_add(v128_load(low), f64x2_promote_low_f32x4(a)));
        v128_store(high, f64x2_add(v128_load(high), f64x2_promote_low_f32x4(i32x4_shuffle::<2, 3, 2, 3>(a, a))));
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
    fn select_f(mask: v128, a: v128, b: v128) -> v128 {
        v128_bitselect(a, b, mask)
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
    fn shr_i(a: v128, bits: u32) -> v128 {
        i32x4_shr(a, bits)
    }
    #[inline(always)]
    fn half_i(a: v128) -> v128 {
        i32x4_shr(a, 1)
    }
    #[inline(always)]
    fn min_i(a: v128, b: v128) -> v128 {
        i32x4_min(a, b)
    }
    #[inline(always)]
    fn max_i(a: v128, b: v128) -> v128 {
        i32x4_max(a, b)
    }
    #[inline(always)]
    fn not_i(mask: v128) -> v128 {
        v128_not(mask)
    }
    #[inline(always)]
    fn and_i(a: v128, b: v128) -> v128 {
        v128_and(a, b)
    }
    #[inline(always)]
    fn or_i(a: v128, b: v128) -> v128 {
        v128_or(a, b)
    }
    #[inline(always)]
    fn any_i(a: v128) -> bool {
        v128_any_true(a)
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
    fn narrow_masks([a, b, c, d]: [v128; 4]) -> v128 {
        i8x16_narrow_i16x8(i16x8_narrow_i32x4(a, b), i16x8_narrow_i32x4(c, d))
    }
    #[inline(always)]
    unsafe fn load_s(from: *const i16) -> v128 {
        v128_load(from.cast())
    }
    #[inline(always)]
    fn splat_s(value: i16) -> v128 {
        i16x8_splat(value)
    }
    #[inline(always)]
    fn add_s(a: v128, b: v128) -> v128 {
        i16x8_add(a, b)
    }
    #[inline(always)]
    fn sub_s(a: v128, b: v128) -> v128 {
        i16x8_sub(a, b)
    }
    #[inline(always)]
    fn and_s(a: v128, b: v128) -> v128 {
        v128_and(a, b)
    }
    #[inline(always)]
    fn low_s(a: v128) -> v128 {
        i32x4_extend_low_i16x8(a)
    }
    #[inline(always)]
    fn high_s(a: v128) -> v128 {
        i32x4_extend_high_i16x8(a)
    }
    #[inline(always)]
    fn dot_low(a: v128, b: v128, pair: v128) -> v128 {
        i32x4_dot_i16x8(i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(a, b), pair)
    }
    #[inline(always)]
    fn dot_high(a: v128, b: v128, pair: v128) -> v128 {
        i32x4_dot_i16x8(i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(a, b), pair)
    }
    #[inline(always)]
    fn settle_f(a: v128) {
        settle(a)
    }
    #[inline(always)]
    fn settle_i(a: v128) {
        settle(a)
    }
    #[inline(always)]
    fn settle_s(a: v128) {
        settle(a)
    }
    #[inline(always)]
    fn splat_pair(pair: u32) -> v128 {
        u32x4_splat(pair)
    }
    #[inline(always)]
    unsafe fn load_pair(from: *const u32) -> v128 {
        let two = v128_load64_zero(from.cast());
        i16x8_shuffle::<0, 2, 0, 2, 0, 2, 0, 2>(two, two)
    }
    #[inline(always)]
    fn high_product(a: v128, b: v128) -> v128 {
        i32x4_shuffle::<1, 3, 5, 7>(u64x2_extmul_low_u32x4(a, b), u64x2_extmul_high_u32x4(a, b))
    }
    #[inline(always)]
    fn narrow_b(a: [v128; 4]) -> v128 {
        u8x16_narrow_i16x8(i16x8_narrow_i32x4(a[0], a[1]), i16x8_narrow_i32x4(a[2], a[3]))
    }
    #[inline(always)]
    fn splat_b(value: u8) -> v128 {
        u8x16_splat(value)
    }
    #[inline(always)]
    fn add_b(a: v128, b: v128) -> v128 {
        u8x16_add(a, b)
    }
    #[inline(always)]
    fn sub_b(a: v128, b: v128) -> v128 {
        u8x16_sub(a, b)
    }
    #[inline(always)]
    fn min_b(a: v128, b: v128) -> v128 {
        u8x16_min(a, b)
    }
    #[inline(always)]
    fn bits_b(a: v128) -> u32 {
        u8x16_bitmask(a).into()
    }
    #[inline(always)]
    fn widen_b(a: v128) -> [v128; 4] {
        let (low, high) = (u16x8_extend_low_u8x16(a), u16x8_extend_high_u8x16(a));
        [
            u32x4_extend_low_u16x8(low),
            u32x4_extend_high_u16x8(low),
            u32x4_extend_low_u16x8(high),
            u32x4_extend_high_u16x8(high),
        ]
    }
}
