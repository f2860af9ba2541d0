//! Membrane traces of `ttfs`, computed beside the run for the neurons that are traced.

use super::slots::{capped, slot};
use super::{Run, Ttfs};
use crate::synapse::weight_at;

impl Run<'_> {
    /// Membranes of traced neurons of row `y`: after every slot of the window that integrates, then of the one that fires.
    #[inline(never)]
    pub(super) fn trace(&mut self, y: usize) {
        let layer = self.at.layer;
        for (listed, x, channel) in layer.traced_in_row(y) {
            let v = self.at.scratch.row[x * layer.padded + channel];
            let Ttfs::Slots(slots) = self.code else {
                // A neuron that has fired has spent its charge.
                let left = if f32::from_bits(v) > 0.0 { 0 } else { v };
                self.at.record.traces[2 * listed..2 * listed + 2].copy_from_slice(&[v, left]);
                continue;
            };
            let position = y * layer.geometry.width + x;
            let ticks = slots as usize;
            let mut integrating = vec![0u32; ticks];
            for index in 0..layer.synapses.len() {
                self.arriving(index, position, channel, &mut |weight, value| {
                    let charge = &mut integrating[ticks - value as usize];
                    *charge = charge.wrapping_add(weight.wrapping_mul(value));
                });
            }
            let mut charge = self.inputs.constant().at(position)[channel];
            for sample in integrating.iter_mut() {
                charge = charge.wrapping_add(*sample);
                *sample = charge;
            }
            let trace = &mut self.at.record.traces[listed * 2 * ticks..(listed + 1) * 2 * ticks];
            trace[..ticks].copy_from_slice(&integrating);
            let firing = &mut trace[ticks..];
            let theta = layer.rows.threshold.at(position)[channel];
            let capped = (v as i32).min(capped(theta, slots) as i32);
            let spike = if capped >= theta as i32 { ticks - slot(v, theta, slots) as usize } else { ticks };
            firing[..spike].fill(capped as u32);
            firing[spike..].fill(capped as u32 % theta);
        }
    }

    /// Calls `visit(weight, value)` for all that one synapse brings to one neuron.
    fn arriving(&self, index: usize, position: usize, channel: usize, visit: &mut impl FnMut(u32, u32)) {
        let layer = self.at.layer;
        let (y, x) = (position / layer.geometry.width, position % layer.geometry.width);
        if layer.by_events {
            return self.inputs.scatter(index, y).visit_values(self.inputs.of(index), x, channel, visit);
        }
        let chunk = &layer.chunks[layer.chunks.partition_point(|chunk| chunk.first <= channel) - 1];
        let lane = channel - chunk.first;
        let mut taps = Vec::new();
        layer.synapses[index].taps(&mut taps, self.inputs.of(index), y, x, chunk);
        for tap in &taps {
            // SAFETY: the tap reads live spikes with values, whose entries are rows of the chunk's block.
            unsafe {
                for at in *tap.starts as usize..*tap.starts.add(tap.span) as usize {
                    let (entry, value) = (*tap.entries.add(at) as usize, *tap.values.add(at));
                    match tap.single {
                        true if entry.wrapping_sub(tap.first) == lane => {
                            visit(weight_at(layer.width, tap.rows, lane), value)
                        }
                        true => {}
                        false => {
                            let row = tap.rows.wrapping_add(entry * chunk.vectors * 16);
                            visit(weight_at(layer.width, row, lane), value)
                        }
                    }
                }
            }
        }
    }
}
