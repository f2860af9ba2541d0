//! The oracle of networks whose layers tick together: float32 neurons, and signed rate (T8).

use crate::arriving::{arriving, current};
use crate::graph::{DrawnLayer, DrawnNode, DrawnPool, Graph};
use crate::oracle::{neuron_at, Train};
use crate::sample::{active, words, Active, Expected, Sample};
use llif_core::code::signed::rate::SignedRate;
use llif_core::neuron::llif::Neuron;
use llif_core::spikes::Geometry;

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
pub fn ticked(graph: &Graph, signed: Option<SignedRate>, runs: &[Sample], settle: bool) -> (Vec<Vec<Expected>>, usize) {
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
    let mut sent: Vec<Vec<Active>> = vec![Vec::new(); graph.nodes.len()];
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
            sent[0].push(active(&trains[0][elapsed]));
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
                                    &sent,
                                    sample.values.as_deref(),
                                    elapsed,
                                    over,
                                    signed,
                                ),
                                None => float_tick(layer, neuron, state, &sent, sample.values.as_deref(), elapsed),
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
                sent[number].push(active(&spikes));
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
            Expected { train, counts, traces: traces[number].clone(), charges, ..Expected::default() }
        };
        results.push((0..graph.nodes.len()).map(expected).collect());
    }
    (results, settling)
}

fn float_tick(
    layer: &DrawnLayer,
    neuron: usize,
    state: &mut TickedNeuron,
    sent: &[Vec<Active>],
    values: Option<&[u32]>,
    tick: usize,
) -> i32 {
    let Neuron { leak_factor, floor, hard, spikes_per_tick, refractory_ticks, discards } =
        neuron_at(&layer.neuron, neuron);
    let mut drive = f32::from_bits(layer.bias[neuron]);
    current(layer, neuron, values).for_each(|(weight, value)| drive += f32::from_bits(weight) * f32::from_bits(value));
    let arrived = |mut v: f32| {
        for (weight, count) in arriving(layer, neuron, sent, tick) {
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
    sent: &[Vec<Active>],
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
        arriving(layer, neuron, sent, tick).map(|(q, count)| i64::from(q as i32) * i64::from(count)).sum::<i64>();
    if !layer.fires {
        return 0;
    }
    let wanted = state.charge.div_euclid(i64::from(layer.threshold[neuron] as i32)).clamp(0, i64::from(signed.cap));
    let change = if signed.once { (wanted - state.count).signum() } else { wanted - state.count };
    state.count += change;
    change as i32
}
