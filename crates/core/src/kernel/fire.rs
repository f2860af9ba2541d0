//! Integration and firing of one chunk.

use super::accumulate::{add_f, Tap};
use super::lanes::Lanes;
use crate::neuron::Neuron;

/// What one chunk of a float layer needs for a block of ticks. All pointers hold 4·N values.
pub struct Chunk<'a> {
    pub potential: *mut f32,
    pub drive: *const f32,
    pub threshold: *const f32,
    /// Ticks left of the refractory period; read only where there is one.
    pub waiting: *mut u32,
    pub taps: &'a [Tap],
    pub ticks: usize,
    /// One bit a neuron and tick: bits of tick t are ored into `bits[t * stride] << shift`.
    pub bits: *mut u64,
    pub stride: usize,
    pub shift: usize,
    /// Lanes that hold neurons.
    pub valid: u64,
    /// Spikes of each lane and tick, [ticks][4·N]; null where a neuron fires at most once a tick.
    pub repeats: *mut u32,
    /// Membrane potential after each tick, or null.
    pub sampled: *mut f32,
}

/// Firing interleaved with integration. `fires` false: an output.
///
/// # Safety
/// The pointers of `chunk` must be valid as described.
#[inline(never)]
pub unsafe fn interleaved<L: Lanes, const N: usize>(chunk: &Chunk, neuron: &Neuron, fires: bool) {
    let mut v: [L::F; N] = std::array::from_fn(|k| L::load_f(chunk.potential.add(4 * k)));
    let leak = L::splat_f(neuron.leak_factor);
    let leaks = neuron.leak_factor != 1.0;
    let bounded = neuron.floor != f32::NEG_INFINITY;
    let floor = L::splat_f(neuron.floor);
    let scalar = fires && (neuron.refractory_ticks > 0 || neuron.spikes_per_tick > 1);
    let mut held = [[0f32; 4]; N];
    for tick in 0..chunk.ticks {
        if leaks {
            for k in 0..N {
                v[k] = L::mul_f(leak, v[k]);
            }
        }
        if scalar {
            for k in 0..N {
                L::store_f(held[k].as_mut_ptr(), v[k]);
            }
        }
        for k in 0..N {
            v[k] = L::add_f(v[k], L::load_f(chunk.drive.add(4 * k)));
        }
        for tap in chunk.taps {
            let (at, end) = tap.events(tick);
            add_f::<L, N>(&mut v, tap.rows, at, end);
        }
        if !fires {
            continue;
        }
        let mut bits = 0u64;
        if scalar {
            let mut after = [[0f32; 4]; N];
            for k in 0..N {
                L::store_f(after[k].as_mut_ptr(), v[k]);
                for lane in 0..4 {
                    let at = 4 * k + lane;
                    let waiting = &mut *chunk.waiting.add(at);
                    let spikes = neuron.fire(&mut after[k][lane], held[k][lane], *chunk.threshold.add(at), waiting);
                    bits |= u64::from(spikes > 0) << at;
                    if !chunk.repeats.is_null() {
                        *chunk.repeats.add(tick * 4 * N + at) = spikes;
                    }
                }
                v[k] = L::load_f(after[k].as_ptr());
            }
        } else {
            for k in 0..N {
                if bounded {
                    v[k] = L::raise_f(v[k], floor);
                }
                let threshold = L::load_f(chunk.threshold.add(4 * k));
                let fired = L::ge_f(v[k], threshold);
                bits |= u64::from(L::bits_i(fired)) << (4 * k);
                v[k] = if neuron.hard { L::and_not_f(fired, v[k]) } else { L::sub_f(v[k], L::and_f(fired, threshold)) };
            }
        }
        *chunk.bits.add(tick * chunk.stride) |= (bits & chunk.valid) << chunk.shift;
        if !chunk.sampled.is_null() {
            for k in 0..N {
                L::store_f(chunk.sampled.add(tick * 4 * N + 4 * k), v[k]);
            }
        }
    }
    for k in 0..N {
        L::store_f(chunk.potential.add(4 * k), v[k]);
    }
}

/// The firing ticks of a layerwise window: θ·2^shift a tick, no input.
///
/// # Safety
/// `potential` and `threshold` hold 4·`vectors` values, `sampled` (if not null) as many a tick; `bits` as in `Chunk`.
#[allow(clippy::too_many_arguments)]
pub unsafe fn window<L: Lanes>(potential: *mut i32, threshold: *const i32, vectors: usize, shifts: &[u32], bits: *mut u64, stride: usize, shift: usize, valid: u64, sampled: *mut i32) {
    for k in 0..vectors {
        let mut v = L::load_i(potential.add(4 * k));
        let theta = L::load_i(threshold.add(4 * k));
        let keep = (valid >> (4 * k)) as u32 & 15;
        for (tick, &doublings) in shifts.iter().enumerate() {
            let level = L::shl_i(theta, doublings);
            let mask = L::ge_i(v, level);
            let fired = L::bits_i(mask) & keep;
            v = L::sub_i(v, L::and_i(mask, level));
            *bits.add(tick * stride) |= u64::from(fired) << (shift + 4 * k);
            if !sampled.is_null() {
                L::store_i(sampled.add(tick * 4 * vectors + 4 * k), v);
            }
        }
        L::store_i(potential.add(4 * k), v);
    }
}
