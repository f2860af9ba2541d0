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
}

/// Spikes of a node over a block of ticks. An entry is x·channels + channel; those of (row, tick, x) begin at
/// `starts[(row·ticks + tick)·width + x]`, so that a range of x is one slice.
#[derive(Default)]
pub struct Spikes {
    pub ticks: usize,
    pub entries: Vec<u32>,
    pub starts: Vec<u32>,
    cursor: Vec<usize>,
}

impl Spikes {
    pub fn clear(&mut self, ticks: usize) {
        self.ticks = ticks;
        self.entries.clear();
        self.starts.clear();
    }

    /// From neurons sorted by (tick, neuron); tick t is `neurons[ticks[t]..ticks[t + 1]]`.
    pub fn fill(&mut self, geometry: Geometry, neurons: &[u32], ticks: &[u32]) {
        self.clear(ticks.len() - 1);
        let mut cursor = std::mem::take(&mut self.cursor);
        cursor.clear();
        cursor.extend(ticks[..self.ticks].iter().map(|&start| start as usize));
        let row_size = geometry.width * geometry.channels;
        for row in 0..geometry.height {
            for tick in 0..self.ticks {
                let end = ticks[tick + 1] as usize;
                for x in 0..geometry.width {
                    self.starts.push(self.entries.len() as u32);
                    let limit = row * row_size + (x + 1) * geometry.channels;
                    while cursor[tick] < end && (neurons[cursor[tick]] as usize) < limit {
                        self.entries.push(neurons[cursor[tick]] - (row * row_size) as u32);
                        cursor[tick] += 1;
                    }
                }
            }
        }
        self.starts.push(self.entries.len() as u32);
        self.cursor = cursor;
    }

    /// Entries of a whole row in one tick.
    pub fn row(&self, geometry: Geometry, row: usize, tick: usize) -> &[u32] {
        let at = (row * self.ticks + tick) * geometry.width;
        &self.entries[self.starts[at] as usize..self.starts[at + geometry.width] as usize]
    }
}
