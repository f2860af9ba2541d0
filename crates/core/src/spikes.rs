//! Spikes of one node over a block of ticks, sorted so that every kernel reads slices of them.

use crate::bits::put_eight;

/// Extents of a node, channels last; a node without positions has one row and one column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometry {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Geometry {
    pub fn size(&self) -> usize {
        self.height * self.width * self.channels
    }

    pub fn positions(&self) -> usize {
        self.height * self.width
    }

    /// The same neurons in the same order, `columns` neighbouring columns as channels of one.
    pub fn packed(self, columns: usize) -> Geometry {
        Geometry { width: self.width / columns, channels: self.channels * columns, ..self }
    }
}

/// Spikes of a node over a block of ticks. A plane is one tick, or one tick and sign. An entry is x·channels + channel; those of
/// (row, plane, x) begin at `starts[(row·planes + plane)·width + x]`, so that a range of x is one slice.
#[derive(Default)]
pub struct Spikes {
    pub planes: usize,
    pub entries: Vec<u32>,
    pub starts: Vec<u32>,
    /// Value of each entry if spikes carry values, i32 or the bits of f32; otherwise empty.
    pub values: Vec<u32>,
    /// Constant current in the form of spikes.
    pub current: bool,
    /// Binary counts of a whole window instead of its ticks, most significant plane first: an entry of plane p is
    /// 2^(planes − 1 − p) spikes.
    pub binary: bool,
    /// The same, [height][planes][width][words of 64 channels], where a pool takes them so; else empty.
    pub bits: Vec<u64>,
    /// Number of spikes that are only in `bits`, because no reader takes entries.
    pub unlisted: u64,
    pub(crate) cursor: Vec<usize>,
}

impl Spikes {
    pub fn clear(&mut self, planes: usize) {
        self.planes = planes;
        self.entries.clear();
        self.starts.clear();
        self.values.clear();
        self.current = false;
        self.binary = false;
        self.bits.clear();
        self.unlisted = 0;
    }

    /// From neurons sorted by (plane, neuron); plane p is `neurons[planes[p]..planes[p + 1]]`.
    #[inline(never)]
    pub fn fill(&mut self, geometry: Geometry, neurons: &[u32], planes: &[u32]) {
        self.clear(planes.len() - 1);
        let cells = geometry.positions() * self.planes;
        self.starts.reserve(cells + 1);
        self.entries.reserve(neurons.len());
        if neurons.is_empty() || planes[self.planes] == planes[0] {
            self.starts.resize(cells + 1, 0);
            return;
        }
        let mut cursor = std::mem::take(&mut self.cursor);
        cursor.clear();
        cursor.extend(planes[..self.planes].iter().map(|&start| start as usize));
        let row_size = geometry.width * geometry.channels;
        for row in 0..geometry.height {
            let origin = (row * row_size) as u32;
            for plane in 0..self.planes {
                let list = &neurons[cursor[plane]..planes[plane + 1] as usize];
                let (mut limit, mut done) = (origin, 0);
                for _ in 0..geometry.width {
                    self.starts.push(self.entries.len() as u32);
                    limit += geometry.channels as u32;
                    let here = list[done..].iter().take_while(|&&neuron| neuron < limit).count();
                    self.entries.extend(list[done..done + here].iter().map(|neuron| neuron - origin));
                    done += here;
                }
                cursor[plane] += done;
            }
        }
        self.starts.push(self.entries.len() as u32);
        self.cursor = cursor;
    }

    /// Makes the given number of planes empty.
    pub fn fill_silent(&mut self, geometry: Geometry, planes: usize) {
        self.clear(planes);
        self.starts.resize(geometry.positions() * planes + 1, 0);
    }

    /// Entries of a whole row in one plane.
    pub fn row(&self, geometry: Geometry, row: usize, plane: usize) -> &[u32] {
        let at = (row * self.planes + plane) * geometry.width;
        &self.entries[self.starts[at] as usize..self.starts[at + geometry.width] as usize]
    }

    /// Number of spikes represented by an entry of a plane.
    pub fn weight(&self, plane: usize) -> u32 {
        if self.binary {
            1 << (self.planes - 1 - plane)
        } else {
            1
        }
    }

    pub fn total(&self, geometry: Geometry) -> u64 {
        if !self.binary || self.entries.is_empty() {
            return self.entries.len() as u64 + self.unlisted;
        }
        let planes = (0..geometry.height).flat_map(|row| (0..self.planes).map(move |plane| (row, plane)));
        let of = |(row, plane)| u64::from(self.weight(plane)) * self.row(geometry, row, plane).len() as u64;
        self.unlisted + planes.map(of).sum::<u64>()
    }

    /// Adds all spikes, of all planes, to those of each neuron.
    pub fn tally(&self, geometry: Geometry, totals: &mut [u32]) {
        let row_size = geometry.width * geometry.channels;
        for (row, totals) in totals.chunks_exact_mut(row_size).enumerate() {
            for plane in 0..self.planes {
                self.row(geometry, row, plane).iter().for_each(|&entry| totals[entry as usize] += self.weight(plane));
            }
        }
    }

    /// Whether nothing spikes in a row, in any plane.
    #[inline(always)]
    pub fn silent(&self, geometry: Geometry, row: usize) -> bool {
        let at = row * self.planes * geometry.width;
        self.starts[at] == self.starts[at + self.planes * geometry.width]
    }

    /// Appends a row from its bits, [planes][width][words]: in order of (plane, x, channel), each as often as `visit` says.
    #[inline(always)]
    pub fn append_row(
        &mut self,
        geometry: Geometry,
        bits: &[u64],
        words: usize,
        mut visit: impl FnMut(usize, usize, usize) -> u32,
    ) {
        let Geometry { width, channels, .. } = geometry;
        let cells = self.planes * width;
        self.starts.reserve(cells);
        for cell in 0..cells {
            let (plane, x) = (cell / width, cell % width);
            self.starts.push(self.entries.len() as u32);
            for (word, &bits) in bits[cell * words..(cell + 1) * words].iter().enumerate() {
                let mut left = bits;
                if left == 0 {
                    continue;
                }
                self.entries.reserve(left.count_ones() as usize);
                while left != 0 {
                    let channel = word * 64 + left.trailing_zeros() as usize;
                    left &= left - 1;
                    let spikes = visit(plane, x, channel);
                    let entry = (x * channels + channel) as u32;
                    self.entries.push(entry);
                    for _ in 1..spikes {
                        self.entries.push(entry);
                    }
                }
            }
        }
    }

    /// The same where every neuron spikes at most once a plane. A cell of `words` words has the bits of `columns` neighbouring columns.
    #[inline(never)]
    pub fn append_bits(&mut self, geometry: Geometry, columns: usize, bits: &[u64], words: usize) {
        self.append_seen_bits(geometry, columns, bits, words, |_, _| {});
    }

    /// The same; `seen` takes the entries of each plane. Eight channels at a time without a branch: a loop over the bits would
    /// mispredict its end in almost every word.
    #[inline(always)]
    pub fn append_seen_bits(
        &mut self,
        geometry: Geometry,
        columns: usize,
        bits: &[u64],
        words: usize,
        mut seen: impl FnMut(usize, &[u32]),
    ) {
        let Geometry { width, channels, .. } = geometry;
        let row_words = width / columns * words;
        let total: usize = bits.iter().map(|word| word.count_ones() as usize).sum();
        self.entries.reserve(total + 8);
        self.starts.reserve(self.planes * width);
        let entries = self.entries.as_mut_ptr();
        let mut length = self.entries.len();
        for plane in 0..self.planes {
            let first = length;
            let mut origin = 0;
            for cell in bits[plane * row_words..(plane + 1) * row_words].chunks_exact(words) {
                for column in 0..columns {
                    self.starts.push(length as u32);
                    // SAFETY: room for `total` entries and 8 more is reserved, and at most `total` are counted.
                    length += unsafe { put_column(entries.add(length), cell, [column, columns], channels, origin) };
                    origin += channels;
                }
            }
            // SAFETY: the entries up to `length` have been written.
            unsafe { self.entries.set_len(length) };
            seen(plane, &self.entries[first..]);
        }
    }

    /// The same where some neurons spike more than once in a plane; those of two planes after each other share a tick.
    #[inline(never)]
    pub fn append_repeated(&mut self, geometry: Geometry, bits: &[u64], words: usize, repeated: Repeated) {
        let Geometry { width, channels, .. } = geometry;
        let columns = repeated.columns;
        let mut left: usize = bits.iter().map(|word| word.count_ones() as usize).sum();
        self.starts.reserve(self.planes * width);
        let cells = width / columns;
        for (number, bits) in bits.chunks_exact(words).enumerate() {
            let (plane, x) = (number / cells, number % cells);
            let (cell, first) = (plane / 2 * cells + x, x * columns * channels);
            if bits.iter().all(|&word| word == 0) {
                self.starts.extend(std::iter::repeat_n(self.entries.len() as u32, columns));
                continue;
            }
            for column in 0..columns {
                let origin = first + column * channels;
                self.starts.push(self.entries.len() as u32);
                if repeated.multiple[cell] != 0 {
                    let times = &repeated.times[cell * repeated.padded + column * channels..];
                    for (word, &bits) in bits.iter().enumerate() {
                        let bits = of_column(bits, column, columns, channels);
                        let mut more = bits;
                        while more != 0 {
                            let channel = word * 64 + more.trailing_zeros() as usize;
                            more &= more - 1;
                            self.repeat((origin + channel) as u32, times[channel] as usize);
                        }
                        left -= bits.count_ones() as usize;
                    }
                    continue;
                }
                self.entries.reserve(left + 8);
                let mut length = self.entries.len();
                let entries = self.entries.as_mut_ptr();
                // SAFETY: room for `left` entries and 8 more is reserved, and at most `left` are counted.
                length += unsafe { put_column(entries.add(length), bits, [column, columns], channels, origin) };
                left -= length - self.entries.len();
                // SAFETY: the entries up to `length` have been written.
                unsafe { self.entries.set_len(length) };
            }
        }
    }

    /// Appends an entry `times` times.
    #[inline(always)]
    fn repeat(&mut self, entry: u32, times: usize) {
        let length = self.entries.len();
        if self.entries.capacity() - length < times + 4 {
            self.entries.reserve(times + 4);
        }
        for first in (0..times).step_by(4) {
            // SAFETY: room for every spike and 4 more is reserved.
            unsafe { self.entries.as_mut_ptr().add(length + first).cast::<[u32; 4]>().write_unaligned([entry; 4]) };
        }
        // SAFETY: they have been written.
        unsafe { self.entries.set_len(length + times) };
    }

    pub fn finish(&mut self) {
        self.starts.push(self.entries.len() as u32);
    }
}

/// The bits of one of the `columns` columns of a cell.
#[inline(always)]
pub fn of_column(bits: u64, column: usize, columns: usize, channels: usize) -> u64 {
    if columns == 1 {
        bits
    } else {
        bits >> (column * channels) & ((1 << channels) - 1)
    }
}

/// Writes the entries of one column of a cell, the first channel of which is `origin`; returns their number.
///
/// # Safety
/// `to` has room for them and 8 more.
#[inline(always)]
unsafe fn put_column(
    to: *mut u32,
    cell: &[u64],
    [column, columns]: [usize; 2],
    channels: usize,
    origin: usize,
) -> usize {
    let mut length = 0;
    for (word, &bits) in cell.iter().enumerate() {
        let bits = of_column(bits, column, columns, channels);
        if bits == 0 {
            continue;
        }
        for byte in 0..(channels - word * 64).min(64).div_ceil(8) {
            let eight = (bits >> (8 * byte)) as usize & 255;
            length += put_eight(to.add(length), eight, origin + word * 64 + 8 * byte);
        }
    }
    length
}

/// How often the neurons of a row spike in each tick.
pub struct Repeated<'a> {
    /// Whether any neuron of a cell spikes more than once, [ticks][cells].
    pub multiple: &'a [u8],
    /// Of the neurons that spike at all, [ticks][cells][padded].
    pub times: &'a [u32],
    pub padded: usize,
    /// Neighbouring columns that are one cell.
    pub columns: usize,
}
