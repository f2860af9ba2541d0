//! Windows (T7, T12): rate, phase, balanced ternary and non-adjacent digits. A layer integrates a whole window, then fires it.

mod plan;

use super::{enter_planes, At, Block, Code};
use crate::arrive::Inputs;
use crate::bits::grow;
use crate::input::Input;
use crate::kernel::fire::{fire_window, Firing};
use crate::kernel::levels::{fire_levels, Target};
use crate::kernel::rows::Tap;
use crate::kernel::window::{window_narrow, window_wide, Window, WindowKernel};
use crate::lanes::Lanes;
use crate::layer::Layer;
use crate::network::{Network, Pool};
use crate::parameters::PerNeuron;
use crate::pool::maxima::Maxima;
use crate::record::Record;
use crate::schedule::{FiringTick, Format};
use crate::spikes::{of_column, Spikes};
use crate::synapse::chunks::{Chunk, Width};
use crate::with_vectors;

pub use plan::Plan;

#[derive(Clone, Debug)]
pub struct Windows {
    /// Factor on the potential before each tick.
    pub gain: i32,
    /// Whether spikes may be −1: then every tick has two planes of them.
    pub signed: bool,
    pub firing: Vec<FiringTick>,
    /// Potentials of rectified populations are raised to 0 before they fire, and all lowered to θ·cap − 1.
    pub raised: bool,
    pub cap: Option<i32>,
}

impl Windows {
    /// From three numbers a firing tick: above, below + 1 (0: no negative spikes), payload. `cap` 0: none.
    pub fn from_numbers(gain: i32, firing: &[u32], raised: bool, cap: i32) -> Windows {
        let tick = |numbers: &[u32]| FiringTick {
            above: numbers[0] as i32,
            below: numbers[1].checked_sub(1).map(|below| below as i32),
            payload: numbers[2] as i32,
        };
        let firing: Vec<FiringTick> = firing.chunks_exact(3).map(tick).collect();
        let signed = firing.iter().any(|tick| tick.below.is_some());
        Windows { gain, signed, firing, raised, cap: (cap != 0).then_some(cap) }
    }

    fn signs(&self) -> usize {
        1 + usize::from(self.signed)
    }

    /// Planes that a layer receives, and the gain between them: one per tick, or of binary counts.
    fn arriving(&self, count_planes: usize) -> (usize, i32) {
        match count_planes {
            0 => (self.firing.len(), self.gain),
            planes => (planes, 2),
        }
    }

    /// How a layer fires if it has no levels.
    fn firing(&self, layer: &Layer) -> Firing<'_> {
        Firing {
            ticks: &self.firing,
            least: Firing::least(&self.firing),
            raised: self.raised && layer.rectified,
            cap: self.cap,
        }
    }
}

/// Charges of an output, [positions][padded].
pub struct State {
    charge: Vec<i32>,
}

#[derive(Default)]
pub struct Scratch {
    taps: Vec<Tap>,
    rows: Vec<(usize, u32)>,
    /// Bits of one row, [planes][width][words].
    bits: Vec<u64>,
    /// Potentials of one chunk after each tick.
    sampled: Vec<u32>,
    /// Potentials of one row.
    row: Vec<i32>,
}

impl Code for Windows {
    type Plan = Plan;
    type State = State;
    type Scratch = Scratch;
    type Max = Maxima;

    const WINDOWS: bool = true;

    fn format(&self) -> Format {
        Format { float: false, valued: false, signs: self.signs(), window: Some(self.firing.len()) }
    }

    fn check(&self) -> Result<(), String> {
        let sound = |tick: &FiringTick| {
            tick.above > 0 && tick.payload > 0 && tick.below.is_some() == self.signed && tick.below.unwrap_or(0) >= 0
        };
        if !(1..=3).contains(&self.gain) || !self.firing.iter().all(sound) {
            return Err("schedule: expected gain 1 to 3, positive levels and payloads, and negative levels where spikes are signed".into());
        }
        if self.firing.is_empty() {
            return Err("schedule: expected firing ticks of a layerwise network, got none".into());
        }
        Ok(())
    }

    fn plan(&self, network: &Network, node: usize, layer: &Layer) -> Plan {
        Plan::new(self, network, node, layer)
    }

    fn rest(&self, layer: &Layer) -> Option<PerNeuron> {
        Some(layer.bias.plus(&layer.initial))
    }

    fn count_planes(&self, plan: &Plan) -> usize {
        plan.count_planes
    }

    fn max(&self, network: &Network, pool: &Pool) -> Maxima {
        Maxima::new(&pool.reach, self.rule(network, pool))
    }

    fn state(&self, layer: &Layer) -> State {
        State { charge: vec![0; if layer.fires { 0 } else { layer.lanes() }] }
    }

    fn enter(&self, network: &Network, input: &Input, block: Block, to: &mut Spikes) {
        enter_planes(network, input, block, to);
    }

    #[inline(never)]
    fn run<L: Lanes>(&self, at: At<Windows>, inputs: Inputs, block: Block, out: &mut Spikes) {
        let (layer, plan, signs) = (at.layer, at.plan, self.signs());
        let planes = plan.planes(self);
        let row_words = layer.cells.width * layer.padded.div_ceil(64);
        grow(&mut at.scratch.bits, planes * row_words);
        out.clear(planes);
        out.binary = plan.count_planes > 0;
        let mut kept = std::mem::take(&mut out.bits);
        let kept_words = layer.geometry.width * layer.geometry.channels.div_ceil(64) * planes;
        if plan.keeps_bits {
            kept.resize(layer.geometry.height * kept_words, 0);
        }
        // The bits of packed columns lie apart from those that are kept.
        let in_place = plan.keeps_bits && layer.columns == 1;
        let firing = self.firing(layer);
        let mut run = Run { code: self, at, inputs, firing, distinct: block.distinct };
        for y in 0..layer.geometry.height {
            let row_bits = if in_place {
                kept[y * kept_words..].as_mut_ptr()
            } else {
                run.at.scratch.bits[..planes * row_words].fill(0);
                run.at.scratch.bits.as_mut_ptr()
            };
            if layer.by_events {
                run.integrate_row(y);
            }
            run.inputs.gather(y, &mut run.at.scratch.rows);
            for (index, chunk) in layer.chunks.iter().enumerate() {
                for x in 0..layer.cells.width {
                    run.chunk::<L>(index, chunk, y, x, row_bits.cast());
                }
            }
            if layer.fires {
                let Run { at: At { scratch, record, .. }, .. } = &mut run;
                if plan.keeps_bits && !in_place {
                    let (from, to) = (&scratch.bits[..planes * row_words], &mut kept[y * kept_words..][..kept_words]);
                    unpack(from, layer.columns, layer.geometry.channels, to);
                }
                let bits = if in_place {
                    &kept[y * kept_words..(y + 1) * kept_words]
                } else {
                    &scratch.bits[..planes * row_words]
                };
                if plan.lists_spikes || (plan.levels.is_none() && !record.counts.is_empty()) {
                    self.emit(layer, record, out, bits, y, plan.levels.is_some());
                } else {
                    for (plane, bits) in bits.chunks_exact(row_words).enumerate() {
                        let ones: u64 = bits.iter().map(|word| u64::from(word.count_ones())).sum();
                        out.unlisted += ones * u64::from(out.weight(plane));
                    }
                }
            }
        }
        out.bits = kept;
        if layer.fires {
            out.finish();
            if layer.record_spikes {
                let first = layer.depth * self.firing.len();
                match signs {
                    2 => run.at.record.signed_spikes(layer, out, first),
                    _ => run.at.record.spikes(layer, out, first),
                }
            }
        }
    }

    fn charges(&self, layer: &Layer, state: &State, record: &mut Record) {
        record.charge(layer, |at| [state.charge[at] as u32]);
    }
}

impl Windows {
    /// Turns the bits of one row into spikes, and counts them unless they are `counted`.
    #[inline(never)]
    fn emit(&self, layer: &Layer, record: &mut Record, out: &mut Spikes, bits: &[u64], y: usize, counted: bool) {
        let words = layer.padded.div_ceil(64);
        if counted || record.counts.is_empty() {
            out.append_bits(layer.geometry, layer.columns, bits, words);
            return;
        }
        let row_size = layer.geometry.width * layer.geometry.channels;
        let counts = &mut record.counts[y * row_size..(y + 1) * row_size];
        out.append_seen_bits(layer.geometry, layer.columns, bits, words, |plane, entries| {
            let payload = self.firing[plane / self.signs()].payload as u32;
            let change = if self.signed && plane % 2 == 1 { payload.wrapping_neg() } else { payload };
            entries.iter().for_each(|&entry| counts[entry as usize] = counts[entry as usize].wrapping_add(change));
        });
    }
}

/// One word for each of the columns whose bits lie in one.
#[inline(never)]
fn unpack(bits: &[u64], columns: usize, channels: usize, to: &mut [u64]) {
    for (to, &bits) in to.chunks_exact_mut(columns).zip(bits) {
        to.iter_mut().enumerate().for_each(|(column, to)| *to = of_column(bits, column, columns, channels));
    }
}

struct Run<'a> {
    code: &'a Windows,
    at: At<'a, Windows>,
    inputs: Inputs<'a>,
    firing: Firing<'a>,
    distinct: bool,
}

impl Run<'_> {
    /// One chunk of one position: integrates its window and fires it into the bits of its row.
    #[inline(always)]
    fn chunk<L: Lanes>(&mut self, index: usize, chunk: &Chunk, y: usize, x: usize, row_bits: *mut u8) {
        let Run { code, at: At { layer, plan, state, scratch, record }, inputs, firing, distinct } = self;
        let (width, channels) = (layer.cells.width, layer.cells.channels);
        let words = layer.padded.div_ceil(64);
        let stride = width * words * 8;
        let ticks = code.firing.len();
        let (planes, gain) = code.arriving(plan.count_planes);
        let lanes = chunk.vectors * layer.width.lanes();
        let position = y * width + x;
        let traced = layer.traces(chunk, position);
        let mut potentials = [0i32; 64];
        let base = &inputs.constant().at(position)[chunk.first..chunk.first + lanes];
        if traced {
            grow(&mut scratch.sampled, 2 * ticks * lanes);
        }
        let sampled: *mut i32 = if traced { scratch.sampled.as_mut_ptr().cast() } else { std::ptr::null_mut() };
        if layer.by_events {
            potentials[..lanes].copy_from_slice(&scratch.row[x * layer.padded + chunk.first..][..lanes]);
        } else {
            inputs.row_taps(&mut scratch.taps, chunk, y, x);
            let job = Window {
                taps: &scratch.taps,
                ticks: planes,
                gain,
                signs: code.signs(),
                most_events: plan.bounds[index].most_events(*distinct),
                whole: plan.bounds[index].holds_window(*distinct, plan.window_levels),
                base: base.as_ptr().cast(),
                sampled,
            };
            let potential = potentials.as_mut_ptr();
            // SAFETY: chunks have at most 64 lanes, base and samples one value a lane (and tick); taps read live spikes of
            // `ticks` planes, whose entries are rows of the chunk's block.
            unsafe {
                match layer.width {
                    Width::Narrow => with_vectors!(chunk.vectors, window_narrow: WindowKernel, L, &job, potential),
                    _ => with_vectors!(chunk.vectors, window_wide: WindowKernel, L, &job, potential),
                }
            }
        }
        if let Some(levels) = plan.levels.filter(|_| layer.fires) {
            let thresholds = &layer.rows.threshold.at(position)[chunk.first..chunk.first + lanes];
            let reciprocal = plan.reciprocal.as_ref().map_or(std::ptr::null(), |reciprocal| {
                reciprocal.at(position)[chunk.first..chunk.first + lanes].as_ptr()
            });
            if reciprocal.is_null() {
                potentials.iter_mut().zip(thresholds).for_each(|(v, &threshold)| *v = (*v).max(0) / threshold as i32);
            }
            let at = position * channels + chunk.first;
            // SAFETY: as above and below; a chunk begins at a neuron, and there is a count for each neuron or for none.
            unsafe {
                let target = Target {
                    bits: row_bits.add(x * words * 8 + chunk.first / 8),
                    stride,
                    counts: if record.counts.is_empty() {
                        std::ptr::null_mut()
                    } else {
                        record.counts.as_mut_ptr().add(at)
                    },
                    counted: lanes.min(channels - chunk.first),
                };
                fire_levels::<L>(potentials.as_ptr(), reciprocal, lanes, levels, &target);
            }
        } else if layer.fires {
            let threshold = layer.rows.threshold.at(position)[chunk.first..chunk.first + lanes].as_ptr().cast();
            // SAFETY: as above; a row of bits has `words` words a position and plane, in which the chunk has whole bytes.
            unsafe {
                let bits = row_bits.add(x * words * 8 + chunk.first / 8);
                let fired = if traced { sampled.add(ticks * lanes) } else { sampled };
                fire_window::<L>(potentials.as_mut_ptr(), threshold, lanes, firing, bits, stride, fired);
            }
        } else {
            let at = position * layer.padded + chunk.first;
            state.charge[at..at + lanes].copy_from_slice(&potentials[..lanes]);
        }
        if traced {
            self.trace(position, chunk, lanes);
        }
    }

    /// One row, event by event: potentials after the window go to the scratch, samples of traced neurons to the traces.
    #[inline(never)]
    fn integrate_row(&mut self, y: usize) {
        let Run { code, at: At { layer, plan, scratch, record, .. }, inputs, .. } = self;
        let (ticks, gain) = code.arriving(plan.count_planes);
        let (width, padded) = (layer.geometry.width, layer.padded);
        grow(&mut scratch.row, width * padded);
        let row = &mut scratch.row[..width * padded];
        row.fill(0);
        for tick in 0..ticks {
            if gain != 1 {
                row.iter_mut().for_each(|v| *v = v.wrapping_mul(gain));
            }
            for index in 0..layer.synapses.len() {
                for sign in 0..code.signs() {
                    let plane = tick * code.signs() + sign;
                    inputs.scatter(index, y).deliver(inputs.of(index), plane, sign == 1, row);
                }
            }
            for (listed, x, channel) in layer.traced_in_row(y) {
                record.traces[listed * 2 * ticks + tick] = row[x * padded + channel] as u32;
            }
        }
        for x in 0..width {
            let base = inputs.constant().at(y * width + x);
            for (v, &base) in row[x * padded..(x + 1) * padded].iter_mut().zip(base) {
                *v = v.wrapping_add(base as i32);
            }
        }
    }

    /// Membrane traces: base + V·gain^(ticks left) while integrating, then V after each firing tick.
    #[inline(never)]
    fn trace(&mut self, position: usize, chunk: &Chunk, lanes: usize) {
        let Run { code, at: At { layer, scratch, record, .. }, inputs, .. } = self;
        let ticks = code.firing.len();
        let base = &inputs.constant().at(position)[chunk.first..chunk.first + lanes];
        for (row, lane) in layer.traced_in(chunk, position) {
            let trace = &mut record.traces[row * 2 * ticks..(row + 1) * 2 * ticks];
            let mut factor = 1u32;
            for tick in (0..ticks).rev() {
                let v = if layer.by_events { trace[tick] } else { scratch.sampled[tick * lanes + lane] };
                trace[tick] = base[lane].wrapping_add(v.wrapping_mul(factor));
                factor = factor.wrapping_mul(code.gain as u32);
            }
            for tick in ticks..2 * ticks {
                trace[tick] = scratch.sampled[tick * lanes + lane];
            }
        }
    }
}
