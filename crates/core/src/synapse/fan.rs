//! Counts the targets of a source's spikes: the synaptic operations.

use super::sweep::Sweep;
use crate::spikes::{Geometry, Spikes};

/// Cost of delivered spikes.
#[derive(Clone, Copy, Default)]
pub struct Cost {
    /// Existing targets of every spike.
    pub operations: u64,
    /// Weights added for them: fewer where one entry stands for many spikes.
    pub additions: u64,
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Cost) {
        self.operations += other.operations;
        self.additions += other.additions;
    }
}

pub struct Fan {
    rows: Vec<u64>,
    /// Column sums are starts differences: (x, change of the fan at x).
    changes: Vec<(usize, i64)>,
    channels: u64,
}

impl Fan {
    pub fn uniform(from: Geometry, channels: u64) -> Fan {
        Fan { rows: vec![1; from.height], changes: vec![(0, 1), (from.width, -1)], channels }
    }

    pub fn of(sweep: &Sweep, from: Geometry, to: Geometry, channels: u64) -> Fan {
        let count = |axis: usize, input: usize, output: usize| -> Vec<u64> {
            sweep.readers(axis, input, output).iter().map(|list| list.len() as u64).collect()
        };
        let columns = count(1, from.width, to.width);
        let mut changes = Vec::new();
        let mut former = 0i64;
        for (x, fan) in columns.iter().map(|&fan| fan as i64).chain([0]).enumerate() {
            if fan != former {
                changes.push((x, fan - former));
            }
            former = fan;
        }
        Fan { rows: count(0, from.height, to.height), changes, channels }
    }

    /// Of all spikes of a source that is `width` columns wide.
    pub fn cost(&self, spikes: &Spikes, width: usize) -> Cost {
        let mut total = Cost::default();
        for (row, fan) in self.rows.iter().enumerate() {
            for plane in 0..spikes.planes {
                let at = (row * spikes.planes + plane) * width;
                let mut columns = 0;
                for &(x, change) in &self.changes {
                    columns -= change * i64::from(spikes.starts[at + x]);
                }
                let additions = fan * columns as u64 * self.channels;
                total += Cost { operations: additions * u64::from(spikes.weight(plane)), additions };
            }
        }
        total
    }
}
