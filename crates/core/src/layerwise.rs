//! A layer over its whole window: it integrates all ticks, then fires (T7).

use crate::chunks::{Chunk, Width};
use crate::events::deliver;
use crate::kernel::fire::{fire_window, Firing};
use crate::kernel::lanes::Lanes;
use crate::kernel::levels::{fire_levels, Levels};
use crate::kernel::window::{merged_narrow, window_narrow, window_wide, Window, WindowKernel};
use crate::layer::Layer;
use crate::network::Schedule;
use crate::spikes::Spikes;
use crate::state::{as_integers, gather_row, grow, row_taps, spikes_of, LayerState, Scratch};
use crate::with_vectors;

/// `distinct_input`: no input of the network spikes twice in a tick.
#[inline(never)]
pub fn run_window<L: Lanes>(
    layer: &Layer,
    state: &mut LayerState,
    schedule: &Schedule,
    before: &[Spikes],
    out: &mut Spikes,
    scratch: &mut Scratch,
    distinct_input: bool,
) {
    let ticks = schedule.window_ticks();
    let (height, width, channels) = (layer.geometry.height, layer.geometry.width, layer.geometry.channels);
    let words = layer.padded.div_ceil(64);
    let row_words = width * words;
    let firing = Firing {
        ticks: &schedule.firing,
        least: Firing::least(&schedule.firing),
        raised: schedule.raised && layer.rectified,
        cap: schedule.cap,
    };
    let levels = layer.levels(schedule).zip(layer.reciprocal.as_ref());
    let planes = match levels {
        Some((Levels::Merged { planes, .. }, _)) => planes,
        _ => ticks * schedule.signs(),
    };
    grow(&mut scratch.bits, planes * row_words);
    out.clear(planes);
    out.merged = layer.fires_merged;
    let mut kept = std::mem::take(&mut out.bits);
    if layer.keeps_bits {
        kept.resize(height * planes * row_words, 0);
    }
    for y in 0..height {
        let row_bits = if layer.keeps_bits {
            kept[y * planes * row_words..].as_mut_ptr()
        } else {
            scratch.bits[..planes * row_words].fill(0);
            scratch.bits.as_mut_ptr()
        };
        if layer.by_events {
            integrate_row(layer, state, schedule, before, scratch, y);
        }
        gather_row(layer, state, before, scratch, y);
        for chunk in &layer.chunks {
            let lanes = chunk.vectors * layer.width.lanes();
            for x in 0..width {
                let position = y * width + x;
                let traced = !layer.traced.is_empty()
                    && layer.traced.iter().any(|&neuron| in_chunk(neuron, position, channels, chunk, lanes));
                let mut potentials = [0i32; 64];
                let base = &state.drive.as_ref().unwrap_or(&layer.base).at(position)[chunk.first..chunk.first + lanes];
                if traced {
                    grow(&mut scratch.sampled, 2 * ticks * lanes);
                }
                let sampled: *mut i32 = if traced { scratch.sampled.as_mut_ptr().cast() } else { std::ptr::null_mut() };
                if layer.by_events {
                    let row = &as_integers(&mut scratch.row)[x * layer.padded + chunk.first..][..lanes];
                    potentials[..lanes].copy_from_slice(row);
                } else {
                    row_taps(layer, state, before, scratch, chunk, y, x);
                    let merged = layer.merged_planes > 0;
                    let ticks = if merged { layer.merged_planes } else { ticks };
                    let job = Window {
                        taps: &scratch.taps,
                        ticks,
                        merged,
                        gain: schedule.gain,
                        signs: schedule.signs(),
                        most_events: chunk.bounds.most_events(distinct_input),
                        base: base.as_ptr().cast(),
                        sampled,
                    };
                    let potential = potentials.as_mut_ptr();
                    // SAFETY: chunks have at most 64 lanes, base and samples one value a lane (and tick); taps read live spikes of
                    // `ticks` planes, whose entries are rows of the chunk's block.
                    unsafe {
                        match layer.width {
                            Width::Narrow if merged => {
                                with_vectors!(chunk.vectors, merged_narrow: WindowKernel, L, &job, potential)
                            }
                            Width::Narrow => {
                                with_vectors!(chunk.vectors, window_narrow: WindowKernel, L, &job, potential)
                            }
                            _ => with_vectors!(chunk.vectors, window_wide: WindowKernel, L, &job, potential),
                        }
                    }
                }
                if let Some((levels, reciprocal)) = levels {
                    let at = position * channels + chunk.first;
                    // SAFETY: as above and below; a chunk begins at a neuron, and there is a count for each neuron or for none.
                    unsafe {
                        let bits = row_bits.cast::<u8>().add(x * words * 8 + chunk.first / 8);
                        let counts = if state.counts.is_empty() {
                            std::ptr::null_mut()
                        } else {
                            state.counts.as_mut_ptr().add(at)
                        };
                        fire_levels::<L>(
                            potentials.as_ptr(),
                            reciprocal.at(position)[chunk.first..chunk.first + lanes].as_ptr(),
                            lanes,
                            levels,
                            bits,
                            row_words * 8,
                            counts,
                            lanes.min(channels - chunk.first),
                        );
                    }
                } else if layer.fires {
                    let threshold = &layer.threshold.at(position)[chunk.first..chunk.first + lanes];
                    // SAFETY: as above; a row of bits has `words` words a position and plane, in which the chunk has whole bytes.
                    unsafe {
                        let bits = row_bits.cast::<u8>().add(x * words * 8 + chunk.first / 8);
                        let fired = if traced { sampled.add(ticks * lanes) } else { sampled };
                        fire_window::<L>(
                            potentials.as_mut_ptr(),
                            threshold.as_ptr().cast(),
                            lanes,
                            &firing,
                            bits,
                            row_words * 8,
                            fired,
                        );
                    }
                } else {
                    let at = position * layer.padded + chunk.first;
                    as_integers(&mut state.potential)[at..at + lanes].copy_from_slice(&potentials[..lanes]);
                }
                if traced {
                    let base = base.to_vec();
                    trace(layer, state, schedule, &scratch.sampled, position, chunk, lanes, &base);
                }
            }
        }
        if layer.fires {
            let bits = if layer.keeps_bits {
                &kept[y * planes * row_words..(y + 1) * planes * row_words]
            } else {
                &scratch.bits[..planes * row_words]
            };
            if layer.lists_spikes || (levels.is_none() && !state.counts.is_empty()) {
                emit(layer, state, schedule, out, bits, words, y, levels.is_some());
            } else {
                out.unlisted += bits.iter().map(|word| word.count_ones() as usize).sum::<usize>();
            }
        }
    }
    out.bits = kept;
    if layer.fires {
        out.finish();
        if layer.record_spikes {
            match schedule.signed {
                true => state.record_signed(layer, out, layer.depth * ticks),
                false => state.record(layer, out, layer.depth * ticks),
            }
        }
    }
}

/// Turns the bits of one row into spikes, and counts them unless they are `counted`.
#[inline(never)]
#[allow(clippy::too_many_arguments)]
fn emit(
    layer: &Layer,
    state: &mut LayerState,
    schedule: &Schedule,
    out: &mut Spikes,
    bits: &[u64],
    words: usize,
    y: usize,
    counted: bool,
) {
    if counted || state.counts.is_empty() {
        out.append_bits(layer.geometry, bits, words, |_, _| {});
        return;
    }
    let row_size = layer.geometry.width * layer.geometry.channels;
    let counts = &mut state.counts[y * row_size..(y + 1) * row_size];
    out.append_bits(layer.geometry, bits, words, |plane, entries| {
        let payload = schedule.firing[plane / schedule.signs()].payload as u32;
        let change = if schedule.signed && plane % 2 == 1 { payload.wrapping_neg() } else { payload };
        entries.iter().for_each(|&entry| counts[entry as usize] = counts[entry as usize].wrapping_add(change));
    });
}

pub fn in_chunk(neuron: u32, position: usize, channels: usize, chunk: &Chunk, lanes: usize) -> bool {
    neuron as usize / channels == position && (chunk.first..chunk.first + lanes).contains(&(neuron as usize % channels))
}

/// One row, event by event: potentials after the window go to `scratch.row`, samples of traced neurons to the traces.
#[inline(never)]
fn integrate_row(
    layer: &Layer,
    state: &mut LayerState,
    schedule: &Schedule,
    before: &[Spikes],
    scratch: &mut Scratch,
    y: usize,
) {
    let ticks = schedule.window_ticks();
    let (width, channels, padded) = (layer.geometry.width, layer.geometry.channels, layer.padded);
    grow(&mut scratch.row, width * padded);
    let row = &mut as_integers(&mut scratch.row)[..width * padded];
    row.fill(0);
    for tick in 0..ticks {
        if schedule.gain != 1 {
            row.iter_mut().for_each(|v| *v = v.wrapping_mul(schedule.gain));
        }
        for (index, synapse) in layer.synapses.iter().enumerate() {
            for sign in 0..schedule.signs() {
                deliver(
                    layer,
                    synapse,
                    &state.readers[index],
                    spikes_of(layer, index, &state.views, before),
                    y,
                    tick * schedule.signs() + sign,
                    sign == 1,
                    row,
                );
            }
        }
        for (listed, &neuron) in
            layer.traced.iter().enumerate().filter(|(_, &neuron)| neuron as usize / (width * channels) == y)
        {
            let (x, channel) = (neuron as usize / channels % width, neuron as usize % channels);
            state.traces[listed * 2 * ticks + tick] = row[x * padded + channel] as u32;
        }
    }
    for x in 0..width {
        let base = state.drive.as_ref().unwrap_or(&layer.base).at(y * width + x);
        for (v, &base) in row[x * padded..(x + 1) * padded].iter_mut().zip(base) {
            *v = v.wrapping_add(base as i32);
        }
    }
}

/// Membrane traces: base + V·gain^(ticks left) while integrating, then V after each firing tick.
#[inline(never)]
#[allow(clippy::too_many_arguments)]
fn trace(
    layer: &Layer,
    state: &mut LayerState,
    schedule: &Schedule,
    sampled: &[u32],
    position: usize,
    chunk: &Chunk,
    lanes: usize,
    base: &[u32],
) {
    let ticks = schedule.window_ticks();
    for (row, &neuron) in layer.traced.iter().enumerate() {
        if !in_chunk(neuron, position, layer.geometry.channels, chunk, lanes) {
            continue;
        }
        let lane = neuron as usize % layer.geometry.channels - chunk.first;
        let trace = &mut state.traces[row * 2 * ticks..(row + 1) * 2 * ticks];
        let mut factor = 1u32;
        for tick in (0..ticks).rev() {
            let v = if layer.by_events { trace[tick] } else { sampled[tick * lanes + lane] };
            trace[tick] = base[lane].wrapping_add(v.wrapping_mul(factor));
            factor = factor.wrapping_mul(schedule.gain as u32);
        }
        for tick in ticks..2 * ticks {
            trace[tick] = sampled[tick * lanes + lane];
        }
    }
}
