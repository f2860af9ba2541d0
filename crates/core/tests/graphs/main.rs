//! Whole graphs against an obvious oracle, tick by tick: pools, late and recurrent synapses, signed rate and its settling,
//! windows, real-valued times to first spike, and samples that follow one another through the layers.

#[path = "../oracle/mod.rs"]
mod oracle;

mod arriving;
#[path = "../oracle/graph.rs"]
mod graph;
mod real_times;
mod run;
mod sample;
mod ticked;
mod windows;

use graph::{input_geometry, Draw, DrawnNode, DrawnPool, Graph};
use llif_core::any::Spec;
use llif_core::code::signed::rate::SignedRate;
use llif_core::code::signed::Signed;
use llif_core::code::ttfs::Ttfs;
use llif_core::input::Input;
use llif_core::lanes::{Lanes, Native, Portable};
use llif_core::neuron::llif::Neuron;
use llif_core::spikes::Geometry;
use oracle::{draw_schedule, Random, Schedule, PLAIN};
use real_times::real_times;
use run::{compare, pipelined, simulate};
use sample::{with_input, Expected, Sample};
use ticked::ticked;
use windows::windows;

fn integer(random: &mut Random, low: i32, high: i32) -> u32 {
    random.between(low, high) as u32
}

fn float_case<L: Lanes + 'static>(random: &mut Random) -> usize {
    let input = input_geometry(random);
    // A power of two below: sums are exact, and thresholds are met exactly.
    let below = [64.0, 97.0][random.below(2)];
    let charge = |random: &mut Random, low: i32, high: i32| (random.between(low, high) as f32 / below).to_bits();
    let multiple = below == 64.0 && random.below(3) == 0;
    let neuron = |random: &mut Random| Neuron {
        leak_factor: [1.0, 0.9][random.below(2)],
        floor: [f32::NEG_INFINITY, -3.5][random.below(2)],
        hard: !multiple && random.below(2) == 0,
        spikes_per_tick: if multiple { 3 } else { 1 },
        refractory_ticks: [0, random.below(3) as u32][random.below(2)],
        discards: random.below(2) == 0,
    };
    let thresholds = |random: &mut Random| [4f32, 1.0][random.below(2)].to_bits();
    let graph = Graph::draw(
        random,
        input,
        &Draw {
            charge: &charge,
            thresholds: &thresholds,
            largest_weight: 60,
            neuron: &neuron,
            delays: true,
            traces: true,
            records: true,
            sparse: true,
        },
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
        &Draw {
            charge: &integer,
            thresholds: &thresholds,
            largest_weight,
            neuron: &|_| PLAIN,
            delays: !signed.once,
            traces: true,
            records: true,
            sparse: false,
        },
    );
    let window = signed.window_ticks as usize;
    let first = if window == 1 { 1 } else { 1 + random.below(window - 1) };
    let lengths = if first < window { vec![first, window - first] } else { vec![window] };
    let runs: Vec<Sample> = lengths
        .into_iter()
        .map(|ticks| Sample::draw(random, input, ticks, [true, true], &|random| integer(random, -255, 255)))
        .collect();
    let (expected, settling) = ticked(&graph, Some(signed), &runs, signed.once);
    let mut simulator = simulate::<L>(Spec::Signed(Signed::Rate(signed)), input, &graph);
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
    windows_of::<L>(random, input, schedule)
}

/// Rate, whose layers send binary counts: of more than 7 and than 8 bits too.
fn rate_case<L: Lanes + 'static>(random: &mut Random) -> usize {
    let input = Geometry { height: 1 + random.below(4), width: 1 + random.below(4), channels: 2 };
    let ticks = [1 + random.below(9), 30 + random.below(5), 125 + random.below(8), 250 + random.below(60)];
    let schedule = Schedule::rate(ticks[random.below(4)]);
    windows_of::<L>(random, input, schedule)
}

fn windows_of<L: Lanes + 'static>(random: &mut Random, input: Geometry, schedule: Schedule) -> usize {
    let ticks = schedule.windows.firing.len();
    let (signed, signs) = (schedule.windows.signed, schedule.spec().format().signs);
    let largest_weight = [6, 300, 9000][random.below(3)];
    let shift = random.below(6);
    let any = random.below(4) == 0;
    let thresholds = |random: &mut Random| {
        if any {
            integer(random, 1, 4 * largest_weight)
        } else {
            2 << (shift + random.below(5))
        }
    };
    let traces = random.below(2) == 0;
    let records = traces || random.below(2) == 0;
    let draw = Draw {
        charge: &integer,
        thresholds: &thresholds,
        largest_weight,
        neuron: &|_| PLAIN,
        delays: false,
        traces,
        sparse: false,
        records,
    };
    let graph = Graph::draw(random, input, &draw);
    let samples: Vec<Sample> = (0..4)
        .map(|_| Sample::draw(random, input, ticks, [signed, false], &|random| integer(random, 0, 255)))
        .collect();
    let expected: Vec<Vec<Expected>> = samples.iter().map(|sample| windows(&graph, &schedule, sample)).collect();
    let mut simulator = simulate::<L>(schedule.spec(), input, &graph);
    let mut spikes = 0;
    for (sample, expected) in samples.iter().zip(&expected) {
        with_input(sample, signs, |input| simulator.run(input, ticks)).unwrap();
        spikes += compare(&*simulator, &graph, expected, false, "a run");
        let totals = simulator.totals();
        // A sum pool passes on spikes of both signs, of which the oracle keeps the sum.
        if !signed {
            let operations = expected.iter().map(|node| node.operations).sum::<u64>();
            assert_eq!(totals.cost.operations, operations, "synaptic operations");
        }
        assert!(totals.cost.additions <= totals.cost.operations, "{} additions", totals.cost.additions);
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
        &Draw {
            charge: &charge,
            thresholds: &thresholds,
            largest_weight: 90,
            neuron: &|_| PLAIN,
            delays: false,
            traces: true,
            records: true,
            sparse: false,
        },
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
fn rate_in_windows() {
    compare_cases(rate_case::<Portable>, 51, CASES);
    compare_cases(rate_case::<Native>, 52, CASES);
}

#[test]
fn real_times_and_pipeline() {
    compare_cases(real_case::<Portable>, 41, CASES);
    compare_cases(real_case::<Native>, 42, CASES);
}
