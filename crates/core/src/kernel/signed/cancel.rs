//! Signed rate (T8): a neuron whose charge falls cancels earlier spikes.

use super::{Chunk, Rule};
use crate::kernel::fire::put_bits;
use crate::lanes::Lanes;

/// Pointers hold a value a lane.
pub struct Cancel {
    /// Binary logarithm of the threshold, if it is one power of two for all.
    pub shift: Option<u32>,
    /// Of the count.
    pub cap: i32,
    /// At most one spike a tick.
    pub once: bool,
    /// Of a window's constant charge A: ⌊A/T⌋, A mod T, and (A mod T)·t mod T after t ticks.
    pub each: *const i32,
    pub rest: *const i32,
    pub carry: *mut i32,
    pub window_ticks: i32,
}

impl Rule for Cancel {
    const RESETS: bool = true;

    /// Constant charge, then firing.
    #[inline(always)]
    unsafe fn end<L: Lanes, const M: usize>(&self, chunk: &Chunk, v: &mut [L::I; M], lane: usize, tick: usize) {
        let window = L::splat_i(self.window_ticks);
        for k in 0..M {
            let at = lane + 4 * k;
            let carry = L::add_i(L::load_i(self.carry.add(at)), L::load_i(self.rest.add(at)));
            let one = L::ge_i(carry, window);
            L::store_i(self.carry.add(at), L::sub_i(carry, L::and_i(one, window)));
            // A set mask is −1.
            v[k] = L::sub_i(L::add_i(v[k], L::load_i(self.each.add(at))), one);
        }
        match self.shift {
            _ if chunk.threshold.is_null() => {}
            Some(shift) if !self.once => self.fire_shifted::<L, M>(chunk, v, lane, tick, shift),
            _ => self.fire::<L, M>(chunk, v, lane, tick),
        }
    }
}

impl Cancel {
    /// All spikes of a tick by one division: clip(⌊V/θ⌋, −count, cap − count).
    #[inline(always)]
    unsafe fn fire_shifted<L: Lanes, const M: usize>(
        &self,
        chunk: &Chunk,
        v: &mut [L::I; M],
        lane: usize,
        tick: usize,
        shift: u32,
    ) {
        let (zero, cap) = (L::splat_i(0), L::splat_i(self.cap));
        let mut spikes = [zero; M];
        for k in 0..M {
            let stored = chunk.count.add(lane + 4 * k);
            let count = L::load_i(stored);
            spikes[k] = L::max_i(L::min_i(L::shr_i(v[k], shift), L::sub_i(cap, count)), L::sub_i(zero, count));
            v[k] = L::sub_i(v[k], L::shl_i(spikes[k], shift));
            L::store_i(stored, L::add_i(count, spikes[k]));
        }
        chunk.sent.put::<L, M>(&spikes, lane, tick);
    }

    /// One spike a lane, then those beyond it lane by lane.
    #[inline(always)]
    unsafe fn fire<L: Lanes, const M: usize>(&self, chunk: &Chunk, v: &mut [L::I; M], lane: usize, tick: usize) {
        let zero = L::splat_i(0);
        let (mut plus, mut minus) = ([zero; M], [zero; M]);
        for k in 0..M {
            let (theta, stored) = (L::load_i(chunk.threshold.add(lane + 4 * k)), chunk.count.add(lane + 4 * k));
            let count = L::load_i(stored);
            plus[k] = L::and_i(L::ge_i(v[k], theta), L::not_i(L::ge_i(count, L::splat_i(self.cap))));
            minus[k] = L::and_i(L::not_i(L::ge_i(v[k], zero)), L::ge_i(count, L::splat_i(1)));
            v[k] = L::add_i(L::sub_i(v[k], L::and_i(plus[k], theta)), L::and_i(minus[k], theta));
            L::store_i(stored, L::add_i(L::sub_i(count, plus[k]), minus[k]));
        }
        let plus = put_bits::<L, M>(chunk.sent.bits.add(2 * tick * chunk.sent.stride + lane / 8), plus);
        let minus = put_bits::<L, M>(chunk.sent.bits.add((2 * tick + 1) * chunk.sent.stride + lane / 8), minus);
        if plus | minus == 0 {
            return;
        }
        for k in 0..M {
            let times = chunk.sent.times.add(tick * chunk.sent.times_stride + lane + 4 * k);
            L::store_i(times.cast(), L::splat_i(1));
        }
        if !self.once {
            self.again::<L, M>(chunk, v, lane, tick, plus, minus);
        }
    }

    /// Lanes that have fired and still reach their threshold: those that fired −1 lie below 0, those that fired +1 at θ or above.
    #[inline(always)]
    unsafe fn again<L: Lanes, const M: usize>(
        &self,
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
        self.further(chunk, &mut potentials, lane, tick, over & plus, under & minus);
        for k in 0..M {
            v[k] = L::load_i(potentials.as_ptr().add(4 * k));
        }
    }

    #[inline(never)]
    unsafe fn further(
        &self,
        chunk: &Chunk,
        potentials: &mut [i32; 32],
        lane: usize,
        tick: usize,
        over: u32,
        under: u32,
    ) {
        for mut left in [over, under] {
            while left != 0 {
                let place = left.trailing_zeros() as usize;
                left &= left - 1;
                let (theta, v, count) =
                    (*chunk.threshold.add(lane + place), &mut potentials[place], &mut *chunk.count.add(lane + place));
                let spikes = v.div_euclid(theta).clamp(-*count, self.cap - *count);
                *v -= spikes * theta;
                *count += spikes;
                *chunk.sent.times.add(tick * chunk.sent.times_stride + lane + place) += spikes.unsigned_abs();
                *chunk.sent.multiple.add(tick * chunk.sent.multiple_stride) = 1;
            }
        }
    }
}
