//! What a layer of a window knows beforehand: how it takes and gives spikes, and how far its sums can go.

use super::Windows;
use crate::kernel::levels::{reciprocal, Levels};
use crate::layer::Layer;
use crate::network::{Network, Node, Pool};
use crate::parameters::PerNeuron;
use crate::pool::maxima::Rule;
use crate::synapse::bounds::{prove, Bounds, Repeats, Spiking};
use crate::synapse::View;

pub struct Plan {
    /// Of each chunk.
    pub(super) bounds: Vec<Bounds>,
    /// 2³² / threshold, where every threshold allows it.
    pub(super) reciprocal: Option<PerNeuron>,
    /// The firing ticks of its window at once, where they are such.
    pub(super) levels: Option<Levels>,
    /// Where the ticks of a window count the same, and are integrated as one: planes of the binary counts; else 0.
    pub(super) count_planes: usize,
    /// All readers take binary counts, so this layer emits them directly.
    pub(super) fires_counts: bool,
    /// Whether something takes the spikes as entries, and whether as bits.
    pub(super) lists_spikes: bool,
    pub(super) keeps_bits: bool,
}

impl Plan {
    pub(super) fn new(code: &Windows, network: &Network, node: usize, layer: &Layer) -> Plan {
        let count_planes = if code.merges(layer) { code.count_planes() } else { 0 };
        let repeats = layer
            .synapses
            .iter()
            .map(|synapse| repeats_of(network, synapse.source))
            .fold(Repeats::Never, |a, b| if a == Repeats::Never || b == Repeats::Always { b } else { a });
        let times = if count_planes > 0 { code.firing.len() } else { 1 };
        let spiking = Spiking { repeats, signed: code.signed, times };
        let reciprocals =
            layer.rows.threshold.try_map(|threshold| reciprocal(threshold as i32)).filter(|_| layer.fires);
        let levels =
            Levels::of(&code.firing).filter(|_| code.cap.is_none() && layer.traced.is_empty() && reciprocals.is_some());
        let taken = Taken::of(code, network, node);
        let keeps_bits = taken.as_bits && layer.padded.div_ceil(64) == layer.geometry.channels.div_ceil(64);
        let fires_counts = taken.all_as_counts && !layer.record_spikes && matches!(levels, Some(Levels::Run(_)));
        Plan {
            bounds: prove(&layer.synapses, &layer.chunks, layer.width, spiking),
            reciprocal: reciprocals,
            levels: match levels {
                Some(Levels::Run(ticks)) if fires_counts => Some(Levels::Merged { ticks, planes: code.count_planes() }),
                levels => levels,
            },
            count_planes,
            fires_counts,
            lists_spikes: taken.as_entries || !keeps_bits || layer.record_spikes,
            keeps_bits,
        }
    }

    /// Of the spikes that the layer sends.
    pub(super) fn planes(&self, code: &Windows) -> usize {
        match self.levels {
            Some(Levels::Merged { planes, .. }) => planes,
            _ => code.firing.len() * code.signs(),
        }
    }
}

/// In which forms the readers of a node take its spikes.
struct Taken {
    as_bits: bool,
    as_entries: bool,
    all_as_counts: bool,
}

impl Taken {
    fn of(code: &Windows, network: &Network, node: usize) -> Taken {
        let mut taken = Taken { as_bits: false, as_entries: false, all_as_counts: true };
        for reader in network.nodes.iter().filter(|reader| reader.sources().contains(&node)) {
            let as_bits = matches!(reader, Node::Pool(pool) if !pool.sum && code.rule(network, pool).takes_bits());
            taken.as_bits |= as_bits;
            taken.as_entries |= !as_bits;
            taken.all_as_counts &= reader.layer().is_some_and(|layer| code.merges(layer));
        }
        taken
    }
}

impl Windows {
    /// Whether a layer takes the ticks of a window as binary counts: nothing needs the charge after each tick.
    fn merges(&self, layer: &Layer) -> bool {
        self.gain == 1
            && !self.signed
            && layer.traced.is_empty()
            && !layer.by_events
            && layer.synapses.iter().all(|synapse| synapse.view == View::Same)
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
        Node::Layer(source) if source.neuron.spikes_per_tick == 1 => Repeats::Never,
        Node::Pool(pool) if !pool.sum => Repeats::Never,
        _ => Repeats::Always,
    }
}
