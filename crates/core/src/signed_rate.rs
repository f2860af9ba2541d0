//! A layer over a block of ticks in which it integrates and fires by turns, in i32, and takes spikes back (T8).

use crate::chunks::Width;
use crate::events::deliver;
use crate::kernel::lanes::Lanes;
use crate::kernel::signed::{signed_narrow, signed_wide, Chunk as Job, SignedTicks};
use crate::layer::Layer;
use crate::layerwise::in_chunk;
use crate::network::{Node, TakesBack};
use crate::simulator::Simulator;
use crate::spikes::{Further, Spikes};
use crate::state::{as_integers, gather_row, grow, row_taps, spikes_of, LayerState, Scratch};
use crate::synchronous::BLOCK_TICKS;
use crate::with_vectors;

/// Of every neuron, [positions][padded].
#[derive(Default)]
pub struct Ledger {
    /// Spikes less those taken back since the last reset.
    counts: Vec<i32>,
    /// The same when the run began.
    before: Vec<i32>,
    /// Of a window's constant charge A: ⌊A/T⌋, A mod T, and (A mod T)·t mod T after t ticks.
    each: Vec<i32>,
    rest: Vec<i32>,
    owed: Vec<i32>,
}

impl Ledger {
    pub fn reset(&mut self) {
        self.counts.fill(0);
    }

    /// No constant charge from now on.
    fn end(&mut self) {
        self.each.fill(0);
        self.rest.fill(0);
    }
}

impl LayerState {
    /// Spreads the drive over a window: tick t delivers ⌊(t + 1)·A/T⌋ − ⌊t·A/T⌋, from tick `elapsed` on.
    pub fn owe(&mut self, layer: &Layer, takes_back: &TakesBack, elapsed: u64) {
        let size = layer.geometry.positions() * layer.padded;
        let (ticks, t) = (takes_back.window_ticks, elapsed % takes_back.window_ticks as u64);
        let Ledger { counts, before, each, rest, owed } = &mut self.ledger;
        counts.resize(if layer.fires { size } else { 0 }, 0);
        before.clone_from(counts);
        for list in [&mut *each, &mut *rest, &mut *owed] {
            list.resize(size, 0);
        }
        let drive = self.drive.as_ref().unwrap_or(&layer.base);
        for position in 0..layer.geometry.positions() {
            let first = position * layer.padded;
            for (lane, &charge) in drive.at(position)[..layer.padded].iter().enumerate() {
                let (charge, at) = (charge as i32, first + lane);
                each[at] = charge.div_euclid(ticks);
                rest[at] = charge.rem_euclid(ticks);
                owed[at] = (rest[at] as u64 * t % ticks as u64) as i32;
            }
        }
    }
}

/// Ticks `first` to `first + ticks` of a run of `run_ticks`.
#[inline(never)]
#[allow(clippy::too_many_arguments)]
pub fn run_signed_block<L: Lanes>(
    layer: &Layer,
    state: &mut LayerState,
    takes_back: &TakesBack,
    before: &[Spikes],
    out: &mut Spikes,
    scratch: &mut Scratch,
    first: usize,
    ticks: usize,
    run_ticks: usize,
) {
    let (height, width, padded) = (layer.geometry.height, layer.geometry.width, layer.padded);
    let words = padded.div_ceil(64);
    let planes = 2 * ticks;
    grow(&mut scratch.bits, planes * width * words);
    if layer.fires {
        grow(&mut scratch.extra, planes * width * padded);
        grow(&mut scratch.several, planes * width);
    }
    let block = Block { takes_back, first, ticks, run_ticks };
    out.clear(planes);
    for y in 0..height {
        scratch.bits[..planes * width * words].fill(0);
        if layer.by_events {
            run_row::<L>(layer, state, &block, before, scratch, y);
        } else {
            gather_row(layer, state, before, scratch, y);
            for index in 0..layer.chunks.len() {
                for x in 0..width {
                    row_taps(layer, state, before, scratch, &layer.chunks[index], y, x);
                    run_chunk::<L>(layer, state, &block, scratch, index, y, x, None);
                }
            }
        }
        if layer.fires {
            let Scratch { bits, extra, several, .. } = &mut *scratch;
            out.append_repeated(
                layer.geometry,
                &bits[..planes * width * words],
                words,
                Further { several, extra, padded },
            );
        }
    }
    if layer.fires {
        out.finish();
        state.count_run(layer);
        if layer.record_spikes {
            state.record_signed(layer, out, first);
        }
    }
}

struct Block<'a> {
    takes_back: &'a TakesBack,
    first: usize,
    ticks: usize,
    run_ticks: usize,
}

/// One chunk of one position, with the taps in `scratch`. `only`: a single tick, whose spikes are in the potentials already.
#[inline(never)]
#[allow(clippy::too_many_arguments)]
fn run_chunk<L: Lanes>(
    layer: &Layer,
    state: &mut LayerState,
    block: &Block,
    scratch: &mut Scratch,
    index: usize,
    y: usize,
    x: usize,
    only: Option<usize>,
) {
    let (width, channels, padded) = (layer.geometry.width, layer.geometry.channels, layer.padded);
    let chunk = &layer.chunks[index];
    let lanes = chunk.vectors * layer.width.lanes();
    let words = padded.div_ceil(64);
    let position = y * width + x;
    let at = position * padded + chunk.first;
    let (from, ticks) = only.map_or((0, block.ticks), |tick| (tick, 1));
    let traced = !layer.traced.is_empty()
        && layer.traced.iter().any(|&neuron| in_chunk(neuron, position, channels, chunk, lanes));
    if traced {
        grow(&mut scratch.sampled, ticks * lanes);
    }
    let Ledger { counts, each, rest, owed, .. } = &mut state.ledger;
    // SAFETY: potentials, ledger and thresholds have `lanes` values from `at` on; a row of bits has `words` words a position and
    // plane, in which the chunk has whole bytes; repeats have `padded` values and flags one a position and plane; taps read live
    // spikes of two planes a tick, whose entries are rows of the chunk's block. Outputs never fire.
    unsafe {
        let cell = 2 * from * width + x;
        let threshold = if layer.fires {
            layer.threshold.at(position)[chunk.first..chunk.first + lanes].as_ptr().cast()
        } else {
            std::ptr::null()
        };
        let job = Job {
            lanes,
            potential: as_integers(&mut state.potential)[at..at + lanes].as_mut_ptr(),
            threshold,
            shift: layer.threshold_shift,
            count: if layer.fires { counts[at..at + lanes].as_mut_ptr() } else { std::ptr::null_mut() },
            cap: block.takes_back.cap,
            once: block.takes_back.once,
            each: each[at..at + lanes].as_ptr(),
            rest: rest[at..at + lanes].as_ptr(),
            owed: owed[at..at + lanes].as_mut_ptr(),
            window_ticks: block.takes_back.window_ticks,
            taps: &scratch.taps,
            most_events: chunk.bounds.most_events(false),
            ticks,
            bits: scratch.bits.as_mut_ptr().cast::<u8>().add(cell * words * 8 + chunk.first / 8),
            stride: width * words * 8,
            extra: scratch.extra.as_mut_ptr().wrapping_add(cell * padded + chunk.first),
            extra_stride: width * padded,
            several: scratch.several.as_mut_ptr().wrapping_add(cell),
            several_stride: width,
            sampled: if traced { scratch.sampled.as_mut_ptr().cast() } else { std::ptr::null_mut() },
        };
        match layer.width {
            Width::Narrow => with_vectors!(chunk.vectors, signed_narrow: SignedTicks, L, &job),
            _ => with_vectors!(chunk.vectors, signed_wide: SignedTicks, L, &job),
        }
    }
    if traced {
        for (row, &neuron) in
            layer.traced.iter().enumerate().filter(|(_, &neuron)| in_chunk(neuron, position, channels, chunk, lanes))
        {
            let lane = neuron as usize % channels - chunk.first;
            for tick in 0..ticks {
                state.traces[row * block.run_ticks + block.first + from + tick] = scratch.sampled[tick * lanes + lane];
            }
        }
    }
}

/// One row whose synapses deliver event by event, tick after tick.
#[inline(never)]
fn run_row<L: Lanes>(
    layer: &Layer,
    state: &mut LayerState,
    block: &Block,
    before: &[Spikes],
    scratch: &mut Scratch,
    y: usize,
) {
    let (width, padded) = (layer.geometry.width, layer.padded);
    scratch.taps.clear();
    for tick in 0..block.ticks {
        let row = &mut as_integers(&mut state.potential)[y * width * padded..(y + 1) * width * padded];
        for (index, synapse) in layer.synapses.iter().enumerate() {
            for sign in 0..2 {
                deliver(
                    layer,
                    synapse,
                    &state.readers[index],
                    spikes_of(layer, index, &state.views, before),
                    y,
                    2 * tick + sign,
                    sign == 1,
                    row,
                );
            }
        }
        for index in 0..layer.chunks.len() {
            for x in 0..width {
                run_chunk::<L>(layer, state, block, scratch, index, y, x, Some(tick));
            }
        }
    }
}

impl LayerState {
    /// Counts of the run so far.
    fn count_run(&mut self, layer: &Layer) {
        let Ledger { counts, before, .. } = &self.ledger;
        let now = counts.chunks_exact(layer.padded).zip(before.chunks_exact(layer.padded));
        for (to, (now, before)) in self.counts.chunks_exact_mut(layer.geometry.channels).zip(now) {
            for (to, (now, before)) in to.iter_mut().zip(now.iter().zip(before)) {
                *to = (now - before) as u32;
            }
        }
    }

    /// Membrane traces of `before` samples get room for `after`; what does not fit is dropped.
    fn retrace(&mut self, before: usize, after: usize) {
        let rows = self.traces.len().checked_div(before).unwrap_or(0);
        let mut traces = vec![0; rows * after];
        let kept = before.min(after);
        for row in 0..rows {
            traces[row * after..row * after + kept].copy_from_slice(&self.traces[row * before..row * before + kept]);
        }
        self.traces = traces;
    }
}

impl<L: Lanes> Simulator<L> {
    /// Goes on without input and constant charge until a tick is silent (T8 b), as part of the last run.
    pub fn settle(&mut self) {
        self.settling_ticks = 0;
        if self.spikes_in(self.last_ticks).pop() == Some(false) {
            return;
        }
        self.states.iter_mut().for_each(|state| state.ledger.end());
        let geometry = self.network.nodes[0].geometry();
        let mut ran = self.run_ticks;
        loop {
            let ticks = BLOCK_TICKS;
            self.states.iter_mut().for_each(|state| state.retrace(ran, ran + ticks));
            self.silence.resize(self.silence.len().max(2 * ticks + 1), 0);
            self.spikes[0].fill(geometry, &[], &self.silence[..=2 * ticks]);
            self.block(0..self.network.nodes.len(), ran, ticks, ran + ticks, true);
            let silent = self.spikes_in(ticks).iter().position(|&spikes| !spikes);
            // Behind a silent tick nothing changes any more.
            let here = silent.map_or(ticks, |tick| tick + 1);
            self.states.iter_mut().for_each(|state| state.retrace(ran + ticks, ran + here));
            ran += here;
            self.settling_ticks += here;
            self.elapsed += here as u64;
            if silent.is_some() {
                return;
            }
        }
    }

    /// Of each tick of the last block, whether any neuron spiked.
    fn spikes_in(&self, ticks: usize) -> Vec<bool> {
        let mut any = vec![false; ticks];
        for (node, spikes) in self.network.nodes.iter().zip(&self.spikes).skip(1) {
            if !matches!(node, Node::Layer(layer) if layer.fires) {
                continue;
            }
            let geometry = node.geometry();
            for row in 0..geometry.height {
                for (tick, any) in any.iter_mut().enumerate() {
                    *any |= (0..2).any(|sign| !spikes.row(geometry, row, 2 * tick + sign).is_empty());
                }
            }
        }
        any
    }
}
