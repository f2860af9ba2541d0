//! Adds the weight rows of events to the charges of one chunk of neurons, which stay in registers.

use super::lanes::Lanes;

/// One contiguous range of a source's positions, under one kernel row of one output position.
#[derive(Clone, Copy)]
pub struct Tap {
    /// Start indices: `starts[t * stride]` to `starts[t * stride + span]` bound the events of tick t.
    pub starts: *const u32,
    pub stride: usize,
    pub span: usize,
    pub entries: *const u32,
    /// Packed rows, shifted so that an entry is its own row number. May point before the block.
    pub rows: *const u8,
}

impl Tap {
    /// # Safety
    /// The tap's source must hold tick `tick`.
    #[inline(always)]
    pub unsafe fn events(&self, tick: usize) -> (*const u32, *const u32) {
        let at = self.starts.add(tick * self.stride);
        (self.entries.add(*at as usize), self.entries.add(*at.add(self.span) as usize))
    }
}

/// # Safety
/// Events between the pointers must name rows of the tap with N vectors.
#[inline(always)]
pub unsafe fn add_f<L: Lanes, const N: usize>(sum: &mut [L::F; N], rows: *const u8, mut at: *const u32, end: *const u32) {
    while at < end {
        let row = rows.wrapping_add(*at as usize * N * 16).cast::<f32>();
        for k in 0..N {
            sum[k] = L::add_f(sum[k], L::load_f(row.add(4 * k)));
        }
        at = at.add(1);
    }
}

/// # Safety
/// As `add_f`.
#[inline(always)]
pub unsafe fn add_i<L: Lanes, const N: usize>(sum: &mut [L::I; N], rows: *const u8, mut at: *const u32, end: *const u32) {
    while at < end {
        let row = rows.wrapping_add(*at as usize * N * 16).cast::<i32>();
        for k in 0..N {
            sum[k] = L::add_i(sum[k], L::load_i(row.add(4 * k)));
        }
        at = at.add(1);
    }
}

/// # Safety
/// As `add_f`.
#[inline(always)]
pub unsafe fn add_s<L: Lanes, const N: usize>(sum: &mut [L::S; N], rows: *const u8, mut at: *const u32, end: *const u32) {
    while at < end {
        let row = rows.wrapping_add(*at as usize * N * 16).cast::<i16>();
        for k in 0..N {
            sum[k] = L::add_s(sum[k], L::load_s(row.add(8 * k)));
        }
        at = at.add(1);
    }
}

/// A layerwise window in i32: V = gain·V + Σq each tick. `sampled` takes V after each tick, if not null.
///
/// # Safety
/// `potential` holds 4·N values, `sampled` as many a tick.
#[inline(never)]
pub unsafe fn window_wide<L: Lanes, const N: usize>(potential: *mut i32, taps: &[Tap], ticks: usize, double: bool, sampled: *mut i32) {
    let mut sum = [L::splat_i(0); N];
    for tick in 0..ticks {
        if double {
            for s in &mut sum {
                *s = L::add_i(*s, *s);
            }
        }
        for tap in taps {
            let (at, end) = tap.events(tick);
            add_i::<L, N>(&mut sum, tap.rows, at, end);
        }
        if !sampled.is_null() {
            for k in 0..N {
                L::store_i(sampled.add(tick * 4 * N + 4 * k), sum[k]);
            }
        }
    }
    for k in 0..N {
        L::store_i(potential.add(4 * k), sum[k]);
    }
}

/// The same with i16 weights and partial sums: any `run` events provably stay within i16, then they are widened.
///
/// # Safety
/// `potential` holds 8·N values, `sampled` as many a tick.
#[inline(never)]
pub unsafe fn window_narrow<L: Lanes, const N: usize>(potential: *mut i32, taps: &[Tap], ticks: usize, double: bool, run: usize, sampled: *mut i32) {
    for k in 0..2 * N {
        L::store_i(potential.add(4 * k), L::splat_i(0));
    }
    for tick in 0..ticks {
        let mut doubling = double as u32;
        let mut left = run;
        let mut sum = [L::zero_s(); N];
        for tap in taps {
            let (mut at, end) = tap.events(tick);
            loop {
                let here = end.offset_from(at) as usize;
                if here < left {
                    add_s::<L, N>(&mut sum, tap.rows, at, end);
                    left -= here;
                    break;
                }
                add_s::<L, N>(&mut sum, tap.rows, at, at.add(left));
                at = at.add(left);
                widen::<L, N>(potential, &sum, doubling);
                sum = [L::zero_s(); N];
                doubling = 0;
                left = run;
            }
        }
        if left < run || doubling != 0 {
            widen::<L, N>(potential, &sum, doubling);
        }
        if !sampled.is_null() {
            std::ptr::copy_nonoverlapping(potential, sampled.add(tick * 8 * N), 8 * N);
        }
    }
}

#[inline(always)]
unsafe fn widen<L: Lanes, const N: usize>(potential: *mut i32, sum: &[L::S; N], doubling: u32) {
    for k in 0..N {
        let (low, high) = (potential.add(8 * k), potential.add(8 * k + 4));
        L::store_i(low, L::add_i(L::shl_i(L::load_i(low), doubling), L::low_s(sum[k])));
        L::store_i(high, L::add_i(L::shl_i(L::load_i(high), doubling), L::high_s(sum[k])));
    }
}

/// Constant current, float: one rounded product and one rounded sum an input, ascending.
///
/// # Safety
/// `charge` holds 4·N values; `rows` one row for each value.
#[inline(never)]
pub unsafe fn drive_f<L: Lanes, const N: usize>(charge: *mut f32, values: &[f32], rows: *const u8) {
    let mut sum: [L::F; N] = std::array::from_fn(|k| L::load_f(charge.add(4 * k)));
    for (index, &value) in values.iter().enumerate() {
        let row = rows.add(index * N * 16).cast::<f32>();
        for k in 0..N {
            sum[k] = L::add_f(sum[k], L::mul_f(L::splat_f(value), L::load_f(row.add(4 * k))));
        }
    }
    for k in 0..N {
        L::store_f(charge.add(4 * k), sum[k]);
    }
}

/// # Safety
/// As `drive_f`.
#[inline(never)]
pub unsafe fn drive_wide<L: Lanes, const N: usize>(charge: *mut i32, values: &[i32], rows: *const u8) {
    let mut sum: [L::I; N] = std::array::from_fn(|k| L::load_i(charge.add(4 * k)));
    for (index, &value) in values.iter().enumerate() {
        if value == 0 {
            continue;
        }
        let row = rows.add(index * N * 16).cast::<i32>();
        for k in 0..N {
            sum[k] = L::add_i(sum[k], L::mul_i(L::splat_i(value), L::load_i(row.add(4 * k))));
        }
    }
    for k in 0..N {
        L::store_i(charge.add(4 * k), sum[k]);
    }
}

/// # Safety
/// As `drive_f`, with 8·N values of charge.
#[inline(never)]
pub unsafe fn drive_narrow<L: Lanes, const N: usize>(charge: *mut i32, values: &[i32], rows: *const u8) {
    for (index, &value) in values.iter().enumerate() {
        if value == 0 {
            continue;
        }
        let row = rows.add(index * N * 16).cast::<i16>();
        let factor = L::splat_i(value);
        for k in 0..N {
            let q = L::load_s(row.add(8 * k));
            let (low, high) = (charge.add(8 * k), charge.add(8 * k + 4));
            L::store_i(low, L::add_i(L::load_i(low), L::mul_i(factor, L::low_s(q))));
            L::store_i(high, L::add_i(L::load_i(high), L::mul_i(factor, L::high_s(q))));
        }
    }
}
