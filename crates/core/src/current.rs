//! Constant current into one layer: once a run.

use crate::chunks::Width;
use crate::events::deliver_constant;
use crate::kernel::drive::{drive_f, drive_narrow, drive_wide, DriveFloat, DriveInteger};
use crate::kernel::lanes::Lanes;
use crate::layer::{Layer, PerNeuron};
use crate::state::{as_floats, as_integers, LayerState, Scratch};
use crate::synapse::Form;
use crate::with_vectors;

/// Sets the drive: what arrives in every tick (synchronous) or once a window.
#[inline(never)]
pub fn set_drive<L: Lanes>(layer: &Layer, state: &mut LayerState, values: Option<&[u32]>, scratch: &mut Scratch) {
    let Some(values) = values.filter(|_| layer.synapses.iter().any(|synapse| synapse.source == 0)) else {
        state.drive = None;
        return;
    };
    let rest = if layer.width == Width::Float { &layer.bias } else { &layer.base };
    let (width, padded) = (layer.geometry.width, layer.padded);
    let mut drive =
        state.drive.take().map_or_else(|| vec![0; layer.geometry.positions() * padded], PerNeuron::into_values);
    for (position, row) in drive.chunks_exact_mut(padded).enumerate() {
        row.copy_from_slice(&rest.at(position)[..padded]);
    }
    for (index, synapse) in layer.synapses.iter().enumerate().filter(|(_, synapse)| synapse.source == 0) {
        for y in 0..layer.geometry.height {
            let row = &mut drive[y * width * padded..(y + 1) * width * padded];
            match synapse.form {
                Form::Events { .. } if layer.width == Width::Float => {
                    deliver_constant(layer, synapse, &state.readers[index], values, y, as_floats(row))
                }
                Form::Events { .. } => {
                    deliver_constant(layer, synapse, &state.readers[index], values, y, as_integers(row))
                }
                Form::Lanes { .. } => lanes(layer, index, values, y, row),
                Form::Rows { .. } => rows::<L>(layer, index, values, y, row, scratch),
            }
        }
    }
    state.drive = Some(PerNeuron::of_positions(drive, padded));
}

#[inline(never)]
fn rows<L: Lanes>(layer: &Layer, index: usize, values: &[u32], y: usize, row: &mut [u32], scratch: &mut Scratch) {
    let synapse = &layer.synapses[index];
    for x in 0..layer.geometry.width {
        let mut listed = usize::MAX;
        for chunk in &layer.chunks {
            let group = chunk.first * synapse.separate_groups() / layer.geometry.channels;
            if group != listed {
                synapse.driven(&mut scratch.driven, values, y, x, chunk, layer.negative_zero);
                listed = group;
            }
            let list = &scratch.driven[..];
            let weights = synapse.rows_of(y, x, chunk, layer.vectors);
            // SAFETY: a row of drive has `padded` values a position, in which chunks lie; `driven` names rows of the chunk's block.
            unsafe {
                let charge = row.as_mut_ptr().add(x * layer.padded + chunk.first);
                match layer.width {
                    Width::Float => with_vectors!(chunk.vectors, drive_f: DriveFloat, L, charge.cast(), list, weights),
                    Width::Wide => {
                        with_vectors!(chunk.vectors, drive_wide: DriveInteger, L, charge.cast(), list, weights)
                    }
                    Width::Narrow => {
                        with_vectors!(chunk.vectors, drive_narrow: DriveInteger, L, charge.cast(), list, weights)
                    }
                }
            }
        }
    }
}

#[inline(never)]
fn lanes(layer: &Layer, index: usize, values: &[u32], y: usize, row: &mut [u32]) {
    let synapse = &layer.synapses[index];
    let channels = layer.geometry.channels;
    for x in 0..layer.geometry.width {
        let position = y * layer.geometry.width + x;
        for chunk in &layer.chunks {
            for channel in chunk.first..channels.min(chunk.first + chunk.vectors * layer.width.lanes()) {
                let weight = synapse.lane_weight(position, chunk, layer.vectors, channel - chunk.first);
                let (value, charge) = (values[position * channels + channel], &mut row[x * layer.padded + channel]);
                *charge = match layer.width {
                    Width::Float => {
                        (f32::from_bits(*charge) + f32::from_bits(weight) * f32::from_bits(value)).to_bits()
                    }
                    _ => charge.wrapping_add(weight.wrapping_mul(value)),
                };
            }
        }
    }
}
