//! Linear leaky integrate-and-fire simulation.

pub mod dense;
pub mod kernel;
pub mod layer;
pub mod neuron;
pub mod pool;
pub mod simulator;
pub mod spikes;
