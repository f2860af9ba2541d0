//! The oracle of real-valued times to first spike (T9).

use crate::graph::{DrawnNode, Graph};
use crate::sample::{words, Expected};

/// Bits of what each spike of a window delivers, by neuron.
pub type Values = Vec<(usize, f32)>;

/// Real-valued times to first spike (T9), layer after layer, in float32: a spike at time t delivers 1 − t.
pub fn real_times(graph: &Graph, values: Option<&[u32]>, input: &Values) -> Vec<Expected> {
    let depths = graph.depths();
    let mut sent: Vec<Values> = vec![input.clone()];
    let mut results = vec![Expected::default()];
    for (number, node) in graph.nodes.iter().enumerate().skip(1) {
        let size = graph.geometries[number].size();
        let mut expected = Expected::default();
        let mut fired = Values::new();
        match node {
            DrawnNode::Input => {}
            DrawnNode::Pool(pool) => {
                for (output, members) in pool.members.iter().enumerate() {
                    let arrived: Vec<f32> = members
                        .iter()
                        .flat_map(|&member| {
                            sent[pool.source]
                                .iter()
                                .filter(move |(neuron, _)| *neuron == member)
                                .map(|&(_, value)| value)
                        })
                        .collect();
                    if pool.sum {
                        let times = pool.times(output, graph.geometries[number].channels) as usize;
                        fired.extend(arrived.iter().flat_map(|&value| std::iter::repeat_n((output, value), times)));
                    } else if let Some(largest) = arrived.into_iter().reduce(f32::max) {
                        fired.push((output, largest));
                    }
                }
            }
            DrawnNode::Layer(layer) => {
                for neuron in 0..size {
                    let mut v = f32::from_bits(layer.bias[neuron]);
                    for synapse in &layer.synapses {
                        let weight = |source: usize| synapse.matrix[neuron][source].map(f32::from_bits);
                        if let (0, Some(values)) = (synapse.source, values) {
                            (0..)
                                .zip(values)
                                .filter_map(|(source, &value)| Some((weight(source)?, f32::from_bits(value))))
                                .for_each(|(weight, value)| v += weight * value);
                        }
                        sent[synapse.source]
                            .iter()
                            .filter_map(|&(source, value)| Some((weight(source)?, value)))
                            .for_each(|(weight, value)| v += weight * value);
                    }
                    if !layer.fires {
                        expected.charges.extend(words(f64::from(v)));
                        continue;
                    }
                    if layer.traced.contains(&(neuron as u32)) {
                        expected.traces.push(vec![v.to_bits(), if v > 0.0 { 0 } else { v.to_bits() }]);
                    }
                    expected.counts.push(u32::from(v > 0.0));
                    if v > 0.0 {
                        let time = 1.0 - f64::from((v / f32::from_bits(layer.threshold[neuron])).min(1.0));
                        fired.push((neuron, (1.0 - time) as f32));
                    }
                }
            }
        }
        // Trains are in the order of time.
        let mut train = fired.clone();
        train.sort_by(|a, b| b.1.total_cmp(&a.1));
        expected.train =
            vec![train.iter().map(|&(neuron, _)| neuron as i32).collect(), vec![depths[number] as i32; train.len()]];
        expected.values = train.iter().map(|&(_, value)| value.to_bits()).collect();
        sent.push(fired);
        results.push(expected);
    }
    results
}
