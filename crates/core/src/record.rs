//! The results of a run for one node: charges, counts, spikes, traces.

use crate::layer::Layer;
use crate::spikes::Spikes;

#[derive(Default)]
pub struct Record {
    /// Of an output, one for each neuron: bits of i32, or of f64, low word first.
    pub charges: Vec<u32>,
    pub counts: Vec<u32>,
    pub ticks: Vec<u32>,
    pub neurons: Vec<u32>,
    /// 1 or −1 (as bits) of each spike, where spikes may be negative.
    pub signs: Vec<u32>,
    /// Bits of what each spike delivers, where times are real.
    pub values: Vec<u32>,
    /// Bits of the membrane traces, [traced neurons][samples].
    pub traces: Vec<u32>,
}

impl Record {
    /// In the order of the boundary's table.
    pub fn arrays(&self) -> [&[u32]; 7] {
        [&self.charges, &self.counts, &self.ticks, &self.neurons, &self.signs, &self.values, &self.traces]
    }

    /// Clears the results before a run. `samples`: of each trace.
    pub fn begin(&mut self, layer: &Layer, counts: bool, samples: usize) {
        let counted = if layer.fires && counts { layer.geometry.size() } else { 0 };
        self.clear(counted, layer.traced.len() * samples);
    }

    /// Clears the results, with zeros for this number of counts and of samples in all.
    pub fn clear(&mut self, counts: usize, samples: usize) {
        for list in [&mut self.charges, &mut self.ticks, &mut self.neurons, &mut self.signs, &mut self.values] {
            list.clear();
        }
        self.counts.clear();
        self.counts.resize(counts, 0);
        self.traces.clear();
        self.traces.resize(samples, 0);
    }

    /// Keeps spikes as (tick, neuron), sorted.
    pub fn spikes(&mut self, layer: &Layer, out: &Spikes, first_tick: usize) {
        if out.binary {
            // Of N spikes of a neuron there is one in each of the first N ticks.
            let mut counts = vec![0; layer.geometry.size()];
            out.tally(layer.geometry, &mut counts);
            for tick in 0..counts.iter().copied().max().unwrap_or(0) {
                let before = self.neurons.len();
                self.neurons.extend((0..).zip(&counts).filter(|(_, &count)| count > tick).map(|(neuron, _)| neuron));
                self.ticks.extend(std::iter::repeat_n(first_tick as u32 + tick, self.neurons.len() - before));
            }
            return;
        }
        let row_size = layer.geometry.width * layer.geometry.channels;
        for tick in 0..out.planes {
            for row in 0..layer.geometry.height {
                let entries = out.row(layer.geometry, row, tick);
                self.ticks.extend(std::iter::repeat_n((first_tick + tick) as u32, entries.len()));
                self.neurons.extend(entries.iter().map(|entry| entry + (row * row_size) as u32));
            }
        }
    }

    /// The same of spikes that may be negative.
    pub fn signed_spikes(&mut self, layer: &Layer, out: &Spikes, first_tick: usize) {
        let row_size = layer.geometry.width * layer.geometry.channels;
        for tick in 0..out.planes / 2 {
            for row in 0..layer.geometry.height {
                let (mut plus, mut minus) =
                    (out.row(layer.geometry, row, 2 * tick), out.row(layer.geometry, row, 2 * tick + 1));
                while !plus.is_empty() || !minus.is_empty() {
                    let positive = minus.is_empty() || plus.first().is_some_and(|entry| *entry <= minus[0]);
                    let list = if positive { &mut plus } else { &mut minus };
                    self.ticks.push((first_tick + tick) as u32);
                    self.neurons.push(list[0] + (row * row_size) as u32);
                    self.signs.push(if positive { 1 } else { u32::MAX });
                    *list = &list[1..];
                }
            }
        }
    }

    /// The words of each charge, of an output.
    pub fn charge<const W: usize>(&mut self, layer: &Layer, word: impl Fn(usize) -> [u32; W]) {
        let (positions, padded) = (layer.cells.positions(), layer.padded);
        self.charges.clear();
        for position in 0..positions {
            self.charges.extend((0..layer.cells.channels).flat_map(|channel| word(position * padded + channel)));
        }
    }

    /// Traces of `before` samples get room for `after`; what does not fit is dropped.
    pub fn retrace(&mut self, before: usize, after: usize) {
        let rows = self.traces.len().checked_div(before).unwrap_or(0);
        let mut traces = vec![0; rows * after];
        let kept = before.min(after);
        for row in 0..rows {
            traces[row * after..row * after + kept].copy_from_slice(&self.traces[row * before..row * before + kept]);
        }
        self.traces = traces;
    }
}
