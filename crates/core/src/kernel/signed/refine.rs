//! Refined phase (T14): every tick decides anew, to the precision of its quantum, from the exact charge so far.

use super::{Chunk, Rule};
use crate::lanes::Lanes;

/// What a spike of a tick stands for.
#[derive(Clone, Copy, Debug)]
pub struct Quantum {
    pub size: i32,
    /// Binary logarithm of the size, if it is a power of two.
    pub shift: Option<u32>,
    /// h: a count that is nearer to the charge than h·size stays as it is; ½ leaves all to rounding.
    pub laziness: f64,
}

impl Quantum {
    pub fn new(size: i32, laziness: f64) -> Quantum {
        let shift = (size > 0 && size & (size - 1) == 0).then(|| size.trailing_zeros());
        Quantum { size, shift, laziness }
    }

    /// The least distance of charge and count, in charge, at which a neuron decides anew.
    fn hold(&self, threshold: i64) -> i64 {
        if self.laziness > 0.5 {
            (self.laziness * (i64::from(self.size) * threshold) as f64).ceil() as i64
        } else {
            0
        }
    }
}

pub struct Refine<'a> {
    /// One a tick.
    pub quanta: &'a [Quantum],
    /// Binary logarithm of the threshold, if it is one power of two for all and levels · threshold fits 31 bits.
    pub shift: Option<u32>,
    /// T, the largest count.
    pub levels: i32,
}

impl Rule for Refine<'_> {
    #[inline(always)]
    fn payload(&self, tick: usize) -> i32 {
        self.quanta[tick].size
    }

    #[inline(always)]
    unsafe fn end<L: Lanes, const M: usize>(&self, chunk: &Chunk, v: &mut [L::I; M], lane: usize, tick: usize) {
        if chunk.threshold.is_null() {
            return;
        }
        let quantum = &self.quanta[tick];
        let mut spikes = [L::splat_i(0); M];
        match (self.shift, quantum.shift) {
            (Some(theta), Some(size)) if theta + size > 0 => {
                self.shifted::<L, M>(chunk, v, lane, [theta, size], quantum.hold(1 << theta) as i32, &mut spikes)
            }
            _ => self.divided::<L, M>(chunk, v, lane, quantum, &mut spikes),
        }
        chunk.sent.put::<L, M>(&spikes, lane, tick);
    }
}

impl Refine<'_> {
    /// N' / m by shifts: ⌊V/(θ·m) + ½⌋ is half of ⌊2·V/(θ·m)⌋ + 1, rounded down.
    #[inline(always)]
    unsafe fn shifted<L: Lanes, const M: usize>(
        &self,
        chunk: &Chunk,
        v: &[L::I; M],
        lane: usize,
        [theta, size]: [u32; 2],
        hold: i32,
        spikes: &mut [L::I; M],
    ) {
        let (zero, levels, one) = (L::splat_i(0), L::splat_i(self.levels), L::splat_i(1));
        let within = L::splat_i((1 << size) - 1);
        for k in 0..M {
            let stored = chunk.count.add(lane + 4 * k);
            let count = L::load_i(stored);
            let rest = L::and_i(count, within);
            let above = L::sub_i(v[k], L::shl_i(rest, theta));
            let rounded = L::half_i(L::add_i(L::shr_i(above, theta + size - 1), one));
            let most = L::shr_i(L::sub_i(levels, rest), size);
            let wanted = L::max_i(L::min_i(rounded, most), zero);
            let mut change = L::sub_i(wanted, L::shr_i(count, size));
            if hold > 0 {
                let charge = L::min_i(L::max_i(v[k], zero), L::shl_i(levels, theta));
                let apart = L::sub_i(charge, L::shl_i(count, theta));
                let apart = L::max_i(apart, L::sub_i(zero, apart));
                change = L::and_i(L::ge_i(apart, L::splat_i(hold)), change);
            }
            L::store_i(stored, L::add_i(count, L::shl_i(change, size)));
            spikes[k] = change;
        }
    }

    /// The same for any threshold and quantum, lane by lane.
    #[inline(never)]
    unsafe fn divided<L: Lanes, const M: usize>(
        &self,
        chunk: &Chunk,
        v: &[L::I; M],
        lane: usize,
        quantum: &Quantum,
        spikes: &mut [L::I; M],
    ) {
        let (mut potentials, mut changes) = ([0i32; 32], [0i32; 32]);
        for k in 0..M {
            L::store_i(potentials.as_mut_ptr().add(4 * k), v[k]);
        }
        for place in 0..4 * M {
            let count = &mut *chunk.count.add(lane + place);
            let theta = i64::from(*chunk.threshold.add(lane + place));
            let change = quantum.change(i64::from(potentials[place]), theta, i64::from(*count), i64::from(self.levels));
            *count += change as i32 * quantum.size;
            changes[place] = change as i32;
        }
        for k in 0..M {
            spikes[k] = L::load_i(changes.as_ptr().add(4 * k));
        }
    }
}

impl Quantum {
    /// Spikes of a neuron of this charge, threshold and count, 0 to `levels`: the definition.
    pub fn change(&self, charge: i64, threshold: i64, count: i64, levels: i64) -> i64 {
        // Lanes without a neuron have no threshold.
        if threshold == 0 {
            return 0;
        }
        let apart = charge.clamp(0, levels * threshold) - count * threshold;
        if apart.abs() < self.hold(threshold) {
            return 0;
        }
        let (size, rest) = (i64::from(self.size), count.rem_euclid(i64::from(self.size)));
        let step = threshold * size;
        let rounded = (2 * (charge - rest * threshold) + step).div_euclid(2 * step);
        rounded.clamp(0, (levels - rest) / size) - count / size
    }
}
