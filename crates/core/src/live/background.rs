//! Poisson counts from outside: one PCG32 stream a neuron, counts by inversion.

use super::delivery::Waker;
use crate::random::next;

/// Most counts of a neuron in one tick.
const MOST: usize = 1000;

pub struct Background {
    pub into: usize,
    pub neurons: Vec<u32>,
    pub states: Vec<u64>,
    /// A draw of 32 bits means as many counts as there are limits that it reaches; the last limit is out of reach.
    limits: Vec<u64>,
    /// The least count of draws with these upper eight bits.
    least: Vec<u16>,
    /// Count times weight, of every count.
    charges: Vec<f32>,
}

impl Background {
    /// `zero`: e^−mean.
    pub fn new(into: usize, mean: f64, zero: f64, weight: f32, neurons: Vec<u32>, states: Vec<u64>) -> Background {
        let (mut limits, mut probability, mut sum) = (Vec::new(), zero, zero);
        // A draw d of 32 bits is below a sum of probabilities where d < sum · 2³², and that product is exact.
        for count in 1..=MOST {
            limits.push((sum * 4_294_967_296.0).ceil() as u64);
            if sum >= 1.0 {
                break;
            }
            probability = probability * mean / count as f64;
            sum += probability;
        }
        let charges = (0..=limits.len()).map(|count| (count as f64 * f64::from(weight)) as f32).collect();
        let least = (0..256).map(|byte| limits.partition_point(|&limit| limit <= byte << 24) as u16).collect();
        limits.push(u64::MAX);
        Background { into, neurons, states, limits, least, charges }
    }

    /// Adds the counts of a tick, times the weight.
    pub fn add(&mut self, sums: &mut [f32], waker: &mut Waker) {
        let Background { neurons, states, limits, least, charges, .. } = self;
        let first = limits[0];
        for (&neuron, state) in neurons.iter().zip(states) {
            let draw = u64::from(next(state));
            if draw < first {
                continue;
            }
            let mut count = usize::from(least[(draw >> 24) as usize]);
            while draw >= limits[count] {
                count += 1;
            }
            sums[neuron as usize] += charges[count];
            waker.wake(neuron as usize);
        }
    }
}
