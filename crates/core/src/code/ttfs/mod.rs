//! Time to first spike (T7 in slots, T9 in real times): at most one spike a neuron and window. A spike carries the value of its time.

mod real;
mod slots;
mod trace;

use super::{At, Block, Code};
use crate::arrive::Inputs;
use crate::bits::{as_floats, as_integers, grow, words_of};
use crate::input::Input;
use crate::kernel::levels::reciprocal;
use crate::kernel::rows::Tap;
use crate::lanes::Lanes;
use crate::layer::Layer;
use crate::network::{Network, Pool};
use crate::parameters::PerNeuron;
use crate::pool::values::Earliest;
use crate::record::Record;
use crate::schedule::Format;
use crate::spikes::{Geometry, Spikes};
use crate::synapse::chunks::Width;

/// The value of a spike.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Ttfs {
    /// The number of slots from it to the end of the window: an integer (T7).
    Slots(i32),
    /// The time from it to the end of the window, as f32 (T9).
    Real,
}

pub struct Plan {
    /// 2³² / threshold, if every threshold allows it.
    reciprocal: Option<PerNeuron>,
}

/// Charges of an output, [positions][padded]: bits of i32 or f32.
pub struct State {
    charge: Vec<u32>,
}

#[derive(Default)]
pub struct Scratch {
    taps: Vec<Tap>,
    rows: Vec<(usize, u32)>,
    /// Of one row, a bit a lane.
    bits: Vec<u64>,
    /// Charges of one row.
    row: Vec<u32>,
}

impl Code for Ttfs {
    type Plan = Plan;
    type State = State;
    type Scratch = Scratch;
    type Max = Earliest;

    const WINDOWS: bool = true;

    fn format(&self) -> Format {
        let (float, ticks) = match *self {
            Ttfs::Slots(slots) => (false, slots as usize),
            Ttfs::Real => (true, 1),
        };
        Format { float, valued: true, signs: 1, window: Some(ticks) }
    }

    fn check(&self) -> Result<(), String> {
        match *self {
            Ttfs::Slots(slots) if !(1..=1 << 24).contains(&slots) => {
                Err(format!("time to first spike: expected 1 to 2^24 slots, got {slots}"))
            }
            _ => Ok(()),
        }
    }

    fn plan(&self, _network: &Network, _node: usize, layer: &Layer) -> Plan {
        let integers = layer.fires && *self != Ttfs::Real;
        Plan { reciprocal: layer.rows.threshold.try_map(|threshold| reciprocal(threshold as i32)).filter(|_| integers) }
    }

    fn rest(&self, layer: &Layer) -> Option<PerNeuron> {
        (*self != Ttfs::Real).then(|| layer.bias.plus(&layer.initial))
    }

    fn max(&self, _network: &Network, pool: &Pool) -> Earliest {
        Earliest::new(&pool.reach)
    }

    fn state(&self, layer: &Layer) -> State {
        State { charge: vec![0; if layer.fires { 0 } else { layer.lanes() }] }
    }

    /// For real times a synapse delivers it in its turn, as spikes, because the order of additions matters.
    fn current<'a>(&self, input: &Input<'a>) -> Option<&'a [u32]> {
        input.current().filter(|_| *self != Ttfs::Real)
    }

    fn enter(&self, network: &Network, input: &Input, _block: Block, to: &mut Spikes) {
        let geometry = network.nodes[0].geometry();
        match *input {
            Input::Constant(values) if *self == Ttfs::Real => {
                let zeros = network.layers().any(|(_, layer)| layer.negative_zero);
                real::enter_current(to, geometry, values, zeros);
            }
            Input::Constant(_) => enter_values(to, geometry, &[], &[]),
            Input::Values { neurons, values } => enter_values(to, geometry, neurons, values),
            Input::Events { neurons, starts, .. } => slots::enter(to, geometry, neurons, starts),
        }
    }

    #[inline(never)]
    fn run<L: Lanes>(&self, at: At<Ttfs>, inputs: Inputs, _block: Block, out: &mut Spikes) {
        let layer = at.layer;
        let (height, width, padded) = (layer.geometry.height, layer.geometry.width, layer.padded);
        out.clear(1);
        let mut run = Run { code: *self, at, inputs };
        for y in 0..height {
            grow(&mut run.at.scratch.row, width * padded);
            for x in 0..width {
                let rest = &run.inputs.constant().at(y * width + x)[..padded];
                run.at.scratch.row[x * padded..(x + 1) * padded].copy_from_slice(rest);
            }
            match self {
                _ if layer.by_events => run.integrate_events(y),
                Ttfs::Slots(_) => run.integrate_slots::<L>(y),
                Ttfs::Real => run.integrate_real::<L>(y),
            }
            if !layer.fires {
                let row = &run.at.scratch.row[..width * padded];
                run.at.state.charge[y * width * padded..][..row.len()].copy_from_slice(row);
                continue;
            }
            run.trace(y);
            run.fire_row::<L>(y, out);
        }
        if layer.fires {
            out.finish();
            if layer.record_spikes {
                self.record(layer, run.at.record, out);
            }
        }
    }

    fn charges(&self, layer: &Layer, state: &State, record: &mut Record) {
        match self {
            Ttfs::Slots(_) => record.charge(layer, |at| [state.charge[at]]),
            Ttfs::Real => record.charge(layer, |at| words_of(f64::from(f32::from_bits(state.charge[at])))),
        }
    }
}

/// Input spikes with their values, by ascending neuron.
fn enter_values(input: &mut Spikes, geometry: Geometry, neurons: &[u32], values: &[u32]) {
    input.fill(geometry, neurons, &[0, neurons.len() as u32]);
    input.values.extend_from_slice(values);
}

struct Run<'a> {
    code: Ttfs,
    at: At<'a, Ttfs>,
    inputs: Inputs<'a>,
}

impl Run<'_> {
    /// Everything that arrives at row `y` event by event: charges go on from what the scratch holds.
    #[inline(never)]
    fn integrate_events(&mut self, y: usize) {
        let row = &mut self.at.scratch.row;
        for index in 0..self.at.layer.synapses.len() {
            let (scatter, spikes) = (self.inputs.scatter(index, y), self.inputs.of(index));
            match self.at.layer.width {
                Width::Float => scatter.deliver_values(spikes, as_floats(row)),
                _ => scatter.deliver_values(spikes, as_integers(row)),
            }
        }
    }

    /// Appends the spikes of row `y` and counts them.
    #[inline(always)]
    fn fire_row<L: Lanes>(&mut self, y: usize, out: &mut Spikes) {
        let At { layer, plan, scratch, record, .. } = &mut self.at;
        let Geometry { width, channels, .. } = layer.geometry;
        if let (Ttfs::Slots(slots), Some(reciprocal)) = (self.code, &plan.reciprocal) {
            return slots::fire::<L>(&mut self.at, out, y, slots, reciprocal);
        }
        let first = out.entries.len();
        let row = &scratch.row[..width * layer.padded];
        match self.code {
            Ttfs::Slots(slots) => {
                fire(layer, out, row, y, |v, theta| v as i32 >= theta as i32, |v, theta| slots::slot(v, theta, slots))
            }
            Ttfs::Real => {
                let value = |v, theta| real::remaining(f32::from_bits(v), f32::from_bits(theta)).to_bits();
                fire(layer, out, row, y, |v, _| f32::from_bits(v) > 0.0, value)
            }
        }
        if !record.counts.is_empty() {
            let counts = &mut record.counts[y * width * channels..];
            for (&entry, &value) in out.entries[first..].iter().zip(&out.values[first..]) {
                counts[entry as usize] = if self.code == Ttfs::Real { 1 } else { value };
            }
        }
    }
}

/// Appends the spikes of one row. Lists every neuron and keeps the firing ones without a branch, which would be mispredicted.
#[inline(always)]
fn fire(
    layer: &Layer,
    out: &mut Spikes,
    row: &[u32],
    y: usize,
    fires: impl Fn(u32, u32) -> bool,
    value: impl Fn(u32, u32) -> u32,
) {
    let Geometry { width, channels, .. } = layer.geometry;
    let mut length = out.entries.len();
    out.entries.resize(length + width * channels, 0);
    out.values.resize(length + width * channels, 0);
    for x in 0..width {
        out.starts.push(length as u32);
        let first = length;
        let thresholds = &layer.rows.threshold.at(y * width + x)[..channels];
        let (entries, values) = (&mut out.entries[length..][..channels], &mut out.values[length..][..channels]);
        let mut fired = 0;
        for (channel, (&v, &theta)) in row[x * layer.padded..].iter().zip(thresholds).enumerate() {
            entries[fired.min(channel)] = channel as u32;
            values[fired.min(channel)] = v;
            fired += usize::from(fires(v, theta));
        }
        length += fired;
        for (entry, charge) in out.entries[first..length].iter_mut().zip(&mut out.values[first..length]) {
            *charge = value(*charge, thresholds[*entry as usize]);
            *entry += (x * channels) as u32;
        }
    }
    out.entries.truncate(length);
    out.values.truncate(length);
}

impl Ttfs {
    /// Keeps spikes in order of time, then neuron.
    fn record(&self, layer: &Layer, record: &mut Record, out: &Spikes) {
        let Geometry { height, width, channels } = layer.geometry;
        let origin = |row: usize| (row * width * channels) as u32;
        let neurons =
            (0..height).flat_map(|row| out.row(layer.geometry, row, 0).iter().map(move |entry| entry + origin(row)));
        let mut train: Vec<(u32, u32)> = neurons.zip(out.values.iter().copied()).collect();
        // Values are not negative: their bits are in their order, in f32 too.
        train.sort_by_key(|&(_, value)| std::cmp::Reverse(value));
        record.neurons.extend(train.iter().map(|(neuron, _)| neuron));
        match *self {
            Ttfs::Slots(slots) => {
                record.ticks.extend(train.iter().map(|(_, value)| (layer.depth as u32 + 1) * slots as u32 - value))
            }
            Ttfs::Real => {
                record.ticks.extend(train.iter().map(|_| layer.depth as u32));
                record.values.extend(train.iter().map(|(_, value)| value));
            }
        }
    }
}
