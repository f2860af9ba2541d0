//! Sparse connections: for each source neuron a list of targets and weights, delivered event by event. In f32 and without values:
//! only rate has them.

use super::fan::Cost;
use super::scatter::Row;
use super::spec::Kind;
use super::Synapse;
use crate::spikes::{Geometry, Spikes};
use std::ops::Range;

/// Compressed sparse rows: offsets, one more than there are source neurons; target neurons, ascending for each source; weights. The
/// connections of source n are `offsets[n]..offsets[n + 1]`.
#[derive(Clone, Copy)]
pub(super) struct SparseRows<'a> {
    offsets: &'a [u32],
    /// Where their potentials are in the layer.
    targets: &'a [u32],
    weights: &'a [u32],
}

impl Synapse {
    /// Its connections, if it is sparse and complete.
    #[inline(always)]
    pub(super) fn sparse(&self) -> Option<SparseRows<'_>> {
        let Kind::Sparse { connections } = self.kind else { return None };
        let (offsets, others) = self.raw.split_at(self.from.size() + 1);
        let (targets, weights) = others.split_at(connections);
        Some(SparseRows { offsets, targets, weights })
    }

    /// Adds the next words: targets become places of potentials, so that no run divides.
    pub(super) fn push_sparse(&mut self, values: &[u32], connections: usize) -> Result<(), String> {
        let (size, channels, padded) = (self.to.size(), self.to.channels, self.vectors * self.width.lanes());
        let (first, before) = (self.from.size() + 1, self.raw.len());
        self.raw.extend_from_slice(values);
        let end = self.raw.len().min(first + connections);
        for target in &mut self.raw[before.max(first).min(end)..end] {
            let neuron = *target as usize;
            if neuron >= size {
                return Err("sparse: expected targets inside the layer".into());
            }
            *target = (neuron / channels * padded + neuron % channels) as u32;
        }
        Ok(())
    }
}

impl SparseRows<'_> {
    pub fn check(&self) -> Result<(), String> {
        let (mut last, mut rises) = (0, true);
        for &offset in self.offsets {
            rises &= offset >= last;
            last = offset;
        }
        if rises && self.offsets[0] == 0 && last as usize == self.targets.len() {
            return Ok(());
        }
        Err("sparse: expected offsets from 0 to the number of targets".into())
    }

    #[inline(always)]
    fn range(&self, source: usize) -> Range<usize> {
        self.offsets[source] as usize..self.offsets[source + 1] as usize
    }

    #[inline(never)]
    pub fn cost(&self, spikes: &Spikes, from: Geometry) -> Cost {
        let mut additions = 0;
        for plane in 0..spikes.planes {
            each_event(spikes, plane, from, |source| additions += self.range(source).len() as u64);
        }
        Cost { operations: additions, additions }
    }

    /// Adds the weights of the spikes of one plane.
    #[inline(never)]
    pub fn deliver(self, spikes: &Spikes, plane: usize, from: Geometry, to: Row, potentials: &mut [f32]) {
        each_event(spikes, plane, from, |source| self.add(source, to, potentials, |v, q| v + q));
    }

    /// Adds weight · value of every input: constant current.
    #[inline(never)]
    pub fn deliver_constant(self, values: &[u32], to: Row, potentials: &mut [f32]) {
        for (source, &value) in values.iter().enumerate() {
            let value = f32::from_bits(value);
            self.add(source, to, potentials, |v, q| v + q * value);
        }
    }

    /// Changes the potentials that a source reaches in the row.
    #[inline(always)]
    fn add(&self, source: usize, to: Row, potentials: &mut [f32], operation: impl Fn(f32, f32) -> f32) {
        let size = to.geometry.width * to.padded;
        let origin = to.y * size;
        let range = if to.geometry.height == 1 { self.range(source) } else { self.within(source, origin, size) };
        for (&target, &bits) in self.targets[range.clone()].iter().zip(&self.weights[range]) {
            let v = &mut potentials[target as usize - origin];
            *v = operation(*v, f32::from_bits(bits));
        }
    }

    /// The connections of a source to `size` places from `origin` on.
    #[inline(never)]
    fn within(&self, source: usize, origin: usize, size: usize) -> Range<usize> {
        let all = self.range(source);
        let list = &self.targets[all.clone()];
        let below = |end: usize| all.start + list.partition_point(|&target| (target as usize) < end);
        below(origin)..below(origin + size)
    }
}

/// Calls `visit` with the source neuron of every spike of a plane, ascending.
#[inline(always)]
fn each_event(spikes: &Spikes, plane: usize, from: Geometry, mut visit: impl FnMut(usize)) {
    for row in 0..from.height {
        let origin = row * from.width * from.channels;
        spikes.row(from, row, plane).iter().for_each(|&entry| visit(origin + entry as usize));
    }
}
