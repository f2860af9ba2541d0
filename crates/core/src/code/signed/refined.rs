//! Refined phase (T14): all layers tick together, and every tick refines the count of each neuron by its quantum.

use super::{run, Charges, Plan, Scratch, Signed};
use crate::arrive::Inputs;
use crate::code::{enter_planes, At, Block, Code};
use crate::input::Input;
use crate::kernel::signed::refine::{Quantum, Refine};
use crate::lanes::Lanes;
use crate::layer::Layer;
use crate::network::{Network, Pool};
use crate::parameters::PerNeuron;
use crate::pool::largest::Largest;
use crate::record::Record;
use crate::schedule::Format;
use crate::spikes::Spikes;

/// After tick k a count is the nearest r + m·n to V/θ within 0 to `levels`, with V the exact charge so far, m the quantum of the tick
/// and r what the count left over m before. A run is a frame, or the next ticks of one.
#[derive(Clone, Debug)]
pub struct RefinedPhase {
    levels: i32,
    quanta: Vec<Quantum>,
}

impl RefinedPhase {
    /// `laziness`: in all ticks but the last, a count nearer to the charge than so many quanta stays; ½ leaves all to rounding.
    pub fn new(levels: i32, quanta: &[u32], laziness: f64) -> RefinedPhase {
        let last = quanta.len().saturating_sub(1);
        let quantum =
            |(tick, &size): (usize, &u32)| Quantum::new(size as i32, if tick == last { 0.5 } else { laziness });
        RefinedPhase { levels, quanta: quanta.iter().enumerate().map(quantum).collect() }
    }
}

pub struct State {
    charges: Charges,
    /// Constant charge that the potentials hold already, of every neuron, [positions][padded].
    entered: Vec<i32>,
}

impl Code for RefinedPhase {
    type Plan = Plan;
    type State = State;
    type Scratch = Scratch;
    type Max = Largest;

    fn format(&self) -> Format {
        Format { float: false, valued: false, signs: 2, window: None }
    }

    fn check(&self) -> Result<(), String> {
        let sizes = || self.quanta.iter().map(|quantum| quantum.size);
        let chain = sizes().zip(sizes().skip(1)).all(|(size, next)| next > 0 && size > next && size % next == 0);
        let laziness = self.quanta.iter().all(|quantum| (0.5..=1.0).contains(&quantum.laziness));
        if chain && laziness && sizes().last() == Some(1) && self.levels > 0 {
            return Ok(());
        }
        Err(format!(
            "refined phase: expected levels, quanta that are multiples of the next one and end at 1, and a laziness of 0.5 to 1, got {self:?}"
        ))
    }

    fn most_ticks(&self) -> Option<usize> {
        Some(self.quanta.len())
    }

    fn plan(&self, _network: &Network, _node: usize, layer: &Layer) -> Plan {
        let plan = Plan::new(layer);
        let fits = |shift: &u32| i64::from(self.levels) << shift <= i64::from(i32::MAX);
        Plan { threshold_shift: plan.threshold_shift.filter(fits), ..plan }
    }

    fn max(&self, _network: &Network, pool: &Pool) -> Largest {
        Largest::new(&pool.reach, self.quanta.iter().map(|quantum| quantum.size).collect())
    }

    fn state(&self, layer: &Layer) -> State {
        State { charges: Charges::new(layer), entered: vec![0; layer.lanes()] }
    }

    fn reset(&self, _layer: &Layer, State { charges, entered }: &mut State) {
        for values in [&mut charges.potential, &mut charges.counts, entered] {
            values.fill(0);
        }
    }

    /// Only what has changed since the last frame enters.
    fn begin(&self, layer: &Layer, State { charges, entered }: &mut State, constant: &PerNeuron, _elapsed: u64) {
        charges.before.clone_from(&charges.counts);
        for position in 0..layer.geometry.positions() {
            let lanes = position * layer.padded..(position + 1) * layer.padded;
            let now = constant.at(position);
            for ((v, entered), &now) in charges.potential[lanes.clone()].iter_mut().zip(&mut entered[lanes]).zip(now) {
                *v = v.wrapping_add((now as i32).wrapping_sub(*entered));
                *entered = now as i32;
            }
        }
    }

    fn enter(&self, network: &Network, input: &Input, block: Block, to: &mut Spikes) {
        enter_planes(network, input, block, to);
    }

    fn run<L: Lanes>(&self, at: At<RefinedPhase>, inputs: Inputs, block: Block, out: &mut Spikes) {
        run::<L, _>(self, at, inputs, block, out);
    }

    fn charges(&self, layer: &Layer, state: &State, record: &mut Record) {
        record.charge(layer, |at| [state.charges.potential[at] as u32]);
    }
}

impl Signed for RefinedPhase {
    type Rule<'a> = Refine<'a>;

    fn charges_of(state: &mut State) -> &mut Charges {
        &mut state.charges
    }

    #[inline(always)]
    fn rule<'a>(
        &'a self,
        plan: &Plan,
        state: &'a mut State,
        _at: usize,
        block: Block,
        from: usize,
    ) -> (&'a mut Charges, Refine<'a>) {
        let quanta = &self.quanta[block.frame + block.first + from..];
        (&mut state.charges, Refine { quanta, shift: plan.threshold_shift, levels: self.levels })
    }

    fn payload(&self, block: Block, tick: usize) -> i32 {
        self.quanta[block.frame + block.first + tick].size
    }
}
