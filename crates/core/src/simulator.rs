//! State of a network, and runs over blocks of ticks.

use crate::current::set_drive;
use crate::delays::{block_ticks, histories, History, Past};
use crate::kernel::lanes::Lanes;
use crate::layer::Layer;
use crate::layerwise::run_window;
use crate::network::{Network, Node, Schedule, Timed};
use crate::pipeline::Pipeline;
use crate::signed_rate::run_signed_block;
use crate::spikes::Spikes;
use crate::state::{LayerState, Scratch};
use crate::synapse::Synapse;
use crate::synchronous::{run_block, BLOCK_TICKS, LONG_BLOCK_TICKS};
use crate::timed::{enter_current, enter_slots, enter_values, run_timed};
use std::marker::PhantomData;
use std::ops::Range;

#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// Bits of f32 or i32, one for each input.
    Constant(&'a [u32]),
    /// Sorted by (plane, neuron); those of plane p are `neurons[starts[p]..starts[p + 1]]`. A plane is a tick, or, where spikes are
    /// signed, the spikes +1 of a tick, then its spikes −1.
    /// `values`: constant current beside them, as above, which only synchronous networks take; empty: none.
    Events { neurons: &'a [u32], starts: &'a [u32], values: &'a [u32] },
    /// Where times are real: bits of what each spike delivers, 0 to 1; by ascending neuron.
    Values { neurons: &'a [u32], values: &'a [u32] },
}

impl<'a> Input<'a> {
    /// Constant current, if any.
    pub(crate) fn current(&self) -> Option<&'a [u32]> {
        match *self {
            Input::Constant(values) => Some(values),
            Input::Events { values, .. } if !values.is_empty() => Some(values),
            _ => None,
        }
    }
}

pub struct Simulator<L: Lanes> {
    pub(crate) network: Network,
    pub(crate) states: Vec<LayerState>,
    pub(crate) spikes: Vec<Spikes>,
    /// By node, whose spikes nobody reads after it: their room is for the nodes behind. Empty where spikes outlive their block.
    read_last: Vec<Vec<usize>>,
    spare: Vec<Spikes>,
    pub(crate) pipeline: Pipeline,
    scratch: Scratch,
    pub(crate) silence: Vec<u32>,
    histories: Vec<Option<History>>,
    block_ticks: usize,
    /// Spikes of each neuron of each node in this run; empty if not asked for.
    sent: Vec<Vec<u32>>,
    /// Ticks since the last reset.
    pub(crate) elapsed: u64,
    /// Ticks of the last run, and of its last block.
    pub(crate) run_ticks: usize,
    pub(crate) last_ticks: usize,
    /// See `settle`.
    pub settling_ticks: usize,
    pub spike_count: u64,
    pub synaptic_operations: u64,
    lanes: PhantomData<L>,
}

impl<L: Lanes> Simulator<L> {
    /// `counts`: whether spikes of each neuron are counted.
    pub fn new(mut network: Network, counts: bool) -> Result<Self, String> {
        network.complete()?;
        let interleaved = network.schedule.interleaved;
        let states = network
            .nodes
            .iter()
            .map(|node| {
                if let Node::Layer(layer) = node {
                    LayerState::new(layer, interleaved, counts)
                } else {
                    LayerState::default()
                }
            })
            .collect();
        let spikes = network.nodes.iter().map(|_| Spikes::default()).collect();
        let (histories, block_ticks) = (histories(&network), block_ticks(&network, usual_block(&network)));
        let read_last = if histories.iter().any(Option::is_some) || network.schedule.takes_back.is_some() {
            Vec::new()
        } else {
            read_last(&network)
        };
        let pipeline = Pipeline::new(&network, counts);
        let mut simulator = Simulator {
            network,
            states,
            spikes,
            read_last,
            spare: Vec::new(),
            pipeline,
            scratch: Scratch::default(),
            silence: Vec::new(),
            histories,
            block_ticks,
            sent: Vec::new(),
            elapsed: 0,
            run_ticks: 0,
            last_ticks: 0,
            settling_ticks: 0,
            spike_count: 0,
            synaptic_operations: 0,
            lanes: PhantomData,
        };
        simulator.reset();
        Ok(simulator)
    }

    pub fn reset(&mut self) {
        self.elapsed = 0;
        self.histories.iter_mut().flatten().for_each(History::reset);
        for (node, state) in self.network.nodes.iter_mut().zip(&mut self.states) {
            match node {
                Node::Input(_) => {}
                Node::Pool(pool) => pool.reset(),
                Node::Layer(layer) => state.reset(layer),
            }
        }
    }

    pub fn run(&mut self, input: Input, ticks: usize) -> Result<(), String> {
        let distinct = self.check(&input, ticks)?;
        let interleaved = self.network.schedule.interleaved;
        if !interleaved {
            if ticks != self.network.schedule.window_ticks() {
                return Err(format!("ticks: expected {}, got {ticks}", self.network.schedule.window_ticks()));
            }
            self.reset();
        }
        (self.spike_count, self.synaptic_operations) = (0, 0);
        self.sent.iter_mut().for_each(|sent| sent.fill(0));
        let samples = if interleaved { ticks } else { 2 * ticks };
        let current = input.current();
        for index in 1..self.network.nodes.len() {
            self.begin(index, current, samples);
        }
        let block = if interleaved { self.block_ticks.min(ticks) } else { ticks };
        let mut first = 0;
        while first < ticks {
            let here = block.min(ticks - first);
            self.enter(&input, first, here);
            self.block(0..self.network.nodes.len(), first, here, ticks, distinct);
            (self.run_ticks, self.last_ticks) = (ticks, here);
            first += here;
            self.elapsed += here as u64;
        }
        Ok(())
    }

    /// Whether no input spikes twice in a tick.
    pub(crate) fn check(&self, input: &Input, ticks: usize) -> Result<bool, String> {
        check(input, self.network.nodes[0].geometry().size(), ticks, &self.network.schedule)
    }

    /// Nothing has come of this run yet. `samples`: of each membrane trace.
    pub(crate) fn begin(&mut self, index: usize, current: Option<&[u32]>, samples: usize) {
        let (Node::Layer(layer), state) = (&self.network.nodes[index], &mut self.states[index]) else { return };
        if !self.network.schedule.interleaved {
            // A sample on its way through the pipeline may have taken them along.
            state.potential.resize(if layer.fires { 0 } else { layer.geometry.positions() * layer.padded }, 0);
            state.counts.resize(if layer.fires && self.pipeline.counts { layer.geometry.size() } else { 0 }, 0);
        }
        state.counts.fill(0);
        state.spike_ticks.clear();
        state.spike_neurons.clear();
        state.spike_signs.clear();
        state.spike_values.clear();
        state.traces.clear();
        state.traces.resize(layer.traced.len() * samples, 0);
        set_drive::<L>(
            layer,
            state,
            current.filter(|_| self.network.schedule.timed != Some(Timed::Real)),
            &mut self.scratch,
        );
        if let Some(takes_back) = &self.network.schedule.takes_back {
            state.owe(layer, takes_back, self.elapsed);
        }
    }

    /// The input's spikes of `here` ticks, from tick `first` on.
    pub(crate) fn enter(&mut self, input: &Input, first: usize, here: usize) {
        let Network { schedule, nodes } = &self.network;
        let (geometry, signs) = (nodes[0].geometry(), schedule.signs());
        let spikes = &mut self.spikes[0];
        match (*input, schedule.timed) {
            (Input::Constant(values), Some(Timed::Real)) => {
                let zeros = nodes.iter().any(|node| matches!(node, Node::Layer(layer) if layer.negative_zero));
                enter_current(spikes, geometry, values, zeros);
            }
            (Input::Constant(_), Some(_)) => enter_values(spikes, geometry, &[], &[]),
            (Input::Values { neurons, values }, _) => enter_values(spikes, geometry, neurons, values),
            (Input::Events { neurons, starts, .. }, Some(_)) => enter_slots(spikes, geometry, neurons, starts),
            (Input::Events { neurons, starts, .. }, None) => {
                spikes.fill(geometry, neurons, &starts[first * signs..=(first + here) * signs])
            }
            (Input::Constant(_), None) => {
                self.silence.resize(self.silence.len().max(here * signs + 1), 0);
                spikes.fill(geometry, &[], &self.silence[..=here * signs]);
            }
        }
    }

    /// Nodes of a range, in order, over ticks `first` to `first + ticks` of `run_ticks`.
    pub(crate) fn block(&mut self, nodes: Range<usize>, first: usize, ticks: usize, run_ticks: usize, distinct: bool) {
        // The pipeline keeps each sample's spikes and asks for one node at a time.
        let reuse = nodes.len() == self.read_last.len();
        for index in nodes {
            if reuse && index > 0 {
                let mut room = self.spare.pop().unwrap_or_default();
                // An output writes no spikes.
                room.clear(0);
                self.spikes[index] = room;
            }
            let (before, rest) = self.spikes.split_at_mut(index);
            let (before_nodes, nodes) = self.network.nodes.split_at_mut(index);
            let out = &mut rest[0];
            match &mut nodes[0] {
                Node::Input(_) => {}
                Node::Pool(pool) if self.network.schedule.timed.is_some() => pool.pass_timed(&before[pool.source], out),
                Node::Pool(pool) => pool.pass(&before[pool.source], out),
                Node::Layer(layer) => {
                    let (state, scratch) = (&mut self.states[index], &mut self.scratch);
                    let past = Past { histories: &self.histories, first: self.elapsed, ticks };
                    self.synaptic_operations +=
                        state.prepare(layer, before, |node| before_nodes[node].geometry(), scratch, &past);
                    let Schedule { interleaved, takes_back, timed, .. } = &self.network.schedule;
                    match (interleaved, takes_back, timed) {
                        (_, Some(takes_back), _) => run_signed_block::<L>(
                            layer, state, takes_back, before, out, scratch, first, ticks, run_ticks,
                        ),
                        (_, _, Some(timed)) => run_timed::<L>(layer, state, *timed, before, out, scratch),
                        (true, ..) => run_block::<L>(layer, state, before, out, scratch, first, ticks, run_ticks),
                        _ => run_window::<L>(layer, state, &self.network.schedule, before, out, scratch, distinct),
                    }
                    self.spike_count += out.total(layer.geometry);
                }
            }
            if let Some(sent) = self.sent.get_mut(index) {
                out.tally(nodes[0].geometry(), sent);
            }
            if let Some(history) = &mut self.histories[index] {
                history.append(out, nodes[0].geometry());
            }
            if reuse {
                self.spare.extend(self.read_last[index].iter().map(|&done| std::mem::take(&mut self.spikes[done])));
            }
        }
    }

    /// From now on what every node sends is counted.
    pub fn count_sent(&mut self) {
        let size =
            |node: &Node| if matches!(node, Node::Layer(layer) if !layer.fires) { 0 } else { node.geometry().size() };
        self.sent = self.network.nodes.iter().map(|node| vec![0; size(node)]).collect();
    }

    /// Spikes of each neuron in the last run, of both signs.
    pub fn sent(&self, node: usize) -> &[u32] {
        self.sent.get(node).map_or(&[], |sent| sent)
    }

    pub fn nodes(&self) -> &[Node] {
        &self.network.nodes
    }

    fn layer(&self, node: usize) -> Option<(&Layer, &LayerState)> {
        match self.network.nodes.get(node) {
            Some(Node::Layer(layer)) => Some((layer, &self.states[node])),
            _ => None,
        }
    }

    /// Charges of an output, one for each neuron: bits of i32, or of f64, low word first.
    pub fn charges(&self, node: usize) -> Vec<u32> {
        let Some((layer, state)) = self.layer(node) else { return Vec::new() };
        let (padded, channels) = (layer.padded, layer.geometry.channels);
        let words = |charge: f64| [charge.to_bits() as u32, (charge.to_bits() >> 32) as u32];
        let potentials = state.potential.chunks_exact(padded).flat_map(|position| &position[..channels]);
        if !state.charge.is_empty() {
            return state
                .charge
                .chunks_exact(padded)
                .flat_map(|position| &position[..channels])
                .flat_map(|&charge| words(charge))
                .collect();
        }
        if self.network.schedule.float() {
            return potentials.flat_map(|&bits| words(f64::from(f32::from_bits(bits)))).collect();
        }
        potentials.copied().collect()
    }

    pub fn counts(&self, node: usize) -> &[u32] {
        self.layer(node).map_or(&[], |(_, state)| &state.counts)
    }

    pub fn spike_ticks(&self, node: usize) -> &[u32] {
        self.layer(node).map_or(&[], |(_, state)| &state.spike_ticks)
    }

    pub fn spike_neurons(&self, node: usize) -> &[u32] {
        self.layer(node).map_or(&[], |(_, state)| &state.spike_neurons)
    }

    /// 1 or −1 (as bits) of each spike, where spikes are signed.
    pub fn spike_signs(&self, node: usize) -> &[u32] {
        self.layer(node).map_or(&[], |(_, state)| &state.spike_signs)
    }

    /// Bits of what each spike delivers, where times are real.
    pub fn spike_values(&self, node: usize) -> &[u32] {
        self.layer(node).map_or(&[], |(_, state)| &state.spike_values)
    }

    /// Bits of the membrane traces, [traced neurons, samples].
    pub fn traces(&self, node: usize) -> &[u32] {
        self.layer(node).map_or(&[], |(_, state)| &state.traces)
    }
}

/// By node, the nodes whose spikes it is the last to read; the input keeps its own.
fn read_last(network: &Network) -> Vec<Vec<usize>> {
    let mut readers: Vec<usize> = (0..network.nodes.len()).collect();
    for (index, node) in network.nodes.iter().enumerate() {
        match node {
            Node::Input(_) => {}
            Node::Pool(pool) => readers[pool.source] = index,
            Node::Layer(layer) => layer.synapses.iter().for_each(|synapse| readers[synapse.source] = index),
        }
    }
    let mut done = vec![Vec::new(); readers.len()];
    readers.iter().enumerate().skip(1).for_each(|(index, &reader)| done[reader].push(index));
    done
}

/// Ticks of a block without delays: more where the weights take more memory than the most spikes of so many ticks.
fn usual_block(network: &Network) -> usize {
    let neurons: usize = network.nodes.iter().map(|node| node.geometry().size()).sum();
    let layers = network.nodes.iter().filter_map(|node| if let Node::Layer(layer) = node { Some(layer) } else { None });
    let weights: usize = layers.flat_map(|layer| &layer.synapses).map(Synapse::packed_bytes).sum();
    if weights >= LONG_BLOCK_TICKS * neurons * size_of::<u32>() {
        LONG_BLOCK_TICKS
    } else {
        BLOCK_TICKS
    }
}

/// Whether no input spikes twice in a tick.
#[inline(never)]
fn check(input: &Input, size: usize, ticks: usize, schedule: &Schedule) -> Result<bool, String> {
    let (timed, planes) = (schedule.timed, ticks * schedule.signs());
    match *input {
        Input::Events { .. } if timed == Some(Timed::Real) => {
            Err("input spikes: expected the value of each, got none".into())
        }
        Input::Values { .. } if timed != Some(Timed::Real) => Err("input spikes: expected no values".into()),
        Input::Values { neurons, values } => {
            if neurons.len() != values.len()
                || neurons.windows(2).any(|pair| pair[0] > pair[1])
                || neurons.iter().any(|&neuron| neuron as usize >= size)
            {
                return Err(format!(
                    "input spikes: expected sorted neurons below {size}, and as many values, got {} and {}",
                    neurons.len(),
                    values.len()
                ));
            }
            if !values.iter().all(|&bits| (0.0..=1.0).contains(&f32::from_bits(bits)) && bits >> 31 == 0) {
                return Err("input spikes: expected values of 0 to 1".into());
            }
            Ok(false)
        }
        Input::Constant(values) if values.len() == size => Ok(true),
        Input::Constant(values) => Err(format!("input: expected {size} values, got {}", values.len())),
        Input::Events { values, .. } if !values.is_empty() && (!schedule.interleaved || values.len() != size) => {
            let expected = if schedule.interleaved { size } else { 0 };
            Err(format!("input: expected {expected} values beside spikes, got {}", values.len()))
        }
        Input::Events { neurons, starts, .. } => {
            if starts.len() != planes + 1
                || starts[0] != 0
                || starts[planes] as usize != neurons.len()
                || starts.windows(2).any(|pair| pair[0] > pair[1])
            {
                return Err(format!(
                    "input spikes: expected starts of {planes} planes, ascending from 0 to {}",
                    neurons.len()
                ));
            }
            let mut distinct = true;
            for tick in starts.windows(2) {
                let mut former = None;
                for &neuron in &neurons[tick[0] as usize..tick[1] as usize] {
                    if neuron as usize >= size || former > Some(neuron) {
                        return Err(format!(
                            "input spikes: expected neurons below {size}, sorted in every tick, got {neuron}"
                        ));
                    }
                    distinct &= former != Some(neuron);
                    former = Some(neuron);
                }
            }
            Ok(distinct)
        }
    }
}
