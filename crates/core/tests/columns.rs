//! Which layers pack neighbouring columns; that it changes nothing, the oracles say (naive.rs, graphs, refined.rs).

#[allow(dead_code)]
mod oracle;

use llif_core::any::Spec;
use llif_core::code::ttfs::Ttfs;
use llif_core::code::window::Windows;
use llif_core::layer::LayerSpec;
use llif_core::network::Network;
use llif_core::neuron::llif::Neuron;
use llif_core::neuron::NeuronSpec;
use llif_core::spikes::Geometry;
use llif_core::synapse::spec::{Kind, SynapseSpec};
use llif_core::synapse::sweep::Sweep;
use oracle::PLAIN;

fn conv(kernel: usize, stride: usize) -> Kind {
    Kind::Conv(Sweep::new([kernel, kernel, stride, stride, 1, 1, kernel / 2, kernel / 2]), 1)
}

/// Columns that the second of two layers packs, of these extents and synapses from the first.
fn columns(spec: &Spec, [width, channels]: [usize; 2], narrow: bool, spikes_per_tick: u32, kinds: &[Kind]) -> usize {
    let stride = if let Kind::Conv(sweep, _) = kinds[0] { sweep.stride[1] } else { 1 };
    let to = Geometry { height: 2, width, channels };
    let from = Geometry { height: 2 * stride, width: width * stride, channels };
    let neuron = Neuron { spikes_per_tick, ..PLAIN };
    let mut network = Network::new(from, spec.format());
    let mut layer = |geometry: Geometry, source: usize, kinds: &[Kind]| {
        let spec = LayerSpec {
            geometry,
            depth: 1,
            fires: true,
            neuron: NeuronSpec::Llif(neuron.into()),
            rectified: true,
            narrow,
            bias: vec![0; channels],
            threshold: vec![1; channels],
            initial: vec![0; channels],
            synapses: kinds.iter().map(|&kind| SynapseSpec { source, kind, delayed: None }).collect(),
            record_spikes: false,
            traced: Vec::new(),
        };
        network.layer(spec).unwrap()
    };
    layer(from, 0, &[Kind::Identity { per_neuron: false }]);
    layer(to, 1, kinds);
    network.nodes[2].layer().unwrap().columns
}

#[test]
fn narrow_convolutions_pack_columns() {
    let phase = || Spec::Windows(Windows::from_numbers(2, &[4, 0, 2, 2, 0, 1], false, 0));
    let identity = Kind::Identity { per_neuron: false };
    for (columns_expected, spec, extents, narrow, kinds) in [
        (2, Spec::Rate, [8, 16], false, vec![conv(3, 1)]),
        (4, Spec::Rate, [8, 8], false, vec![conv(3, 1)]),
        (4, phase(), [8, 16], true, vec![conv(3, 1)]),
        (2, phase(), [8, 16], false, vec![conv(3, 1)]),
        (2, phase(), [6, 16], true, vec![conv(3, 1)]),
        (4, phase(), [8, 16], true, vec![conv(3, 2)]),
        (4, phase(), [8, 16], true, vec![conv(3, 1), identity]),
        // An odd width, a kernel no wider than its stride, more channels, channels that do not fill bytes.
        (1, phase(), [7, 16], true, vec![conv(3, 1)]),
        (1, phase(), [8, 16], true, vec![conv(1, 1)]),
        (1, phase(), [8, 32], true, vec![conv(3, 1)]),
        (1, phase(), [8, 12], true, vec![conv(3, 1)]),
        (1, phase(), [8, 16], true, vec![identity]),
        // Other synapses, and spikes that carry values.
        (1, phase(), [8, 16], true, vec![Kind::Conv(Sweep::new([3, 3, 1, 1, 1, 1, 1, 1]), 16)]),
        (1, phase(), [8, 16], true, vec![Kind::Conv(Sweep::new([3, 3, 1, 1, 2, 2, 2, 2]), 1)]),
        (1, phase(), [8, 16], true, vec![Kind::Conv(Sweep::new([3, 3, 1, 1, 1, 1, 1, 1]).transpose(), 1)]),
        (1, Spec::Rate, [8, 16], false, vec![conv(3, 1), Kind::Dense]),
        (1, Spec::Ttfs(Ttfs::Slots(4)), [8, 16], true, vec![conv(3, 1)]),
        (1, Spec::Ttfs(Ttfs::Real), [8, 16], false, vec![conv(3, 1)]),
    ] {
        let packed = columns(&spec, extents, narrow, 1, &kinds);
        assert_eq!(packed, columns_expected, "{spec:?}, {extents:?}, {kinds:?}");
    }
    assert_eq!(columns(&Spec::Rate, [8, 16], false, 3, &[conv(3, 1)]), 1, "more than one spike a tick");
}
