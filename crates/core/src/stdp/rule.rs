//! The constants of a rule, and what it does to one weight, or to a row of them.

use super::decay::Decay;
use crate::lanes::Lanes;

/// What an arrival and a spike of the target in the same tick do to their weight.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Coincident {
    None,
    Potentiate,
    Both,
}

#[derive(Clone)]
pub struct Rule {
    pub change: Change,
    pub coincident: Coincident,
    /// Whether a spike adds 1 to its trace, or sets it to 1.
    pub adds: bool,
    /// Of the trace of a source.
    pub source: Decay,
    /// What a tick keeps of the trace of a target.
    pub target_factor: f32,
    /// By how much the unit of eligibility grows in a tick; absent without reward.
    pub growth: Option<f64>,
}

/// Numbers before those of the decay.
const HEAD: usize = 9;

impl Rule {
    /// A₊, A₋, minimum, maximum, multiplicative, adds, coincident (0 none, 1 potentiate, 2 both), factor of a target's trace,
    /// growth of the unit of eligibility (0: no reward), then the decay of a source's trace.
    pub fn new(numbers: &[f64]) -> Result<Rule, String> {
        if numbers.len() < HEAD {
            return Err(format!("plasticity: expected {HEAD} numbers and a decay, got {}", numbers.len()));
        }
        let number = |at: usize| numbers[at] as f32;
        let coincident = match numbers[6] as u32 {
            0 => Coincident::None,
            1 => Coincident::Potentiate,
            _ => Coincident::Both,
        };
        Ok(Rule {
            change: Change {
                plus: number(0),
                minus: number(1),
                minimum: number(2),
                maximum: number(3),
                multiplicative: numbers[4] != 0.0,
            },
            coincident,
            adds: numbers[5] != 0.0,
            source: Decay::new(&numbers[HEAD..])?,
            target_factor: number(7),
            growth: Some(numbers[8]).filter(|&growth| growth != 0.0),
        })
    }

    /// The trace after a spike.
    #[inline(always)]
    pub fn marked(&self, trace: f32) -> f32 {
        if self.adds {
            trace + 1.0
        } else {
            1.0
        }
    }
}

#[derive(Clone, Copy)]
pub struct Change {
    pub plus: f32,
    pub minus: f32,
    pub minimum: f32,
    pub maximum: f32,
    pub multiplicative: bool,
}

impl Change {
    #[inline(always)]
    pub fn clip(&self, weight: f32) -> f32 {
        let raised = if weight < self.minimum { self.minimum } else { weight };
        if self.maximum < raised {
            self.maximum
        } else {
            raised
        }
    }

    /// How far an arrival takes a weight down. `scaled`: A₋ · trace of the target.
    #[inline(always)]
    fn down(&self, weight: f32, scaled: f32) -> f32 {
        if self.multiplicative {
            scaled * (weight - self.minimum)
        } else {
            scaled
        }
    }

    /// How far a spike of the target takes a weight up. `scaled`: A₊ · trace of the source.
    #[inline(always)]
    fn up(&self, weight: f32, scaled: f32) -> f32 {
        if self.multiplicative {
            scaled * (self.maximum - weight)
        } else {
            scaled
        }
    }

    #[inline(always)]
    pub fn depress(&self, weight: &mut f32, eligibility: Option<(&mut f32, f32)>, trace: f32) {
        let down = self.down(*weight, self.minus * trace);
        match eligibility {
            Some((value, unit)) => *value -= down * unit,
            None => *weight = self.clip(*weight - down),
        }
    }

    #[inline(always)]
    pub fn potentiate(&self, weight: &mut f32, eligibility: Option<(&mut f32, f32)>, trace: f32) {
        let up = self.up(*weight, self.plus * trace);
        match eligibility {
            Some((value, unit)) => *value += up * unit,
            None => *weight = self.clip(*weight + up),
        }
    }

    /// Multiplies whole vectors of weights by these factors, and clips them.
    #[inline(always)]
    pub fn scale_row<L: Lanes>(&self, weights: &mut [f32], factors: &[f32]) {
        let (minimum, maximum) = (L::splat_f(self.minimum), L::splat_f(self.maximum));
        for (weight, factor) in weights.chunks_exact_mut(4).zip(factors.chunks_exact(4)) {
            // Safety: four values each.
            unsafe {
                let scaled = L::mul_f(L::load_f(weight.as_ptr()), L::load_f(factor.as_ptr()));
                let raised = L::raise_f(scaled, minimum);
                L::store_f(weight.as_mut_ptr(), L::select_f(L::ge_f(maximum, raised), raised, maximum));
            }
        }
    }

    /// `depress` of a whole row, whose targets' traces are `traces`.
    #[inline(always)]
    pub fn depress_row<L: Lanes>(&self, weights: &mut [f32], eligibility: Option<(&mut [f32], f32)>, traces: &[f32]) {
        let vectors = weights.len().min(traces.len()) / 4;
        let (minus, minimum) = (L::splat_f(self.minus), L::splat_f(self.minimum));
        let maximum = L::splat_f(self.maximum);
        let row = weights.as_mut_ptr();
        let (values, unit) = match eligibility {
            Some((values, unit)) => (Some(values.as_mut_ptr()), L::splat_f(unit)),
            None => (None, minus),
        };
        for vector in 0..vectors {
            // Safety: all slices have at least 4 · vectors values; eligibility has one for each weight.
            unsafe {
                let at = row.add(4 * vector);
                let weight = L::load_f(at);
                let mut down = L::mul_f(minus, L::load_f(traces.as_ptr().add(4 * vector)));
                if self.multiplicative {
                    down = L::mul_f(down, L::sub_f(weight, minimum));
                }
                if let Some(values) = values {
                    let value = values.add(4 * vector);
                    L::store_f(value, L::sub_f(L::load_f(value), L::mul_f(down, unit)));
                } else {
                    let raised = L::raise_f(L::sub_f(weight, down), minimum);
                    L::store_f(at, L::select_f(L::ge_f(maximum, raised), raised, maximum));
                }
            }
        }
    }
}
