//! Proves that 16-bit sums cannot overflow: bounds how far n events of a tick can move any lane of a chunk.

use super::chunks::{Chunk, Width};
use super::Synapse;

/// Entry n is the largest |Σ±q| that n events of one tick can reach in any lane; the last one holds for
/// all larger n too where the flag says so. `distinct`: no input of the network spikes twice in a tick.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    distinct: (Vec<u16>, bool),
    repeated: (Vec<u16>, bool),
}

impl Bounds {
    /// No sum of a window leaves 16 bits: of all events, each as often as `levels` says.
    pub fn holds_window(&self, distinct: bool, levels: i64) -> bool {
        let (table, bounded) = if distinct { &self.distinct } else { &self.repeated };
        *bounded && table.last().is_some_and(|&sum| i64::from(sum).saturating_mul(levels) <= 32767)
    }

    /// The number of events that moves no sum by more than 32767.
    pub fn most_events(&self, distinct: bool) -> usize {
        let (table, bounded) = if distinct { &self.distinct } else { &self.repeated };
        if *bounded {
            usize::MAX
        } else {
            table.len().saturating_sub(1)
        }
    }
}

/// Known properties of the spikes that reach a layer.
#[derive(Clone, Copy)]
pub struct Spiking {
    pub repeats: Repeats,
    /// Spikes may be −1.
    pub signed: bool,
}

/// Bounds of every chunk of a layer. Only 16-bit weights with rows have any.
pub fn prove(synapses: &[Synapse], chunks: &[Chunk], width: Width, spiking: Spiking) -> Vec<Bounds> {
    let by_events = synapses.iter().any(Synapse::by_events);
    if width != Width::Narrow || by_events {
        return vec![Bounds::default(); chunks.len()];
    }
    let Spiking { repeats, signed } = spiking;
    let blocks = synapses.iter().map(Synapse::blocks).max().unwrap_or(1);
    let (mut column, mut one_sign) = (Vec::new(), Vec::new());
    let mut of_chunk = |chunk: &Chunk| {
        let mut tables = [false, true].map(|repeats| Table { repeats, largest: vec![0] });
        for position in 0..blocks {
            for lane in 0..8 * chunk.vectors {
                column.clear();
                synapses.iter().for_each(|synapse| synapse.column(&mut column, position, chunk, lane));
                for sign in [1i16, -1] {
                    one_sign.clear();
                    one_sign.extend(column.iter().map(|&q| if signed { q.abs() } else { q * sign }).filter(|&q| q > 0));
                    if repeats != Repeats::Always {
                        tables[0].include(&mut one_sign);
                    }
                    if repeats != Repeats::Never {
                        tables[1].include(&mut one_sign);
                    }
                }
            }
        }
        let [distinct, repeated] = tables.map(Table::bounds);
        match repeats {
            Repeats::Never => Bounds { repeated: distinct.clone(), distinct },
            Repeats::Always => Bounds { distinct: repeated.clone(), repeated },
            Repeats::AsInput => Bounds { distinct, repeated },
        }
    };
    chunks.iter().map(&mut of_chunk).collect()
}

/// The largest 16-bit weight, [chunks][synapses]; 0 where weights are others.
pub fn largest(synapses: &[Synapse], chunks: &[Chunk], width: Width) -> Vec<u32> {
    let mut column = Vec::new();
    let mut of = |chunk: &Chunk, synapse: &Synapse| {
        let mut largest = 0;
        for position in 0..if width == Width::Narrow && !synapse.by_events() { synapse.blocks() } else { 0 } {
            for lane in 0..8 * chunk.vectors {
                column.clear();
                synapse.column(&mut column, position, chunk, lane);
                largest = column.iter().fold(largest, |most, q| most.max(u32::from(q.unsigned_abs())));
            }
        }
        largest
    };
    chunks.iter().flat_map(|chunk| synapses.iter().map(|synapse| of(chunk, synapse)).collect::<Vec<_>>()).collect()
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
    /// One input can spike any number of times.
    repeats: bool,
    /// Largest sum of n weights of one sign, by n.
    largest: Vec<u32>,
}

impl Table {
    /// Takes the weights of one sign and lane.
    fn include(&mut self, weights: &mut [i16]) {
        if self.repeats {
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
        }
        weights.sort_unstable_by(|a, b| b.cmp(a));
        self.grow(weights.len() + 1);
        let mut sum = 0;
        for count in 0..self.largest.len() - 1 {
            sum += weights.get(count).map_or(0, |&q| q as u32);
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
        let bounded = fitting == self.largest.len() && (!self.repeats || self.largest.len() == 1);
        (self.largest[..fitting].iter().map(|&sum| sum as u16).collect(), bounded)
    }
}
