//! What reaches a neuron of a random graph: spikes of a tick, and constant current.

use crate::graph::{DrawnLayer, DrawnSynapse};
use crate::sample::Active;

/// Weight and spikes of everything that reaches a neuron in a tick, in order. `sent`: by node and tick.
pub fn arriving<'a>(
    layer: &'a DrawnLayer,
    neuron: usize,
    sent: &'a [Vec<Active>],
    tick: usize,
) -> impl Iterator<Item = (u32, i32)> + 'a {
    let of_synapse = move |synapse: &'a DrawnSynapse| {
        let spikes = tick.checked_sub(synapse.delay).map(|then| &sent[synapse.source][then]);
        let weights = &synapse.matrix[neuron];
        let brought = |&(source, count): &(usize, i32)| weights[source].map(|weight| (weight, count));
        spikes.into_iter().flat_map(move |spikes| spikes.iter().filter_map(brought))
    };
    layer.synapses.iter().flat_map(of_synapse)
}

/// Weight and value of everything that constant current brings to a neuron, in order.
pub fn current<'a>(
    layer: &'a DrawnLayer,
    neuron: usize,
    values: Option<&'a [u32]>,
) -> impl Iterator<Item = (u32, u32)> + 'a {
    let synapses = layer.synapses.iter().filter(move |synapse| synapse.source == 0 && values.is_some());
    synapses.flat_map(move |synapse| {
        synapse.matrix[neuron]
            .iter()
            .zip(values.unwrap_or(&[]))
            .filter_map(|(weight, &value)| weight.map(|weight| (weight, value)))
    })
}
