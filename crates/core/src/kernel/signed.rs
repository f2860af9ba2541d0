//! Signed rate (T8): synchronous ticks of one chunk of integer neurons that may cancel earlier spikes.

use super::fire::put_bits;
use super::rows::{add_tick_i, add_tick_s, Tap};
use crate::lanes::Lanes;

/// What one chunk needs for a block of ticks. Pointers to charges hold a value a lane; a plane is a tick's spikes +1, or its spikes −1.
pub struct Chunk<'a> {
    pub lanes: usize,
    pub potential: *mut i32,
    /// Null: an output, which never fires.
    pub threshold: *const i32,
    /// Binary logarithm of the threshold, if it is one power of two for all.
    pub shift: Option<u32>,
    /// Spikes +1 less spikes −1, 0 to `cap`.
    pub count: *mut i32,
    pub cap: i32,
    /// At most one spike a tick.
    pub once: bool,
    /// Of a window's constant charge A: ⌊A/T⌋, A mod T, and (A mod T)·t mod T after t ticks.
    pub each: *const i32,
    pub rest: *const i32,
    pub carry: *mut i32,
    pub window_ticks: i32,
    pub taps: &'a [Tap],
    /// Of 16-bit weights: so many events of either sign move no lane by more than 32767.
    pub most_events: usize,
    pub ticks: usize,
    /// Zeros, one bit a neuron: those of plane p begin at `bits + p · stride`.
    pub bits: *mut u8,
    pub stride: usize,
    /// Zeros: spikes of each lane beyond the first, `extra_stride` values a plane.
    pub extra: *mut u32,
    pub extra_stride: usize,
    /// Zeros: whether any lane has such spikes, `multiple_stride` values a plane.
    pub multiple: *mut u8,
    pub multiple_stride: usize,
    /// Membrane potential after each tick, or null.
    pub sampled: *mut i32,
}

pub type SignedTicks = unsafe fn(&Chunk);

/// # Safety
/// The pointers of `chunk` must be valid as described for 4·N lanes, and its taps hold both planes of all ticks.
#[inline(never)]
pub unsafe fn signed_wide<L: Lanes, const N: usize>(chunk: &Chunk) {
    let mut v: [L::I; N] = std::array::from_fn(|k| L::load_i(chunk.potential.add(4 * k)));
    for tick in 0..chunk.ticks {
        add_tick_i::<L, N>(&mut v, chunk.taps, 2 * tick, 2);
        end_tick::<L, N>(chunk, &mut v, 0, tick);
    }
    for k in 0..N {
        L::store_i(chunk.potential.add(4 * k), v[k]);
    }
}

/// The same with 16-bit weights and partial sums, for 8·N lanes: a sum is widened once a tick and after every `most_events`.
///
/// # Safety
/// As `signed_wide`.
#[inline(never)]
pub unsafe fn signed_narrow<L: Lanes, const N: usize>(chunk: &Chunk) {
    for tick in 0..chunk.ticks {
        let mut sum = [L::splat_s(0); N];
        add_tick_s::<L, N>(&mut sum, chunk.taps, 2 * tick, 2, chunk.most_events, |sum| {
            widen::<L, N>(chunk.potential, sum)
        });
        if N == 1 {
            end_stored::<L, 2>(chunk, 0, tick);
        } else {
            (0..N / 2).for_each(|group| end_stored::<L, 4>(chunk, 16 * group, tick));
        }
    }
}

#[inline(always)]
unsafe fn widen<L: Lanes, const N: usize>(potential: *mut i32, sum: &mut [L::S; N]) {
    for k in 0..N {
        let (low, high) = (potential.add(8 * k), potential.add(8 * k + 4));
        L::store_i(low, L::add_i(L::load_i(low), L::low_s(sum[k])));
        L::store_i(high, L::add_i(L::load_i(high), L::high_s(sum[k])));
        sum[k] = L::splat_s(0);
    }
}

#[inline(always)]
unsafe fn end_stored<L: Lanes, const M: usize>(chunk: &Chunk, lane: usize, tick: usize) {
    let stored = chunk.potential.add(lane);
    let mut v: [L::I; M] = std::array::from_fn(|k| L::load_i(stored.add(4 * k)));
    end_tick::<L, M>(chunk, &mut v, lane, tick);
    for k in 0..M {
        L::store_i(stored.add(4 * k), v[k]);
    }
}

/// What follows the spikes of a tick for 4·M lanes from `lane` on: constant charge, then firing.
#[inline(always)]
unsafe fn end_tick<L: Lanes, const M: usize>(chunk: &Chunk, v: &mut [L::I; M], lane: usize, tick: usize) {
    let window = L::splat_i(chunk.window_ticks);
    for k in 0..M {
        let at = lane + 4 * k;
        let carry = L::add_i(L::load_i(chunk.carry.add(at)), L::load_i(chunk.rest.add(at)));
        let one = L::ge_i(carry, window);
        L::store_i(chunk.carry.add(at), L::sub_i(carry, L::and_i(one, window)));
        // A set mask is −1.
        v[k] = L::sub_i(L::add_i(v[k], L::load_i(chunk.each.add(at))), one);
    }
    match chunk.shift {
        _ if chunk.threshold.is_null() => {}
        Some(shift) if !chunk.once => fire_shifted::<L, M>(chunk, v, lane, tick, shift),
        _ => fire::<L, M>(chunk, v, lane, tick),
    }
    if !chunk.sampled.is_null() {
        for k in 0..M {
            L::store_i(chunk.sampled.add(tick * chunk.lanes + lane + 4 * k), v[k]);
        }
    }
}

/// All spikes of a tick by one division: clip(⌊V/θ⌋, −count, cap − count).
#[inline(always)]
unsafe fn fire_shifted<L: Lanes, const M: usize>(
    chunk: &Chunk,
    v: &mut [L::I; M],
    lane: usize,
    tick: usize,
    shift: u32,
) {
    let (zero, cap) = (L::splat_i(0), L::splat_i(chunk.cap));
    let mut spikes = [zero; M];
    let (mut plus, mut minus, mut many) = ([zero; M], [zero; M], [zero; M]);
    for k in 0..M {
        let stored = chunk.count.add(lane + 4 * k);
        let count = L::load_i(stored);
        spikes[k] = L::max_i(L::min_i(L::shr_i(v[k], shift), L::sub_i(cap, count)), L::sub_i(zero, count));
        v[k] = L::sub_i(v[k], L::shl_i(spikes[k], shift));
        L::store_i(stored, L::add_i(count, spikes[k]));
        plus[k] = L::ge_i(spikes[k], L::splat_i(1));
        minus[k] = L::not_i(L::ge_i(spikes[k], zero));
        many[k] = L::ge_i(L::max_i(spikes[k], L::sub_i(zero, spikes[k])), L::splat_i(2));
    }
    let planes = [2 * tick, 2 * tick + 1];
    put_bits::<L, M>(chunk.bits.add(planes[0] * chunk.stride + lane / 8), plus);
    put_bits::<L, M>(chunk.bits.add(planes[1] * chunk.stride + lane / 8), minus);
    let mut any = many[0];
    for &mask in &many[1..] {
        // Masks are 0 or −1.
        any = L::min_i(any, mask);
    }
    if L::bits_i(any) == 0 {
        return;
    }
    for (plane, sign) in planes.into_iter().zip([1, -1]) {
        *chunk.multiple.add(plane * chunk.multiple_stride) = 1;
        for k in 0..M {
            let size = if sign == 1 { spikes[k] } else { L::sub_i(zero, spikes[k]) };
            L::store_i(
                chunk.extra.add(plane * chunk.extra_stride + lane + 4 * k).cast(),
                L::max_i(L::sub_i(size, L::splat_i(1)), zero),
            );
        }
    }
}

/// One spike a lane, then those beyond it lane by lane.
#[inline(always)]
unsafe fn fire<L: Lanes, const M: usize>(chunk: &Chunk, v: &mut [L::I; M], lane: usize, tick: usize) {
    let zero = L::splat_i(0);
    let (mut plus, mut minus) = ([zero; M], [zero; M]);
    for k in 0..M {
        let (theta, stored) = (L::load_i(chunk.threshold.add(lane + 4 * k)), chunk.count.add(lane + 4 * k));
        let count = L::load_i(stored);
        plus[k] = L::and_i(L::ge_i(v[k], theta), L::not_i(L::ge_i(count, L::splat_i(chunk.cap))));
        minus[k] = L::and_i(L::not_i(L::ge_i(v[k], zero)), L::ge_i(count, L::splat_i(1)));
        v[k] = L::add_i(L::sub_i(v[k], L::and_i(plus[k], theta)), L::and_i(minus[k], theta));
        L::store_i(stored, L::add_i(L::sub_i(count, plus[k]), minus[k]));
    }
    let plus = put_bits::<L, M>(chunk.bits.add(2 * tick * chunk.stride + lane / 8), plus);
    let minus = put_bits::<L, M>(chunk.bits.add((2 * tick + 1) * chunk.stride + lane / 8), minus);
    if plus | minus != 0 && !chunk.once {
        again::<L, M>(chunk, v, lane, tick, plus, minus);
    }
}

/// Lanes that have fired and still reach their threshold: those that fired −1 lie below 0, those that fired +1 at θ or above.
#[inline(always)]
unsafe fn again<L: Lanes, const M: usize>(
    chunk: &Chunk,
    v: &mut [L::I; M],
    lane: usize,
    tick: usize,
    plus: u32,
    minus: u32,
) {
    let (mut over, mut under) = (0, 0);
    for k in 0..M {
        over |= L::bits_i(L::ge_i(v[k], L::load_i(chunk.threshold.add(lane + 4 * k)))) << (4 * k);
        under |= L::bits_i(L::not_i(L::ge_i(v[k], L::splat_i(0)))) << (4 * k);
    }
    if over & plus | under & minus == 0 {
        return;
    }
    let mut potentials = [0i32; 32];
    for k in 0..M {
        L::store_i(potentials.as_mut_ptr().add(4 * k), v[k]);
    }
    further(chunk, &mut potentials, lane, tick, over & plus, under & minus);
    for k in 0..M {
        v[k] = L::load_i(potentials.as_ptr().add(4 * k));
    }
}

#[inline(never)]
unsafe fn further(chunk: &Chunk, potentials: &mut [i32; 32], lane: usize, tick: usize, over: u32, under: u32) {
    for (sign, lanes) in [over, under].into_iter().enumerate() {
        let (plane, mut left) = (2 * tick + sign, lanes);
        while left != 0 {
            let place = left.trailing_zeros() as usize;
            left &= left - 1;
            let (theta, v, count) =
                (*chunk.threshold.add(lane + place), &mut potentials[place], &mut *chunk.count.add(lane + place));
            let spikes = v.div_euclid(theta).clamp(-*count, chunk.cap - *count);
            *v -= spikes * theta;
            *count += spikes;
            *chunk.extra.add(plane * chunk.extra_stride + lane + place) = spikes.unsigned_abs();
            *chunk.multiple.add(plane * chunk.multiple_stride) = 1;
        }
    }
}
