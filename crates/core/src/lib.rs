//! Linear leaky integrate-and-fire simulation.

pub mod dense;
