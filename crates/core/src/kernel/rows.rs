//! Adds the weight rows of events to the charges of one chunk of neurons, which stay in registers.

use crate::lanes::Lanes;

/// One contiguous range of a source's positions, under one kernel row of one output position.
#[derive(Clone, Copy)]
pub struct Tap {
    /// Start indices: `starts[p * stride]` to `starts[p * stride + span]` bound the events of plane p.
    pub starts: *const u32,
    pub stride: usize,
    pub span: usize,
    pub entries: *const u32,
    /// Entries that may be read, from `entries` on.
    pub readable: usize,
    /// Value of each entry, if spikes carry values.
    pub values: *const u32,
    /// Packed rows, shifted so that an entry is its own row number: may point before the block. If `single`, the one row of an
    /// identity synapse.
    pub rows: *const u8,
    /// An event reaches one lane alone, number entry − `first`, if the chunk has it.
    pub single: bool,
    pub first: usize,
}

impl Tap {
    /// # Safety
    /// The tap's source must hold plane `plane`.
    #[inline(always)]
    pub unsafe fn events(&self, plane: usize) -> (*const u32, *const u32) {
        let at = self.starts.wrapping_add(plane * self.stride);
        (self.entries.wrapping_add(*at as usize), self.entries.wrapping_add(*at.wrapping_add(self.span) as usize))
    }
}

/// Ones in the middle: read from 64 − lane on, the mask of that lane in 64 of them.
#[repr(align(16))]
struct OneLane<T>([T; 127]);

static LANE_OF_WORDS: OneLane<i32> = OneLane({
    let mut mask = [0; 127];
    mask[63] = -1;
    mask
});
static LANE_OF_SHORTS: OneLane<i16> = OneLane({
    let mut mask = [0; 127];
    mask[63] = -1;
    mask
});

macro_rules! row_sum {
    ($name:ident, $vector:ident, $scalar:ty, $width:expr, $load:ident, $operation:ident, $settle:ident) => {
        /// # Safety
        /// Events between the pointers must name rows of N vectors.
        #[inline(always)]
        pub unsafe fn $name<L: Lanes, const N: usize>(
            sum: &mut [L::$vector; N],
            rows: *const u8,
            mut at: *const u32,
            end: *const u32,
        ) {
            while at < end {
                let row = rows.wrapping_add(*at as usize * N * 16).cast::<$scalar>();
                for k in 0..N {
                    sum[k] = L::$operation(sum[k], L::$load(row.add($width * k)));
                    if N == 8 && k == 3 {
                        L::$settle(sum[k]);
                    }
                }
                at = at.add(1);
            }
        }
    };
}
row_sum!(add_rows_f, F, f32, 4, load_f, add_f, settle_f);
row_sum!(add_rows_i, I, i32, 4, load_i, add_i, settle_i);
row_sum!(subtract_rows_i, I, i32, 4, load_i, sub_i, settle_i);
row_sum!(add_rows_s, S, i16, 8, load_s, add_s, settle_s);
row_sum!(subtract_rows_s, S, i16, 8, load_s, sub_s, settle_s);

/// Adds rows by their addresses, `from` to `end`, each `offset` bytes further on.
///
/// # Safety
/// The addresses must be those of rows of N vectors.
#[inline(always)]
pub unsafe fn add_listed_f<L: Lanes, const N: usize>(
    sum: &mut [L::F; N],
    mut from: *const usize,
    end: *const usize,
    offset: usize,
) {
    while from < end {
        let row = (*from).wrapping_add(offset) as *const f32;
        for k in 0..N {
            sum[k] = L::add_f(sum[k], L::load_f(row.add(4 * k)));
            if N == 8 && k == 3 {
                L::settle_f(sum[k]);
            }
        }
        from = from.add(1);
    }
}

/// Adds the events of one tick, `signs` planes from `plane` on.
///
/// # Safety
/// The taps hold these planes, and their rows have N vectors.
#[inline(always)]
pub unsafe fn add_tick_i<L: Lanes, const N: usize>(sum: &mut [L::I; N], taps: &[Tap], plane: usize, signs: usize) {
    for tap in taps {
        for sign in 0..signs {
            let (at, end) = tap.events(plane + sign);
            if tap.single {
                add_lanes_i::<L, N>(sum, tap, at, end, sign == 1);
            } else if sign == 1 {
                subtract_rows_i::<L, N>(sum, tap.rows, at, end);
            } else {
                add_rows_i::<L, N>(sum, tap.rows, at, end);
            }
        }
    }
}

/// Adds the events of one tick in partial sums of 16 bits, `signs` planes from `plane` on. `widen` takes the sums over and leaves
/// zeros: after every run of `most_events`, and after the last event.
///
/// # Safety
/// The taps hold these planes, and their rows have N vectors.
#[inline(always)]
pub unsafe fn add_tick_s<L: Lanes, const N: usize>(
    sum: &mut [L::S; N],
    taps: &[Tap],
    plane: usize,
    signs: usize,
    most_events: usize,
    mut widen: impl FnMut(&mut [L::S; N]),
) {
    let mut left = most_events;
    for tap in taps {
        for sign in 0..signs {
            let (mut at, end) = tap.events(plane + sign);
            while at < end {
                let here = left.min(end.offset_from(at) as usize);
                add_slice_s::<L, N>(sum, tap, at, at.add(here), sign == 1);
                at = at.add(here);
                left -= here;
                if left == 0 {
                    widen(sum);
                    left = most_events;
                }
            }
        }
    }
    if left != most_events {
        widen(sum);
    }
}

/// Adds, or subtracts, the weights of a slice of a tap's events.
///
/// # Safety
/// The pointers bound events of the tap, and its rows have N vectors.
#[inline(always)]
unsafe fn add_slice_s<L: Lanes, const N: usize>(
    sum: &mut [L::S; N],
    tap: &Tap,
    at: *const u32,
    end: *const u32,
    minus: bool,
) {
    if tap.single {
        add_lanes_s::<L, N>(sum, tap, at, end, minus);
    } else if minus {
        subtract_rows_s::<L, N>(sum, tap.rows, at, end);
    } else {
        add_rows_s::<L, N>(sum, tap.rows, at, end);
    }
}

/// Adds the events of one tap of 16-bit weights of at most `largest`, in two planes from `plane` on. `widen` takes the sums over and
/// leaves zeros before they could reach more than 32767; `reach` is how far they can by now.
///
/// # Safety
/// The tap holds these planes, and its rows have N vectors.
#[inline(always)]
pub unsafe fn add_tap_s<L: Lanes, const N: usize>(
    sum: &mut [L::S; N],
    tap: &Tap,
    plane: usize,
    largest: u32,
    reach: &mut u32,
    mut widen: impl FnMut(&mut [L::S; N]),
) {
    for sign in 0..2 {
        let (mut at, end) = tap.events(plane + sign);
        while at < end {
            // No more, so that the product fits.
            let events = (end.offset_from(at) as u32).min(32768);
            let fits = *reach + events * largest <= 32767;
            let here = if fits { events } else { (32767 - *reach) / largest };
            if here == 0 {
                widen(sum);
                *reach = 0;
                continue;
            }
            *reach += here * largest;
            let here = here as usize;
            add_slice_s::<L, N>(sum, tap, at, at.add(here), sign == 1);
            at = at.add(here);
        }
    }
}

/// Adds the weight of one lane for each event of an identity synapse.
///
/// # Safety
/// `tap` is single, its row has N vectors, and the pointers bound events of it.
#[inline(always)]
pub unsafe fn add_lanes_f<L: Lanes, const N: usize>(
    sum: &mut [L::F; N],
    tap: &Tap,
    mut at: *const u32,
    end: *const u32,
) {
    while at < end {
        let lane = (*at as usize).wrapping_sub(tap.first);
        if lane < 4 * N {
            let mask = LANE_OF_WORDS.0.as_ptr().add(63 - lane);
            for k in 0..N {
                // A masked sum would change −0.0 in another lane to +0.0.
                let added = L::add_f(sum[k], L::load_f(tap.rows.cast::<f32>().add(4 * k)));
                sum[k] = L::select_f(L::load_i(mask.add(4 * k)), added, sum[k]);
            }
        }
        at = at.add(1);
    }
}

/// # Safety
/// As `add_lanes_f`.
#[inline(always)]
pub unsafe fn add_lanes_i<L: Lanes, const N: usize>(
    sum: &mut [L::I; N],
    tap: &Tap,
    mut at: *const u32,
    end: *const u32,
    minus: bool,
) {
    while at < end {
        let lane = (*at as usize).wrapping_sub(tap.first);
        if lane < 4 * N {
            let mask = LANE_OF_WORDS.0.as_ptr().add(63 - lane);
            for k in 0..N {
                let q = L::and_i(L::load_i(mask.add(4 * k)), L::load_i(tap.rows.cast::<i32>().add(4 * k)));
                sum[k] = if minus { L::sub_i(sum[k], q) } else { L::add_i(sum[k], q) };
            }
        }
        at = at.add(1);
    }
}

/// # Safety
/// As `add_lanes_f`.
#[inline(always)]
pub unsafe fn add_lanes_s<L: Lanes, const N: usize>(
    sum: &mut [L::S; N],
    tap: &Tap,
    mut at: *const u32,
    end: *const u32,
    minus: bool,
) {
    while at < end {
        let lane = (*at as usize).wrapping_sub(tap.first);
        if lane < 8 * N {
            let mask = LANE_OF_SHORTS.0.as_ptr().add(63 - lane);
            for k in 0..N {
                let q = L::and_s(L::load_s(mask.add(8 * k)), L::load_s(tap.rows.cast::<i16>().add(8 * k)));
                sum[k] = if minus { L::sub_s(sum[k], q) } else { L::add_s(sum[k], q) };
            }
        }
        at = at.add(1);
    }
}
