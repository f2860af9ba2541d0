//! Linear leaky integrate-and-fire simulation.
