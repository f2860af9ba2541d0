//! The flat form of a network: messages of 32-bit words, which ts/engine/flatten.ts writes, and which cross to WebAssembly or lie
//! in a file for the native program. Their order is written down here and there, and nowhere else.
//!
//! An array is its length and its words; charges are bits of f32 or i32. A network begins with one message of its code and input:
//!
//! | code | words after its number |
//! |---|---|
//! | 0 rate | |
//! | 1 signed rate | ticks of a window, cap, at most one spike a tick |
//! | 2 windows | gain, raised, cap (0: none), firing ticks (array): above, below + 1 (0: no negative spikes) and payload of each |
//! | 3 time to first spike | slots (0: real times) |
//! | 4 refined phase | levels, quanta (array), how many of them the input and each node skip (array), laziness (bits of f64, low word first) |
//!
//! and height, width and channels of the input. Then one message for each node:
//!
//! | node | words after its number |
//! |---|---|
//! | 0 pool | extents, source, sum, window, multiplicity (array) |
//! | 1 layer | extents, depth, rectified, 16-bit weights, spikes recorded; neuron: the number of its model and what the model reads (crates/core/src/neuron); arrays of bias, threshold (empty: an output), initial potential and traced neurons; synapses to the end |
//!
//! A window is kernel, stride and dilation (vertical, horizontal) and padding (top, left). A synapse is its source, delay in ticks
//! and extents of its source, then the number of its kind and what the kind reads (crates/core/src/synapse/spec.rs).

use crate::any::{simulator, Simulate, Spec};
use crate::code::signed::rate::SignedRate;
use crate::code::signed::refined::RefinedPhase;
use crate::code::signed::Signed;
use crate::code::ttfs::Ttfs;
use crate::code::window::Windows;
use crate::lanes::Lanes;
use crate::layer::LayerSpec;
use crate::network::{Network, PoolSpec};
use crate::neuron::NeuronSpec;
use crate::spikes::Geometry;
use crate::synapse::spec::{Delayed, Kind, SynapseSpec};
use crate::synapse::sweep::Sweep;
use crate::words::Words;

fn geometry(words: &mut Words) -> Result<Geometry, String> {
    match words.sizes()? {
        [height, width, channels] if height > 0 && width > 0 && channels > 0 => {
            Ok(Geometry { height, width, channels })
        }
        extents => Err(format!("geometry: expected height, width and channels above 0, got {extents:?}")),
    }
}

fn synapse(words: &mut Words) -> Result<SynapseSpec, String> {
    let (source, ticks, from) = (words.size()?, words.size()?, geometry(words)?);
    Ok(SynapseSpec { source, kind: Kind::read(words)?, delayed: (ticks > 0).then_some(Delayed { ticks, from }) })
}

/// A network while it is read, and its code.
pub struct Reader {
    spec: Spec,
    network: Network,
}

impl Reader {
    /// From the first message.
    pub fn new(message: &[u32]) -> Result<Reader, String> {
        let (spec, network) = network(message)?;
        Ok(Reader { spec, network })
    }

    /// Adds a node, a layer without weights; returns its number.
    pub fn node(&mut self, message: &[u32]) -> Result<usize, String> {
        node(&mut self.network, message)
    }

    /// The next weights of a synapse of the last node.
    pub fn weights(&mut self, synapse: usize, values: &[u32]) -> Result<(), String> {
        self.network.weights(synapse, values)
    }

    /// Numbers of the populations, or of the outputs.
    pub fn layers(&self, fire: bool) -> Vec<usize> {
        self.network.layers().filter(|(_, layer)| layer.fires == fire).map(|(number, _)| number).collect()
    }

    /// Ends the network. `counts`: whether spikes of each neuron are counted.
    pub fn simulator<L: Lanes + 'static>(self, counts: bool) -> Result<Box<dyn Simulate>, String> {
        simulator::<L>(self.spec, self.network, counts)
    }
}

fn network(words: &[u32]) -> Result<(Spec, Network), String> {
    let mut words = Words::new(words);
    let spec = match words.word()? {
        0 => Spec::Rate,
        1 => {
            let (window_ticks, cap, once) = (words.word()? as i32, words.word()? as i32, words.flag()?);
            Spec::Signed(Signed::Rate(SignedRate { window_ticks, cap, once }))
        }
        2 => {
            let (gain, raised, cap) = (words.word()? as i32, words.flag()?, words.word()? as i32);
            Spec::Windows(Windows::from_numbers(gain, words.array()?, raised, cap))
        }
        3 => Spec::Ttfs(match words.word()? as i32 {
            0 => Ttfs::Real,
            slots => Ttfs::Slots(slots),
        }),
        4 => {
            let (levels, quanta, ahead) = (words.word()? as i32, words.array()?, words.array()?);
            let laziness = u64::from(words.word()?) | u64::from(words.word()?) << 32;
            Spec::Signed(Signed::Refined(RefinedPhase::new(levels, quanta, ahead, f64::from_bits(laziness))))
        }
        other => return Err(format!("network: no code has the number {other}")),
    };
    let network = Network::new(geometry(&mut words)?, spec.format());
    words.end()?;
    Ok((spec, network))
}

fn node(network: &mut Network, words: &[u32]) -> Result<usize, String> {
    let mut words = Words::new(words);
    match words.word()? {
        0 => {
            let to = geometry(&mut words)?;
            let (source, sum) = (words.size()?, words.flag()?);
            let (sweep, multiplicity) = (Sweep::new(words.sizes()?), words.array()?.to_vec());
            words.end()?;
            network.pool(PoolSpec { source, sum, to, sweep, multiplicity })
        }
        1 => network.layer(layer(&mut words)?),
        other => Err(format!("node: no kind has the number {other}")),
    }
}

fn layer(words: &mut Words) -> Result<LayerSpec, String> {
    let geometry = geometry(words)?;
    let depth = words.size()?;
    let (rectified, narrow, record_spikes) = (words.flag()?, words.flag()?, words.flag()?);
    let neuron = NeuronSpec::read(words)?;
    let mut array = || words.array().map(<[u32]>::to_vec);
    let (bias, threshold, initial, traced) = (array()?, array()?, array()?, array()?);
    let mut synapses = Vec::new();
    while !words.is_empty() {
        synapses.push(synapse(words)?);
    }
    Ok(LayerSpec {
        geometry,
        depth,
        fires: !threshold.is_empty(),
        neuron,
        rectified,
        narrow,
        bias,
        threshold,
        initial,
        synapses,
        record_spikes,
        traced,
    })
}
