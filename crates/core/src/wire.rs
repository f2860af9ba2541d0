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
//! | 4 refined phase | levels, quanta (array), laziness (bits of f64, low word first) |
//!
//! and height, width and channels of the input. Then one message for each node:
//!
//! | node | words after its number |
//! |---|---|
//! | 0 pool | extents, source, sum, window, multiplicity (array) |
//! | 1 layer | extents, depth, rectified, 16-bit weights, spikes recorded; neuron: the number of its model and what the model reads (crates/core/src/neuron); arrays of bias, threshold (empty: an output), initial potential and traced neurons; synapses to the end |
//!
//! A window is kernel, stride and dilation (vertical, horizontal) and padding (top, left). A synapse is its source, kind (0 dense,
//! 1 convolution, 2 identity by channel, 3 identity by neuron, 4 transposed convolution), window and groups (else zeros), delay in
//! ticks, and extents of its source.

use crate::any::Spec;
use crate::code::signed::rate::SignedRate;
use crate::code::signed::refined::RefinedPhase;
use crate::code::signed::Signed;
use crate::code::ttfs::Ttfs;
use crate::code::window::Windows;
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
    let (source, kind) = (words.size()?, words.word()?);
    let (sweep, groups) = (Sweep::new(words.sizes()?), words.size()?);
    let kind = match kind {
        0 => Kind::Dense,
        1 => Kind::Conv(sweep, groups),
        2 => Kind::Identity { per_neuron: false },
        3 => Kind::Identity { per_neuron: true },
        4 => Kind::Conv(sweep.transpose(), groups),
        other => return Err(format!("synapse from node {source}: no kind has the number {other}")),
    };
    let (ticks, from) = (words.size()?, geometry(words)?);
    Ok(SynapseSpec { source, kind, delayed: (ticks > 0).then_some(Delayed { ticks, from }) })
}

/// Reads the first message.
pub fn network(words: &[u32]) -> Result<(Spec, Network), String> {
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
            let (levels, quanta) = (words.word()? as i32, words.array()?);
            let laziness = u64::from(words.word()?) | u64::from(words.word()?) << 32;
            Spec::Signed(Signed::Refined(RefinedPhase::new(levels, quanta, f64::from_bits(laziness))))
        }
        other => return Err(format!("network: no code has the number {other}")),
    };
    let network = Network::new(geometry(&mut words)?, spec.format());
    words.end()?;
    Ok((spec, network))
}

/// Reads the message of a node and adds it, a layer without weights; returns its number.
pub fn node(network: &mut Network, words: &[u32]) -> Result<usize, String> {
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
