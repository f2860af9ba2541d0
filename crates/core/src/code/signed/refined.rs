//! Refined phase (T14): every tick refines the count of each neuron by its quantum.

use super::{Plan, State};
use crate::code::Block;
use crate::kernel::signed::refine::{Quantum, Refine};
use crate::layer::Layer;
use crate::parameters::PerNeuron;

/// After tick k a count is the nearest r + m·n to V/θ within 0 to `levels`, with V the exact charge so far, m the quantum of its layer
/// in the tick and r what the count left over m before. A run is a frame, or the next ticks of one.
#[derive(Clone, Debug)]
pub struct RefinedPhase {
    levels: i32,
    /// What a spike of each tick stands for, by the number of quanta that are skipped.
    quanta: Vec<Vec<Quantum>>,
    /// How many each node skips; a node that is not listed skips none.
    ahead: Vec<usize>,
}

impl RefinedPhase {
    /// `ahead`: how many of the quanta the input and each node skip, so that they reach the last one earlier. `laziness`: in all ticks
    /// but the last, a count nearer to the charge than this number of quanta stays; ½ leaves all to rounding.
    pub fn new(levels: i32, quanta: &[u32], ahead: &[u32], laziness: f64) -> RefinedPhase {
        let last = quanta.len().saturating_sub(1);
        let ahead: Vec<usize> = ahead.iter().map(|&skipped| (skipped as usize).min(last)).collect();
        let quantum = |tick: usize, skipped: usize| {
            Quantum::new(quanta[(tick + skipped).min(last)] as i32, if tick == last { 0.5 } else { laziness })
        };
        let most = ahead.iter().copied().max().unwrap_or(0);
        let quanta = (0..=most).map(|skipped| (0..quanta.len()).map(|tick| quantum(tick, skipped)).collect()).collect();
        RefinedPhase { levels, quanta, ahead }
    }

    /// Ticks of a frame.
    pub(super) fn ticks(&self) -> usize {
        self.quanta[0].len()
    }

    fn of(&self, node: usize) -> &[Quantum] {
        &self.quanta[self.ahead.get(node).copied().unwrap_or(0)]
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let sizes = || self.quanta[0].iter().map(|quantum| quantum.size);
        let chain = sizes().zip(sizes().skip(1)).all(|(size, next)| next > 0 && size > next && size % next == 0);
        let laziness = self.quanta[0].iter().all(|quantum| (0.5..=1.0).contains(&quantum.laziness));
        if chain && laziness && sizes().next_back() == Some(1) && self.levels > 0 {
            return Ok(());
        }
        Err("refined phase: expected levels above 0, quanta that are multiples of the next one and end at 1, and a laziness of 0.5 to 1".into())
    }

    /// Shifts stand for thresholds only where the largest count fits beside them.
    pub(super) fn plan(&self, node: usize, layer: &Layer, plan: Plan) -> Plan {
        let fits = |shift: &u32| i64::from(self.levels) << shift <= i64::from(i32::MAX);
        let threshold_shift = plan.threshold_shift.filter(fits);
        let count_shift = threshold_shift.unwrap_or(0);
        let quanta = self.of(node).to_vec();
        let holds = quanta.iter().map(|quantum| quantum.hold(1 << count_shift).min(i32::MAX.into()) as i32).collect();
        let payloads = layer.synapses.iter().map(|synapse| self.payloads(synapse.source)).collect();
        Plan { threshold_shift, count_shift, quanta, holds, payloads, ..plan }
    }

    /// What a spike of a node counts in each tick.
    pub(super) fn payloads(&self, node: usize) -> Vec<i32> {
        self.of(node).iter().map(|quantum| quantum.size).collect()
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
        let Plan { quanta, holds, payloads, threshold_shift, .. } = plan;
        Refine {
            quanta: &quanta[first..],
            holds: &holds[first..],
            payloads,
            first,
            shift: *threshold_shift,
            levels: self.levels,
        }
    }
}
