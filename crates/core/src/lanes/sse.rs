//! The same 128 bits on x86-64, in the SSE2 that every such processor has: native and WebAssembly runs compare like with like.

use super::Lanes;
use core::arch::x86_64::*;

pub struct Sse;

macro_rules! sse {
    ($body:expr) => {
        // SAFETY: SSE2 is part of x86-64, and these instructions touch no memory.
        unsafe { $body }
    };
}

impl Lanes for Sse {
    type F = __m128;
    type I = __m128i;
    type S = __m128i;
    type B = __m128i;

    #[inline(always)]
    unsafe fn load_f(from: *const f32) -> __m128 {
        _mm_loadu_ps(from)
    }
    #[inline(always)]
    unsafe fn store_f(to: *mut f32, a: __m128) {
        _mm_storeu_ps(to, a)
    }
    #[inline(always)]
    unsafe fn add_to_doubles(to: *mut f64, a: __m128) {
        _mm_storeu_pd(to, _mm_add_pd(_mm_loadu_pd(to), _mm_cvtps_pd(a)));
        _mm_storeu_pd(to.add(2), _mm_add_pd(_mm_loadu_pd(to.add(2)), _mm_cvtps_pd(_mm_movehl_ps(a, a))));
    }
    #[inline(always)]
    fn splat_f(value: f32) -> __m128 {
        sse!(_mm_set1_ps(value))
    }
    #[inline(always)]
    fn add_f(a: __m128, b: __m128) -> __m128 {
        sse!(_mm_add_ps(a, b))
    }
    #[inline(always)]
    fn sub_f(a: __m128, b: __m128) -> __m128 {
        sse!(_mm_sub_ps(a, b))
    }
    #[inline(always)]
    fn mul_f(a: __m128, b: __m128) -> __m128 {
        sse!(_mm_mul_ps(a, b))
    }
    #[inline(always)]
    fn raise_f(a: __m128, b: __m128) -> __m128 {
        // `max_ps` gives its second operand unless the first is greater.
        sse!(_mm_max_ps(b, a))
    }
    #[inline(always)]
    fn ge_f(a: __m128, b: __m128) -> __m128i {
        sse!(_mm_castps_si128(_mm_cmpge_ps(a, b)))
    }
    #[inline(always)]
    fn and_f(mask: __m128i, a: __m128) -> __m128 {
        sse!(_mm_and_ps(_mm_castsi128_ps(mask), a))
    }
    #[inline(always)]
    fn and_not_f(mask: __m128i, a: __m128) -> __m128 {
        sse!(_mm_andnot_ps(_mm_castsi128_ps(mask), a))
    }
    #[inline(always)]
    fn select_f(mask: __m128i, a: __m128, b: __m128) -> __m128 {
        sse!({
            let mask = _mm_castsi128_ps(mask);
            _mm_or_ps(_mm_and_ps(mask, a), _mm_andnot_ps(mask, b))
        })
    }
    #[inline(always)]
    unsafe fn load_i(from: *const i32) -> __m128i {
        _mm_loadu_si128(from.cast())
    }
    #[inline(always)]
    unsafe fn store_i(to: *mut i32, a: __m128i) {
        _mm_storeu_si128(to.cast(), a)
    }
    #[inline(always)]
    fn splat_i(value: i32) -> __m128i {
        sse!(_mm_set1_epi32(value))
    }
    #[inline(always)]
    fn add_i(a: __m128i, b: __m128i) -> __m128i {
        sse!(_mm_add_epi32(a, b))
    }
    #[inline(always)]
    fn sub_i(a: __m128i, b: __m128i) -> __m128i {
        sse!(_mm_sub_epi32(a, b))
    }
    #[inline(always)]
    fn mul_i(a: __m128i, b: __m128i) -> __m128i {
        sse!({
            let even = _mm_mul_epu32(a, b);
            let odd = _mm_mul_epu32(_mm_srli_si128::<4>(a), _mm_srli_si128::<4>(b));
            _mm_unpacklo_epi32(_mm_shuffle_epi32::<0b1000>(even), _mm_shuffle_epi32::<0b1000>(odd))
        })
    }
    #[inline(always)]
    fn shl_i(a: __m128i, bits: u32) -> __m128i {
        sse!(_mm_sll_epi32(a, _mm_cvtsi32_si128(bits as i32)))
    }
    #[inline(always)]
    fn shr_i(a: __m128i, bits: u32) -> __m128i {
        sse!(_mm_sra_epi32(a, _mm_cvtsi32_si128(bits as i32)))
    }
    #[inline(always)]
    fn half_i(a: __m128i) -> __m128i {
        sse!(_mm_srai_epi32::<1>(a))
    }
    #[inline(always)]
    fn min_i(a: __m128i, b: __m128i) -> __m128i {
        sse!({
            let less = _mm_cmplt_epi32(a, b);
            _mm_or_si128(_mm_and_si128(less, a), _mm_andnot_si128(less, b))
        })
    }
    #[inline(always)]
    fn max_i(a: __m128i, b: __m128i) -> __m128i {
        sse!({
            let less = _mm_cmplt_epi32(a, b);
            _mm_or_si128(_mm_and_si128(less, b), _mm_andnot_si128(less, a))
        })
    }
    #[inline(always)]
    fn not_i(mask: __m128i) -> __m128i {
        sse!(_mm_xor_si128(mask, _mm_set1_epi32(-1)))
    }
    #[inline(always)]
    fn and_i(a: __m128i, b: __m128i) -> __m128i {
        sse!(_mm_and_si128(a, b))
    }
    #[inline(always)]
    fn or_i(a: __m128i, b: __m128i) -> __m128i {
        sse!(_mm_or_si128(a, b))
    }
    #[inline(always)]
    fn any_i(a: __m128i) -> bool {
        sse!(_mm_movemask_epi8(_mm_cmpeq_epi8(a, _mm_setzero_si128())) != 0xffff)
    }
    #[inline(always)]
    fn ge_i(a: __m128i, b: __m128i) -> __m128i {
        sse!(_mm_xor_si128(_mm_cmplt_epi32(a, b), _mm_set1_epi32(-1)))
    }
    #[inline(always)]
    fn bits_i(mask: __m128i) -> u32 {
        sse!(_mm_movemask_ps(_mm_castsi128_ps(mask)) as u32)
    }
    #[inline(always)]
    fn narrow_masks([a, b, c, d]: [__m128i; 4]) -> __m128i {
        sse!(_mm_packs_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d)))
    }
    #[inline(always)]
    unsafe fn load_s(from: *const i16) -> __m128i {
        _mm_loadu_si128(from.cast())
    }
    #[inline(always)]
    fn splat_s(value: i16) -> __m128i {
        sse!(_mm_set1_epi16(value))
    }
    #[inline(always)]
    fn add_s(a: __m128i, b: __m128i) -> __m128i {
        sse!(_mm_add_epi16(a, b))
    }
    #[inline(always)]
    fn sub_s(a: __m128i, b: __m128i) -> __m128i {
        sse!(_mm_sub_epi16(a, b))
    }
    #[inline(always)]
    fn and_s(a: __m128i, b: __m128i) -> __m128i {
        sse!(_mm_and_si128(a, b))
    }
    #[inline(always)]
    fn low_s(a: __m128i) -> __m128i {
        sse!(_mm_srai_epi32::<16>(_mm_unpacklo_epi16(a, a)))
    }
    #[inline(always)]
    fn high_s(a: __m128i) -> __m128i {
        sse!(_mm_srai_epi32::<16>(_mm_unpackhi_epi16(a, a)))
    }
    #[inline(always)]
    fn dot_low(a: __m128i, b: __m128i, pair: __m128i) -> __m128i {
        sse!(_mm_madd_epi16(_mm_unpacklo_epi16(a, b), pair))
    }
    #[inline(always)]
    fn dot_high(a: __m128i, b: __m128i, pair: __m128i) -> __m128i {
        sse!(_mm_madd_epi16(_mm_unpackhi_epi16(a, b), pair))
    }
    #[inline(always)]
    fn splat_pair(pair: u32) -> __m128i {
        sse!(_mm_set1_epi32(pair as i32))
    }
    #[inline(always)]
    unsafe fn load_pair(from: *const u32) -> __m128i {
        Self::splat_pair(*from | *from.add(1) << 16)
    }
    #[inline(always)]
    fn high_product(a: __m128i, b: __m128i) -> __m128i {
        sse!({
            let odd = _mm_set1_epi64x(!0 << 32);
            _mm_or_si128(
                _mm_srli_epi64::<32>(_mm_mul_epu32(a, b)),
                _mm_and_si128(odd, _mm_mul_epu32(_mm_srli_epi64::<32>(a), _mm_srli_epi64::<32>(b))),
            )
        })
    }
    #[inline(always)]
    fn narrow_b(a: [__m128i; 4]) -> __m128i {
        sse!(_mm_packus_epi16(_mm_packs_epi32(a[0], a[1]), _mm_packs_epi32(a[2], a[3])))
    }
    #[inline(always)]
    fn splat_b(value: u8) -> __m128i {
        sse!(_mm_set1_epi8(value as i8))
    }
    #[inline(always)]
    fn add_b(a: __m128i, b: __m128i) -> __m128i {
        sse!(_mm_add_epi8(a, b))
    }
    #[inline(always)]
    fn sub_b(a: __m128i, b: __m128i) -> __m128i {
        sse!(_mm_sub_epi8(a, b))
    }
    #[inline(always)]
    fn min_b(a: __m128i, b: __m128i) -> __m128i {
        sse!(_mm_min_epu8(a, b))
    }
    #[inline(always)]
    fn bits_b(a: __m128i) -> u32 {
        sse!(_mm_movemask_epi8(a) as u32)
    }
    #[inline(always)]
    fn widen_b(a: __m128i) -> [__m128i; 4] {
        sse!({
            let zero = _mm_setzero_si128();
            let (low, high) = (_mm_unpacklo_epi8(a, zero), _mm_unpackhi_epi8(a, zero));
            [
                _mm_unpacklo_epi16(low, zero),
                _mm_unpackhi_epi16(low, zero),
                _mm_unpacklo_epi16(high, zero),
                _mm_unpackhi_epi16(high, zero),
            ]
        })
    }
}
