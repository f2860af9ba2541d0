//! A layerwise window of one chunk: V = gain·V + Σ±q each tick, in integers. A tick may be a plane of binary counts.

use super::rows::{add_tick_i, add_tick_s, Tap};
use crate::lanes::Lanes;

pub struct Window<'a> {
    pub taps: &'a [Tap],
    pub ticks: usize,
    /// Factor on V before each tick.
    pub gain: i32,
    /// Planes a tick: the spikes +1, then, if 2, the spikes −1.
    pub signs: usize,
    /// For 16-bit weights: the number of events of one tick that moves no lane by more than 32767.
    pub most_events: usize,
    /// Of 16-bit weights: the whole window moves no lane by more than 32767.
    pub whole: bool,
    /// Charge that does not depend on spikes; added after the last tick.
    pub base: *const i32,
    /// V after each tick, without the base; or null.
    pub sampled: *mut i32,
}

pub type WindowKernel = unsafe fn(&Window, *mut i32);

/// # Safety
/// `potential` and `base` hold 4·N values, `sampled` as many a tick; the taps hold all planes.
#[inline(never)]
pub unsafe fn window_wide<L: Lanes, const N: usize>(job: &Window, potential: *mut i32) {
    let mut sum = [L::splat_i(0); N];
    for tick in 0..job.ticks {
        if job.gain != 1 {
            for s in &mut sum {
                *s = L::mul_i(*s, L::splat_i(job.gain));
            }
        }
        add_tick_i::<L, N>(&mut sum, job.taps, tick * job.signs, job.signs);
        if !job.sampled.is_null() {
            for k in 0..N {
                L::store_i(job.sampled.add(tick * 4 * N + 4 * k), sum[k]);
            }
        }
    }
    for k in 0..N {
        L::store_i(potential.add(4 * k), L::add_i(sum[k], L::load_i(job.base.add(4 * k))));
    }
}

/// The 32-bit charges that partial sums of 16 bits go into: in registers if there are enough, else in memory.
pub(super) struct Wide<L: Lanes, const N: usize> {
    kept: [[L::I; 2]; N],
    charge: *mut i32,
    /// Whether `charge` holds anything yet.
    begun: bool,
    /// Gain since `charge` was last written.
    factor: i32,
}

impl<L: Lanes, const N: usize> Wide<L, N> {
    const KEPT: bool = N <= 4;

    /// Nothing; `charge` holds 8·N values.
    #[inline(always)]
    pub(super) fn new(charge: *mut i32) -> Self {
        Wide { kept: [[L::splat_i(0); 2]; N], charge, begun: false, factor: 1 }
    }

    #[inline(always)]
    fn gain(&mut self, gain: i32) {
        if gain == 1 {
            return;
        }
        if Self::KEPT {
            for pair in &mut self.kept {
                *pair = pair.map(|v| if gain == 2 { L::add_i(v, v) } else { L::add_i(L::add_i(v, v), v) });
            }
        } else {
            self.factor = self.factor.wrapping_mul(gain);
        }
    }

    /// Takes the partial sums over, and leaves zeros.
    #[inline(always)]
    pub(super) unsafe fn add(&mut self, sum: &mut [L::S; N]) {
        let factor = L::splat_i(self.factor);
        for k in 0..N {
            let (low, high) = (self.charge.add(8 * k), self.charge.add(8 * k + 4));
            if Self::KEPT {
                self.kept[k] =
                    [L::add_i(self.kept[k][0], L::low_s(sum[k])), L::add_i(self.kept[k][1], L::high_s(sum[k]))];
            } else if self.begun {
                L::store_i(low, L::add_i(L::mul_i(factor, L::load_i(low)), L::low_s(sum[k])));
                L::store_i(high, L::add_i(L::mul_i(factor, L::load_i(high)), L::high_s(sum[k])));
            } else {
                L::store_i(low, L::low_s(sum[k]));
                L::store_i(high, L::high_s(sum[k]));
            }
            sum[k] = L::splat_s(0);
        }
        self.begun = true;
        self.factor = 1;
    }

    #[inline(always)]
    unsafe fn half(&self, k: usize, half: usize) -> L::I {
        match Self::KEPT {
            true => self.kept[k][half],
            false if self.begun => L::mul_i(L::splat_i(self.factor), L::load_i(self.charge.add(8 * k + 4 * half))),
            false => L::splat_i(0),
        }
    }

    /// Stores the charges, with `base` added.
    #[inline(always)]
    unsafe fn finish(&mut self, base: *const i32, to: *mut i32) {
        for k in 0..N {
            for half in 0..2 {
                let (at, charge) = (8 * k + 4 * half, self.half(k, half));
                L::store_i(to.add(at), if base.is_null() { charge } else { L::add_i(charge, L::load_i(base.add(at))) });
            }
        }
    }

    /// Adds the charges, each `times` times, to others.
    #[inline(always)]
    pub(super) unsafe fn add_to(&self, to: *mut i32, times: i32) {
        for k in 0..N {
            for half in 0..2 {
                let to = to.add(8 * k + 4 * half);
                L::store_i(to, L::add_i(L::load_i(to), L::mul_i(self.half(k, half), L::splat_i(times))));
            }
        }
    }
}

/// The same with i16 weights and partial sums. They may wrap on the way: only what is widened must fit: once a tick and after
/// every run of `most_events`, or once a window.
///
/// # Safety
/// `potential` and `base` hold 8·N values, `sampled` as many a tick; the taps hold all planes.
#[inline(never)]
pub unsafe fn window_narrow<L: Lanes, const N: usize>(job: &Window, potential: *mut i32) {
    let mut wide = Wide::<L, N>::new(potential);
    let mut sum = [L::splat_s(0); N];
    let whole = job.whole && job.sampled.is_null();
    for tick in 0..job.ticks {
        let plane = tick * job.signs;
        if whole {
            if tick > 0 && job.gain != 1 {
                sum = sum.map(|v| if job.gain == 2 { L::add_s(v, v) } else { L::add_s(L::add_s(v, v), v) });
            }
            add_tick_s::<L, N>(&mut sum, job.taps, plane, job.signs, usize::MAX, |_| ());
            continue;
        }
        wide.gain(job.gain);
        add_tick_s::<L, N>(&mut sum, job.taps, plane, job.signs, job.most_events, |sum| wide.add(sum));
        if !job.sampled.is_null() {
            wide.finish(std::ptr::null(), job.sampled.add(tick * 8 * N));
        }
    }
    if whole {
        wide.add(&mut sum);
    }
    wide.finish(job.base, potential);
}
