//! Sparse plastic weights: in parts, one for each source and delay, and through an index by target.

use super::eligibility::Eligibility;
use super::rule::Rule;
use super::traces::Arrived;
use std::ops::Range;

pub struct SparseRows {
    /// By part.
    offsets: Vec<u32>,
    pub targets: Vec<u32>,
    pub weights: Vec<f32>,
    /// The number of each connection in the order of the network; empty where it is this one.
    numbers: Vec<u32>,
    /// By target: its connections.
    into: Vec<u32>,
    connections: Vec<u32>,
    /// The part of each connection, in the order of `connections`.
    parts: Vec<u32>,
}

/// Which parts the spikes of a source reach, and when.
pub struct Parts {
    /// By source.
    pub offsets: Vec<u32>,
    pub delays: Vec<u32>,
}

/// One for all connections, or one for each.
#[derive(Clone, Copy)]
pub enum Delays<'a> {
    Common(u32),
    Own(&'a [u32]),
}

impl Delays<'_> {
    fn of(self, connection: u32) -> u32 {
        match self {
            Delays::Common(delay) => delay,
            Delays::Own(delays) => delays[connection as usize],
        }
    }
}

/// Connections of source n: `offsets[n]..offsets[n + 1]`.
pub fn sparse(
    offsets: &[u32],
    targets: Vec<u32>,
    delays: Delays,
    target_count: usize,
) -> Result<(SparseRows, Parts), String> {
    check(offsets, &targets, delays, target_count)?;
    let mut rows = SparseRows {
        offsets: vec![0],
        weights: vec![0.0; targets.len()],
        targets,
        numbers: Vec::new(),
        into: Vec::new(),
        connections: Vec::new(),
        parts: Vec::new(),
    };
    let mut parts = Parts { offsets: vec![0], delays: Vec::new() };
    if matches!(delays, Delays::Own(_)) {
        let mut numbers: Vec<u32> = (0..rows.targets.len() as u32).collect();
        for row in offsets.windows(2) {
            numbers[row[0] as usize..row[1] as usize].sort_by_key(|&number| delays.of(number));
        }
        rows.targets = numbers.iter().map(|&number| rows.targets[number as usize]).collect();
        rows.numbers = numbers;
    }
    for row in offsets.windows(2) {
        let (mut first, end) = (row[0] as usize, row[1] as usize);
        while first < end {
            let delay = |at: usize| delays.of(rows.number(at) as u32);
            let last = match delays {
                Delays::Common(_) => end,
                Delays::Own(_) => (first..end).find(|&at| delay(at) != delay(first)).unwrap_or(end),
            };
            parts.delays.push(delay(first));
            rows.offsets.push(last as u32);
            first = last;
        }
        parts.offsets.push(parts.delays.len() as u32);
    }
    rows.index(target_count);
    Ok((rows, parts))
}

fn check(offsets: &[u32], targets: &[u32], delays: Delays, target_count: usize) -> Result<(), String> {
    let rises = offsets.first() == Some(&0) && offsets.windows(2).all(|pair| pair[0] <= pair[1]);
    if !rises || offsets.last().copied() != Some(targets.len() as u32) {
        return Err("plastic sparse: expected offsets from 0 to the number of targets".into());
    }
    if targets.iter().any(|&target| target as usize >= target_count) {
        return Err("plastic sparse: expected targets inside the layer".into());
    }
    if matches!(delays, Delays::Own(own) if own.len() != targets.len()) {
        return Err("plastic sparse: expected a delay for each connection".into());
    }
    Ok(())
}

impl SparseRows {
    fn index(&mut self, target_count: usize) {
        let mut into = vec![0u32; target_count + 1];
        for &target in &self.targets {
            into[target as usize + 1] += 1;
        }
        for target in 0..target_count {
            into[target + 1] += into[target];
        }
        let mut next = into.clone();
        self.connections = vec![0; self.targets.len()];
        self.parts = vec![0; self.targets.len()];
        for part in 0..self.offsets.len() - 1 {
            for connection in self.range(part) {
                let at = &mut next[self.targets[connection] as usize];
                self.connections[*at as usize] = connection as u32;
                self.parts[*at as usize] = part as u32;
                *at += 1;
            }
        }
        self.into = into;
    }

    #[inline(always)]
    pub fn range(&self, part: usize) -> Range<usize> {
        self.offsets[part] as usize..self.offsets[part + 1] as usize
    }

    pub fn deliver(&self, part: usize, sums: &mut [f32]) {
        let range = self.range(part);
        for (&target, weight) in self.targets[range.clone()].iter().zip(&self.weights[range]) {
            sums[target as usize] += weight;
        }
    }

    pub fn depress(&mut self, part: usize, rule: &Rule, traces: &[f32], eligibility: &mut Option<Eligibility>) {
        let range = self.range(part);
        match eligibility {
            None => {
                for (&target, weight) in self.targets[range.clone()].iter().zip(&mut self.weights[range]) {
                    rule.change.depress(weight, None, traces[target as usize]);
                }
            }
            Some(eligibility) => {
                let unit = eligibility.unit();
                for at in range {
                    let waiting = Some((&mut eligibility.values[at], unit));
                    rule.change.depress(&mut self.weights[at], waiting, traces[self.targets[at] as usize]);
                }
            }
        }
    }

    /// The targets that fired in this tick potentiate all their weights.
    pub fn potentiate(
        &mut self,
        tick: u64,
        rule: &Rule,
        sources: &Arrived,
        fired: &[u32],
        eligibility: &mut Option<Eligibility>,
    ) {
        for &target in fired {
            let range = self.into[target as usize] as usize..self.into[target as usize + 1] as usize;
            for (&connection, &part) in self.connections[range.clone()].iter().zip(&self.parts[range]) {
                let trace = sources.at(part as usize, tick, rule);
                if trace == 0.0 {
                    continue;
                }
                let at = connection as usize;
                let waiting = eligibility.as_mut().map(|values| {
                    let unit = values.unit();
                    (&mut values.values[at], unit)
                });
                rule.change.potentiate(&mut self.weights[at], waiting, trace);
            }
        }
    }

    /// Where the connection with this number in the network is: the inverse of `numbers`.
    pub fn number(&self, at: usize) -> usize {
        self.numbers.get(at).map_or(at, |&number| number as usize)
    }
}
