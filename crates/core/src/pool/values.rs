//! Pools of `ttfs`, whose spikes carry the value of their time.

use super::{Pooling, Reach};
use crate::spikes::Spikes;

/// The earliest spike of the members, which carries the largest value.
pub struct Earliest {
    reach: Reach,
}

impl Earliest {
    pub fn new(reach: &Reach) -> Earliest {
        Earliest { reach: reach.clone() }
    }
}

impl Pooling for Earliest {
    #[inline(never)]
    fn pass(&mut self, source: &Spikes, target: &mut Spikes) {
        target.clear(1);
        let to = self.reach.to;
        // Of one row of outputs: the largest value, −1 where no member spikes (values are not negative).
        let mut row = vec![-1i32; self.reach.row_size()];
        for y in 0..to.height {
            row.fill(-1);
            members(&self.reach, y, source, |output, at| row[output] = row[output].max(source.values[at] as i32));
            for (output, &value) in row.iter().enumerate() {
                if output % to.channels == 0 {
                    target.starts.push(target.entries.len() as u32);
                }
                if value >= 0 {
                    target.entries.push(output as u32);
                    target.values.push(value as u32);
                }
            }
        }
        target.finish();
    }
}

/// A sum of spikes with values.
pub struct Valued<'a> {
    pub reach: &'a Reach,
    pub multiplicity: &'a [u32],
}

impl Valued<'_> {
    /// All spikes, by ascending output, then member: the order of additions.
    #[inline(never)]
    pub fn sum(&self, source: &Spikes, target: &mut Spikes) {
        target.clear(1);
        let to = self.reach.to;
        // Of one row of outputs: the number of spikes, then where the next one goes.
        let mut row = vec![0; self.reach.row_size()];
        for y in 0..to.height {
            row.fill(0);
            members(self.reach, y, source, |output, _| row[output] += self.times(y, output));
            let mut end = target.entries.len();
            for (output, cell) in row.iter_mut().enumerate() {
                if output % to.channels == 0 {
                    target.starts.push(target.entries.len() as u32);
                }
                target.entries.extend(std::iter::repeat_n(output as u32, *cell));
                end += std::mem::replace(cell, end);
            }
            target.values.resize(end, 0);
            members(self.reach, y, source, |output, at| {
                let (first, times) = (row[output], self.times(y, output));
                target.values[first..first + times].fill(source.values[at]);
                row[output] += times;
            });
        }
        target.finish();
    }

    /// How often a spike is passed on to an output of row `y`.
    fn times(&self, y: usize, output: usize) -> usize {
        let position = y * self.reach.to.width + output / self.reach.to.channels;
        self.multiplicity.get(position).map_or(1, |&times| times as usize)
    }
}

/// Calls `visit(output in its row, place of the spike)` for every spike under row `y`, by ascending member.
#[inline(always)]
fn members(reach: &Reach, y: usize, source: &Spikes, mut visit: impl FnMut(usize, usize)) {
    let from = reach.from;
    for ky in 0..reach.sweep.kernel[0] {
        let Some(row) = reach.sweep.input(0, y, ky, from.height) else { continue };
        for (x, readers) in reach.columns.iter().enumerate() {
            let cell = row * from.width + x;
            for at in source.starts[cell] as usize..source.starts[cell + 1] as usize {
                let channel = source.entries[at] as usize - x * from.channels;
                readers.iter().for_each(|&(_, column)| visit(column * reach.to.channels + channel, at));
            }
        }
    }
}
