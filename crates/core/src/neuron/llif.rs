//! The linear leaky integrate-and-fire neuron: mapping.md §1.

use super::{Model, Rows, Scalar};
use crate::lanes::Lanes;
use crate::spikes::Geometry;

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
    pub fn check(&self, geometry: Geometry) -> Result<(), String> {
        for (what, length) in [
            ("leak factor", self.leak_factor.len()),
            ("floor", self.floor.len()),
            ("reset", self.hard.len()),
            ("refractory ticks", self.refractory_ticks.len()),
        ] {
            let (channels, neurons) = (geometry.channels, geometry.size());
            if ![1, channels, neurons].contains(&length) {
                return Err(format!("{what}: expected 1, {channels} or {neurons} values, got {length}"));
            }
        }
        match self.floor.iter().find(|floor| floor.is_nan() || **floor == f32::INFINITY) {
            Some(floor) => Err(format!("floor: expected a finite number, or -inf for none, got {floor}")),
            None => Ok(()),
        }
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
    pub spikes_per_tick: u32,
    pub discards: bool,
    refractory: bool,
}

impl Llif {
    /// Whether some neuron is refractory or multi-spike: then they run one by one.
    pub fn is_scalar(&self) -> bool {
        self.refractory || self.spikes_per_tick > 1
    }

    /// The same neurons where the leak has been applied already.
    pub fn leaked(self) -> Llif {
        Llif { leak_factor: Each::Nothing, ..self }
    }
}

impl Model for Llif {
    type More<L: Lanes> = ();

    #[inline(always)]
    unsafe fn load<L: Lanes, const N: usize>(&self, _rows: &Rows) -> [(); N] {
        [(); N]
    }

    #[inline(always)]
    unsafe fn before<L: Lanes, const N: usize>(
        &self,
        v: &mut [L::F; N],
        _more: &mut [(); N],
        drive: *const f32,
        rows: &Rows,
    ) {
        self.leak::<L, N>(v, rows);
        for k in 0..N {
            v[k] = L::add_f(v[k], L::load_f(drive.add(4 * k)));
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
                    v[k] = L::raise_f(v[k], L::load_f(rows.floor.add(4 * k)));
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
                    let hard = L::and_i(masks[k], L::load_i(rows.hard.add(4 * k).cast()));
                    let soft = L::sub_f(v[k], L::and_f(masks[k], threshold));
                    L::and_not_f(hard, soft)
                }
            };
        }
        masks
    }
}

impl Scalar for Llif {
    #[inline(always)]
    unsafe fn leak<L: Lanes, const N: usize>(&self, v: &mut [L::F; N], rows: &Rows) {
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
                    v[k] = L::mul_f(L::load_f(rows.leak_factor.add(4 * k)), v[k]);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn fire(&self, v: &mut f32, unchanged: f32, refractory_left: &mut u32, rows: &Rows, at: usize) -> u32 {
        let neuron = Neuron {
            leak_factor: *rows.leak_factor.add(at),
            floor: *rows.floor.add(at),
            hard: *rows.hard.add(at) != 0,
            spikes_per_tick: self.spikes_per_tick,
            refractory_ticks: *rows.refractory_ticks.add(at),
            discards: self.discards,
        };
        neuron.fire(v, unchanged, *rows.threshold.add(at), refractory_left)
    }
}
