//! Maxima of signed spikes whose members may spike several times in a tick.

use crate::pool::{Pool, Scratch};
use crate::spikes::Spikes;

impl Pool {
    /// Bits of the signs of what each member sends in a tick.
    #[inline(never)]
    pub(crate) fn gather_digits(&self, source: &Spikes, scratch: &mut Scratch, words: usize) {
        let (width, channels, planes) = (self.from.width, self.from.channels, source.planes);
        scratch.members.clear();
        scratch.members.resize(self.from.positions() * planes * words, 0);
        scratch.sums.resize(width * channels, 0);
        for row in 0..self.from.height {
            for tick in 0..planes / 2 {
                let lists = [source.row(self.from, row, 2 * tick), source.row(self.from, row, 2 * tick + 1)];
                for (list, change) in lists.iter().zip([1, -1]) {
                    list.iter().for_each(|&entry| scratch.sums[entry as usize] += change);
                }
                for &entry in lists.iter().copied().flatten() {
                    let sum = std::mem::take(&mut scratch.sums[entry as usize]);
                    let (x, channel) = (entry as usize / channels, entry as usize % channels);
                    if sum != 0 {
                        let plane = 2 * tick + usize::from(sum < 0);
                        scratch.members[((row * planes + plane) * width + x) * words + channel / 64] |=
                            1 << (channel % 64);
                    }
                }
            }
        }
    }

    /// One row of outputs: where members spike, the change of their largest count.
    #[inline(never)]
    pub(crate) fn largest_counts(
        &mut self,
        y: usize,
        source: &Spikes,
        words: usize,
        Scratch { bits, spikes, touched, .. }: &mut Scratch,
    ) {
        let (from, to, kernel) = (self.from, self.to, self.sweep.kernel);
        let (row_size, from_row) = (to.width * to.channels, from.width * from.channels);
        for tick in 0..source.planes / 2 {
            touched.clear();
            for ky in 0..kernel[0] {
                let Some(row) = self.sweep.input(0, y, ky, from.height) else { continue };
                let shown = &mut self.shown[(y * kernel[0] + ky) * from_row..][..from_row];
                for sign in 0..2 {
                    for &entry in source.row(from, row, 2 * tick + sign) {
                        let count = &mut shown[entry as usize];
                        *count = if sign == 0 { count.wrapping_add(1) } else { count.wrapping_sub(1) };
                        let (x, channel) = (entry as usize / from.channels, entry as usize % from.channels);
                        touched
                            .extend(self.columns[x].iter().map(|&(_, column)| (column * to.channels + channel) as u32));
                    }
                }
            }
            for &output in &*touched {
                let (x, channel) = (output as usize / to.channels, output as usize % to.channels);
                let mut most = i32::MIN;
                for ky in (0..kernel[0]).filter(|&ky| self.sweep.input(0, y, ky, from.height).is_some()) {
                    let shown = &self.shown[(y * kernel[0] + ky) * from_row..][..from_row];
                    for column in (0..kernel[1]).filter_map(|kx| self.sweep.input(1, x, kx, from.width)) {
                        most = most.max(shown[column * from.channels + channel] as i32);
                    }
                }
                // A second visit finds no change.
                let largest = &mut self.largest[y * row_size + output as usize];
                let change = most.wrapping_sub(*largest as i32);
                *largest = most as u32;
                if change != 0 {
                    let plane = 2 * tick + usize::from(change < 0);
                    spikes[plane * row_size + output as usize] = change.unsigned_abs();
                    bits[(plane * to.width + x) * words + channel / 64] |= 1 << (channel % 64);
                }
            }
        }
    }
}
