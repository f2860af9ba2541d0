//! Geometry and packed weights of the synapses into one layer.

use crate::kernel::accumulate::Tap;
use crate::pool::covering;
use crate::spikes::{Geometry, Spikes};

/// Weights as they arrive: bits of f32 or i32.
pub enum Kind {
    /// [outputs, inputs].
    Dense,
    /// [ky, kx, inputs / groups, outputs], with sizes kernel, stride, dilation (vertical, horizontal), padding (top, left), groups.
    Conv([usize; 9]),
    /// One for each neuron, or one for each channel of the target.
    Identity,
}

pub struct SynapseSpec {
    pub source: usize,
    pub kind: Kind,
    pub weights: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Width {
    Float,
    Wide,
    Narrow,
}

impl Width {
    pub fn lanes(self) -> usize {
        if self == Width::Narrow { 8 } else { 4 }
    }
}

/// A chunk of output channels whose potentials fit the registers.
#[derive(Clone, Copy)]
pub struct ChunkRange {
    pub first: usize,
    pub vectors: usize,
    /// Events that cannot leave i16, whatever they are (narrow weights only).
    pub run: usize,
}

pub fn chunks(channels: usize, width: Width) -> Vec<ChunkRange> {
    let (mut list, mut first) = (Vec::new(), 0);
    while first < channels {
        let left = (channels - first).div_ceil(width.lanes());
        let vectors = match left { 8.. => 8, 7 => 8, 4..=6 => 4, 3 => 4, other => other };
        list.push(ChunkRange { first, vectors, run: usize::MAX });
        first += vectors * width.lanes();
    }
    list
}

pub fn padded(chunks: &[ChunkRange], width: Width) -> usize {
    chunks.last().map_or(0, |last| last.first + last.vectors * width.lanes())
}

/// 16-byte units, so that rows lie on vector boundaries.
#[derive(Clone, Copy)]
#[repr(align(16))]
struct Vector(#[allow(dead_code)] [u8; 16]);

pub struct Synapse {
    pub source: usize,
    from: Geometry,
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: [usize; 2],
    per_position: bool,
    /// Rows of one block: kernel height · kernel width · input channels.
    rows: usize,
    packed: Vec<Vector>,
    /// Existing targets of a spike: by row, by column, and channels.
    fan: (Vec<u64>, Vec<u64>, u64),
}

impl Synapse {
    pub fn new(spec: &SynapseSpec, from: Geometry, to: Geometry, chunks: &[ChunkRange], width: Width) -> Synapse {
        let positions = to.height * to.width;
        let same = from == to;
        let conv = if let Kind::Conv(sizes) = spec.kind { Some(sizes) } else { None };
        let one = [1, 1];
        let (kernel, stride, dilation, padding, groups) = match (&conv, &spec.kind) {
            (Some([kh, kw, sy, sx, dy, dx, top, left, groups]), _) => ([*kh, *kw], [*sy, *sx], [*dy, *dx], [*top, *left], *groups),
            (None, Kind::Identity) if same => (one, one, one, [0, 0], 1),
            _ => ([from.height, from.width], [0, 0], one, [0, 0], 1),
        };
        let per_position = match spec.kind {
            Kind::Dense => positions > 1,
            Kind::Conv(_) => false,
            Kind::Identity => !same || spec.weights.len() == to.size(),
        };
        let rows = kernel[0] * kernel[1] * from.channels;
        // A missing connection is −0.0: adding it changes no float, +0.0 would turn −0.0 round.
        let missing = if width == Width::Float { (-0.0f32).to_bits() } else { 0 };
        let (per_group, outputs_per_group) = (from.channels / groups, to.channels / groups);
        let weight = |position: usize, row: usize, channel: usize| -> u32 {
            if channel >= to.channels {
                return missing;
            }
            let neuron = position * to.channels + channel;
            match &spec.kind {
                Kind::Dense => spec.weights[neuron * from.size() + row],
                Kind::Conv(_) => {
                    let (tap, input) = (row / from.channels, row % from.channels);
                    if input / per_group != channel / outputs_per_group {
                        return missing;
                    }
                    spec.weights[(tap * per_group + input % per_group) * to.channels + channel]
                }
                Kind::Identity => {
                    let linked = if same { row == channel } else { row == neuron };
                    if !linked {
                        return missing;
                    }
                    spec.weights[if spec.weights.len() == to.size() { neuron } else { channel }]
                }
            }
        };
        let blocks = if per_position { positions } else { 1 };
        let mut packed = Vec::with_capacity(blocks * rows * padded(chunks, width) / width.lanes());
        for position in 0..blocks {
            for chunk in chunks {
                for row in 0..rows {
                    for vector in 0..chunk.vectors {
                        let mut bytes = [0u8; 16];
                        for lane in 0..width.lanes() {
                            let value = weight(position, row, chunk.first + vector * width.lanes() + lane);
                            match width {
                                Width::Narrow => bytes[2 * lane..2 * lane + 2].copy_from_slice(&(value as i32 as i16).to_ne_bytes()),
                                _ => bytes[4 * lane..4 * lane + 4].copy_from_slice(&value.to_ne_bytes()),
                            }
                        }
                        packed.push(Vector(bytes));
                    }
                }
            }
        }
        let fan = match spec.kind {
            Kind::Dense => (vec![1; from.height], vec![1; from.width], to.size() as u64),
            Kind::Identity => (vec![1; from.height], vec![1; from.width], 1),
            Kind::Conv(_) => {
                let count = |axis: usize, input: usize, output: usize| {
                    covering(input, output, kernel[axis], stride[axis], dilation[axis], padding[axis]).iter().map(|list| list.len() as u64).collect()
                };
                (count(0, from.height, to.height), count(1, from.width, to.width), outputs_per_group as u64)
            }
        };
        Synapse { source: spec.source, from, kernel, stride, dilation, padding, per_position, rows, packed, fan }
    }

    fn block(&self, position: usize, chunk: &ChunkRange, padded: usize, width: Width) -> *const u8 {
        let position = if self.per_position { position } else { 0 };
        let vectors = position * self.rows * padded / width.lanes() + self.rows * chunk.first / width.lanes();
        self.packed.as_ptr().wrapping_add(vectors).cast()
    }

    /// Calls `visit(input row, first x, end x, first kernel row)` for every contiguous range under (y, x), ascending.
    #[inline(always)]
    fn ranges(&self, y: usize, x: usize, mut visit: impl FnMut(usize, usize, usize, isize)) {
        let channels = self.from.channels as isize;
        let left = (x * self.stride[1]) as isize - self.padding[1] as isize;
        for ky in 0..self.kernel[0] {
            let row = (y * self.stride[0] + ky * self.dilation[0]) as isize - self.padding[0] as isize;
            if row < 0 || row >= self.from.height as isize {
                continue;
            }
            let first_row = (ky * self.kernel[1]) as isize * channels;
            if self.dilation[1] == 1 {
                let (a, b) = (left.max(0), (left + self.kernel[1] as isize).min(self.from.width as isize));
                if a < b {
                    visit(row as usize, a as usize, b as usize, first_row - left * channels);
                }
                continue;
            }
            for kx in 0..self.kernel[1] {
                let at = left + (kx * self.dilation[1]) as isize;
                if at >= 0 && at < self.from.width as isize {
                    visit(row as usize, at as usize, at as usize + 1, first_row + (kx as isize - at) * channels);
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    pub fn taps(&self, taps: &mut Vec<Tap>, spikes: &Spikes, y: usize, x: usize, position: usize, chunk: &ChunkRange, padded: usize, width: Width) {
        let block = self.block(position, chunk, padded, width);
        let row_bytes = (chunk.vectors * 16) as isize;
        self.ranges(y, x, |row, a, b, shift| {
            let starts = spikes.starts.as_ptr().wrapping_add(row * spikes.ticks * self.from.width + a);
            taps.push(Tap { starts, stride: self.from.width, span: b - a, entries: spikes.entries.as_ptr(), rows: block.wrapping_offset(shift * row_bytes) });
        });
    }

    /// Ranges of a constant input under one position: values and their weight rows.
    #[allow(clippy::too_many_arguments)]
    pub fn constants(&self, y: usize, x: usize, position: usize, chunk: &ChunkRange, padded: usize, width: Width, mut visit: impl FnMut(std::ops::Range<usize>, *const u8)) {
        let block = self.block(position, chunk, padded, width);
        let channels = self.from.channels;
        self.ranges(y, x, |row, a, b, shift| {
            let start = (row * self.from.width + a) * channels;
            let first = (a * channels) as isize + shift;
            visit(start..start + (b - a) * channels, block.wrapping_offset(first * (chunk.vectors * 16) as isize));
        });
    }

    pub fn operations(&self, spikes: &Spikes) -> u64 {
        let (rows, columns, channels) = &self.fan;
        let width = self.from.width;
        let mut total = 0;
        for (row, fan) in rows.iter().enumerate() {
            for tick in 0..spikes.ticks {
                let at = (row * spikes.ticks + tick) * width;
                let here = &spikes.starts[at..=at + width];
                total += fan * columns.iter().enumerate().map(|(x, fan)| fan * u64::from(here[x + 1] - here[x])).sum::<u64>();
            }
        }
        total * channels
    }

    /// Whether every |q| of the spec fits i16.
    pub fn is_narrow(weights: &[u32]) -> bool {
        weights.iter().all(|&bits| (bits as i32).unsigned_abs() <= 32767)
    }

    pub fn packed_i16(&self, chunk: &ChunkRange, padded: usize, position: usize) -> &[[i16; 8]] {
        let start = (self.block(position, chunk, padded, Width::Narrow) as usize - self.packed.as_ptr() as usize) / 16;
        let rows = &self.packed[start..start + self.rows * chunk.vectors];
        // SAFETY: Vector and [i16; 8] have one size, any bytes are valid, and Vector's alignment is the stricter.
        unsafe { std::slice::from_raw_parts(rows.as_ptr().cast(), rows.len()) }
    }

    pub fn blocks(&self, positions: usize) -> usize {
        if self.per_position { positions } else { 1 }
    }
}

/// Largest number of events whose sums stay in i16 whatever they are. `distinct`: no input spikes twice in a tick.
pub fn provable_run(synapses: &[Synapse], chunk: &ChunkRange, padded: usize, positions: usize, distinct: bool) -> usize {
    let mut run = usize::MAX;
    let blocks = synapses.iter().map(|synapse| synapse.blocks(positions)).max().unwrap_or(1);
    let mut column: Vec<i32> = Vec::new();
    for position in 0..blocks {
        for vector in 0..chunk.vectors {
            for lane in 0..8 {
                column.clear();
                for synapse in synapses {
                    column.extend(synapse.packed_i16(chunk, padded, position).iter().skip(vector).step_by(chunk.vectors).map(|row| i32::from(row[lane])));
                }
                run = run.min(if distinct {
                    column.sort_unstable();
                    longest(column.iter().map(|q| -q)).min(longest(column.iter().rev().copied()))
                } else {
                    let largest = column.iter().map(|q| q.abs()).max().unwrap_or(0);
                    if largest == 0 { usize::MAX } else { (32767 / largest) as usize }
                });
            }
        }
    }
    run.max(1)
}

/// How many of the descending values can be added without leaving i16; no limit where all can.
fn longest(values: impl Iterator<Item = i32>) -> usize {
    let mut sum = 0;
    for (count, value) in values.take_while(|&value| value > 0).enumerate() {
        sum += value;
        if sum > 32767 {
            return count;
        }
    }
    usize::MAX
}
