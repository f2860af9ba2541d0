//! What a synapse is asked to be, before it has weights.

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

/// A synapse that delivers what its source sent some ticks ago; the source may come later than the target.
#[derive(Clone, Copy)]
pub struct Delayed {
    pub ticks: usize,
    pub from: Geometry,
}

impl SynapseSpec {
    /// From fifteen numbers each: source, kind (0 dense, 1 convolution, 2 identity by channel, 3 identity by neuron, 4 transposed
    /// convolution); then of a convolution kernel, stride, dilation (vertical, horizontal), padding (top, left) and groups, else zeros; then the delay in ticks, and height,
    /// width and channels of the source.
    pub fn from_numbers(numbers: &[u32]) -> Result<Vec<SynapseSpec>, String> {
        let spec = |numbers: &[u32]| {
            let sizes: Vec<usize> = numbers.iter().map(|&number| number as usize).collect();
            let [source, kind, window @ .., groups, ticks, height, width, channels] =
                <[usize; 15]>::try_from(sizes).map_err(|_| "synapse: expected 15 numbers")?;
            let kind = match kind {
                0 => Kind::Dense,
                1 => Kind::Conv(Sweep::new(window), groups),
                4 => Kind::Conv(Sweep::new(window).transpose(), groups),
                kind => Kind::Identity { per_neuron: kind == 3 },
            };
            let delayed = (ticks > 0).then_some(Delayed { ticks, from: Geometry { height, width, channels } });
            Ok(SynapseSpec { source, kind, delayed })
        };
        numbers.chunks(15).map(spec).collect()
    }
}
