//! Delivery event by event into one row of potentials: depthwise convolutions, small groups, identities. There a vector of
//! neurons shares no weight row, and a dense matrix would be mostly zeros.

use crate::layer::Layer;
use crate::spikes::{Geometry, Spikes};
use crate::synapse::{Form, Synapse};

/// Charges of i32 or f32.
pub trait Charge: Copy {
    fn of(bits: u32) -> Self;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
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
}

/// For each input column, the (tap, output column) pairs that read it: computed once a synapse.
pub type Readers = Vec<Vec<(usize, usize)>>;

pub fn readers(synapse: &Synapse, to: Geometry) -> Readers {
    match &synapse.form {
        Form::Events { sweep, .. } => sweep.readers(1, synapse.from.width, to.width),
        _ => Vec::new(),
    }
}

/// Adds (or subtracts) what the spikes of one plane deliver to row `y` of the layer's potentials, ascending for each neuron.
#[inline(never)]
#[allow(clippy::too_many_arguments)]
pub fn deliver<C: Charge>(
    layer: &Layer,
    synapse: &Synapse,
    readers: &Readers,
    spikes: &Spikes,
    y: usize,
    plane: usize,
    minus: bool,
    potentials: &mut [C],
) {
    match minus {
        true => deliver_row(layer, synapse, readers, spikes, y, plane, potentials, |v: C, q, _| v.minus(q)),
        false => deliver_row(layer, synapse, readers, spikes, y, plane, potentials, |v: C, q, _| v.plus(q)),
    }
}

/// The same of spikes that carry a value: adds weight · value.
#[inline(never)]
pub fn deliver_values<C: Charge>(
    layer: &Layer,
    synapse: &Synapse,
    readers: &Readers,
    spikes: &Spikes,
    y: usize,
    potentials: &mut [C],
) {
    deliver_row(layer, synapse, readers, spikes, y, 0, potentials, |v: C, q, at| {
        v.plus(q.times(C::of(spikes.values[at])))
    });
}

/// `operation(potential, weight, number of the event)` gives the new potential.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn deliver_row<C: Charge>(
    layer: &Layer,
    synapse: &Synapse,
    readers: &Readers,
    spikes: &Spikes,
    y: usize,
    plane: usize,
    potentials: &mut [C],
    operation: impl Fn(C, C, usize) -> C,
) {
    let Form::Events { sweep, groups, .. } = &synapse.form else { return };
    let from = synapse.from;
    let depthwise = *groups == from.channels && from.channels == layer.geometry.channels;
    for ky in sweep.taps(0) {
        let Some(row) = sweep.input(0, y, ky, from.height) else { continue };
        let cells = (row * spikes.planes + plane) * from.width;
        for (x, readers) in readers.iter().enumerate() {
            let events = spikes.starts[cells + x] as usize..spikes.starts[cells + x + 1] as usize;
            let origin = x * from.channels;
            if !depthwise {
                for at in events {
                    add(layer, synapse, y, ky, readers, spikes.entries[at] as usize - origin, potentials, |v, q| {
                        operation(v, q, at)
                    });
                }
                continue;
            }
            for readers in readers.chunks(3) {
                match readers.len() {
                    1 => add_channels::<C, 1>(
                        layer,
                        synapse,
                        y,
                        ky,
                        readers,
                        spikes,
                        events.clone(),
                        origin,
                        potentials,
                        &operation,
                    ),
                    2 => add_channels::<C, 2>(
                        layer,
                        synapse,
                        y,
                        ky,
                        readers,
                        spikes,
                        events.clone(),
                        origin,
                        potentials,
                        &operation,
                    ),
                    _ => add_channels::<C, 3>(
                        layer,
                        synapse,
                        y,
                        ky,
                        readers,
                        spikes,
                        events.clone(),
                        origin,
                        potentials,
                        &operation,
                    ),
                }
            }
        }
    }
}

/// Events of a depthwise layer, in the R columns that read them.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn add_channels<C: Charge, const R: usize>(
    layer: &Layer,
    synapse: &Synapse,
    y: usize,
    ky: usize,
    readers: &[(usize, usize)],
    spikes: &Spikes,
    events: std::ops::Range<usize>,
    origin: usize,
    potentials: &mut [C],
    operation: &impl Fn(C, C, usize) -> C,
) {
    let channels = synapse.from.channels;
    let weights: [&[u32]; R] = std::array::from_fn(|reader| {
        let (kx, column) = readers[reader];
        &synapse.raw[weights_from(layer, synapse, [y, column], [ky, kx], 1, 0)..][..channels]
    });
    let length = potentials.len();
    let potentials = potentials.as_mut_ptr();
    let targets: [*mut C; R] = std::array::from_fn(|reader| {
        let first = readers[reader].1 * layer.padded;
        assert!(first + channels <= length, "a column has room for every channel");
        potentials.wrapping_add(first)
    });
    for at in events {
        let channel = spikes.entries[at] as usize - origin;
        for reader in 0..R {
            // SAFETY: an entry of column x is x·channels and a channel; weights and targets have one value for each.
            unsafe {
                let v = targets[reader].add(channel);
                *v = operation(*v, C::of(*weights[reader].get_unchecked(channel)), at);
            }
        }
    }
}

/// Where the weights begin, those of output channel 0 first, that carry an input of a group to an output position.
#[inline(always)]
fn weights_from(
    layer: &Layer,
    synapse: &Synapse,
    [y, column]: [usize; 2],
    [ky, kx]: [usize; 2],
    inputs_per_group: usize,
    input: usize,
) -> usize {
    let Form::Events { sweep, per_neuron, .. } = &synapse.form else { return 0 };
    let row = if *per_neuron {
        y * layer.geometry.width + column
    } else {
        (ky * sweep.kernel[1] + kx) * inputs_per_group + input
    };
    row * layer.geometry.channels
}

/// Calls `visit(weight, value)` for every spike that reaches one neuron.
pub fn visit_values(
    layer: &Layer,
    synapse: &Synapse,
    spikes: &Spikes,
    y: usize,
    x: usize,
    channel: usize,
    visit: &mut impl FnMut(u32, u32),
) {
    let Form::Events { sweep, groups, .. } = &synapse.form else { return };
    let (from, outputs) = (synapse.from, layer.geometry.channels);
    let (inputs_per_group, outputs_per_group) = (from.channels / groups, outputs / groups);
    let group = channel / outputs_per_group * inputs_per_group;
    for (ky, kx) in (0..sweep.kernel[0]).flat_map(|ky| (0..sweep.kernel[1]).map(move |kx| (ky, kx))) {
        let Some((row, column)) = sweep.input(0, y, ky, from.height).zip(sweep.input(1, x, kx, from.width)) else {
            continue;
        };
        let cell = row * from.width + column;
        for at in spikes.starts[cell] as usize..spikes.starts[cell + 1] as usize {
            let Some(input) = (spikes.entries[at] as usize - column * from.channels)
                .checked_sub(group)
                .filter(|&input| input < inputs_per_group)
            else {
                continue;
            };
            visit(
                synapse.raw[weights_from(layer, synapse, [y, x], [ky, kx], inputs_per_group, input) + channel],
                spikes.values[at],
            );
        }
    }
}

/// Adds weight · value of every input to row `y`: constant current.
pub fn deliver_constant<C: Charge>(
    layer: &Layer,
    synapse: &Synapse,
    readers: &Readers,
    values: &[u32],
    y: usize,
    potentials: &mut [C],
) {
    let Form::Events { sweep, .. } = &synapse.form else { return };
    let from = synapse.from;
    for ky in sweep.taps(0) {
        let Some(row) = sweep.input(0, y, ky, from.height) else { continue };
        for (x, readers) in readers.iter().enumerate() {
            for channel in 0..from.channels {
                let value = C::of(values[(row * from.width + x) * from.channels + channel]);
                add(layer, synapse, y, ky, readers, channel, potentials, |v: C, q: C| v.plus(q.times(value)));
            }
        }
    }
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn add<C: Charge>(
    layer: &Layer,
    synapse: &Synapse,
    y: usize,
    ky: usize,
    readers: &[(usize, usize)],
    channel: usize,
    potentials: &mut [C],
    operation: impl Fn(C, C) -> C,
) {
    let Form::Events { groups, .. } = &synapse.form else { return };
    let (inputs_per_group, outputs_per_group) = (synapse.from.channels / groups, layer.geometry.channels / groups);
    let (first, input) = if inputs_per_group == 1 {
        (channel * outputs_per_group, 0)
    } else {
        (channel / inputs_per_group * outputs_per_group, channel % inputs_per_group)
    };
    for &(kx, column) in readers {
        let weights = weights_from(layer, synapse, [y, column], [ky, kx], inputs_per_group, input) + first;
        let at = column * layer.padded + first;
        for (v, &bits) in
            potentials[at..at + outputs_per_group].iter_mut().zip(&synapse.raw[weights..weights + outputs_per_group])
        {
            *v = operation(*v, C::of(bits));
        }
    }
}
