//! The neurons of a layer whose membranes are recorded, searchable by position.

use std::ops::Range;

/// By rising neuron, each with its row of the traces: the order asked for.
pub struct Traced(Vec<(u32, usize)>);

impl Traced {
    pub fn new(neurons: &[u32]) -> Traced {
        let mut sorted: Vec<(u32, usize)> = neurons.iter().enumerate().map(|(row, &neuron)| (neuron, row)).collect();
        sorted.sort_unstable();
        Traced(sorted)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Row and neuron of the recorded neurons in a range. A search, because a layer asks for every chunk of its neurons.
    pub fn within(&self, neurons: Range<usize>) -> impl Iterator<Item = (usize, usize)> + '_ {
        let before = |end: usize| self.0.partition_point(|&(neuron, _)| (neuron as usize) < end);
        self.0[before(neurons.start)..before(neurons.end)].iter().map(|&(neuron, row)| (row, neuron as usize))
    }
}
