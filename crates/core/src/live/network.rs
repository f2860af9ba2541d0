//! The parts of a live network, how they are handed over, and what can be done to it between two runs.

use super::background::Background;
use super::delivery::{Ends, Group};
use super::history::History;
use super::population::Population;
use super::record::Kept;
use crate::record::Record;
use crate::stdp::{Arriving, Stdp};
use crate::words::Words;

pub(super) struct Output {
    pub bias: Vec<f32>,
    pub constant: Vec<f32>,
    /// Charge of a tick.
    pub brought: Vec<f32>,
    /// Charge since the last reset.
    pub charges: Vec<f64>,
}

pub(super) enum Node {
    Input(usize),
    Population(Box<Population>, Kept),
    Output(Output),
}

/// A synapse whose weights learn.
pub(super) struct Plastic {
    pub source: usize,
    pub target: usize,
    pub into: usize,
    pub synapse: usize,
    pub stdp: Stdp,
}

/// The same while its connections come.
pub(super) struct Learning {
    source: usize,
    target: usize,
    into: usize,
    synapse: usize,
    arriving: Arriving,
}

/// Groups of connections into a node, in the two orders of summation.
#[derive(Default)]
pub(super) struct Order {
    /// Those from the input, then by emission tick, then by synapse.
    pub summed: Vec<usize>,
    /// By synapse, longest delay first.
    pub plain: Vec<usize>,
    pub plastic: Vec<usize>,
}

#[derive(Clone, Copy, Default)]
pub struct Totals {
    pub spikes: u64,
    pub operations: u64,
}

/// Node 0 is the input; the others come in topological order, but for delayed connections.
pub struct Live {
    pub(super) nodes: Vec<Node>,
    pub(super) groups: Vec<Group>,
    pub(super) plastic: Vec<Plastic>,
    pub(super) learning: Vec<Learning>,
    pub(super) orders: Vec<Order>,
    pub(super) histories: Vec<History>,
    pub(super) records: Vec<Record>,
    pub(super) totals: Totals,
    /// Ticks since the last reset.
    pub(super) ticks: u64,
    /// Those that the constants of all nodes were computed from; none where weights have come since.
    pub(super) input_values: Option<Vec<f32>>,
}

impl Live {
    pub fn new(inputs: usize) -> Live {
        Live {
            nodes: vec![Node::Input(inputs)],
            groups: Vec::new(),
            plastic: Vec::new(),
            learning: Vec::new(),
            orders: Vec::new(),
            histories: Vec::new(),
            records: vec![Record::default()],
            totals: Totals::default(),
            ticks: 0,
            input_values: None,
        }
    }

    fn size(&self, node: usize) -> Result<usize, String> {
        match self.nodes.get(node) {
            Some(Node::Input(size)) => Ok(*size),
            Some(Node::Population(population, _)) => Ok(population.size),
            Some(Node::Output(output)) => Ok(output.bias.len()),
            None => Err(format!("node: expected less than {}, got {node}", self.nodes.len())),
        }
    }

    /// Words: those of `Kept::read`, then those of `Population::read`.
    pub fn population(&mut self, words: &[u32]) -> Result<(), String> {
        let mut words = Words::new(words);
        let kept = Kept::read(&mut words)?;
        let population = Population::read(&mut words)?;
        words.end()?;
        if kept.traced.iter().any(|&neuron| neuron as usize >= population.size) {
            return Err("traced neuron: expected one of the population".into());
        }
        self.records.push(Record::default());
        self.nodes.push(Node::Population(Box::new(population), kept));
        Ok(())
    }

    pub fn output(&mut self, bias: &[f32]) {
        let brought = vec![0.0; bias.len().next_multiple_of(4)];
        let charges = vec![0.0; bias.len()];
        self.records.push(Record::default());
        self.nodes.push(Node::Output(Output { bias: bias.to_vec(), constant: bias.to_vec(), brought, charges }));
    }

    /// Connections of one delay, whose targets and weights follow; all nodes are there. Words: source, target, variable, delay, place
    /// of the synapse, whether they are dense; for sparse ones the offsets by source. Returns its number.
    pub fn group(&mut self, words: &[u32]) -> Result<usize, String> {
        let mut words = Words::new(words);
        let [source, target, into, delay, synapse] = words.sizes()?;
        let dense = words.flag()?;
        let offsets = words.array()?;
        words.end()?;
        let (sources, targets) = (self.size(source)?, self.size(target)?);
        let ascending = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
        if !dense && (offsets.len() != sources + 1 || offsets[0] != 0 || !ascending) {
            return Err(format!(
                "connections: expected {} ascending offsets from 0, got {}",
                sources + 1,
                offsets.len()
            ));
        }
        let ends = Ends { source, target, into, delay, synapse };
        self.groups.push(if dense {
            Group::dense(ends, sources, targets)
        } else {
            Group::sparse(ends, targets, offsets)
        });
        Ok(self.groups.len() - 1)
    }

    pub fn targets(&mut self, group: usize, targets: &[u32]) -> Result<(), String> {
        self.groups[group].push_targets(targets)
    }

    pub fn weights(&mut self, group: usize, bits: &[u32]) -> Result<(), String> {
        self.input_values = None;
        self.groups[group].push_weights(bits)
    }

    /// A synapse that learns, whose lists follow. Words: source, target, variable, place of the synapse; those of `Arriving::read`.
    /// Returns its number.
    pub fn plastic(&mut self, words: &[u32]) -> Result<usize, String> {
        let mut words = Words::new(words);
        let [source, target, into, synapse] = words.sizes()?;
        let arriving = Arriving::read(&mut words)?;
        words.end()?;
        self.learning.push(Learning { source, target, into, synapse, arriving });
        Ok(self.learning.len() - 1)
    }

    /// `list`: as `Arriving::push` numbers them.
    pub fn plastic_list(&mut self, number: usize, list: usize, words: &[u32]) -> Result<(), String> {
        self.learning[number].arriving.push(list, words)
    }

    /// All parts are there. `longest`: of each node, the longest delay that its spikes have.
    pub fn complete(&mut self, longest: &[u32]) -> Result<(), String> {
        if longest.len() != self.nodes.len() {
            return Err(format!("delays: expected {}, got {}", self.nodes.len(), longest.len()));
        }
        for Learning { source, target, into, synapse, arriving } in std::mem::take(&mut self.learning) {
            self.plastic.push(Plastic { source, target, into, synapse, stdp: arriving.finish()? });
        }
        self.histories = longest.iter().map(|&delay| History::new(delay as usize)).collect();
        for Group { ends: Ends { source, target, into, delay, .. }, .. } in &self.groups {
            let variables = match &self.nodes[*target] {
                Node::Population(population, _) => population.sums.len(),
                Node::Output(_) => 1,
                Node::Input(_) => 0,
            };
            if *delay > self.histories[*source].longest() || *into >= variables {
                return Err("connections: expected a delay and a variable that the nodes have".into());
            }
            if *delay == 0 && source >= target {
                return Err("connections: expected a delay from a later node".into());
            }
        }
        let reached = self.groups.iter().map(|group| (group.ends.target, group.ends.into));
        let learning = self.plastic.iter().map(|plastic| (plastic.target, plastic.into));
        for (node, into) in reached.chain(learning) {
            if let (Node::Population(population, _), 0) = (&mut self.nodes[node], into) {
                population.arrives = true;
            }
        }
        self.orders = (0..self.nodes.len()).map(|node| self.order(node)).collect();
        Ok(())
    }

    fn order(&self, node: usize) -> Order {
        let ends = |group: &usize| self.groups[*group].ends;
        let into: Vec<usize> = (0..self.groups.len()).filter(|group| ends(group).target == node).collect();
        let (mut summed, mut plain) = (into.clone(), into);
        let by_delay = |Ends { delay, .. }: Ends| usize::MAX - delay;
        summed.sort_by_key(|group| (ends(group).source != 0, by_delay(ends(group)), ends(group).synapse));
        plain.sort_by_key(|group| (ends(group).synapse, by_delay(ends(group))));
        let plastic = (0..self.plastic.len()).filter(|&plastic| self.plastic[plastic].target == node).collect();
        Order { summed, plain, plastic }
    }

    pub fn reset(&mut self) {
        for node in &mut self.nodes {
            match node {
                Node::Input(_) => {}
                Node::Population(population, _) => population.reset(),
                Node::Output(output) => output.charges.fill(0.0),
            }
        }
        self.histories.iter_mut().for_each(History::clear);
        self.plastic.iter_mut().for_each(|plastic| plastic.stdp.reset());
        self.ticks = 0;
    }

    /// Of the last run, by node.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    pub fn totals(&self) -> Totals {
        self.totals
    }

    pub fn ticks(&self) -> u64 {
        self.ticks
    }

    fn part(&mut self, node: usize) -> Result<&mut Population, String> {
        match self.nodes.get_mut(node) {
            Some(Node::Population(population, _)) => Ok(population),
            _ => Err(format!("node {node}: expected a population")),
        }
    }

    /// Empty: no drive.
    pub fn drive(&mut self, node: usize, charges: &[f32]) -> Result<(), String> {
        let part = self.part(node)?;
        part.drive = (!charges.is_empty()).then(|| {
            let mut all = charges.to_vec();
            all.resize(part.padded, 0.0);
            all
        });
        part.wake();
        Ok(())
    }

    /// Replaces the background into the same variable; without neurons it ends.
    pub fn background(&mut self, node: usize, background: Background) -> Result<(), String> {
        let part = self.part(node)?;
        part.background.retain(|other| other.into != background.into);
        if !background.neurons.is_empty() {
            part.arrives |= background.into == 0;
            part.background.push(background);
            part.background.sort_by_key(|other| other.into);
        }
        part.wake();
        Ok(())
    }

    pub fn force(&mut self, node: usize, neurons: &[u32]) -> Result<(), String> {
        self.part(node)?.force(neurons);
        Ok(())
    }

    pub fn silence(&mut self, node: usize, neurons: &[u32]) -> Result<(), String> {
        self.part(node)?.silence(neurons);
        Ok(())
    }

    /// The values of a variable (0: v; 1 …: a current; −1: adaptation), refractory ticks left with −2. They may be
    /// written too if `resume_at` follows.
    pub fn variable(&mut self, node: usize, variable: i32) -> Result<*mut u32, String> {
        let part = self.part(node)?;
        let missing = || "variable: the population does not have it".to_string();
        Ok(match variable {
            0 => part.potential.as_mut_ptr().cast(),
            -1 => part.adaptation.as_mut().ok_or_else(missing)?.value.as_mut_ptr().cast(),
            -2 => part.refractory.as_mut().ok_or_else(missing)?.left.as_mut_ptr().cast(),
            current => part.currents.get_mut(current as usize - 1).ok_or_else(missing)?.value.as_mut_ptr().cast(),
        })
    }

    /// Charge of an output since the last reset.
    pub fn charges_mut(&mut self, node: usize) -> Result<&mut [f64], String> {
        match self.nodes.get_mut(node) {
            Some(Node::Output(output)) => Ok(&mut output.charges),
            _ => Err(format!("node {node}: expected an output")),
        }
    }

    pub fn forced(&mut self, node: usize) -> Result<&[u32], String> {
        Ok(&self.part(node)?.forced)
    }

    pub fn background_of(&mut self, node: usize, into: usize) -> Result<Option<&Background>, String> {
        Ok(self.part(node)?.background.iter().find(|background| background.into == into))
    }

    /// Spikes of that number of ticks ago that a delay may still need; 0: the last tick.
    pub fn recent(&mut self, node: usize, ago: usize) -> &mut Vec<u32> {
        self.histories[node].list_mut(ago)
    }

    /// The learning synapse at this place of the network.
    pub fn learning(&mut self, synapse: usize) -> Option<&mut Stdp> {
        self.plastic.iter_mut().find(|plastic| plastic.synapse == synapse).map(|plastic| &mut plastic.stdp)
    }

    /// After a state was written: ticks since the reset, and spikes on their way through synapses that learn.
    pub fn resume_at(&mut self, ticks: u64) {
        self.ticks = ticks;
        for node in &mut self.nodes {
            if let Node::Population(population, _) = node {
                population.wake();
            }
        }
        for plastic in &mut self.plastic {
            let history = &self.histories[plastic.source];
            for ago in (0..history.longest()).rev() {
                for &source in history.ago(ago) {
                    plastic.stdp.emit_again(ticks, ago as u64 + 1, source);
                }
            }
        }
    }

    pub fn reward(&mut self, value: f32) {
        self.plastic.iter_mut().for_each(|plastic| plastic.stdp.reward(value));
    }
}
