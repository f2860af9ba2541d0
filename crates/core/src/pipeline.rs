//! Pipelined windows: one sample enters each window, while the former ones are in the layers behind (T7, mapping.md §6).
//!
//! A layer integrates one sample's window and fires it in the next one, while it integrates the following sample's. Firing takes no
//! input, so the spikes of the next window are known when the window ends: they are kept with their sample until the last reader
//! has had them.

use crate::kernel::lanes::Lanes;
use crate::network::{Network, Node};
use crate::simulator::{Input, Simulator};
use crate::spikes::Spikes;
use crate::state::LayerState;
use std::collections::VecDeque;

#[derive(Default)]
pub(crate) struct Pipeline {
    /// In which window after a sample's entry each node works on it.
    stages: Vec<usize>,
    /// In which window after a sample's entry each node's spikes are read last.
    read_last: Vec<usize>,
    /// Whether spikes of each neuron are counted.
    pub counts: bool,
    /// By the number of windows since each entered.
    samples: VecDeque<Option<Sample>>,
    /// Spikes that no sample needs any more, for the next to write over; by node.
    spare: Vec<Vec<Spikes>>,
}

struct Sample {
    /// Constant current, if any: a layer of any depth may read the input.
    current: Option<Vec<u32>>,
    distinct: bool,
    /// By node, as the rest.
    spikes: Vec<Spikes>,
    records: Vec<Record>,
    spike_count: u64,
    synaptic_operations: u64,
}

/// What a run leaves of one layer.
#[derive(Default)]
struct Record {
    charge: Vec<u32>,
    counts: Vec<u32>,
    spike_ticks: Vec<u32>,
    spike_neurons: Vec<u32>,
    spike_signs: Vec<u32>,
    spike_values: Vec<u32>,
    traces: Vec<u32>,
}

impl Record {
    fn exchange(&mut self, state: &mut LayerState) {
        let pairs = [
            (&mut self.charge, &mut state.potential),
            (&mut self.counts, &mut state.counts),
            (&mut self.spike_ticks, &mut state.spike_ticks),
            (&mut self.spike_neurons, &mut state.spike_neurons),
            (&mut self.spike_signs, &mut state.spike_signs),
            (&mut self.spike_values, &mut state.spike_values),
            (&mut self.traces, &mut state.traces),
        ];
        pairs.into_iter().for_each(|(kept, current)| std::mem::swap(kept, current));
    }
}

impl Pipeline {
    pub fn new(network: &Network, counts: bool) -> Pipeline {
        if network.schedule.interleaved {
            return Pipeline::default();
        }
        let count = network.nodes.len();
        // Populations on the longest path up to and including each node.
        let (mut depths, mut stages, mut read_last) = (vec![0; count], vec![0; count], vec![0; count]);
        for (index, node) in network.nodes.iter().enumerate() {
            let (sources, fires) = match node {
                Node::Input(_) => (Vec::new(), false),
                Node::Pool(pool) => (vec![pool.source], false),
                Node::Layer(layer) => (layer.synapses.iter().map(|synapse| synapse.source).collect(), layer.fires),
            };
            let before = sources.iter().map(|&source| depths[source]).max().unwrap_or(0);
            depths[index] = before + usize::from(fires);
            // A population integrates in the window before the one in which it fires.
            stages[index] = before;
            read_last[index] = before;
            sources.iter().for_each(|&source| read_last[source] = before.max(read_last[source]));
        }
        // The decision falls when the last population has fired, whether or not an output reads it.
        let windows = depths.iter().max().map_or(0, |deepest| deepest + 1);
        Pipeline {
            stages,
            read_last,
            counts,
            samples: (0..windows).map(|_| None).collect(),
            spare: (0..count).map(|_| Vec::new()).collect(),
        }
    }
}

impl<L: Lanes> Simulator<L> {
    /// Forgets the samples on the way.
    pub fn begin_pipeline(&mut self) -> Result<(), String> {
        if self.network.schedule.interleaved {
            return Err("pipeline: expected a layerwise network".into());
        }
        self.pipeline.samples.iter_mut().for_each(|sample| *sample = None);
        Ok(())
    }

    /// One window, at whose start a sample enters or not. Returns whether a sample's decision falls at its end: its results are
    /// then those that the simulator gives.
    pub fn pass_window(&mut self, input: Option<Input>) -> Result<bool, String> {
        let entering = match input {
            None => None,
            Some(input) => Some(self.sample(&input)?),
        };
        self.pipeline.samples.rotate_right(1);
        self.pipeline.samples[0] = entering;
        for age in 0..self.pipeline.samples.len() {
            let Some(mut sample) = self.pipeline.samples[age].take() else { continue };
            std::mem::swap(&mut self.spikes, &mut sample.spikes);
            self.advance(&mut sample, age);
            std::mem::swap(&mut self.spikes, &mut sample.spikes);
            self.pipeline.samples[age] = Some(sample);
        }
        let Some(Some(mut done)) = self.pipeline.samples.back_mut().map(Option::take) else { return Ok(false) };
        done.records.iter_mut().zip(&mut self.states).for_each(|(record, state)| record.exchange(state));
        (self.spike_count, self.synaptic_operations) = (done.spike_count, done.synaptic_operations);
        Ok(true)
    }

    fn sample(&mut self, input: &Input) -> Result<Sample, String> {
        let ticks = self.network.schedule.window_ticks();
        let distinct = self.check(input, ticks)?;
        let nodes = self.network.nodes.len();
        let mut spikes: Vec<Spikes> = (0..nodes).map(|_| Spikes::default()).collect();
        spikes[0] = self.pipeline.spare[0].pop().unwrap_or_default();
        std::mem::swap(&mut self.spikes, &mut spikes);
        self.enter(input, 0, ticks);
        std::mem::swap(&mut self.spikes, &mut spikes);
        let current = input.current().map(<[u32]>::to_vec);
        Ok(Sample {
            current,
            distinct,
            spikes,
            records: (0..nodes).map(|_| Record::default()).collect(),
            spike_count: 0,
            synaptic_operations: 0,
        })
    }

    /// What every node does with a sample that entered `age` windows ago.
    fn advance(&mut self, sample: &mut Sample, age: usize) {
        let ticks = self.network.schedule.window_ticks();
        (self.spike_count, self.synaptic_operations) = (0, 0);
        for index in 1..self.network.nodes.len() {
            if self.pipeline.stages[index] != age {
                continue;
            }
            self.spikes[index] = self.pipeline.spare[index].pop().unwrap_or_default();
            self.begin(index, sample.current.as_deref(), 2 * ticks);
            self.block(index..index + 1, 0, ticks, ticks, sample.distinct);
            sample.records[index].exchange(&mut self.states[index]);
        }
        for index in 0..self.network.nodes.len() {
            if self.pipeline.read_last[index] == age {
                self.pipeline.spare[index].push(std::mem::take(&mut self.spikes[index]));
            }
        }
        sample.spike_count += self.spike_count;
        sample.synaptic_operations += self.synaptic_operations;
    }
}
