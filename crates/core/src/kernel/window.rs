//! A layerwise window of one chunk: V = gain·V + Σ±q each tick, in integers.

use super::lanes::Lanes;
use super::rows::{add_lanes_i, add_lanes_s, add_rows_i, add_rows_s, subtract_rows_i, subtract_rows_s, Tap};

pub struct Window<'a> {
    pub taps: &'a [Tap],
    pub ticks: usize,
    /// Factor on V before each tick.
    pub gain: i32,
    /// Planes a tick: the spikes +1, then, if 2, the spikes −1.
    pub signs: usize,
    /// `bounds[n]`: largest |Σ±q| that n events of one tick can reach in any lane; the last entry holds for all larger n too if
    /// `bounded`, else a tick of as many events must be split.
    pub bounds: &'a [u16],
    pub bounded: bool,
    /// What does not depend on spikes: joins after the last tick.
    pub base: *const i32,
    /// V after each tick, without the base; or null.
    pub sampled: *mut i32,
}

pub type WindowKernel = unsafe fn(&Window, *mut i32);

impl Window<'_> {
    #[inline(always)]
    unsafe fn events(&self, tick: usize) -> usize {
        let mut events = 0;
        for tap in self.taps {
            for sign in 0..self.signs {
                events += tap.count(tick * self.signs + sign);
            }
        }
        events
    }
}

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
        for tap in job.taps {
            for sign in 0..job.signs {
                let (at, end) = tap.events(tick * job.signs + sign);
                if tap.single {
                    add_lanes_i::<L, N>(&mut sum, tap, at, end, sign == 1);
                } else if sign == 1 {
                    subtract_rows_i::<L, N>(&mut sum, tap.rows, at, end);
                } else {
                    add_rows_i::<L, N>(&mut sum, tap.rows, at, end);
                }
            }
        }
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

/// The 32-bit charges that partial sums of 16 bits go into.
struct Wide {
    charge: *mut i32,
    /// Whether `charge` holds anything yet.
    begun: bool,
    /// Gain since the last widening.
    factor: i32,
}

impl Wide {
    #[inline(always)]
    unsafe fn add<L: Lanes, const N: usize>(&mut self, sum: &mut [L::S; N]) {
        let factor = L::splat_i(self.factor);
        for k in 0..N {
            let (low, high) = (self.charge.add(8 * k), self.charge.add(8 * k + 4));
            if self.begun {
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
}

/// The same with i16 weights and partial sums. They may wrap on the way: only what is widened must fit, and `bounds` proves it,
/// mostly over several ticks at once.
///
/// # Safety
/// `potential` and `base` hold 8·N values, `sampled` as many a tick; the taps hold all planes.
#[inline(never)]
pub unsafe fn window_narrow<L: Lanes, const N: usize>(job: &Window, potential: *mut i32) {
    let mut wide = Wide { charge: potential, begun: false, factor: 1 };
    let mut sum = [L::splat_s(0); N];
    let mut reached = 0i64;
    for tick in 0..job.ticks {
        let events = job.events(tick);
        let last = job.bounds.len() - 1;
        let splits = events > last && !job.bounded;
        let more = i64::from(job.bounds[events.min(last)]);
        if reached > 0 && (splits || reached * i64::from(job.gain) + more > 32767) {
            wide.add::<L, N>(&mut sum);
            reached = 0;
        }
        if job.gain != 1 {
            wide.factor = wide.factor.wrapping_mul(job.gain);
            if reached > 0 {
                for s in &mut sum {
                    *s = if job.gain == 2 { L::add_s(*s, *s) } else { L::add_s(L::add_s(*s, *s), *s) };
                }
            }
            reached *= i64::from(job.gain);
        }
        if splits {
            wide = split_tick::<L, N>(job, tick, wide);
        } else if events > 0 {
            reached += more;
            for tap in job.taps {
                for sign in 0..job.signs {
                    let (at, end) = tap.events(tick * job.signs + sign);
                    if tap.single {
                        add_lanes_s::<L, N>(&mut sum, tap, at, end, sign == 1);
                    } else if sign == 1 {
                        subtract_rows_s::<L, N>(&mut sum, tap.rows, at, end);
                    } else {
                        add_rows_s::<L, N>(&mut sum, tap.rows, at, end);
                    }
                }
            }
        }
        if !job.sampled.is_null() {
            wide.add::<L, N>(&mut sum);
            reached = 0;
            std::ptr::copy_nonoverlapping(potential, job.sampled.add(tick * 8 * N), 8 * N);
        }
    }
    let factor = L::splat_i(wide.factor);
    for k in 0..N {
        for (half, partial) in [(8 * k, L::low_s(sum[k])), (8 * k + 4, L::high_s(sum[k]))] {
            let mut charge = L::add_i(partial, L::load_i(job.base.add(half)));
            if wide.begun {
                charge = L::add_i(charge, L::mul_i(factor, L::load_i(potential.add(half))));
            }
            L::store_i(potential.add(half), charge);
        }
    }
}

/// A tick with more events than provably fit: widened after every run of as many as do.
#[inline(never)]
unsafe fn split_tick<L: Lanes, const N: usize>(job: &Window, tick: usize, mut wide: Wide) -> Wide {
    let run = job.bounds.len() - 1;
    let mut sum = [L::splat_s(0); N];
    let mut left = run;
    for tap in job.taps {
        for sign in 0..job.signs {
            let (mut at, end) = tap.events(tick * job.signs + sign);
            while at < end {
                let here = left.min(end.offset_from(at) as usize);
                if tap.single {
                    add_lanes_s::<L, N>(&mut sum, tap, at, at.add(here), sign == 1);
                } else if sign == 1 {
                    subtract_rows_s::<L, N>(&mut sum, tap.rows, at, at.add(here));
                } else {
                    add_rows_s::<L, N>(&mut sum, tap.rows, at, at.add(here));
                }
                at = at.add(here);
                left -= here;
                if left == 0 {
                    wide.add::<L, N>(&mut sum);
                    left = run;
                }
            }
        }
    }
    wide.add::<L, N>(&mut sum);
    wide
}
