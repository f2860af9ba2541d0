/// Operations on 128 bits. Lanes hold different neurons: splitting one neuron's sum would change its rounding.
///
/// # Safety
/// Pointers must be valid for one whole vector; no alignment is needed.
pub trait Lanes {
    type F: Copy;
    type I: Copy;
    type S: Copy;

    unsafe fn load_f(from: *const f32) -> Self::F;
    unsafe fn store_f(to: *mut f32, a: Self::F);
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

    unsafe fn load_i(from: *const i32) -> Self::I;
    unsafe fn store_i(to: *mut i32, a: Self::I);
    fn splat_i(value: i32) -> Self::I;
    fn add_i(a: Self::I, b: Self::I) -> Self::I;
    fn sub_i(a: Self::I, b: Self::I) -> Self::I;
    fn mul_i(a: Self::I, b: Self::I) -> Self::I;
    fn shl_i(a: Self::I, bits: u32) -> Self::I;
    fn and_i(a: Self::I, b: Self::I) -> Self::I;
    fn ge_i(a: Self::I, b: Self::I) -> Self::I;
    /// One bit a lane of a mask, lane 0 lowest.
    fn bits_i(mask: Self::I) -> u32;

    unsafe fn load_s(from: *const i16) -> Self::S;
    fn zero_s() -> Self::S;
    fn add_s(a: Self::S, b: Self::S) -> Self::S;
    fn low_s(a: Self::S) -> Self::I;
    fn high_s(a: Self::S) -> Self::I;
}
