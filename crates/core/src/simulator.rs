//! A network with its state, and runs of it over blocks of ticks. It knows no code.

use crate::arrive::delays::{block_ticks, histories, History, Past};
use crate::arrive::{Arrivals, Inputs, Scratch};
use crate::code::{At, Block, Code, BLOCK_TICKS};
use crate::input::Input;
use crate::lanes::Lanes;
use crate::network::{Network, Node};
use crate::pool::sum::Sum;
use crate::pool::Pooling;
use crate::record::Record;
use crate::spikes::Spikes;
use crate::synapse::fan::Cost;
use std::marker::PhantomData;
use std::ops::Range;

pub struct Simulator<L: Lanes, C: Code> {
    pub(crate) code: C,
    pub(crate) network: Network,
    parts: Vec<Part<C>>,
    pub(crate) records: Vec<Record>,
    pub(crate) spikes: Vec<Spikes>,
    /// Whether spikes of each neuron are counted.
    counts: bool,
    /// By node, whose spikes nobody reads after it: their room is for the nodes behind. Empty where spikes outlive their block.
    read_last: Vec<Vec<usize>>,
    spare: Vec<Spikes>,
    scratch: C::Scratch,
    arriving: Scratch,
    histories: Vec<Option<History>>,
    block_ticks: usize,
    /// Spikes of each neuron of each node in this run; empty if not asked for.
    sent: Vec<Vec<u32>>,
    /// Ticks of the frame before the next run, where runs are frames.
    frame: usize,
    /// Ticks since the last reset.
    elapsed: u64,
    /// Ticks of the last run, and of its last block.
    run_ticks: usize,
    last_ticks: usize,
    pub(crate) totals: Totals,
    lanes: PhantomData<L>,
}

/// What the last run took.
#[derive(Clone, Copy, Default)]
pub struct Totals {
    pub spikes: u64,
    /// Synaptic operations, and the additions made for them.
    pub cost: Cost,
    /// Ticks behind the run until one was silent.
    pub settling_ticks: usize,
}

/// What a run changes in a node.
enum Part<C: Code> {
    Input,
    Layer { plan: C::Plan, state: C::State, arrivals: Arrivals },
    Sum(Sum),
    Max(C::Max),
}

impl<L: Lanes, C: Code> Simulator<L, C> {
    /// `counts`: whether spikes of each neuron are counted. The network was made for the format of this code.
    pub fn new(code: C, network: Network, counts: bool) -> Result<Self, String> {
        code.check()?;
        network.complete()?;
        let parts = (0..network.nodes.len()).map(|node| Part::new(&code, &network, node)).collect();
        let (histories, block_ticks) = (histories(&network), block_ticks(&network, code.block(&network)));
        let outlive = histories.iter().any(Option::is_some) || C::SETTLES;
        let mut simulator = Simulator {
            parts,
            records: network.nodes.iter().map(|_| Record::default()).collect(),
            spikes: network.nodes.iter().map(|_| Spikes::default()).collect(),
            counts,
            read_last: if outlive { Vec::new() } else { read_last(&network) },
            spare: Vec::new(),
            scratch: C::Scratch::default(),
            arriving: Scratch::default(),
            histories,
            block_ticks,
            sent: Vec::new(),
            frame: 0,
            elapsed: 0,
            run_ticks: 0,
            last_ticks: 0,
            totals: Totals::default(),
            lanes: PhantomData,
            code,
            network,
        };
        simulator.reset();
        Ok(simulator)
    }

    pub fn reset(&mut self) {
        self.elapsed = 0;
        self.frame = 0;
        self.histories.iter_mut().flatten().for_each(History::reset);
        for (node, part) in self.network.nodes.iter().zip(&mut self.parts) {
            match part {
                Part::Input => {}
                Part::Sum(pool) => pool.reset(),
                Part::Max(pool) => pool.reset(),
                Part::Layer { state, .. } => {
                    if let Node::Layer(layer) = node {
                        self.code.reset(layer, state);
                    }
                }
            }
        }
    }

    /// The next run begins after this number of ticks of its frame, where runs are frames.
    pub fn resume_at(&mut self, tick: usize) {
        self.frame = tick;
    }

    pub fn run(&mut self, input: Input, ticks: usize) -> Result<(), String> {
        let distinct = self.check(&input, ticks)?;
        let window = self.network.format.window;
        if let Some(window) = window {
            if ticks != window {
                return Err(format!("ticks: expected {window}, got {ticks}"));
            }
            self.reset();
        }
        let frame = self.frame;
        if let Some(most) = self.code.most_ticks() {
            if frame + ticks > most {
                return Err(format!("ticks: expected at most {}, got {ticks}", most - frame.min(most)));
            }
            for part in &mut self.parts {
                if let Part::Max(pool) = part {
                    pool.begin(frame);
                }
            }
            self.frame = 0;
        }
        self.totals = Totals::default();
        self.sent.iter_mut().for_each(|sent| sent.fill(0));
        let samples = if window.is_some() { 2 * ticks } else { ticks };
        let current = self.code.current(&input);
        for index in 1..self.network.nodes.len() {
            self.begin(index, current, samples);
        }
        let most = if window.is_some() { ticks } else { self.block_ticks.min(ticks) };
        let mut first = 0;
        while first < ticks {
            let block = Block { first, ticks: most.min(ticks - first), of: ticks, frame, distinct };
            self.code.enter(&self.network, &input, block, &mut self.spikes[0]);
            self.block(0..self.network.nodes.len(), block);
            (self.run_ticks, self.last_ticks) = (ticks, block.ticks);
            first += block.ticks;
            self.elapsed += block.ticks as u64;
        }
        (1..self.network.nodes.len()).for_each(|index| self.end(index));
        Ok(())
    }

    /// Whether no input spikes twice in a tick.
    pub(crate) fn check(&self, input: &Input, ticks: usize) -> Result<bool, String> {
        input.check(self.network.nodes[0].geometry().size(), ticks, &self.network.format)
    }

    /// Nothing has come of this run yet. `samples`: of each membrane trace.
    pub(crate) fn begin(&mut self, index: usize, current: Option<&[u32]>, samples: usize) {
        let (Node::Layer(layer), Part::Layer { state, arrivals, .. }) =
            (&self.network.nodes[index], &mut self.parts[index])
        else {
            return;
        };
        self.records[index].begin(layer, self.counts, samples);
        arrivals.drive::<L>(layer, current, &mut self.arriving);
        self.code.begin(layer, state, arrivals.constant(layer), self.elapsed);
    }

    /// What a run leaves of an output.
    pub(crate) fn end(&mut self, index: usize) {
        if let (Node::Layer(layer), Part::Layer { state, .. }) = (&self.network.nodes[index], &self.parts[index]) {
            if !layer.fires {
                self.code.charges(layer, state, &mut self.records[index]);
            }
        }
    }

    /// Nodes of a range, in order, over a block.
    pub(crate) fn block(&mut self, nodes: Range<usize>, block: Block) {
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
            let (out, nodes) = (&mut rest[0], &self.network.nodes);
            match (&nodes[index], &mut self.parts[index]) {
                (Node::Pool(pool), Part::Sum(sum)) => sum.pass(&before[pool.source], out),
                (Node::Pool(pool), Part::Max(max)) => max.pass(&before[pool.source], out),
                (Node::Layer(layer), Part::Layer { plan, state, arrivals }) => {
                    let past = Past { histories: &self.histories, first: self.elapsed, ticks: block.ticks };
                    self.totals.cost += arrivals.prepare(layer, before, nodes, &mut self.arriving, &past);
                    let (scratch, record) = (&mut self.scratch, &mut self.records[index]);
                    let inputs = Inputs { layer, spikes: before, arrivals };
                    self.code.run::<L>(At { layer, plan, state, scratch, record }, inputs, block, out);
                    self.totals.spikes += out.total(layer.geometry);
                }
                _ => {}
            }
            if let Some(sent) = self.sent.get_mut(index) {
                out.tally(nodes[index].geometry(), sent);
            }
            if let Some(history) = &mut self.histories[index] {
                history.append(out, nodes[index].geometry());
            }
            if reuse {
                self.spare.extend(self.read_last[index].iter().map(|&done| std::mem::take(&mut self.spikes[done])));
            }
        }
    }

    /// Goes on without input and constant charge until a tick is silent (T8 b), as part of the last run.
    pub fn settle(&mut self) {
        self.totals.settling_ticks = 0;
        if !C::SETTLES || self.spikes_in(self.last_ticks).pop() == Some(false) {
            return;
        }
        for part in &mut self.parts {
            if let Part::Layer { state, .. } = part {
                self.code.quiet(state);
            }
        }
        let (geometry, signs) = (self.network.nodes[0].geometry(), self.network.format.signs);
        let mut ran = self.run_ticks;
        loop {
            let ticks = BLOCK_TICKS;
            self.records.iter_mut().for_each(|record| record.retrace(ran, ran + ticks));
            self.spikes[0].fill_silent(geometry, ticks * signs);
            self.block(
                0..self.network.nodes.len(),
                Block { first: ran, ticks, of: ran + ticks, frame: 0, distinct: true },
            );
            let silent = self.spikes_in(ticks).iter().position(|&spikes| !spikes);
            // Behind a silent tick nothing changes any more.
            let here = silent.map_or(ticks, |tick| tick + 1);
            self.records.iter_mut().for_each(|record| record.retrace(ran + ticks, ran + here));
            ran += here;
            self.totals.settling_ticks += here;
            self.elapsed += here as u64;
            if silent.is_some() {
                break;
            }
        }
        (1..self.network.nodes.len()).for_each(|index| self.end(index));
    }

    /// Of each tick of the last block, whether any neuron spiked.
    fn spikes_in(&self, ticks: usize) -> Vec<bool> {
        let mut any = vec![false; ticks];
        let signs = self.network.format.signs;
        for (index, layer) in self.network.layers().filter(|(_, layer)| layer.fires) {
            for row in 0..layer.geometry.height {
                for (tick, any) in any.iter_mut().enumerate() {
                    let of = |sign| self.spikes[index].row(layer.geometry, row, signs * tick + sign);
                    *any |= (0..signs).any(|sign| !of(sign).is_empty());
                }
            }
        }
        any
    }

    /// From now on what every node sends is counted.
    pub fn count_sent(&mut self) {
        let size = |node: &Node| match node.layer() {
            Some(layer) if !layer.fires => 0,
            _ => node.geometry().size(),
        };
        self.sent = self.network.nodes.iter().map(|node| vec![0; size(node)]).collect();
    }

    /// Spikes of each neuron in the last run, of both signs.
    pub fn sent(&self, node: usize) -> &[u32] {
        self.sent.get(node).map_or(&[], |sent| sent)
    }
}

impl<C: Code> Part<C> {
    fn new(code: &C, network: &Network, index: usize) -> Part<C> {
        match &network.nodes[index] {
            Node::Input(_) => Part::Input,
            Node::Pool(pool) if pool.sum => Part::Sum(Sum::new(&pool.reach, &pool.multiplicity, network.format.valued)),
            Node::Pool(pool) => Part::Max(code.max(network, pool)),
            Node::Layer(layer) => {
                let plan = code.plan(network, index, layer);
                let arrivals = Arrivals::new(layer, code.rest(layer), code.count_planes(&plan));
                Part::Layer { plan, state: code.state(layer), arrivals }
            }
        }
    }
}

/// By node, the nodes whose spikes it is the last to read; the input keeps its own.
#[inline(never)]
fn read_last(network: &Network) -> Vec<Vec<usize>> {
    let mut readers: Vec<usize> = (0..network.nodes.len()).collect();
    for (index, node) in network.nodes.iter().enumerate() {
        node.sources().into_iter().for_each(|source| readers[source] = index);
    }
    let mut done = vec![Vec::new(); readers.len()];
    readers.iter().enumerate().skip(1).for_each(|(index, &reader)| done[reader].push(index));
    done
}
