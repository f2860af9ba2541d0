//! Poisson counts from outside: one PCG32 stream a neuron, counts by inversion.

use crate::random::next;

/// Most counts of a neuron in one tick.
const MOST: u32 = 1000;

pub struct Background {
    pub into: usize,
    pub mean: f64,
    /// e^−mean.
    pub zero: f64,
    pub weight: f32,
    pub neurons: Vec<u32>,
    pub states: Vec<u64>,
}

impl Background {
    /// `zero`: e^−mean.
    pub fn new(into: usize, mean: f64, zero: f64, weight: f32, neurons: Vec<u32>, states: Vec<u64>) -> Background {
        Background { into, mean, zero, weight, neurons, states }
    }

    /// Adds the counts of a tick, times the weight.
    pub fn add(&mut self, sums: &mut [f32]) {
        let Background { mean, zero, weight, .. } = *self;
        for (&neuron, state) in self.neurons.iter().zip(&mut self.states) {
            let draw = f64::from(next(state)) / 4_294_967_296.0;
            if draw < zero {
                continue;
            }
            let (mut count, mut probability, mut sum) = (0, zero, zero);
            while draw >= sum && count < MOST {
                count += 1;
                probability = probability * mean / f64::from(count);
                sum += probability;
            }
            sums[neuron as usize] += (f64::from(count) * f64::from(weight)) as f32;
        }
    }
}
