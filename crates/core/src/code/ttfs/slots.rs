//! Slots (T7): charges in i32, whose sums do not depend on order.

use super::{enter_values, Run, Ttfs};
use crate::bits::{as_integers, grow, put_eight, PLACES};
use crate::code::At;
use crate::kernel::levels::count_slots;
use crate::kernel::values::{values_narrow, values_wide, ValuesInteger};
use crate::lanes::Lanes;
use crate::layer::Layer;
use crate::parameters::PerNeuron;
use crate::spikes::{Geometry, Spikes};
use crate::synapse::chunks::Width;
use crate::synapse::{weight_at, Form, Synapse};
use crate::with_vectors;

/// Input spikes: spikes of slot t, of `slots`, carry slots − t. From (slot, neuron) order into neuron order.
pub(super) fn enter(input: &mut Spikes, geometry: Geometry, neurons: &[u32], starts: &[u32]) {
    let slots = starts.len() - 1;
    let mut places = vec![0u32; geometry.size() + 1];
    neurons.iter().for_each(|&neuron| places[neuron as usize + 1] += 1);
    (1..places.len()).for_each(|neuron| places[neuron] += places[neuron - 1]);
    let (mut sorted, mut values) = (vec![0; neurons.len()], vec![0; neurons.len()]);
    for slot in 0..slots {
        for &neuron in &neurons[starts[slot] as usize..starts[slot + 1] as usize] {
            let place = &mut places[neuron as usize];
            (sorted[*place as usize], values[*place as usize]) = (neuron, (slots - slot) as u32);
            *place += 1;
        }
    }
    enter_values(input, geometry, &sorted, &values);
}

/// Slots from the spike of a neuron of charge `v` ≥ θ to the window's end.
#[inline(always)]
pub(super) fn slot(v: u32, theta: u32, slots: i32) -> u32 {
    v.min(capped(theta, slots)) / theta
}

/// A neuron above its cap spikes in the first slot.
#[inline(always)]
pub(super) fn capped(theta: u32, slots: i32) -> u32 {
    // May be 2^31 − 1 at most: checked with the network.
    theta.wrapping_mul(slots as u32 + 1).wrapping_sub(1)
}

impl Run<'_> {
    /// Adds everything that arrives at row `y` to the charges in the scratch.
    #[inline(never)]
    pub(super) fn integrate_slots<L: Lanes>(&mut self, y: usize) {
        let (layer, scratch) = (self.at.layer, &mut *self.at.scratch);
        self.inputs.gather(y, &mut scratch.rows);
        for (index, synapse) in layer.synapses.iter().enumerate() {
            if let Form::Lanes { .. } = synapse.form {
                add_identity(layer, synapse, self.inputs.of(index), y, &mut scratch.row);
                continue;
            }
            for chunk in &layer.chunks {
                for x in 0..layer.geometry.width {
                    scratch.taps.clear();
                    self.inputs.gathered_taps(&mut scratch.taps, index, chunk, y, x);
                    let charges = &mut as_integers(&mut scratch.row)[x * layer.padded + chunk.first..]
                        [..chunk.vectors * layer.width.lanes()];
                    let (taps, charge) = (&scratch.taps[..], charges.as_mut_ptr());
                    // SAFETY: charges are those of the chunk's lanes; taps read live spikes with values, whose entries are rows of
                    // its block.
                    unsafe {
                        match layer.width {
                            Width::Narrow => {
                                with_vectors!(chunk.vectors, values_narrow: ValuesInteger, L, taps, charge)
                            }
                            _ => with_vectors!(chunk.vectors, values_wide: ValuesInteger, L, taps, charge),
                        }
                    }
                }
            }
        }
    }
}

/// Weight · value into the one neuron that each spike reaches.
#[inline(never)]
fn add_identity(layer: &Layer, synapse: &Synapse, spikes: &Spikes, y: usize, row: &mut [u32]) {
    let Geometry { width, channels, .. } = layer.geometry;
    for x in 0..width {
        let charges = &mut row[x * layer.padded..][..channels];
        let cell = y * width + x;
        let range = spikes.starts[cell] as usize..spikes.starts[cell + 1] as usize;
        let weights = synapse.rows_of(y, x, &layer.chunks[0]);
        for (&entry, &value) in spikes.entries[range.clone()].iter().zip(&spikes.values[range]) {
            let channel = entry as usize - x * channels;
            // SAFETY: the rows of an identity's chunks follow one another: a weight for each channel.
            let weight = unsafe { weight_at(layer.width, weights, channel) };
            charges[channel] = charges[channel].wrapping_add(weight.wrapping_mul(value));
        }
    }
}

/// Appends the spikes of row `y`, whose charges are in the scratch, and counts them.
#[inline(never)]
pub(super) fn fire<L: Lanes>(at: &mut At<Ttfs>, out: &mut Spikes, y: usize, slots: i32, reciprocal: &PerNeuron) {
    let At { layer, scratch, record, .. } = at;
    let Geometry { width, channels, .. } = layer.geometry;
    let padded = layer.padded;
    let bytes = padded / 8;
    grow(&mut scratch.bits, (width * bytes).div_ceil(8));
    for x in 0..width {
        let factors = &reciprocal.at(y * width + x)[..padded];
        // SAFETY: a position has `padded` charges and factors, and a bit for each.
        unsafe {
            let bits = scratch.bits.as_mut_ptr().cast::<u8>().add(x * bytes);
            count_slots::<L>(scratch.row.as_mut_ptr().add(x * padded).cast(), factors.as_ptr(), padded, slots, bits);
        }
    }
    if !record.counts.is_empty() {
        let counts = record.counts[y * width * channels..][..width * channels].chunks_exact_mut(channels);
        counts.zip(scratch.row.chunks_exact(padded)).for_each(|(counts, row)| counts.copy_from_slice(&row[..channels]));
    }
    let most = width * padded + 8;
    out.entries.reserve(most);
    out.values.reserve(most);
    out.starts.reserve(width);
    let (entries, values) = (out.entries.as_mut_ptr(), out.values.as_mut_ptr());
    let mut length = out.entries.len();
    for x in 0..width {
        out.starts.push(length as u32);
        for byte in 0..bytes {
            // SAFETY: at most one entry a lane is counted, and eight more may be written; a byte has eight counts.
            unsafe {
                let eight = usize::from(*scratch.bits.as_ptr().cast::<u8>().add(x * bytes + byte));
                let counts = scratch.row.as_ptr().add(x * padded + 8 * byte);
                let chosen: [u32; 8] = std::array::from_fn(|at| *counts.add(PLACES[eight][at] as usize));
                values.add(length).cast::<[u32; 8]>().write_unaligned(chosen);
                length += put_eight(entries.add(length), eight, x * channels + 8 * byte);
            }
        }
    }
    // SAFETY: they have been written.
    unsafe {
        out.entries.set_len(length);
        out.values.set_len(length);
    }
}
