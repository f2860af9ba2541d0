//! Events that carry a value, one plane of them: weight times value, once an event.

use super::rows::Tap;
use crate::lanes::Lanes;

pub type ValuesFloat = unsafe fn(&[Tap], *mut f32);
pub type ValuesInteger = unsafe fn(&[Tap], *mut i32);

/// Bounds of a tap's events in entries and values.
#[inline(always)]
unsafe fn bounds(tap: &Tap) -> (usize, usize) {
    (*tap.starts as usize, *tap.starts.wrapping_add(tap.span) as usize)
}

/// The row of event `at`.
#[inline(always)]
unsafe fn row(tap: &Tap, at: usize, vectors: usize) -> *const u8 {
    tap.rows.wrapping_add(*tap.entries.add(at) as usize * vectors * 16)
}

/// One rounded product and one rounded sum an event, in the taps' order.
///
/// # Safety
/// `charge` holds 4·N values; the taps are not single, hold one plane with values, and name rows of N vectors.
#[inline(never)]
pub unsafe fn values_f<L: Lanes, const N: usize>(taps: &[Tap], charge: *mut f32) {
    let mut sum: [L::F; N] = std::array::from_fn(|k| L::load_f(charge.add(4 * k)));
    for tap in taps {
        let (first, end) = bounds(tap);
        for at in first..end {
            let weights = row(tap, at, N).cast::<f32>();
            let value = L::splat_f(f32::from_bits(*tap.values.add(at)));
            for k in 0..N {
                sum[k] = L::add_f(sum[k], L::mul_f(value, L::load_f(weights.add(4 * k))));
                if N == 8 && k == 3 {
                    L::settle_f(sum[k]);
                }
            }
        }
    }
    for k in 0..N {
        L::store_f(charge.add(4 * k), sum[k]);
    }
}

/// # Safety
/// As `values_f`.
#[inline(never)]
pub unsafe fn values_wide<L: Lanes, const N: usize>(taps: &[Tap], charge: *mut i32) {
    let mut sum: [L::I; N] = std::array::from_fn(|k| L::load_i(charge.add(4 * k)));
    for tap in taps {
        let (first, end) = bounds(tap);
        for at in first..end {
            let weights = row(tap, at, N).cast::<i32>();
            let value = L::splat_i(*tap.values.add(at) as i32);
            for k in 0..N {
                sum[k] = L::add_i(sum[k], L::mul_i(value, L::load_i(weights.add(4 * k))));
            }
        }
    }
    for k in 0..N {
        L::store_i(charge.add(4 * k), sum[k]);
    }
}

/// i16 weights and values of 0 to 32767, two events to a product of pairs.
///
/// # Safety
/// As `values_f`, with 8·N values of charge.
#[inline(never)]
pub unsafe fn values_narrow<L: Lanes, const N: usize>(taps: &[Tap], charge: *mut i32) {
    // Eight sums of four vectors: more would not fit the registers.
    match N {
        1 => pairs::<L, 1>(taps, charge, 0, 1),
        2 => pairs::<L, 2>(taps, charge, 0, 2),
        _ => (0..N / 4).for_each(|part| pairs::<L, 4>(taps, charge.add(32 * part), 64 * part, N)),
    }
}

#[inline(always)]
unsafe fn pairs<L: Lanes, const H: usize>(taps: &[Tap], charge: *mut i32, offset: usize, vectors: usize) {
    let mut low: [L::I; H] = std::array::from_fn(|k| L::load_i(charge.add(8 * k)));
    let mut high: [L::I; H] = std::array::from_fn(|k| L::load_i(charge.add(8 * k + 4)));
    let mut add = |a: *const u8, b: *const u8, pair: L::S| {
        let (a, b) = (a.wrapping_add(offset).cast::<i16>(), b.wrapping_add(offset).cast::<i16>());
        for k in 0..H {
            let (a, b) = (L::load_s(a.add(8 * k)), L::load_s(b.add(8 * k)));
            low[k] = L::add_i(low[k], L::dot_low(a, b, pair));
            high[k] = L::add_i(high[k], L::dot_high(a, b, pair));
        }
    };
    for tap in taps {
        let (mut at, end) = bounds(tap);
        while at + 1 < end {
            add(row(tap, at, vectors), row(tap, at + 1, vectors), L::load_pair(tap.values.add(at)));
            at += 2;
        }
        // The last event of an odd number is paired with zero.
        if at < end {
            add(row(tap, at, vectors), row(tap, at, vectors), L::splat_pair(*tap.values.add(at)));
        }
    }
    for k in 0..H {
        L::store_i(charge.add(8 * k), low[k]);
        L::store_i(charge.add(8 * k + 4), high[k]);
    }
}
