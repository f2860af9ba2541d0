//! Operations on 128 bits that every kernel is written in, so that one source serves WebAssembly, SSE and plain Rust.

mod portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;
#[cfg(target_arch = "x86_64")]
mod sse;

pub use portable::Portable;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub type Native = simd128::Simd128;
#[cfg(target_arch = "x86_64")]
pub type Native = sse::Sse;
#[cfg(not(any(all(target_arch = "wasm32", target_feature = "simd128"), target_arch = "x86_64")))]
pub type Native = Portable;

/// Lanes hold different neurons: splitting one neuron's sum would change its rounding.
///
/// # Safety
/// Pointers must be valid for one whole vector; no alignment is needed.
// One condition for all of its functions.
#[allow(clippy::missing_safety_doc)]
pub trait Lanes {
    /// Four f32.
    type F: Copy;
    /// Four i32, or a mask.
    type I: Copy;
    /// Eight i16.
    type S: Copy;
    /// Sixteen u8.
    type B: Copy;

    unsafe fn load_f(from: *const f32) -> Self::F;
    unsafe fn store_f(to: *mut f32, a: Self::F);
    /// Adds each of the four f32 to one of four f64.
    unsafe fn add_to_doubles(to: *mut f64, a: Self::F);
    fn splat_f(value: f32) -> Self::F;
    fn add_f(a: Self::F, b: Self::F) -> Self::F;
    fn sub_f(a: Self::F, b: Self::F) -> Self::F;
    fn mul_f(a: Self::F, b: Self::F) -> Self::F;
    /// `b` where a < b, else `a`.
    fn raise_f(a: Self::F, b: Self::F) -> Self::F;
    /// All ones where a >= b.
    fn ge_f(a: Self::F, b: Self::F) -> Self::I;
    fn and_f(mask: Self::I, a: Self::F) -> Self::F;
    fn and_not_f(mask: Self::I, a: Self::F) -> Self::F;
    /// `a` where the mask is set, else `b`.
    fn select_f(mask: Self::I, a: Self::F, b: Self::F) -> Self::F;

    unsafe fn load_i(from: *const i32) -> Self::I;
    unsafe fn store_i(to: *mut i32, a: Self::I);
    fn splat_i(value: i32) -> Self::I;
    fn add_i(a: Self::I, b: Self::I) -> Self::I;
    fn sub_i(a: Self::I, b: Self::I) -> Self::I;
    fn mul_i(a: Self::I, b: Self::I) -> Self::I;
    fn shl_i(a: Self::I, bits: u32) -> Self::I;
    /// Rounded down.
    fn shr_i(a: Self::I, bits: u32) -> Self::I;
    /// Half, rounded down.
    fn half_i(a: Self::I) -> Self::I;
    fn min_i(a: Self::I, b: Self::I) -> Self::I;
    fn max_i(a: Self::I, b: Self::I) -> Self::I;
    fn and_i(a: Self::I, b: Self::I) -> Self::I;
    fn or_i(a: Self::I, b: Self::I) -> Self::I;
    /// Whether any bit is set.
    fn any_i(a: Self::I) -> bool;
    fn ge_i(a: Self::I, b: Self::I) -> Self::I;
    /// One bit a lane of a mask, lane 0 lowest.
    fn bits_i(mask: Self::I) -> u32;
    fn not_i(mask: Self::I) -> Self::I;
    /// Four masks as one, a byte a lane; numbers are cut to −128 to 127.
    fn narrow_masks(masks: [Self::I; 4]) -> Self::B;

    unsafe fn load_s(from: *const i16) -> Self::S;
    fn splat_s(value: i16) -> Self::S;
    fn add_s(a: Self::S, b: Self::S) -> Self::S;
    fn sub_s(a: Self::S, b: Self::S) -> Self::S;
    fn and_s(a: Self::S, b: Self::S) -> Self::S;
    /// The four low lanes, and the four high ones, widened.
    fn low_s(a: Self::S) -> Self::I;
    fn high_s(a: Self::S) -> Self::I;
    /// a0·p + b0·q, a1·p + b1·q, … of the four low lanes, and of the four high ones; `pair` holds p, q, p, q, ….
    fn dot_low(a: Self::S, b: Self::S, pair: Self::S) -> Self::I;
    fn dot_high(a: Self::S, b: Self::S, pair: Self::S) -> Self::I;
    /// Says that `a` should be computed before what follows; changes nothing. V8 else moves all loads of a loop body before all
    /// sums, and with eight of each one sum goes through memory every turn (measured: 3.3 row vectors a nanosecond, 3.9 with it).
    #[inline(always)]
    fn settle_f(_a: Self::F) {}
    #[inline(always)]
    fn settle_i(_a: Self::I) {}
    #[inline(always)]
    fn settle_s(_a: Self::S) {}
    /// p, q, p, q, … from p in the low half and q in the high half.
    fn splat_pair(pair: u32) -> Self::S;
    /// The same from two numbers of 16 bits, 32 bits apart.
    unsafe fn load_pair(from: *const u32) -> Self::S;

    /// The high 32 bits of the unsigned products, which must be below 2³¹.
    fn high_product(a: Self::I, b: Self::I) -> Self::I;
    /// Each at most 255; they must be below 2³¹.
    fn narrow_b(a: [Self::I; 4]) -> Self::B;
    fn splat_b(value: u8) -> Self::B;
    fn add_b(a: Self::B, b: Self::B) -> Self::B;
    fn sub_b(a: Self::B, b: Self::B) -> Self::B;
    fn min_b(a: Self::B, b: Self::B) -> Self::B;
    /// The highest bit of each lane, lane 0 lowest.
    fn bits_b(a: Self::B) -> u32;
    fn widen_b(a: Self::B) -> [Self::I; 4];
}
