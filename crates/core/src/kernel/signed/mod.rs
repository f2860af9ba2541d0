//! Synchronous ticks of one chunk of integer neurons that send spikes of either sign, any number of them in a tick.

pub mod cancel;
pub mod refine;

use super::fire::put_bits;
use super::rows::{add_tap_s, add_tick_i, Tap};
use super::window::Wide;
use crate::lanes::Lanes;
use crate::with_vectors;
use std::mem::MaybeUninit;
use std::ops::Range;

/// What one chunk needs for a block of ticks. Pointers to charges hold a value a lane; a plane is a tick's spikes +1, or its spikes −1.
pub struct Chunk<'a> {
    pub vectors: usize,
    /// Weights of 16 bits, eight lanes a vector; else four.
    pub narrow: bool,
    /// A multiple of 8.
    pub lanes: usize,
    pub potential: *mut i32,
    /// Null: an output, which never fires.
    pub threshold: *const i32,
    /// Spikes +1 less spikes −1, each as often as its payload says.
    pub count: *mut i32,
    pub taps: &'a [Tap],
    /// Where the taps of each synapse end.
    pub ends: &'a [usize],
    /// Of 16-bit weights: the largest of each tap.
    pub largest: &'a [u32],
    pub ticks: usize,
    pub sent: Sent,
    /// Membrane potential after each tick, or null.
    pub sampled: *mut i32,
}

/// Where the spikes of a chunk go.
#[derive(Clone, Copy)]
pub struct Sent {
    /// Zeros, one bit a neuron: those of plane p begin at `bits + p · stride`.
    pub bits: *mut u8,
    pub stride: usize,
    /// How often each lane that has a bit spikes, `times_stride` values a tick.
    pub times: *mut u32,
    pub times_stride: usize,
    /// Zeros: whether any lane spikes more than once, `multiple_stride` values a tick.
    pub multiple: *mut u8,
    pub multiple_stride: usize,
}

/// What the charge of a tick's spikes does to a neuron.
pub trait Rule {
    /// Whether spikes change the potential.
    const RESETS: bool;

    /// How often a spike of this tick delivers the weight of a synapse.
    fn payload(&self, _synapse: usize, _tick: usize) -> i32 {
        1
    }

    /// Whether 4·M lanes surely stay as they are if no charge comes.
    ///
    /// # Safety
    /// As `end`.
    #[inline(always)]
    unsafe fn stay<L: Lanes, const M: usize>(
        &self,
        _chunk: &Chunk,
        _v: &[L::I; M],
        _lane: usize,
        _tick: usize,
    ) -> bool {
        false
    }

    /// What follows the spikes of a tick, for 4·M lanes from `lane` on.
    ///
    /// # Safety
    /// The pointers of `chunk` and of the rule must be valid for these lanes.
    unsafe fn end<L: Lanes, const M: usize>(&self, chunk: &Chunk, v: &mut [L::I; M], lane: usize, tick: usize);
}

/// # Safety
/// The pointers of `chunk` must be valid as described for its lanes, and its taps hold both planes of all ticks.
#[inline(never)]
pub unsafe fn signed_ticks<L: Lanes, R: Rule>(chunk: &Chunk, rule: &R) {
    for tick in 0..chunk.ticks {
        let (mut came, mut synapse, mut first) = (false, 0, 0);
        while synapse < chunk.ends.len() {
            let payload = rule.payload(synapse, tick);
            let from = first;
            while synapse < chunk.ends.len() && rule.payload(synapse, tick) == payload {
                first = chunk.ends[synapse];
                synapse += 1;
            }
            if from == first {
                continue;
            }
            came |= if chunk.narrow {
                with_vectors!(chunk.vectors, add_narrow: AddTick, L, chunk, from..first, tick, payload)
            } else {
                with_vectors!(chunk.vectors, add_wide: AddTick, L, chunk, from..first, tick, payload)
            };
        }
        let mut lane = 0;
        while lane < chunk.lanes {
            if chunk.lanes - lane >= 16 {
                end_stored::<L, 4, R>(chunk, rule, lane, tick, came);
                lane += 16;
            } else {
                end_stored::<L, 2, R>(chunk, rule, lane, tick, came);
                lane += 8;
            }
        }
    }
}

/// Adds the weights of a tick's spikes of these taps, each times its count; returns whether there can be any.
type AddTick = unsafe fn(&Chunk, Range<usize>, usize, i32) -> bool;

/// For 4·N lanes.
#[inline(never)]
unsafe fn add_wide<L: Lanes, const N: usize>(chunk: &Chunk, taps: Range<usize>, tick: usize, payload: i32) -> bool {
    let mut sum = [L::splat_i(0); N];
    add_tick_i::<L, N>(&mut sum, &chunk.taps[taps], 2 * tick, 2);
    for k in 0..N {
        let to = chunk.potential.add(4 * k);
        L::store_i(to, L::add_i(L::load_i(to), L::mul_i(sum[k], L::splat_i(payload))));
    }
    true
}

/// With 16-bit weights and partial sums, for 8·N lanes: a sum is widened once a tick, and before an event could leave 16 bits.
#[inline(never)]
unsafe fn add_narrow<L: Lanes, const N: usize>(chunk: &Chunk, taps: Range<usize>, tick: usize, payload: i32) -> bool {
    let mut charge = MaybeUninit::<[i32; 64]>::uninit();
    let mut wide = Wide::<L, N>::new(charge.as_mut_ptr().cast());
    let mut sum = [L::splat_s(0); N];
    let mut reach = 0;
    for (tap, &largest) in chunk.taps[taps.clone()].iter().zip(&chunk.largest[taps]) {
        add_tap_s::<L, N>(&mut sum, tap, 2 * tick, largest, &mut reach, |sum| wide.add(sum));
    }
    if reach > 0 {
        wide.add(&mut sum);
        wide.add_to(chunk.potential, payload);
    }
    reach > 0
}

#[inline(always)]
unsafe fn end_stored<L: Lanes, const M: usize, R: Rule>(chunk: &Chunk, rule: &R, lane: usize, tick: usize, came: bool) {
    let stored = chunk.potential.add(lane);
    let mut v: [L::I; M] = std::array::from_fn(|k| L::load_i(stored.add(4 * k)));
    if came || !rule.stay::<L, M>(chunk, &v, lane, tick) {
        rule.end::<L, M>(chunk, &mut v, lane, tick);
    }
    sample::<L, M>(chunk, &v, lane, tick);
    if R::RESETS {
        (0..M).for_each(|k| L::store_i(stored.add(4 * k), v[k]));
    }
}

#[inline(always)]
unsafe fn sample<L: Lanes, const M: usize>(chunk: &Chunk, v: &[L::I; M], lane: usize, tick: usize) {
    if !chunk.sampled.is_null() {
        for k in 0..M {
            L::store_i(chunk.sampled.add(tick * chunk.lanes + lane + 4 * k), v[k]);
        }
    }
}

impl Sent {
    /// Sends `spikes`, of either sign, of 4·M lanes.
    #[inline(always)]
    unsafe fn put<L: Lanes, const M: usize>(&self, spikes: &[L::I; M], lane: usize, tick: usize) {
        let zero = L::splat_i(0);
        let negated: [L::I; M] = std::array::from_fn(|k| L::sub_i(zero, spikes[k]));
        put_bits::<L, M>(self.bits.add(2 * tick * self.stride + lane / 8), negated);
        put_bits::<L, M>(self.bits.add((2 * tick + 1) * self.stride + lane / 8), *spikes);
        let mut any = zero;
        for k in 0..M {
            let times = L::max_i(spikes[k], negated[k]);
            L::store_i(self.times.add(tick * self.times_stride + lane + 4 * k).cast(), times);
            any = L::or_i(any, times);
        }
        if L::any_i(L::and_i(any, L::splat_i(!1))) {
            *self.multiple.add(tick * self.multiple_stride) = 1;
        }
    }
}
