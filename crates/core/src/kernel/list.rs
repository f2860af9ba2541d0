//! The rows of a position's events as one list: a loop a tick, where every loop over a tap's few events ends with a mispredicted
//! branch.

use super::rows::Tap;

#[derive(Default)]
pub struct RowList {
    /// Addresses, tap after tap, tick after tick.
    rows: Vec<usize>,
    /// Where those of each tick begin, and the last ones end.
    starts: Vec<u32>,
}

impl RowList {
    /// Those of one tick.
    ///
    /// # Safety
    /// The list holds that tick.
    #[inline(always)]
    pub unsafe fn bounds(&self, tick: usize) -> (*const usize, *const usize) {
        let starts = self.starts.as_ptr().add(tick);
        (self.rows.as_ptr().add(*starts as usize), self.rows.as_ptr().add(*starts.add(1) as usize))
    }

    /// # Safety
    /// The taps are not single and hold `ticks` planes, whose entries are rows of 2^`shift` bytes.
    #[inline(never)]
    pub unsafe fn fill(&mut self, taps: &[Tap], ticks: usize, shift: u32) {
        let most: u32 = taps.iter().map(|tap| *tap.starts.add((ticks - 1) * tap.stride + tap.span) - *tap.starts).sum();
        self.rows.clear();
        self.rows.reserve(most as usize + 8);
        self.starts.clear();
        self.starts.reserve(ticks + 1);
        let (rows, starts) = (self.rows.as_mut_ptr(), self.starts.as_mut_ptr());
        let one_source = taps.iter().all(|tap| tap.entries == taps[0].entries && tap.span == taps[0].span);
        let end = match (one_source, taps.len()) {
            (true, 2) => fill_of::<2>(rows, starts, taps, ticks, shift),
            (true, 3) => fill_of::<3>(rows, starts, taps, ticks, shift),
            _ => fill_of_any(rows, starts, taps, ticks, shift),
        };
        *starts.add(ticks) = end.offset_from(rows) as u32;
        self.starts.set_len(ticks + 1);
        self.rows.set_len(most as usize);
    }
}

/// Taps of one source and span: what they have in common stays in registers. Returns the end.
///
/// # Safety
/// As `RowList::fill`, with room for all addresses and 8 more.
#[inline(always)]
unsafe fn fill_of<const TAPS: usize>(rows: *mut usize, starts: *mut u32, taps: &[Tap], ticks: usize, shift: u32) -> *mut usize {
    let Tap { stride, span, entries, readable, .. } = taps[0];
    let origins: [usize; TAPS] = std::array::from_fn(|tap| taps[tap].rows as usize);
    let mut at: [*const u32; TAPS] = std::array::from_fn(|tap| taps[tap].starts);
    let mut to = rows;
    for tick in 0..ticks {
        *starts.add(tick) = to.offset_from(rows) as u32;
        for tap in 0..TAPS {
            let (from, end) = (*at[tap] as usize, *at[tap].add(span) as usize);
            to = copy(to, entries, from, end, readable, origins[tap], shift);
            at[tap] = at[tap].wrapping_add(stride);
        }
    }
    to
}

/// # Safety
/// As `fill_of`.
#[inline(never)]
unsafe fn fill_of_any(rows: *mut usize, starts: *mut u32, taps: &[Tap], ticks: usize, shift: u32) -> *mut usize {
    let mut to = rows;
    for tick in 0..ticks {
        *starts.add(tick) = to.offset_from(rows) as u32;
        for tap in taps {
            let at = tap.starts.add(tick * tap.stride);
            to = copy(to, tap.entries, *at as usize, *at.add(tap.span) as usize, tap.readable, tap.rows as usize, shift);
        }
    }
    to
}

/// Writes the addresses of entries `from` to `end`, eight at a time: as many as most slices have. Returns their end.
///
/// # Safety
/// As `fill_of`.
#[inline(always)]
unsafe fn copy(to: *mut usize, entries: *const u32, from: usize, end: usize, readable: usize, origin: usize, shift: u32) -> *mut usize {
    let address = |entry: u32| origin.wrapping_add((entry as usize) << shift);
    let mut at = from;
    while at + 8 <= readable {
        let eight = entries.add(at).cast::<[u32; 8]>().read_unaligned();
        to.add(at - from).cast::<[usize; 8]>().write_unaligned(eight.map(address));
        at += 8;
        if at >= end {
            return to.add(end - from);
        }
    }
    for at in at..end {
        to.add(at - from).write(address(*entries.add(at)));
    }
    to.add(end - from)
}
