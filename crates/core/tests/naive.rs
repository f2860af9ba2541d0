//! The simulator against an obvious oracle: full weight matrices, one neuron after the other, no packing, no lanes.

use llif_core::kernel::portable::Portable;
use llif_core::layer::{Kind, SynapseSpec};
use llif_core::neuron::Neuron;
use llif_core::simulator::{Input, LayerSpec, Schedule, Simulator};
use llif_core::spikes::Geometry;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % limit
    }
    fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1) as usize) as i32
    }
}

/// Weight of every (target, source), None where there is no connection.
type Matrix = Vec<Vec<Option<u32>>>;

fn matrix(spec: &SynapseSpec, from: Geometry, to: Geometry) -> Matrix {
    let mut matrix = vec![vec![None; from.size()]; to.size()];
    for target in 0..to.size() {
        match spec.kind {
            Kind::Dense => (0..from.size()).for_each(|source| matrix[target][source] = Some(spec.weights[target * from.size() + source])),
            Kind::Identity => matrix[target][target] = Some(spec.weights[if spec.weights.len() == to.size() { target } else { target % to.channels }]),
            Kind::Conv([kh, kw, sy, sx, dy, dx, top, left, groups]) => {
                let (channel, x, y) = (target % to.channels, target / to.channels % to.width, target / to.channels / to.width);
                let (inputs, outputs) = (from.channels / groups, to.channels / groups);
                for (ky, kx, input) in (0..kh).flat_map(|ky| (0..kw).flat_map(move |kx| (0..inputs).map(move |input| (ky, kx, input)))) {
                    let (at_y, at_x) = ((y * sy + ky * dy) as isize - top as isize, (x * sx + kx * dx) as isize - left as isize);
                    if at_y >= 0 && at_x >= 0 && (at_y as usize) < from.height && (at_x as usize) < from.width {
                        let source = (at_y as usize * from.width + at_x as usize) * from.channels + channel / outputs * inputs + input;
                        matrix[target][source] = Some(spec.weights[((ky * kw + kx) * inputs + input) * to.channels + channel]);
                    }
                }
            }
        }
    }
    matrix
}

/// One layer: spikes of each source, [tick][neuron], to spikes and last potential.
fn simulate(layer: &LayerSpec, matrices: &[Matrix], sources: &[&Vec<Vec<bool>>], layerwise: Option<(bool, &[u32])>) -> (Vec<Vec<bool>>, Vec<u32>) {
    let ticks = sources[0].len();
    let mut fired = vec![vec![false; layer.geometry.size()]; ticks];
    let mut last = Vec::new();
    for neuron in 0..layer.geometry.size() {
        let arriving = |tick: usize| {
            matrices.iter().zip(sources).flat_map(move |(matrix, spikes)| matrix[neuron].iter().zip(&spikes[tick]).filter(|(_, &spike)| spike).filter_map(|(weight, _)| *weight))
        };
        if let Some((double, shifts)) = layerwise {
            let mut v = 0i64;
            for tick in 0..ticks {
                v = if double { 2 * v } else { v } + arriving(tick).map(|bits| i64::from(bits as i32)).sum::<i64>();
            }
            v += i64::from(layer.bias[neuron] as i32) + i64::from(layer.initial[neuron] as i32);
            for (tick, shift) in shifts.iter().enumerate() {
                let level = i64::from(layer.threshold[neuron] as i32) << shift;
                if v >= level {
                    v -= level;
                    fired[tick][neuron] = true;
                }
            }
            last.push(v as i32 as u32);
            continue;
        }
        let mut v = f32::from_bits(layer.initial[neuron]);
        let mut waiting = 0;
        for (tick, fired) in fired.iter_mut().enumerate() {
            v *= layer.neuron.leak_factor;
            if waiting == 0 || !layer.neuron.discards {
                v += f32::from_bits(layer.bias[neuron]);
                for bits in arriving(tick) {
                    v += f32::from_bits(bits);
                }
            }
            v = v.max(layer.neuron.floor);
            let threshold = f32::from_bits(layer.threshold[neuron]);
            if waiting > 0 {
                waiting -= 1;
            } else if v >= threshold {
                fired[neuron] = true;
                v = if layer.neuron.hard { 0.0 } else { v - threshold };
                waiting = layer.neuron.refractory_ticks;
            }
        }
        last.push(v.to_bits());
    }
    (fired, last)
}

fn random_case(random: &mut Random, layerwise: bool) -> usize {
    let double = random.below(2) == 0;
    let ticks = if layerwise { 1 + random.below(6) } else { 1 + random.below(70) };
    let shifts: Vec<u32> = if layerwise { (0..ticks).map(|tick| if double { (ticks - 1 - tick) as u32 } else { 0 }).collect() } else { Vec::new() };
    let payloads = shifts.iter().map(|shift| 1 << shift).collect();
    let input = Geometry { height: 1 + random.below(5), width: 1 + random.below(5), channels: 2 * (1 + random.below(3)) };
    let schedule = Schedule { interleaved: !layerwise, window_ticks: if layerwise { ticks } else { 0 }, double, shifts: shifts.clone(), payloads };
    let mut simulator = Simulator::<Portable>::new(input, schedule).unwrap();
    let largest = [300, 9000, 60000][random.below(3)];
    let number = |random: &mut Random, low: i32, high: i32| {
        let value = random.between(low, high);
        if layerwise { value as u32 } else { (value as f32 / 97.0).to_bits() }
    };
    let numbers = |random: &mut Random, count: usize, low: i32, high: i32| (0..count).map(|_| number(random, low, high)).collect::<Vec<u32>>();

    let activity = [3, 30, 100][random.below(3)];
    let spikes: Vec<Vec<bool>> = (0..ticks).map(|_| (0..input.size()).map(|_| random.below(100) < activity).collect()).collect();
    let mut starts = vec![0u32];
    let mut neurons = Vec::new();
    for tick in &spikes {
        neurons.extend((0..input.size() as u32).filter(|&neuron| tick[neuron as usize]));
        starts.push(neurons.len() as u32);
    }

    let mut history = vec![(input, spikes)];
    let mut specs = Vec::new();
    for depth in 1..=3 {
        let (from, source) = (history[depth - 1].0, depth - 1);
        let (kernel, stride, dilation, padding) = (1 + random.below(3), 1 + random.below(2), 1 + random.below(2), random.below(3));
        let extent = |size: usize| (size + 2 * padding).checked_sub(dilation * (kernel - 1) + 1).map(|room| room / stride + 1);
        let groups = if from.channels % 2 == 0 { 1 + random.below(2) } else { 1 };
        let conv = extent(from.height).zip(extent(from.width)).filter(|_| random.below(3) > 0);
        let (geometry, kind) = match conv {
            Some((height, width)) => (Geometry { height, width, channels: groups * (1 + random.below(40)) }, Kind::Conv([kernel, kernel, stride, stride, dilation, dilation, padding, padding, groups])),
            None => (Geometry { height: 1 + random.below(2), width: 1 + random.below(2), channels: 1 + random.below(150) }, Kind::Dense),
        };
        let count = if conv.is_some() { kernel * kernel * from.channels / groups * geometry.channels } else { from.size() * geometry.size() };
        let mut synapses = vec![SynapseSpec { source, kind, weights: numbers(random, count, -largest, largest) }];
        for (other, (shape, _)) in history.iter().enumerate() {
            if shape.size() == geometry.size() {
                synapses.push(SynapseSpec { source: other, kind: Kind::Identity, weights: numbers(random, geometry.size(), -largest, largest) });
            } else if random.below(4) == 0 {
                synapses.push(SynapseSpec { source: other, kind: Kind::Dense, weights: numbers(random, shape.size() * geometry.size(), -largest, largest) });
            }
        }
        let plain = layerwise || random.below(2) == 0;
        let neuron = Neuron {
            leak_factor: if plain { 1.0 } else { 0.9 },
            floor: if plain || random.below(2) == 0 { f32::NEG_INFINITY } else { -3.5 },
            hard: !plain && random.below(2) == 0,
            spikes_per_tick: 1,
            refractory_ticks: if plain { 0 } else { random.below(3) as u32 },
            discards: random.below(2) == 0,
        };
        let size = geometry.size();
        let spec = LayerSpec { geometry, depth, fires: true, neuron, bias: numbers(random, size, -50, 50), threshold: numbers(random, size, 1, 2 * largest), initial: numbers(random, size, 0, 50), synapses, record_spikes: true, traced: vec![0] };
        let matrices: Vec<Matrix> = spec.synapses.iter().map(|synapse| matrix(synapse, history[synapse.source].0, geometry)).collect();
        let sources: Vec<_> = spec.synapses.iter().map(|synapse| &history[synapse.source].1).collect();
        let (fired, last) = simulate(&spec, &matrices, &sources, layerwise.then_some((double, &shifts)));
        specs.push(last);
        history.push((geometry, fired));
        assert_eq!(simulator.layer(spec).unwrap(), depth);
    }

    let mut total = 0;
    for repetition in 0..2 {
        simulator.reset();
        simulator.run(Input::Events { neurons: &neurons, starts: &starts }, ticks).unwrap();
        for depth in 1..=3 {
            let expected: Vec<u32> = history[depth].1.iter().flat_map(|tick| (0..tick.len() as u32).filter(|&neuron| tick[neuron as usize])).collect();
            assert_eq!(simulator.spike_neurons(depth), expected, "layer {depth}, repetition {repetition}");
            assert_eq!(simulator.charges(depth), specs[depth - 1], "potentials of layer {depth}");
            assert_eq!(simulator.traces(depth).last(), specs[depth - 1].first());
            total += expected.len();
        }
    }
    total
}

#[test]
fn synchronous_float_equals_the_oracle() {
    let mut random = Random(1);
    let spikes: usize = (0..150).map(|_| random_case(&mut random, false)).sum();
    assert!(spikes > 10_000, "only {spikes} spikes compared");
}

#[test]
fn layerwise_integers_equal_the_oracle() {
    let mut random = Random(2);
    let spikes: usize = (0..300).map(|_| random_case(&mut random, true)).sum();
    assert!(spikes > 10_000, "only {spikes} spikes compared");
}

#[test]
fn refuses_wrong_lengths_and_nodes() {
    let geometry = Geometry { height: 1, width: 1, channels: 2 };
    let neuron = Neuron { leak_factor: 1.0, floor: f32::NEG_INFINITY, hard: false, spikes_per_tick: 1, refractory_ticks: 0, discards: false };
    let schedule = || Schedule { interleaved: true, window_ticks: 0, double: false, shifts: Vec::new(), payloads: Vec::new() };
    let spec = |weights: usize, source: usize, threshold: f32| LayerSpec {
        geometry,
        depth: 1,
        fires: true,
        neuron,
        bias: vec![0; 2],
        threshold: vec![threshold.to_bits(); 2],
        initial: vec![0; 2],
        synapses: vec![SynapseSpec { source, kind: Kind::Dense, weights: vec![0; weights] }],
        record_spikes: false,
        traced: Vec::new(),
    };
    for (spec, message) in [(spec(3, 0, 1.0), "weights: expected 4 values, got 3"), (spec(4, 1, 1.0), "node 1: expected"), (spec(4, 0, 0.0), "threshold: expected values > 0")] {
        let mut simulator = Simulator::<Portable>::new(geometry, schedule()).unwrap();
        assert!(simulator.layer(spec).unwrap_err().contains(message), "{message}");
    }
    let mut simulator = Simulator::<Portable>::new(geometry, schedule()).unwrap();
    assert!(simulator.run(Input::Events { neurons: &[2], starts: &[0, 1] }, 1).is_err());
    assert!(simulator.run(Input::Constant(&[0]), 1).is_err());
}
