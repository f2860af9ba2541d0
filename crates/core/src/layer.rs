//! One population or output: its neurons, its synapses, and how its channels are cut into chunks.

use crate::neuron::model::{Rows, MOST_ROWS};
use crate::neuron::{NeuronSpec, Neurons};
use crate::parameters::PerNeuron;
use crate::schedule::Format;
use crate::spikes::Geometry;
use crate::synapse::chunks::{chunks, Chunk, Width};
use crate::synapse::columns;
use crate::synapse::spec::{Kind, SynapseSpec};
use crate::synapse::{Layout, Synapse};
use crate::traced::Traced;
use std::ops::Range;

pub struct LayerSpec {
    pub geometry: Geometry,
    pub depth: usize,
    pub fires: bool,
    pub neuron: NeuronSpec,
    /// False: a linear neuron, whose potential is not raised to 0 before it fires.
    pub rectified: bool,
    /// Every weight fits i16.
    pub narrow: bool,
    /// Bits of f32 or i32, one for each channel or each neuron; threshold and initial potential are empty for an output.
    pub bias: Vec<u32>,
    pub threshold: Vec<u32>,
    pub initial: Vec<u32>,
    pub synapses: Vec<SynapseSpec>,
    pub record_spikes: bool,
    pub traced: Vec<u32>,
}

pub struct Layer {
    pub geometry: Geometry,
    /// Neighbouring columns that are channels of one to the kernels.
    pub columns: usize,
    /// The extents that kernels see.
    pub cells: Geometry,
    pub depth: usize,
    pub fires: bool,
    /// What its neurons have in common, and their parameters.
    pub neuron: Neurons,
    pub rows: ParameterRows,
    pub rectified: bool,
    pub width: Width,
    /// Lanes of all chunks.
    pub padded: usize,
    pub chunks: Vec<Chunk>,
    pub synapses: Vec<Synapse>,
    pub bias: PerNeuron,
    pub initial: PerNeuron,
    /// All synapses deliver event by event: depthwise and small groups, where a vector of neurons shares no row.
    pub by_events: bool,
    /// Adding zero to a bias of −0.0 changes it.
    pub negative_zero: bool,
    pub record_spikes: bool,
    pub traced: Traced,
}

/// Bits of the parameters of a layer's neurons: `Rows` before a chunk is chosen.
pub struct ParameterRows {
    pub threshold: PerNeuron,
    /// The model's own, in its order.
    parameters: Vec<PerNeuron>,
}

impl ParameterRows {
    fn new(spec: &LayerSpec, columns: usize, padded: usize, never: u32) -> ParameterRows {
        let to = spec.geometry;
        let row = |values: Vec<u32>| {
            let values = if values.len() == 1 { vec![values[0]; to.channels] } else { values };
            PerNeuron::new(&values, to, columns, padded, 0)
        };
        ParameterRows {
            threshold: PerNeuron::new(&spec.threshold, to, columns, padded, never),
            parameters: spec.neuron.rows().into_iter().map(|(_, values)| row(values)).collect(),
        }
    }

    /// Of `lanes` neurons of a position, from `first` on.
    #[inline(always)]
    pub fn at(&self, position: usize, first: usize, lanes: usize) -> Rows {
        let of = |row: &PerNeuron| row.at(position)[first..first + lanes].as_ptr();
        let mut parameters = [std::ptr::null(); MOST_ROWS];
        parameters.iter_mut().zip(&self.parameters).for_each(|(to, row)| *to = of(row));
        Rows { threshold: of(&self.threshold).cast(), parameters }
    }
}

/// Most channels of an identity whose weights are laid out as rows, all but one of them missing.
const MOST_DIAGONAL: usize = 64;

impl Layer {
    /// The spec is checked by `network.rs`; `sources`: geometries of the synapses' sources.
    pub fn new(spec: LayerSpec, sources: &[Geometry], format: &Format) -> Layer {
        let to = spec.geometry;
        let width = match (format.float, spec.narrow) {
            (true, _) => Width::Float,
            (_, true) => Width::Narrow,
            _ => Width::Wide,
        };
        let kinds = || spec.synapses.iter().map(|synapse| synapse.kind);
        let small_groups = kinds().any(|kind| kind.is_grouped() && kind.reached_channels(to) % 16 != 0)
            && kinds().all(|kind| kind != Kind::Dense && kind.reached_channels(to) < 16);
        let by_events = small_groups || kinds().any(|kind| kind.has_no_rows());
        let groups = kinds()
            .filter(|kind| kind.is_grouped() && kind.reached_channels(to) % 16 == 0)
            .map(|kind| to.channels / kind.reached_channels(to))
            .max()
            .unwrap_or(1);
        let groups = if by_events { 1 } else { groups };
        // Spikes that carry values multiply the missing weights too.
        let packs = !by_events && !format.valued && spec.neuron.neurons().spikes_per_tick() == 1;
        let columns = if packs { columns::packed(to, width, &spec.synapses) } else { 1 };
        let cells = to.packed(columns);
        let chunks = chunks(cells.channels, groups, width);
        let vectors: usize = chunks.iter().map(|chunk| chunk.vectors).sum();
        let padded = chunks.last().map_or(0, |last| last.first + last.vectors * width.lanes());
        // Not where spikes carry values: 0 times a value is +0.0 or −0.0.
        let has_rows = |synapse: &SynapseSpec| {
            synapse.kind == Kind::Identity { per_neuron: false }
                && synapse.source != 0
                && !format.valued
                && cells.channels <= MOST_DIAGONAL
        };
        let layout = Layout { to, columns, width, vectors, groups, by_events };
        let synapses = spec
            .synapses
            .iter()
            .zip(sources)
            .map(|(synapse, &from)| Synapse::new(synapse, from, layout, has_rows(synapse)))
            .collect();
        // Lanes without a neuron must not fire, whatever their potential: nothing reaches NaN.
        let never = if format.float { f32::NAN.to_bits() } else { 1 };
        Layer {
            geometry: to,
            columns,
            cells,
            depth: spec.depth,
            fires: spec.fires,
            neuron: spec.neuron.neurons(),
            rows: ParameterRows::new(&spec, columns, padded, never),
            rectified: spec.rectified,
            width,
            padded,
            synapses,
            chunks,
            negative_zero: format.float && spec.bias.contains(&(-0.0f32).to_bits()),
            bias: PerNeuron::new(&spec.bias, to, columns, padded, 0),
            initial: PerNeuron::new(&spec.initial, to, columns, padded, 0),
            by_events,
            record_spikes: spec.record_spikes,
            traced: Traced::new(&spec.traced),
        }
    }

    /// Lanes of all positions.
    pub fn lanes(&self) -> usize {
        self.cells.positions() * self.padded
    }

    /// The neurons of a chunk of a position.
    fn neurons(&self, chunk: &Chunk, position: usize) -> Range<usize> {
        let (lanes, channels) = (chunk.vectors * self.width.lanes(), self.cells.channels);
        position * channels + chunk.first..position * channels + channels.min(chunk.first + lanes)
    }

    /// Whether a traced neuron lies in a chunk of a position.
    #[inline(always)]
    pub fn traces(&self, chunk: &Chunk, position: usize) -> bool {
        !self.traced.is_empty() && self.traced.within(self.neurons(chunk, position)).next().is_some()
    }

    /// The traced neurons of a chunk of a position: row of the traces, and lane.
    pub fn traced_in<'a>(&'a self, chunk: &'a Chunk, position: usize) -> impl Iterator<Item = (usize, usize)> + 'a {
        let neurons = self.neurons(chunk, position);
        let first = neurons.start;
        self.traced.within(neurons).map(move |(row, neuron)| (row, neuron - first))
    }

    /// The traced neurons of a row of positions: row of the traces, x and channel.
    pub fn traced_in_row(&self, y: usize) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        let Geometry { width, channels, .. } = self.geometry;
        let size = width * channels;
        let place = move |(row, neuron): (usize, usize)| (row, neuron / channels % width, neuron % channels);
        self.traced.within(y * size..(y + 1) * size).map(place)
    }
}
