//! One population or output: its neurons, its synapses, and how its channels are cut into chunks.

use crate::chunks::{chunks, Bounds, Chunk, Width};
use crate::kernel::levels::{reciprocal, Levels};
use crate::network::Schedule;
use crate::neuron::Neuron;
use crate::spikes::{Geometry, Spikes};
use crate::sweep::Sweep;
use crate::synapse::{Kind, Synapse, View};

/// Bits of f32 or i32, padded to the chunks: one row for all positions, or one for each.
pub struct PerNeuron {
    values: Vec<u32>,
    stride: usize,
}

impl PerNeuron {
    /// `values`: one for each channel or for each neuron; `fill` where there is no neuron.
    pub fn new(values: &[u32], geometry: Geometry, padded: usize, fill: u32) -> PerNeuron {
        let rows = values.len() / geometry.channels;
        let mut spread = vec![fill; rows * padded];
        for (to, from) in spread.chunks_exact_mut(padded).zip(values.chunks_exact(geometry.channels)) {
            to[..geometry.channels].copy_from_slice(from);
        }
        PerNeuron { values: spread, stride: if rows > 1 { padded } else { 0 } }
    }

    pub fn of_positions(values: Vec<u32>, padded: usize) -> PerNeuron {
        PerNeuron { values, stride: padded }
    }

    #[inline(always)]
    pub fn at(&self, position: usize) -> &[u32] {
        &self.values[position * self.stride..]
    }

    pub fn into_values(self) -> Vec<u32> {
        self.values
    }
}

pub struct SynapseSpec {
    pub source: usize,
    pub kind: Kind,
    pub delayed: Option<Delayed>,
}

/// A synapse that delivers what its source sent some ticks ago; the source may come later than the target.
#[derive(Clone, Copy)]
pub struct Delayed {
    pub ticks: usize,
    pub from: Geometry,
}

impl SynapseSpec {
    /// From fifteen numbers each: source, kind (0 dense, 1 convolution, 2 identity by channel, 3 identity by neuron, 4 transposed
    /// convolution); then of a convolution kernel, stride, dilation (vertical, horizontal), padding (top, left) and groups, else zeros; then the delay in ticks, and height,
    /// width and channels of the source.
    pub fn from_numbers(numbers: &[u32]) -> Result<Vec<SynapseSpec>, String> {
        let spec = |numbers: &[u32]| {
            let sizes: Vec<usize> = numbers.iter().map(|&number| number as usize).collect();
            let [source, kind, window @ .., groups, ticks, height, width, channels] =
                <[usize; 15]>::try_from(sizes).map_err(|_| "synapse: expected 15 numbers")?;
            let kind = match kind {
                0 => Kind::Dense,
                1 => Kind::Conv(Sweep::new(window), groups),
                4 => Kind::Conv(Sweep::new(window).transpose(), groups),
                kind => Kind::Identity { per_neuron: kind == 3 },
            };
            let delayed = (ticks > 0).then_some(Delayed { ticks, from: Geometry { height, width, channels } });
            Ok(SynapseSpec { source, kind, delayed })
        };
        numbers.chunks(15).map(spec).collect()
    }
}

pub struct LayerSpec {
    pub geometry: Geometry,
    pub depth: usize,
    pub fires: bool,
    pub neuron: Neuron,
    /// False: a linear neuron, whose potential is not raised to 0 before it fires.
    pub rectified: bool,
    /// Every weight fits i16.
    pub narrow: bool,
    /// Bits of f32 or i32, one for each channel or each neuron; threshold and initial potential are empty for an output.
    pub bias: Vec<u32>,
    pub threshold: Vec<u32>,
    pub initial: Vec<u32>,
    pub synapses: Vec<SynapseSpec>,
    pub record_spikes: bool,
    pub traced: Vec<u32>,
}

pub struct Layer {
    pub geometry: Geometry,
    pub depth: usize,
    pub fires: bool,
    pub neuron: Neuron,
    pub rectified: bool,
    pub width: Width,
    /// Lanes and vectors of all chunks.
    pub padded: usize,
    pub vectors: usize,
    pub chunks: Vec<Chunk>,
    pub synapses: Vec<Synapse>,
    pub bias: PerNeuron,
    pub threshold: PerNeuron,
    pub initial: PerNeuron,
    /// 2³² / threshold, where every threshold allows it.
    pub reciprocal: Option<PerNeuron>,
    /// Binary logarithm of all thresholds, where they are one power of two.
    pub threshold_shift: Option<u32>,
    /// Bias, and in layerwise networks the initial potential, in integers.
    pub base: PerNeuron,
    /// All synapses deliver event by event: depthwise and small groups, where a vector of neurons shares no row.
    pub by_events: bool,
    /// Whether something takes the spikes as entries, and whether as bits.
    pub lists_spikes: bool,
    pub keeps_bits: bool,
    /// Where the ticks of a window count the same, and are integrated as one: planes of the merged spikes; else 0.
    pub merged_planes: usize,
    /// Whether all that takes its spikes merges them: then it fires them so.
    pub fires_merged: bool,
    /// Adding zero to a bias of −0.0 changes it.
    pub negative_zero: bool,
    pub record_spikes: bool,
    pub traced: Vec<u32>,
}

/// Most channels of an identity whose weights are laid out as rows, all but one of them missing.
const MOST_DIAGONAL: usize = 64;

/// Channels that one event of a convolution reaches at one position.
fn fan_out(kind: &Kind, to: Geometry) -> usize {
    match kind {
        Kind::Conv(_, groups) => to.channels / groups,
        Kind::Identity { .. } => 1,
        Kind::Dense => to.channels,
    }
}

impl Layer {
    /// The spec is checked by `network.rs`; `sources`: geometries of the synapses' sources.
    pub fn new(spec: LayerSpec, sources: &[Geometry], schedule: &Schedule) -> Layer {
        let to = spec.geometry;
        let float = schedule.float();
        let width = match (float, spec.narrow) {
            (true, _) => Width::Float,
            (_, true) => Width::Narrow,
            _ => Width::Wide,
        };
        let grouped = |synapse: &SynapseSpec| matches!(synapse.kind, Kind::Conv(_, groups) if groups > 1);
        let row_local = |synapse: &SynapseSpec| !matches!(synapse.kind, Kind::Dense);
        let by_events = spec.synapses.iter().any(|synapse| grouped(synapse) && fan_out(&synapse.kind, to) % 16 != 0)
            && spec.synapses.iter().all(|synapse| row_local(synapse) && fan_out(&synapse.kind, to) < 16);
        let groups = spec
            .synapses
            .iter()
            .filter(|synapse| grouped(synapse) && fan_out(&synapse.kind, to) % 16 == 0)
            .map(|synapse| to.channels / fan_out(&synapse.kind, to))
            .max()
            .unwrap_or(1);
        let groups = if by_events { 1 } else { groups };
        let chunks = chunks(to.channels, groups, width);
        let vectors: usize = chunks.iter().map(|chunk| chunk.vectors).sum();
        let padded = chunks.last().map_or(0, |last| last.first + last.vectors * width.lanes());
        // Not where it takes values: 0 times a value is +0.0 or −0.0.
        let has_rows = |synapse: &SynapseSpec| {
            synapse.kind == Kind::Identity { per_neuron: false }
                && synapse.source != 0
                && schedule.timed.is_none()
                && to.channels <= MOST_DIAGONAL
        };
        let delay = |synapse: &SynapseSpec| synapse.delayed.map_or(0, |delayed| delayed.ticks);
        let synapses = spec
            .synapses
            .iter()
            .zip(sources)
            .map(|(synapse, &from)| {
                Synapse::new(
                    synapse.source,
                    synapse.kind,
                    from,
                    to,
                    width,
                    vectors,
                    by_events,
                    groups,
                    has_rows(synapse),
                )
                .delayed(delay(synapse))
            })
            .collect();
        // Lanes without a neuron must not fire, whatever their potential: nothing reaches NaN.
        let never = if float { f32::NAN.to_bits() } else { 1 };
        let base = match (float, schedule.interleaved) {
            (true, _) => Vec::new(),
            (_, true) => spec.bias.clone(),
            _ => sum(&spec.bias, &spec.initial),
        };
        let reciprocals: Option<Vec<u32>> = if float || !spec.fires {
            None
        } else {
            spec.threshold.iter().map(|&threshold| reciprocal(threshold as i32)).collect()
        };
        Layer {
            geometry: to,
            depth: spec.depth,
            fires: spec.fires,
            neuron: spec.neuron,
            rectified: spec.rectified,
            width,
            padded,
            vectors,
            synapses,
            chunks,
            negative_zero: float && spec.bias.contains(&(-0.0f32).to_bits()),
            bias: PerNeuron::new(&spec.bias, to, padded, 0),
            threshold: PerNeuron::new(&spec.threshold, to, padded, never),
            initial: PerNeuron::new(&spec.initial, to, padded, 0),
            threshold_shift: common_shift(&spec.threshold).filter(|_| !float),
            reciprocal: reciprocals.map(|values| PerNeuron::new(&values, to, padded, 0)),
            base: PerNeuron::new(&base, to, padded, 0),
            by_events,
            lists_spikes: true,
            keeps_bits: false,
            merged_planes: 0,
            fires_merged: false,
            record_spikes: spec.record_spikes,
            traced: spec.traced,
        }
    }

    /// The firing ticks of its window at once, where they are such.
    pub fn levels(&self, schedule: &Schedule) -> Option<Levels> {
        let levels = Levels::of(&schedule.firing)
            .filter(|_| schedule.cap.is_none() && self.traced.is_empty() && self.reciprocal.is_some())?;
        match levels {
            Levels::Run(ticks) if self.fires_merged => Some(Levels::Merged { ticks, planes: schedule.merged_planes() }),
            _ => Some(levels),
        }
    }

    /// Whether these spikes are merged before it takes them.
    pub fn merges(&self, spikes: &Spikes) -> bool {
        self.merged_planes > 0 && !spikes.merged
    }

    /// Whether nothing needs the charge after each tick.
    pub fn can_merge(&self) -> bool {
        self.traced.is_empty() && !self.by_events && self.synapses.iter().all(|synapse| synapse.view == View::Same)
    }

    /// Proves, for every chunk, how far the events of one tick can move an i16 sum. `repeats`: whether a neuron may spike twice in
    /// a plane, never, always, or only if the network's input does; `signed`: spikes may be −1; `ticks`: of a window.
    pub fn prove(&mut self, repeats: Repeats, signed: bool, ticks: usize) {
        if self.width != Width::Narrow || self.by_events {
            return;
        }
        let blocks = self.synapses.iter().map(Synapse::blocks).max().unwrap_or(1);
        let mut chunks = std::mem::take(&mut self.chunks);
        let (mut column, mut one_sign) = (Vec::new(), Vec::new());
        for chunk in &mut chunks {
            let times = if self.merged_planes > 0 { ticks } else { 1 };
            let mut tables = [Some(times), None].map(|times| Table { times, largest: vec![0] });
            for position in 0..blocks {
                for vector in 0..chunk.vectors {
                    for lane in 0..8 {
                        column.clear();
                        for synapse in &self.synapses {
                            synapse.column(&mut column, position, chunk, self.vectors, vector, lane);
                        }
                        for sign in [1i16, -1] {
                            one_sign.clear();
                            one_sign.extend(
                                column.iter().map(|&q| if signed { q.abs() } else { q * sign }).filter(|&q| q > 0),
                            );
                            if repeats != Repeats::Always {
                                tables[0].include(&mut one_sign);
                            }
                            if repeats != Repeats::Never {
                                tables[1].include(&mut one_sign);
                            }
                        }
                    }
                }
            }
            let [distinct, repeated] = tables.map(Table::bounds);
            chunk.bounds = match repeats {
                Repeats::Never => Bounds { repeated: distinct.clone(), distinct },
                Repeats::Always => Bounds { distinct: repeated.clone(), repeated },
                Repeats::AsInput => Bounds { distinct, repeated },
            };
        }
        self.chunks = chunks;
    }
}

fn common_shift(thresholds: &[u32]) -> Option<u32> {
    let first = *thresholds.first()?;
    (first.is_power_of_two() && thresholds.iter().all(|&threshold| threshold == first)).then(|| first.trailing_zeros())
}

/// One value for each channel or each neuron on either side; the second may be empty.
fn sum(a: &[u32], b: &[u32]) -> Vec<u32> {
    if b.is_empty() {
        return a.to_vec();
    }
    (0..a.len().max(b.len())).map(|index| a[index % a.len()].wrapping_add(b[index % b.len()])).collect()
}

/// Whether a neuron may spike twice in a plane.
#[derive(Clone, Copy, PartialEq)]
pub enum Repeats {
    Never,
    AsInput,
    Always,
}

/// Longest table of bounds: ticks with more events are split.
const MOST_EVENTS: usize = 4096;

struct Table {
    /// How often one input can spike; None: without limit.
    times: Option<usize>,
    /// Largest sum of n weights of one sign, by n.
    largest: Vec<u32>,
}

impl Table {
    /// Takes the weights of one sign and lane.
    fn include(&mut self, weights: &mut [i16]) {
        let Some(times) = self.times else {
            let most = weights.iter().copied().max().unwrap_or(0) as u32;
            if most == 0 {
                return;
            }
            let length = (32767 / most as usize + 2).min(MOST_EVENTS + 1);
            self.grow(length);
            for (count, largest) in self.largest.iter_mut().enumerate() {
                *largest = (*largest).max(most.saturating_mul(count as u32));
            }
            return;
        };
        weights.sort_unstable_by(|a, b| b.cmp(a));
        self.grow(weights.len() * times + 1);
        let mut sum = 0;
        for count in 0..self.largest.len() - 1 {
            sum += weights.get(count / times).map_or(0, |&q| q as u32);
            self.largest[count + 1] = self.largest[count + 1].max(sum);
            if sum > 32767 {
                break;
            }
        }
    }

    /// A longer column, or none, cannot reach less with more events.
    fn grow(&mut self, length: usize) {
        let length = length.min(MOST_EVENTS + 2);
        let last = self.largest[self.largest.len() - 1];
        if self.largest.len() < length {
            self.largest.resize(length, last);
        }
    }

    fn bounds(self) -> (Vec<u16>, bool) {
        let fitting = self.largest.iter().take(MOST_EVENTS + 1).take_while(|&&sum| sum <= 32767).count();
        // With repeated inputs the last entry holds for no larger number, unless all weights are zero.
        let bounded = fitting == self.largest.len() && (self.times.is_some() || self.largest.len() == 1);
        (self.largest[..fitting].iter().map(|&sum| sum as u16).collect(), bounded)
    }
}
