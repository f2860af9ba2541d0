//! Runs a random graph in the core, alone and pipelined, and compares what it leaves with what an oracle expects.

use crate::graph::Graph;
use crate::oracle::Random;
use crate::sample::Expected;
use llif_core::any::{simulator, Simulate, Spec};
use llif_core::lanes::Lanes;
use llif_core::network::Network;
use llif_core::spikes::Geometry;

pub fn compare(simulator: &dyn Simulate, graph: &Graph, expected: &[Expected], real: bool, context: &str) -> usize {
    let mut spikes = 0;
    for number in 1..graph.nodes.len() {
        let Some(layer) = graph.layer(number) else { continue };
        let (wanted, record) = (&expected[number], &simulator.records()[number]);
        if !layer.fires {
            assert_eq!(record.charges, wanted.charges, "charges of node {number}, {context}");
            continue;
        }
        assert_eq!(record.counts, wanted.counts, "counts of node {number}, {context}");
        if !graph.records {
            spikes += wanted.counts.iter().map(|&count| (count as i32).unsigned_abs() as usize).sum::<usize>();
            continue;
        }
        let neurons: Vec<u32> = match real {
            true => wanted.train[0].iter().map(|&neuron| neuron as u32).collect(),
            false => wanted
                .train
                .iter()
                .flat_map(|tick| {
                    (0..).zip(tick).flat_map(|(neuron, spikes): (u32, &i32)| {
                        std::iter::repeat_n(neuron, spikes.unsigned_abs() as usize)
                    })
                })
                .collect(),
        };
        assert_eq!(record.neurons, neurons, "spikes of node {number}, {context}");
        assert_eq!(record.traces, wanted.traces.concat(), "traces of node {number}, {context}");
        if real {
            assert_eq!(record.values, wanted.values, "values of node {number}, {context}");
        }
        let ticks: Vec<u32> = match real {
            true => wanted.train[1].iter().map(|&tick| tick as u32).collect(),
            false => (wanted.first_tick as u32..)
                .zip(&wanted.train)
                .flat_map(|(tick, spikes)| {
                    let all = spikes.iter().map(|spikes| spikes.unsigned_abs() as usize).sum();
                    std::iter::repeat_n(tick, all)
                })
                .collect(),
        };
        assert_eq!(record.ticks, ticks, "ticks of node {number}, {context}");
        spikes += neurons.len();
    }
    spikes
}

pub fn simulate<L: Lanes + 'static>(spec: Spec, input: Geometry, graph: &Graph) -> Box<dyn Simulate> {
    let network = graph.build(Network::new(input, spec.format()));
    simulator::<L>(spec, network, true).unwrap()
}

/// Samples enter one after the other, with pauses; each leaves after as many windows as there are layers, and as if it had run alone.
pub fn pipelined<S>(
    random: &mut Random,
    simulator: &mut dyn Simulate,
    graph: &Graph,
    samples: &[S],
    expected: &[Vec<Expected>],
    enter: &dyn Fn(&S, &mut dyn Simulate) -> bool,
    real: bool,
) -> usize {
    let windows = graph.depths().into_iter().max().unwrap() + 1;
    simulator.begin_pipeline().unwrap();
    let entries: Vec<Option<usize>> = (0..samples.len())
        .flat_map(|sample| std::iter::repeat_n(None, random.below(2)).chain([Some(sample)]))
        .chain(std::iter::repeat_n(None, windows))
        .collect();
    let mut spikes = 0;
    for (window, entry) in entries.iter().enumerate() {
        let done = match entry {
            Some(sample) => enter(&samples[*sample], simulator),
            None => simulator.pass_window(None).unwrap(),
        };
        let leaving = (window + 1).checked_sub(windows).and_then(|entered| entries[entered]);
        assert_eq!(done, leaving.is_some(), "a sample leaves after {windows} windows");
        if let Some(sample) = leaving {
            spikes += compare(simulator, graph, &expected[sample], real, &format!("pipelined sample {sample}"));
        }
    }
    spikes
}
