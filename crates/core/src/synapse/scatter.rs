//! Delivery event by event into one row of potentials: depthwise convolutions, small groups, identities. There a vector of
//! neurons shares no weight row, and a dense matrix would be mostly zeros.

use super::sweep::Sweep;
use super::{Form, Synapse};
use crate::spikes::{Geometry, Spikes};
use std::ops::Range;

/// Charges of i32 or f32.
pub trait Charge: Copy {
    fn of(bits: u32) -> Self;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    /// The charges, if they are f32.
    fn floats(charges: &mut [Self]) -> Option<&mut [f32]>;
}

impl Charge for f32 {
    #[inline(always)]
    fn of(bits: u32) -> f32 {
        f32::from_bits(bits)
    }
    #[inline(always)]
    fn plus(self, other: f32) -> f32 {
        self + other
    }
    #[inline(always)]
    fn minus(self, other: f32) -> f32 {
        self - other
    }
    #[inline(always)]
    fn times(self, other: f32) -> f32 {
        self * other
    }
    #[inline(always)]
    fn floats(charges: &mut [f32]) -> Option<&mut [f32]> {
        Some(charges)
    }
}

impl Charge for i32 {
    #[inline(always)]
    fn of(bits: u32) -> i32 {
        bits as i32
    }
    #[inline(always)]
    fn plus(self, other: i32) -> i32 {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn minus(self, other: i32) -> i32 {
        self.wrapping_sub(other)
    }
    #[inline(always)]
    fn times(self, other: i32) -> i32 {
        self.wrapping_mul(other)
    }
    #[inline(always)]
    fn floats(_: &mut [i32]) -> Option<&mut [f32]> {
        None
    }
}

/// For each input column, the (tap, output column) pairs that read it: computed once a synapse.
pub type Readers = Vec<Vec<(usize, usize)>>;

pub fn readers(synapse: &Synapse, to: Geometry) -> Readers {
    match &synapse.form {
        Form::Events { sweep, .. } => sweep.readers(1, synapse.from.width, to.width),
        _ => Vec::new(),
    }
}

/// Where the events go: row `y` of a layer whose positions are `padded` potentials apart.
#[derive(Clone, Copy)]
pub struct Row {
    pub geometry: Geometry,
    pub padded: usize,
    pub y: usize,
}

/// What one synapse delivers to one row of potentials, ascending for each neuron.
#[derive(Clone, Copy)]
pub struct Scatter<'a> {
    pub synapse: &'a Synapse,
    pub readers: &'a Readers,
    pub to: Row,
}

/// One input column under one kernel row.
struct Column<'a> {
    ky: usize,
    readers: &'a [(usize, usize)],
    entries: &'a [u32],
    events: Range<usize>,
    origin: usize,
}

impl Scatter<'_> {
    /// Adds (or subtracts) the weights of the spikes of one plane.
    #[inline(never)]
    pub fn deliver<C: Charge>(self, spikes: &Spikes, plane: usize, minus: bool, potentials: &mut [C]) {
        if let (Some(rows), Some(potentials)) = (self.synapse.sparse(), C::floats(potentials)) {
            return rows.deliver(spikes, plane, self.synapse.from, self.to, potentials);
        }
        match minus {
            true => self.row(spikes, plane, potentials, |v: C, q, _| v.minus(q)),
            false => self.row(spikes, plane, potentials, |v: C, q, _| v.plus(q)),
        }
    }

    /// Adds `factor` times the weights of the spikes of one plane.
    #[inline(never)]
    pub fn deliver_scaled<C: Charge>(self, spikes: &Spikes, plane: usize, factor: C, potentials: &mut [C]) {
        self.row(spikes, plane, potentials, |v: C, q, _| v.plus(q.times(factor)));
    }

    /// Adds weight · value of the spikes, which carry values.
    #[inline(never)]
    pub fn deliver_values<C: Charge>(self, spikes: &Spikes, potentials: &mut [C]) {
        self.row(spikes, 0, potentials, |v: C, q, at| v.plus(q.times(C::of(spikes.values[at]))));
    }

    /// Adds weight · value of every input: constant current.
    pub fn deliver_constant<C: Charge>(self, values: &[u32], potentials: &mut [C]) {
        if let (Some(rows), Some(potentials)) = (self.synapse.sparse(), C::floats(potentials)) {
            return rows.deliver_constant(values, self.to, potentials);
        }
        let Form::Events { sweep, .. } = &self.synapse.form else { return };
        let from = self.synapse.from;
        for ky in sweep.taps(0) {
            let Some(row) = sweep.input(0, self.to.y, ky, from.height) else { continue };
            for (x, readers) in self.readers.iter().enumerate() {
                for channel in 0..from.channels {
                    let value = C::of(values[(row * from.width + x) * from.channels + channel]);
                    self.add(ky, readers, channel, potentials, |v: C, q: C| v.plus(q.times(value)));
                }
            }
        }
    }

    /// `operation(potential, weight, number of the event)` gives the new potential.
    #[inline(always)]
    fn row<C: Charge>(self, spikes: &Spikes, plane: usize, potentials: &mut [C], operation: impl Fn(C, C, usize) -> C) {
        let Form::Events { sweep, groups, .. } = &self.synapse.form else { return };
        let from = self.synapse.from;
        let depthwise = *groups == from.channels && from.channels == self.to.geometry.channels;
        for ky in sweep.taps(0) {
            let Some(row) = sweep.input(0, self.to.y, ky, from.height) else { continue };
            let cells = (row * spikes.planes + plane) * from.width;
            for (x, readers) in self.readers.iter().enumerate() {
                let events = spikes.starts[cells + x] as usize..spikes.starts[cells + x + 1] as usize;
                let origin = x * from.channels;
                if !depthwise {
                    for at in events {
                        let channel = spikes.entries[at] as usize - origin;
                        self.add(ky, readers, channel, potentials, |v, q| operation(v, q, at));
                    }
                    continue;
                }
                for readers in readers.chunks(3) {
                    let column = Column { ky, readers, entries: &spikes.entries, events: events.clone(), origin };
                    match readers.len() {
                        1 => self.add_channels::<C, 1>(column, potentials, &operation),
                        2 => self.add_channels::<C, 2>(column, potentials, &operation),
                        _ => self.add_channels::<C, 3>(column, potentials, &operation),
                    }
                }
            }
        }
    }

    /// Events of a depthwise layer, in the R columns that read them.
    #[inline(always)]
    fn add_channels<C: Charge, const R: usize>(
        self,
        Column { ky, readers, entries, events, origin }: Column,
        potentials: &mut [C],
        operation: &impl Fn(C, C, usize) -> C,
    ) {
        let channels = self.synapse.from.channels;
        let weights: [&[u32]; R] = std::array::from_fn(|reader| {
            let (kx, column) = readers[reader];
            &self.synapse.raw[self.weights_from(column, [ky, kx], 1, 0)..][..channels]
        });
        let length = potentials.len();
        let potentials = potentials.as_mut_ptr();
        let targets: [*mut C; R] = std::array::from_fn(|reader| {
            let first = readers[reader].1 * self.to.padded;
            assert!(first + channels <= length, "a column has room for every channel");
            potentials.wrapping_add(first)
        });
        for at in events {
            let channel = entries[at] as usize - origin;
            for reader in 0..R {
                // SAFETY: an entry of column x is x·channels and a channel; weights and targets have one value for each.
                unsafe {
                    let v = targets[reader].add(channel);
                    *v = operation(*v, C::of(*weights[reader].get_unchecked(channel)), at);
                }
            }
        }
    }

    /// Where the weights begin, those of output channel 0 first, that carry an input of a group to an output column.
    #[inline(always)]
    fn weights_from(self, column: usize, [ky, kx]: [usize; 2], inputs_per_group: usize, input: usize) -> usize {
        let Form::Events { sweep, per_position, .. } = &self.synapse.form else { return 0 };
        let row = if *per_position {
            self.row_at_position(sweep, column, [ky, kx], inputs_per_group, input)
        } else {
            (ky * sweep.kernel[1] + kx) * inputs_per_group + input
        };
        row * self.to.geometry.channels
    }

    /// The row of an input's weights where each position of the target has weights of its own.
    #[inline(never)]
    fn row_at_position(
        self,
        sweep: &Sweep,
        column: usize,
        [ky, kx]: [usize; 2],
        inputs_per_group: usize,
        input: usize,
    ) -> usize {
        let position = self.to.y * self.to.geometry.width + column;
        ((position * sweep.kernel[0] + ky) * sweep.kernel[1] + kx) * inputs_per_group + input
    }

    /// Calls `visit(weight, value)` for every spike that reaches one neuron of the row.
    pub fn visit_values(self, spikes: &Spikes, x: usize, channel: usize, visit: &mut impl FnMut(u32, u32)) {
        let Form::Events { sweep, groups, .. } = &self.synapse.form else { return };
        let (from, outputs) = (self.synapse.from, self.to.geometry.channels);
        let (inputs_per_group, outputs_per_group) = (from.channels / groups, outputs / groups);
        let group = channel / outputs_per_group * inputs_per_group;
        for (ky, kx) in taps_of(sweep) {
            let place = sweep.input(0, self.to.y, ky, from.height).zip(sweep.input(1, x, kx, from.width));
            let Some((row, column)) = place else { continue };
            let cell = row * from.width + column;
            for at in spikes.starts[cell] as usize..spikes.starts[cell + 1] as usize {
                let input = (spikes.entries[at] as usize - column * from.channels).checked_sub(group);
                let Some(input) = input.filter(|&input| input < inputs_per_group) else { continue };
                let weights = self.weights_from(x, [ky, kx], inputs_per_group, input);
                visit(self.synapse.raw[weights + channel], spikes.values[at]);
            }
        }
    }

    #[inline(always)]
    fn add<C: Charge>(
        self,
        ky: usize,
        readers: &[(usize, usize)],
        channel: usize,
        potentials: &mut [C],
        operation: impl Fn(C, C) -> C,
    ) {
        let Form::Events { groups, .. } = &self.synapse.form else { return };
        let (inputs_per_group, outputs_per_group) =
            (self.synapse.from.channels / groups, self.to.geometry.channels / groups);
        let (first, input) = if inputs_per_group == 1 {
            (channel * outputs_per_group, 0)
        } else {
            (channel / inputs_per_group * outputs_per_group, channel % inputs_per_group)
        };
        for &(kx, column) in readers {
            let weights = self.weights_from(column, [ky, kx], inputs_per_group, input) + first;
            let at = column * self.to.padded + first;
            let targets = potentials[at..at + outputs_per_group].iter_mut();
            for (v, &bits) in targets.zip(&self.synapse.raw[weights..weights + outputs_per_group]) {
                *v = operation(*v, C::of(bits));
            }
        }
    }
}

fn taps_of(sweep: &Sweep) -> impl Iterator<Item = (usize, usize)> {
    let [height, width] = sweep.kernel;
    (0..height).flat_map(move |ky| (0..width).map(move |kx| (ky, kx)))
}
