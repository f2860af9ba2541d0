//! Maxima of counts that may fall (T8, T14): emits what the largest cumulative count changes by, up or down.

use super::{Counted, Pooling, Reach};
use crate::spikes::Spikes;

pub struct Largest {
    reach: Reach,
    /// Cumulative counts of the members, for each output row and kernel row, and of the outputs.
    shown: Vec<u32>,
    largest: Vec<u32>,
    row: Counted,
    /// Outputs of one row whose members spike in this tick.
    touched: Vec<u32>,
    /// What a spike of each tick of a frame counts; empty: always 1.
    payloads: Vec<i32>,
    /// Ticks of the frame so far.
    tick: usize,
    /// Outputs of each row that have not sent all of their maximum, because it is no multiple of the payload.
    behind: Vec<Vec<u32>>,
}

impl Largest {
    pub fn new(reach: &Reach, payloads: Vec<i32>) -> Largest {
        let Reach { from, to, sweep, .. } = reach;
        Largest {
            reach: reach.clone(),
            shown: vec![0; to.height * sweep.kernel[0] * from.width * from.channels],
            largest: vec![0; to.size()],
            row: Counted::default(),
            touched: Vec::new(),
            payloads,
            tick: 0,
            behind: vec![Vec::new(); to.height],
        }
    }

    /// One row of outputs: where members spike, the change of their largest count.
    #[inline(never)]
    fn count(&mut self, y: usize, source: &Spikes) {
        let Largest { reach, shown, largest, row, touched, payloads, behind, .. } = self;
        let behind = &mut behind[y];
        let Reach { from, to, sweep, columns } = &*reach;
        let kernel = sweep.kernel;
        let from_row = from.width * from.channels;
        for tick in 0..source.planes / 2 {
            touched.clear();
            touched.append(behind);
            let payload = payloads.get(self.tick + tick).copied().unwrap_or(1);
            for ky in 0..kernel[0] {
                let Some(source_row) = sweep.input(0, y, ky, from.height) else { continue };
                let shown = &mut shown[(y * kernel[0] + ky) * from_row..][..from_row];
                for sign in 0..2 {
                    for &entry in source.row(*from, source_row, 2 * tick + sign) {
                        let count = &mut shown[entry as usize];
                        *count = count.wrapping_add(if sign == 0 { payload } else { -payload } as u32);
                        let (x, channel) = (entry as usize / from.channels, entry as usize % from.channels);
                        touched.extend(columns[x].iter().map(|&(_, column)| (column * to.channels + channel) as u32));
                    }
                }
            }
            for &output in &*touched {
                let (x, channel) = (output as usize / to.channels, output as usize % to.channels);
                let mut most = i32::MIN;
                for ky in (0..kernel[0]).filter(|&ky| sweep.input(0, y, ky, from.height).is_some()) {
                    let shown = &shown[(y * kernel[0] + ky) * from_row..][..from_row];
                    for column in (0..kernel[1]).filter_map(|kx| sweep.input(1, x, kx, from.width)) {
                        most = most.max(shown[column * from.channels + channel] as i32);
                    }
                }
                // A second visit finds no change.
                let largest = &mut largest[y * reach.row_size() + output as usize];
                let change = most.wrapping_sub(*largest as i32) / payload;
                *largest = largest.wrapping_add((change * payload) as u32);
                if change != 0 {
                    row.add(reach, 2 * tick + usize::from(change < 0), x, channel, change.unsigned_abs());
                }
                if *largest != most as u32 {
                    behind.push(output);
                }
            }
            behind.sort_unstable();
            behind.dedup();
        }
    }
}

impl Pooling for Largest {
    #[inline(never)]
    fn pass(&mut self, source: &Spikes, target: &mut Spikes) {
        target.clear(source.planes);
        self.row.open(&self.reach, source.planes);
        for y in 0..self.reach.to.height {
            self.count(y, source);
            self.row.append(&self.reach, target);
        }
        target.finish();
        self.tick += source.planes / 2;
    }

    fn begin(&mut self, frame: usize) {
        self.tick = frame;
    }

    fn reset(&mut self) {
        self.shown.fill(0);
        self.largest.fill(0);
        self.behind.iter_mut().for_each(Vec::clear);
    }
}
