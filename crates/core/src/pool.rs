//! Pools pass spikes on, by the rule of their mode and the network's code.

use crate::spikes::{Geometry, Spikes};

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Rule {
    /// Every member's spike.
    Sum,
    /// Emits when the largest cumulative count rises (synchronous rate).
    Rising,
    /// The OR of the members (layerwise rate).
    Any,
    /// Bit by bit: members that show 0 where another alive shows 1 drop out (phase).
    BitSerial,
}

pub struct Pool {
    pub rule: Rule,
    from: Geometry,
    to: Geometry,
    /// Output rows that contain each input row, and columns likewise.
    rows: Vec<Vec<u32>>,
    columns: Vec<Vec<u32>>,
    shown: Vec<u32>,
    largest: Vec<u32>,
    hit: Vec<bool>,
    passed: Vec<u32>,
    ticks: Vec<u32>,
}

/// For each input coordinate, the outputs whose window taps it.
pub fn covering(input: usize, output: usize, kernel: usize, stride: usize, dilation: usize, padding: usize) -> Vec<Vec<u32>> {
    let mut lists = vec![Vec::new(); input];
    for o in 0..output {
        for k in 0..kernel {
            let at = (o * stride + k * dilation) as isize - padding as isize;
            if at >= 0 && (at as usize) < input {
                lists[at as usize].push(o as u32);
            }
        }
    }
    lists
}

impl Pool {
    pub fn new(rule: Rule, from: Geometry, to: Geometry, rows: Vec<Vec<u32>>, columns: Vec<Vec<u32>>) -> Pool {
        let (members, outputs) = (from.size(), to.size());
        Pool { rule, from, to, rows, columns, shown: vec![0; members], largest: vec![0; outputs], hit: vec![false; outputs], passed: Vec::new(), ticks: Vec::new() }
    }

    pub fn reset(&mut self) {
        self.shown.fill(0);
        self.largest.fill(0);
    }

    /// `payloads`: count that a spike of each tick stands for; 1 if synchronous.
    pub fn pass(&mut self, source: &Spikes, target: &mut Spikes, payloads: &[u32]) {
        let (from, to) = (self.from, self.to);
        self.passed.clear();
        self.ticks.clear();
        self.ticks.push(0);
        for tick in 0..source.ticks {
            let first = self.passed.len();
            for row in 0..from.height {
                for &entry in source.row(from, row, tick) {
                    let member = row * from.width * from.channels + entry as usize;
                    let (x, channel) = (entry as usize / from.channels, entry as usize % from.channels);
                    if self.rule == Rule::Rising {
                        self.shown[member] += 1;
                    }
                    for &y in &self.rows[row] {
                        for &column in &self.columns[x] {
                            let output = (y as usize * to.width + column as usize) * to.channels + channel;
                            let passes = match self.rule {
                                Rule::Sum => true,
                                Rule::Rising => {
                                    let rises = self.shown[member] > self.largest[output];
                                    self.largest[output] += u32::from(rises);
                                    rises
                                }
                                Rule::Any => !std::mem::replace(&mut self.hit[output], true),
                                Rule::BitSerial => self.shown[member] == self.largest[output] && !std::mem::replace(&mut self.hit[output], true),
                            };
                            if passes {
                                self.passed.push(output as u32);
                            }
                        }
                    }
                }
            }
            if self.rule == Rule::BitSerial {
                for row in 0..from.height {
                    let mut former = None;
                    for &entry in source.row(from, row, tick) {
                        if former != Some(entry) {
                            self.shown[row * from.width * from.channels + entry as usize] += payloads[tick];
                        }
                        former = Some(entry);
                    }
                }
            }
            self.passed[first..].sort_unstable();
            for &output in &self.passed[first..] {
                if self.rule == Rule::BitSerial {
                    self.largest[output as usize] += payloads[tick];
                }
                self.hit[output as usize] = false;
            }
            self.ticks.push(self.passed.len() as u32);
        }
        target.fill(to, &self.passed, &self.ticks);
    }
}
