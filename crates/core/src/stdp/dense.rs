//! Dense plastic weights, one row a source. A spike of a target would touch a column, a line of memory for each weight; instead a row
//! takes all spikes of targets that it has missed when something arrives through it, or when weights are read.

use super::eligibility::Eligibility;
use super::rule::{Change, Rule};
use super::traces::Arrived;
use crate::lanes::{Lanes, Native};

pub struct DenseRows {
    pub sources: usize,
    pub targets: usize,
    /// Values a row: whole vectors.
    stride: usize,
    pub weights: Vec<f32>,
    missed: Missed,
    /// Of each row: how many of the missed spikes it has taken.
    taken: Vec<u32>,
}

/// Spikes of targets since all rows were last up to date.
#[derive(Default)]
struct Missed {
    targets: Vec<u32>,
    ticks: Vec<u64>,
    /// Of the eligibility, in that tick; empty without.
    units: Vec<f32>,
}

/// With more spikes kept than this, all rows take them.
const MOST_MISSED: usize = 1 << 14;

impl DenseRows {
    pub fn new(sources: usize, targets: usize) -> DenseRows {
        let stride = targets.next_multiple_of(4);
        let weights = vec![0.0; sources * stride];
        DenseRows { sources, targets, stride, weights, missed: Missed::default(), taken: vec![0; sources] }
    }

    pub fn deliver(&mut self, row: usize, sums: &mut [f32]) {
        let weights = &self.weights[row * self.stride..][..self.targets];
        for (sum, weight) in sums.chunks_exact_mut(4).zip(weights.chunks_exact(4)) {
            // Safety: four values each.
            unsafe {
                let added = Native::add_f(Native::load_f(sum.as_ptr()), Native::load_f(weight.as_ptr()));
                Native::store_f(sum.as_mut_ptr(), added);
            }
        }
        let whole = self.targets / 4 * 4;
        for (sum, weight) in sums[whole..].iter_mut().zip(&weights[whole..]) {
            *sum += weight;
        }
    }

    pub fn depress(&mut self, row: usize, rule: &Rule, traces: &[f32], eligibility: &mut Option<Eligibility>) {
        let span = row * self.stride..(row + 1) * self.stride;
        let waiting = eligibility.as_mut().map(|values| {
            let unit = values.unit();
            (&mut values.values[span.clone()], unit)
        });
        rule.change.depress_row::<Native>(&mut self.weights[span], waiting, traces);
    }

    /// Keeps the spikes of a tick for all rows.
    pub fn miss(&mut self, tick: u64, fired: &[u32], eligibility: &Option<Eligibility>) {
        self.missed.targets.extend_from_slice(fired);
        self.missed.ticks.resize(self.missed.targets.len(), tick);
        if let Some(eligibility) = eligibility {
            self.missed.units.resize(self.missed.targets.len(), eligibility.unit());
        }
    }

    pub fn is_full(&self) -> bool {
        self.missed.targets.len() > MOST_MISSED
    }

    pub fn catch_up(&mut self, row: usize, rule: &Rule, sources: &Arrived, eligibility: &mut Option<Eligibility>) {
        let first = std::mem::replace(&mut self.taken[row], self.missed.targets.len() as u32) as usize;
        let span = row * self.stride..(row + 1) * self.stride;
        let weights = &mut self.weights[span.clone()];
        let (trace, last) = (sources.values[row], sources.ticks[row]);
        if trace == 0.0 {
            return;
        }
        let ticks = &self.missed.ticks[first..];
        let ticks = &ticks[..ticks.partition_point(|tick| tick.wrapping_sub(last) < rule.source.end())];
        let targets = &self.missed.targets[first..];
        match eligibility {
            None if rule.change.multiplicative => take::<true>(weights, targets, ticks, trace, last, rule),
            None => take::<false>(weights, targets, ticks, trace, last, rule),
            Some(eligibility) => {
                let values = &mut eligibility.values[span];
                for ((&target, &tick), &unit) in targets.iter().zip(ticks).zip(&self.missed.units[first..]) {
                    let left = trace * rule.source.after(tick.wrapping_sub(last));
                    let at = target as usize;
                    rule.change.potentiate(&mut weights[at], Some((&mut values[at], unit)), left);
                }
            }
        }
    }

    pub fn catch_up_all(&mut self, rule: &Rule, sources: &Arrived, eligibility: &mut Option<Eligibility>) {
        for row in 0..self.sources {
            self.catch_up(row, rule, sources, eligibility);
        }
        self.missed = Missed::default();
        self.taken.fill(0);
    }

    pub fn forget(&mut self) {
        self.missed = Missed::default();
        self.taken.fill(0);
    }

    /// Where the weight with this number, target after target, is.
    #[inline(always)]
    pub fn place(&self, number: usize) -> usize {
        number % self.sources * self.stride + number / self.sources
    }
}

/// The weights of one row take spikes of targets.
#[inline(always)]
fn take<const MULTIPLICATIVE: bool>(
    weights: &mut [f32],
    targets: &[u32],
    ticks: &[u64],
    trace: f32,
    last: u64,
    rule: &Rule,
) {
    let change = Change { multiplicative: MULTIPLICATIVE, ..rule.change };
    for (&target, &tick) in targets.iter().zip(ticks) {
        let left = trace * rule.source.after(tick.wrapping_sub(last));
        change.potentiate(&mut weights[target as usize], None, left);
    }
}
