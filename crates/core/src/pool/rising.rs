//! Maxima of synchronous rate: emits when the largest cumulative count rises.

use super::{ByRow, Counted, Pooling, Reach};
use crate::spikes::Spikes;

pub struct Rising {
    reach: Reach,
    /// Cumulative counts of the members, for each output row and kernel row, and of the outputs.
    shown: Vec<u32>,
    largest: Vec<u32>,
    row: Counted,
}

impl Rising {
    pub fn new(reach: &Reach) -> Rising {
        let Reach { from, to, sweep, .. } = reach;
        Rising {
            reach: reach.clone(),
            shown: vec![0; to.height * sweep.kernel[0] * from.width * from.channels],
            largest: vec![0; to.size()],
            row: Counted::default(),
        }
    }
}

impl ByRow for Rising {
    fn parts(&mut self) -> (&Reach, &mut Counted) {
        (&self.reach, &mut self.row)
    }

    /// One row of outputs, event by event.
    #[inline(never)]
    fn count(&mut self, y: usize, source: &Spikes) {
        let (reach, row) = (&self.reach, &mut self.row);
        let Reach { from, to, sweep, columns } = reach;
        for plane in 0..source.planes {
            for ky in 0..sweep.kernel[0] {
                let Some(from_row) = sweep.input(0, y, ky, from.height) else { continue };
                let cells = (from_row * source.planes + plane) * from.width;
                let shown = (y * sweep.kernel[0] + ky) * from.width * from.channels;
                for (x, readers) in columns.iter().enumerate() {
                    let slice = source.starts[cells + x] as usize..source.starts[cells + x + 1] as usize;
                    for &entry in &source.entries[slice] {
                        let channel = entry as usize - x * from.channels;
                        let count = &mut self.shown[shown + entry as usize];
                        *count += 1;
                        for &(_, column) in readers {
                            let largest = &mut self.largest[y * reach.row_size() + column * to.channels + channel];
                            if *count > *largest {
                                *largest += 1;
                                row.add(reach, plane, column, channel, 1);
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Pooling for Rising {
    #[inline(never)]
    fn pass(&mut self, source: &Spikes, target: &mut Spikes) {
        self.pass_rows(source, target);
    }

    fn reset(&mut self) {
        self.shown.fill(0);
        self.largest.fill(0);
    }
}
