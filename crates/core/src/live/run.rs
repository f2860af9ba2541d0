//! Runs of a live network.

use super::delivery::{bit_of, Ends, Group, Waker, ALL_AWAKE, BLOCK};
use super::history::History;
use super::network::{Live, Node, Order, Output, Plastic, Totals};
use super::population::Population;
use super::record::keep_charges;
use super::tick::{tick, Stage};
use crate::lanes::Lanes;

impl Live {
    /// Spikes of the input: those of tick t are `neurons[starts[t]..starts[t + 1]]`. `values`: constant current, or empty.
    pub fn run<L: Lanes>(
        &mut self,
        neurons: &[u32],
        starts: &[u32],
        values: &[f32],
        ticks: usize,
    ) -> Result<(), String> {
        self.check_input(neurons, starts, values, ticks)?;
        self.set_constants(values);
        self.totals = Totals::default();
        for (node, record) in self.nodes.iter().zip(&mut self.records) {
            if let Node::Population(population, kept) = node {
                kept.begin(record, population.size, ticks);
            }
        }
        for now in 0..ticks {
            self.histories.iter_mut().for_each(History::advance);
            if now + 1 < starts.len() {
                let range = starts[now] as usize..starts[now + 1] as usize;
                self.histories[0].list_mut(0).extend_from_slice(&neurons[range]);
            }
            emit(&mut self.plastic, &self.histories, 0, self.ticks);
            for node in 1..self.nodes.len() {
                let mut fired = std::mem::take(self.histories[node].list_mut(0));
                let arriving = Arriving { order: &self.orders[node], groups: &self.groups, histories: &self.histories };
                match &mut self.nodes[node] {
                    Node::Input(_) => {}
                    Node::Output(output) => self.totals.operations += integrate::<L>(output, &arriving),
                    Node::Population(population, kept) => {
                        let plastic = &mut self.plastic;
                        self.totals.operations += step::<L>(population, &arriving, plastic, self.ticks, &mut fired);
                        self.totals.spikes += fired.len() as u64;
                        kept.tick(&mut self.records[node], now, ticks, &fired, &population.potential);
                    }
                }
                *self.histories[node].list_mut(0) = fired;
                emit(&mut self.plastic, &self.histories, node, self.ticks);
            }
            self.ticks += 1;
        }
        for (node, record) in self.nodes.iter().zip(&mut self.records) {
            if let Node::Output(output) = node {
                keep_charges(record, &output.charges);
            }
        }
        Ok(())
    }

    fn check_input(&self, neurons: &[u32], starts: &[u32], values: &[f32], ticks: usize) -> Result<(), String> {
        let Node::Input(size) = self.nodes[0] else { return Err("input: expected node 0".into()) };
        let ascending = starts.windows(2).all(|pair| pair[0] <= pair[1]);
        let ends = starts.last().map_or(0, |&end| end as usize) == neurons.len();
        if (!starts.is_empty() && starts.len() != ticks + 1) || !ascending || !ends {
            return Err(format!("input: expected spikes of {ticks} ticks"));
        }
        if neurons.iter().any(|&neuron| neuron as usize >= size) || (!values.is_empty() && values.len() != size) {
            return Err(format!("input: expected neurons below {size}, and as many values"));
        }
        Ok(())
    }

    /// Bias and constant current, of which the groups without delay bring their part, in the order of the network.
    fn set_constants(&mut self, values: &[f32]) {
        if self.input_values.as_deref() == Some(values) {
            return;
        }
        self.input_values = Some(values.to_vec());
        for (node, order) in self.nodes.iter_mut().zip(&self.orders) {
            let bias = match node {
                Node::Input(_) => continue,
                Node::Population(population, _) => &population.bias,
                Node::Output(output) => &output.bias,
            };
            let mut charges = bias.clone();
            for group in order.plain.iter().map(|&group| &self.groups[group]) {
                if group.ends.source == 0 && group.ends.into == 0 && !values.is_empty() {
                    group.deliver_constant(values, &mut charges);
                }
            }
            match node {
                Node::Population(population, _) if population.constant != charges => population.set_constant(charges),
                Node::Output(output) => output.constant = charges,
                _ => {}
            }
        }
    }
}

/// Hands the spikes of this tick to the synapses that learn.
fn emit(plastic: &mut [Plastic], histories: &[History], node: usize, now: u64) {
    for plastic in plastic.iter_mut().filter(|plastic| plastic.source == node) {
        histories[node].ago(0).iter().for_each(|&source| plastic.stdp.emit(now, source));
    }
}

/// What reaches one node.
struct Arriving<'a> {
    order: &'a Order,
    groups: &'a [Group],
    histories: &'a [History],
}

impl Arriving<'_> {
    /// The spikes that arrive through a group in this tick.
    fn spikes(&self, Ends { source, delay, .. }: Ends) -> &[u32] {
        self.histories[source].ago(delay)
    }

    /// The groups into currents.
    fn of_currents(&self) -> impl Iterator<Item = &Group> {
        self.order.summed.iter().map(|&group| &self.groups[group]).filter(|group| group.ends.into > 0)
    }

    /// Takes away the charges of neurons whose clamped currents lose them.
    fn lose(&self, population: &mut Population) {
        let Some(refractory) = &population.refractory else { return };
        for group in self.of_currents().filter(|group| population.currents[group.ends.into - 1].clamped) {
            let sums = &mut population.sums[group.ends.into];
            group.each_target(self.spikes(group.ends), |neuron| {
                if refractory.left[neuron] > 0 {
                    sums[neuron] = 0.0;
                }
            });
        }
    }

    /// Adds to currents what is left in their sums.
    fn bring(&self, population: &mut Population) {
        let Population { currents, sums, awake, .. } = population;
        for group in self.of_currents() {
            let (sums, values) = (&mut sums[group.ends.into], &mut currents[group.ends.into - 1].value);
            group.each_target(self.spikes(group.ends), |neuron| {
                // A clamped −0 stays what it is.
                if sums[neuron] != 0.0 {
                    values[neuron] += sums[neuron];
                    awake[neuron / BLOCK] |= bit_of(neuron);
                    sums[neuron] = 0.0;
                }
            });
        }
    }

    /// Adds each weight to v, synapse after synapse; returns their number.
    fn add_each<L: Lanes>(&self, potential: &mut [f32]) -> u64 {
        let groups = self.order.plain.iter().map(|&group| &self.groups[group]);
        groups.map(|group| group.deliver::<L>(self.spikes(group.ends), potential, &mut Waker::new(&mut []))).sum()
    }
}

/// Where a current gets less than one charge for this many neurons, charges are added one by one.
const FEW: u64 = 8;
/// Stands for charges that are not counted.
const MANY: u64 = u32::MAX as u64;

/// A tick of a population; returns the number of synaptic operations.
fn step<L: Lanes>(
    population: &mut Population,
    arriving: &Arriving,
    plastic: &mut [Plastic],
    now: u64,
    fired: &mut Vec<u32>,
) -> u64 {
    let Arriving { order, groups, .. } = *arriving;
    let mut operations = 0;
    if population.summed || !population.background.is_empty() {
        let Population { size, sums, background, awake, .. } = population;
        let arriving_at_all =
            order.summed.iter().map(|&group| groups[group].count(arriving.spikes(groups[group].ends)));
        // These wake nearly all, and to wake each would take as long as the charges themselves.
        if arriving_at_all.sum::<u64>() * 4 > *size as u64 {
            awake.fill(ALL_AWAKE);
        }
        let mut waker = Waker::new(awake);
        let mut at_currents = 0;
        for group in order.summed.iter().map(|&group| &groups[group]) {
            let into = group.ends.into;
            let arrived = group.deliver::<L>(arriving.spikes(group.ends), &mut sums[into], &mut waker);
            operations += arrived;
            at_currents += if into > 0 { arrived } else { 0 };
        }
        for &number in &order.plastic {
            let learning = &mut plastic[number];
            let arrived = learning.stdp.arrive(now, &mut sums[learning.into]);
            operations += arrived;
            at_currents += if learning.into > 0 { MANY } else { 0 };
            if waker.has_sleepers() {
                learning.stdp.each_target(|neuron| waker.wake(neuron));
            }
        }
        for background in background {
            background.add(&mut sums[background.into], &mut waker);
            at_currents += if background.into > 0 { MANY } else { 0 };
        }
        if FEW * at_currents < population.size as u64 {
            arriving.lose(population);
            tick::<L>(population, Stage::Few, fired);
            arriving.bring(population);
        } else {
            tick::<L>(population, Stage::All, fired);
        }
        population.fire(fired);
    } else {
        tick::<L>(population, Stage::Integrate, fired);
        if population.after {
            tick::<L>(population, Stage::Hold, fired);
        }
        operations = arriving.add_each::<L>(&mut population.potential);
        keep_lost(population);
        if !population.after {
            tick::<L>(population, Stage::Decide, fired);
        }
        population.fire(fired);
    }
    population.end_force();
    for &number in &order.plastic {
        plastic[number].stdp.learn(now, fired);
    }
    operations
}

/// Gives neurons that lose what arrives their potentials again.
fn keep_lost(population: &mut Population) {
    for ((v, before), lost) in population.potential.iter_mut().zip(&population.before).zip(&population.lost) {
        if *lost != 0 {
            *v = *before;
        }
    }
}

/// Adds the charge of a tick, summed in f32, in f64; returns the number of synaptic operations.
fn integrate<L: Lanes>(output: &mut Output, arriving: &Arriving) -> u64 {
    let Output { constant, brought, charges, .. } = output;
    brought[..constant.len()].copy_from_slice(constant);
    let operations = arriving.add_each::<L>(brought);
    charges.iter_mut().zip(brought).for_each(|(charge, &mut brought)| *charge += f64::from(brought));
    operations
}
