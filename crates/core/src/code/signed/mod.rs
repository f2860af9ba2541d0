//! Codes whose neurons send multiple spikes of either sign in a tick: all layers tick together, in integers, row by row.

pub mod rate;
pub mod refined;

use super::{enter_planes, At, Block, Code};
use crate::arrive::Inputs;
use crate::bits::grow;
use crate::input::Input;
use crate::kernel::rows::Tap;
use crate::kernel::signed::refine::Quantum;
use crate::kernel::signed::{signed_ticks, Chunk as Job, Sent};
use crate::lanes::Lanes;
use crate::layer::Layer;
use crate::network::{Network, Pool};
use crate::parameters::PerNeuron;
use crate::pool::largest::Largest;
use crate::record::Record;
use crate::schedule::Format;
use crate::spikes::{Repeated, Spikes};
use crate::synapse::bounds::largest;
use crate::synapse::chunks::Width;
use rate::{SignedRate, Spread};
use refined::RefinedPhase;

/// One code for the simulator, so that it is compiled once.
#[derive(Clone, Debug)]
pub enum Signed {
    Rate(SignedRate),
    Refined(RefinedPhase),
}

pub struct Plan {
    /// The largest 16-bit weight, [chunks][synapses].
    largest: Vec<u32>,
    /// Binary logarithm of all thresholds, where they are one power of two.
    threshold_shift: Option<u32>,
    /// Bits by which counts are shifted.
    count_shift: u32,
    /// Of refined phase: see `Refine`.
    quanta: Vec<Quantum>,
    holds: Vec<i32>,
    /// By synapse, what a spike of its source counts in each tick of a frame; empty: always 1.
    payloads: Vec<Vec<i32>>,
}

impl Plan {
    /// What a spike that this synapse delivers counts.
    fn payload(&self, synapse: usize, tick: usize) -> i32 {
        self.payloads.get(synapse).map_or(1, |payloads| payloads[tick])
    }

    fn new(layer: &Layer) -> Plan {
        Plan {
            largest: largest(&layer.synapses, &layer.chunks, layer.width),
            threshold_shift: common_shift(layer.rows.threshold.neurons()),
            count_shift: 0,
            quanta: Vec::new(),
            holds: Vec::new(),
            payloads: Vec::new(),
        }
    }
}

fn common_shift(mut thresholds: impl Iterator<Item = u32>) -> Option<u32> {
    let first = thresholds.next()?;
    (first.is_power_of_two() && thresholds.all(|threshold| threshold == first)).then(|| first.trailing_zeros())
}

/// Of every neuron, [positions][padded].
pub struct Charges {
    potential: Vec<i32>,
    /// Spikes +1 less spikes −1 since the last reset, each as often as its payload says, shifted as the plan says; empty for an output.
    counts: Vec<i32>,
    /// The same when the run began.
    before: Vec<i32>,
}

impl Charges {
    fn new(layer: &Layer) -> Charges {
        let counts = vec![0; if layer.fires { layer.lanes() } else { 0 }];
        Charges { potential: vec![0; layer.lanes()], before: counts.clone(), counts }
    }

    /// Counts of the run so far.
    fn count(&self, layer: &Layer, shift: u32, record: &mut Record) {
        let now = self.counts.chunks_exact(layer.padded).zip(self.before.chunks_exact(layer.padded));
        for (to, (now, before)) in record.counts.chunks_exact_mut(layer.cells.channels).zip(now) {
            for (to, (now, before)) in to.iter_mut().zip(now.iter().zip(before)) {
                *to = ((now - before) >> shift) as u32;
            }
        }
    }
}

#[derive(Default)]
pub struct Scratch {
    taps: Vec<Tap>,
    /// Where the taps of each synapse end.
    ends: Vec<usize>,
    rows: Vec<(usize, u32)>,
    /// Bits of one row, [planes][width][words].
    bits: Vec<u64>,
    /// Of one row: see `spikes::Repeated`.
    times: Vec<u32>,
    multiple: Vec<u8>,
    /// The largest weight of each tap.
    largest: Vec<u32>,
    /// Potentials of one chunk after each tick.
    sampled: Vec<u32>,
}

/// What a run changes in one layer.
pub struct State {
    charges: Charges,
    /// Of signed rate; else empty.
    spread: Spread,
    /// Of refined phase: constant charge that the potentials hold already, of every neuron, [positions][padded]; else empty.
    entered: Vec<i32>,
    /// Nothing has run since the last reset.
    fresh: bool,
}

impl Code for Signed {
    type Plan = Plan;
    type State = State;
    type Scratch = Scratch;
    type Max = Largest;

    const SETTLES: bool = true;

    fn format(&self) -> Format {
        Format { float: false, valued: false, signs: 2, window: None }
    }

    fn check(&self) -> Result<(), String> {
        match self {
            Signed::Rate(code) => code.check(),
            Signed::Refined(code) => code.check(),
        }
    }

    fn most_ticks(&self) -> Option<usize> {
        match self {
            Signed::Rate(_) => None,
            Signed::Refined(code) => Some(code.ticks()),
        }
    }

    fn plan(&self, _network: &Network, node: usize, layer: &Layer) -> Plan {
        let plan = Plan::new(layer);
        match self {
            Signed::Rate(_) => plan,
            Signed::Refined(code) => code.plan(node, layer, plan),
        }
    }

    fn max(&self, _network: &Network, pool: &Pool) -> Largest {
        let payloads = match self {
            Signed::Rate(_) => Vec::new(),
            Signed::Refined(code) => code.payloads(pool.source),
        };
        Largest::new(&pool.reach, payloads)
    }

    fn state(&self, layer: &Layer) -> State {
        let (spread, entered) = match self {
            Signed::Rate(_) => (Spread::new(layer.lanes()), Vec::new()),
            Signed::Refined(_) => (Spread::new(0), vec![0; layer.lanes()]),
        };
        State { charges: Charges::new(layer), spread, entered, fresh: true }
    }

    fn reset(&self, layer: &Layer, State { charges, fresh, .. }: &mut State) {
        *fresh = true;
        charges.counts.fill(0);
        charges.before.fill(0);
        // Refined phase rounds by itself, and begins with constant charge.
        if let Signed::Rate(_) = self {
            for (position, potential) in charges.potential.chunks_exact_mut(layer.padded).enumerate() {
                for (lane, v) in potential.iter_mut().enumerate() {
                    *v = if layer.fires { layer.initial.at(position)[lane] as i32 } else { 0 };
                }
            }
        }
    }

    fn begin(&self, layer: &Layer, state: &mut State, constant: &PerNeuron, elapsed: u64) {
        let fresh = std::mem::take(&mut state.fresh);
        if !fresh {
            state.charges.before.copy_from_slice(&state.charges.counts);
        }
        match self {
            Signed::Rate(code) => code.begin(layer, &mut state.spread, constant, elapsed),
            Signed::Refined(code) => code.begin(layer, state, constant, fresh),
        }
    }

    fn enter(&self, network: &Network, input: &Input, block: Block, to: &mut Spikes) {
        enter_planes(network, input, block, to);
    }

    #[inline(never)]
    fn run<L: Lanes>(&self, at: At<Signed>, inputs: Inputs, block: Block, out: &mut Spikes) {
        let layer = at.layer;
        let (width, padded) = (layer.cells.width, layer.padded);
        let words = padded.div_ceil(64);
        let planes = 2 * block.ticks;
        grow(&mut at.scratch.bits, planes * width * words);
        let cells = if layer.fires { block.ticks * width } else { 0 };
        grow(&mut at.scratch.times, cells * padded);
        grow(&mut at.scratch.multiple, cells);
        out.clear(planes);
        let mut run = Run { code: self, at, inputs, block };
        for y in 0..layer.geometry.height {
            run.at.scratch.bits[..planes * width * words].fill(0);
            run.at.scratch.multiple[..cells].fill(0);
            if layer.by_events {
                run.row::<L>(y);
            } else {
                run.inputs.gather(y, &mut run.at.scratch.rows);
                for index in 0..layer.chunks.len() {
                    for x in 0..width {
                        run.taps(index, y, x);
                        run.chunk::<L>(index, y, x, None);
                    }
                }
            }
            if layer.fires {
                let Scratch { bits, times, multiple, .. } = &*run.at.scratch;
                let repeated = Repeated { multiple, times, padded, columns: layer.columns };
                out.append_repeated(layer.geometry, &bits[..planes * width * words], words, repeated);
            }
        }
        if layer.fires {
            out.finish();
            run.at.state.charges.count(layer, run.at.plan.count_shift, run.at.record);
            if layer.record_spikes {
                run.at.record.signed_spikes(layer, out, block.first);
            }
        }
    }

    fn charges(&self, layer: &Layer, state: &State, record: &mut Record) {
        record.charge(layer, |at| [state.charges.potential[at] as u32]);
    }

    fn quiet(&self, state: &mut State) {
        state.spread.quiet();
    }
}

struct Run<'a> {
    code: &'a Signed,
    at: At<'a, Signed>,
    inputs: Inputs<'a>,
    block: Block,
}

impl Run<'_> {
    /// The taps of one chunk of one position.
    #[inline(always)]
    fn taps(&mut self, index: usize, y: usize, x: usize) {
        let At { layer, plan, scratch, .. } = &mut self.at;
        let Scratch { taps, ends, largest, .. } = &mut **scratch;
        taps.clear();
        ends.clear();
        largest.clear();
        for synapse in 0..layer.synapses.len() {
            self.inputs.gathered_taps(taps, synapse, &layer.chunks[index], y, x);
            largest.resize(taps.len(), plan.largest[index * layer.synapses.len() + synapse]);
            ends.push(taps.len());
        }
    }

    /// One chunk of one position, with the taps in the scratch. `only`: a single tick, whose spikes are in the potentials already.
    #[inline(never)]
    fn chunk<L: Lanes>(&mut self, index: usize, y: usize, x: usize, only: Option<usize>) {
        let At { layer, plan, state, scratch, record } = &mut self.at;
        let (width, padded) = (layer.cells.width, layer.padded);
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
        let State { charges, spread, .. } = &mut **state;
        // SAFETY: potentials, counts and thresholds, and what the rule points to, have `lanes` values from `at` on; a row of bits has
        // `words` words a position and plane, in which the chunk has whole bytes; repeats have `padded` values and flags one a
        // position and plane; taps read live spikes of all ticks, whose entries are rows of the chunk's block. Outputs never
        // fire.
        unsafe {
            let cell = from * width + x;
            let job = Job {
                vectors: chunk.vectors,
                narrow: layer.width == Width::Narrow,
                lanes,
                potential: charges.potential[at..at + lanes].as_mut_ptr(),
                threshold: if layer.fires {
                    layer.rows.threshold.at(position)[chunk.first..chunk.first + lanes].as_ptr().cast()
                } else {
                    std::ptr::null()
                },
                count: if layer.fires { charges.counts[at..at + lanes].as_mut_ptr() } else { std::ptr::null_mut() },
                taps: &scratch.taps,
                ends: &scratch.ends,
                largest: &scratch.largest,
                ticks,
                sent: Sent {
                    bits: scratch
                        .bits
                        .as_mut_ptr()
                        .cast::<u8>()
                        .add((cell + from * width) * words * 8 + chunk.first / 8),
                    stride: width * words * 8,
                    times: scratch.times.as_mut_ptr().wrapping_add(cell * padded + chunk.first),
                    times_stride: width * padded,
                    multiple: scratch.multiple.as_mut_ptr().wrapping_add(cell),
                    multiple_stride: width,
                },
                sampled: if traced { scratch.sampled.as_mut_ptr().cast() } else { std::ptr::null_mut() },
            };
            match self.code {
                Signed::Rate(code) => signed_ticks::<L, _>(&job, &code.rule(plan, spread, at)),
                Signed::Refined(code) => signed_ticks::<L, _>(&job, &code.rule(plan, self.block, from)),
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
        let (width, padded) = (layer.cells.width, layer.padded);
        self.at.scratch.taps.clear();
        self.at.scratch.ends.clear();
        for tick in 0..self.block.ticks {
            let in_frame = self.block.frame + self.block.first + tick;
            let potential = &mut self.at.state.charges.potential;
            let row = &mut potential[y * width * padded..(y + 1) * width * padded];
            for index in 0..layer.synapses.len() {
                let payload = self.at.plan.payload(index, in_frame);
                let (scatter, spikes) = (self.inputs.scatter(index, y), self.inputs.of(index));
                for sign in 0..2 {
                    let (plane, minus) = (2 * tick + sign, sign == 1);
                    match payload {
                        1 => scatter.deliver(spikes, plane, minus, row),
                        _ => scatter.deliver_scaled(spikes, plane, if minus { -payload } else { payload }, row),
                    }
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
