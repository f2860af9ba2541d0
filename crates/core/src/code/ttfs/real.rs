//! Real times (T9): charges in f32, whose sums depend on order.

use super::{enter_values, Run};
use crate::bits::as_floats;
use crate::kernel::rows::Tap;
use crate::kernel::values::{values_f, ValuesFloat};
use crate::lanes::Lanes;
use crate::spikes::{Geometry, Spikes};
use crate::with_vectors;

/// Constant current as spikes. `zeros`: some neuron's bias is −0.0, which adding a zero changes.
pub(super) fn enter_current(input: &mut Spikes, geometry: Geometry, values: &[u32], zeros: bool) {
    let (neurons, values): (Vec<u32>, Vec<u32>) =
        (0..).zip(values).filter(|(_, &value)| zeros || value << 1 != 0).unzip();
    enter_values(input, geometry, &neurons, &values);
    input.current = true;
}

/// What a spike at 1 − v/θ delivers: 1 − its time, which is in f64.
#[inline(always)]
pub(super) fn remaining(v: f32, theta: f32) -> f32 {
    let part = v / theta;
    // 1 − (1 − part) equals `part` if its last bit is at least 2^−53.
    if part >= 1.0 {
        1.0
    } else if part >= 1.0 / 536_870_912.0 {
        part
    } else {
        (1.0 - (1.0 - f64::from(part))) as f32
    }
}

impl Run<'_> {
    /// Adds everything that arrives at row `y` to the charges in the scratch: synapse after synapse for each neuron.
    #[inline(never)]
    pub(super) fn integrate_real<L: Lanes>(&mut self, y: usize) {
        let (layer, scratch) = (self.at.layer, &mut *self.at.scratch);
        for chunk in &layer.chunks {
            for x in 0..layer.geometry.width {
                scratch.taps.clear();
                self.inputs.taps(&mut scratch.taps, chunk, y, x);
                let charges = &mut as_floats(&mut scratch.row)[x * layer.padded + chunk.first..]
                    [..chunk.vectors * layer.width.lanes()];
                for taps in scratch.taps.chunk_by(|a, b| a.single == b.single) {
                    // SAFETY: charges are those of the chunk's lanes; taps read live spikes with values, whose entries are rows of
                    // its block.
                    unsafe {
                        if taps[0].single {
                            add_single(taps, charges);
                        } else {
                            with_vectors!(chunk.vectors, values_f: ValuesFloat, L, taps, charges.as_mut_ptr());
                        }
                    }
                }
            }
        }
    }
}

/// Weight · value into the one lane that each event of an identity reaches.
///
/// # Safety
/// The taps are single and hold one plane with values.
unsafe fn add_single(taps: &[Tap], charges: &mut [f32]) {
    for tap in taps {
        let (start, end) = (*tap.starts as usize, *tap.starts.add(tap.span) as usize);
        let entries = std::slice::from_raw_parts(tap.entries.add(start), end - start);
        for at in start + entries.partition_point(|&entry| (entry as usize) < tap.first)..end {
            let lane = *tap.entries.add(at) as usize - tap.first;
            let Some(charge) = charges.get_mut(lane) else { break };
            *charge += *tap.rows.cast::<f32>().add(lane) * f32::from_bits(*tap.values.add(at));
        }
    }
}
