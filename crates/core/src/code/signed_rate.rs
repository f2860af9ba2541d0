//! Signed rate (T8): integer neurons that may cancel earlier spikes. All layers tick together.

use super::{enter_planes, At, Block, Code};
use crate::arrive::Inputs;
use crate::bits::grow;
use crate::input::Input;
use crate::kernel::rows::Tap;
use crate::kernel::signed::{signed_narrow, signed_wide, Chunk as Job, SignedTicks};
use crate::lanes::Lanes;
use crate::layer::Layer;
use crate::network::{Network, Pool};
use crate::parameters::PerNeuron;
use crate::pool::largest::Largest;
use crate::record::Record;
use crate::schedule::Format;
use crate::spikes::{Further, Spikes};
use crate::synapse::bounds::{prove, Bounds, Repeats, Spiking};
use crate::synapse::chunks::Width;
use crate::with_vectors;

/// After every tick a count is clip(⌊(v0 + Z) / θ⌋, 0, cap), Z the charge so far. Constant charge is spread over `window_ticks`.
#[derive(Clone, Copy, Debug)]
pub struct SignedRate {
    pub window_ticks: i32,
    pub cap: i32,
    /// At most one spike a neuron and tick: the count holds once a tick is silent.
    pub once: bool,
}

pub struct Plan {
    /// Of each chunk.
    bounds: Vec<Bounds>,
    /// Binary logarithm of all thresholds, where they are one power of two.
    threshold_shift: Option<u32>,
}

/// Of every neuron, [positions][padded].
pub struct State {
    potential: Vec<i32>,
    /// Spikes +1 less spikes −1 since the last reset; empty for an output.
    counts: Vec<i32>,
    /// The same when the run began.
    before: Vec<i32>,
    /// Of a window's constant charge A: ⌊A/T⌋, A mod T, and (A mod T)·t mod T after t ticks.
    each: Vec<i32>,
    rest: Vec<i32>,
    carry: Vec<i32>,
}

#[derive(Default)]
pub struct Scratch {
    taps: Vec<Tap>,
    rows: Vec<(usize, u32)>,
    /// Bits of one row, [planes][width][words].
    bits: Vec<u64>,
    /// Zeros between rows: see `spikes::Further`.
    extra: Vec<u32>,
    multiple: Vec<u8>,
    /// Potentials of one chunk after each tick.
    sampled: Vec<u32>,
}

impl Code for SignedRate {
    type Plan = Plan;
    type State = State;
    type Scratch = Scratch;
    type Max = Largest;

    const SETTLES: bool = true;

    fn format(&self) -> Format {
        Format { float: false, valued: false, signs: 2, window: None }
    }

    fn check(&self) -> Result<(), String> {
        if (1..=1 << 30).contains(&self.window_ticks) && self.cap > 0 {
            return Ok(());
        }
        Err(format!(
            "signed rate: expected 1 to 2^30 ticks a window and a cap of at least 1, got {} and {}",
            self.window_ticks, self.cap
        ))
    }

    fn plan(&self, _network: &Network, _node: usize, layer: &Layer) -> Plan {
        let spiking = Spiking { repeats: Repeats::Always, signed: true };
        Plan {
            bounds: prove(&layer.synapses, &layer.chunks, layer.width, spiking),
            threshold_shift: common_shift(layer.rows.threshold.neurons()),
        }
    }

    fn max(&self, _network: &Network, pool: &Pool) -> Largest {
        Largest::new(&pool.reach)
    }

    fn state(&self, layer: &Layer) -> State {
        let zeros = || vec![0; layer.lanes()];
        let counts = if layer.fires { zeros() } else { Vec::new() };
        State { potential: zeros(), before: counts.clone(), counts, each: zeros(), rest: zeros(), carry: zeros() }
    }

    fn reset(&self, layer: &Layer, state: &mut State) {
        for (position, potential) in state.potential.chunks_exact_mut(layer.padded).enumerate() {
            for (lane, v) in potential.iter_mut().enumerate() {
                *v = if layer.fires { layer.initial.at(position)[lane] as i32 } else { 0 };
            }
        }
        state.counts.fill(0);
    }

    /// Spreads the constant charge over a window: tick t delivers ⌊(t + 1)·A/T⌋ − ⌊t·A/T⌋, from tick `elapsed` on.
    fn begin(&self, layer: &Layer, state: &mut State, constant: &PerNeuron, elapsed: u64) {
        let (ticks, t) = (self.window_ticks, elapsed % self.window_ticks as u64);
        let State { counts, before, each, rest, carry, .. } = state;
        before.clone_from(counts);
        for position in 0..layer.geometry.positions() {
            let first = position * layer.padded;
            for (lane, &charge) in constant.at(position)[..layer.padded].iter().enumerate() {
                let (charge, at) = (charge as i32, first + lane);
                each[at] = charge.div_euclid(ticks);
                rest[at] = charge.rem_euclid(ticks);
                carry[at] = (rest[at] as u64 * t % ticks as u64) as i32;
            }
        }
    }

    fn enter(&self, network: &Network, input: &Input, block: Block, to: &mut Spikes) {
        enter_planes(network, input, block, to);
    }

    #[inline(never)]
    fn run<L: Lanes>(&self, at: At<SignedRate>, inputs: Inputs, block: Block, out: &mut Spikes) {
        let layer = at.layer;
        let (height, width, padded) = (layer.geometry.height, layer.geometry.width, layer.padded);
        let words = padded.div_ceil(64);
        let planes = 2 * block.ticks;
        grow(&mut at.scratch.bits, planes * width * words);
        if layer.fires {
            grow(&mut at.scratch.extra, planes * width * padded);
            grow(&mut at.scratch.multiple, planes * width);
        }
        out.clear(planes);
        let mut run = Run { code: self, at, inputs, block };
        for y in 0..height {
            run.at.scratch.bits[..planes * width * words].fill(0);
            if layer.by_events {
                run.row::<L>(y);
            } else {
                run.inputs.gather(y, &mut run.at.scratch.rows);
                for (index, chunk) in layer.chunks.iter().enumerate() {
                    for x in 0..width {
                        run.inputs.row_taps(&mut run.at.scratch.taps, chunk, y, x);
                        run.chunk::<L>(index, y, x, None);
                    }
                }
            }
            if layer.fires {
                let Scratch { bits, extra, multiple, .. } = &mut *run.at.scratch;
                let further = Further { multiple, extra, padded };
                out.append_repeated(layer.geometry, &bits[..planes * width * words], words, further);
            }
        }
        if layer.fires {
            out.finish();
            count(layer, run.at.state, run.at.record);
            if layer.record_spikes {
                run.at.record.signed_spikes(layer, out, block.first);
            }
        }
    }

    fn charges(&self, layer: &Layer, state: &State, record: &mut Record) {
        record.charge(layer, |at| [state.potential[at] as u32]);
    }

    fn quiet(&self, state: &mut State) {
        state.each.fill(0);
        state.rest.fill(0);
    }
}

struct Run<'a> {
    code: &'a SignedRate,
    at: At<'a, SignedRate>,
    inputs: Inputs<'a>,
    block: Block,
}

impl Run<'_> {
    /// One chunk of one position, with the taps in the scratch. `only`: a single tick, whose spikes are in the potentials already.
    #[inline(never)]
    fn chunk<L: Lanes>(&mut self, index: usize, y: usize, x: usize, only: Option<usize>) {
        let At { layer, plan, state, scratch, record } = &mut self.at;
        let (width, padded) = (layer.geometry.width, layer.padded);
        let chunk = &layer.chunks[index];
        let lanes = chunk.vectors * layer.width.lanes();
        let words = padded.div_ceil(64);
        let position = y * width + x;
        let at = position * padded + chunk.first;
        let (from, ticks) = only.map_or((0, self.block.ticks), |tick| (tick, 1));
        let traced = layer.traces(chunk, position);
        if traced {
            grow(&mut scratch.sampled, ticks * lanes);
        }
        let State { potential, counts, each, rest, carry, .. } = &mut **state;
        // SAFETY: potentials, counts, charges and thresholds have `lanes` values from `at` on; a row of bits has `words` words a
        // position and plane, in which the chunk has whole bytes; repeats have `padded` values and flags one a position and plane;
        // taps read live spikes of two planes a tick, whose entries are rows of the chunk's block. Outputs never fire.
        unsafe {
            let cell = 2 * from * width + x;
            let threshold = if layer.fires {
                layer.rows.threshold.at(position)[chunk.first..chunk.first + lanes].as_ptr().cast()
            } else {
                std::ptr::null()
            };
            let job = Job {
                lanes,
                potential: potential[at..at + lanes].as_mut_ptr(),
                threshold,
                shift: plan.threshold_shift,
                count: if layer.fires { counts[at..at + lanes].as_mut_ptr() } else { std::ptr::null_mut() },
                cap: self.code.cap,
                once: self.code.once,
                each: each[at..at + lanes].as_ptr(),
                rest: rest[at..at + lanes].as_ptr(),
                carry: carry[at..at + lanes].as_mut_ptr(),
                window_ticks: self.code.window_ticks,
                taps: &scratch.taps,
                most_events: plan.bounds[index].most_events(false),
                ticks,
                bits: scratch.bits.as_mut_ptr().cast::<u8>().add(cell * words * 8 + chunk.first / 8),
                stride: width * words * 8,
                extra: scratch.extra.as_mut_ptr().wrapping_add(cell * padded + chunk.first),
                extra_stride: width * padded,
                multiple: scratch.multiple.as_mut_ptr().wrapping_add(cell),
                multiple_stride: width,
                sampled: if traced { scratch.sampled.as_mut_ptr().cast() } else { std::ptr::null_mut() },
            };
            match layer.width {
                Width::Narrow => with_vectors!(chunk.vectors, signed_narrow: SignedTicks, L, &job),
                _ => with_vectors!(chunk.vectors, signed_wide: SignedTicks, L, &job),
            }
        }
        if traced {
            for (row, lane) in layer.traced_in(chunk, position) {
                for tick in 0..ticks {
                    record.traces[row * self.block.of + self.block.first + from + tick] =
                        scratch.sampled[tick * lanes + lane];
                }
            }
        }
    }

    /// One row whose synapses deliver event by event, tick after tick.
    #[inline(never)]
    fn row<L: Lanes>(&mut self, y: usize) {
        let layer = self.at.layer;
        let (width, padded) = (layer.geometry.width, layer.padded);
        self.at.scratch.taps.clear();
        for tick in 0..self.block.ticks {
            let row = &mut self.at.state.potential[y * width * padded..(y + 1) * width * padded];
            for index in 0..layer.synapses.len() {
                for sign in 0..2 {
                    self.inputs.scatter(index, y).deliver(self.inputs.of(index), 2 * tick + sign, sign == 1, row);
                }
            }
            for index in 0..layer.chunks.len() {
                for x in 0..width {
                    self.chunk::<L>(index, y, x, Some(tick));
                }
            }
        }
    }
}

/// Counts of the run so far.
fn count(layer: &Layer, State { counts, before, .. }: &State, record: &mut Record) {
    let now = counts.chunks_exact(layer.padded).zip(before.chunks_exact(layer.padded));
    for (to, (now, before)) in record.counts.chunks_exact_mut(layer.geometry.channels).zip(now) {
        for (to, (now, before)) in to.iter_mut().zip(now.iter().zip(before)) {
            *to = (now - before) as u32;
        }
    }
}

fn common_shift(mut thresholds: impl Iterator<Item = u32>) -> Option<u32> {
    let first = thresholds.next()?;
    (first.is_power_of_two() && thresholds.all(|threshold| threshold == first)).then(|| first.trailing_zeros())
}
