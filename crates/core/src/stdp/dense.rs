//! Dense plastic weights, one row a source. A spike of a target would touch a column, a line of memory for each weight; instead a row
//! takes all spikes of targets that it has missed when something arrives through it, or when weights are read.

use super::eligibility::Eligibility;
use super::rule::{Change, Rule};
use super::traces::{Arrived, Fired};
use crate::lanes::{Lanes, Native};

/// Targets of a vector, and of the vectors that stay in registers while rows are added.
const LANES: usize = 4;
const VECTORS: usize = 8;

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

    /// Adds rows, in order, to the sums of one chunk of targets after the other, which stay in registers.
    pub fn deliver(&self, rows: &[u32], sums: &mut [f32]) {
        let (mut chunks, mut first) = (sums[..self.targets].chunks_exact_mut(LANES * VECTORS), 0);
        for chunk in &mut chunks {
            self.add_rows::<VECTORS>(rows, first, chunk);
            first += LANES * VECTORS;
        }
        let mut vectors = chunks.into_remainder().chunks_exact_mut(LANES);
        for vector in &mut vectors {
            self.add_rows::<1>(rows, first, vector);
            first += LANES;
        }
        for (target, sum) in (first..).zip(vectors.into_remainder()) {
            *sum = rows.iter().fold(*sum, |sum, &row| sum + self.weights[row as usize * self.stride + target]);
        }
    }

    #[inline(always)]
    fn add_rows<const N: usize>(&self, rows: &[u32], first: usize, sums: &mut [f32]) {
        debug_assert!(sums.len() == LANES * N && first + LANES * N <= self.stride);
        // Safety: N vectors of sums, and as many weights from `first` on in each row, all of which the synapse has.
        unsafe {
            let to = sums.as_mut_ptr();
            let mut v: [_; N] = std::array::from_fn(|k| Native::load_f(to.add(LANES * k)));
            let column = self.weights.as_ptr().add(first);
            for &row in rows {
                debug_assert!((row as usize) < self.sources);
                let at = column.add(row as usize * self.stride);
                v = std::array::from_fn(|k| Native::add_f(v[k], Native::load_f(at.add(LANES * k))));
            }
            for (k, &v) in v.iter().enumerate() {
                Native::store_f(to.add(LANES * k), v);
            }
        }
    }

    pub fn depress(&mut self, row: usize, rule: &Rule, traces: &Fired, eligibility: &mut Option<Eligibility>) {
        let span = row * self.stride..(row + 1) * self.stride;
        let weights = &mut self.weights[span.clone()];
        if let Some(values) = eligibility {
            let unit = values.unit();
            let waiting = Some((&mut values.values[span], unit));
            return rule.change.depress_row::<Native>(weights, waiting, &traces.values);
        }
        // A trace of 0 changes no weight.
        for block in traces.awake(self.stride) {
            rule.change.depress_row::<Native>(&mut weights[block.clone()], None, &traces.values[block]);
        }
    }

    /// Scales the columns of these targets, ascending, to this sum, and clips them. A sum goes row after row.
    pub fn normalise(&mut self, targets: &[u32], sum: f32, change: &Change) {
        let DenseRows { stride, weights, .. } = self;
        let mut columns = vec![0.0f32; targets.len()];
        let all = targets.len() == self.targets;
        for row in weights.chunks_exact(*stride) {
            if all {
                columns.iter_mut().zip(row).for_each(|(column, weight)| *column += weight);
            } else {
                columns.iter_mut().zip(targets).for_each(|(column, &target)| *column += row[target as usize]);
            }
        }
        columns.iter_mut().for_each(|column| *column = if *column > 0.0 { sum / *column } else { 1.0 });
        if all {
            columns.resize(*stride, 1.0);
        }
        for row in weights.chunks_exact_mut(*stride) {
            if all {
                change.scale_row::<Native>(row, &columns);
            } else {
                for (scale, &target) in columns.iter().zip(targets) {
                    let weight = &mut row[target as usize];
                    *weight = change.clip(*weight * scale);
                }
            }
        }
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
        if first == self.missed.targets.len() {
            return;
        }
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
