//! The simulator against an obvious oracle: full weight matrices, one neuron after the other, no packing, no lanes.

mod oracle;

use llif_core::any::{simulator, Spec};
use llif_core::code::window::Windows;
use llif_core::input::Input;
use llif_core::lanes::{Lanes, Native, Portable};
use llif_core::layer::LayerSpec;
use llif_core::network::Network;
use llif_core::neuron::llif::Neuron;
use llif_core::neuron::NeuronSpec;
use llif_core::schedule::FiringTick;
use llif_core::spikes::Geometry;
use llif_core::synapse::spec::{Kind, SynapseSpec};
use oracle::{
    draw_kind, draw_neurons, draw_schedule, matrix, neuron_at, weight_count, Matrix, Random, Schedule, Shape, Train,
    PLAIN,
};

/// Constant current into one layer: matrix and values of each synapse from the input.
type Current<'a> = &'a [(&'a Matrix, &'a [u32])];

/// One layer: spikes of each source to spikes and potentials after every sample.
fn simulate(
    layer: &LayerSpec,
    matrices: &[Matrix],
    sources: &[&Train],
    current: Current,
    layerwise: Option<&Schedule>,
) -> (Train, Vec<Vec<u32>>) {
    let ticks = sources[0].len();
    let mut fired = vec![vec![0; layer.geometry.size()]; ticks];
    let mut traces = Vec::new();
    let each = |values: &[u32], neuron: usize| values[neuron % values.len()];
    for neuron in 0..layer.geometry.size() {
        let arriving = |tick: usize| {
            matrices.iter().zip(sources).flat_map(move |(matrix, spikes)| {
                matrix[neuron]
                    .iter()
                    .zip(&spikes[tick])
                    .filter_map(|(weight, &count)| weight.map(|weight| (weight, count)))
                    .filter(|(_, count)| *count != 0)
            })
        };
        let products = || {
            current.iter().flat_map(|(matrix, values)| {
                matrix[neuron].iter().zip(*values).filter_map(|(weight, &value)| weight.map(|weight| (weight, value)))
            })
        };
        let mut trace = Vec::new();
        if let Some(Schedule { windows: Windows { gain, firing, raised, cap, .. }, slots }) = layerwise {
            let gain = i64::from(*gain);
            let base = i64::from(each(&layer.bias, neuron) as i32)
                + i64::from(each(&layer.initial, neuron) as i32)
                + products().map(|(q, n)| i64::from(q as i32) * i64::from(n as i32)).sum::<i64>();
            let mut v = 0i64;
            for tick in 0..ticks {
                let payload = if slots.is_some() { i64::from(firing[tick].payload) } else { 1 };
                v = gain * v
                    + arriving(tick)
                        .map(|(bits, count)| i64::from(bits as i32) * i64::from(count) * payload)
                        .sum::<i64>();
                trace.push((base + v * gain.pow((ticks - 1 - tick) as u32)) as u32);
            }
            v = i64::from((v + base) as i32);
            let threshold = i64::from(each(&layer.threshold, neuron) as i32);
            if *raised && layer.rectified {
                v = v.max(0);
            }
            if let Some(cap) = cap {
                v = v.min(threshold * i64::from(*cap) - 1);
            }
            for (tick, FiringTick { above, below, payload }) in firing.iter().enumerate() {
                if 2 * v >= threshold * i64::from(*above) {
                    v -= threshold * i64::from(*payload);
                    fired[tick][neuron] = 1;
                } else if below.is_some_and(|below| 2 * v < -threshold * i64::from(below)) {
                    v += threshold * i64::from(*payload);
                    fired[tick][neuron] = -1;
                }
                trace.push(v as u32);
            }
            traces.push(trace);
            continue;
        }
        let mut drive = f32::from_bits(each(&layer.bias, neuron));
        for (weight, value) in products() {
            drive += f32::from_bits(weight) * f32::from_bits(value);
        }
        let mut v = f32::from_bits(each(&layer.initial, neuron));
        let mut waiting = 0;
        let NeuronSpec::Llif(spec) = &layer.neuron;
        let own = neuron_at(spec, neuron);
        for fired in &mut fired {
            let tick = trace.len();
            v *= own.leak_factor;
            if waiting == 0 || !own.discards {
                v += drive;
                for (bits, count) in arriving(tick) {
                    for _ in 0..count {
                        v += f32::from_bits(bits);
                    }
                }
            }
            if v < own.floor {
                v = own.floor;
            }
            let threshold = f32::from_bits(each(&layer.threshold, neuron));
            if waiting > 0 {
                waiting -= 1;
            } else if v >= threshold {
                let spikes = (v / threshold).floor().min(own.spikes_per_tick as f32);
                fired[neuron] = spikes as i32;
                v = if own.hard { 0.0 } else { v - spikes * threshold };
                waiting = own.refractory_ticks;
            }
            trace.push(v.to_bits());
        }
        traces.push(trace);
    }
    (fired, traces)
}

/// Charges of an output in f32: each tick is summed in f32, from the drive on, and added in f64. `reach`: matrix and spikes of each
/// synapse, and whether it carries `values` as current too.
fn readout(bias: &[u32], geometry: Geometry, reach: &[(Matrix, &Train, bool)], values: &[u32]) -> Vec<f64> {
    let charge = |neuron: usize| {
        let mut drive = f32::from_bits(bias[neuron % bias.len()]);
        for (matrix, ..) in reach.iter().filter(|(.., driven)| *driven) {
            for (weight, &value) in matrix[neuron].iter().zip(values) {
                drive += weight.map_or(0.0, |weight| f32::from_bits(weight) * f32::from_bits(value));
            }
        }
        let mut charge = 0.0;
        for tick in 0..reach[0].1.len() {
            let mut brought = drive;
            for (matrix, train, _) in reach {
                for (weight, &count) in matrix[neuron].iter().zip(&train[tick]) {
                    (0..count).for_each(|_| brought += f32::from_bits(weight.unwrap_or(0)));
                }
            }
            charge += f64::from(brought);
        }
        charge
    };
    (0..geometry.size()).map(charge).collect()
}

/// Spikes compared, and layers that pack columns.
fn random_case<L: Lanes + 'static>(random: &mut Random, layerwise: bool, narrow_only: bool) -> (usize, usize) {
    let ticks = if layerwise { [1, 1, 1, 9][random.below(4)] + random.below(6) } else { 1 + random.below(70) };
    let schedule = layerwise.then(|| draw_schedule(random, ticks));
    let spec = schedule.as_ref().map_or(Spec::Rate, Schedule::spec);
    let signs = spec.format().signs;
    let signed = signs == 2;
    let width = if narrow_only { 2 + random.below(9) } else { 1 + random.below(5) };
    let input = Geometry { height: 1 + random.below(5), width, channels: 2 * (1 + random.below(3)) };
    let mut network = Network::new(input, spec.format());
    // Small integers over a power of two: sums are exact, and thresholds are met exactly.
    let dyadic = random.below(2) == 0;
    let largest = [6, 300, 9000, 60000][random.below(4)];
    let number = |random: &mut Random, low: i32, high: i32| {
        let value = random.between(low, high);
        if layerwise {
            value as u32
        } else {
            (value as f32 / if dyadic { 64.0 } else { 97.0 }).to_bits()
        }
    };
    let numbers = |random: &mut Random, count: usize, low: i32, high: i32| {
        (0..count).map(|_| number(random, low, high)).collect::<Vec<u32>>()
    };

    let constant = random.below(3) == 0;
    // Synchronous networks take both at once.
    let activity = if constant && (layerwise || random.below(2) == 0) { 0 } else { [0, 3, 30, 100][random.below(4)] };
    let repeats = random.below(4) == 0;
    let spikes: Train = (0..ticks)
        .map(|_| {
            (0..input.size())
                .map(|_| {
                    if random.below(100) < activity {
                        (1 + if repeats { random.below(3) as i32 } else { 0 })
                            * if signed && random.below(2) == 0 { -1 } else { 1 }
                    } else {
                        0
                    }
                })
                .collect()
        })
        .collect();
    let values = (0..input.size())
        .map(|_| {
            if random.below(3) == 0 {
                number(random, 0, 0)
            } else {
                let high = [300, 70_000][random.below(2)];
                number(random, -300, high)
            }
        })
        .collect::<Vec<u32>>();
    let mut starts = vec![0u32];
    let mut neurons = Vec::new();
    for tick in &spikes {
        for sign in [1, -1].into_iter().take(signs) {
            neurons.extend(
                (0..input.size() as u32)
                    .flat_map(|neuron| std::iter::repeat_n(neuron, (tick[neuron as usize] * sign).max(0) as usize)),
            );
            starts.push(neurons.len() as u32);
        }
    }

    let mut history = vec![(input, spikes)];
    let mut expected_traces = Vec::new();
    for depth in 1..=3 {
        let (from, source) = (history[depth - 1].0, depth - 1);
        let shapes = [
            Shape::Dense,
            Shape::Conv,
            Shape::Conv,
            Shape::Grouped,
            Shape::Depthwise,
            Shape::Identity,
            Shape::Transposed,
        ];
        let shape = if narrow_only { Shape::Narrow } else { shapes[random.below(7)] };
        let (geometry, kind) = draw_kind(
            random,
            if shape == Shape::Grouped && from.channels % 2 != 0 { Shape::Conv } else { shape },
            from,
        )
        .unwrap_or((from, Kind::Identity { per_neuron: false }));
        let mut synapses = vec![SynapseSpec { source, kind, delayed: None }];
        for (other, (shape, _)) in history.iter().enumerate() {
            if shape.size() == geometry.size() {
                synapses.push(SynapseSpec {
                    source: other,
                    kind: Kind::Identity { per_neuron: random.below(2) == 0 },
                    delayed: None,
                });
            } else if !narrow_only && random.below(5) == 0 {
                synapses.push(SynapseSpec { source: other, kind: Kind::Dense, delayed: None });
            }
        }
        let plain = layerwise || random.below(2) == 0;
        let multiple = !plain && dyadic && random.below(3) == 0;
        let neuron = Neuron {
            leak_factor: if plain { 1.0 } else { 0.9 },
            floor: if plain || random.below(2) == 0 { f32::NEG_INFINITY } else { -3.5 },
            hard: !plain && !multiple && random.below(2) == 0,
            spikes_per_tick: if multiple { 3 } else { 1 },
            refractory_ticks: if plain { 0 } else { random.below(3) as u32 },
            discards: random.below(2) == 0,
        };
        let neuron = draw_neurons(random, geometry, neuron);
        let weights: Vec<Vec<u32>> = synapses
            .iter()
            .map(|synapse| {
                numbers(random, weight_count(synapse.kind, history[synapse.source].0, geometry), -largest, largest)
            })
            .collect();
        let narrow = layerwise && largest <= 32767 && random.below(4) > 0;
        let each = |random: &mut Random| if random.below(2) == 0 { geometry.channels } else { geometry.size() };
        let (bias_count, threshold_count, initial_count) = (each(random), each(random), each(random));
        let shift = random.below(8) as u32;
        let threshold = if layerwise && random.below(2) == 0 {
            (0..threshold_count).map(|_| 2u32 << (shift + random.below(4) as u32)).collect()
        } else if multiple {
            (0..threshold_count).map(|_| [4f32, 64.0][random.below(2)].to_bits()).collect()
        } else {
            numbers(random, threshold_count, 1, 2 * largest)
        };
        let none_traced = random.below(2) == 0;
        let traced: Vec<u32> = (0..geometry.size() as u32).filter(|_| !none_traced && random.below(3) == 0).collect();
        let spec = LayerSpec {
            geometry,
            depth,
            fires: true,
            neuron: NeuronSpec::Llif(neuron),
            rectified: random.below(2) == 0,
            narrow,
            bias: numbers(random, bias_count, -50, 50),
            threshold,
            initial: numbers(random, initial_count, 0, 50),
            synapses,
            record_spikes: true,
            traced: traced.clone(),
        };
        let matrices: Vec<Matrix> = spec
            .synapses
            .iter()
            .zip(&weights)
            .map(|(synapse, weights)| matrix(synapse.kind, weights, history[synapse.source].0, geometry))
            .collect();
        let sources: Vec<_> = spec.synapses.iter().map(|synapse| &history[synapse.source].1).collect();
        let current: Vec<(&Matrix, &[u32])> = spec
            .synapses
            .iter()
            .zip(&matrices)
            .filter(|(synapse, _)| constant && synapse.source == 0)
            .map(|(_, matrix)| (matrix, &values[..]))
            .collect();
        let (fired, traces) = simulate(&spec, &matrices, &sources, &current, schedule.as_ref());
        expected_traces.push(traced.iter().flat_map(|&neuron| traces[neuron as usize].clone()).collect::<Vec<u32>>());
        history.push((geometry, fired));
        assert_eq!(network.layer(spec).unwrap(), depth);
        for (synapse, weights) in weights.iter().enumerate() {
            let piece = 1 + random.below(1000);
            weights.chunks(piece).for_each(|piece| network.weights(synapse, piece).unwrap());
        }
    }

    let expected_charges = (!layerwise).then(|| {
        let shape = [Shape::Dense, Shape::Conv, Shape::Depthwise, Shape::Identity][random.below(4)];
        let shape = if narrow_only { Shape::Narrow } else { shape };
        let (geometry, kind) =
            draw_kind(random, shape, history[3].0).unwrap_or((history[3].0, Kind::Identity { per_neuron: true }));
        let mut sources = vec![(3, kind)];
        if input.size() == geometry.size() {
            sources.push((0, Kind::Identity { per_neuron: true }));
        }
        let neuron = PLAIN;
        let synapses = sources.iter().map(|&(source, kind)| SynapseSpec { source, kind, delayed: None }).collect();
        let spec = LayerSpec {
            geometry,
            depth: 0,
            fires: false,
            neuron: NeuronSpec::Llif(neuron.into()),
            rectified: true,
            narrow: false,
            bias: numbers(random, geometry.channels, -50, 50),
            threshold: Vec::new(),
            initial: Vec::new(),
            synapses,
            record_spikes: false,
            traced: Vec::new(),
        };
        let weights: Vec<Vec<u32>> = sources
            .iter()
            .map(|&(source, kind)| numbers(random, weight_count(kind, history[source].0, geometry), -largest, largest))
            .collect();
        let reach: Vec<(Matrix, &Train, bool)> = sources
            .iter()
            .zip(&weights)
            .map(|(&(source, kind), weights)| {
                (matrix(kind, weights, history[source].0, geometry), &history[source].1, constant && source == 0)
            })
            .collect();
        let charges = readout(&spec.bias, geometry, &reach, &values);
        network.layer(spec).unwrap();
        weights.iter().enumerate().for_each(|(synapse, weights)| network.weights(synapse, weights).unwrap());
        charges
    });

    let packed = network.layers().filter(|(_, layer)| layer.columns > 1).count();
    let mut simulator = simulator::<L>(spec, network, true).unwrap();
    let mut total = 0;
    for repetition in 0..2 {
        simulator.reset();
        let input = if constant && activity == 0 {
            Input::Constant(&values)
        } else {
            Input::Events { neurons: &neurons, starts: &starts, values: if constant { &values } else { &[] } }
        };
        simulator.run(input, ticks).unwrap();
        if let Some(charges) = &expected_charges {
            let words: Vec<u32> =
                charges.iter().flat_map(|charge| [charge.to_bits() as u32, (charge.to_bits() >> 32) as u32]).collect();
            assert_eq!(simulator.records()[4].charges, words, "charges, repetition {repetition}");
        }
        for depth in 1..=3 {
            let (train, record) = (&history[depth].1, &simulator.records()[depth]);
            let expected: Vec<u32> = train
                .iter()
                .flat_map(|tick| {
                    (0..tick.len() as u32)
                        .flat_map(|neuron| std::iter::repeat_n(neuron, tick[neuron as usize].unsigned_abs() as usize))
                })
                .collect();
            assert_eq!(record.traces, expected_traces[depth - 1], "traces of layer {depth}, repetition {repetition}");
            assert_eq!(record.neurons, expected, "layer {depth}, repetition {repetition}");
            let signs: Vec<u32> =
                train.iter().flatten().filter(|&&spike| signed && spike != 0).map(|&spike| spike as u32).collect();
            assert_eq!(record.signs, signs, "signs of layer {depth}");
            let payload = |tick: usize| schedule.as_ref().map_or(1, |schedule| schedule.windows.firing[tick].payload);
            let counts: Vec<u32> = (0..train[0].len())
                .map(|neuron| {
                    (0..ticks).map(|tick| (train[tick][neuron] * payload(tick)) as u32).fold(0, u32::wrapping_add)
                })
                .collect();
            assert_eq!(record.counts, counts, "counts of layer {depth}, repetition {repetition}");
            total += expected.len();
        }
    }
    (total, packed)
}

fn compare<L: Lanes + 'static>(layerwise: bool, seed: u64, cases: usize) {
    let mut random = Random(seed);
    let spikes: usize = (0..cases).map(|_| random_case::<L>(&mut random, layerwise, false).0).sum();
    assert!(spikes > 10_000, "only {spikes} spikes compared");
}

#[test]
fn synchronous_float_equals_the_oracle() {
    compare::<Portable>(false, 1, 25);
}

#[test]
fn layerwise_integers_equal_the_oracle() {
    compare::<Portable>(true, 2, 60);
}

#[test]
fn native_lanes_equal_the_oracle() {
    compare::<Native>(false, 3, 25);
    compare::<Native>(true, 4, 60);
}

fn compare_packed<L: Lanes + 'static>(layerwise: bool, seed: u64, cases: usize) {
    let mut random = Random(seed);
    let (spikes, packed) = (0..cases)
        .map(|_| random_case::<L>(&mut random, layerwise, true))
        .fold((0, 0), |sum, case| (sum.0 + case.0, sum.1 + case.1));
    assert!(spikes > 10_000, "only {spikes} spikes compared");
    assert!(packed > 5, "only {packed} layers with packed columns compared");
}

#[test]
fn packed_columns_equal_the_oracle() {
    compare_packed::<Portable>(false, 5, 15);
    compare_packed::<Portable>(true, 6, 30);
    compare_packed::<Native>(false, 7, 15);
    compare_packed::<Native>(true, 8, 30);
}

#[test]
fn refuses_wrong_lengths_and_nodes() {
    let geometry = Geometry { height: 1, width: 1, channels: 2 };
    let neuron = PLAIN;
    let network = || Network::new(geometry, Spec::Rate.format());
    let build = |weights: usize, source: usize, threshold: f32| {
        let mut network = network();
        network.layer(LayerSpec {
            geometry,
            depth: 1,
            fires: true,
            neuron: NeuronSpec::Llif(neuron.into()),
            rectified: true,
            narrow: false,
            bias: vec![0; 2],
            threshold: vec![threshold.to_bits(); 2],
            initial: vec![0; 2],
            synapses: vec![SynapseSpec { source, kind: Kind::Dense, delayed: None }],
            record_spikes: false,
            traced: Vec::new(),
        })?;
        network.weights(0, &vec![0; weights])?;
        simulator::<Portable>(Spec::Rate, network, true).map(|_| ())
    };
    let mut floored = network();
    let boundless = LayerSpec {
        geometry,
        depth: 1,
        fires: true,
        neuron: NeuronSpec::Llif(Neuron { floor: f32::INFINITY, ..neuron }.into()),
        rectified: true,
        narrow: false,
        bias: vec![0; 2],
        threshold: vec![1.0f32.to_bits(); 2],
        initial: vec![0; 2],
        synapses: Vec::new(),
        record_spikes: false,
        traced: Vec::new(),
    };
    assert!(floored.layer(boundless).unwrap_err().contains("floor: expected a finite number"));
    for (weights, source, threshold, message) in [
        (3, 0, 1.0, "weights: expected 4 values, got 3"),
        (5, 0, 1.0, "weights: expected 4 values, got 5"),
        (4, 1, 1.0, "node 1: expected"),
        (4, 0, 0.0, "threshold: expected values > 0"),
    ] {
        assert!(build(weights, source, threshold).unwrap_err().contains(message), "{message}");
    }
    let mut simulator = simulator::<Portable>(Spec::Rate, network(), true).unwrap();
    assert!(simulator.run(Input::Events { neurons: &[2], starts: &[0, 1], values: &[] }, 1).is_err());
    assert!(simulator.run(Input::Events { neurons: &[1, 0], starts: &[0, 2], values: &[] }, 1).is_err());
    assert!(simulator.run(Input::Constant(&[0]), 1).is_err());
}
