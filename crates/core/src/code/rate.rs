//! Rate in f32 (T1 to T6): all layers tick together, and each tick integrates and fires.

use super::{enter_planes, At, Block, Code, BLOCK_TICKS};
use crate::arrive::Inputs;
use crate::bits::{as_f32, grow, words_of};
use crate::input::Input;
use crate::kernel::list::{self, RowList};
use crate::kernel::rows::Tap;
use crate::kernel::ticks::{
    fire_ticks, fire_ticks_scalar, integrate_ticks, leak_row, Chunk as Job, Fire, FireScalar, Integrate, Row,
};
use crate::lanes::Lanes;
use crate::layer::Layer;
use crate::network::{Network, Pool};
use crate::neuron::model::{Model, Rows, Words};
use crate::plasticity::Fixed;
use crate::pool::rising::Rising;
use crate::record::Record;
use crate::schedule::Format;
use crate::spikes::Spikes;
use crate::synapse::chunks::Chunk;
use crate::synapse::Synapse;
use crate::{with_model, with_vectors};
use std::ops::Range;

/// Ticks of a block where weights outweigh the spikes of as many ticks: they are read once a block.
const LONG_BLOCK_TICKS: usize = 128;
/// Neighbouring positions that are computed together, chunk after chunk: what they read and the lists of rows that they share stay
/// in the caches.
const GROUP: usize = 8;
/// Least bytes of weights that do not stay in the second level cache from one block of ticks to the next.
const LARGE_BYTES: usize = 1 << 19;

static NOTHING: [f32; 64] = [-0.0; 64];

pub struct Rate;

/// Each list is empty or [positions][padded].
pub struct State {
    /// Potentials of a population between blocks.
    potential: Vec<f32>,
    /// Charges of an output since the reset.
    charge: Vec<f64>,
    /// What each neuron has beside its potential, [words][positions][padded].
    words: Vec<u32>,
}

#[derive(Default)]
pub struct Scratch {
    taps: Vec<Tap>,
    /// Of neighbouring positions: their taps, where those of each begin, and their rows.
    group_taps: Vec<Tap>,
    group_ends: Vec<usize>,
    lists: Vec<RowList>,
    /// Bits of one row, [ticks][width][words].
    bits: Vec<u64>,
    /// Spikes of a tick where a neuron may fire more than one, [ticks][width · padded].
    repeats: Vec<u32>,
    /// Potentials of one chunk after each tick.
    sampled: Vec<u32>,
    /// Potentials of one row, and after the leak alone.
    row: Vec<f32>,
    leaked: Vec<f32>,
}

impl Code for Rate {
    type Plan = ();
    type State = State;
    type Scratch = Scratch;
    type Max = Rising;

    fn format(&self) -> Format {
        Format { float: true, valued: false, signs: 1, window: None }
    }

    /// More ticks if the weights take more memory than the most spikes of these ticks.
    fn block(&self, network: &Network) -> usize {
        let neurons: usize = network.nodes.iter().map(|node| node.geometry().size()).sum();
        let synapses = network.layers().flat_map(|(_, layer)| &layer.synapses);
        let weights: usize = synapses.map(Synapse::packed_bytes).sum();
        if weights >= LONG_BLOCK_TICKS * neurons * size_of::<u32>() {
            LONG_BLOCK_TICKS
        } else {
            BLOCK_TICKS
        }
    }

    fn plan(&self, _network: &Network, _node: usize, _layer: &Layer) {}

    fn max(&self, _network: &Network, pool: &Pool) -> Rising {
        Rising::new(&pool.reach)
    }

    fn state(&self, layer: &Layer) -> State {
        let size = layer.lanes();
        State {
            potential: vec![0.0; if layer.fires { size } else { 0 }],
            charge: vec![0.0; if layer.fires { 0 } else { size }],
            words: vec![0; if layer.fires { size * layer.neuron.words() } else { 0 }],
        }
    }

    fn reset(&self, layer: &Layer, state: &mut State) {
        for (position, potential) in state.potential.chunks_exact_mut(layer.padded).enumerate() {
            potential.copy_from_slice(as_f32(&layer.initial.at(position)[..layer.padded]));
        }
        state.charge.fill(0.0);
        state.words.fill(0);
    }

    fn enter(&self, network: &Network, input: &Input, block: Block, to: &mut Spikes) {
        enter_planes(network, input, block, to);
    }

    fn run<L: Lanes>(&self, at: At<Rate>, inputs: Inputs, block: Block, out: &mut Spikes) {
        let layer = at.layer;
        with_model!(&layer.neuron, model => Run { at, inputs, block }.layer::<L, _>(model, out));
    }

    fn charges(&self, layer: &Layer, state: &State, record: &mut Record) {
        record.charge(layer, |at| words_of(state.charge[at]));
    }
}

/// What reaches one chunk of one position.
#[derive(Clone, Copy)]
enum Reach {
    /// What the taps in the scratch read.
    Taps,
    /// One of the lists in the scratch, whose rows lie `offset` bytes before the chunk's.
    List { number: usize, offset: usize },
    /// Nothing: the charge of this tick is in the potentials already.
    Only(usize),
}

struct Run<'a> {
    at: At<'a, Rate>,
    inputs: Inputs<'a>,
    block: Block,
}

impl Run<'_> {
    #[inline(never)]
    fn layer<L: Lanes, M: Model>(&mut self, model: &M, out: &mut Spikes) {
        let layer = self.at.layer;
        let words = layer.padded.div_ceil(64);
        let row_words = layer.cells.width * words;
        let ticks = self.block.ticks;
        grow(&mut self.at.scratch.bits, ticks * row_words);
        if model.spikes_per_tick() > 1 {
            grow(&mut self.at.scratch.repeats, ticks * layer.cells.width * layer.padded);
        }
        out.clear(ticks);
        for y in 0..layer.geometry.height {
            self.at.scratch.bits[..ticks * row_words].fill(0);
            if layer.by_events {
                self.row::<L, M>(model, y);
            } else {
                self.groups::<L, M>(model, y);
            }
            if layer.fires {
                emit(layer, out, &self.at.scratch.bits[..ticks * row_words], &self.at.scratch.repeats, words);
            }
        }
        if layer.fires {
            out.finish();
            if layer.record_spikes {
                self.at.record.spikes(layer, out, self.block.first);
            }
        }
    }

    /// One row whose synapses have rows of weights.
    fn groups<L: Lanes, M: Model>(&mut self, model: &M, y: usize) {
        let layer = self.at.layer;
        let width = layer.cells.width;
        // One tap has one loop anyway, and what reaches a single lane has no row.
        let listed = layer.synapses.iter().all(|synapse| synapse.most_taps() > 0)
            && layer.synapses.iter().map(Synapse::most_taps).sum::<usize>() > 1;
        if !listed {
            for index in 0..layer.chunks.len() {
                for x in 0..width {
                    self.at.scratch.taps.clear();
                    self.inputs.taps(&mut self.at.scratch.taps, &layer.chunks[index], y, x);
                    self.chunk::<L, M>(model, index, y, x, Reach::Taps);
                }
            }
            return;
        }
        self.at.scratch.taps.clear();
        for left in (0..width).step_by(GROUP) {
            let columns = left..width.min(left + GROUP);
            let mut base: Option<&Chunk> = None;
            for (index, chunk) in layer.chunks.iter().enumerate() {
                let offset = match (base, &layer.synapses[..]) {
                    (Some(base), [synapse]) if base.vectors == chunk.vectors && synapse.separate_groups() == 1 => {
                        synapse.rows_of(0, 0, chunk) as usize - synapse.rows_of(0, 0, base) as usize
                    }
                    _ => {
                        self.list_rows(chunk, y, columns.clone());
                        base = Some(chunk);
                        0
                    }
                };
                for x in columns.clone() {
                    self.chunk::<L, M>(model, index, y, x, Reach::List { number: x - left, offset });
                }
            }
        }
    }

    /// Fills a list for each of the columns, with rows of `chunk`.
    #[inline(never)]
    fn list_rows(&mut self, chunk: &Chunk, y: usize, columns: Range<usize>) {
        let Scratch { group_taps, group_ends, lists, .. } = &mut *self.at.scratch;
        group_taps.clear();
        group_ends.clear();
        group_ends.push(0);
        for x in columns.clone() {
            self.inputs.taps(group_taps, chunk, y, x);
            group_ends.push(group_taps.len());
        }
        lists.resize_with(GROUP, RowList::default);
        let (ticks, shift) = (self.block.ticks, (chunk.vectors * 16).ilog2());
        // SAFETY: taps read live spikes of `ticks` planes, whose entries are rows of the chunk's block.
        unsafe { list::fill(&mut lists[..columns.len()], group_taps, group_ends, ticks, shift) }
    }

    /// One chunk of one position.
    #[inline(never)]
    fn chunk<L: Lanes, M: Model>(&mut self, model: &M, index: usize, y: usize, x: usize, reach: Reach) {
        let At { layer, state, scratch, record, .. } = &mut self.at;
        let (width, channels, padded) = (layer.cells.width, layer.cells.channels, layer.padded);
        let chunk = &layer.chunks[index];
        let lanes = chunk.vectors * 4;
        let words = padded.div_ceil(64);
        let position = y * width + x;
        let at = position * padded + chunk.first;
        let (from, ticks) = if let Reach::Only(tick) = reach { (tick, 1) } else { (0, self.block.ticks) };
        let traced = layer.traces(chunk, position);
        if traced {
            grow(&mut scratch.sampled, ticks * lanes);
        }
        let drive = if matches!(reach, Reach::Only(_)) {
            &NOTHING[..lanes]
        } else {
            as_f32(&self.inputs.constant().at(position)[chunk.first..chunk.first + lanes])
        };
        let multiple = model.spikes_per_tick() > 1;
        let rows = if layer.fires { layer.rows.at(position, chunk.first, lanes) } else { Rows::NONE };
        let (potential, charge) = match layer.fires {
            true => (state.potential[at..at + lanes].as_mut_ptr(), std::ptr::null_mut()),
            false => (std::ptr::null_mut(), state.charge[at..at + lanes].as_mut_ptr()),
        };
        let from_here = Words { at: state.words.as_mut_ptr().wrapping_add(at), stride: layer.lanes() };
        // Of neurons to which spikes arrive event by event, those of this row.
        let unchanged = match reach {
            Reach::Only(_) => scratch.leaked[x * padded + chunk.first..].as_ptr(),
            _ => std::ptr::null(),
        };
        let (list, offset) =
            if let Reach::List { number, offset } = reach { (Some(&scratch.lists[number]), offset) } else { (None, 0) };
        let (ahead, lines) = look_ahead(layer, &scratch.taps, index, ticks);
        // SAFETY: potentials or charges, drive, parameters, the model's words and samples have `lanes` values (a tick); a row of bits
        // has `words` words a position and tick, in which the chunk has whole bytes; repeats have `padded` values a position and
        // tick; taps read live spikes of `ticks` planes, whose entries are rows of the chunk's block.
        unsafe {
            let job = Job {
                potential,
                charge,
                drive: drive.as_ptr(),
                rows,
                words: from_here,
                unchanged,
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
                counts: if record.counts.is_empty() {
                    std::ptr::null_mut()
                } else {
                    record.counts.as_mut_ptr().add(position * channels + chunk.first)
                },
                counted: lanes.min(channels - chunk.first),
                sampled: if traced { scratch.sampled.as_mut_ptr().cast() } else { std::ptr::null_mut() },
                ahead,
                lines,
            };
            if !layer.fires {
                with_vectors!(chunk.vectors, integrate_ticks: Integrate, L, &job);
            } else if !model.is_scalar() {
                with_vectors!(chunk.vectors, fire_ticks<M, Fixed>: Fire<M, Fixed>, L, &job, model, &Fixed);
            } else {
                with_vectors!(chunk.vectors, fire_ticks_scalar<M>: FireScalar<M>, L, &job, model);
            }
        }
        if traced {
            for (row, lane) in layer.traced_in(chunk, position) {
                for tick in 0..ticks {
                    record.traces[row * self.block.of + self.block.first + from + tick] =
                        scratch.sampled[tick * lanes + lane];
                }
            }
        }
    }

    /// One row whose synapses deliver event by event, tick after tick.
    #[inline(never)]
    fn row<L: Lanes, M: Model>(&mut self, model: &M, y: usize) {
        let layer = self.at.layer;
        let (width, padded) = (layer.geometry.width, layer.padded);
        let range = y * width * padded..(y + 1) * width * padded;
        let leakless = model.leaked();
        grow(&mut self.at.scratch.leaked, width * padded);
        grow(&mut self.at.scratch.row, width * padded);
        self.at.scratch.taps.clear();
        for tick in 0..self.block.ticks {
            let Scratch { row, leaked, .. } = &mut *self.at.scratch;
            let state = &mut *self.at.state;
            let row = if layer.fires { &mut state.potential[range.clone()] } else { &mut row[..width * padded] };
            let leaked = &mut leaked[..width * padded];
            for x in 0..width {
                let drive = as_f32(&self.inputs.constant().at(y * width + x)[..padded]);
                let here = x * padded..(x + 1) * padded;
                if !layer.fires {
                    row[here].copy_from_slice(drive);
                    continue;
                }
                let words = state.words.as_mut_ptr().wrapping_add(range.start + here.start);
                // SAFETY: every list has `padded` values for this position, a multiple of 4.
                unsafe {
                    let position = Row {
                        potential: row[here.clone()].as_mut_ptr(),
                        unchanged: leaked[here].as_mut_ptr(),
                        drive: drive.as_ptr(),
                        words: Words { at: words, stride: layer.lanes() },
                        rows: layer.rows.at(y * width + x, 0, padded),
                        lanes: padded,
                    };
                    leak_row::<L, M>(&position, model);
                }
            }
            for index in 0..layer.synapses.len() {
                self.inputs.scatter(index, y).deliver(self.inputs.of(index), tick, false, row);
            }
            if !layer.fires {
                let charges = state.charge[range.clone()].iter_mut();
                charges.zip(&*row).for_each(|(charge, &brought)| *charge += f64::from(brought));
                continue;
            }
            for index in 0..layer.chunks.len() {
                for x in 0..width {
                    self.chunk::<L, M>(&leakless, index, y, x, Reach::Only(tick));
                }
            }
        }
    }
}

/// Turns the bits of one row into spikes.
#[inline(never)]
fn emit(layer: &Layer, out: &mut Spikes, bits: &[u64], repeats: &[u32], words: usize) {
    if layer.neuron.spikes_per_tick() == 1 {
        // A call would cost 5 % of a run.
        return out.append_seen_bits(layer.geometry, layer.columns, bits, words, |_, _| {});
    }
    let (width, padded) = (layer.geometry.width, layer.padded);
    out.append_row(layer.geometry, bits, words, |tick, x, channel| repeats[(tick * width + x) * padded + channel]);
}

/// For `Job::ahead`: where weights are many and most of their rows are used.
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
    (synapse.rows_of(0, 0, next), rows * next.vectors * 16 / 64 / ticks)
}
