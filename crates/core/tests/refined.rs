//! Refined phase (T14) against the quantised network of each tick's precision: counts, charges and spikes after every tick; with
//! laziness and on later frames, at the end.

#[path = "oracle/graph.rs"]
#[allow(dead_code)]
mod graph;
#[allow(dead_code)]
mod oracle;

use graph::{input_geometry, Draw, DrawnNode, Graph};
use llif_core::any::{simulator, Simulate, Spec};
use llif_core::code::signed::refined::RefinedPhase;
use llif_core::code::signed::Signed;
use llif_core::input::Input;
use llif_core::kernel::signed::refine::Quantum;
use llif_core::lanes::{Lanes, Native, Portable};
use llif_core::layer::LayerSpec;
use llif_core::network::Network;
use llif_core::neuron::NeuronSpec;
use llif_core::spikes::Geometry;
use llif_core::synapse::spec::{Kind, SynapseSpec};
use oracle::{Random, PLAIN};

/// Constant values, or spikes of either sign in each tick.
enum Frame {
    Constant(Vec<u32>),
    Spikes(Vec<Vec<i32>>),
}

impl Frame {
    fn draw(random: &mut Random, size: usize, ticks: usize) -> Frame {
        if random.below(3) > 0 {
            return Frame::Constant((0..size).map(|_| random.between(-255, 255) as u32).collect());
        }
        let spike = |random: &mut Random| if random.below(3) == 0 { random.between(-2, 3) } else { 0 };
        Frame::Spikes((0..ticks).map(|_| (0..size).map(|_| spike(random)).collect()).collect())
    }

    fn run(&self, simulator: &mut dyn Simulate, first: usize, ticks: usize) {
        simulator.resume_at(first);
        match self {
            Frame::Constant(values) => simulator.run(Input::Constant(values), ticks).unwrap(),
            Frame::Spikes(train) => {
                let (mut neurons, mut starts) = (Vec::new(), vec![0]);
                for tick in &train[first..first + ticks] {
                    for sign in [1, -1] {
                        for (neuron, &spikes) in (0..).zip(tick) {
                            neurons.extend(std::iter::repeat_n(neuron as u32, (spikes * sign).max(0) as usize));
                        }
                        starts.push(neurons.len() as u32);
                    }
                }
                simulator.run(Input::Events { neurons: &neurons, starts: &starts, values: &[] }, ticks).unwrap();
            }
        }
    }
}

/// Of every node: counts so far, and exact charges.
struct Twin {
    counts: Vec<Vec<i64>>,
    charges: Vec<Vec<i64>>,
}

/// Quanta of a frame, and how many of them each node skips.
struct Quanta {
    sizes: Vec<u32>,
    ahead: Vec<u32>,
}

impl Quanta {
    fn at(&self, node: usize, tick: usize) -> i64 {
        self.sizes[(tick + self.ahead[node] as usize).min(self.sizes.len() - 1)].into()
    }
}

/// The quantised network whose counts are multiples of the tick's quantum of their layer, for the input that has arrived: no spikes, no
/// time.
fn twin(graph: &Graph, frame: &Frame, quanta: &Quanta, tick: usize, levels: i64) -> Twin {
    let size = graph.geometries[0].size();
    let (values, input) = match frame {
        Frame::Constant(values) => (Some(values), vec![0; size]),
        Frame::Spikes(train) => {
            let so_far = |neuron: usize| (0..=tick).map(|at| i64::from(train[at][neuron]) * quanta.at(0, at)).sum();
            (None, (0..size).map(so_far).collect())
        }
    };
    let mut twin = Twin { counts: vec![input], charges: vec![Vec::new()] };
    for (number, (node, geometry)) in graph.nodes.iter().zip(&graph.geometries).enumerate().skip(1) {
        let quantum = quanta.at(number, tick);
        let (mut counts, mut charges) = (Vec::new(), Vec::new());
        match node {
            DrawnNode::Input => unreachable!(),
            DrawnNode::Pool(pool) => {
                for (output, members) in pool.members.iter().enumerate() {
                    let counts_of = members.iter().map(|&member| twin.counts[pool.source][member]);
                    counts.push(if pool.sum {
                        i64::from(pool.times(output, geometry.channels)) * counts_of.sum::<i64>()
                    } else {
                        counts_of.max().unwrap_or(0)
                    });
                }
            }
            DrawnNode::Layer(layer) => {
                for neuron in 0..geometry.size() {
                    let mut charge = i64::from(layer.bias[neuron] as i32);
                    for synapse in &layer.synapses {
                        for (source, weight) in synapse.matrix[neuron].iter().enumerate() {
                            let Some(weight) = weight else { continue };
                            let current =
                                values.filter(|_| synapse.source == 0).map_or(0, |values| values[source] as i32);
                            let count = twin.counts[synapse.source][source] + i64::from(current);
                            charge += i64::from(*weight as i32) * count;
                        }
                    }
                    if layer.fires {
                        let step = 2 * i64::from(layer.threshold[neuron] as i32) * quantum;
                        counts.push(quantum * (2 * charge + step / 2).div_euclid(step).clamp(0, levels / quantum));
                    }
                    charges.push(charge);
                }
            }
        }
        twin.counts.push(counts);
        twin.charges.push(charges);
    }
    twin
}

/// What the simulator has counted in the frame and holds equals the twin. Returns the number of comparisons.
fn compare(simulator: &dyn Simulate, graph: &Graph, counted: &[Vec<i64>], twin: &Twin, context: &str) -> usize {
    let mut compared = 0;
    for (number, node) in graph.nodes.iter().enumerate() {
        let DrawnNode::Layer(layer) = node else { continue };
        if layer.fires {
            assert_eq!(counted[number], twin.counts[number], "counts of node {number}, {context}");
            compared += counted[number].len();
        } else {
            let charges: Vec<i64> =
                simulator.records()[number].charges.iter().map(|&charge| i64::from(charge as i32)).collect();
            assert_eq!(charges, twin.charges[number], "charges of node {number}, {context}");
            compared += charges.len();
        }
    }
    compared
}

fn add_counts(simulator: &dyn Simulate, counted: &mut [Vec<i64>]) {
    for (record, counted) in simulator.records().iter().zip(counted) {
        counted.resize(record.counts.len(), 0);
        counted.iter_mut().zip(&record.counts).for_each(|(count, &now)| *count += i64::from(now as i32));
    }
}

/// Quanta from the largest to 1, each a multiple of the next.
fn draw_quanta(random: &mut Random, levels: u32) -> Vec<u32> {
    let binary = random.below(2) == 0;
    let mut quanta = vec![1];
    while let Some(next) = quanta.last().map(|last| last * if binary { 2 } else { 2 + random.below(3) as u32 }) {
        if next > levels {
            break;
        }
        quanta.push(next);
    }
    quanta.reverse();
    quanta
}

fn case<L: Lanes + 'static>(random: &mut Random) -> usize {
    let input = input_geometry(random);
    let (largest_weight, levels) = [(6, 255), (300, 63), (9000, 15)][random.below(3)];
    let sizes = draw_quanta(random, levels);
    let shift = random.below(4);
    let thresholds =
        |random: &mut Random| if shift < 2 { 64 << shift } else { random.between(1, 4 * largest_weight) as u32 };
    let charge = |random: &mut Random, low: i32, high: i32| random.between(low, high) as u32;
    let graph = Graph::draw(
        random,
        input,
        &Draw {
            charge: &charge,
            thresholds: &thresholds,
            largest_weight,
            neuron: &|_| PLAIN,
            delays: false,
            traces: false,
            records: true,
            sparse: false,
        },
    );
    let laziness = [0.5, 0.5, 0.75][random.below(3)];
    // A pool sends what its source sends, so it skips as many quanta.
    let mut ahead: Vec<u32> = graph.nodes.iter().map(|_| random.below(4) as u32).collect();
    if random.below(4) == 0 {
        ahead.fill(0);
    }
    for (number, node) in graph.nodes.iter().enumerate() {
        if let DrawnNode::Pool(pool) = node {
            ahead[number] = ahead[pool.source];
        }
    }
    let spec = Spec::Signed(Signed::Refined(RefinedPhase::new(levels as i32, &sizes, &ahead, laziness)));
    let network = graph.build(Network::new(input, spec.format()));
    let quanta = Quanta { sizes, ahead };
    let mut simulator = simulator::<L>(spec, network, true).unwrap();
    let simulator = &mut *simulator;
    let ticks = quanta.sizes.len();
    let end = |frame: &Frame| twin(&graph, frame, &quanta, ticks - 1, i64::from(levels));
    let mut counted = vec![Vec::new(); graph.nodes.len()];
    let mut compared = 0;

    let frame = Frame::draw(random, input.size(), ticks);
    for tick in 0..ticks {
        frame.run(simulator, tick, 1);
        add_counts(simulator, &mut counted);
        if laziness == 0.5 || tick + 1 == ticks {
            let wanted = twin(&graph, &frame, &quanta, tick, i64::from(levels));
            compared += compare(simulator, &graph, &counted, &wanted, &format!("tick {tick} of {:?}", quanta.sizes));
        }
    }
    simulator.reset();
    counted.iter_mut().for_each(Vec::clear);
    frame.run(simulator, 0, ticks);
    add_counts(simulator, &mut counted);
    compared += compare(simulator, &graph, &counted, &end(&frame), &format!("all of {:?}", quanta.sizes));

    // Later frames replace the constant current and begin at any quantum.
    for _ in 0..if matches!(frame, Frame::Constant(_)) { 3 } else { 0 } {
        let frame = Frame::Constant((0..input.size()).map(|_| random.between(-255, 255) as u32).collect());
        let first = random.below(ticks);
        frame.run(simulator, first, ticks - first);
        add_counts(simulator, &mut counted);
        compared +=
            compare(simulator, &graph, &counted, &end(&frame), &format!("a frame from {first} of {:?}", quanta.sizes));
    }
    compared
}

/// Charges of `outputs` neurons that two synapses of weights up to ±`largest` reach, n spikes of each input in each tick.
fn edge<L: Lanes + 'static>(outputs: usize, largest: [i32; 2], times: i32) {
    let shape = |channels| Geometry { height: 1, width: 1, channels };
    let spec = Spec::Signed(Signed::Refined(RefinedPhase::new(255, &[4, 1], &[], 0.5)));
    let mut network = Network::new(shape(3), spec.format());
    let synapse = SynapseSpec { source: 0, kind: Kind::Dense, delayed: None };
    network
        .layer(LayerSpec {
            geometry: shape(outputs),
            depth: 0,
            fires: false,
            neuron: NeuronSpec::Llif(PLAIN.into()),
            rectified: true,
            narrow: true,
            bias: vec![5; outputs],
            threshold: Vec::new(),
            initial: Vec::new(),
            synapses: vec![synapse, synapse],
            record_spikes: false,
            traced: Vec::new(),
        })
        .unwrap();
    // Of one sign, of both, and of little reach.
    let weight = |largest: i32, output: usize, input: usize| match output % 3 {
        0 => largest,
        1 => [largest, -largest, largest][input],
        _ => [0, largest, -1][input],
    };
    let weights = largest.map(|largest| -> Vec<u32> {
        (0..outputs).flat_map(|output| (0..3).map(move |input| weight(largest, output, input) as u32)).collect()
    });
    (0..).zip(&weights).for_each(|(synapse, weights)| network.weights(synapse, weights).unwrap());
    let mut simulator = simulator::<L>(spec, network, true).unwrap();
    let train: Vec<Vec<i32>> = vec![vec![times, -times, times], vec![-times, 1, -times]];
    Frame::Spikes(train.clone()).run(&mut *simulator, 0, 2);
    let charges: Vec<i32> = simulator.records()[1].charges.iter().map(|&charge| charge as i32).collect();
    let wanted = (0..outputs).map(|output| {
        let of = |input: usize| largest.map(|largest| weight(largest, output, input)).iter().sum::<i32>();
        5 + (0..3).map(|input| of(input) * (4 * train[0][input] + train[1][input])).sum::<i32>()
    });
    assert_eq!(charges, wanted.collect::<Vec<_>>(), "{outputs} outputs, weights {largest:?}, {times} spikes");
}

#[test]
fn partial_sums_are_exact_at_the_edge_of_16_bits() {
    for outputs in [8, 16, 32, 64] {
        for events in [1, 2, 3, 7, 60] {
            for largest in [32767 / events, (32767 / events + 1).min(32767)] {
                for times in [1, 2, events, events + 1] {
                    edge::<Portable>(outputs, [largest, 1], times);
                    edge::<Native>(outputs, [largest, 32767 - largest], times);
                }
            }
        }
    }
}

/// Neurons of given charges in two frames, against the definition of a tick's change.
fn rounding<L: Lanes + 'static>(charges: [&[i32]; 2], shift: u32, levels: i32, quanta: &[u32], laziness: f64) {
    let shape = |channels| Geometry { height: 1, width: 1, channels };
    let spec = Spec::Signed(Signed::Refined(RefinedPhase::new(levels, quanta, &[], laziness)));
    let mut network = Network::new(shape(1), spec.format());
    let count = charges[0].len();
    network
        .layer(LayerSpec {
            geometry: shape(count),
            depth: 1,
            fires: true,
            neuron: NeuronSpec::Llif(PLAIN.into()),
            rectified: true,
            narrow: false,
            bias: charges[0].iter().map(|&charge| charge as u32).collect(),
            threshold: vec![1 << shift; count],
            initial: vec![0; count],
            synapses: vec![SynapseSpec { source: 0, kind: Kind::Dense, delayed: None }],
            record_spikes: true,
            traced: Vec::new(),
        })
        .unwrap();
    let change: Vec<u32> = charges[0].iter().zip(charges[1]).map(|(a, b)| b.wrapping_sub(*a) as u32).collect();
    network.weights(0, &change).unwrap();
    let mut simulator = simulator::<L>(spec, network, true).unwrap();
    let mut counts = vec![0i64; count];
    for (frame, charges) in charges.into_iter().enumerate() {
        let first = frame * (quanta.len() / 2);
        for (tick, &quantum) in quanta.iter().enumerate().skip(first) {
            Frame::Constant(vec![frame as u32]).run(&mut *simulator, tick, 1);
            let quantum = Quantum::new(quantum as i32, if tick + 1 == quanta.len() { 0.5 } else { laziness });
            let wanted: Vec<i64> = counts
                .iter()
                .zip(charges)
                .map(|(&count, &charge)| quantum.change(charge.into(), 1 << shift, count, levels.into()))
                .map(|spikes| spikes * i64::from(quantum.size))
                .collect();
            let sent: Vec<i64> = simulator.records()[1].counts.iter().map(|&count| i64::from(count as i32)).collect();
            assert_eq!(sent, wanted, "frame {frame}, tick {tick}, threshold 2^{shift}, {levels} levels, h {laziness}");
            counts.iter_mut().zip(wanted).for_each(|(count, change)| *count += change);
        }
    }
}

/// Neurons that no charge reaches until tick `late`, and then one that moves some of them: spikes of a run of all ticks, against the
/// definition of every tick.
fn waking<L: Lanes + 'static>(narrow: bool, late: usize, laziness: f64) {
    let (levels, quanta, shift, count) = (255i64, [128, 64, 32, 16, 8, 4, 2, 1], 6, 100);
    let shape = |channels| Geometry { height: 1, width: 1, channels };
    let spec = Spec::Signed(Signed::Refined(RefinedPhase::new(levels as i32, &quanta, &[], laziness)));
    let mut network = Network::new(shape(1), spec.format());
    let bias: Vec<i64> = (0..count).map(|neuron| (levels << shift) * neuron / (count - 7) - 500).collect();
    let weight = |neuron: i64| if neuron % 9 == 0 { 30 * (neuron - 40) } else { 0 };
    network
        .layer(LayerSpec {
            geometry: shape(count as usize),
            depth: 1,
            fires: true,
            neuron: NeuronSpec::Llif(PLAIN.into()),
            rectified: true,
            narrow,
            bias: bias.iter().map(|&charge| charge as u32).collect(),
            threshold: vec![1 << shift; count as usize],
            initial: vec![0; count as usize],
            synapses: vec![SynapseSpec { source: 0, kind: Kind::Dense, delayed: None }],
            record_spikes: true,
            traced: Vec::new(),
        })
        .unwrap();
    network.weights(0, &(0..count).map(|neuron| weight(neuron) as u32).collect::<Vec<_>>()).unwrap();
    let mut simulator = simulator::<L>(spec, network, true).unwrap();
    let train: Vec<Vec<i32>> = (0..quanta.len()).map(|tick| vec![i32::from(tick == late)]).collect();
    Frame::Spikes(train).run(&mut *simulator, 0, quanta.len());

    let (mut charges, mut counts) = (bias, vec![0i64; count as usize]);
    let mut wanted = Vec::new();
    for (tick, &size) in quanta.iter().enumerate() {
        let quantum = Quantum::new(size as i32, if size == 1 { 0.5 } else { laziness });
        for neuron in 0..count {
            let at = neuron as usize;
            charges[at] += if tick == late { weight(neuron) * i64::from(size) } else { 0 };
            let spikes = quantum.change(charges[at], 1 << shift, counts[at], levels);
            counts[at] += spikes * i64::from(size);
            let sent = (tick as u32, at as u32, if spikes < 0 { u32::MAX } else { 1 });
            wanted.extend(std::iter::repeat_n(sent, spikes.unsigned_abs() as usize));
        }
    }
    let record = &simulator.records()[1];
    let sent = record.ticks.iter().zip(&record.neurons).zip(&record.signs);
    let sent: Vec<_> = sent.map(|((&tick, &neuron), &sign)| (tick, neuron, sign)).collect();
    assert_eq!(sent, wanted, "charge in tick {late}, h {laziness}, narrow {narrow}");
}

#[test]
fn neurons_that_charge_reaches_late_decide_anew() {
    for late in 0..8 {
        for laziness in [0.5, 0.7, 1.0] {
            for narrow in [false, true] {
                waking::<Portable>(narrow, late, laziness);
                waking::<Native>(narrow, late, laziness);
            }
        }
    }
}

#[test]
fn rounding_is_exact_at_the_ends_of_32_bits() {
    let mut random = Random(53);
    for (shift, levels) in [(23u32, 255i32), (24, 127), (30, 1), (12, 255), (1, 255), (0, 255), (0, 3), (8, 200)] {
        let theta = 1i64 << shift;
        let near = |random: &mut Random| {
            let steps = random.below(2 * levels as usize + 4) as i64 - 2;
            (steps * theta / 2 + i64::from(random.between(-1, 1))).clamp(i32::MIN.into(), i32::MAX.into()) as i32
        };
        for laziness in [0.5, 0.75, 1.0] {
            let mut draw = || -> Vec<i32> {
                let ends = [i32::MIN, i32::MIN + 1, -1, 0, 1, i32::MAX - 1, i32::MAX];
                let mut charges: Vec<i32> = (0..29).map(|_| near(&mut random)).collect();
                charges.extend(ends);
                charges.rotate_left(random.below(36));
                charges
            };
            let (first, second) = (draw(), draw());
            let quanta: Vec<u32> = (0..=levels.ilog2()).rev().map(|bit| 1 << bit).collect();
            rounding::<Portable>([&first, &second], shift, levels, &quanta, laziness);
            rounding::<Native>([&first, &second], shift, levels, &quanta, laziness);
        }
    }
}

#[test]
fn every_tick_equals_the_twin_of_its_precision() {
    for (seed, run) in [(51, case::<Portable> as fn(&mut Random) -> usize), (52, case::<Native>)] {
        let mut random = Random(seed);
        let compared: usize = (0..150).map(|_| run(&mut random)).sum();
        assert!(compared > 50_000, "only {compared} values compared");
    }
}
