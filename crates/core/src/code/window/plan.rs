//! What a layer of a window knows beforehand: how it takes and gives spikes, and how far its sums can go.

use super::Windows;
use crate::kernel::levels::{reciprocal, Levels};
use crate::layer::Layer;
use crate::network::{Network, Node, Pool};
use crate::parameters::PerNeuron;
use crate::pool::maxima::Rule;
use crate::synapse::bounds::{prove, Bounds, Repeats, Spiking};

pub struct Plan {
    /// Of each chunk.
    pub(super) bounds: Vec<Bounds>,
    /// As often as an event of every plane counts together.
    pub(super) window_levels: i64,
    /// 2³² / threshold, where every threshold allows it.
    pub(super) reciprocal: Option<PerNeuron>,
    /// The firing ticks of its window at once, where they are such.
    pub(super) levels: Option<Levels>,
    /// Number of planes if layers take and send binary counts instead of ticks, otherwise 0.
    pub(super) count_planes: usize,
    /// Whether something takes the spikes as entries, and whether as bits.
    pub(super) lists_spikes: bool,
    pub(super) keeps_bits: bool,
}

impl Plan {
    pub(super) fn new(code: &Windows, network: &Network, node: usize, layer: &Layer) -> Plan {
        let run = Levels::run(&code.firing).filter(|_| code.sends_counts(network));
        let count_planes = run.map_or(0, |run| run.planes);
        let repeats = layer
            .synapses
            .iter()
            .map(|synapse| repeats_of(network, synapse.source))
            .fold(Repeats::Never, |a, b| if a == Repeats::Never || b == Repeats::Always { b } else { a });
        let spiking = Spiking { repeats, signed: code.signed };
        let reciprocals =
            layer.rows.threshold.try_map(|threshold| reciprocal(threshold as i32)).filter(|_| layer.fires);
        let window_levels = match run {
            // No more spikes than ticks.
            Some(run) => i64::from(run.most),
            None => code.firing.iter().fold(0i64, |sum, _| sum.saturating_mul(code.gain.into()).saturating_add(1)),
        };
        let digits = Levels::digits(&code.firing).filter(|_| code.cap.is_none() && layer.traced.is_empty());
        let taken = Taken::of(code, network, node);
        let keeps_bits = taken.as_bits && layer.padded.div_ceil(64) == layer.geometry.channels.div_ceil(64);
        Plan {
            bounds: prove(&layer.synapses, &layer.chunks, layer.width, spiking),
            reciprocal: reciprocals,
            window_levels,
            levels: run.or(digits),
            count_planes,
            lists_spikes: taken.as_entries || !keeps_bits || layer.record_spikes,
            keeps_bits,
        }
    }

    /// Of the spikes that the layer sends.
    pub(super) fn planes(&self, code: &Windows) -> usize {
        self.levels.map_or(code.firing.len() * code.signs(), |levels| levels.planes)
    }
}

/// In which forms the readers of a node take its spikes.
struct Taken {
    as_bits: bool,
    as_entries: bool,
}

impl Taken {
    fn of(code: &Windows, network: &Network, node: usize) -> Taken {
        let mut taken = Taken { as_bits: false, as_entries: false };
        for reader in network.nodes.iter().filter(|reader| reader.sources().contains(&node)) {
            let as_bits = matches!(reader, Node::Pool(pool) if !pool.sum && code.rule(network, pool).takes_bits());
            taken.as_bits |= as_bits;
            taken.as_entries |= !as_bits;
        }
        taken
    }
}

impl Windows {
    /// Whether nothing needs the ticks of spikes, whose order within a window is nothing to sums: not where membranes are traced,
    /// nor where neurons do not simply spike in the first N ticks and a maximum reads how often they spike in each.
    fn sends_counts(&self, network: &Network) -> bool {
        let sums = |node: usize| matches!(&network.nodes[node], Node::Pool(pool) if pool.sum);
        let in_ticks = |node: &Node| match node {
            Node::Layer(layer) => !layer.traced.is_empty(),
            Node::Pool(pool) => !pool.sum && sums(pool.source),
            Node::Input(_) => false,
        };
        self.gain == 1 && self.cap.is_none() && !network.nodes.iter().any(in_ticks)
    }

    /// How a pool finds the maximum.
    pub(super) fn rule(&self, network: &Network, pool: &Pool) -> Rule {
        match self.gain {
            1 => Rule::Any,
            _ if self.signed => Rule::Digits { multiple: repeats_of(network, pool.source) != Repeats::Never },
            _ => Rule::Bits,
        }
    }
}

/// Whether a node may send two spikes of one neuron in a plane.
fn repeats_of(network: &Network, node: usize) -> Repeats {
    match &network.nodes[node] {
        Node::Input(_) => Repeats::AsInput,
        Node::Layer(source) if source.neuron.spikes_per_tick() == 1 => Repeats::Never,
        Node::Pool(pool) if !pool.sum => Repeats::Never,
        _ => Repeats::Always,
    }
}
