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

    /// The least distance of charge and count, in charge, at which a neuron decides anew. One that is nearer than half a quantum
    /// would stay in any case.
    pub fn hold(&self, threshold: i64) -> i64 {
        (self.laziness * (i64::from(self.size) * threshold) as f64).ceil() as i64
    }
}

pub struct Refine<'a> {
    /// Of the layer: one a tick, and how far from its count a neuron must be to decide anew, if the threshold is a power of two.
    pub quanta: &'a [Quantum],
    pub holds: &'a [i32],
    /// By synapse, what a spike of its source counts in each tick of a frame, the first of `quanta` being tick `first`.
    pub payloads: &'a [Vec<i32>],
    pub first: usize,
    /// Binary logarithm of the threshold, if it is one power of two for all and levels · threshold fits 31 bits. Counts are then kept
    /// as charge, shifted by it.
    pub shift: Option<u32>,
    /// T, the largest count.
    pub levels: i32,
}

impl Rule for Refine<'_> {
    const RESETS: bool = false;

    #[inline(always)]
    fn payload(&self, synapse: usize, tick: usize) -> i32 {
        self.payloads[synapse][self.first + tick]
    }

    #[inline(always)]
    unsafe fn stay<L: Lanes, const M: usize>(&self, chunk: &Chunk, v: &[L::I; M], lane: usize, tick: usize) -> bool {
        let Some(theta) = self.shift.filter(|_| !chunk.threshold.is_null()) else { return false };
        let (zero, top) = (L::splat_i(0), L::splat_i(self.levels << theta));
        let mut far = zero;
        for k in 0..M {
            let apart = L::sub_i(L::min_i(L::max_i(v[k], zero), top), L::load_i(chunk.count.add(lane + 4 * k)));
            far = L::max_i(far, L::max_i(apart, L::sub_i(zero, apart)));
        }
        !L::any_i(L::ge_i(far, L::splat_i(self.holds[tick])))
    }

    #[inline(always)]
    unsafe fn end<L: Lanes, const M: usize>(&self, chunk: &Chunk, v: &mut [L::I; M], lane: usize, tick: usize) {
        if chunk.threshold.is_null() {
            return;
        }
        let quantum = &self.quanta[tick];
        match (self.shift, quantum.shift) {
            (Some(theta), Some(size)) if theta + size <= 30 => {
                self.masked::<L, M>(chunk, v, [lane, tick], [theta, theta + size])
            }
            _ => {
                let spikes = self.divided::<L, M>(chunk, v, lane, quantum);
                chunk.sent.put::<L, M>(&spikes, lane, tick);
            }
        }
    }
}

impl Refine<'_> {
    /// Counts as charge: a change is the multiple of the step θ·m next to what V is apart from the count, as far as the count can move
    /// by whole steps. Nothing leaves 31 bits on the way.
    #[inline(always)]
    unsafe fn masked<L: Lanes, const M: usize>(
        &self,
        chunk: &Chunk,
        v: &[L::I; M],
        [lane, tick]: [usize; 2],
        [theta, step]: [u32; 2],
    ) {
        let (zero, top) = (L::splat_i(0), L::splat_i(self.levels << theta));
        let (half, whole) = (L::splat_i((1 << step) / 2), L::splat_i(-1 << step));
        let hold = L::splat_i(self.holds[tick]);
        let mut change = [zero; M];
        for k in 0..M {
            let count = L::load_i(chunk.count.add(lane + 4 * k));
            let apart = L::sub_i(L::min_i(L::max_i(v[k], zero), top), count);
            let rise = L::and_i(L::sub_i(top, count), whole);
            let rounded = L::and_i(L::add_i(L::min_i(apart, L::sub_i(rise, half)), half), whole);
            let fall = L::sub_i(zero, L::and_i(count, whole));
            let decides = L::ge_i(L::max_i(apart, L::sub_i(zero, apart)), hold);
            change[k] = L::and_i(decides, L::max_i(rounded, fall));
        }
        if !L::any_i(change.iter().fold(zero, |any, &change| L::or_i(any, change))) {
            return;
        }
        let mut spikes = [zero; M];
        for k in 0..M {
            let stored = chunk.count.add(lane + 4 * k);
            L::store_i(stored, L::add_i(L::load_i(stored), change[k]));
            spikes[k] = L::shr_i(change[k], step);
        }
        chunk.sent.put::<L, M>(&spikes, lane, tick);
    }

    /// For any threshold and quantum, lane by lane.
    #[inline(never)]
    unsafe fn divided<L: Lanes, const M: usize>(
        &self,
        chunk: &Chunk,
        v: &[L::I; M],
        lane: usize,
        quantum: &Quantum,
    ) -> [L::I; M] {
        let unit = self.shift.unwrap_or(0);
        let (mut potentials, mut changes) = ([0i32; 32], [0i32; 32]);
        for k in 0..M {
            L::store_i(potentials.as_mut_ptr().add(4 * k), v[k]);
        }
        for place in 0..4 * M {
            let stored = &mut *chunk.count.add(lane + place);
            let theta = i64::from(*chunk.threshold.add(lane + place));
            let count = i64::from(*stored >> unit);
            let change = quantum.change(i64::from(potentials[place]), theta, count, i64::from(self.levels));
            *stored += (change as i32 * quantum.size) << unit;
            changes[place] = change as i32;
        }
        std::array::from_fn(|k| L::load_i(changes.as_ptr().add(4 * k)))
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
