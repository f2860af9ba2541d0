//! Parameters and state of a population. ts/engine/reference/live/population.ts is the definition of its tick.

use super::background::Background;
use super::delivery::{ALL_AWAKE, BLOCK};
use crate::words::Words;

/// One value a neuron, or one for all: the value of neuron n is at `n & mask`.
pub struct Row {
    pub values: Vec<f32>,
    pub mask: usize,
}

/// Neurons that a step of the kernel treats at once.
pub const STEP: usize = 16;

impl Row {
    fn new(values: &[u32], size: usize) -> Row {
        Row::of(&values.iter().map(|&bits| f32::from_bits(bits)).collect::<Vec<_>>(), size)
    }

    /// Of values for all neurons, or for each channel. Lanes without a neuron may have any value.
    fn of(values: &[f32], size: usize) -> Row {
        let uniform = values.iter().all(|value| value.to_bits() == values[0].to_bits());
        if uniform {
            return Row { values: vec![values.first().copied().unwrap_or(0.0); STEP], mask: 0 };
        }
        let (length, padded) = (values.len(), size.next_multiple_of(BLOCK));
        let mut all: Vec<f32> = (0..size).map(|neuron| values[neuron % length]).collect();
        all.resize(padded, 0.0);
        Row { values: all, mask: usize::MAX }
    }

    pub fn at(&self, neuron: usize) -> f32 {
        self.values[neuron & self.mask]
    }
}

pub struct Current {
    pub factor: Row,
    pub gain: Row,
    pub value: Vec<f32>,
    pub clamped: bool,
    pub cleared: bool,
}

pub struct Adaptation {
    pub charge: Row,
    pub factor: Row,
    pub value: Vec<f32>,
}

pub struct Level {
    pub step: Row,
    pub until: Row,
}

pub struct Refractory {
    pub ticks: Vec<u32>,
    pub left: Vec<i32>,
}

pub struct Population {
    pub size: usize,
    /// A whole number of blocks; lanes beyond `size` never fire.
    pub padded: usize,
    pub after: bool,
    /// Whether arrivals are summed first.
    pub summed: bool,
    pub discards: bool,
    pub clamps: bool,
    pub bias: Vec<f32>,
    pub constant: Vec<f32>,
    /// The same, as the kernel reads it.
    pub constant_row: Row,
    pub initial: Vec<f32>,
    pub threshold: Row,
    /// The least v that fires: of a strict threshold, the number above it.
    pub fires_at: Row,
    pub leak: Option<Row>,
    pub level: Option<Level>,
    pub floor: Option<Row>,
    /// 1: a spike sets v to `reset_value`; 0: it subtracts the threshold.
    pub hard: Option<Row>,
    pub reset_value: Option<Row>,
    pub currents: Vec<Current>,
    pub adaptation: Option<Adaptation>,
    pub refractory: Option<Refractory>,
    /// How close to rest a neuron comes to rest; −1: never. None where none does.
    pub tolerance: Option<Row>,
    /// Where each rests; NaN: nowhere.
    pub rest: Row,
    /// Ones for neurons that rest wherever they are; empty if there are none.
    pub keeps: Vec<f32>,
    declared_tolerance: Vec<f32>,
    pub potential: Vec<f32>,
    /// For v and each current, the charge of the tick.
    pub sums: Vec<Vec<f32>>,
    /// Of each block, a bit for each four neurons: 0 where all rest.
    pub awake: Vec<u16>,
    /// Of each block, whether a neuron may be close to where it rests.
    pub near: Vec<u8>,
    /// Whether charges can arrive at v.
    pub arrives: bool,
    pub drive: Option<Vec<f32>>,
    pub background: Vec<Background>,
    /// Neurons that fire in the next tick.
    pub forced: Vec<u32>,
    /// −1 for forced and for silenced neurons; empty if there are none.
    pub forced_mask: Vec<i32>,
    pub silenced_mask: Vec<i32>,
    /// Neurons that lose what arrives at v in this tick, with the potential that they keep: for weights that are added one by one.
    pub before: Vec<f32>,
    pub lost: Vec<i32>,
}

impl Population {
    /// Words: size; flags (strict, after, summed, discards, clamps v); then rows: bias, initial potential, threshold, tolerance; leak,
    /// level steps, levels, floor, hard, reset values (each empty if absent); refractory ticks; currents, each with factor, gain and
    /// two flags (clamped, cleared); adaptation charge and factor.
    pub fn read(words: &mut Words) -> Result<Population, String> {
        let size = words.size()?;
        let padded = size.next_multiple_of(BLOCK);
        let (strict, after, summed, discards, clamps) =
            (words.flag()?, words.flag()?, words.flag()?, words.flag()?, words.flag()?);
        let mut full = |beyond: f32| -> Result<Vec<f32>, String> {
            let values = words.array()?;
            if values.is_empty() || size % values.len() != 0 {
                return Err(format!("population: expected {size} values or a divisor, got {}", values.len()));
            }
            let mut all: Vec<f32> = (0..size).map(|neuron| f32::from_bits(values[neuron % values.len()])).collect();
            all.resize(padded, beyond);
            Ok(all)
        };
        let (bias, initial, threshold, declared_tolerance) = (full(0.0)?, full(0.0)?, full(0.0)?, full(0.0)?);
        let fires_at: Vec<f32> = threshold.iter().map(|&at| if strict { above(at) } else { at }).collect();
        let mut row = || -> Result<Option<Row>, String> {
            let values = words.array()?;
            Ok((!values.is_empty()).then(|| Row::new(values, size)))
        };
        let (leak, step, until, floor, hard, reset_value) = (row()?, row()?, row()?, row()?, row()?, row()?);
        let ticks = words.array()?;
        let refractory = (!ticks.is_empty()).then(|| Refractory {
            ticks: (0..size).map(|neuron| ticks[neuron % ticks.len()]).collect(),
            left: vec![0; padded],
        });
        let mut currents = Vec::new();
        for _ in 0..words.size()? {
            let (factor, gain) = (Row::new(words.array()?, size), Row::new(words.array()?, size));
            let (clamped, cleared) = (words.flag()?, words.flag()?);
            currents.push(Current { factor, gain, value: vec![0.0; padded], clamped, cleared });
        }
        let (charge, factor) = (words.array()?, words.array()?);
        let adaptation = (!charge.is_empty()).then(|| Adaptation {
            charge: Row::new(charge, size),
            factor: Row::new(factor, size),
            value: vec![0.0; padded],
        });
        let variables = 1 + currents.len();
        let may_lose = if clamps || discards { padded } else { 0 };
        let mut population = Population {
            size,
            padded,
            after,
            summed,
            discards,
            clamps,
            constant_row: Row::of(&bias[..size], size),
            constant: bias.clone(),
            potential: initial.clone(),
            bias,
            initial,
            threshold: Row::of(&threshold[..size], size),
            fires_at: Row::of(&fires_at[..size], size),
            leak,
            level: step.zip(until).map(|(step, until)| Level { step, until }),
            floor,
            hard,
            reset_value,
            currents,
            adaptation,
            refractory,
            tolerance: None,
            rest: Row::of(&[f32::NAN], size),
            keeps: Vec::new(),
            declared_tolerance,
            sums: vec![vec![0.0; padded]; variables],
            awake: vec![ALL_AWAKE; padded / BLOCK],
            near: vec![1; padded / BLOCK],
            arrives: false,
            drive: None,
            background: Vec::new(),
            forced: Vec::new(),
            forced_mask: Vec::new(),
            silenced_mask: Vec::new(),
            before: vec![0.0; may_lose],
            lost: vec![0; may_lose],
        };
        population.settle_rest();
        Ok(population)
    }

    pub fn reset(&mut self) {
        self.potential.copy_from_slice(&self.initial);
        self.currents.iter_mut().for_each(|current| current.value.fill(0.0));
        if let Some(adaptation) = &mut self.adaptation {
            adaptation.value.fill(0.0);
        }
        if let Some(refractory) = &mut self.refractory {
            refractory.left.fill(0);
        }
        self.sums.iter_mut().for_each(|sums| sums.fill(0.0));
        self.drive = None;
        self.background.clear();
        self.end_force();
        self.silence(&[]);
    }

    /// Constant charge of a tick, as it is from now on.
    pub fn set_constant(&mut self, constant: Vec<f32>) {
        self.constant_row = Row::of(&constant[..self.size], self.size);
        self.constant = constant;
        self.settle_rest();
    }

    /// Something outside has changed: nobody is known to rest.
    pub fn wake(&mut self) {
        self.awake.fill(ALL_AWAKE);
        self.near.fill(1);
    }

    /// This neuron's potential was set in this tick.
    fn note_rest(&mut self, neuron: usize) {
        let rest = |tolerance: &Row| (self.potential[neuron] - self.rest.at(neuron)).abs() <= tolerance.at(neuron);
        if self.tolerance.as_ref().is_some_and(rest) {
            self.near[neuron / BLOCK] = 1;
        }
    }

    /// Where each neuron rests, after its constant charge has changed.
    pub fn settle_rest(&mut self) {
        self.wake();
        if self.declared_tolerance.iter().all(|&tolerance| tolerance <= 0.0) {
            return;
        }
        let factor = |neuron: usize| self.leak.as_ref().map_or(1.0, |leak| leak.at(neuron));
        let rest = |neuron: usize| {
            let (factor, constant) = (factor(neuron), self.constant[neuron]);
            match &self.level {
                Some(level) if factor == 1.0 && constant == 0.0 => level.until.at(neuron),
                None if factor < 1.0 => (f64::from(constant) / (1.0 - f64::from(factor))) as f32 + 0.0,
                _ => f32::NAN,
            }
        };
        let keeps = |neuron: usize| self.level.is_none() && factor(neuron) == 1.0 && self.constant[neuron] == 0.0;
        let rests: Vec<f32> = (0..self.size).map(rest).collect();
        self.keeps = if (0..self.size).any(keeps) {
            (0..self.padded)
                .map(|neuron| f32::from_bits(if neuron >= self.size || keeps(neuron) { u32::MAX } else { 0 }))
                .collect()
        } else {
            Vec::new()
        };
        let tolerance = |&tolerance: &f32| if tolerance > 0.0 { tolerance } else { -1.0 };
        let tolerances: Vec<f32> = self.declared_tolerance[..self.size].iter().map(tolerance).collect();
        self.rest = Row::of(&rests, self.size);
        self.tolerance = Some(Row::of(&tolerances, self.size));
    }

    /// These fire in the next tick, with those named before.
    pub fn force(&mut self, neurons: &[u32]) {
        self.forced.extend_from_slice(neurons);
        self.forced.sort_unstable();
        self.forced.dedup();
        self.forced_mask = mask(&self.forced, self.padded);
        self.wake();
    }

    /// That tick is over.
    pub fn end_force(&mut self) {
        self.forced.clear();
        self.forced_mask.clear();
    }

    pub fn silence(&mut self, neurons: &[u32]) {
        self.silenced_mask = mask(neurons, self.padded);
        self.wake();
    }

    /// Step 6, for neurons that fire.
    pub fn fire(&mut self, neurons: &[u32]) {
        for &neuron in neurons {
            self.reset_neuron(neuron as usize);
            self.note_rest(neuron as usize);
        }
    }

    #[inline(always)]
    fn reset_neuron(&mut self, neuron: usize) {
        let hard = self.hard.as_ref().is_some_and(|hard| hard.at(neuron) != 0.0);
        self.potential[neuron] = if hard {
            self.reset_value.as_ref().map_or(0.0, |value| value.at(neuron))
        } else {
            self.potential[neuron] - self.threshold.at(neuron)
        };
        for current in self.currents.iter_mut().filter(|current| current.cleared) {
            current.value[neuron] = 0.0;
        }
        if let Some(adaptation) = &mut self.adaptation {
            adaptation.value[neuron] += adaptation.charge.at(neuron);
        }
        if let Some(refractory) = &mut self.refractory {
            refractory.left[neuron] = refractory.ticks[neuron] as i32;
        }
    }
}

/// The next number; nothing is above infinity.
fn above(value: f32) -> f32 {
    match value {
        f32::INFINITY => f32::NAN,
        0.0 => f32::from_bits(1),
        _ if value > 0.0 => f32::from_bits(value.to_bits() + 1),
        _ => f32::from_bits(value.to_bits() - 1),
    }
}

/// Ones for these neurons; empty if there are none.
fn mask(neurons: &[u32], padded: usize) -> Vec<i32> {
    let mut mask = vec![0; if neurons.is_empty() { 0 } else { padded }];
    neurons.iter().for_each(|&neuron| mask[neuron as usize] = -1);
    mask
}
