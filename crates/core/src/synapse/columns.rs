//! Which layers compute neighbouring columns as channels of one. The rows of a narrow convolution are short and few for each list of
//! spikes; a kernel that is wider by a stride for each further column makes them longer, and the lists fewer. The weights that a
//! column does not have are missing ones. Neurons keep their numbers and the order in which their charge is added.

use super::chunks::Width;
use super::spec::{Kind, SynapseSpec};
use crate::spikes::Geometry;

/// Most channels of a layer that gains: measured at 16, and 32 did not.
const MOST_CHANNELS: usize = 16;
/// Vectors of the largest chunk.
const MOST_VECTORS: usize = 8;

/// Columns that a layer packs into one; 1: none.
pub fn packed(to: Geometry, width: Width, synapses: &[SynapseSpec]) -> usize {
    let fits = |synapse: &SynapseSpec| match synapse.kind {
        // Of what is missing, its product with a current that is negative or infinite is not −0.0.
        _ if width == Width::Float && synapse.source == 0 => false,
        Kind::Conv(sweep, 1) => sweep.whole_rows(),
        Kind::Identity { .. } => true,
        _ => false,
    };
    // Neighbours share what they read where a kernel is wider than its stride.
    let shares =
        |synapse: &SynapseSpec| matches!(synapse.kind, Kind::Conv(sweep, _) if sweep.kernel[1] > sweep.stride[1]);
    // A column begins a byte of bits.
    if to.channels > MOST_CHANNELS || to.channels % 8 != 0 || !synapses.iter().all(fits) || !synapses.iter().any(shares)
    {
        return 1;
    }
    let most = MOST_VECTORS * width.lanes() / to.channels;
    [4, 2].into_iter().find(|&columns| columns <= most && to.width % columns == 0).unwrap_or(1)
}
