//! One synapse: its geometry, and its weights in the order in which a kernel reads them.

pub mod bounds;
pub mod chunks;
pub mod columns;
pub mod fan;
mod rows;
pub mod scatter;
mod sparse;
pub mod spec;
pub mod sweep;
mod taps;

use crate::spikes::{Geometry, Spikes};
use chunks::{Chunk, Width};
use fan::{Cost, Fan};
use rows::Vector;
use spec::{Kind, SynapseSpec};
use sweep::Sweep;

pub use rows::weight_at;

pub enum Form {
    /// Rows of weights for every chunk; blocks of `rows` rows, one for each position of the target if `per_position`.
    Rows { sweep: Sweep, rows: usize, groups: usize, per_position: bool },
    /// One lane an event.
    Lanes { per_neuron: bool },
    /// Weights by input, then by output channel, in one block or one for each position of the target if `per_position`: delivered
    /// event by event into rows of potentials.
    Events { sweep: Sweep, groups: usize, per_position: bool },
    /// Lists of targets and weights, also delivered event by event.
    Sparse,
}

/// The form in which the source's spikes must be before they are delivered.
#[derive(Clone, Copy, PartialEq)]
pub enum View {
    Same,
    Grouped(usize),
    Reshaped(Geometry),
}

pub struct Synapse {
    pub source: usize,
    /// Ticks between a spike and its delivery.
    pub delay: usize,
    pub form: Form,
    pub view: View,
    kind: Kind,
    /// As the source has it; after a reshaping view, the target's.
    pub from: Geometry,
    /// As the kernels see it: `columns` neighbouring columns are channels of one.
    to: Geometry,
    columns: usize,
    width: Width,
    /// Vectors of all chunks of the layer.
    vectors: usize,
    packed: Vec<Vector>,
    /// Vectors before the first row, which begins a cache line.
    lead: usize,
    pub raw: Vec<u32>,
    expected: usize,
    received: usize,
    /// Existing targets of a spike, by row and by column, and channels.
    fan: Fan,
}

/// The layout of a synapse's target layer.
#[derive(Clone, Copy)]
pub struct Layout {
    pub to: Geometry,
    /// Neighbouring columns that are channels of one.
    pub columns: usize,
    pub width: Width,
    /// Vectors of all chunks.
    pub vectors: usize,
    /// Number of groups of channels; no chunk straddles two of them.
    pub groups: usize,
    /// All synapses deliver event by event.
    pub by_events: bool,
}

const ONE: Sweep = Sweep { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: [0, 0], transposed: false };

/// Every window covers the whole source.
fn whole(from: Geometry) -> Sweep {
    Sweep { kernel: [from.height, from.width], stride: [0, 0], ..ONE }
}

impl Synapse {
    /// `diagonal`: an identity gets rows.
    pub fn new(spec: &SynapseSpec, from_geometry: Geometry, layout: Layout, diagonal: bool) -> Synapse {
        let SynapseSpec { source, kind, delayed } = *spec;
        let Layout { to, columns, width, vectors, groups: chunk_groups, by_events } = layout;
        let packed_to = to.packed(columns);
        let reshaped = matches!(kind, Kind::Identity { .. }) && from_geometry != to;
        let from = if reshaped { to } else { from_geometry };
        let mut view = if reshaped { View::Reshaped(to) } else { View::Same };
        let expected = kind.weights(from, to);
        let form = match kind {
            Kind::Sparse { .. } => Form::Sparse,
            Kind::Dense if by_events => {
                Form::Events { sweep: whole(from), groups: 1, per_position: to.positions() > 1 }
            }
            Kind::Conv(sweep, groups) if by_events => Form::Events { sweep, groups, per_position: false },
            Kind::Identity { per_neuron } if by_events => {
                Form::Events { sweep: ONE, groups: to.channels, per_position: per_neuron }
            }
            Kind::Dense => {
                Form::Rows { sweep: whole(from), rows: from.size(), groups: 1, per_position: to.positions() > 1 }
            }
            Kind::Conv(sweep, groups) => {
                // Chunks that straddle groups get rows of all inputs, with zeros.
                let groups = if chunk_groups % groups == 0 { groups } else { 1 };
                let sweep = if columns > 1 { sweep.packed(columns) } else { sweep };
                if groups > 1 {
                    view = View::Grouped(groups);
                }
                Form::Rows {
                    sweep,
                    rows: sweep.kernel[0] * sweep.kernel[1] * from.channels / groups,
                    groups,
                    per_position: false,
                }
            }
            Kind::Identity { .. } if diagonal => {
                let sweep = ONE.packed(columns);
                Form::Rows { sweep, rows: packed_to.channels, groups: 1, per_position: false }
            }
            Kind::Identity { per_neuron } => Form::Lanes { per_neuron },
        };
        let length = match form {
            Form::Rows { rows, per_position, .. } => rows * vectors * if per_position { to.positions() } else { 1 },
            Form::Lanes { per_neuron } => vectors * if per_neuron { packed_to.positions() } else { 1 },
            Form::Events { .. } | Form::Sparse => 0,
        };
        let raw = Vec::with_capacity(if by_events { expected } else { 0 });
        let (packed, lead) = rows::empty(length, width);
        Synapse {
            source,
            delay: delayed.map_or(0, |delayed| delayed.ticks),
            form,
            view,
            kind,
            from,
            to: packed_to,
            columns,
            width,
            vectors,
            packed,
            lead,
            raw,
            expected,
            received: 0,
            fan: kind.fan(from, to),
        }
    }

    /// Adds the next words, in the order of the synapse's kind.
    pub fn push(&mut self, values: &[u32], chunks: &[Chunk]) -> Result<(), String> {
        let first = self.received;
        self.received += values.len();
        if self.received > self.expected {
            return Err(self.miscounted());
        }
        let others = self.kind.words_before_weights(self.from).saturating_sub(first);
        if !values.iter().skip(others).all(|&bits| self.width.fits(bits)) {
            let expected = if self.width == Width::Float {
                "weights: expected finite numbers"
            } else {
                "weights: expected at most 32767"
            };
            return Err(expected.into());
        }
        match (self.kind, &self.form) {
            (Kind::Sparse { connections }, _) => return self.push_sparse(values, connections),
            (_, Form::Events { .. }) => self.keep(first, values),
            _ => self.pack(first, values, chunks),
        }
        Ok(())
    }

    #[cold]
    fn miscounted(&self) -> String {
        format!("weights: expected {} values, got {}", self.expected, self.received)
    }

    pub fn complete(&self) -> Result<(), String> {
        if self.received != self.expected {
            return Err(self.miscounted());
        }
        self.sparse().map_or(Ok(()), |rows| rows.check())
    }

    /// Rows of a chunk's block where every one reaches the one position of the target; else 0.
    pub fn dense_rows(&self) -> usize {
        if self.kind == Kind::Dense && self.to.positions() == 1 {
            self.from.size()
        } else {
            0
        }
    }

    /// Taps that a position has at most; 0 where the synapse has no rows.
    pub fn most_taps(&self) -> usize {
        let Form::Rows { sweep, .. } = &self.form else { return 0 };
        sweep.kernel[0] * if sweep.whole_rows() { 1 } else { sweep.kernel[1] }
    }

    pub fn packed_bytes(&self) -> usize {
        self.packed.len() * 16
    }

    /// Whether it delivers event by event.
    pub fn by_events(&self) -> bool {
        matches!(self.form, Form::Events { .. } | Form::Sparse)
    }

    /// Groups whose inputs differ from chunk to chunk.
    pub fn separate_groups(&self) -> usize {
        if let Form::Rows { groups, .. } = self.form {
            groups
        } else {
            1
        }
    }

    #[inline(never)]
    pub fn cost(&self, spikes: &Spikes) -> Cost {
        if spikes.current {
            return Cost::default();
        }
        match self.sparse() {
            Some(rows) => rows.cost(spikes, self.from),
            None => self.fan.cost(spikes, self.from.width),
        }
    }
}
