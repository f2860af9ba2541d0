//! Computes the charge of constant current into one layer, once per run.

use super::{Arrivals, Scratch};
use crate::bits::{as_floats, as_integers};
use crate::kernel::drive::{drive_f, drive_narrow, drive_wide, DriveFloat, DriveInteger, Driven};
use crate::lanes::Lanes;
use crate::layer::Layer;
use crate::parameters::PerNeuron;
use crate::synapse::chunks::Width;
use crate::synapse::scatter::{Row, Scatter};
use crate::synapse::Form;
use crate::with_vectors;

impl Arrivals {
    /// Sets the charge that arrives in every tick (synchronous) or once a window.
    #[inline(never)]
    pub fn drive<L: Lanes>(&mut self, layer: &Layer, values: Option<&[u32]>, scratch: &mut Scratch) {
        let Some(values) = values.filter(|_| layer.synapses.iter().any(|synapse| synapse.source == 0)) else {
            self.drive = None;
            return;
        };
        let (width, padded) = (layer.cells.width, layer.padded);
        let mut drive = self.drive.take().map_or_else(|| vec![0; layer.lanes()], PerNeuron::into_values);
        let rest = self.rest.as_ref().unwrap_or(&layer.bias);
        for (position, row) in drive.chunks_exact_mut(padded).enumerate() {
            row.copy_from_slice(&rest.at(position)[..padded]);
        }
        for (index, synapse) in layer.synapses.iter().enumerate().filter(|(_, synapse)| synapse.source == 0) {
            for y in 0..layer.geometry.height {
                let row = &mut drive[y * width * padded..(y + 1) * width * padded];
                let to = Row { geometry: layer.geometry, padded, y };
                let scatter = Scatter { synapse, readers: &self.readers[index], to };
                match synapse.form {
                    Form::Lanes { .. } => lanes(layer, index, values, y, row),
                    Form::Rows { .. } => rows::<L>(layer, index, values, y, row, &mut scratch.driven),
                    _ if layer.width == Width::Float => scatter.deliver_constant(values, as_floats(row)),
                    _ => scatter.deliver_constant(values, as_integers(row)),
                }
            }
        }
        self.drive = Some(PerNeuron::of_positions(drive, padded));
    }
}

#[inline(never)]
fn rows<L: Lanes>(layer: &Layer, index: usize, values: &[u32], y: usize, row: &mut [u32], driven: &mut Vec<Driven>) {
    let synapse = &layer.synapses[index];
    for x in 0..layer.cells.width {
        let mut listed = usize::MAX;
        for chunk in &layer.chunks {
            let group = chunk.first * synapse.separate_groups() / layer.cells.channels;
            if group != listed {
                synapse.driven(driven, values, y, x, chunk, layer.negative_zero);
                listed = group;
            }
            let list = &driven[..];
            let weights = synapse.rows_of(y, x, chunk);
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
    let channels = layer.cells.channels;
    for x in 0..layer.cells.width {
        let position = y * layer.cells.width + x;
        for chunk in &layer.chunks {
            for channel in chunk.first..channels.min(chunk.first + chunk.vectors * layer.width.lanes()) {
                let weight = synapse.lane_weight(position, chunk, channel - chunk.first);
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
