//! Spikes as other nodes need them: grouped, as binary counts, gathered or reshaped.

use crate::spikes::{Geometry, Spikes};

impl Spikes {
    /// The same spikes with channels in groups: row r of group g is row r·groups + g, of channels / groups channels.
    #[inline(never)]
    pub fn group(&mut self, source: &Spikes, from: Geometry, groups: usize) {
        let per_group = (from.channels / groups) as u32;
        self.clear(source.planes);
        (self.current, self.binary) = (source.current, source.binary);
        self.entries.reserve(source.entries.len());
        self.cursor.clear();
        for row in 0..from.height {
            let first = row * source.planes * from.width;
            let cells = source.planes * from.width;
            self.cursor.clear();
            self.cursor.extend(source.starts[first..first + cells].iter().map(|&start| start as usize));
            for group in 0..groups as u32 {
                for cell in 0..cells {
                    self.starts.push(self.entries.len() as u32);
                    let x = (cell % from.width) as u32;
                    let origin = x * from.channels as u32 + group * per_group;
                    let end = source.starts[first + cell + 1] as usize;
                    let list = &source.entries[self.cursor[cell]..end];
                    let here = list.iter().take_while(|&&entry| entry < origin + per_group).count();
                    self.entries.extend(list[..here].iter().map(|entry| entry - origin + x * per_group));
                    if !source.values.is_empty() {
                        self.values.extend_from_slice(&source.values[self.cursor[cell]..self.cursor[cell] + here]);
                    }
                    self.cursor[cell] += here;
                }
            }
        }
        self.starts.push(self.entries.len() as u32);
    }

    /// The ticks of a window as binary counts, for layers that do not depend on the order of spikes: a neuron that spikes N times is
    /// in the planes of the ones of N, and in the first plane as often as 2^(planes − 1) goes into N.
    #[inline(never)]
    pub fn count(&mut self, source: &Spikes, from: Geometry, planes: usize, times: &mut Vec<u32>) {
        self.clear(planes);
        (self.binary, self.current) = (true, source.current);
        if source.entries.is_empty() {
            self.starts.resize(from.positions() * planes + 1, 0);
            return;
        }
        self.starts.reserve(from.positions() * planes + 1);
        self.entries.reserve(source.entries.len() + 1);
        let cells = source.planes * from.width;
        let entries = self.entries.as_mut_ptr();
        let mut length = 0;
        for row in 0..from.height {
            times.clear();
            times.resize(from.width * from.channels, 0);
            let slice = &source.entries[source.starts[row * cells] as usize..source.starts[(row + 1) * cells] as usize];
            slice.iter().for_each(|&entry| times[entry as usize] += 1);
            let ones = times.iter().fold(0, |ones, &times| ones | times);
            for digit in (0..planes).rev() {
                // A count above what the planes can hold is in the first plane, repeated.
                let most = if digit == planes - 1 { u32::MAX } else { 1 };
                if ones >> digit & most == 0 {
                    self.starts.extend(std::iter::repeat_n(length as u32, from.width));
                    continue;
                }
                for (x, times) in times.chunks_exact(from.channels).enumerate() {
                    self.starts.push(length as u32);
                    for (entry, &times) in ((x * from.channels) as u32..).zip(times) {
                        let copies = (times >> digit & most) as usize;
                        // SAFETY: no more entries than in the source, and room for one more is reserved.
                        unsafe { entries.add(length).write(entry) };
                        for copy in 1..copies {
                            // SAFETY: as above.
                            unsafe { entries.add(length + copy).write(entry) };
                        }
                        length += copies;
                    }
                }
            }
        }
        // SAFETY: they have been written.
        unsafe { self.entries.set_len(length) };
        self.finish();
    }

    /// Some rows as one: in order of (plane, cell, row), each entry raised by its row's addend. A cell is `columns` columns wide.
    pub fn gather(&mut self, source: &Spikes, from: Geometry, rows: &[(usize, u32)], columns: usize) {
        if source.values.is_empty() {
            self.gather_as::<false>(source, from, rows, columns)
        } else {
            self.gather_as::<true>(source, from, rows, columns)
        }
    }

    #[inline(never)]
    fn gather_as<const VALUED: bool>(
        &mut self,
        source: &Spikes,
        from: Geometry,
        rows: &[(usize, u32)],
        columns: usize,
    ) {
        self.clear(source.planes);
        let cells = source.planes * from.width;
        let total: u32 =
            rows.iter().map(|&(row, _)| source.starts[(row + 1) * cells] - source.starts[row * cells]).sum();
        if total == 0 {
            return;
        }
        self.entries.reserve(total as usize + 8);
        self.values.reserve(if VALUED { total as usize + 8 } else { 0 });
        self.starts.reserve(cells / columns + 1);
        let (entries, values) = (self.entries.as_mut_ptr(), self.values.as_mut_ptr());
        let mut length = 0;
        for cell in (0..cells).step_by(columns) {
            self.starts.push(length as u32);
            for &(row, addend) in rows {
                let at = row * cells + cell;
                let (first, end) = (source.starts[at] as usize, source.starts[at + columns] as usize);
                // SAFETY: room for every entry and value and 8 more is reserved.
                unsafe {
                    copy(&source.entries, first, end, entries.add(length), addend);
                    if VALUED {
                        copy(&source.values, first, end, values.add(length), 0);
                    }
                }
                length += end - first;
            }
        }
        // SAFETY: they have been written.
        unsafe {
            self.entries.set_len(length);
            self.values.set_len(if VALUED { length } else { 0 });
        }
        self.finish();
    }

    /// The same spikes of as many neurons in another shape.
    #[inline(never)]
    pub fn reshape(
        &mut self,
        source: &Spikes,
        from: Geometry,
        to: Geometry,
        neurons: &mut Vec<u32>,
        planes: &mut Vec<u32>,
    ) {
        neurons.clear();
        planes.clear();
        planes.push(0);
        for plane in 0..source.planes {
            for row in 0..from.height {
                let origin = (row * from.width * from.channels) as u32;
                neurons.extend(source.row(from, row, plane).iter().map(|entry| entry + origin));
            }
            planes.push(neurons.len() as u32);
        }
        self.fill(to, neurons, planes);
        // Values come in one plane, in the order of the neurons in either shape.
        self.values.extend_from_slice(&source.values);
        (self.current, self.binary) = (source.current, source.binary);
    }
}

/// Writes `from[first..end]`, each raised by `addend`: eight at a time, as many as most slices have.
///
/// # Safety
/// `to` has room for them and 8 more.
#[inline(always)]
unsafe fn copy(from: &[u32], first: usize, end: usize, to: *mut u32, addend: u32) {
    let mut at = first;
    while at + 8 <= from.len() {
        let eight = from.as_ptr().add(at).cast::<[u32; 8]>().read_unaligned();
        to.add(at - first).cast::<[u32; 8]>().write_unaligned(eight.map(|entry| entry.wrapping_add(addend)));
        at += 8;
        if at >= end {
            return;
        }
    }
    for at in at..end {
        to.add(at - first).write(from[at].wrapping_add(addend));
    }
}
