//! A row of a layer of `ttfs` in slots: in integers, the order of sums is nothing.

use crate::chunks::Width;
use crate::kernel::lanes::Lanes;
use crate::kernel::levels::count_slots;
use crate::kernel::values::{values_narrow, values_wide, ValuesInteger};
use crate::layer::{Layer, PerNeuron};
use crate::spikes::{put_eight, Geometry, Spikes, PLACES};
use crate::state::{as_integers, gather_row, grow, spikes_of, LayerState, Scratch};
use crate::synapse::{Form, Synapse};
use crate::timed::weight_at;
use crate::with_vectors;

/// Adds everything that arrives at row `y` to the charges in `scratch.row`.
#[inline(never)]
pub fn integrate_slots<L: Lanes>(
    layer: &Layer,
    state: &mut LayerState,
    before: &[Spikes],
    scratch: &mut Scratch,
    y: usize,
) {
    gather_row(layer, state, before, scratch, y);
    for (index, synapse) in layer.synapses.iter().enumerate() {
        let spikes = spikes_of(layer, index, &state.views, before);
        if let Form::Lanes { .. } = synapse.form {
            add_identity(layer, synapse, spikes, y, &mut scratch.row);
            continue;
        }
        for chunk in &layer.chunks {
            for x in 0..layer.geometry.width {
                scratch.taps.clear();
                if synapse.gathers() {
                    synapse.gathered_tap(&mut scratch.taps, &state.gathered[index], y, x, chunk, layer.vectors);
                } else {
                    synapse.taps(&mut scratch.taps, spikes, y, x, chunk, layer.vectors);
                }
                let charges = &mut as_integers(&mut scratch.row)[x * layer.padded + chunk.first..]
                    [..chunk.vectors * layer.width.lanes()];
                // SAFETY: charges are those of the chunk's lanes; taps read live spikes with values, whose entries are rows of its block.
                unsafe {
                    let charge = charges.as_mut_ptr();
                    match layer.width {
                        Width::Narrow => {
                            with_vectors!(chunk.vectors, values_narrow: ValuesInteger, L, &scratch.taps, charge)
                        }
                        _ => with_vectors!(chunk.vectors, values_wide: ValuesInteger, L, &scratch.taps, charge),
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
        let weights = synapse.rows_of(y, x, &layer.chunks[0], layer.vectors);
        for (&entry, &value) in spikes.entries[range.clone()].iter().zip(&spikes.values[range]) {
            let channel = entry as usize - x * channels;
            // SAFETY: the rows of an identity's chunks follow one another: a weight for each channel.
            let weight = unsafe { weight_at(layer.width, weights, channel) };
            charges[channel] = charges[channel].wrapping_add(weight.wrapping_mul(value));
        }
    }
}

/// Appends the spikes of row `y`, whose charges are in `scratch.row`, and counts them.
#[inline(never)]
pub fn fire_slots<L: Lanes>(
    layer: &Layer,
    state: &mut LayerState,
    out: &mut Spikes,
    scratch: &mut Scratch,
    y: usize,
    slots: i32,
    reciprocal: &PerNeuron,
) {
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
    if !state.counts.is_empty() {
        let counts = state.counts[y * width * channels..][..width * channels].chunks_exact_mut(channels);
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
