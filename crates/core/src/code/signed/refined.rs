//! Refined phase (T14): every tick refines the count of each neuron by its quantum.

use super::{Plan, State};
use crate::code::Block;
use crate::kernel::signed::refine::{Quantum, Refine};
use crate::layer::Layer;
use crate::parameters::PerNeuron;

/// After tick k a count is the nearest r + m·n to V/θ within 0 to `levels`, with V the exact charge so far, m the quantum of the tick
/// and r what the count left over m before. A run is a frame, or the next ticks of one.
#[derive(Clone, Debug)]
pub struct RefinedPhase {
    levels: i32,
    pub(super) quanta: Vec<Quantum>,
}

impl RefinedPhase {
    /// `laziness`: in all ticks but the last, a count nearer to the charge than this number of quanta stays; ½ leaves all to rounding.
    pub fn new(levels: i32, quanta: &[u32], laziness: f64) -> RefinedPhase {
        let last = quanta.len().saturating_sub(1);
        let quantum =
            |(tick, &size): (usize, &u32)| Quantum::new(size as i32, if tick == last { 0.5 } else { laziness });
        RefinedPhase { levels, quanta: quanta.iter().enumerate().map(quantum).collect() }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let sizes = || self.quanta.iter().map(|quantum| quantum.size);
        let chain = sizes().zip(sizes().skip(1)).all(|(size, next)| next > 0 && size > next && size % next == 0);
        let laziness = self.quanta.iter().all(|quantum| (0.5..=1.0).contains(&quantum.laziness));
        if chain && laziness && sizes().next_back() == Some(1) && self.levels > 0 {
            return Ok(());
        }
        Err("refined phase: expected levels above 0, quanta that are multiples of the next one and end at 1, and a laziness of 0.5 to 1".into())
    }

    /// Shifts stand for thresholds only where the largest count fits beside them.
    pub(super) fn plan(&self, plan: Plan) -> Plan {
        let fits = |shift: &u32| i64::from(self.levels) << shift <= i64::from(i32::MAX);
        let threshold_shift = plan.threshold_shift.filter(fits);
        let count_shift = threshold_shift.unwrap_or(0);
        let holds =
            self.quanta.iter().map(|quantum| quantum.hold(1 << count_shift).min(i32::MAX.into()) as i32).collect();
        Plan { threshold_shift, count_shift, holds, ..plan }
    }

    pub(super) fn payloads(&self) -> Vec<i32> {
        self.quanta.iter().map(|quantum| quantum.size).collect()
    }

    /// Only what has changed since the last frame enters.
    pub(super) fn begin(&self, layer: &Layer, state: &mut State, constant: &PerNeuron, fresh: bool) {
        let State { charges, entered, .. } = state;
        for position in 0..layer.cells.positions() {
            let lanes = position * layer.padded..(position + 1) * layer.padded;
            let now = constant.at(position);
            for ((v, entered), &now) in charges.potential[lanes.clone()].iter_mut().zip(&mut entered[lanes]).zip(now) {
                let before = if fresh { 0 } else { v.wrapping_sub(*entered) };
                *v = before.wrapping_add(now as i32);
                *entered = now as i32;
            }
        }
    }

    /// For ticks of the block from `from` on.
    #[inline(always)]
    pub(super) fn rule<'a>(&'a self, plan: &'a Plan, block: Block, from: usize) -> Refine<'a> {
        let first = block.frame + block.first + from;
        let (quanta, holds) = (&self.quanta[first..], &plan.holds[first..]);
        Refine { quanta, holds, shift: plan.threshold_shift, levels: self.levels }
    }

    /// How often a spike of this tick of the block delivers its weight.
    pub(super) fn payload(&self, block: Block, tick: usize) -> i32 {
        self.quanta[block.frame + block.first + tick].size
    }
}
