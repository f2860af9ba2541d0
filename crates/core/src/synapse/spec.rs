//! The kinds of synapses, and what the rest of the core asks of each.

use super::fan::Fan;
use super::sweep::Sweep;
use crate::schedule::Format;
use crate::spikes::Geometry;
use crate::words::Words;

/// Their targets and weights just fit the memory of WebAssembly.
const MOST_CONNECTIONS: usize = 1 << 29;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    /// Weights [outputs, inputs].
    Dense,
    /// Weights [ky, kx, inputs / groups, outputs].
    Conv(Sweep, usize),
    /// Weights: one for each neuron, or one for each channel of the target.
    Identity { per_neuron: bool },
    /// Offsets by source, targets, weights; see sparse.rs.
    Sparse { connections: usize },
}

impl Kind {
    /// Reads the number of the kind and its own words:
    ///
    /// | kind | words after its number |
    /// |---|---|
    /// | 0 dense | |
    /// | 1 convolution, 4 transposed | window, groups |
    /// | 2 identity by channel, 3 by neuron | |
    /// | 5 sparse | number of connections |
    pub fn read(words: &mut Words) -> Result<Kind, String> {
        Ok(match words.word()? {
            0 => Kind::Dense,
            number @ (1 | 4) => {
                let sweep = Sweep::new(words.sizes()?);
                Kind::Conv(if number == 4 { sweep.transpose() } else { sweep }, words.size()?)
            }
            number @ (2 | 3) => Kind::Identity { per_neuron: number == 3 },
            5 => Kind::Sparse { connections: words.size()? },
            _ => return Err("synapse: no kind has this number".into()),
        })
    }

    /// Refuses ends that it cannot connect, and codes in which it has no meaning.
    pub fn check(&self, from: Geometry, to: Geometry, format: &Format) -> Result<(), String> {
        let fits = match *self {
            Kind::Dense => true,
            Kind::Conv(Sweep { kernel, stride, dilation, .. }, groups) => {
                let zero = groups == 0 || [kernel, stride, dilation].iter().any(|sizes| sizes.contains(&0));
                !zero && from.channels % groups == 0 && to.channels % groups == 0
            }
            Kind::Identity { .. } => from.size() == to.size(),
            Kind::Sparse { connections } => connections <= MOST_CONNECTIONS && format.float && !format.valued,
        };
        // The caller has checked it, and said more.
        fits.then_some(())
            .ok_or_else(|| "synapse: expected sizes above 0, equal groups, and ends that fit its kind".into())
    }

    /// Number of weights, and of other words before them.
    pub fn weights(&self, from: Geometry, to: Geometry) -> usize {
        match *self {
            Kind::Dense => to.size() * from.size(),
            Kind::Conv(sweep, groups) => sweep.kernel[0] * sweep.kernel[1] * (from.channels / groups) * to.channels,
            Kind::Identity { per_neuron: true } => to.size(),
            Kind::Identity { per_neuron: false } => to.channels,
            Kind::Sparse { connections } => self.words_before_weights(from) + connections,
        }
    }

    /// Words that say where the weights belong.
    pub fn words_before_weights(&self, from: Geometry) -> usize {
        match *self {
            Kind::Sparse { connections } => from.size() + 1 + connections,
            _ => 0,
        }
    }

    /// Channels that one event reaches at one position.
    pub fn reached_channels(&self, to: Geometry) -> usize {
        match *self {
            Kind::Dense => to.channels,
            Kind::Conv(_, groups) => to.channels / groups,
            Kind::Identity { .. } | Kind::Sparse { .. } => 1,
        }
    }

    /// Whether it has no rows of weights, so that its whole layer delivers event by event.
    pub fn has_no_rows(&self) -> bool {
        matches!(*self, Kind::Sparse { .. })
    }

    /// Whether an event reaches the channels of its group alone.
    pub fn is_grouped(&self) -> bool {
        matches!(*self, Kind::Conv(_, groups) if groups > 1)
    }

    /// Targets of the spikes of each source.
    pub fn fan(&self, from: Geometry, to: Geometry) -> Fan {
        match *self {
            Kind::Dense => Fan::uniform(from, to.size() as u64),
            Kind::Conv(sweep, groups) => Fan::of(&sweep, from, to, (to.channels / groups) as u64),
            Kind::Identity { .. } => Fan::uniform(from, 1),
            // sparse.rs counts them.
            Kind::Sparse { .. } => Fan::uniform(from, 0),
        }
    }
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
