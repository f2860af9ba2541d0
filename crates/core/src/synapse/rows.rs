//! Weights packed as rows of vectors: what one input sends to the lanes of one chunk lies side by side.

use super::chunks::{Chunk, Width};
use super::spec::Kind;
use super::sweep::Sweep;
use super::{Form, Synapse};

/// 16-byte units, so that rows lie on vector boundaries.
#[derive(Clone, Copy)]
#[repr(align(16))]
pub(super) struct Vector([u8; 16]);

/// Vectors of a cache line: rows that begin one touch as few lines as they can.
const LINE_VECTORS: usize = 4;

/// Rows without connections, and how many vectors lie before the first.
pub(super) fn empty(length: usize, width: Width) -> (Vec<Vector>, usize) {
    // A missing connection is −0.0: adding +0.0 to −0.0 gives +0.0.
    let missing = if width == Width::Float { (-0.0f32).to_ne_bytes() } else { [0; 4] };
    let mut empty = [0; 16];
    empty.chunks_exact_mut(4).for_each(|word| word.copy_from_slice(&missing));
    let packed = vec![Vector(empty); length + LINE_VECTORS - 1];
    let lead = (packed.as_ptr() as usize).wrapping_neg() / 16 % LINE_VECTORS;
    (packed, lead)
}

/// Bits of the weight of one lane of a row.
///
/// # Safety
/// The row has `lane`.
#[inline(always)]
pub unsafe fn weight_at(width: Width, row: *const u8, lane: usize) -> u32 {
    if width == Width::Narrow {
        i32::from(*row.cast::<i16>().add(lane)) as u32
    } else {
        *row.cast::<u32>().add(lane)
    }
}

impl Synapse {
    /// Keeps weights, the first of which has the number `first`, in the order in which `Form::Events` delivers them.
    pub(super) fn keep(&mut self, first: usize, values: &[u32]) {
        if self.kind != Kind::Dense {
            return self.raw.extend_from_slice(values);
        }
        let (inputs, channels) = (self.from.size(), self.to.channels);
        self.raw.resize(self.expected, 0);
        for (index, &bits) in (first..).zip(values) {
            let (neuron, input) = (index / inputs, index % inputs);
            self.raw[(neuron / channels * inputs + input) * channels + neuron % channels] = bits;
        }
    }

    /// Packs weights, the first of which has the number `first`, into rows.
    pub(super) fn pack(&mut self, first: usize, values: &[u32], chunks: &[Chunk]) {
        let (lanes, vectors) = (self.width.lanes(), self.vectors);
        let size = 16 / lanes;
        let packed = &mut self.packed[self.lead..];
        // SAFETY: a Vector is 16 plain bytes.
        let bytes = unsafe { std::slice::from_raw_parts_mut(packed.as_mut_ptr().cast::<u8>(), packed.len() * 16) };
        let (from, columns) = (self.from, self.columns);
        let channels = self.to.channels / columns;
        let per_position = |position: usize, rows: usize, each: bool| if each { position * rows * vectors } else { 0 };
        let chunk_of: Vec<usize> =
            (0..self.to.channels).map(|channel| chunks.partition_point(|chunk| chunk.first <= channel) - 1).collect();
        for (index, &bits) in (first..).zip(values) {
            // `step`: rows from one packed column to the next; None where each neuron has its own weight.
            let (block, row, rows, channel, step) = match (self.kind, &self.form) {
                (Kind::Dense, &Form::Rows { rows, per_position: each, .. }) => {
                    let neuron = index / from.size();
                    (per_position(neuron / channels, rows, each), index % from.size(), rows, neuron % channels, None)
                }
                (Kind::Conv(Sweep { kernel, stride, .. }, groups), &Form::Rows { rows, groups: separate, .. }) => {
                    let per_group = from.channels / groups;
                    let (channel, row) = (index % channels, index / channels);
                    let row = if separate == groups {
                        row
                    } else {
                        row / per_group * from.channels + channel / (channels / groups) * per_group + row % per_group
                    };
                    let further = (columns - 1) * stride[1] * from.channels;
                    let row = row + row / (kernel[1] * from.channels) * further;
                    (0, row, rows, channel, Some(stride[1] * from.channels))
                }
                (_, &Form::Rows { rows, .. }) => (0, index, rows, index, Some(channels)),
                (_, _) if self.expected == channels => (0, 0, 1, index, Some(0)),
                (_, _) => {
                    let (position, channel) = (index / self.to.channels, index % self.to.channels);
                    (per_position(position, 1, true), 0, 1, channel, None)
                }
            };
            for column in 0..if step.is_some() { columns } else { 1 } {
                let (row, channel) = (row + column * step.unwrap_or(0), channel + column * channels);
                let chunk = &chunks[chunk_of[channel]];
                let at = ((block + rows * chunk.offset + row * chunk.vectors) * lanes + channel - chunk.first) * size;
                if size == 2 {
                    bytes[at..at + 2].copy_from_slice(&(bits as u16).to_ne_bytes());
                } else {
                    bytes[at..at + 4].copy_from_slice(&bits.to_ne_bytes());
                }
            }
        }
    }

    /// First row of a chunk's block.
    #[inline(always)]
    pub(super) fn block(&self, position: usize, chunk: &Chunk) -> *const u8 {
        let at = match self.form {
            Form::Rows { rows, per_position, .. } => {
                usize::from(per_position) * position * rows * self.vectors + rows * chunk.offset
            }
            Form::Lanes { per_neuron } => usize::from(per_neuron) * position * self.vectors + chunk.offset,
            _ => 0,
        };
        self.packed.as_ptr().wrapping_add(self.lead + at).cast()
    }

    /// Rows of a chunk, for `driven`; the one row of an identity.
    pub fn rows_of(&self, y: usize, x: usize, chunk: &Chunk) -> *const u8 {
        self.block(y * self.to.width + x, chunk)
    }

    /// Weight of one lane of an identity.
    pub fn lane_weight(&self, position: usize, chunk: &Chunk, lane: usize) -> u32 {
        // SAFETY: `block` points at the chunk's vectors, which have `lane`.
        unsafe { weight_at(self.width, self.block(position, chunk), lane) }
    }

    /// The narrow weights that a lane of a chunk can receive, of one block.
    pub(super) fn column(&self, list: &mut Vec<i16>, position: usize, chunk: &Chunk, lane: usize) {
        let rows = if let Form::Rows { rows, .. } = self.form { rows } else { 1 };
        let start = (self.block(position, chunk) as usize - self.packed.as_ptr() as usize) / 16;
        let (vector, at) = (lane / 8, 2 * (lane % 8));
        list.extend(
            self.packed[start..start + rows * chunk.vectors]
                .iter()
                .skip(vector)
                .step_by(chunk.vectors)
                .map(|row| i16::from_ne_bytes([row.0[at], row.0[at + 1]])),
        );
    }

    /// Blocks of rows: one, or one for each position.
    pub(super) fn blocks(&self) -> usize {
        let each = matches!(self.form, Form::Rows { per_position: true, .. } | Form::Lanes { per_neuron: true });
        if each {
            self.to.positions()
        } else {
            1
        }
    }
}
