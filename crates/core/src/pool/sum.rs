//! Sum pools: every member's spike, as often as its output's multiplicity says.

use super::values::Valued;
use super::{ByRow, Counted, Pooling, Reach};
use crate::spikes::Spikes;

pub struct Sum {
    reach: Reach,
    /// Of each output position; empty: once.
    multiplicity: Vec<u32>,
    /// Spikes carry values.
    valued: bool,
    row: Counted,
}

impl Sum {
    pub fn new(reach: &Reach, multiplicity: &[u32], valued: bool) -> Sum {
        Sum { reach: reach.clone(), multiplicity: multiplicity.to_vec(), valued, row: Counted::default() }
    }
}

impl ByRow for Sum {
    fn parts(&mut self) -> (&Reach, &mut Counted) {
        (&self.reach, &mut self.row)
    }

    /// One row of outputs, event by event.
    #[inline(never)]
    fn count(&mut self, y: usize, source: &Spikes) {
        let (Reach { from, to, sweep, columns }, row) = (&self.reach, &mut self.row);
        for plane in 0..source.planes {
            for ky in 0..sweep.kernel[0] {
                let Some(from_row) = sweep.input(0, y, ky, from.height) else { continue };
                let cells = (from_row * source.planes + plane) * from.width;
                for (x, readers) in columns.iter().enumerate() {
                    let slice = source.starts[cells + x] as usize..source.starts[cells + x + 1] as usize;
                    for &entry in &source.entries[slice] {
                        let channel = entry as usize - x * from.channels;
                        for &(_, column) in readers {
                            let times = self.multiplicity.get(y * to.width + column).copied().unwrap_or(1);
                            if times > 0 {
                                row.add(&self.reach, plane, column, channel, times);
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Pooling for Sum {
    #[inline(never)]
    fn pass(&mut self, source: &Spikes, target: &mut Spikes) {
        if self.valued {
            return Valued { reach: &self.reach, multiplicity: &self.multiplicity }.sum(source, target);
        }
        self.pass_rows(source, target);
    }
}
