//! Linear leaky integrate-and-fire simulation.

mod chunks;
mod current;
mod delays;
pub mod dense;
mod events;
mod fan;
pub mod kernel;
pub mod layer;
mod layerwise;
pub mod network;
pub mod neuron;
mod pipeline;
mod pool;
mod signed_pool;
mod signed_rate;
pub mod simulator;
mod slots;
pub mod spikes;
mod state;
pub mod sweep;
pub mod synapse;
mod synchronous;
mod timed;
mod timed_pool;
mod views;
