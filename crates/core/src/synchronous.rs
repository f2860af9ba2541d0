//! A layer over a block of ticks in which it integrates and fires by turns, in f32.

use crate::chunks::Chunk;
use crate::events::deliver;
use crate::kernel::lanes::Lanes;
use crate::kernel::list::{self, RowList};
use crate::kernel::rows::Tap;
use crate::kernel::ticks::{fire_ticks, fire_ticks_scalar, integrate_ticks, Chunk as Job, Fire, Integrate};
use crate::layer::Layer;
use crate::layerwise::in_chunk;
use crate::neuron::Neuron;
use crate::spikes::Spikes;
use crate::state::{append_taps, as_floats, gather_taps, grow, spikes_of, LayerState, Scratch};
use crate::synapse::Synapse;
use crate::with_vectors;

/// Ticks of a run that pass through the graph at once, so that long runs need no more memory.
pub const BLOCK_TICKS: usize = 64;
/// The same where weights outweigh the spikes of as many ticks: they are read once a block.
pub const LONG_BLOCK_TICKS: usize = 128;

static NOTHING: [f32; 64] = [-0.0; 64];

/// Ticks `first` to `first + ticks` of a run of `run_ticks`.
#[inline(never)]
#[allow(clippy::too_many_arguments)]
pub fn run_block<L: Lanes>(
    layer: &Layer,
    state: &mut LayerState,
    before: &[Spikes],
    out: &mut Spikes,
    scratch: &mut Scratch,
    first: usize,
    ticks: usize,
    run_ticks: usize,
) {
    let (height, width, padded) = (layer.geometry.height, layer.geometry.width, layer.padded);
    let words = padded.div_ceil(64);
    let row_words = width * words;
    let multiple = layer.neuron.spikes_per_tick > 1;
    grow(&mut scratch.bits, ticks * row_words);
    if multiple {
        grow(&mut scratch.repeats, ticks * width * padded);
    }
    out.clear(ticks);
    for y in 0..height {
        scratch.bits[..ticks * row_words].fill(0);
        if layer.by_events {
            run_row::<L>(layer, state, before, scratch, y, first, ticks, run_ticks);
        } else {
            run_groups::<L>(layer, state, before, scratch, y, first, ticks, run_ticks);
        }
        if layer.fires {
            emit(layer, out, &scratch.bits[..ticks * row_words], &scratch.repeats, words);
        }
    }
    if layer.fires {
        out.finish();
        if layer.record_spikes {
            state.record(layer, out, first);
        }
    }
}

/// Neighbouring positions that are computed together, chunk after chunk: what they read and the lists of rows that they share stay
/// in the caches.
const GROUP: usize = 8;

/// One row whose synapses have rows of weights.
#[allow(clippy::too_many_arguments)]
fn run_groups<L: Lanes>(
    layer: &Layer,
    state: &mut LayerState,
    before: &[Spikes],
    scratch: &mut Scratch,
    y: usize,
    first: usize,
    ticks: usize,
    run_ticks: usize,
) {
    let width = layer.geometry.width;
    // One tap has one loop anyway, and what reaches a single lane has no row.
    let listed = layer.synapses.iter().all(|synapse| synapse.most_taps() > 0)
        && layer.synapses.iter().map(Synapse::most_taps).sum::<usize>() > 1;
    if !listed {
        for index in 0..layer.chunks.len() {
            for x in 0..width {
                gather_taps(&mut scratch.taps, layer, &layer.chunks[index], &state.views, before, y, x);
                run_chunk::<L>(layer, &layer.neuron, state, scratch, index, y, x, Reach::Taps, first, ticks, run_ticks);
            }
        }
        return;
    }
    scratch.taps.clear();
    for left in (0..width).step_by(GROUP) {
        let columns = left..width.min(left + GROUP);
        let mut base: Option<&Chunk> = None;
        for (index, chunk) in layer.chunks.iter().enumerate() {
            let offset = match (base, &layer.synapses[..]) {
                (Some(base), [synapse]) if base.vectors == chunk.vectors && synapse.separate_groups() == 1 => {
                    synapse.rows_of(0, 0, chunk, layer.vectors) as usize
                        - synapse.rows_of(0, 0, base, layer.vectors) as usize
                }
                _ => {
                    list_rows(layer, chunk, state, before, scratch, y, columns.clone(), ticks);
                    base = Some(chunk);
                    0
                }
            };
            for x in columns.clone() {
                run_chunk::<L>(
                    layer,
                    &layer.neuron,
                    state,
                    scratch,
                    index,
                    y,
                    x,
                    Reach::List { number: x - left, offset },
                    first,
                    ticks,
                    run_ticks,
                );
            }
        }
    }
}

/// Fills a list for each of the columns, with rows of `chunk`.
#[inline(never)]
#[allow(clippy::too_many_arguments)]
fn list_rows(
    layer: &Layer,
    chunk: &Chunk,
    state: &LayerState,
    before: &[Spikes],
    scratch: &mut Scratch,
    y: usize,
    columns: std::ops::Range<usize>,
    ticks: usize,
) {
    let Scratch { group_taps, group_ends, lists, .. } = scratch;
    group_taps.clear();
    group_ends.clear();
    group_ends.push(0);
    for x in columns.clone() {
        append_taps(group_taps, layer, chunk, &state.views, before, y, x);
        group_ends.push(group_taps.len());
    }
    lists.resize_with(GROUP, RowList::default);
    // SAFETY: taps read live spikes of `ticks` planes, whose entries are rows of the chunk's block.
    unsafe { list::fill(&mut lists[..columns.len()], group_taps, group_ends, ticks, (chunk.vectors * 16).ilog2()) }
}

/// What reaches one chunk of one position.
#[derive(Clone, Copy)]
enum Reach {
    /// What the taps in `scratch` read.
    Taps,
    /// One of the lists in `scratch`, whose rows lie `offset` bytes before the chunk's.
    List { number: usize, offset: usize },
    /// Nothing: the charge of this tick is in the potentials already.
    Only(usize),
}

/// Turns the bits of one row into spikes.
#[inline(never)]
fn emit(layer: &Layer, out: &mut Spikes, bits: &[u64], repeats: &[u32], words: usize) {
    if layer.neuron.spikes_per_tick == 1 {
        return out.append_bits(layer.geometry, bits, words, |_, _| {});
    }
    let (width, padded) = (layer.geometry.width, layer.padded);
    out.append_row(layer.geometry, bits, words, |tick, x, channel| repeats[(tick * width + x) * padded + channel]);
}

/// One chunk of one position.
#[inline(never)]
#[allow(clippy::too_many_arguments)]
fn run_chunk<L: Lanes>(
    layer: &Layer,
    neuron: &Neuron,
    state: &mut LayerState,
    scratch: &mut Scratch,
    index: usize,
    y: usize,
    x: usize,
    reach: Reach,
    first: usize,
    ticks: usize,
    run_ticks: usize,
) {
    let (width, channels, padded) = (layer.geometry.width, layer.geometry.channels, layer.padded);
    let chunk = &layer.chunks[index];
    let lanes = chunk.vectors * 4;
    let words = padded.div_ceil(64);
    let position = y * width + x;
    let at = position * padded + chunk.first;
    let (from, ticks) = if let Reach::Only(tick) = reach { (tick, 1) } else { (0, ticks) };
    let traced = !layer.traced.is_empty()
        && layer.traced.iter().any(|&neuron| in_chunk(neuron, position, channels, chunk, lanes));
    if traced {
        grow(&mut scratch.sampled, ticks * lanes);
    }
    let drive = if matches!(reach, Reach::Only(_)) {
        &NOTHING[..lanes]
    } else {
        as_f32(&state.drive.as_ref().unwrap_or(&layer.bias).at(position)[chunk.first..chunk.first + lanes])
    };
    let multiple = neuron.spikes_per_tick > 1;
    let thresholds =
        if layer.fires { as_f32(&layer.threshold.at(position)[chunk.first..chunk.first + lanes]) } else { &[] };
    let (potential, charge) = match layer.fires {
        true => (as_floats(&mut state.potential)[at..at + lanes].as_mut_ptr(), std::ptr::null_mut()),
        false => (std::ptr::null_mut(), state.charge[at..at + lanes].as_mut_ptr()),
    };
    let waiting =
        if state.waiting.is_empty() { std::ptr::null_mut() } else { state.waiting[at..at + lanes].as_mut_ptr() };
    let (list, offset) =
        if let Reach::List { number, offset } = reach { (Some(&scratch.lists[number]), offset) } else { (None, 0) };
    let (ahead, lines) = look_ahead(layer, &scratch.taps, index, ticks);
    // SAFETY: potentials or charges, drive, thresholds, waiting and samples have `lanes` values (a tick); a row of bits has `words` words a
    // position and tick, in which the chunk has whole bytes; repeats have `padded` values a position and tick; taps read live
    // spikes of `ticks` planes, whose entries are rows of the chunk's block.
    unsafe {
        let job = Job {
            potential,
            charge,
            drive: drive.as_ptr(),
            threshold: thresholds.as_ptr(),
            waiting,
            taps: &scratch.taps,
            list,
            offset,
            ticks,
            bits: scratch.bits.as_mut_ptr().cast::<u8>().add((from * width + x) * words * 8 + chunk.first / 8),
            stride: width * words * 8,
            repeats: if multiple {
                scratch.repeats.as_mut_ptr().add((from * width + x) * padded + chunk.first)
            } else {
                std::ptr::null_mut()
            },
            repeats_stride: width * padded,
            counts: if state.counts.is_empty() {
                std::ptr::null_mut()
            } else {
                state.counts.as_mut_ptr().add(position * channels + chunk.first)
            },
            counted: lanes.min(channels - chunk.first),
            sampled: if traced { scratch.sampled.as_mut_ptr().cast() } else { std::ptr::null_mut() },
            ahead,
            lines,
        };
        if !layer.fires {
            with_vectors!(chunk.vectors, integrate_ticks: Integrate, L, &job);
        } else if waiting.is_null() {
            with_vectors!(chunk.vectors, fire_ticks: Fire, L, &job, neuron);
        } else {
            with_vectors!(chunk.vectors, fire_ticks_scalar: Fire, L, &job, neuron);
        }
    }
    if traced {
        for (row, &neuron) in
            layer.traced.iter().enumerate().filter(|(_, &neuron)| in_chunk(neuron, position, channels, chunk, lanes))
        {
            let lane = neuron as usize % channels - chunk.first;
            for tick in 0..ticks {
                state.traces[row * run_ticks + first + from + tick] = scratch.sampled[tick * lanes + lane];
            }
        }
    }
}

/// Least bytes of weights that do not stay in the second level cache from one block of ticks to the next.
const LARGE_BYTES: usize = 1 << 19;

/// For `Chunk::ahead`: where weights are many and most of their rows are used.
#[inline(always)]
fn look_ahead(layer: &Layer, taps: &[Tap], index: usize, ticks: usize) -> (*const u8, usize) {
    let (Some(next), [synapse], [tap]) = (layer.chunks.get(index + 1), &layer.synapses[..], taps) else {
        return (std::ptr::null(), 0);
    };
    let rows = synapse.dense_rows();
    // SAFETY: the tap holds `ticks` planes.
    let events = unsafe { *tap.starts.add((ticks - 1) * tap.stride + tap.span) - *tap.starts } as usize;
    if synapse.packed_bytes() < LARGE_BYTES || rows == 0 || 2 * events < rows {
        return (std::ptr::null(), 0);
    }
    (synapse.rows_of(0, 0, next, layer.vectors), rows * next.vectors * 16 / 64 / ticks)
}

/// One row whose synapses deliver event by event, tick after tick.
#[inline(never)]
#[allow(clippy::too_many_arguments)]
fn run_row<L: Lanes>(
    layer: &Layer,
    state: &mut LayerState,
    before: &[Spikes],
    scratch: &mut Scratch,
    y: usize,
    first: usize,
    ticks: usize,
    run_ticks: usize,
) {
    let (width, padded) = (layer.geometry.width, layer.padded);
    let range = y * width * padded..(y + 1) * width * padded;
    let discards = layer.neuron.discards && !state.waiting.is_empty();
    let leaked = Neuron { leak_factor: 1.0, ..layer.neuron };
    grow(&mut scratch.held, width * padded);
    grow(&mut scratch.row, width * padded);
    scratch.taps.clear();
    for tick in 0..ticks {
        let row = if layer.fires {
            &mut as_floats(&mut state.potential)[range.clone()]
        } else {
            &mut as_floats(&mut scratch.row)[..width * padded]
        };
        let held = &mut as_floats(&mut scratch.held)[..width * padded];
        for x in 0..width {
            let drive = as_f32(&state.drive.as_ref().unwrap_or(&layer.bias).at(y * width + x)[..padded]);
            let here = x * padded..(x + 1) * padded;
            if !layer.fires {
                row[here].copy_from_slice(drive);
                continue;
            }
            for ((v, held), drive) in row[here.clone()].iter_mut().zip(&mut held[here]).zip(drive) {
                *held = layer.neuron.leak_factor * *v;
                *v = *held + drive;
            }
        }
        for (index, synapse) in layer.synapses.iter().enumerate() {
            deliver(
                layer,
                synapse,
                &state.readers[index],
                spikes_of(layer, index, &state.views, before),
                y,
                tick,
                false,
                row,
            );
        }
        if !layer.fires {
            state.charge[range.clone()]
                .iter_mut()
                .zip(&*row)
                .for_each(|(charge, &brought)| *charge += f64::from(brought));
            continue;
        }
        if discards {
            for ((v, held), &waiting) in row.iter_mut().zip(&*held).zip(&state.waiting[range.clone()]) {
                *v = if waiting > 0 { *held } else { *v };
            }
        }
        for index in 0..layer.chunks.len() {
            for x in 0..width {
                run_chunk::<L>(layer, &leaked, state, scratch, index, y, x, Reach::Only(tick), first, ticks, run_ticks);
            }
        }
    }
}

fn as_f32(bits: &[u32]) -> &[f32] {
    // SAFETY: one size, one alignment, every bit pattern is a value.
    unsafe { std::slice::from_raw_parts(bits.as_ptr().cast(), bits.len()) }
}
