//! The properties of a code that modules below it need, and the firing ticks of a window.

/// The form in which all layers of a network compute and send spikes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Format {
    /// Charges are f32 rather than i32.
    pub float: bool,
    /// Every spike carries the value of its time; then all ticks of a window are one plane.
    pub valued: bool,
    /// Planes of spikes a tick: 2 where spikes may be negative.
    pub signs: usize,
    /// Ticks of a window over which layer after layer runs; None: all layers tick together, for any number of ticks.
    pub window: Option<usize>,
}

impl Format {
    /// Times of spikes are real numbers.
    pub fn real(&self) -> bool {
        self.valued && self.float
    }
}

/// A neuron fires +1 iff 2·v ≥ θ·above, −1 iff 2·v < −θ·below, and then loses ±θ·payload.
#[derive(Clone, Copy, Debug)]
pub struct FiringTick {
    pub above: i32,
    /// None: no negative spikes.
    pub below: Option<i32>,
    pub payload: i32,
}
