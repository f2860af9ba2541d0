//! Dense plastic weights, one row a source. A spike of a target would touch a column, a line of memory for each weight; instead a row
//! takes all spikes of targets that it has missed when something arrives through it, or when weights are read.

use super::eligibility::Eligibility;
use super::rule::Rule;
use super::traces::Arrived;
use crate::lanes::{Lanes, Native};

pub struct DenseRows {
    pub sources: usize,
    pub targets: usize,
    /// Values a row: whole vectors.
    stride: usize,
    pub weights: Vec<f32>,
    missed: Missed,
    /// Of each row: how many of the missed ticks it has taken.
    taken: Vec<u32>,
}

/// Ticks in which targets fired, since all rows were last up to date.
#[derive(Default)]
struct Missed {
    ticks: Vec<u64>,
    /// Of the eligibility, in that tick.
    units: Vec<f32>,
    ends: Vec<u32>,
    targets: Vec<u32>,
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
    pub fn miss(&mut self, tick: u64, fired: &[u32], unit: f32) {
        self.missed.ticks.push(tick);
        self.missed.units.push(unit);
        self.missed.targets.extend_from_slice(fired);
        self.missed.ends.push(self.missed.targets.len() as u32);
    }

    /// The row has taken the spikes of all ticks so far.
    pub fn skip(&mut self, row: usize) {
        self.taken[row] = self.missed.ticks.len() as u32;
    }

    pub fn is_full(&self) -> bool {
        self.missed.targets.len() > MOST_MISSED
    }

    pub fn catch_up(&mut self, row: usize, rule: &Rule, sources: &Arrived, eligibility: &mut Option<Eligibility>) {
        let missed = &self.missed;
        for entry in self.taken[row] as usize..missed.ticks.len() {
            let trace = sources.at(row, missed.ticks[entry], rule);
            if trace == 0.0 {
                break;
            }
            let first = if entry == 0 { 0 } else { missed.ends[entry - 1] };
            let fired = &missed.targets[first as usize..missed.ends[entry] as usize];
            change_row(&mut self.weights, eligibility, row * self.stride, rule, trace, fired, missed.units[entry]);
        }
        self.skip(row);
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

#[inline(always)]
fn change_row(
    weights: &mut [f32],
    eligibility: &mut Option<Eligibility>,
    first: usize,
    rule: &Rule,
    trace: f32,
    fired: &[u32],
    unit: f32,
) {
    match eligibility {
        None => {
            for &target in fired {
                rule.change.potentiate(&mut weights[first + target as usize], None, trace);
            }
        }
        Some(eligibility) => {
            for &target in fired {
                let at = first + target as usize;
                rule.change.potentiate(&mut weights[at], Some((&mut eligibility.values[at], unit)), trace);
            }
        }
    }
}
