//! A layer of `ttfs` over its whole window: one spike a neuron, which carries what its time stands for (T7, T9).

use crate::chunks::{Chunk, Width};
use crate::events::{deliver_values, visit_values};
use crate::kernel::lanes::Lanes;
use crate::kernel::rows::Tap;
use crate::kernel::values::{values_f, ValuesFloat};
use crate::layer::Layer;
use crate::network::Timed;
use crate::slots::{fire_slots, integrate_slots};
use crate::spikes::{Geometry, Spikes};
use crate::state::{as_floats, as_integers, gather_taps, grow, spikes_of, LayerState, Scratch};
use crate::with_vectors;

/// Input spikes of `ttfs` in slots: those of slot t, of `slots`, carry slots − t. From (slot, neuron) order into that of neurons.
pub fn enter_slots(input: &mut Spikes, geometry: Geometry, neurons: &[u32], starts: &[u32]) {
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

/// Input spikes with their values, by ascending neuron.
pub fn enter_values(input: &mut Spikes, geometry: Geometry, neurons: &[u32], values: &[u32]) {
    input.fill(geometry, neurons, &[0, neurons.len() as u32]);
    input.values.extend_from_slice(values);
}

/// Constant current of real-valued `ttfs`: a synapse delivers it in its turn, since the order of additions counts.
/// `zeros`: some neuron's bias is −0.0, which adding a zero changes.
pub fn enter_current(input: &mut Spikes, geometry: Geometry, values: &[u32], zeros: bool) {
    let (neurons, values): (Vec<u32>, Vec<u32>) =
        (0..).zip(values).filter(|(_, &value)| zeros || value << 1 != 0).unzip();
    enter_values(input, geometry, &neurons, &values);
    input.current = true;
}

#[inline(never)]
pub fn run_timed<L: Lanes>(
    layer: &Layer,
    state: &mut LayerState,
    timed: Timed,
    before: &[Spikes],
    out: &mut Spikes,
    scratch: &mut Scratch,
) {
    let (height, width, padded) = (layer.geometry.height, layer.geometry.width, layer.padded);
    out.clear(1);
    for y in 0..height {
        grow(&mut scratch.row, width * padded);
        for x in 0..width {
            let rest =
                if layer.width == Width::Float { &layer.bias } else { state.drive.as_ref().unwrap_or(&layer.base) };
            scratch.row[x * padded..(x + 1) * padded].copy_from_slice(&rest.at(y * width + x)[..padded]);
        }
        match timed {
            _ if layer.by_events => integrate_events(layer, state, before, scratch, y),
            Timed::Slots(_) => integrate_slots::<L>(layer, state, before, scratch, y),
            Timed::Real => integrate_real::<L>(layer, state, before, scratch, y),
        }
        let row = &mut scratch.row[..width * padded];
        if !layer.fires {
            state.potential[y * width * padded..][..row.len()].copy_from_slice(row);
            continue;
        }
        trace(layer, state, timed, before, row, y);
        if let (Timed::Slots(slots), Some(reciprocal)) = (timed, &layer.reciprocal) {
            fire_slots::<L>(layer, state, out, scratch, y, slots, reciprocal);
            continue;
        }
        let first = out.entries.len();
        match timed {
            Timed::Slots(slots) => {
                fire(layer, out, row, y, |v, theta| v as i32 >= theta as i32, |v, theta| slot(v, theta, slots))
            }
            Timed::Real => fire(
                layer,
                out,
                row,
                y,
                |v, _| f32::from_bits(v) > 0.0,
                |v, theta| remaining(f32::from_bits(v), f32::from_bits(theta)).to_bits(),
            ),
        }
        if !state.counts.is_empty() {
            let counts = &mut state.counts[y * width * layer.geometry.channels..];
            for (&entry, &value) in out.entries[first..].iter().zip(&out.values[first..]) {
                counts[entry as usize] = if timed == Timed::Real { 1 } else { value };
            }
        }
    }
    if layer.fires {
        out.finish();
        if layer.record_spikes {
            record(layer, state, timed, out);
        }
    }
}

/// Slots from the spike of a neuron of charge `v` ≥ θ to the window's end.
#[inline(always)]
fn slot(v: u32, theta: u32, slots: i32) -> u32 {
    v.min(capped(theta, slots)) / theta
}

/// A neuron above its cap spikes in the first slot.
#[inline(always)]
fn capped(theta: u32, slots: i32) -> u32 {
    // May be 2^31 − 1 at most: checked with the network.
    theta.wrapping_mul(slots as u32 + 1).wrapping_sub(1)
}

/// What a spike at 1 − v/θ delivers: 1 − its time, which is in f64.
#[inline(always)]
fn remaining(v: f32, theta: f32) -> f32 {
    let part = v / theta;
    // 1 − (1 − part) is `part` itself where its last bit is at least 2^−53.
    if part >= 1.0 {
        1.0
    } else if part >= 1.0 / 536_870_912.0 {
        part
    } else {
        (1.0 - (1.0 - f64::from(part))) as f32
    }
}

/// Everything that arrives at row `y` event by event: charges go on from what `scratch.row` holds.
#[inline(never)]
fn integrate_events(layer: &Layer, state: &mut LayerState, before: &[Spikes], scratch: &mut Scratch, y: usize) {
    for (index, synapse) in layer.synapses.iter().enumerate() {
        let (spikes, readers) = (spikes_of(layer, index, &state.views, before), &state.readers[index]);
        match layer.width {
            Width::Float => deliver_values(layer, synapse, readers, spikes, y, as_floats(&mut scratch.row)),
            _ => deliver_values(layer, synapse, readers, spikes, y, as_integers(&mut scratch.row)),
        }
    }
}

/// The same by rows of weights, in f32: synapse after synapse for each neuron.
#[inline(never)]
fn integrate_real<L: Lanes>(layer: &Layer, state: &mut LayerState, before: &[Spikes], scratch: &mut Scratch, y: usize) {
    for chunk in &layer.chunks {
        for x in 0..layer.geometry.width {
            gather_taps(&mut scratch.taps, layer, chunk, &state.views, before, y, x);
            let charges = &mut as_floats(&mut scratch.row)[x * layer.padded + chunk.first..]
                [..chunk.vectors * layer.width.lanes()];
            for taps in scratch.taps.chunk_by(|a, b| a.single == b.single) {
                // SAFETY: charges are those of the chunk's lanes; taps read live spikes with values, whose entries are rows of its block.
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

/// Bits of the weight of one lane of a row.
#[inline(always)]
pub unsafe fn weight_at(width: Width, row: *const u8, lane: usize) -> u32 {
    if width == Width::Narrow {
        i32::from(*row.cast::<i16>().add(lane)) as u32
    } else {
        *row.cast::<u32>().add(lane)
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

/// Appends the spikes of one row. Lists every neuron and keeps those that fire, without a branch: which do is hard to foretell.
#[inline(always)]
fn fire(
    layer: &Layer,
    out: &mut Spikes,
    row: &[u32],
    y: usize,
    fires: impl Fn(u32, u32) -> bool,
    value: impl Fn(u32, u32) -> u32,
) {
    let Geometry { width, channels, .. } = layer.geometry;
    let mut length = out.entries.len();
    out.entries.resize(length + width * channels, 0);
    out.values.resize(length + width * channels, 0);
    for x in 0..width {
        out.starts.push(length as u32);
        let first = length;
        let thresholds = &layer.threshold.at(y * width + x)[..channels];
        let (entries, values) = (&mut out.entries[length..][..channels], &mut out.values[length..][..channels]);
        let mut fired = 0;
        for (channel, (&v, &theta)) in row[x * layer.padded..].iter().zip(thresholds).enumerate() {
            entries[fired.min(channel)] = channel as u32;
            values[fired.min(channel)] = v;
            fired += usize::from(fires(v, theta));
        }
        length += fired;
        for (entry, charge) in out.entries[first..length].iter_mut().zip(&mut out.values[first..length]) {
            *charge = value(*charge, thresholds[*entry as usize]);
            *entry += (x * channels) as u32;
        }
    }
    out.entries.truncate(length);
    out.values.truncate(length);
}

/// Membranes of traced neurons of row `y`: after every slot of the window that integrates, then of the one that fires.
#[inline(never)]
fn trace(layer: &Layer, state: &mut LayerState, timed: Timed, before: &[Spikes], row: &[u32], y: usize) {
    let Geometry { width, channels, .. } = layer.geometry;
    for (listed, &neuron) in
        layer.traced.iter().enumerate().filter(|(_, &neuron)| neuron as usize / (width * channels) == y)
    {
        let (x, channel) = (neuron as usize / channels % width, neuron as usize % channels);
        let v = row[x * layer.padded + channel];
        let Timed::Slots(slots) = timed else {
            // A neuron that has fired has spent its charge.
            let left = if f32::from_bits(v) > 0.0 { 0 } else { v };
            state.traces[2 * listed..2 * listed + 2].copy_from_slice(&[v, left]);
            continue;
        };
        let position = y * width + x;
        let ticks = slots as usize;
        let (integrating, firing) = state.traces[listed * 2 * ticks..(listed + 1) * 2 * ticks].split_at_mut(ticks);
        let mut add = |weight: u32, value: u32| {
            let charge = &mut integrating[ticks - value as usize];
            *charge = charge.wrapping_add(weight.wrapping_mul(value));
        };
        let chunk = &layer.chunks[layer.chunks.partition_point(|chunk| chunk.first <= channel) - 1];
        for (index, synapse) in layer.synapses.iter().enumerate() {
            let spikes = spikes_of(layer, index, &state.views, before);
            match layer.by_events {
                true => visit_values(layer, synapse, spikes, y, x, channel, &mut add),
                false => arriving(layer, index, spikes, y, x, chunk, channel - chunk.first, &mut add),
            }
        }
        let mut charge = state.drive.as_ref().unwrap_or(&layer.base).at(position)[channel];
        for sample in integrating.iter_mut() {
            charge = charge.wrapping_add(*sample);
            *sample = charge;
        }
        let theta = layer.threshold.at(position)[channel];
        let capped = (v as i32).min(capped(theta, slots) as i32);
        let spike = if capped >= theta as i32 { ticks - slot(v, theta, slots) as usize } else { ticks };
        firing[..spike].fill(capped as u32);
        firing[spike..].fill(capped as u32 % theta);
    }
}

/// Calls `visit(weight, value)` for all that reaches one lane of a chunk.
#[allow(clippy::too_many_arguments)]
fn arriving(
    layer: &Layer,
    index: usize,
    spikes: &Spikes,
    y: usize,
    x: usize,
    chunk: &Chunk,
    lane: usize,
    visit: &mut impl FnMut(u32, u32),
) {
    let mut taps = Vec::new();
    layer.synapses[index].taps(&mut taps, spikes, y, x, chunk, layer.vectors);
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
                        visit(weight_at(layer.width, tap.rows.wrapping_add(entry * chunk.vectors * 16), lane), value)
                    }
                }
            }
        }
    }
}

/// Keeps spikes in order of time, then neuron.
fn record(layer: &Layer, state: &mut LayerState, timed: Timed, out: &Spikes) {
    let Geometry { height, width, channels } = layer.geometry;
    let origin = |row: usize| (row * width * channels) as u32;
    let neurons =
        (0..height).flat_map(|row| out.row(layer.geometry, row, 0).iter().map(move |entry| entry + origin(row)));
    let mut train: Vec<(u32, u32)> = neurons.zip(out.values.iter().copied()).collect();
    // Values are not negative: their bits are in their order, in f32 too.
    train.sort_by_key(|&(_, value)| std::cmp::Reverse(value));
    state.spike_neurons.extend(train.iter().map(|(neuron, _)| neuron));
    match timed {
        Timed::Slots(slots) => {
            state.spike_ticks.extend(train.iter().map(|(_, value)| (layer.depth as u32 + 1) * slots as u32 - value))
        }
        Timed::Real => {
            state.spike_ticks.extend(train.iter().map(|_| layer.depth as u32));
            state.spike_values.extend(train.iter().map(|(_, value)| value));
        }
    }
}
