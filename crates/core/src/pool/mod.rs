//! Pools pass spikes on: a sum all of them, a maximum by the rule of the network's code. They count and set bits, row by row, and
//! never sort.

pub mod largest;
pub mod maxima;
pub mod rising;
pub mod sum;
pub mod values;

use crate::spikes::{Geometry, Spikes};
use crate::synapse::sweep::Sweep;

/// A pool with what it has seen since the reset.
pub trait Pooling {
    fn pass(&mut self, source: &Spikes, target: &mut Spikes);
    fn reset(&mut self) {}
    /// A run begins after this number of ticks of its frame.
    fn begin(&mut self, _frame: usize) {}
}

/// A pool that counts the spikes of its outputs row by row.
trait ByRow {
    fn parts(&mut self) -> (&Reach, &mut Counted);

    /// Counts row `y` of the outputs.
    fn count(&mut self, y: usize, source: &Spikes);

    #[inline(always)]
    fn pass_rows(&mut self, source: &Spikes, target: &mut Spikes) {
        let (reach, row) = self.parts();
        let height = reach.to.height;
        target.clear(source.planes);
        target.binary = source.binary;
        row.open(reach, source.planes);
        for y in 0..height {
            self.count(y, source);
            let (reach, row) = self.parts();
            row.append(reach, target);
        }
        target.finish();
    }
}

/// Which members each output of a pool has.
#[derive(Clone)]
pub struct Reach {
    pub from: Geometry,
    pub to: Geometry,
    pub sweep: Sweep,
    /// Output columns that read each input column.
    columns: Vec<Vec<(usize, usize)>>,
}

impl Reach {
    pub fn new(from: Geometry, to: Geometry, sweep: Sweep) -> Reach {
        Reach { from, to, sweep, columns: sweep.readers(1, from.width, to.width) }
    }

    /// Words of 64 channels a position.
    fn words(&self) -> usize {
        self.to.channels.div_ceil(64)
    }

    /// Neurons of a row of outputs.
    fn row_size(&self) -> usize {
        self.to.width * self.to.channels
    }
}

/// Spikes of one row of outputs, counted: in `bits` which neurons spike, [planes][width][words], in `spikes` how often,
/// [planes][width · channels].
#[derive(Default)]
struct Counted {
    bits: Vec<u64>,
    spikes: Vec<u32>,
}

impl Counted {
    /// Zeros for the given number of planes.
    fn open(&mut self, reach: &Reach, planes: usize) {
        self.bits.clear();
        self.bits.resize(planes * reach.to.width * reach.words(), 0);
        self.spikes.clear();
        self.spikes.resize(planes * reach.row_size(), 0);
    }

    #[inline(always)]
    fn add(&mut self, reach: &Reach, plane: usize, column: usize, channel: usize, times: u32) {
        self.spikes[plane * reach.row_size() + column * reach.to.channels + channel] += times;
        self.bits[(plane * reach.to.width + column) * reach.words() + channel / 64] |= 1 << (channel % 64);
    }

    /// Appends the row, and leaves zeros.
    fn append(&mut self, reach: &Reach, target: &mut Spikes) {
        let spikes = &mut self.spikes;
        let (row, channels) = (reach.row_size(), reach.to.channels);
        target.append_row(reach.to, &self.bits, reach.words(), |plane, x, channel| {
            std::mem::take(&mut spikes[plane * row + x * channels + channel])
        });
        self.bits.fill(0);
    }
}
