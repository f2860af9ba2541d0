//! The linear leaky integrate-and-fire neuron: mapping.md §1.

use super::model::{Model, Rows, Words};
use crate::lanes::Lanes;
use crate::words;

/// The rows of its parameters.
const LEAK_FACTOR: usize = 0;
const FLOOR: usize = 1;
/// All ones: hard reset; zeros: soft.
const HARD: usize = 2;
const REFRACTORY_TICKS: usize = 3;

/// One neuron, and the definition of its tick.
#[derive(Clone, Copy, Debug)]
pub struct Neuron {
    pub leak_factor: f32,
    pub floor: f32,
    pub hard: bool,
    pub spikes_per_tick: u32,
    pub refractory_ticks: u32,
    pub discards: bool,
}

impl Neuron {
    /// Floor, gate, fire and reset of one neuron: mapping.md §1, steps 3 to 5. Returns its spikes.
    /// `unchanged` is the potential after the leak alone, which a neuron that discards input goes on from while refractory.
    #[inline(always)]
    pub fn fire(&self, v: &mut f32, unchanged: f32, threshold: f32, refractory_left: &mut u32) -> u32 {
        let refractory = *refractory_left > 0;
        if refractory && self.discards {
            *v = unchanged;
        }
        if *v < self.floor {
            *v = self.floor;
        }
        if refractory {
            *refractory_left -= 1;
            return 0;
        }
        // False of a NaN too.
        let reached = *v >= threshold;
        if !reached {
            return 0;
        }
        let spikes = if self.spikes_per_tick == 1 {
            1
        } else {
            (f64::from(*v) / f64::from(threshold)).floor().min(f64::from(self.spikes_per_tick)) as u32
        };
        *v = if self.hard { 0.0 } else { (f64::from(*v) - f64::from(spikes) * f64::from(threshold)) as f32 };
        *refractory_left = self.refractory_ticks;
        spikes
    }
}

/// Neurons of a layer: each list holds one value for all, one for each channel, or one for each neuron.
#[derive(Clone, Debug)]
pub struct LlifSpec {
    pub leak_factor: Vec<f32>,
    pub floor: Vec<f32>,
    pub hard: Vec<bool>,
    pub refractory_ticks: Vec<u32>,
    pub spikes_per_tick: u32,
    pub discards: bool,
}

impl From<Neuron> for LlifSpec {
    fn from(neuron: Neuron) -> LlifSpec {
        LlifSpec {
            leak_factor: vec![neuron.leak_factor],
            floor: vec![neuron.floor],
            hard: vec![neuron.hard],
            refractory_ticks: vec![neuron.refractory_ticks],
            spikes_per_tick: neuron.spikes_per_tick,
            discards: neuron.discards,
        }
    }
}

impl LlifSpec {
    pub fn read(words: &mut words::Words) -> Result<LlifSpec, String> {
        let (spikes_per_tick, discards) = (words.word()?, words.flag()?);
        let floats = |array: &[u32]| array.iter().map(|&bits| f32::from_bits(bits)).collect();
        Ok(LlifSpec {
            leak_factor: floats(words.array()?),
            floor: floats(words.array()?),
            hard: words.array()?.iter().map(|&hard| hard != 0).collect(),
            refractory_ticks: words.array()?.to_vec(),
            spikes_per_tick,
            discards,
        })
    }

    pub fn check(&self) -> Result<(), String> {
        match self.floor.iter().find(|floor| floor.is_nan() || **floor == f32::INFINITY) {
            Some(floor) => Err(format!("floor: expected a finite number, or -inf for none, got {floor}")),
            None => Ok(()),
        }
    }

    pub fn rows(&self) -> Vec<(&'static str, Vec<u32>)> {
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect();
        let masks = self.hard.iter().map(|&hard| if hard { u32::MAX } else { 0 }).collect();
        vec![
            ("leak factor", bits(&self.leak_factor)),
            ("floor", bits(&self.floor)),
            ("reset", masks),
            ("refractory ticks", self.refractory_ticks.clone()),
        ]
    }

    /// The vectors that are asked for these parameters.
    pub fn model(&self) -> Llif {
        let all = |list: &[f32]| list.iter().all(|&value| value == list[0]).then_some(list[0]);
        let each = |list: &[f32], neutral: f32| match all(list) {
            Some(value) if value == neutral => Each::Nothing,
            Some(value) => Each::Same(value),
            None => Each::Row,
        };
        Llif {
            leak_factor: each(&self.leak_factor, 1.0),
            floor: each(&self.floor, f32::NEG_INFINITY),
            reset: match (self.hard.contains(&true), self.hard.contains(&false)) {
                (true, true) => Reset::Row,
                (hard, _) if hard => Reset::Hard,
                _ => Reset::Soft,
            },
            spikes_per_tick: self.spikes_per_tick,
            discards: self.discards,
            refractory: self.refractory_ticks.iter().any(|&ticks| ticks > 0),
        }
    }
}

/// A parameter that does nothing, is the same for all neurons, or has a row.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Each {
    Nothing,
    Same(f32),
    Row,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Reset {
    Soft,
    Hard,
    Row,
}

/// What is known of all neurons of a layer; the rest stands in their rows.
#[derive(Clone, Copy, Debug)]
pub struct Llif {
    leak_factor: Each,
    floor: Each,
    reset: Reset,
    spikes_per_tick: u32,
    discards: bool,
    refractory: bool,
}

impl Model for Llif {
    type More<L: Lanes> = ();

    /// Refractory ticks left, of neurons that run one by one.
    fn words(&self) -> usize {
        usize::from(self.is_scalar())
    }

    fn is_scalar(&self) -> bool {
        self.refractory || self.spikes_per_tick > 1
    }

    fn spikes_per_tick(&self) -> u32 {
        self.spikes_per_tick
    }

    fn leaked(self) -> Llif {
        Llif { leak_factor: Each::Nothing, ..self }
    }

    #[inline(always)]
    unsafe fn load<L: Lanes, const N: usize>(&self, _words: Words) -> [(); N] {
        [(); N]
    }

    #[inline(always)]
    unsafe fn store<L: Lanes, const N: usize>(&self, _more: &[(); N], _words: Words) {}

    #[inline(always)]
    unsafe fn leak<L: Lanes, const N: usize>(&self, v: &mut [L::F; N], _more: &mut [(); N], rows: &Rows) {
        match self.leak_factor {
            Each::Nothing => {}
            Each::Same(factor) => {
                let factor = L::splat_f(factor);
                for k in 0..N {
                    v[k] = L::mul_f(factor, v[k]);
                }
            }
            Each::Row => {
                for k in 0..N {
                    v[k] = L::mul_f(L::load_f(rows.floats(LEAK_FACTOR, 4 * k)), v[k]);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn after<L: Lanes, const N: usize>(&self, v: &mut [L::F; N], _more: &mut [(); N], rows: &Rows) -> [L::I; N] {
        match self.floor {
            Each::Nothing => {}
            Each::Same(floor) => {
                let floor = L::splat_f(floor);
                for k in 0..N {
                    v[k] = L::raise_f(v[k], floor);
                }
            }
            Each::Row => {
                for k in 0..N {
                    v[k] = L::raise_f(v[k], L::load_f(rows.floats(FLOOR, 4 * k)));
                }
            }
        }
        let mut masks = [L::splat_i(0); N];
        for k in 0..N {
            let threshold = L::load_f(rows.threshold.add(4 * k));
            masks[k] = L::ge_f(v[k], threshold);
            v[k] = match self.reset {
                Reset::Hard => L::and_not_f(masks[k], v[k]),
                Reset::Soft => L::sub_f(v[k], L::and_f(masks[k], threshold)),
                Reset::Row => {
                    let hard = L::and_i(masks[k], L::load_i(rows.bits(HARD, 4 * k).cast()));
                    let soft = L::sub_f(v[k], L::and_f(masks[k], threshold));
                    L::and_not_f(hard, soft)
                }
            };
        }
        masks
    }

    #[inline(always)]
    unsafe fn fire(&self, v: &mut f32, unchanged: f32, words: Words, rows: &Rows, at: usize) -> u32 {
        let neuron = Neuron {
            leak_factor: *rows.floats(LEAK_FACTOR, at),
            floor: *rows.floats(FLOOR, at),
            hard: *rows.bits(HARD, at) != 0,
            spikes_per_tick: self.spikes_per_tick,
            refractory_ticks: *rows.bits(REFRACTORY_TICKS, at),
            discards: self.discards,
        };
        neuron.fire(v, unchanged, *rows.threshold.add(at), &mut *words.at.add(at))
    }
}
