//! Finds the slices of a source's spikes that reach a chunk of one position, and the rows of weights that they add.

use super::chunks::Chunk;
use super::spec::Kind;
use super::{Form, Synapse};
use crate::kernel::drive::Driven;
use crate::kernel::rows::Tap;
use crate::spikes::{Geometry, Spikes};

impl Synapse {
    /// Calls `visit(input row, first x, end x, shift)` for every contiguous range under (y, x), ascending: the row of an input
    /// channel is x·channels + channel + shift.
    #[inline(always)]
    fn ranges(&self, y: usize, x: usize, channels: usize, mut visit: impl FnMut(usize, usize, usize, isize)) {
        let Form::Rows { sweep, .. } = &self.form else { return };
        let left = (x * sweep.stride[1]) as isize - sweep.padding[1] as isize;
        for ky in sweep.taps(0) {
            let Some(row) = sweep.input(0, y, ky, self.from.height) else { continue };
            let first_row = (ky * sweep.kernel[1] * channels) as isize;
            if sweep.whole_rows() {
                let (a, b) = (left.max(0), (left + sweep.kernel[1] as isize).min(self.from.width as isize));
                if a < b {
                    visit(row, a as usize, b as usize, first_row - left * channels as isize);
                }
                continue;
            }
            for kx in sweep.taps(1) {
                if let Some(at) = sweep.input(1, x, kx, self.from.width) {
                    visit(row, at, at + 1, first_row + (kx as isize - at as isize) * channels as isize);
                }
            }
        }
    }

    /// Whether the input rows under an output row can be delivered as one list, out of order: not where a row's taps are apart.
    pub fn gathers(&self) -> bool {
        matches!(&self.form, Form::Rows { sweep, groups: 1, .. } if sweep.kernel[0] > 1 && sweep.whole_rows())
    }

    /// Columns of a cell of gathered spikes: all where every position reads all.
    fn cell_columns(&self) -> usize {
        if self.kind == Kind::Dense {
            self.from.width
        } else {
            1
        }
    }

    /// The spikes of all input rows under output row `y`.
    pub fn gather(&self, gathered: &mut Spikes, spikes: &Spikes, y: usize, rows: &mut Vec<(usize, u32)>) {
        let Form::Rows { sweep, .. } = &self.form else { return };
        let row_entries = sweep.kernel[1] * self.from.channels;
        rows.clear();
        rows.extend(
            (0..sweep.kernel[0])
                .filter_map(|ky| Some((sweep.input(0, y, ky, self.from.height)?, (ky * row_entries) as u32))),
        );
        gathered.gather(spikes, self.from, rows, self.cell_columns());
    }

    /// The part of a row's gathered spikes that reaches a chunk at (y, x).
    #[inline(always)]
    pub fn gathered_tap(&self, taps: &mut Vec<Tap>, gathered: &Spikes, y: usize, x: usize, chunk: &Chunk) {
        let Form::Rows { sweep, .. } = &self.form else { return };
        let left = (x * sweep.stride[1]) as isize - sweep.padding[1] as isize;
        let (a, b) = (left.max(0), (left + sweep.kernel[1] as isize).min(self.from.width as isize));
        if gathered.entries.is_empty() || a >= b {
            return;
        }
        let columns = self.cell_columns();
        let shift = -left * (self.from.channels * chunk.vectors * 16) as isize;
        taps.push(Tap {
            starts: gathered.starts.as_ptr().wrapping_add(a as usize / columns),
            stride: self.from.width / columns,
            span: (b - a) as usize / columns,
            entries: gathered.entries.as_ptr(),
            readable: gathered.entries.len(),
            values: gathered.values.as_ptr(),
            rows: self.block(y * self.to.width + x, chunk).wrapping_offset(shift),
            single: false,
            first: 0,
        });
    }

    /// The taps that reach a chunk at (y, x), in order. `spikes`: of the source, through the view.
    #[inline(never)]
    pub fn taps(&self, taps: &mut Vec<Tap>, spikes: &Spikes, y: usize, x: usize, chunk: &Chunk) {
        let position = y * self.to.width + x;
        let block = self.block(position, chunk);
        let width = self.from.width;
        let tap = |row: usize, a: usize, b: usize, rows: *const u8, single: bool, first: usize| Tap {
            starts: spikes.starts.as_ptr().wrapping_add(row * spikes.planes * width + a),
            stride: width,
            span: b - a,
            entries: spikes.entries.as_ptr(),
            readable: spikes.entries.len(),
            values: spikes.values.as_ptr(),
            rows,
            single,
            first,
        };
        match self.form {
            Form::Lanes { .. } if spikes.silent(self.from, y) => {}
            Form::Lanes { .. } => {
                let (a, b) = (x * self.columns, (x + 1) * self.columns);
                taps.push(tap(y, a, b, block, true, x * self.to.channels + chunk.first));
            }
            Form::Rows { groups, .. } => {
                let group = chunk.first / (self.to.channels / groups);
                let row_bytes = (chunk.vectors * 16) as isize;
                let seen = Geometry { height: self.from.height * groups, ..self.from };
                self.ranges(y, x, self.from.channels / groups, |row, a, b, shift| {
                    let row = row * groups + group;
                    if !spikes.silent(seen, row) {
                        taps.push(tap(row, a, b, block.wrapping_offset(shift * row_bytes), false, 0));
                    }
                });
            }
            _ => {}
        }
    }

    /// Inputs of constant current under (y, x), ascending, with the rows of a chunk's group.
    #[inline(never)]
    pub fn driven(&self, list: &mut Vec<Driven>, values: &[u32], y: usize, x: usize, chunk: &Chunk, keep_zeros: bool) {
        list.clear();
        let Form::Rows { groups, .. } = self.form else { return };
        let per_group = self.from.channels / groups;
        let group = chunk.first / (self.to.channels / groups);
        self.ranges(y, x, per_group, |row, a, b, shift| {
            for column in a..b {
                let at = (row * self.from.width + column) * self.from.channels + group * per_group;
                let first = (column * per_group) as isize + shift;
                for (channel, &value) in values[at..at + per_group].iter().enumerate() {
                    if keep_zeros || value << 1 != 0 {
                        list.push(Driven { row: first as u32 + channel as u32, value });
                    }
                }
            }
        });
    }
}
