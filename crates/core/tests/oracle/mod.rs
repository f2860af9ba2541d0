//! What the oracles share: random numbers, full weight matrices, random geometry and schedules. No packing, no lanes.

use llif_core::any::Spec;
use llif_core::code::ttfs::Ttfs;
use llif_core::code::window::Windows;
use llif_core::neuron::llif::{LlifSpec, Neuron};
use llif_core::spikes::Geometry;
use llif_core::synapse::spec::Kind;
use llif_core::synapse::sweep::Sweep;

pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % limit
    }
    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1) as usize) as i32
    }
}

/// No leak, no floor, soft reset, one spike a tick, no refractory period.
pub const PLAIN: Neuron = Neuron {
    leak_factor: 1.0,
    floor: f32::NEG_INFINITY,
    hard: false,
    spikes_per_tick: 1,
    refractory_ticks: 0,
    discards: false,
};

/// Weight of every (target, source), None where there is no connection.
pub type Matrix = Vec<Vec<Option<u32>>>;

pub fn matrix(kind: Kind, weights: &[u32], from: Geometry, to: Geometry) -> Matrix {
    let mut matrix = vec![vec![None; from.size()]; to.size()];
    for target in 0..to.size() {
        match kind {
            Kind::Dense => (0..from.size())
                .for_each(|source| matrix[target][source] = Some(weights[target * from.size() + source])),
            // Below: its weights are listed by source.
            Kind::Sparse { .. } => {}
            Kind::Identity { per_neuron } => {
                matrix[target][target] = Some(weights[if per_neuron { target } else { target % to.channels }])
            }
            Kind::Conv(
                Sweep { kernel: [kh, kw], stride: [sy, sx], dilation: [dy, dx], padding: [top, left], transposed },
                groups,
            ) => {
                let (channel, x, y) =
                    (target % to.channels, target / to.channels % to.width, target / to.channels / to.width);
                let (inputs, outputs) = (from.channels / groups, to.channels / groups);
                for (ky, kx, input) in
                    (0..kh).flat_map(|ky| (0..kw).flat_map(move |kx| (0..inputs).map(move |input| (ky, kx, input))))
                {
                    let (mut at_y, mut at_x) =
                        ((y * sy + ky * dy) as isize - top as isize, (x * sx + kx * dx) as isize - left as isize);
                    if transposed {
                        let (up, across) =
                            ((y + top) as isize - (ky * dy) as isize, (x + left) as isize - (kx * dx) as isize);
                        if up % sy as isize != 0 || across % sx as isize != 0 {
                            continue;
                        }
                        (at_y, at_x) = (up / sy as isize, across / sx as isize);
                    }
                    if at_y >= 0 && at_x >= 0 && (at_y as usize) < from.height && (at_x as usize) < from.width {
                        let source = (at_y as usize * from.width + at_x as usize) * from.channels
                            + channel / outputs * inputs
                            + input;
                        matrix[target][source] =
                            Some(weights[((ky * kw + kx) * inputs + input) * to.channels + channel]);
                    }
                }
            }
        }
    }
    if let Kind::Sparse { connections } = kind {
        let (offsets, others) = weights.split_at(from.size() + 1);
        for source in 0..from.size() {
            for index in offsets[source] as usize..offsets[source + 1] as usize {
                matrix[others[index] as usize][source] = Some(others[connections + index]);
            }
        }
    }
    matrix
}

/// Spikes of every neuron, [tick][neuron]: how often it spikes, negative for spikes −1.
pub type Train = Vec<Vec<i32>>;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    Dense,
    Conv,
    /// So few channels that neighbouring columns may be packed.
    Narrow,
    Grouped,
    Transposed,
    Depthwise,
    Identity,
}

/// A random chain of layers with side branches: (target geometry, kind) of one synapse from `from`.
pub fn draw_kind(random: &mut Random, shape: Shape, from: Geometry) -> Option<(Geometry, Kind)> {
    if shape == Shape::Identity {
        let geometry = if random.below(3) > 0 { from } else { Geometry { height: 1, width: 1, channels: from.size() } };
        return Some((geometry, Kind::Identity { per_neuron: random.below(2) == 0 }));
    }
    if shape == Shape::Dense {
        return Some((
            Geometry { height: 1 + random.below(2), width: 1 + random.below(2), channels: 1 + random.below(150) },
            Kind::Dense,
        ));
    }
    let (kernel, stride, dilation, padding) =
        (1 + random.below(3), 1 + random.below(2), 1 + random.below(2), random.below(3));
    let narrow = shape == Shape::Narrow;
    let (dilation, kernel) = if narrow { (1, kernel + 1) } else { (dilation, kernel) };
    let transposed = shape == Shape::Transposed || (!narrow && shape != Shape::Grouped && random.below(6) == 0);
    let span = dilation * (kernel - 1) + 1;
    let extent = |size: usize| match transposed {
        true => ((size - 1) * stride + span).checked_sub(2 * padding).filter(|&extent| extent > 0),
        false => (size + 2 * padding).checked_sub(span).map(|room| room / stride + 1),
    };
    let (height, width) = extent(from.height).zip(extent(from.width))?;
    let (groups, per_group) = match shape {
        Shape::Conv | Shape::Transposed => (1, 1 + random.below(80)),
        Shape::Narrow => (1, 8 * (1 + random.below(2))),
        Shape::Grouped => (2, 16 * (1 + random.below(3))),
        _ => (from.channels, 1 + random.below(3)),
    };
    let sweep =
        Sweep { kernel: [kernel; 2], stride: [stride; 2], dilation: [dilation; 2], padding: [padding; 2], transposed };
    Some((Geometry { height, width, channels: groups * per_group }, Kind::Conv(sweep, groups)))
}

/// A code over windows as the oracles see it: `ttfs` in slots has firing ticks too.
#[derive(Clone)]
pub struct Schedule {
    pub windows: Windows,
    pub slots: Option<i32>,
}

impl Schedule {
    fn from_numbers(gain: i32, firing: &[u32], raised: bool, cap: i32) -> Schedule {
        Schedule { windows: Windows::from_numbers(gain, firing, raised, cap), slots: None }
    }

    pub fn rate(ticks: usize) -> Schedule {
        Schedule::from_numbers(1, &[2, 0, 1].repeat(ticks), false, 0)
    }

    pub fn spec(&self) -> Spec {
        self.slots.map_or(Spec::Windows(self.windows.clone()), |slots| Spec::Ttfs(Ttfs::Slots(slots)))
    }
}

/// Rate, phase, balanced ternary and non-adjacent digits, slots of `ttfs` (whose spikes carry a payload), as ts/spiking/schedule.ts has them.
pub fn draw_schedule(random: &mut Random, ticks: usize) -> Schedule {
    let left = |tick: usize| (ticks - 1 - tick) as u32;
    let all = |tick: &dyn Fn(usize) -> [u32; 3]| (0..ticks).flat_map(tick).collect::<Vec<u32>>();
    // Only binary digits have windows of more than 8 ticks here.
    match if ticks > 8 { 1 } else { random.below(5) } {
        0 => Schedule::rate(ticks),
        4 => Schedule {
            slots: Some(ticks as i32),
            ..Schedule::from_numbers(
                1,
                &all(&|tick| [2 * (left(tick) + 1), 0, left(tick) + 1]),
                false,
                ticks as i32 + 1,
            )
        },
        1 => Schedule::from_numbers(2, &all(&|tick| [2 << left(tick), 0, 1 << left(tick)]), false, 0),
        2 => Schedule::from_numbers(
            3,
            &all(&|tick| [3u32.pow(left(tick)), 3u32.pow(left(tick)) + 1, 3u32.pow(left(tick))]),
            true,
            0,
        ),
        _ => {
            let reach = |tick: usize| (2 << left(tick)) / 3;
            Schedule::from_numbers(
                2,
                &all(&|tick| [2 * (reach(tick) + 1), 2 * reach(tick) + 1, 1 << left(tick)]),
                true,
                1 << (ticks - 1),
            )
        }
    }
}

pub fn weight_count(kind: Kind, from: Geometry, to: Geometry) -> usize {
    match kind {
        Kind::Dense => to.size() * from.size(),
        Kind::Conv(sweep, groups) => sweep.kernel[0] * sweep.kernel[1] * from.channels / groups * to.channels,
        Kind::Identity { per_neuron } => {
            if per_neuron {
                to.size()
            } else {
                to.channels
            }
        }
        Kind::Sparse { connections } => from.size() + 1 + 2 * connections,
    }
}

/// Neurons of a layer of which some do without what `neuron` has: by one value for all, for each channel, or for each neuron.
pub fn draw_neurons(random: &Random, geometry: Geometry, neuron: Neuron) -> LlifSpec {
    fn list<T: Copy>(random: &mut Random, geometry: Geometry, value: impl Fn(&mut Random) -> T) -> Vec<T> {
        let length = [1, geometry.channels, geometry.size()][random.below(3)];
        (0..length).map(|_| value(random)).collect()
    }
    // Its own numbers, so that what is drawn next does not depend on the size of the layer.
    let own = &mut Random(random.0);
    LlifSpec {
        leak_factor: list(own, geometry, |own| [1.0, neuron.leak_factor][own.below(2)]),
        floor: list(own, geometry, |own| [f32::NEG_INFINITY, neuron.floor][own.below(2)]),
        hard: list(own, geometry, |own| neuron.hard && own.below(2) == 0),
        refractory_ticks: list(own, geometry, |own| own.below(neuron.refractory_ticks as usize + 1) as u32),
        spikes_per_tick: neuron.spikes_per_tick,
        discards: neuron.discards,
    }
}

pub fn neuron_at(spec: &LlifSpec, neuron: usize) -> Neuron {
    fn at<T: Copy>(list: &[T], neuron: usize) -> T {
        list[neuron % list.len()]
    }
    Neuron {
        leak_factor: at(&spec.leak_factor, neuron),
        floor: at(&spec.floor, neuron),
        hard: at(&spec.hard, neuron),
        refractory_ticks: at(&spec.refractory_ticks, neuron),
        spikes_per_tick: spec.spikes_per_tick,
        discards: spec.discards,
    }
}
