//! Geometry and packed weights of one synapse.

use crate::chunks::{Chunk, Width};
use crate::fan::Fan;
use crate::kernel::drive::Driven;
use crate::kernel::rows::Tap;
use crate::spikes::{Geometry, Spikes};
use crate::sweep::Sweep;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    /// Weights [outputs, inputs].
    Dense,
    /// Weights [ky, kx, inputs / groups, outputs].
    Conv(Sweep, usize),
    /// Weights: one for each neuron, or one for each channel of the target.
    Identity { per_neuron: bool },
}

/// 16-byte units, so that rows lie on vector boundaries.
#[derive(Clone, Copy)]
#[repr(align(16))]
struct Vector([u8; 16]);

/// Vectors of a cache line: rows that begin one touch as few lines as they can.
const LINE_VECTORS: usize = 4;

pub enum Form {
    /// Rows of weights for every chunk; blocks of `rows` rows, one for each position of the target if `per_position`.
    Rows { sweep: Sweep, rows: usize, groups: usize, per_position: bool },
    /// One lane an event.
    Lanes { per_neuron: bool },
    /// Weights in the order in which they came: delivered event by event into rows of potentials.
    Events { sweep: Sweep, groups: usize, per_neuron: bool },
}

/// What must become of the source's spikes before they are delivered.
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
    to: Geometry,
    width: Width,
    packed: Vec<Vector>,
    /// Vectors before the first row, which begins a cache line.
    lead: usize,
    pub raw: Vec<u32>,
    expected: usize,
    received: usize,
    /// Existing targets of a spike, by row and by column, and channels.
    fan: Fan,
}

const ONE: Sweep = Sweep { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: [0, 0], transposed: false };

impl Synapse {
    /// `by_events`: the layer delivers event by event. `diagonal`: an identity gets rows. `padded`: vectors of all chunks.
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        source: usize,
        kind: Kind,
        source_geometry: Geometry,
        to: Geometry,
        width: Width,
        vectors: usize,
        by_events: bool,
        chunk_groups: usize,
        diagonal: bool,
    ) -> Synapse {
        let reshaped = matches!(kind, Kind::Identity { .. }) && source_geometry != to;
        let from = if reshaped { to } else { source_geometry };
        let mut view = if reshaped { View::Reshaped(to) } else { View::Same };
        let expected = match kind {
            Kind::Dense => to.size() * from.size(),
            Kind::Conv(sweep, groups) => sweep.kernel[0] * sweep.kernel[1] * (from.channels / groups) * to.channels,
            Kind::Identity { per_neuron } => {
                if per_neuron {
                    to.size()
                } else {
                    to.channels
                }
            }
        };
        let form = match kind {
            _ if by_events => match kind {
                Kind::Conv(sweep, groups) => Form::Events { sweep, groups, per_neuron: false },
                Kind::Identity { per_neuron } => Form::Events { sweep: ONE, groups: to.channels, per_neuron },
                Kind::Dense => unreachable!("dense synapses have rows"),
            },
            Kind::Dense => {
                let sweep = Sweep {
                    kernel: [from.height, from.width],
                    stride: [0, 0],
                    dilation: [1, 1],
                    padding: [0, 0],
                    transposed: false,
                };
                Form::Rows { sweep, rows: from.size(), groups: 1, per_position: to.positions() > 1 }
            }
            Kind::Conv(sweep, groups) => {
                // Chunks that straddle groups get rows of all inputs, with zeros.
                let groups = if chunk_groups % groups == 0 { groups } else { 1 };
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
                Form::Rows { sweep: ONE, rows: to.channels, groups: 1, per_position: false }
            }
            Kind::Identity { per_neuron } => Form::Lanes { per_neuron },
        };
        let length = match form {
            Form::Rows { rows, per_position, .. } => rows * vectors * if per_position { to.positions() } else { 1 },
            Form::Lanes { per_neuron } => vectors * if per_neuron { to.positions() } else { 1 },
            Form::Events { .. } => 0,
        };
        // A missing connection is −0.0: adding it changes no float, +0.0 would turn −0.0 round.
        let missing = if width == Width::Float { (-0.0f32).to_ne_bytes() } else { [0; 4] };
        let mut empty = [0; 16];
        empty.chunks_exact_mut(4).for_each(|word| word.copy_from_slice(&missing));
        let fan = match kind {
            Kind::Dense => Fan::uniform(from, to.size() as u64),
            Kind::Identity { .. } => Fan::uniform(from, 1),
            Kind::Conv(sweep, groups) => Fan::of(&sweep, from, to, (to.channels / groups) as u64),
        };
        let raw = Vec::with_capacity(if by_events { expected } else { 0 });
        let packed = vec![Vector(empty); length + LINE_VECTORS - 1];
        let lead = (packed.as_ptr() as usize).wrapping_neg() / 16 % LINE_VECTORS;
        Synapse { source, delay: 0, form, view, kind, from, to, width, packed, lead, raw, expected, received: 0, fan }
    }

    pub fn delayed(self, ticks: usize) -> Synapse {
        Synapse { delay: ticks, ..self }
    }

    /// Takes the next weights, in the order of the kind.
    pub fn push(&mut self, values: &[u32], chunks: &[Chunk], vectors: usize) -> Result<(), String> {
        if self.received + values.len() > self.expected {
            return Err(format!("weights: expected {} values, got {}", self.expected, self.received + values.len()));
        }
        let fits = |bits: u32| match self.width {
            Width::Float => f32::from_bits(bits).is_finite(),
            Width::Narrow => (bits as i32).unsigned_abs() <= 32767,
            Width::Wide => true,
        };
        if !values.iter().all(|&bits| fits(bits)) {
            return Err(format!(
                "weights: expected {}",
                if self.width == Width::Float { "finite numbers" } else { "at most 32767" }
            ));
        }
        let first = self.received;
        self.received += values.len();
        if let Form::Events { .. } = self.form {
            self.raw.extend_from_slice(values);
            return Ok(());
        }
        let lanes = self.width.lanes();
        let size = 16 / lanes;
        let packed = &mut self.packed[self.lead..];
        // SAFETY: a Vector is 16 plain bytes.
        let bytes = unsafe { std::slice::from_raw_parts_mut(packed.as_mut_ptr().cast::<u8>(), packed.len() * 16) };
        let (to, from) = (self.to, self.from);
        let per_position = |position: usize, rows: usize, each: bool| if each { position * rows * vectors } else { 0 };
        let chunk_of: Vec<usize> =
            (0..to.channels).map(|channel| chunks.partition_point(|chunk| chunk.first <= channel) - 1).collect();
        for (index, &bits) in (first..).zip(values) {
            let (block, row, rows, channel) = match (self.kind, &self.form) {
                (Kind::Dense, &Form::Rows { rows, per_position: each, .. }) => {
                    let neuron = index / from.size();
                    (per_position(neuron / to.channels, rows, each), index % from.size(), rows, neuron % to.channels)
                }
                (Kind::Conv(_, groups), &Form::Rows { rows, groups: separate, .. }) => {
                    let per_group = from.channels / groups;
                    let (channel, row) = (index % to.channels, index / to.channels);
                    let row = if separate == groups {
                        row
                    } else {
                        row / per_group * from.channels + channel / (to.channels / groups) * per_group + row % per_group
                    };
                    (0, row, rows, channel)
                }
                (_, &Form::Rows { rows, .. }) => (0, index, rows, index),
                (_, _) => {
                    let each = self.expected != to.channels;
                    (per_position(index / to.channels, 1, each), 0, 1, index % to.channels)
                }
            };
            let chunk = &chunks[chunk_of[channel]];
            let at = ((block + rows * chunk.offset + row * chunk.vectors) * lanes + channel - chunk.first) * size;
            if size == 2 {
                bytes[at..at + 2].copy_from_slice(&(bits as u16).to_ne_bytes());
            } else {
                bytes[at..at + 4].copy_from_slice(&bits.to_ne_bytes());
            }
        }
        Ok(())
    }

    pub fn complete(&self) -> Result<(), String> {
        if self.received == self.expected {
            Ok(())
        } else {
            Err(format!("weights: expected {} values, got {}", self.expected, self.received))
        }
    }

    /// First row of a chunk's block.
    #[inline(always)]
    fn block(&self, position: usize, chunk: &Chunk, vectors: usize) -> *const u8 {
        let at = match self.form {
            Form::Rows { rows, per_position, .. } => {
                usize::from(per_position) * position * rows * vectors + rows * chunk.offset
            }
            Form::Lanes { per_neuron } => usize::from(per_neuron) * position * vectors + chunk.offset,
            Form::Events { .. } => 0,
        };
        self.packed.as_ptr().wrapping_add(self.lead + at).cast()
    }

    /// Rows of a chunk's block where every one reaches the one position of the target; else 0.
    pub fn dense_rows(&self) -> usize {
        if self.kind == Kind::Dense && self.to.positions() == 1 {
            self.from.size()
        } else {
            0
        }
    }

    /// Calls `visit(input row, first x, end x, shift)` for every contiguous range under (y, x), ascending: the row of an input
    /// channel is x·channels + channel + shift.
    #[inline(always)]
    fn ranges(&self, y: usize, x: usize, channels: usize, mut visit: impl FnMut(usize, usize, usize, isize)) {
        let Form::Rows { sweep, .. } = &self.form else { return };
        let left = (x * sweep.stride[1]) as isize - sweep.padding[1] as isize;
        for ky in sweep.taps(0) {
            let Some(row) = sweep.input(0, y, ky, self.from.height) else { continue };
            let first_row = (ky * sweep.kernel[1] * channels) as isize;
            if sweep.whole_rows() {
                let (a, b) = (left.max(0), (left + sweep.kernel[1] as isize).min(self.from.width as isize));
                if a < b {
                    visit(row, a as usize, b as usize, first_row - left * channels as isize);
                }
                continue;
            }
            for kx in sweep.taps(1) {
                if let Some(at) = sweep.input(1, x, kx, self.from.width) {
                    visit(row, at, at + 1, first_row + (kx as isize - at as isize) * channels as isize);
                }
            }
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

    /// Whether the input rows under an output row can be delivered as one list, out of order: not where a row's taps are apart.
    pub fn gathers(&self) -> bool {
        matches!(&self.form, Form::Rows { sweep, groups: 1, .. } if sweep.kernel[0] > 1 && sweep.whole_rows())
    }

    /// Columns of a cell of gathered spikes: all where every position reads all.
    fn cell_columns(&self) -> usize {
        if self.kind == Kind::Dense {
            self.from.width
        } else {
            1
        }
    }

    /// The spikes of all input rows under output row `y`.
    pub fn gather(&self, gathered: &mut Spikes, spikes: &Spikes, y: usize, rows: &mut Vec<(usize, u32)>) {
        let Form::Rows { sweep, .. } = &self.form else { return };
        let row_entries = sweep.kernel[1] * self.from.channels;
        rows.clear();
        rows.extend(
            (0..sweep.kernel[0])
                .filter_map(|ky| Some((sweep.input(0, y, ky, self.from.height)?, (ky * row_entries) as u32))),
        );
        gathered.gather(spikes, self.from, rows, self.cell_columns());
    }

    /// What of a row's gathered spikes reaches a chunk at (y, x).
    #[inline(always)]
    pub fn gathered_tap(
        &self,
        taps: &mut Vec<Tap>,
        gathered: &Spikes,
        y: usize,
        x: usize,
        chunk: &Chunk,
        vectors: usize,
    ) {
        let Form::Rows { sweep, .. } = &self.form else { return };
        let left = (x * sweep.stride[1]) as isize - sweep.padding[1] as isize;
        let (a, b) = (left.max(0), (left + sweep.kernel[1] as isize).min(self.from.width as isize));
        if gathered.entries.is_empty() || a >= b {
            return;
        }
        let columns = self.cell_columns();
        let shift = -left * (self.from.channels * chunk.vectors * 16) as isize;
        taps.push(Tap {
            starts: gathered.starts.as_ptr().wrapping_add(a as usize / columns),
            stride: self.from.width / columns,
            span: (b - a) as usize / columns,
            entries: gathered.entries.as_ptr(),
            readable: gathered.entries.len(),
            values: gathered.values.as_ptr(),
            rows: self.block(y * self.to.width + x, chunk, vectors).wrapping_offset(shift),
            single: false,
            first: 0,
        });
    }

    /// What reaches a chunk at (y, x), in order. `spikes`: of the source, through the view.
    #[inline(never)]
    pub fn taps(&self, taps: &mut Vec<Tap>, spikes: &Spikes, y: usize, x: usize, chunk: &Chunk, vectors: usize) {
        let position = y * self.to.width + x;
        let block = self.block(position, chunk, vectors);
        let width = self.from.width;
        let tap = |row: usize, a: usize, b: usize, rows: *const u8, single: bool, first: usize| Tap {
            starts: spikes.starts.as_ptr().wrapping_add(row * spikes.planes * width + a),
            stride: width,
            span: b - a,
            entries: spikes.entries.as_ptr(),
            readable: spikes.entries.len(),
            values: spikes.values.as_ptr(),
            rows,
            single,
            first,
        };
        match self.form {
            Form::Lanes { .. } => {
                if !spikes.silent(self.from, y) {
                    taps.push(tap(y, x, x + 1, block, true, x * self.to.channels + chunk.first));
                }
            }
            Form::Rows { groups, .. } => {
                let group = chunk.first / (self.to.channels / groups);
                let row_bytes = (chunk.vectors * 16) as isize;
                let seen = Geometry { height: self.from.height * groups, ..self.from };
                self.ranges(y, x, self.from.channels / groups, |row, a, b, shift| {
                    let row = row * groups + group;
                    if !spikes.silent(seen, row) {
                        taps.push(tap(row, a, b, block.wrapping_offset(shift * row_bytes), false, 0));
                    }
                });
            }
            Form::Events { .. } => {}
        }
    }

    /// Inputs of constant current under (y, x), ascending, with the rows of a chunk's group.
    #[inline(never)]
    pub fn driven(&self, list: &mut Vec<Driven>, values: &[u32], y: usize, x: usize, chunk: &Chunk, keep_zeros: bool) {
        list.clear();
        let Form::Rows { groups, .. } = self.form else { return };
        let per_group = self.from.channels / groups;
        let group = chunk.first / (self.to.channels / groups);
        self.ranges(y, x, per_group, |row, a, b, shift| {
            for column in a..b {
                let at = (row * self.from.width + column) * self.from.channels + group * per_group;
                let first = (column * per_group) as isize + shift;
                for (channel, &value) in values[at..at + per_group].iter().enumerate() {
                    if keep_zeros || value << 1 != 0 {
                        list.push(Driven { row: first as u32 + channel as u32, value });
                    }
                }
            }
        });
    }

    /// Rows of a chunk, for `driven`; the one row of an identity.
    pub fn rows_of(&self, y: usize, x: usize, chunk: &Chunk, vectors: usize) -> *const u8 {
        self.block(y * self.to.width + x, chunk, vectors)
    }

    /// Weight of one lane of an identity.
    pub fn lane_weight(&self, position: usize, chunk: &Chunk, vectors: usize, lane: usize) -> u32 {
        // SAFETY: `block` points at the chunk's vectors, which have `lane`.
        unsafe {
            let row = self.block(position, chunk, vectors);
            if self.width == Width::Narrow {
                i32::from(*row.cast::<i16>().add(lane)) as u32
            } else {
                *row.cast::<u32>().add(lane)
            }
        }
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
    pub fn operations(&self, spikes: &Spikes) -> u64 {
        if spikes.current {
            return 0;
        }
        self.fan.operations(spikes, self.from.width)
    }

    /// The narrow weights that a lane of a chunk can receive, of one block.
    pub fn column(
        &self,
        list: &mut Vec<i16>,
        position: usize,
        chunk: &Chunk,
        vectors: usize,
        vector: usize,
        lane: usize,
    ) {
        let rows = if let Form::Rows { rows, .. } = self.form { rows } else { 1 };
        let start = (self.block(position, chunk, vectors) as usize - self.packed.as_ptr() as usize) / 16;
        list.extend(
            self.packed[start..start + rows * chunk.vectors]
                .iter()
                .skip(vector)
                .step_by(chunk.vectors)
                .map(|row| i16::from_ne_bytes([row.0[2 * lane], row.0[2 * lane + 1]])),
        );
    }

    pub fn blocks(&self) -> usize {
        let each = matches!(self.form, Form::Rows { per_position: true, .. } | Form::Lanes { per_neuron: true });
        if each {
            self.to.positions()
        } else {
            1
        }
    }
}
