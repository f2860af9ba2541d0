//! The only list of codes: a network with its code becomes one object, behind which everything is compiled for that code.

use crate::code::rate::Rate;
use crate::code::signed::Signed;
use crate::code::ttfs::Ttfs;
use crate::code::window::Windows;
use crate::code::Code;
use crate::input::Input;
use crate::lanes::Lanes;
use crate::network::Network;
use crate::pipeline::Pipeline;
use crate::record::Record;
use crate::schedule::Format;
use crate::simulator::{Simulator, Totals};

#[derive(Clone, Debug)]
pub enum Spec {
    Rate,
    Signed(Signed),
    Windows(Windows),
    Ttfs(Ttfs),
}

impl Spec {
    /// What a network for this code is made with.
    pub fn format(&self) -> Format {
        match self {
            Spec::Rate => Rate.format(),
            Spec::Signed(code) => code.format(),
            Spec::Windows(code) => code.format(),
            Spec::Ttfs(code) => code.format(),
        }
    }
}

/// `counts`: whether spikes of each neuron are counted.
pub fn simulator<L: Lanes + 'static>(spec: Spec, network: Network, counts: bool) -> Result<Box<dyn Simulate>, String> {
    Ok(match spec {
        Spec::Rate => Box::new(Whole::<L, _>::new(Rate, network, counts)?),
        Spec::Signed(code) => Box::new(Whole::<L, _>::new(code, network, counts)?),
        Spec::Windows(code) => Box::new(Whole::<L, _>::new(code, network, counts)?),
        Spec::Ttfs(code) => Box::new(Whole::<L, _>::new(code, network, counts)?),
    })
}

/// A simulator of any code.
pub trait Simulate {
    fn run(&mut self, input: Input, ticks: usize) -> Result<(), String>;
    fn reset(&mut self);
    /// The next run begins after this number of ticks of its frame, where runs are frames; what came before stays.
    fn resume_at(&mut self, tick: usize);
    /// Goes on without input and constant charge until a tick is silent (T8 b), as part of the last run; only where the code settles.
    fn settle(&mut self);
    /// Forgets the samples on their way through the layers.
    fn begin_pipeline(&mut self) -> Result<(), String>;
    /// One window at whose start a sample enters or not. Returns whether a sample's decision falls at its end: its results are then
    /// those that the simulator gives.
    fn pass_window(&mut self, input: Option<Input>) -> Result<bool, String>;
    /// From now on what every node sends is counted.
    fn count_sent(&mut self);
    /// Spikes of each neuron in the last run, of both signs.
    fn sent(&self, node: usize) -> &[u32];
    fn totals(&self) -> Totals;
    /// What the last run left, by node.
    fn records(&self) -> &[Record];
}

struct Whole<L: Lanes, C: Code> {
    simulator: Simulator<L, C>,
    pipeline: Option<Pipeline>,
}

impl<L: Lanes, C: Code> Whole<L, C> {
    fn new(code: C, network: Network, counts: bool) -> Result<Self, String> {
        Ok(Whole { simulator: Simulator::new(code, network, counts)?, pipeline: None })
    }
}

impl<L: Lanes, C: Code> Simulate for Whole<L, C> {
    fn run(&mut self, input: Input, ticks: usize) -> Result<(), String> {
        self.simulator.run(input, ticks)
    }

    fn reset(&mut self) {
        self.simulator.reset();
    }

    fn resume_at(&mut self, tick: usize) {
        self.simulator.resume_at(tick);
    }

    fn settle(&mut self) {
        self.simulator.settle();
    }

    fn begin_pipeline(&mut self) -> Result<(), String> {
        if !C::WINDOWS {
            return Err("pipeline: expected a layerwise network".into());
        }
        self.pipeline = Some(Pipeline::new(&self.simulator.network)?);
        Ok(())
    }

    fn pass_window(&mut self, input: Option<Input>) -> Result<bool, String> {
        let Some(pipeline) = self.pipeline.as_mut().filter(|_| C::WINDOWS) else {
            return Err("pipeline: expected it to be begun".into());
        };
        pipeline.pass(&mut self.simulator, input)
    }

    fn count_sent(&mut self) {
        self.simulator.count_sent();
    }

    fn sent(&self, node: usize) -> &[u32] {
        self.simulator.sent(node)
    }

    fn totals(&self) -> Totals {
        self.simulator.totals
    }

    fn records(&self) -> &[Record] {
        &self.simulator.records
    }
}
