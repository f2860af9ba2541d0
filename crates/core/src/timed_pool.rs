//! Pools of `ttfs`, whose spikes carry what their time stands for.

use crate::pool::{Pool, Rule};
use crate::spikes::Spikes;

impl Pool {
    /// Maximum: the earliest spike, the largest value. Sum: all of them, by ascending output, then member: the order of additions.
    #[inline(never)]
    pub fn pass_timed(&self, source: &Spikes, target: &mut Spikes) {
        target.clear(1);
        let size = self.to.width * self.to.channels;
        // Of one row of outputs: the largest value, −1 where no member spikes (values are not negative); or where the next spike goes.
        let mut row = vec![-1i32; size];
        for y in 0..self.to.height {
            if self.rule == Rule::Earliest {
                row.fill(-1);
                self.members(y, source, |output, at| row[output] = row[output].max(source.values[at] as i32));
            } else {
                row.fill(0);
                self.members(y, source, |output, _| row[output] += self.times(y, output));
            }
            let mut end = target.entries.len();
            for (output, cell) in row.iter_mut().enumerate() {
                if output % self.to.channels == 0 {
                    target.starts.push(target.entries.len() as u32);
                }
                let spikes = if self.rule == Rule::Earliest { i32::from(*cell >= 0) } else { *cell };
                target.entries.extend(std::iter::repeat_n(output as u32, spikes as usize));
                if self.rule == Rule::Earliest {
                    target.values.extend((spikes > 0).then_some(*cell as u32));
                } else {
                    *cell = end as i32;
                    end += spikes as usize;
                }
            }
            if self.rule == Rule::Earliest {
                continue;
            }
            target.values.resize(end, 0);
            self.members(y, source, |output, at| {
                let (first, times) = (row[output] as usize, self.times(y, output) as usize);
                target.values[first..first + times].fill(source.values[at]);
                row[output] += times as i32;
            });
        }
        target.finish();
    }

    /// How often a sum passes a spike on to an output of row `y`.
    fn times(&self, y: usize, output: usize) -> i32 {
        self.multiplicity.get(y * self.to.width + output / self.to.channels).map_or(1, |&times| times as i32)
    }

    /// Calls `visit(output in its row, place of the spike)` for every spike under row `y`, by ascending member.
    #[inline(always)]
    fn members(&self, y: usize, source: &Spikes, mut visit: impl FnMut(usize, usize)) {
        let from = self.from;
        for ky in 0..self.sweep.kernel[0] {
            let Some(row) = self.sweep.input(0, y, ky, from.height) else { continue };
            for (x, readers) in self.columns.iter().enumerate() {
                let cell = row * from.width + x;
                for at in source.starts[cell] as usize..source.starts[cell + 1] as usize {
                    let channel = source.entries[at] as usize - x * from.channels;
                    readers.iter().for_each(|&(_, column)| visit(column * self.to.channels + channel, at));
                }
            }
        }
    }
}
