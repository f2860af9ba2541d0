//! The oracle of layerwise networks: each layer takes the whole window of the one before it (T7, T12).

use crate::arriving::{arriving, current};
use crate::graph::{DrawnLayer, DrawnNode, DrawnPool, DrawnSynapse, Graph};
use crate::oracle::{Schedule, Train};
use crate::sample::{active, Active, Expected, Sample};

/// Layer after layer, each over the whole window of the one before it (T7, T12).
pub fn windows(graph: &Graph, schedule: &Schedule, sample: &Sample) -> Vec<Expected> {
    let (ticks, depths) = (sample.ticks, graph.depths());
    let mut trains: Vec<Train> = vec![sample.train.clone()];
    let by_tick = |train: &Train| train.iter().map(|spikes| active(spikes)).collect::<Vec<Active>>();
    let mut sent = vec![by_tick(&sample.train)];
    let mut results = vec![Expected::default()];
    for number in 1..graph.nodes.len() {
        let size = graph.geometries[number].size();
        let first_tick = depths[number] * ticks;
        let mut expected = Expected { first_tick, train: vec![vec![0; size]; ticks], ..Expected::default() };
        match &graph.nodes[number] {
            DrawnNode::Input => {}
            DrawnNode::Pool(pool) => {
                expected.train = pooled_window(pool, graph.geometries[number].channels, schedule, &trains[pool.source])
            }
            DrawnNode::Layer(layer) => {
                expected.operations = operations(layer, &sent);
                for neuron in 0..size {
                    let samples = window_of(layer, neuron, schedule, &sent, sample, &mut expected);
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
        sent.push(by_tick(&expected.train));
        trains.push(expected.train.clone());
        results.push(expected);
    }
    results
}

/// Synaptic operations of everything that reaches a layer.
fn operations(layer: &DrawnLayer, sent: &[Vec<Active>]) -> u64 {
    let of_synapse = |synapse: &DrawnSynapse| {
        let targets = |source: usize| synapse.matrix.iter().filter(|weights| weights[source].is_some()).count();
        let arrived = sent[synapse.source].iter().flatten();
        arrived.map(|&(source, count)| targets(source) as u64 * u64::from(count.unsigned_abs())).sum::<u64>()
    };
    layer.synapses.iter().map(of_synapse).sum()
}

/// Samples of the membrane over a window that integrates, then over one that fires.
fn window_of(
    layer: &DrawnLayer,
    neuron: usize,
    schedule: &Schedule,
    sent: &[Vec<Active>],
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
            + arriving(layer, neuron, sent, tick)
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
