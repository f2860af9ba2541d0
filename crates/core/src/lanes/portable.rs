//! Plain arrays that LLVM turns into vectors.

use super::Lanes;

pub struct Portable;

#[derive(Clone, Copy)]
#[repr(align(16))]
pub struct Four<T>([T; 4]);
#[derive(Clone, Copy)]
#[repr(align(16))]
pub struct Eight([i16; 8]);
#[derive(Clone, Copy)]
#[repr(align(16))]
pub struct Sixteen([u8; 16]);

#[inline(always)]
fn each<A: Copy, B: Copy, C>(a: Four<A>, b: Four<B>, f: impl Fn(A, B) -> C) -> Four<C> {
    Four(std::array::from_fn(|lane| f(a.0[lane], b.0[lane])))
}

impl Lanes for Portable {
    type F = Four<f32>;
    type I = Four<i32>;
    type S = Eight;
    type B = Sixteen;

    #[inline(always)]
    unsafe fn load_f(from: *const f32) -> Self::F {
        Four(from.cast::<[f32; 4]>().read_unaligned())
    }
    #[inline(always)]
    unsafe fn store_f(to: *mut f32, a: Self::F) {
        to.cast::<[f32; 4]>().write_unaligned(a.0)
    }
    #[inline(always)]
    unsafe fn add_to_doubles(to: *mut f64, a: Self::F) {
        for lane in 0..4 {
            *to.add(lane) += f64::from(a.0[lane]);
        }
    }
    #[inline(always)]
    fn splat_f(value: f32) -> Self::F {
        Four([value; 4])
    }
    #[inline(always)]
    fn add_f(a: Self::F, b: Self::F) -> Self::F {
        each(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub_f(a: Self::F, b: Self::F) -> Self::F {
        each(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul_f(a: Self::F, b: Self::F) -> Self::F {
        each(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn raise_f(a: Self::F, b: Self::F) -> Self::F {
        each(a, b, |a, b| if a < b { b } else { a })
    }
    #[inline(always)]
    fn ge_f(a: Self::F, b: Self::F) -> Self::I {
        each(a, b, |a, b| -((a >= b) as i32))
    }
    #[inline(always)]
    fn and_f(mask: Self::I, a: Self::F) -> Self::F {
        each(mask, a, |m, a| f32::from_bits(a.to_bits() & m as u32))
    }
    #[inline(always)]
    fn and_not_f(mask: Self::I, a: Self::F) -> Self::F {
        each(mask, a, |m, a| f32::from_bits(a.to_bits() & !(m as u32)))
    }
    #[inline(always)]
    fn select_f(mask: Self::I, a: Self::F, b: Self::F) -> Self::F {
        Four(std::array::from_fn(|lane| if mask.0[lane] != 0 { a.0[lane] } else { b.0[lane] }))
    }
    #[inline(always)]
    unsafe fn load_i(from: *const i32) -> Self::I {
        Four(from.cast::<[i32; 4]>().read_unaligned())
    }
    #[inline(always)]
    unsafe fn store_i(to: *mut i32, a: Self::I) {
        to.cast::<[i32; 4]>().write_unaligned(a.0)
    }
    #[inline(always)]
    fn splat_i(value: i32) -> Self::I {
        Four([value; 4])
    }
    #[inline(always)]
    fn add_i(a: Self::I, b: Self::I) -> Self::I {
        each(a, b, i32::wrapping_add)
    }
    #[inline(always)]
    fn sub_i(a: Self::I, b: Self::I) -> Self::I {
        each(a, b, i32::wrapping_sub)
    }
    #[inline(always)]
    fn mul_i(a: Self::I, b: Self::I) -> Self::I {
        each(a, b, i32::wrapping_mul)
    }
    #[inline(always)]
    fn shl_i(a: Self::I, bits: u32) -> Self::I {
        Four(a.0.map(|a| a.wrapping_shl(bits)))
    }
    #[inline(always)]
    fn shr_i(a: Self::I, bits: u32) -> Self::I {
        Four(a.0.map(|a| a.wrapping_shr(bits)))
    }
    #[inline(always)]
    fn half_i(a: Self::I) -> Self::I {
        Four(a.0.map(|a| a >> 1))
    }
    #[inline(always)]
    fn min_i(a: Self::I, b: Self::I) -> Self::I {
        each(a, b, |a, b| a.min(b))
    }
    #[inline(always)]
    fn max_i(a: Self::I, b: Self::I) -> Self::I {
        each(a, b, |a, b| a.max(b))
    }
    #[inline(always)]
    fn not_i(mask: Self::I) -> Self::I {
        Four(mask.0.map(|m| !m))
    }
    #[inline(always)]
    fn and_i(a: Self::I, b: Self::I) -> Self::I {
        each(a, b, |a, b| a & b)
    }
    #[inline(always)]
    fn or_i(a: Self::I, b: Self::I) -> Self::I {
        each(a, b, |a, b| a | b)
    }
    #[inline(always)]
    fn any_i(a: Self::I) -> bool {
        a.0 != [0; 4]
    }
    #[inline(always)]
    fn ge_i(a: Self::I, b: Self::I) -> Self::I {
        each(a, b, |a, b| -((a >= b) as i32))
    }
    #[inline(always)]
    fn bits_i(mask: Self::I) -> u32 {
        let [a, b, c, d] = mask.0;
        (a & 1 | b & 2 | c & 4 | d & 8) as u32
    }
    #[inline(always)]
    fn narrow_masks(masks: [Self::I; 4]) -> Sixteen {
        Sixteen(std::array::from_fn(|lane| masks[lane / 4].0[lane % 4].clamp(-128, 127) as u8))
    }
    #[inline(always)]
    unsafe fn load_s(from: *const i16) -> Self::S {
        Eight(from.cast::<[i16; 8]>().read_unaligned())
    }
    #[inline(always)]
    fn splat_s(value: i16) -> Self::S {
        Eight([value; 8])
    }
    #[inline(always)]
    fn add_s(a: Self::S, b: Self::S) -> Self::S {
        Eight(std::array::from_fn(|lane| a.0[lane].wrapping_add(b.0[lane])))
    }
    #[inline(always)]
    fn sub_s(a: Self::S, b: Self::S) -> Self::S {
        Eight(std::array::from_fn(|lane| a.0[lane].wrapping_sub(b.0[lane])))
    }
    #[inline(always)]
    fn and_s(a: Self::S, b: Self::S) -> Self::S {
        Eight(std::array::from_fn(|lane| a.0[lane] & b.0[lane]))
    }
    #[inline(always)]
    fn low_s(a: Self::S) -> Self::I {
        Four(std::array::from_fn(|lane| a.0[lane].into()))
    }
    #[inline(always)]
    fn high_s(a: Self::S) -> Self::I {
        Four(std::array::from_fn(|lane| a.0[lane + 4].into()))
    }
    #[inline(always)]
    fn dot_low(a: Self::S, b: Self::S, pair: Self::S) -> Self::I {
        dot(&a.0[..4], &b.0[..4], pair)
    }
    #[inline(always)]
    fn dot_high(a: Self::S, b: Self::S, pair: Self::S) -> Self::I {
        dot(&a.0[4..], &b.0[4..], pair)
    }
    #[inline(always)]
    fn splat_pair(pair: u32) -> Self::S {
        Eight(std::array::from_fn(|lane| if lane % 2 == 0 { pair as i16 } else { (pair >> 16) as i16 }))
    }
    #[inline(always)]
    unsafe fn load_pair(from: *const u32) -> Self::S {
        Self::splat_pair(*from | *from.add(1) << 16)
    }
    #[inline(always)]
    fn high_product(a: Self::I, b: Self::I) -> Self::I {
        each(a, b, |a, b| ((u64::from(a as u32) * u64::from(b as u32)) >> 32) as i32)
    }
    #[inline(always)]
    fn narrow_b(a: [Self::I; 4]) -> Sixteen {
        Sixteen(std::array::from_fn(|lane| a[lane / 4].0[lane % 4].min(255) as u8))
    }
    #[inline(always)]
    fn splat_b(value: u8) -> Sixteen {
        Sixteen([value; 16])
    }
    #[inline(always)]
    fn add_b(a: Sixteen, b: Sixteen) -> Sixteen {
        Sixteen(std::array::from_fn(|lane| a.0[lane].wrapping_add(b.0[lane])))
    }
    #[inline(always)]
    fn sub_b(a: Sixteen, b: Sixteen) -> Sixteen {
        Sixteen(std::array::from_fn(|lane| a.0[lane].wrapping_sub(b.0[lane])))
    }
    #[inline(always)]
    fn min_b(a: Sixteen, b: Sixteen) -> Sixteen {
        Sixteen(std::array::from_fn(|lane| a.0[lane].min(b.0[lane])))
    }
    #[inline(always)]
    fn bits_b(a: Sixteen) -> u32 {
        (0..16).fold(0, |bits, lane| bits | u32::from(a.0[lane] >> 7) << lane)
    }
    #[inline(always)]
    fn widen_b(a: Sixteen) -> [Self::I; 4] {
        std::array::from_fn(|part| Four(std::array::from_fn(|lane| a.0[4 * part + lane].into())))
    }
}

#[inline(always)]
fn dot(a: &[i16], b: &[i16], pair: Eight) -> Four<i32> {
    Four(std::array::from_fn(|lane| {
        (i32::from(a[lane]) * i32::from(pair.0[0])).wrapping_add(i32::from(b[lane]) * i32::from(pair.0[1]))
    }))
}
