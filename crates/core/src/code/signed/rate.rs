//! Signed rate (T8): integer neurons that may cancel earlier spikes.

use super::Plan;
use crate::kernel::signed::cancel::Cancel;
use crate::layer::Layer;
use crate::parameters::PerNeuron;

/// After every tick a count is clip(⌊(v0 + Z) / θ⌋, 0, cap), Z the charge so far. Constant charge is spread over `window_ticks`.
#[derive(Clone, Copy, Debug)]
pub struct SignedRate {
    pub window_ticks: i32,
    pub cap: i32,
    /// At most one spike a neuron and tick: the count holds once a tick is silent.
    pub once: bool,
}

/// Of a window's constant charge A of every neuron, [positions][padded]: ⌊A/T⌋, A mod T, and (A mod T)·t mod T after t ticks.
pub struct Spread {
    each: Vec<i32>,
    rest: Vec<i32>,
    carry: Vec<i32>,
}

impl Spread {
    pub(super) fn new(lanes: usize) -> Spread {
        Spread { each: vec![0; lanes], rest: vec![0; lanes], carry: vec![0; lanes] }
    }

    pub(super) fn quiet(&mut self) {
        self.each.fill(0);
        self.rest.fill(0);
    }
}

impl SignedRate {
    pub(super) fn check(&self) -> Result<(), String> {
        if (1..=1 << 30).contains(&self.window_ticks) && self.cap > 0 {
            return Ok(());
        }
        Err(format!(
            "signed rate: expected 1 to 2^30 ticks a window and a cap of at least 1, got {} and {}",
            self.window_ticks, self.cap
        ))
    }

    /// Spreads the constant charge over a window: tick t delivers ⌊(t + 1)·A/T⌋ − ⌊t·A/T⌋, from tick `elapsed` on.
    pub(super) fn begin(&self, layer: &Layer, spread: &mut Spread, constant: &PerNeuron, elapsed: u64) {
        let (ticks, t) = (self.window_ticks, elapsed % self.window_ticks as u64);
        let Spread { each, rest, carry } = spread;
        for position in 0..layer.cells.positions() {
            let first = position * layer.padded;
            for (lane, &charge) in constant.at(position)[..layer.padded].iter().enumerate() {
                let (charge, at) = (charge as i32, first + lane);
                each[at] = charge.div_euclid(ticks);
                rest[at] = charge.rem_euclid(ticks);
                carry[at] = (rest[at] as u64 * t % ticks as u64) as i32;
            }
        }
    }

    /// Of the lanes from `at` on.
    #[inline(always)]
    pub(super) fn rule(&self, plan: &Plan, spread: &mut Spread, at: usize) -> Cancel {
        Cancel {
            shift: plan.threshold_shift,
            cap: self.cap,
            once: self.once,
            each: spread.each[at..].as_ptr(),
            rest: spread.rest[at..].as_ptr(),
            carry: spread.carry[at..].as_mut_ptr(),
            window_ticks: self.window_ticks,
        }
    }
}
