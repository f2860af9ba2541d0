//! Codes whose neurons send several spikes of either sign in a tick: all layers tick together, in integers, row by row.

pub mod rate;
pub mod refined;

use super::{At, Block, Code};
use crate::arrive::Inputs;
use crate::bits::grow;
use crate::kernel::rows::Tap;
use crate::kernel::signed::{signed_ticks, Chunk as Job, Rule, Sent};
use crate::lanes::Lanes;
use crate::layer::Layer;
use crate::record::Record;
use crate::spikes::{Further, Spikes};
use crate::synapse::bounds::{prove, Bounds, Repeats, Spiking};
use crate::synapse::chunks::Width;

pub struct Plan {
    /// Of each chunk.
    bounds: Vec<Bounds>,
    /// Binary logarithm of all thresholds, where they are one power of two.
    threshold_shift: Option<u32>,
}

impl Plan {
    fn new(layer: &Layer) -> Plan {
        let spiking = Spiking { repeats: Repeats::Always, signed: true };
        Plan {
            bounds: prove(&layer.synapses, &layer.chunks, layer.width, spiking),
            threshold_shift: common_shift(layer.rows.threshold.neurons()),
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
    /// Spikes +1 less spikes −1 since the last reset, each as often as its payload says; empty for an output.
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
    fn count(&self, layer: &Layer, record: &mut Record) {
        let now = self.counts.chunks_exact(layer.padded).zip(self.before.chunks_exact(layer.padded));
        for (to, (now, before)) in record.counts.chunks_exact_mut(layer.geometry.channels).zip(now) {
            for (to, (now, before)) in to.iter_mut().zip(now.iter().zip(before)) {
                *to = (now - before) as u32;
            }
        }
    }
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

/// A code whose neurons follow one rule.
trait Signed: Code<Plan = Plan, Scratch = Scratch> {
    type Rule<'a>: Rule;

    fn charges_of(state: &mut Self::State) -> &mut Charges;

    /// The charges, and the rule of lanes that begin at `at`, for ticks of the block from `from` on.
    fn rule<'a>(
        &'a self,
        plan: &Plan,
        state: &'a mut Self::State,
        at: usize,
        block: Block,
        from: usize,
    ) -> (&'a mut Charges, Self::Rule<'a>);

    /// How often a spike of this tick of the block delivers its weight.
    fn payload(&self, block: Block, tick: usize) -> i32;
}

/// Runs one layer over a block.
#[inline(never)]
fn run<L: Lanes, C: Signed>(code: &C, at: At<C>, inputs: Inputs, block: Block, out: &mut Spikes) {
    let layer = at.layer;
    let (width, padded) = (layer.geometry.width, layer.padded);
    let words = padded.div_ceil(64);
    let planes = 2 * block.ticks;
    grow(&mut at.scratch.bits, planes * width * words);
    if layer.fires {
        grow(&mut at.scratch.extra, planes * width * padded);
        grow(&mut at.scratch.multiple, planes * width);
    }
    out.clear(planes);
    let mut run = Run { code, at, inputs, block };
    for y in 0..layer.geometry.height {
        run.at.scratch.bits[..planes * width * words].fill(0);
        if layer.by_events {
            run.row::<L>(y);
        } else {
            run.inputs.gather(y, &mut run.at.scratch.rows);
            for index in 0..layer.chunks.len() {
                for x in 0..width {
                    run.inputs.row_taps(&mut run.at.scratch.taps, &layer.chunks[index], y, x);
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
        C::charges_of(run.at.state).count(layer, run.at.record);
        if layer.record_spikes {
            run.at.record.signed_spikes(layer, out, block.first);
        }
    }
}

struct Run<'a, C: Signed> {
    code: &'a C,
    at: At<'a, C>,
    inputs: Inputs<'a>,
    block: Block,
}

impl<C: Signed> Run<'_, C> {
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
        let (charges, rule) = self.code.rule(plan, state, at, self.block, from);
        // SAFETY: potentials, counts and thresholds, and what the rule points to, have `lanes` values from `at` on; a row of bits has
        // `words` words a position and plane, in which the chunk has whole bytes; repeats have `padded` values and flags one a
        // position and plane; taps read live spikes of two planes a tick, whose entries are rows of the chunk's block. Outputs never
        // fire.
        unsafe {
            let cell = 2 * from * width + x;
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
                most_events: plan.bounds[index].most_events(false),
                ticks,
                sent: Sent {
                    bits: scratch.bits.as_mut_ptr().cast::<u8>().add(cell * words * 8 + chunk.first / 8),
                    stride: width * words * 8,
                    extra: scratch.extra.as_mut_ptr().wrapping_add(cell * padded + chunk.first),
                    extra_stride: width * padded,
                    multiple: scratch.multiple.as_mut_ptr().wrapping_add(cell),
                    multiple_stride: width,
                },
                sampled: if traced { scratch.sampled.as_mut_ptr().cast() } else { std::ptr::null_mut() },
            };
            signed_ticks::<L, C::Rule<'_>>(&job, &rule);
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
            let payload = self.code.payload(self.block, tick);
            let potential = &mut C::charges_of(self.at.state).potential;
            let row = &mut potential[y * width * padded..(y + 1) * width * padded];
            for index in 0..layer.synapses.len() {
                for sign in 0..2 {
                    let (scatter, spikes) = (self.inputs.scatter(index, y), self.inputs.of(index));
                    match payload {
                        1 => scatter.deliver(spikes, 2 * tick + sign, sign == 1, row),
                        _ => scatter.deliver_scaled(
                            spikes,
                            2 * tick + sign,
                            if sign == 1 { -payload } else { payload },
                            row,
                        ),
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
