//! Lists the rows of all events of a position, so that there is one loop per tick. A loop per tap has few events and ends with a
//! mispredicted branch.

use super::rows::Tap;

#[derive(Default)]
pub struct RowList {
    /// Addresses, tap after tap, tick after tick.
    rows: Vec<usize>,
    /// Start of each tick's addresses, and the end of the last tick's.
    starts: Vec<u32>,
}

impl RowList {
    /// Addresses of one tick.
    ///
    /// # Safety
    /// The list holds that tick.
    #[inline(always)]
    pub unsafe fn bounds(&self, tick: usize) -> (*const usize, *const usize) {
        let starts = self.starts.as_ptr().add(tick);
        (self.rows.as_ptr().add(*starts as usize), self.rows.as_ptr().add(*starts.add(1) as usize))
    }

    /// # Safety
    /// The taps hold `ticks` planes.
    unsafe fn open(&mut self, taps: &[Tap], ticks: usize) {
        let most: u32 = taps.iter().map(|tap| *tap.starts.add((ticks - 1) * tap.stride + tap.span) - *tap.starts).sum();
        self.rows.clear();
        self.rows.reserve(most as usize + 8);
        self.starts.clear();
        self.starts.reserve(ticks + 1);
        self.starts.push(0);
    }

    /// Appends the addresses of one tick.
    ///
    /// # Safety
    /// The list is opened for these taps, which are not single and whose entries are rows of 2^`shift` bytes.
    #[inline(always)]
    unsafe fn append(&mut self, taps: &[Tap], tick: usize, shift: u32) {
        let rows = self.rows.as_mut_ptr();
        let mut length = self.rows.len();
        for tap in taps {
            let at = tap.starts.add(tick * tap.stride);
            let (mut from, end) = (*at as usize, *at.add(tap.span) as usize);
            let (mut to, origin) = (rows.add(length), tap.rows as usize);
            length += end - from;
            let address = |entry: u32| origin.wrapping_add((entry as usize) << shift);
            // Eight at a time: as many as most slices have, and past them there is room.
            while from + 8 <= tap.readable {
                let eight = tap.entries.add(from).cast::<[u32; 8]>().read_unaligned();
                to.cast::<[usize; 8]>().write_unaligned(eight.map(address));
                (from, to) = (from + 8, to.add(8));
                if from >= end {
                    break;
                }
            }
            for at in from..end {
                to.write(address(*tap.entries.add(at)));
                to = to.add(1);
            }
        }
        self.rows.set_len(length);
        *self.starts.as_mut_ptr().add(tick + 1) = length as u32;
    }
}

/// Fills the lists of neighbouring positions, of which number n has the taps `ends[n]..ends[n + 1]`. They go through the ticks
/// together, as they read the same spikes.
///
/// # Safety
/// As `RowList::append`, of `ticks` ticks.
#[inline(never)]
pub unsafe fn fill(lists: &mut [RowList], taps: &[Tap], ends: &[usize], ticks: usize, shift: u32) {
    let of = |list: usize| &taps[ends[list]..ends[list + 1]];
    for (number, list) in lists.iter_mut().enumerate() {
        list.open(of(number), ticks);
    }
    for tick in 0..ticks {
        for (number, list) in lists.iter_mut().enumerate() {
            list.append(of(number), tick, shift);
        }
    }
    for list in lists {
        list.starts.set_len(ticks + 1);
    }
}
