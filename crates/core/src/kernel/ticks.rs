//! Rate in f32: synchronous ticks of one chunk, each of which integrates and fires.

use super::fire::put_seen_bits;
use super::list::RowList;
use super::rows::{add_lanes_f, add_listed_f, add_rows_f, Tap};
use crate::lanes::Lanes;
use crate::neuron::model::{Model, Rows, Words};
use crate::plasticity::Plasticity;

/// What one chunk needs for a block of ticks. All pointers hold 4·N values.
pub struct Chunk<'a> {
    /// Of a population.
    pub potential: *mut f32,
    /// Of an output: the sum over all ticks.
    pub charge: *mut f64,
    /// Charge that arrives in every tick.
    pub drive: *const f32,
    /// Of a population.
    pub rows: Rows,
    /// What the neurons of a population have beside their membranes.
    pub words: Words,
    /// Membranes after the leak alone, where it was done before the charge of the tick arrived; else null.
    pub unchanged: *const f32,
    pub taps: &'a [Tap],
    /// The rows of all taps, where they are listed, `offset` bytes before this chunk's.
    pub list: Option<&'a RowList>,
    pub offset: usize,
    /// At most 255.
    pub ticks: usize,
    /// One bit a neuron: those of tick t begin at `bits + t · stride`.
    pub bits: *mut u8,
    pub stride: usize,
    /// Spikes of each lane, `repeats_stride` values a tick; null where a neuron fires at most once a tick.
    pub repeats: *mut u32,
    pub repeats_stride: usize,
    /// Spikes of the `counted` lanes that are neurons, to which the block's are added; null where nobody counts.
    pub counts: *mut u32,
    pub counted: usize,
    /// Membrane potential after each tick, or null.
    pub sampled: *mut f32,
    /// Where the next chunk's weights begin, and how many cache lines of them to read each tick: 0 for none.
    pub ahead: *const u8,
    pub lines: usize,
}

pub type Integrate = unsafe fn(&Chunk);
pub type Fire<M, P> = unsafe fn(&Chunk, &M, &P);
pub type FireScalar<M> = unsafe fn(&Chunk, &M);

/// An output never fires: what each tick brings is summed in f32, from the drive on, and then added to its charge in f64, which a
/// long run does not wear off.
///
/// # Safety
/// The pointers of `chunk` that it reads must be valid as described, and its taps hold all ticks.
#[inline(never)]
pub unsafe fn integrate_ticks<L: Lanes, const N: usize>(chunk: &Chunk) {
    for tick in 0..chunk.ticks {
        let mut brought: [L::F; N] = std::array::from_fn(|k| L::load_f(chunk.drive.add(4 * k)));
        deliver::<L, N>(&mut brought, chunk, tick);
        for k in 0..N {
            L::add_to_doubles(chunk.charge.add(4 * k), brought[k]);
        }
    }
}

/// # Safety
/// The pointers of `chunk` must be valid as described, and its taps hold all ticks.
#[inline(never)]
pub unsafe fn fire_ticks<L: Lanes, const N: usize, M: Model, P: Plasticity>(chunk: &Chunk, model: &M, plasticity: &P) {
    let mut v: [L::F; N] = std::array::from_fn(|k| L::load_f(chunk.potential.add(4 * k)));
    let mut more = model.load::<L, N>(chunk.words);
    let mut spikes = [L::splat_b(0); 2];
    for tick in 0..chunk.ticks {
        model.leak::<L, N>(&mut v, &mut more, &chunk.rows);
        for k in 0..N {
            v[k] = L::add_f(v[k], L::load_f(chunk.drive.add(4 * k)));
        }
        deliver::<L, N>(&mut v, chunk, tick);
        let masks = model.after::<L, N>(&mut v, &mut more, &chunk.rows);
        if P::LEARNS {
            plasticity.after_tick::<L, N>(chunk.taps, tick, &masks);
        }
        // A mask is −1.
        put_seen_bits::<L, N>(chunk.bits.add(tick * chunk.stride), masks, |group, bytes| {
            spikes[group] = L::sub_b(spikes[group], bytes)
        });
        if !chunk.sampled.is_null() {
            for k in 0..N {
                L::store_f(chunk.sampled.add(tick * 4 * N + 4 * k), v[k]);
            }
        }
    }
    model.store::<L, N>(&more, chunk.words);
    for k in 0..N {
        L::store_f(chunk.potential.add(4 * k), v[k]);
    }
    if !chunk.counts.is_null() {
        count::<L>(spikes, chunk);
    }
}

/// Adds each lane's spikes to its count.
#[inline(always)]
unsafe fn count<L: Lanes>(spikes: [L::B; 2], chunk: &Chunk) {
    let more = spikes.map(L::widen_b);
    for first in (0..chunk.counted).step_by(4) {
        let (four, at) = (more[first / 16][first / 4 % 4], chunk.counts.add(first));
        if first + 4 <= chunk.counted {
            L::store_i(at.cast(), L::add_i(L::load_i(at.cast()), four));
            continue;
        }
        let mut lanes = [0; 4];
        L::store_i(lanes.as_mut_ptr(), four);
        for (lane, &spikes) in lanes[..chunk.counted - first].iter().enumerate() {
            *at.add(lane) += spikes as u32;
        }
    }
}

/// The same, neuron by neuron after integration: those that may be refractory or fire multiple spikes a tick.
///
/// # Safety
/// As `fire_ticks`.
#[inline(never)]
pub unsafe fn fire_ticks_scalar<L: Lanes, const N: usize, M: Model>(chunk: &Chunk, model: &M) {
    let mut v: [L::F; N] = std::array::from_fn(|k| L::load_f(chunk.potential.add(4 * k)));
    let mut leaked = [[0f32; 4]; N];
    for tick in 0..chunk.ticks {
        let mut more = model.load::<L, N>(chunk.words);
        model.leak::<L, N>(&mut v, &mut more, &chunk.rows);
        model.store::<L, N>(&more, chunk.words);
        for k in 0..N {
            let unchanged = if chunk.unchanged.is_null() { v[k] } else { L::load_f(chunk.unchanged.add(4 * k)) };
            L::store_f(leaked[k].as_mut_ptr(), unchanged);
            v[k] = L::add_f(v[k], L::load_f(chunk.drive.add(4 * k)));
        }
        deliver::<L, N>(&mut v, chunk, tick);
        let mut after = [[0f32; 4]; N];
        for k in 0..N {
            L::store_f(after[k].as_mut_ptr(), v[k]);
            let mut bits = 0u8;
            for lane in 0..4 {
                let at = 4 * k + lane;
                let spikes = model.fire(&mut after[k][lane], leaked[k][lane], chunk.words, &chunk.rows, at);
                bits |= u8::from(spikes > 0) << (at % 8);
                if !chunk.counts.is_null() && at < chunk.counted {
                    *chunk.counts.add(at) += spikes;
                }
                if !chunk.repeats.is_null() {
                    *chunk.repeats.add(tick * chunk.repeats_stride + at) = spikes;
                }
            }
            let byte = chunk.bits.add(tick * chunk.stride + k / 2);
            *byte = if k % 2 == 0 { bits } else { *byte | bits };
            v[k] = L::load_f(after[k].as_ptr());
            if !chunk.sampled.is_null() {
                L::store_f(chunk.sampled.add(tick * 4 * N + 4 * k), v[k]);
            }
        }
    }
    for k in 0..N {
        L::store_f(chunk.potential.add(4 * k), v[k]);
    }
}

/// Leak and drive of neurons to which spikes arrive event by event.
#[derive(Clone, Copy)]
pub struct Row {
    pub potential: *mut f32,
    /// To here go the membranes after the leak alone.
    pub unchanged: *mut f32,
    pub drive: *const f32,
    pub words: Words,
    pub rows: Rows,
    /// A multiple of 4.
    pub lanes: usize,
}

/// # Safety
/// The pointers of `row` that the model reads hold all its lanes.
#[inline(never)]
pub unsafe fn leak_row<L: Lanes, M: Model>(row: &Row, model: &M) {
    for at in (0..row.lanes).step_by(4) {
        let words = Words { at: row.words.at.wrapping_add(at), ..row.words };
        let mut v = [L::load_f(row.potential.add(at))];
        let mut more = model.load::<L, 1>(words);
        model.leak::<L, 1>(&mut v, &mut more, &row.rows.from(at));
        model.store::<L, 1>(&more, words);
        L::store_f(row.unchanged.add(at), v[0]);
        L::store_f(row.potential.add(at), L::add_f(v[0], L::load_f(row.drive.add(at))));
    }
}

/// Brings part of the next chunk's weights into the cache while this one's are added: spikes name rows in an order that the
/// processor cannot foresee, and each would wait for its first use.
#[inline(always)]
unsafe fn look_ahead(chunk: &Chunk, tick: usize) {
    let from = chunk.ahead.wrapping_add(64 * chunk.lines * tick);
    for line in 0..chunk.lines {
        from.wrapping_add(64 * line).cast::<u32>().read_volatile();
    }
}

#[inline(always)]
unsafe fn deliver<L: Lanes, const N: usize>(v: &mut [L::F; N], chunk: &Chunk, tick: usize) {
    look_ahead(chunk, tick);
    if let Some(list) = chunk.list {
        let (from, to) = list.bounds(tick);
        return add_listed_f::<L, N>(v, from, to, chunk.offset);
    }
    for tap in chunk.taps {
        let (at, end) = tap.events(tick);
        if tap.single {
            add_lanes_f::<L, N>(v, tap, at, end);
        } else {
            add_rows_f::<L, N>(v, tap.rows, at, end);
        }
    }
}
