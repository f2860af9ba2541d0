//! Rows of parameters: one value for each channel, or one for each neuron.

use crate::spikes::Geometry;

/// Bits of f32 or i32, padded to the chunks: one row for all positions, or one for each.
#[derive(Clone)]
pub struct PerNeuron {
    values: Vec<u32>,
    stride: usize,
    channels: usize,
    padded: usize,
}

impl PerNeuron {
    /// `values`: one for each channel or for each neuron; `fill` where there is no neuron. Of a position here: `columns` neighbours.
    pub fn new(values: &[u32], geometry: Geometry, columns: usize, padded: usize, fill: u32) -> PerNeuron {
        let of_each = values.len() == geometry.channels && columns > 1;
        let values = &*if of_each { values.repeat(columns) } else { values.to_vec() };
        let channels = geometry.channels * columns;
        let rows = values.len() / channels;
        let mut spread = vec![fill; rows * padded];
        for (to, from) in spread.chunks_exact_mut(padded).zip(values.chunks_exact(channels)) {
            to[..channels].copy_from_slice(from);
        }
        PerNeuron { values: spread, stride: if rows > 1 { padded } else { 0 }, channels, padded }
    }

    /// One row for each position, padding included.
    pub fn of_positions(values: Vec<u32>, padded: usize) -> PerNeuron {
        PerNeuron { values, stride: padded, channels: padded, padded }
    }

    #[inline(always)]
    pub fn at(&self, position: usize) -> &[u32] {
        &self.values[position * self.stride..]
    }

    pub fn into_values(self) -> Vec<u32> {
        self.values
    }

    /// The values without padding.
    pub fn neurons(&self) -> impl Iterator<Item = u32> + '_ {
        self.values.chunks_exact(self.padded.max(1)).flat_map(|row| &row[..self.channels]).copied()
    }

    /// Another value for each, with zeros where there is no neuron; None if any has none.
    pub fn try_map(&self, value: impl Fn(u32) -> Option<u32>) -> Option<PerNeuron> {
        let mut mapped = PerNeuron { values: vec![0; self.values.len()], ..*self };
        for (to, from) in mapped.values.chunks_exact_mut(self.padded).zip(self.values.chunks_exact(self.padded)) {
            for (to, &from) in to.iter_mut().zip(&from[..self.channels]) {
                *to = value(from)?;
            }
        }
        Some(mapped)
    }

    /// Sums of integers; `other` may be empty, which counts as zeros.
    pub fn plus(&self, other: &PerNeuron) -> PerNeuron {
        let each = |list: &PerNeuron, at: usize| list.values.get(at % list.values.len().max(1)).copied().unwrap_or(0);
        let values = (0..self.values.len().max(other.values.len()))
            .map(|at| each(self, at).wrapping_add(each(other, at)))
            .collect();
        PerNeuron { values, stride: self.stride.max(other.stride), ..*self }
    }
}
