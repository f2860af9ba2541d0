//! One layer learns in spikes, image after image. Each rule is a file.

pub mod pair;
pub mod winner;

/// What presentations took.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub struct Presentations {
    pub silent: u32,
    pub ticks: u64,
    pub input_spikes: u64,
}
