//! Pipelined windows: one sample enters each window, while the former ones are in the layers behind (T7, mapping.md §6).
//!
//! A layer integrates one sample's window and fires it in the next one, while it integrates the following sample's. Firing takes no
//! input, so the spikes of the next window are known when the window ends: they are kept with their sample until the last reader
//! has had them.

use crate::code::{Block, Code};
use crate::input::Input;
use crate::lanes::Lanes;
use crate::network::Network;
use crate::record::Record;
use crate::simulator::{Simulator, Totals};
use crate::spikes::Spikes;
use std::collections::VecDeque;

pub struct Pipeline {
    ticks: usize,
    /// In which window after a sample's entry each node works on it.
    stages: Vec<usize>,
    /// In which window after a sample's entry each node's spikes are read last.
    read_last: Vec<usize>,
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
    totals: Totals,
}

impl Pipeline {
    pub fn new(network: &Network) -> Result<Pipeline, String> {
        let Some(ticks) = network.format.window else {
            return Err("pipeline: expected a layerwise network".into());
        };
        let count = network.nodes.len();
        // Populations on the longest path up to and including each node.
        let (mut depths, mut stages, mut read_last) = (vec![0; count], vec![0; count], vec![0; count]);
        for (index, node) in network.nodes.iter().enumerate() {
            let sources = node.sources();
            let fires = node.layer().is_some_and(|layer| layer.fires);
            let before = sources.iter().map(|&source| depths[source]).max().unwrap_or(0);
            depths[index] = before + usize::from(fires);
            // A population integrates in the window before the one in which it fires.
            stages[index] = before;
            read_last[index] = before;
            sources.iter().for_each(|&source| read_last[source] = before.max(read_last[source]));
        }
        // The decision falls when the last population has fired, whether or not an output reads it.
        let windows = depths.iter().max().map_or(0, |deepest| deepest + 1);
        Ok(Pipeline {
            ticks,
            stages,
            read_last,
            samples: (0..windows).map(|_| None).collect(),
            spare: (0..count).map(|_| Vec::new()).collect(),
        })
    }

    /// One window, at whose start a sample enters or not. Returns whether a sample's decision falls at its end: its results are
    /// then those that the simulator gives.
    pub fn pass<L: Lanes, C: Code>(
        &mut self,
        simulator: &mut Simulator<L, C>,
        input: Option<Input>,
    ) -> Result<bool, String> {
        let entering = match input {
            None => None,
            Some(input) => Some(self.sample(simulator, &input)?),
        };
        self.samples.rotate_right(1);
        self.samples[0] = entering;
        for age in 0..self.samples.len() {
            let Some(mut sample) = self.samples[age].take() else { continue };
            std::mem::swap(&mut simulator.spikes, &mut sample.spikes);
            self.advance(simulator, &mut sample, age);
            std::mem::swap(&mut simulator.spikes, &mut sample.spikes);
            self.samples[age] = Some(sample);
        }
        let Some(Some(done)) = self.samples.back_mut().map(Option::take) else { return Ok(false) };
        (simulator.records, simulator.totals) = (done.records, done.totals);
        Ok(true)
    }

    fn sample<L: Lanes, C: Code>(&mut self, simulator: &Simulator<L, C>, input: &Input) -> Result<Sample, String> {
        let distinct = simulator.check(input, self.ticks)?;
        let nodes = simulator.network.nodes.len();
        let mut spikes: Vec<Spikes> = (0..nodes).map(|_| Spikes::default()).collect();
        spikes[0] = self.spare[0].pop().unwrap_or_default();
        simulator.code.enter(&simulator.network, input, self.block(distinct), &mut spikes[0]);
        let records = (0..nodes).map(|_| Record::default()).collect();
        let current = simulator.code.current(input).map(<[u32]>::to_vec);
        Ok(Sample { current, distinct, spikes, records, totals: Totals::default() })
    }

    fn block(&self, distinct: bool) -> Block {
        Block { first: 0, ticks: self.ticks, of: self.ticks, frame: 0, distinct }
    }

    /// What every node does with a sample that entered `age` windows ago.
    fn advance<L: Lanes, C: Code>(&mut self, simulator: &mut Simulator<L, C>, sample: &mut Sample, age: usize) {
        simulator.totals = sample.totals;
        for index in (1..self.stages.len()).filter(|&index| self.stages[index] == age) {
            simulator.spikes[index] = self.spare[index].pop().unwrap_or_default();
            simulator.begin(index, sample.current.as_deref(), 2 * self.ticks);
            simulator.block(index..index + 1, self.block(sample.distinct));
            simulator.end(index);
            std::mem::swap(&mut sample.records[index], &mut simulator.records[index]);
        }
        for (index, &last) in self.read_last.iter().enumerate() {
            if last == age {
                self.spare[index].push(std::mem::take(&mut simulator.spikes[index]));
            }
        }
        sample.totals = simulator.totals;
    }
}
