//! Signed rate (T8): integer neurons that may cancel earlier spikes. All layers tick together.

use super::{run, Charges, Plan, Scratch, Signed};
use crate::arrive::Inputs;
use crate::code::{enter_planes, At, Block, Code};
use crate::input::Input;
use crate::kernel::signed::cancel::Cancel;
use crate::lanes::Lanes;
use crate::layer::Layer;
use crate::network::{Network, Pool};
use crate::parameters::PerNeuron;
use crate::pool::largest::Largest;
use crate::record::Record;
use crate::schedule::Format;
use crate::spikes::Spikes;

/// After every tick a count is clip(⌊(v0 + Z) / θ⌋, 0, cap), Z the charge so far. Constant charge is spread over `window_ticks`.
#[derive(Clone, Copy, Debug)]
pub struct SignedRate {
    pub window_ticks: i32,
    pub cap: i32,
    /// At most one spike a neuron and tick: the count holds once a tick is silent.
    pub once: bool,
}

/// Of every neuron, [positions][padded].
pub struct State {
    charges: Charges,
    /// Of a window's constant charge A: ⌊A/T⌋, A mod T, and (A mod T)·t mod T after t ticks.
    each: Vec<i32>,
    rest: Vec<i32>,
    carry: Vec<i32>,
}

impl Code for SignedRate {
    type Plan = Plan;
    type State = State;
    type Scratch = Scratch;
    type Max = Largest;

    const SETTLES: bool = true;

    fn format(&self) -> Format {
        Format { float: false, valued: false, signs: 2, window: None }
    }

    fn check(&self) -> Result<(), String> {
        if (1..=1 << 30).contains(&self.window_ticks) && self.cap > 0 {
            return Ok(());
        }
        Err(format!(
            "signed rate: expected 1 to 2^30 ticks a window and a cap of at least 1, got {} and {}",
            self.window_ticks, self.cap
        ))
    }

    fn plan(&self, _network: &Network, _node: usize, layer: &Layer) -> Plan {
        Plan::new(layer)
    }

    fn max(&self, _network: &Network, pool: &Pool) -> Largest {
        Largest::new(&pool.reach, Vec::new())
    }

    fn state(&self, layer: &Layer) -> State {
        let zeros = || vec![0; layer.lanes()];
        State { charges: Charges::new(layer), each: zeros(), rest: zeros(), carry: zeros() }
    }

    fn reset(&self, layer: &Layer, State { charges, .. }: &mut State) {
        for (position, potential) in charges.potential.chunks_exact_mut(layer.padded).enumerate() {
            for (lane, v) in potential.iter_mut().enumerate() {
                *v = if layer.fires { layer.initial.at(position)[lane] as i32 } else { 0 };
            }
        }
        charges.counts.fill(0);
    }

    /// Spreads the constant charge over a window: tick t delivers ⌊(t + 1)·A/T⌋ − ⌊t·A/T⌋, from tick `elapsed` on.
    fn begin(&self, layer: &Layer, state: &mut State, constant: &PerNeuron, elapsed: u64) {
        let (ticks, t) = (self.window_ticks, elapsed % self.window_ticks as u64);
        let State { charges, each, rest, carry } = state;
        charges.before.clone_from(&charges.counts);
        for position in 0..layer.geometry.positions() {
            let first = position * layer.padded;
            for (lane, &charge) in constant.at(position)[..layer.padded].iter().enumerate() {
                let (charge, at) = (charge as i32, first + lane);
                each[at] = charge.div_euclid(ticks);
                rest[at] = charge.rem_euclid(ticks);
                carry[at] = (rest[at] as u64 * t % ticks as u64) as i32;
            }
        }
    }

    fn enter(&self, network: &Network, input: &Input, block: Block, to: &mut Spikes) {
        enter_planes(network, input, block, to);
    }

    fn run<L: Lanes>(&self, at: At<SignedRate>, inputs: Inputs, block: Block, out: &mut Spikes) {
        run::<L, _>(self, at, inputs, block, out);
    }

    fn charges(&self, layer: &Layer, state: &State, record: &mut Record) {
        record.charge(layer, |at| [state.charges.potential[at] as u32]);
    }

    fn quiet(&self, state: &mut State) {
        state.each.fill(0);
        state.rest.fill(0);
    }
}

impl Signed for SignedRate {
    type Rule<'a> = Cancel;

    fn charges_of(state: &mut State) -> &mut Charges {
        &mut state.charges
    }

    #[inline(always)]
    fn rule<'a>(
        &'a self,
        plan: &Plan,
        State { charges, each, rest, carry }: &'a mut State,
        at: usize,
        _block: Block,
        _from: usize,
    ) -> (&'a mut Charges, Cancel) {
        let rule = Cancel {
            shift: plan.threshold_shift,
            cap: self.cap,
            once: self.once,
            each: each[at..].as_ptr(),
            rest: rest[at..].as_ptr(),
            carry: carry[at..].as_mut_ptr(),
            window_ticks: self.window_ticks,
        };
        (charges, rule)
    }

    fn payload(&self, _block: Block, _tick: usize) -> i32 {
        1
    }
}
