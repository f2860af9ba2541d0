//! Whole graphs against an obvious oracle, tick by tick: pools, late and recurrent synapses, signed rate and its settling,
//! windows, real-valued times to first spike, and samples that follow one another through the layers.

#[path = "oracle/graph.rs"]
mod graph;
mod oracle;

use graph::{Draw, DrawnLayer, DrawnNode, DrawnPool, Graph};
use llif_core::any::{simulator, Simulate, Spec};
use llif_core::code::signed_rate::SignedRate;
use llif_core::code::ttfs::Ttfs;
use llif_core::input::Input;
use llif_core::lanes::{Lanes, Native, Portable};
use llif_core::network::Network;
use llif_core::neuron::llif::Neuron;
use llif_core::spikes::Geometry;
use oracle::{draw_schedule, neuron_at, Random, Schedule, Train};

const PLAIN: Neuron = Neuron {
    leak_factor: 1.0,
    floor: f32::NEG_INFINITY,
    hard: false,
    spikes_per_tick: 1,
    refractory_ticks: 0,
    discards: false,
};

/// What a run leaves of one node.
#[derive(Default)]
struct Expected {
    train: Train,
    counts: Vec<u32>,
    /// [traced neurons][samples].
    traces: Vec<Vec<u32>>,
    /// Of an output: bits of i32, or of f64.
    charges: Vec<u32>,
    /// Real times: bits of what each spike delivers.
    values: Vec<u32>,
}

/// Constant values, a train, or both, of one run.
#[derive(Clone)]
struct Sample {
    ticks: usize,
    values: Option<Vec<u32>>,
    train: Train,
}

impl Sample {
    /// `beside`: current and spikes may come together.
    fn draw(
        random: &mut Random,
        input: Geometry,
        ticks: usize,
        [signed, beside]: [bool; 2],
        value: &dyn Fn(&mut Random) -> u32,
    ) -> Sample {
        let constant = random.below(3) == 0;
        let activity = if constant && !(beside && random.below(2) == 0) { 0 } else { [0, 4, 30, 80][random.below(4)] };
        let most = 1 + 2 * random.below(2);
        let spike = |random: &mut Random| {
            if random.below(100) < activity {
                (1 + random.below(most) as i32) * if signed && random.below(2) == 0 { -1 } else { 1 }
            } else {
                0
            }
        };
        let train = (0..ticks).map(|_| (0..input.size()).map(|_| spike(random)).collect()).collect();
        Sample { ticks, values: constant.then(|| (0..input.size()).map(|_| value(random)).collect()), train }
    }

    /// Neurons and starts of its planes.
    fn planes(&self, signs: usize) -> (Vec<u32>, Vec<u32>) {
        let (mut neurons, mut starts) = (Vec::new(), vec![0]);
        for tick in &self.train {
            for sign in [1, -1].into_iter().take(signs) {
                neurons.extend(
                    (0..)
                        .zip(tick)
                        .flat_map(|(neuron, &spikes)| std::iter::repeat_n(neuron, (spikes * sign).max(0) as usize)),
                );
                starts.push(neurons.len() as u32);
            }
        }
        (neurons, starts)
    }
}

fn with_input<T>(sample: &Sample, signs: usize, body: impl FnOnce(Input) -> T) -> T {
    let (neurons, starts) = sample.planes(signs);
    match &sample.values {
        Some(values) if neurons.is_empty() => body(Input::Constant(values)),
        values => body(Input::Events { neurons: &neurons, starts: &starts, values: values.as_deref().unwrap_or(&[]) }),
    }
}

/// Largest and sum of members whose counts are cumulative: the change since the last tick.
struct CountingPool {
    counts: Vec<i32>,
    largest: Vec<i32>,
}

impl CountingPool {
    fn pass(&mut self, pool: &DrawnPool, channels: usize, source: &[i32]) -> Vec<i32> {
        self.counts.iter_mut().zip(source).for_each(|(count, spikes)| *count += spikes);
        let output = |(output, members): (usize, &Vec<usize>)| {
            if pool.sum {
                return pool.times(output, channels) * members.iter().map(|&member| source[member]).sum::<i32>();
            }
            let largest = members.iter().map(|&member| self.counts[member]).max().unwrap_or(0);
            largest - std::mem::replace(&mut self.largest[output], largest)
        };
        pool.members.iter().enumerate().map(output).collect()
    }
}

/// One neuron of a network whose layers tick together.
struct TickedNeuron {
    v: f32,
    /// Of an output in f32: the sum of what each tick brought.
    readout: f64,
    refractory_ticks_left: u32,
    /// Of signed rate: the charge so far and the count.
    charge: i64,
    count: i64,
}

/// All layers tick together: float32 neurons, or signed rate (T8). `runs` follow one another; with `settle`, the last goes on until a tick
/// is silent. Gives what each run leaves, and the ticks that settling took.
fn ticked(graph: &Graph, signed: Option<SignedRate>, runs: &[Sample], settle: bool) -> (Vec<Vec<Expected>>, usize) {
    let sizes: Vec<usize> = graph.geometries.iter().map(Geometry::size).collect();
    let start = |layer: &DrawnLayer, neuron: usize| if layer.fires { layer.initial[neuron] } else { 0 };
    let mut neurons: Vec<Vec<TickedNeuron>> = (0..graph.nodes.len())
        .map(|number| {
            graph.layer(number).map_or(Vec::new(), |layer| {
                (0..sizes[number])
                    .map(|neuron| TickedNeuron {
                        v: f32::from_bits(start(layer, neuron)),
                        readout: 0.0,
                        refractory_ticks_left: 0,
                        charge: i64::from(start(layer, neuron) as i32),
                        count: 0,
                    })
                    .collect()
            })
        })
        .collect();
    let mut pools: Vec<CountingPool> = (0..graph.nodes.len())
        .map(|number| {
            if let DrawnNode::Pool(pool) = &graph.nodes[number] {
                CountingPool { counts: vec![0; sizes[pool.source]], largest: vec![0; sizes[number]] }
            } else {
                CountingPool { counts: Vec::new(), largest: Vec::new() }
            }
        })
        .collect();
    let mut trains: Vec<Train> = vec![Vec::new(); graph.nodes.len()];
    let (mut elapsed, mut settling) = (0, 0);
    let mut results = Vec::new();
    for (run, sample) in runs.iter().enumerate() {
        let first = elapsed;
        let mut traces: Vec<Vec<Vec<u32>>> = (0..graph.nodes.len())
            .map(|number| graph.layer(number).map_or(Vec::new(), |layer| vec![Vec::new(); layer.traced.len()]))
            .collect();
        loop {
            let tick = elapsed - first;
            let over = tick >= sample.ticks;
            let fired = |trains: &[Train]| {
                graph.nodes.iter().zip(trains).any(|(node, train)| {
                    matches!(node, DrawnNode::Layer(layer) if layer.fires)
                        && train.last().is_some_and(|spikes| spikes.iter().any(|&spike| spike != 0))
                })
            };
            if over && !(settle && run + 1 == runs.len() && fired(&trains)) {
                break;
            }
            settling += usize::from(over);
            trains[0].push(if over { vec![0; sizes[0]] } else { sample.train[tick].clone() });
            for number in 1..graph.nodes.len() {
                let spikes = match &graph.nodes[number] {
                    DrawnNode::Input => unreachable!(),
                    DrawnNode::Pool(pool) => {
                        pools[number].pass(pool, graph.geometries[number].channels, trains[pool.source].last().unwrap())
                    }
                    DrawnNode::Layer(layer) => (0..sizes[number])
                        .map(|neuron| {
                            let state = &mut neurons[number][neuron];
                            match signed {
                                Some(signed) => signed_tick(
                                    layer,
                                    neuron,
                                    state,
                                    &trains,
                                    sample.values.as_deref(),
                                    elapsed,
                                    over,
                                    signed,
                                ),
                                None => float_tick(layer, neuron, state, &trains, sample.values.as_deref(), elapsed),
                            }
                        })
                        .collect(),
                };
                if let Some(layer) = graph.layer(number) {
                    for (trace, &neuron) in traces[number].iter_mut().zip(&layer.traced) {
                        let TickedNeuron { v, charge, count, .. } = neurons[number][neuron as usize];
                        trace.push(if signed.is_some() {
                            (charge - count * i64::from(layer.threshold[neuron as usize] as i32)) as u32
                        } else {
                            v.to_bits()
                        });
                    }
                }
                trains[number].push(spikes);
            }
            elapsed += 1;
        }
        let expected = |number: usize| {
            let train: Train = trains[number][first..].to_vec();
            let counts =
                (0..sizes[number]).map(|neuron| train.iter().map(|tick| tick[neuron]).sum::<i32>() as u32).collect();
            let charges = neurons[number]
                .iter()
                .flat_map(|neuron| if signed.is_some() { vec![neuron.charge as u32] } else { words(neuron.readout) })
                .collect();
            Expected { train, counts, traces: traces[number].clone(), charges, values: Vec::new() }
        };
        results.push((0..graph.nodes.len()).map(expected).collect());
    }
    (results, settling)
}

/// Weight and spikes of everything that reaches a neuron in a tick, in order.
fn arriving<'a>(
    layer: &'a DrawnLayer,
    neuron: usize,
    trains: &'a [Train],
    tick: usize,
) -> impl Iterator<Item = (u32, i32)> + 'a {
    let of_synapse = move |synapse: &'a graph::DrawnSynapse| {
        let spikes = tick.checked_sub(synapse.delay).map(|then| &trains[synapse.source][then]);
        spikes.into_iter().flat_map(move |spikes| {
            synapse.matrix[neuron]
                .iter()
                .zip(spikes)
                .filter_map(|(weight, &count)| weight.map(|weight| (weight, count)))
        })
    };
    layer.synapses.iter().flat_map(of_synapse).filter(|(_, count)| *count != 0)
}

/// Weight and value of everything that constant current brings to a neuron, in order.
fn current<'a>(
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

fn float_tick(
    layer: &DrawnLayer,
    neuron: usize,
    state: &mut TickedNeuron,
    trains: &[Train],
    values: Option<&[u32]>,
    tick: usize,
) -> i32 {
    let Neuron { leak_factor, floor, hard, spikes_per_tick, refractory_ticks, discards } =
        neuron_at(&layer.neuron, neuron);
    let mut drive = f32::from_bits(layer.bias[neuron]);
    current(layer, neuron, values).for_each(|(weight, value)| drive += f32::from_bits(weight) * f32::from_bits(value));
    let arrived = |mut v: f32| {
        for (weight, count) in arriving(layer, neuron, trains, tick) {
            (0..count).for_each(|_| v += f32::from_bits(weight));
        }
        v
    };
    if !layer.fires {
        state.readout += f64::from(arrived(drive));
        return 0;
    }
    let waiting = state.refractory_ticks_left > 0;
    state.v *= leak_factor;
    if !(waiting && discards) {
        state.v = arrived(state.v + drive);
    }
    state.v = if state.v < floor { floor } else { state.v };
    if waiting {
        state.refractory_ticks_left -= 1;
        return 0;
    }
    let threshold = f32::from_bits(layer.threshold[neuron]);
    if state.v < threshold {
        return 0;
    }
    let spikes = (state.v / threshold).floor().min(spikes_per_tick as f32);
    state.v = if hard { 0.0 } else { state.v - spikes * threshold };
    state.refractory_ticks_left = refractory_ticks;
    spikes as i32
}

/// After every tick the count is clip(⌊(v0 + Z)/θ⌋, 0, cap), or one step nearer to it.
#[allow(clippy::too_many_arguments)]
fn signed_tick(
    layer: &DrawnLayer,
    neuron: usize,
    state: &mut TickedNeuron,
    trains: &[Train],
    values: Option<&[u32]>,
    tick: usize,
    over: bool,
    signed: SignedRate,
) -> i32 {
    let window = i64::from(signed.window_ticks);
    if !over {
        let whole = i64::from(layer.bias[neuron] as i32)
            + current(layer, neuron, values).map(|(q, n)| i64::from(q as i32) * i64::from(n as i32)).sum::<i64>();
        let at = tick as i64 % window;
        state.charge += ((at + 1) * whole).div_euclid(window) - (at * whole).div_euclid(window);
    }
    state.charge +=
        arriving(layer, neuron, trains, tick).map(|(q, count)| i64::from(q as i32) * i64::from(count)).sum::<i64>();
    if !layer.fires {
        return 0;
    }
    let wanted = state.charge.div_euclid(i64::from(layer.threshold[neuron] as i32)).clamp(0, i64::from(signed.cap));
    let change = if signed.once { (wanted - state.count).signum() } else { wanted - state.count };
    state.count += change;
    change as i32
}

/// Layer after layer, each over the whole window of the one before it (T7, T12).
fn windows(graph: &Graph, schedule: &Schedule, sample: &Sample) -> Vec<Expected> {
    let ticks = sample.ticks;
    let mut trains: Vec<Train> = vec![sample.train.clone()];
    let mut results = vec![Expected::default()];
    for number in 1..graph.nodes.len() {
        let size = graph.geometries[number].size();
        let mut expected = Expected { train: vec![vec![0; size]; ticks], ..Expected::default() };
        match &graph.nodes[number] {
            DrawnNode::Input => {}
            DrawnNode::Pool(pool) => {
                expected.train = pooled_window(pool, graph.geometries[number].channels, schedule, &trains[pool.source])
            }
            DrawnNode::Layer(layer) => {
                for neuron in 0..size {
                    let samples = window_of(layer, neuron, schedule, &trains, sample, &mut expected);
                    if layer.traced.contains(&(neuron as u32)) {
                        expected.traces.push(samples);
                    }
                }
            }
        }
        let payload = |tick: usize| schedule.windows.firing[tick].payload;
        expected.counts = (0..size)
            .map(|neuron| {
                expected
                    .train
                    .iter()
                    .enumerate()
                    .fold(0i32, |sum, (tick, spikes)| sum.wrapping_add(spikes[neuron].wrapping_mul(payload(tick))))
                    as u32
            })
            .collect();
        trains.push(expected.train.clone());
        results.push(expected);
    }
    results
}

/// Samples of the membrane over a window that integrates, then over one that fires.
fn window_of(
    layer: &DrawnLayer,
    neuron: usize,
    schedule: &Schedule,
    trains: &[Train],
    sample: &Sample,
    expected: &mut Expected,
) -> Vec<u32> {
    let (gain, ticks) = (i64::from(schedule.windows.gain), sample.ticks);
    let initial = if layer.fires { i64::from(layer.initial[neuron] as i32) } else { 0 };
    let base = i64::from(layer.bias[neuron] as i32)
        + initial
        + current(layer, neuron, sample.values.as_deref())
            .map(|(q, n)| i64::from(q as i32) * i64::from(n as i32))
            .sum::<i64>();
    let (mut arrived, mut samples) = (0i64, Vec::new());
    for tick in 0..ticks {
        let payload = if schedule.slots.is_some() { i64::from(schedule.windows.firing[tick].payload) } else { 1 };
        arrived = gain * arrived
            + arriving(layer, neuron, trains, tick)
                .map(|(q, count)| i64::from(q as i32) * i64::from(count) * payload)
                .sum::<i64>();
        samples.push((base + arrived * gain.pow((ticks - 1 - tick) as u32)) as u32);
    }
    let mut v = base + arrived;
    if !layer.fires {
        expected.charges.push(v as u32);
        return samples;
    }
    let threshold = i64::from(layer.threshold[neuron] as i32);
    if schedule.windows.raised && layer.rectified {
        v = v.max(0);
    }
    if let Some(cap) = schedule.windows.cap {
        v = v.min(threshold * i64::from(cap) - 1);
    }
    for (tick, firing) in schedule.windows.firing.iter().enumerate() {
        let spike = if 2 * v >= threshold * i64::from(firing.above) {
            1
        } else if firing.below.is_some_and(|below| 2 * v < -threshold * i64::from(below)) {
            -1
        } else {
            0
        };
        v -= i64::from(spike) * threshold * i64::from(firing.payload);
        expected.train[tick][neuron] = spike;
        samples.push(v as u32);
    }
    samples
}

/// The maximum of a window by what its members have shown: in `phase` the largest digits so far, in `rate` any spike, in `ttfs` the first.
fn pooled_window(pool: &DrawnPool, channels: usize, schedule: &Schedule, source: &Train) -> Train {
    let digit = |tick: usize, member: usize| source[tick][member].signum();
    let base = if schedule.windows.signed { 3 } else { 2 };
    let output = |tick: usize, output: usize| {
        let members = &pool.members[output];
        if pool.sum {
            return pool.times(output, channels) * members.iter().map(|&member| source[tick][member]).sum::<i32>();
        }
        let any = |tick: usize| members.iter().any(|&member| digit(tick, member) > 0);
        if schedule.slots.is_some() {
            return i32::from(any(tick) && !(0..tick).any(any));
        }
        if schedule.windows.gain == 1 {
            return i32::from(any(tick));
        }
        // What a member has shown until a tick, read as a number in digits.
        let shown = |member: usize, until: usize| {
            (0..until).fold(0i64, |sum, tick| sum * base + i64::from(digit(tick, member)))
        };
        let largest = members.iter().map(|&member| shown(member, tick)).max();
        members
            .iter()
            .filter(|&&member| Some(shown(member, tick)) == largest)
            .map(|&member| digit(tick, member))
            .max()
            .unwrap_or(0)
    };
    (0..source.len()).map(|tick| (0..pool.members.len()).map(|at| output(tick, at)).collect()).collect()
}

/// Bits of what each spike of a window delivers, by neuron.
type Values = Vec<(usize, f32)>;

/// Real-valued times to first spike (T9), layer after layer, in float32: a spike at time t delivers 1 − t.
fn real_times(graph: &Graph, values: Option<&[u32]>, input: &Values) -> Vec<Expected> {
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

/// Bits of an f64, low word first.
fn words(charge: f64) -> Vec<u32> {
    vec![charge.to_bits() as u32, (charge.to_bits() >> 32) as u32]
}

fn compare(simulator: &dyn Simulate, graph: &Graph, expected: &[Expected], real: bool, context: &str) -> usize {
    let mut spikes = 0;
    for number in 1..graph.nodes.len() {
        let Some(layer) = graph.layer(number) else { continue };
        let (wanted, record) = (&expected[number], &simulator.records()[number]);
        if !layer.fires {
            assert_eq!(record.charges, wanted.charges, "charges of node {number}, {context}");
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
        assert_eq!(record.counts, wanted.counts, "counts of node {number}, {context}");
        assert_eq!(record.traces, wanted.traces.concat(), "traces of node {number}, {context}");
        if real {
            assert_eq!(record.values, wanted.values, "values of node {number}, {context}");
            assert_eq!(
                record.ticks,
                wanted.train[1].iter().map(|&tick| tick as u32).collect::<Vec<u32>>(),
                "ticks of node {number}, {context}"
            );
        }
        spikes += neurons.len();
    }
    spikes
}

fn simulate<L: Lanes + 'static>(spec: Spec, input: Geometry, graph: &Graph) -> Box<dyn Simulate> {
    let network = graph.build(Network::new(input, spec.format()));
    simulator::<L>(spec, network, true).unwrap()
}

fn input_geometry(random: &mut Random) -> Geometry {
    Geometry { height: 1 + random.below(4), width: 1 + random.below(4), channels: 2 * (1 + random.below(2)) }
}

fn integer(random: &mut Random, low: i32, high: i32) -> u32 {
    random.between(low, high) as u32
}

fn float_case<L: Lanes + 'static>(random: &mut Random) -> usize {
    let input = input_geometry(random);
    // A power of two below: sums are exact, and thresholds are met exactly.
    let below = [64.0, 97.0][random.below(2)];
    let charge = |random: &mut Random, low: i32, high: i32| (random.between(low, high) as f32 / below).to_bits();
    let several = below == 64.0 && random.below(3) == 0;
    let neuron = |random: &mut Random| Neuron {
        leak_factor: [1.0, 0.9][random.below(2)],
        floor: [f32::NEG_INFINITY, -3.5][random.below(2)],
        hard: !several && random.below(2) == 0,
        spikes_per_tick: if several { 3 } else { 1 },
        refractory_ticks: [0, random.below(3) as u32][random.below(2)],
        discards: random.below(2) == 0,
    };
    let thresholds = |random: &mut Random| [4f32, 1.0][random.below(2)].to_bits();
    let graph = Graph::draw(
        random,
        input,
        &Draw { charge: &charge, thresholds: &thresholds, largest_weight: 60, neuron: &neuron, delays: true },
    );
    let runs: Vec<Sample> = (0..3)
        .map(|_| 1 + random.below(50))
        .collect::<Vec<usize>>()
        .into_iter()
        .map(|ticks| Sample::draw(random, input, ticks, [false, true], &|random| charge(random, -90, 90)))
        .collect();
    let (expected, _) = ticked(&graph, None, &runs, false);
    let mut simulator = simulate::<L>(Spec::Rate, input, &graph);
    let mut spikes = 0;
    for repetition in 0..2 {
        simulator.reset();
        for (run, (sample, expected)) in runs.iter().zip(&expected).enumerate() {
            with_input(sample, 1, |input| simulator.run(input, sample.ticks)).unwrap();
            spikes += compare(&*simulator, &graph, expected, false, &format!("run {run}, repetition {repetition}"));
        }
    }
    spikes
}

fn signed_case<L: Lanes + 'static>(random: &mut Random) -> usize {
    let input = input_geometry(random);
    // Sums of a tick fit i32: large weights go with few spikes.
    let (largest_weight, cap) = [(6, 4000), (300, 64), (40_000, 7)][random.below(3)];
    let signed = SignedRate { window_ticks: 1 + random.below(90) as i32, cap, once: random.below(2) == 0 };
    let shift = random.below(6);
    let thresholds = |random: &mut Random| if shift < 3 { 4 << shift } else { integer(random, 1, 2 * largest_weight) };
    let graph = Graph::draw(
        random,
        input,
        &Draw { charge: &integer, thresholds: &thresholds, largest_weight, neuron: &|_| PLAIN, delays: !signed.once },
    );
    let window = signed.window_ticks as usize;
    let first = if window == 1 { 1 } else { 1 + random.below(window - 1) };
    let lengths = if first < window { vec![first, window - first] } else { vec![window] };
    let runs: Vec<Sample> = lengths
        .into_iter()
        .map(|ticks| Sample::draw(random, input, ticks, [true, true], &|random| integer(random, -255, 255)))
        .collect();
    let (expected, settling) = ticked(&graph, Some(signed), &runs, signed.once);
    let mut simulator = simulate::<L>(Spec::SignedRate(signed), input, &graph);
    let mut spikes = 0;
    for repetition in 0..2 {
        simulator.reset();
        for (run, (sample, expected)) in runs.iter().zip(&expected).enumerate() {
            with_input(sample, 2, |input| simulator.run(input, sample.ticks)).unwrap();
            if signed.once && run + 1 == runs.len() {
                simulator.settle();
                assert_eq!(simulator.totals().settling_ticks, settling, "ticks of settling, repetition {repetition}");
            }
            spikes += compare(&*simulator, &graph, expected, false, &format!("run {run}, repetition {repetition}"));
        }
    }
    spikes
}

fn window_case<L: Lanes + 'static>(random: &mut Random) -> usize {
    let input = input_geometry(random);
    let ticks = 1 + random.below(7);
    let schedule = draw_schedule(random, ticks);
    let (signed, signs) = (schedule.windows.signed, schedule.spec().format().signs);
    let largest_weight = [6, 300, 9000][random.below(3)];
    let shift = random.below(6);
    let thresholds = |random: &mut Random| 2 << (shift + random.below(5));
    let graph = Graph::draw(
        random,
        input,
        &Draw { charge: &integer, thresholds: &thresholds, largest_weight, neuron: &|_| PLAIN, delays: false },
    );
    let samples: Vec<Sample> = (0..4)
        .map(|_| Sample::draw(random, input, ticks, [signed, false], &|random| integer(random, 0, 255)))
        .collect();
    let expected: Vec<Vec<Expected>> = samples.iter().map(|sample| windows(&graph, &schedule, sample)).collect();
    let mut simulator = simulate::<L>(schedule.spec(), input, &graph);
    let mut spikes = 0;
    for (sample, expected) in samples.iter().zip(&expected) {
        with_input(sample, signs, |input| simulator.run(input, ticks)).unwrap();
        spikes += compare(&*simulator, &graph, expected, false, "a run");
    }
    spikes
        + pipelined(
            random,
            &mut *simulator,
            &graph,
            &samples,
            &expected,
            &|sample, simulator| with_input(sample, signs, |input| simulator.pass_window(Some(input))).unwrap(),
            false,
        )
}

/// Samples enter one after the other, with pauses; each leaves after as many windows as there are layers, and as if it had run alone.
fn pipelined<S>(
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

/// Constant values, or the input's spikes as neurons and bits of their values.
struct RealSample {
    constant: Option<Vec<u32>>,
    neurons: Vec<u32>,
    values: Vec<u32>,
}

impl RealSample {
    fn input(&self) -> Input<'_> {
        self.constant
            .as_ref()
            .map_or(Input::Values { neurons: &self.neurons, values: &self.values }, |values| Input::Constant(values))
    }
}

fn real_case<L: Lanes + 'static>(random: &mut Random) -> usize {
    let input = input_geometry(random);
    let charge = |random: &mut Random, low: i32, high: i32| (random.between(low, high) as f32 / 97.0).to_bits();
    // Small activations beside large thresholds: the last bits of 1 − (1 − x).
    let thresholds = |random: &mut Random| [1f32, 3.7, 1e9][random.below(3)].to_bits();
    let graph = Graph::draw(
        random,
        input,
        &Draw { charge: &charge, thresholds: &thresholds, largest_weight: 90, neuron: &|_| PLAIN, delays: false },
    );
    // Constant current passes no pool: the API refuses it.
    let pooled = graph.nodes.iter().any(|node| matches!(node, DrawnNode::Pool(DrawnPool { source: 0, .. })));
    let sample = |random: &mut Random| {
        let constant =
            (!pooled && random.below(2) == 0).then(|| (0..input.size()).map(|_| charge(random, -90, 90)).collect());
        let neurons: Vec<u32> = (0..input.size() as u32).filter(|_| random.below(3) > 0).collect();
        let values = neurons.iter().map(|_| (random.below(1001) as f32 / 1000.0).to_bits()).collect();
        RealSample { constant, neurons, values }
    };
    let samples: Vec<RealSample> = (0..4).map(|_| sample(random)).collect();
    let events = |sample: &RealSample| {
        if sample.constant.is_some() {
            Vec::new()
        } else {
            sample
                .neurons
                .iter()
                .zip(&sample.values)
                .map(|(&neuron, &value)| (neuron as usize, f32::from_bits(value)))
                .collect()
        }
    };
    let expected: Vec<Vec<Expected>> =
        samples.iter().map(|sample| real_times(&graph, sample.constant.as_deref(), &events(sample))).collect();
    let mut simulator = simulate::<L>(Spec::Ttfs(Ttfs::Real), input, &graph);
    let mut spikes = 0;
    for (sample, expected) in samples.iter().zip(&expected) {
        simulator.run(sample.input(), 1).unwrap();
        spikes += compare(&*simulator, &graph, expected, true, "a run");
    }
    spikes
        + pipelined(
            random,
            &mut *simulator,
            &graph,
            &samples,
            &expected,
            &|sample, simulator| simulator.pass_window(Some(sample.input())).unwrap(),
            true,
        )
}

fn compare_cases(case: impl Fn(&mut Random) -> usize, seed: u64, cases: usize) {
    let mut random = Random(seed);
    let spikes: usize = (0..cases).map(|_| case(&mut random)).sum();
    assert!(spikes > 5_000, "only {spikes} spikes compared");
}

/// Cases of each test.
const CASES: usize = 15;

#[test]
fn float_graphs_with_delays_and_pools() {
    compare_cases(float_case::<Portable>, 11, CASES);
    compare_cases(float_case::<Native>, 12, CASES);
}

#[test]
fn signed_rate_and_settling() {
    compare_cases(signed_case::<Portable>, 21, CASES);
    compare_cases(signed_case::<Native>, 22, CASES);
}

#[test]
fn windows_and_pipeline() {
    compare_cases(window_case::<Portable>, 31, CASES);
    compare_cases(window_case::<Native>, 32, CASES);
}

#[test]
fn real_times_and_pipeline() {
    compare_cases(real_case::<Portable>, 41, CASES);
    compare_cases(real_case::<Native>, 42, CASES);
}
