//! The specification of a synapse, without weights.

use super::sweep::Sweep;
use crate::spikes::Geometry;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    /// Weights [outputs, inputs].
    Dense,
    /// Weights [ky, kx, inputs / groups, outputs].
    Conv(Sweep, usize),
    /// Weights: one for each neuron, or one for each channel of the target.
    Identity { per_neuron: bool },
}

#[derive(Clone, Copy)]
pub struct SynapseSpec {
    pub source: usize,
    pub kind: Kind,
    pub delayed: Option<Delayed>,
}

/// The delay of a synapse and its source, which may come after the target.
#[derive(Clone, Copy)]
pub struct Delayed {
    pub ticks: usize,
    pub from: Geometry,
}
