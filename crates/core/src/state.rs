//! What changes while a network runs.

use crate::chunks::{Chunk, Width};
use crate::delays::Past;
use crate::events::{readers, Readers};
use crate::kernel::drive::Driven;
use crate::kernel::list::RowList;
use crate::kernel::rows::Tap;
use crate::layer::{Layer, PerNeuron};
use crate::signed_rate::Ledger;
use crate::spikes::Spikes;
use crate::synapse::{Synapse, View};

#[derive(Default)]
pub struct LayerState {
    /// Potentials between blocks of ticks (synchronous), charges of an output; [positions][padded].
    pub potential: Vec<u32>,
    /// Charges of an output in f32 since the reset, where layers tick together; [positions][padded].
    pub charge: Vec<f64>,
    /// Ticks left of the refractory period; empty where every neuron takes the vector path.
    pub waiting: Vec<u32>,
    /// Bias (and, in integers, initial potential) plus constant current of this run; none without current.
    pub drive: Option<PerNeuron>,
    pub counts: Vec<u32>,
    pub spike_ticks: Vec<u32>,
    pub spike_neurons: Vec<u32>,
    /// 1 or −1, where spikes are signed.
    pub spike_signs: Vec<u32>,
    /// Bits of what each spike delivers, where times are real.
    pub spike_values: Vec<u32>,
    pub traces: Vec<u32>,
    /// Spikes of each synapse's source as the synapse needs them, where not as they are.
    pub views: Vec<Spikes>,
    pub readers: Vec<Readers>,
    /// Rows of each synapse's source that reach the row of the layer at hand, as one list.
    pub gathered: Vec<Spikes>,
    pub ledger: Ledger,
}

impl LayerState {
    pub fn new(layer: &Layer, interleaved: bool, counts: bool) -> LayerState {
        let size = layer.geometry.positions() * layer.padded;
        let sums = interleaved && !layer.fires && layer.width == Width::Float;
        let scalar = layer.fires && (layer.neuron.refractory_ticks > 0 || layer.neuron.spikes_per_tick > 1);
        LayerState {
            potential: vec![0; if (interleaved || !layer.fires) && !sums { size } else { 0 }],
            charge: vec![0.0; if sums { size } else { 0 }],
            waiting: vec![0; if scalar { size } else { 0 }],
            counts: vec![0; if layer.fires && counts { layer.geometry.size() } else { 0 }],
            views: layer.synapses.iter().map(|_| Spikes::default()).collect(),
            gathered: layer.synapses.iter().map(|_| Spikes::default()).collect(),
            readers: layer.synapses.iter().map(|synapse| readers(synapse, layer.geometry)).collect(),
            ..LayerState::default()
        }
    }

    pub fn reset(&mut self, layer: &Layer) {
        for (position, potential) in self.potential.chunks_exact_mut(layer.padded).enumerate() {
            match layer.fires {
                true => potential.copy_from_slice(&layer.initial.at(position)[..layer.padded]),
                false => potential.fill(0),
            }
        }
        self.charge.fill(0.0);
        self.waiting.fill(0);
        self.ledger.reset();
    }

    /// Brings the sources' spikes into the form that the synapses need; returns the synaptic operations of the block.
    pub fn prepare(
        &mut self,
        layer: &Layer,
        before: &[Spikes],
        sources: impl Fn(usize) -> crate::spikes::Geometry,
        scratch: &mut Scratch,
        past: &Past,
    ) -> u64 {
        let mut operations = 0;
        for (synapse, view) in layer.synapses.iter().zip(&mut self.views) {
            if synapse.delay > 0 {
                operations += past.deliver(synapse, view, &mut scratch.delayed);
                continue;
            }
            let source = &before[synapse.source];
            let from = sources(synapse.source);
            match synapse.view {
                View::Same if layer.merges(source) => {
                    view.merge(source, from, layer.merged_planes, &mut scratch.neurons)
                }
                View::Same => {}
                View::Grouped(groups) => view.group(source, from, groups),
                View::Reshaped(to) => view.reshape(source, from, to, &mut scratch.neurons, &mut scratch.planes),
            }
            operations += synapse.operations(if let View::Reshaped(_) = synapse.view { view } else { source });
        }
        operations
    }

    /// Keeps signed spikes as (tick, neuron), sorted.
    pub fn record_signed(&mut self, layer: &Layer, out: &Spikes, first_tick: usize) {
        let row_size = layer.geometry.width * layer.geometry.channels;
        for tick in 0..out.planes / 2 {
            for row in 0..layer.geometry.height {
                let (mut plus, mut minus) =
                    (out.row(layer.geometry, row, 2 * tick), out.row(layer.geometry, row, 2 * tick + 1));
                while !plus.is_empty() || !minus.is_empty() {
                    let positive = minus.is_empty() || plus.first().is_some_and(|entry| *entry <= minus[0]);
                    let list = if positive { &mut plus } else { &mut minus };
                    self.spike_ticks.push((first_tick + tick) as u32);
                    self.spike_neurons.push(list[0] + (row * row_size) as u32);
                    self.spike_signs.push(if positive { 1 } else { u32::MAX });
                    *list = &list[1..];
                }
            }
        }
    }

    /// Keeps spikes as (tick, neuron), sorted.
    pub fn record(&mut self, layer: &Layer, out: &Spikes, first_tick: usize) {
        let row_size = layer.geometry.width * layer.geometry.channels;
        for tick in 0..out.planes {
            for row in 0..layer.geometry.height {
                let entries = out.row(layer.geometry, row, tick);
                self.spike_ticks.extend(std::iter::repeat_n((first_tick + tick) as u32, entries.len()));
                self.spike_neurons.extend(entries.iter().map(|entry| entry + (row * row_size) as u32));
            }
        }
    }
}

/// Spikes that a synapse delivers.
pub fn spikes_of<'a>(layer: &Layer, synapse: usize, views: &'a [Spikes], before: &'a [Spikes]) -> &'a Spikes {
    let Synapse { view, source, delay, .. } = &layer.synapses[synapse];
    // What a delayed synapse reads may come after its layer.
    let as_fired = *view == View::Same && *delay == 0 && !layer.merges(&before[*source]);
    if as_fired {
        &before[*source]
    } else {
        &views[synapse]
    }
}

/// Appends the taps of one chunk of one position.
#[inline(always)]
pub fn append_taps(
    taps: &mut Vec<Tap>,
    layer: &Layer,
    chunk: &Chunk,
    views: &[Spikes],
    before: &[Spikes],
    y: usize,
    x: usize,
) {
    for (index, synapse) in layer.synapses.iter().enumerate() {
        synapse.taps(taps, spikes_of(layer, index, views, before), y, x, chunk, layer.vectors);
    }
}

/// Replaces `taps` by those of one chunk of one position.
#[inline(always)]
pub fn gather_taps(
    taps: &mut Vec<Tap>,
    layer: &Layer,
    chunk: &Chunk,
    views: &[Spikes],
    before: &[Spikes],
    y: usize,
    x: usize,
) {
    taps.clear();
    append_taps(taps, layer, chunk, views, before, y, x);
}

/// In integers, where the order of sums is nothing: brings the input rows under output row `y` together, where they can be.
pub fn gather_row(layer: &Layer, state: &mut LayerState, before: &[Spikes], scratch: &mut Scratch, y: usize) {
    for (index, synapse) in layer.synapses.iter().enumerate().filter(|(_, synapse)| synapse.gathers()) {
        let spikes = spikes_of(layer, index, &state.views, before);
        synapse.gather(&mut state.gathered[index], spikes, y, &mut scratch.rows);
    }
}

/// Replaces the taps by those of one chunk of one position in a row that is gathered.
#[inline(always)]
pub fn row_taps(
    layer: &Layer,
    state: &LayerState,
    before: &[Spikes],
    scratch: &mut Scratch,
    chunk: &Chunk,
    y: usize,
    x: usize,
) {
    scratch.taps.clear();
    for (index, synapse) in layer.synapses.iter().enumerate() {
        if synapse.gathers() {
            synapse.gathered_tap(&mut scratch.taps, &state.gathered[index], y, x, chunk, layer.vectors);
        } else {
            synapse.taps(&mut scratch.taps, spikes_of(layer, index, &state.views, before), y, x, chunk, layer.vectors);
        }
    }
}

/// Buffers shared by all layers: grown once, then reused.
#[derive(Default)]
pub struct Scratch {
    pub taps: Vec<Tap>,
    /// Of neighbouring positions: their taps, where those of each begin, and their rows.
    pub group_taps: Vec<Tap>,
    pub group_ends: Vec<usize>,
    pub lists: Vec<RowList>,
    /// Bits of one row, [planes][width][words].
    pub bits: Vec<u64>,
    /// Spikes of a tick where a neuron fires several, [ticks][width · padded].
    pub repeats: Vec<u32>,
    /// Where spikes are taken back, zeros between rows: see `spikes::Further`.
    pub extra: Vec<u32>,
    pub several: Vec<u8>,
    /// Potentials of one chunk after each tick.
    pub sampled: Vec<u32>,
    /// Potentials of one row, and after the leak alone.
    pub row: Vec<u32>,
    pub held: Vec<u32>,
    pub driven: Vec<Driven>,
    pub rows: Vec<(usize, u32)>,
    pub neurons: Vec<u32>,
    pub planes: Vec<u32>,
    pub delayed: Spikes,
}

/// Grows a buffer to at least `length`; what it holds is of no interest.
pub fn grow<T: Default + Clone>(buffer: &mut Vec<T>, length: usize) {
    if buffer.len() < length {
        buffer.resize(length, T::default());
    }
}

pub fn as_floats(bits: &mut [u32]) -> &mut [f32] {
    // SAFETY: one size, one alignment, every bit pattern is a value.
    unsafe { std::slice::from_raw_parts_mut(bits.as_mut_ptr().cast(), bits.len()) }
}

pub fn as_integers(bits: &mut [u32]) -> &mut [i32] {
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts_mut(bits.as_mut_ptr().cast(), bits.len()) }
}
