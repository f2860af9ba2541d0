//! Maxima of counts that may fall (T8, T14): emits what the largest cumulative count changes by, up or down.

use super::{ByRow, Counted, Pooling, Reach};
use crate::spikes::Spikes;

pub struct Largest {
    reach: Reach,
    /// Cumulative counts of the members, for each output row and kernel row, and of the outputs.
    shown: Vec<i32>,
    largest: Vec<i32>,
    row: Counted,
    /// Of the channels of one output position: the largest count of a member.
    most: Vec<i32>,
    /// What a spike of each tick of a frame counts; empty: always 1.
    payloads: Vec<i32>,
    /// Ticks of the frame so far.
    tick: usize,
    /// By row, whether an output has not sent all of its maximum, because it is no multiple of the payload.
    behind: Vec<bool>,
}

impl Largest {
    pub fn new(reach: &Reach, payloads: Vec<i32>) -> Largest {
        let Reach { from, to, sweep, .. } = reach;
        Largest {
            reach: reach.clone(),
            shown: vec![0; to.height * sweep.kernel[0] * from.width * from.channels],
            largest: vec![0; to.size()],
            row: Counted::default(),
            most: vec![0; to.channels],
            payloads,
            tick: 0,
            behind: vec![false; to.height],
        }
    }
}

impl ByRow for Largest {
    fn parts(&mut self) -> (&Reach, &mut Counted) {
        (&self.reach, &mut self.row)
    }

    /// One row of outputs: where their members' largest count changes, by how much.
    #[inline(never)]
    fn count(&mut self, y: usize, source: &Spikes) {
        let Largest { reach, shown, largest, row, most, payloads, behind, .. } = self;
        let Reach { from, to, sweep, .. } = &*reach;
        let (kernel, channels) = (sweep.kernel, to.channels);
        let from_row = from.width * from.channels;
        let rows = || (0..kernel[0]).filter_map(|ky| Some((y * kernel[0] + ky, sweep.input(0, y, ky, from.height)?)));
        for tick in 0..source.planes / 2 {
            let payload = payloads.get(self.tick + tick).copied().unwrap_or(1);
            let mut decides = behind[y];
            for (shown_row, source_row) in rows() {
                for sign in 0..2 {
                    let entries = source.row(*from, source_row, 2 * tick + sign);
                    let change = if sign == 0 { payload } else { -payload };
                    decides |= !entries.is_empty();
                    for &entry in entries {
                        let count = &mut shown[shown_row * from_row + entry as usize];
                        *count = count.wrapping_add(change);
                    }
                }
            }
            if !decides {
                continue;
            }
            behind[y] = false;
            for (x, largest) in
                largest[y * reach.row_size()..][..reach.row_size()].chunks_exact_mut(channels).enumerate()
            {
                let mut members = 0;
                for (shown_row, _) in rows() {
                    for column in (0..kernel[1]).filter_map(|kx| sweep.input(1, x, kx, from.width)) {
                        let counts = &shown[shown_row * from_row + column * channels..][..channels];
                        match members {
                            0 => most.copy_from_slice(counts),
                            _ => most.iter_mut().zip(counts).for_each(|(most, &count)| *most = count.max(*most)),
                        }
                        members += 1;
                    }
                }
                if members == 0 || most == largest {
                    continue;
                }
                for (channel, (largest, &most)) in largest.iter_mut().zip(&*most).enumerate() {
                    if most == *largest {
                        continue;
                    }
                    let change = most.wrapping_sub(*largest) / payload;
                    *largest = largest.wrapping_add(change * payload);
                    if change != 0 {
                        row.add(reach, 2 * tick + usize::from(change < 0), x, channel, change.unsigned_abs());
                    }
                    behind[y] |= *largest != most;
                }
            }
        }
    }
}

impl Pooling for Largest {
    #[inline(never)]
    fn pass(&mut self, source: &Spikes, target: &mut Spikes) {
        self.pass_rows(source, target);
        self.tick += source.planes / 2;
    }

    fn begin(&mut self, frame: usize) {
        self.tick = frame;
    }

    fn reset(&mut self) {
        self.shown.fill(0);
        self.largest.fill(0);
        self.behind.fill(false);
    }
}
