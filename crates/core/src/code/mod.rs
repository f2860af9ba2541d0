//! Codes: how the layers of a network integrate and fire. A code is one file here and one line in `any.rs`.

pub mod rate;
pub mod signed;
pub mod ttfs;
pub mod window;

use crate::arrive::Inputs;
use crate::input::Input;
use crate::lanes::Lanes;
use crate::layer::Layer;
use crate::network::{Network, Pool};
use crate::parameters::PerNeuron;
use crate::pool::Pooling;
use crate::record::Record;
use crate::schedule::Format;
use crate::spikes::Spikes;

/// Ticks of a run that pass through the graph at once, so that long runs need no more memory.
pub const BLOCK_TICKS: usize = 64;

/// The simulator knows nothing else of how a layer integrates and fires.
pub trait Code: Sized + 'static {
    /// What holds for one layer from the start.
    type Plan;
    /// What a run changes in one layer, beside its record.
    type State;
    /// Buffers shared by all layers.
    type Scratch: Default;
    /// The maximum of this code; sums are the same in all.
    type Max: Pooling;

    /// Whether a run may go on until a tick is silent.
    const SETTLES: bool = false;

    /// Whether layer after layer runs over a whole window, so that samples may follow one another through them.
    const WINDOWS: bool = false;

    fn format(&self) -> Format;

    /// Refuses parameters that no network can have.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// Most ticks that pass through the graph at once, where no window says so.
    fn block(&self, _network: &Network) -> usize {
        BLOCK_TICKS
    }

    /// Ticks of a frame, where a run is one, or a part of one; None: a run may have any number of ticks.
    fn most_ticks(&self) -> Option<usize> {
        None
    }

    /// Of a layer of a network that is complete.
    fn plan(&self, network: &Network, node: usize, layer: &Layer) -> Self::Plan;

    /// Charge without input, where it is not the bias alone.
    fn rest(&self, _layer: &Layer) -> Option<PerNeuron> {
        None
    }

    /// Planes of the binary counts that a layer takes instead of ticks; 0: it takes ticks.
    fn count_planes(&self, _plan: &Self::Plan) -> usize {
        0
    }

    fn max(&self, network: &Network, pool: &Pool) -> Self::Max;

    fn state(&self, layer: &Layer) -> Self::State;

    fn reset(&self, _layer: &Layer, _state: &mut Self::State) {}

    /// Constant current as the layers take it beside spikes; none where it comes as spikes.
    fn current<'a>(&self, input: &Input<'a>) -> Option<&'a [u32]> {
        input.current()
    }

    /// A run begins, `elapsed` ticks after the last reset.
    fn begin(&self, _layer: &Layer, _state: &mut Self::State, _constant: &PerNeuron, _elapsed: u64) {}

    /// The input's spikes of a block, in this code's form.
    fn enter(&self, network: &Network, input: &Input, block: Block, to: &mut Spikes);

    /// Runs one layer over a block.
    fn run<L: Lanes>(&self, at: At<Self>, inputs: Inputs, block: Block, out: &mut Spikes);

    /// Writes the charges of an output at the end of a run.
    fn charges(&self, layer: &Layer, state: &Self::State, record: &mut Record);

    /// No constant charge from now on.
    fn quiet(&self, _state: &mut Self::State) {}
}

/// One layer in a run.
pub struct At<'a, C: Code> {
    pub layer: &'a Layer,
    pub plan: &'a C::Plan,
    pub state: &'a mut C::State,
    pub scratch: &'a mut C::Scratch,
    pub record: &'a mut Record,
}

/// Ticks `first` to `first + ticks` of a run of `of`.
#[derive(Clone, Copy)]
pub struct Block {
    pub first: usize,
    pub ticks: usize,
    pub of: usize,
    /// Ticks of the frame before this run.
    pub frame: usize,
    /// No input of the network spikes twice in a tick.
    pub distinct: bool,
}

/// Spikes of a block in planes, or silence.
pub fn enter_planes(network: &Network, input: &Input, block: Block, to: &mut Spikes) {
    let (geometry, signs) = (network.nodes[0].geometry(), network.format.signs);
    match *input {
        Input::Events { neurons, starts, .. } => {
            to.fill(geometry, neurons, &starts[block.first * signs..=(block.first + block.ticks) * signs])
        }
        _ => to.fill_silent(geometry, block.ticks * signs),
    }
}
