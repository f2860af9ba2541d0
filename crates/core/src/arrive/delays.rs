//! Keeps the spikes of the last ticks for synapses with delays.

use crate::network::Network;
use crate::spikes::{Geometry, Spikes};
use crate::synapse::fan::Cost;
use crate::synapse::{Synapse, View};

/// Spikes of one node, back to the longest delay of its synapses.
pub struct History {
    longest_delay: usize,
    /// Planes a tick.
    signs: usize,
    /// Sorted by (plane, neuron); those of plane p are `neurons[starts[p]..starts[p + 1]]`.
    neurons: Vec<u32>,
    starts: Vec<u32>,
    /// Ticks since the reset; the last of them is the last in the buffer.
    elapsed: u64,
}

impl History {
    pub fn reset(&mut self) {
        self.elapsed = 0;
        self.neurons.clear();
        // Before the first tick nothing spikes.
        self.starts.clear();
        self.starts.resize(self.longest_delay * self.signs + 1, 0);
    }

    pub fn append(&mut self, spikes: &Spikes, geometry: Geometry) {
        self.forget();
        for plane in 0..spikes.planes {
            for row in 0..geometry.height {
                let origin = (row * geometry.width * geometry.channels) as u32;
                self.neurons.extend(spikes.row(geometry, row, plane).iter().map(|entry| entry + origin));
            }
            self.starts.push(self.neurons.len() as u32);
        }
        self.elapsed += (spikes.planes / self.signs) as u64;
    }

    /// Drops spikes older than the longest delay once half of the buffer is stale.
    fn forget(&mut self) {
        let (kept, needed) = (self.starts.len() - 1, self.longest_delay * self.signs);
        if kept < 2 * needed + 64 {
            return;
        }
        let first = kept - needed;
        let dropped = self.starts[first];
        self.neurons.drain(..dropped as usize);
        self.starts.drain(..first);
        self.starts.iter_mut().for_each(|start| *start -= dropped);
    }

    /// The spikes of ticks `first − delay` to `first − delay + ticks`, numbered as ticks from `first` on.
    pub fn view(&self, view: &mut Spikes, geometry: Geometry, first: u64, delay: usize, ticks: usize) {
        let ago = (self.elapsed + delay as u64 - first) as usize * self.signs;
        let begin = self.starts.len() - 1 - ago;
        view.fill(geometry, &self.neurons, &self.starts[begin..=begin + ticks * self.signs]);
    }
}

/// The spikes of earlier ticks that the delayed synapses of a block of ticks read.
pub struct Past<'a> {
    pub histories: &'a [Option<History>],
    pub first: u64,
    pub ticks: usize,
}

impl Past<'_> {
    /// Brings what arrives now into the form that a delayed synapse needs; returns what they cost.
    pub fn deliver(&self, synapse: &Synapse, view: &mut Spikes, ungrouped: &mut Spikes) -> Cost {
        let Some(history) = &self.histories[synapse.source] else { return Cost::default() };
        let View::Grouped(groups) = synapse.view else {
            history.view(view, synapse.from, self.first, synapse.delay, self.ticks);
            return synapse.cost(view);
        };
        history.view(ungrouped, synapse.from, self.first, synapse.delay, self.ticks);
        view.group(ungrouped, synapse.from, groups);
        synapse.cost(ungrouped)
    }
}

/// One for each node that a delayed synapse reads.
#[inline(never)]
pub fn histories(network: &Network) -> Vec<Option<History>> {
    let mut longest = vec![0; network.nodes.len()];
    for synapse in network.layers().flat_map(|(_, layer)| &layer.synapses) {
        longest[synapse.source] = longest[synapse.source].max(synapse.delay);
    }
    let signs = network.format.signs;
    longest
        .into_iter()
        .map(|longest_delay| {
            (longest_delay > 0).then(|| History {
                longest_delay,
                signs,
                neurons: Vec::new(),
                starts: Vec::new(),
                elapsed: 0,
            })
        })
        .collect()
}

/// Ticks that can run at once: no more than the delay of any recurrent synapse, so that its source has sent all of them.
pub fn block_ticks(network: &Network, most: usize) -> usize {
    let recurrent = network
        .layers()
        .flat_map(|(index, layer)| layer.synapses.iter().filter(move |synapse| synapse.source >= index));
    recurrent.map(|synapse| synapse.delay).fold(most, usize::min)
}
