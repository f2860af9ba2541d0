//! Learning rules: how a tick changes the weights into a chunk.

use crate::kernel::rows::Tap;
use crate::lanes::Lanes;

/// A rule sees the spikes that arrived at a chunk and those that it sent in the same tick. It may read spikes of its own layer
/// only: a block of ticks runs layer after layer.
pub trait Plasticity: Copy {
    const LEARNS: bool;

    /// `taps`: what reaches the chunk, of which plane `tick` arrived. `fired`: masks of the lanes that fired.
    ///
    /// # Safety
    /// The taps hold the plane, and their rows have N vectors and are no one else's.
    unsafe fn after_tick<L: Lanes, const N: usize>(&self, taps: &[Tap], tick: usize, fired: &[L::I; N]);
}

/// Fixed weights.
#[derive(Clone, Copy)]
pub struct Fixed;

impl Plasticity for Fixed {
    const LEARNS: bool = false;

    #[inline(always)]
    unsafe fn after_tick<L: Lanes, const N: usize>(&self, _taps: &[Tap], _tick: usize, _fired: &[L::I; N]) {}
}
