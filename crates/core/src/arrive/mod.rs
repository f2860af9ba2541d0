//! What reaches one layer in a block of ticks: spikes in the form that each synapse needs, and constant charge.

mod constant;
pub mod delays;
mod views;

use crate::kernel::drive::Driven;
use crate::kernel::rows::Tap;
use crate::layer::Layer;
use crate::network::Node;
use crate::parameters::PerNeuron;
use crate::spikes::Spikes;
use crate::synapse::chunks::Chunk;
use crate::synapse::fan::Cost;
use crate::synapse::scatter::{readers, Readers, Row, Scatter};
use crate::synapse::{Synapse, View};
use delays::Past;

pub struct Arrivals {
    /// Spikes of each synapse's source in the form that the synapse needs, if it needs another form.
    views: Vec<Spikes>,
    readers: Vec<Readers>,
    /// Rows of each synapse's source that reach the row of the layer at hand, as one list.
    gathered: Vec<Spikes>,
    /// Charge without input, if it is more than the bias.
    rest: Option<PerNeuron>,
    /// Charge without input plus constant current of this run; none without current.
    drive: Option<PerNeuron>,
    /// Number of planes if the layer takes a window as binary counts, otherwise 0.
    count_planes: usize,
}

/// Buffers shared by all layers: grown once, then reused.
#[derive(Default)]
pub struct Scratch {
    neurons: Vec<u32>,
    planes: Vec<u32>,
    delayed: Spikes,
    counted: Spikes,
    driven: Vec<Driven>,
}

impl Arrivals {
    pub fn new(layer: &Layer, rest: Option<PerNeuron>, count_planes: usize) -> Arrivals {
        Arrivals {
            views: layer.synapses.iter().map(|_| Spikes::default()).collect(),
            gathered: layer.synapses.iter().map(|_| Spikes::default()).collect(),
            readers: layer.synapses.iter().map(|synapse| readers(synapse, layer.geometry)).collect(),
            rest,
            drive: None,
            count_planes,
        }
    }

    /// Charge that arrives without spikes.
    #[inline(always)]
    pub fn constant<'a>(&'a self, layer: &'a Layer) -> &'a PerNeuron {
        self.drive.as_ref().or(self.rest.as_ref()).unwrap_or(&layer.bias)
    }

    /// Whether these spikes become binary counts before the layer takes them.
    fn counts(&self, spikes: &Spikes) -> bool {
        self.count_planes > 0 && !spikes.binary
    }

    /// Brings the sources' spikes into the form that the synapses need; returns what they cost.
    #[inline(never)]
    pub fn prepare(
        &mut self,
        layer: &Layer,
        before: &[Spikes],
        nodes: &[Node],
        scratch: &mut Scratch,
        past: &Past,
    ) -> Cost {
        let mut cost = Cost::default();
        for (synapse, view) in layer.synapses.iter().zip(&mut self.views) {
            if synapse.delay > 0 {
                cost += past.deliver(synapse, view, &mut scratch.delayed);
                continue;
            }
            let source = &before[synapse.source];
            let from = nodes[synapse.source].geometry();
            let counts = self.count_planes > 0 && !source.binary;
            if counts {
                scratch.counted.count(source, from, self.count_planes, &mut scratch.neurons);
            }
            let source = if counts { &scratch.counted } else { source };
            match synapse.view {
                View::Same => {}
                View::Grouped(groups) => view.group(source, from, groups),
                View::Reshaped(to) => view.reshape(source, from, to, &mut scratch.neurons, &mut scratch.planes),
            }
            cost += synapse.cost(if let View::Reshaped(_) = synapse.view { view } else { source });
            if counts && synapse.view == View::Same {
                std::mem::swap(view, &mut scratch.counted);
            }
        }
        cost
    }
}

/// What a code sees of the arrivals of one layer.
pub struct Inputs<'a> {
    pub layer: &'a Layer,
    /// Of the nodes before the layer.
    pub spikes: &'a [Spikes],
    pub arrivals: &'a mut Arrivals,
}

impl Inputs<'_> {
    /// Spikes that a synapse delivers.
    #[inline(always)]
    pub fn of(&self, synapse: usize) -> &Spikes {
        let Synapse { view, source, delay, .. } = &self.layer.synapses[synapse];
        // The source of a delayed synapse may come after its layer.
        let as_fired = *view == View::Same && *delay == 0 && !self.arrivals.counts(&self.spikes[*source]);
        if as_fired {
            &self.spikes[*source]
        } else {
            &self.arrivals.views[synapse]
        }
    }

    #[inline(always)]
    pub fn constant(&self) -> &PerNeuron {
        self.arrivals.constant(self.layer)
    }

    /// Delivers a synapse event by event, to row `y`.
    pub fn scatter(&self, synapse: usize, y: usize) -> Scatter<'_> {
        let to = Row { geometry: self.layer.geometry, padded: self.layer.padded, y };
        Scatter { synapse: &self.layer.synapses[synapse], readers: &self.arrivals.readers[synapse], to }
    }

    /// Appends the taps of one chunk of one position.
    #[inline(always)]
    pub fn taps(&self, taps: &mut Vec<Tap>, chunk: &Chunk, y: usize, x: usize) {
        for (index, synapse) in self.layer.synapses.iter().enumerate() {
            synapse.taps(taps, self.of(index), y, x, chunk);
        }
    }

    /// Combines the input rows under output row `y` if possible: integer sums do not depend on order.
    pub fn gather(&mut self, y: usize, rows: &mut Vec<(usize, u32)>) {
        for index in 0..self.layer.synapses.len() {
            let synapse = &self.layer.synapses[index];
            if synapse.gathers() {
                let mut gathered = std::mem::take(&mut self.arrivals.gathered[index]);
                synapse.gather(&mut gathered, self.of(index), y, rows);
                self.arrivals.gathered[index] = gathered;
            }
        }
    }

    /// Appends what one synapse sends to one chunk of one position, of a row that is gathered.
    #[inline(always)]
    pub fn gathered_taps(&self, taps: &mut Vec<Tap>, index: usize, chunk: &Chunk, y: usize, x: usize) {
        let synapse = &self.layer.synapses[index];
        if synapse.gathers() {
            synapse.gathered_tap(taps, &self.arrivals.gathered[index], y, x, chunk);
        } else {
            synapse.taps(taps, self.of(index), y, x, chunk);
        }
    }

    /// Replaces the taps by those of one chunk of one position, of a row that is gathered.
    #[inline(always)]
    pub fn row_taps(&self, taps: &mut Vec<Tap>, chunk: &Chunk, y: usize, x: usize) {
        taps.clear();
        (0..self.layer.synapses.len()).for_each(|index| self.gathered_taps(taps, index, chunk, y, x));
    }
}
