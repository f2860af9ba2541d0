//! Synchronous ticks of one chunk in i32, whose neurons take spikes back (T8).

use super::fire::put_bits;
use super::lanes::Lanes;
use super::rows::{add_lanes_i, add_rows_i, subtract_rows_i, Tap};

/// What one chunk needs for a block of ticks. Pointers to charges hold 4·N values; a plane is a tick's spikes +1, or its spikes −1.
pub struct Chunk<'a> {
    pub potential: *mut i32,
    /// Null: an output, which never fires.
    pub threshold: *const i32,
    /// Spikes less those taken back, 0 to `cap`.
    pub count: *mut i32,
    pub cap: i32,
    /// At most one spike a tick.
    pub once: bool,
    /// Of a window's constant charge A: ⌊A/T⌋, A mod T, and (A mod T)·t mod T after t ticks.
    pub each: *const i32,
    pub rest: *const i32,
    pub owed: *mut i32,
    pub window_ticks: i32,
    pub taps: &'a [Tap],
    pub ticks: usize,
    /// Zeros, one bit a neuron: those of plane p begin at `bits + p · stride`.
    pub bits: *mut u8,
    pub stride: usize,
    /// Zeros: spikes of each lane beyond the first, `extra_stride` values a plane.
    pub extra: *mut u32,
    pub extra_stride: usize,
    /// Zeros: whether any lane has such spikes, `several_stride` values a plane.
    pub several: *mut u8,
    pub several_stride: usize,
    /// Membrane potential after each tick, or null.
    pub sampled: *mut i32,
}

pub type SignedTicks = unsafe fn(&Chunk);

/// # Safety
/// The pointers of `chunk` must be valid as described, and its taps hold both planes of all ticks.
#[inline(never)]
pub unsafe fn signed_ticks<L: Lanes, const N: usize>(chunk: &Chunk) {
    let zero = L::splat_i(0);
    let window = L::splat_i(chunk.window_ticks);
    let mut v: [L::I; N] = std::array::from_fn(|k| L::load_i(chunk.potential.add(4 * k)));
    for tick in 0..chunk.ticks {
        for k in 0..N {
            let owed = L::add_i(L::load_i(chunk.owed.add(4 * k)), L::load_i(chunk.rest.add(4 * k)));
            let one = L::ge_i(owed, window);
            L::store_i(chunk.owed.add(4 * k), L::sub_i(owed, L::and_i(one, window)));
            // A set mask is −1.
            v[k] = L::sub_i(L::add_i(v[k], L::load_i(chunk.each.add(4 * k))), one);
        }
        for tap in chunk.taps {
            let ((plus, end), (minus, minus_end)) = (tap.events(2 * tick), tap.events(2 * tick + 1));
            if tap.single {
                add_lanes_i::<L, N>(&mut v, tap, plus, end, false);
                add_lanes_i::<L, N>(&mut v, tap, minus, minus_end, true);
            } else {
                add_rows_i::<L, N>(&mut v, tap.rows, plus, end);
                subtract_rows_i::<L, N>(&mut v, tap.rows, minus, minus_end);
            }
        }
        if !chunk.threshold.is_null() {
            let (mut plus, mut minus) = ([zero; N], [zero; N]);
            for k in 0..N {
                let (theta, count) = (L::load_i(chunk.threshold.add(4 * k)), L::load_i(chunk.count.add(4 * k)));
                plus[k] = L::and_i(L::ge_i(v[k], theta), L::not_i(L::ge_i(count, L::splat_i(chunk.cap))));
                minus[k] = L::and_i(L::not_i(L::ge_i(v[k], zero)), L::ge_i(count, L::splat_i(1)));
                v[k] = L::add_i(L::sub_i(v[k], L::and_i(plus[k], theta)), L::and_i(minus[k], theta));
                L::store_i(chunk.count.add(4 * k), L::add_i(L::sub_i(count, plus[k]), minus[k]));
            }
            let plus = put_bits::<L, N>(chunk.bits.add(2 * tick * chunk.stride), plus);
            let minus = put_bits::<L, N>(chunk.bits.add((2 * tick + 1) * chunk.stride), minus);
            if plus | minus != 0 && !chunk.once {
                again::<L, N>(chunk, &mut v, tick, plus, minus);
            }
        }
        if !chunk.sampled.is_null() {
            for k in 0..N {
                L::store_i(chunk.sampled.add(tick * 4 * N + 4 * k), v[k]);
            }
        }
    }
    for k in 0..N {
        L::store_i(chunk.potential.add(4 * k), v[k]);
    }
}

/// Lanes that have fired and still reach their threshold: those that fired −1 lie below 0, those that fired +1 at θ or above.
#[inline(always)]
unsafe fn again<L: Lanes, const N: usize>(chunk: &Chunk, v: &mut [L::I; N], tick: usize, plus: u32, minus: u32) {
    let (mut over, mut under) = (0, 0);
    for k in 0..N {
        over |= L::bits_i(L::ge_i(v[k], L::load_i(chunk.threshold.add(4 * k)))) << (4 * k);
        under |= L::bits_i(L::not_i(L::ge_i(v[k], L::splat_i(0)))) << (4 * k);
    }
    if over & plus | under & minus == 0 {
        return;
    }
    let mut potentials = [0i32; 32];
    for k in 0..N {
        L::store_i(potentials.as_mut_ptr().add(4 * k), v[k]);
    }
    further(chunk, &mut potentials, tick, over & plus, under & minus);
    for k in 0..N {
        v[k] = L::load_i(potentials.as_ptr().add(4 * k));
    }
}

#[inline(never)]
unsafe fn further(chunk: &Chunk, potentials: &mut [i32; 32], tick: usize, over: u32, under: u32) {
    for (sign, lanes) in [over, under].into_iter().enumerate() {
        let (plane, mut left) = (2 * tick + sign, lanes);
        while left != 0 {
            let lane = left.trailing_zeros() as usize;
            left &= left - 1;
            let (theta, v, count) = (*chunk.threshold.add(lane), &mut potentials[lane], &mut *chunk.count.add(lane));
            let spikes = v.div_euclid(theta).clamp(-*count, chunk.cap - *count);
            *v -= spikes * theta;
            *count += spikes;
            *chunk.extra.add(plane * chunk.extra_stride + lane) = spikes.unsigned_abs();
            *chunk.several.add(plane * chunk.several_stride) = 1;
        }
    }
}
