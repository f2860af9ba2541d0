//! The quantised twin in i32: computes the counts of a layerwise network without ticks.

use std::cell::Cell;
use std::rc::Rc;

use super::graph::{check_cycle, Graph, Operation};
use super::linear::Convolution;
use super::pairs::PairConvolution;
use super::{Lanes, Window};

/// The quantised twin of a layerwise integer network, counts without ticks: V = B + Σ q·N, then
/// N = clip(floor((V + v0) / θ), 0, levels). Sums wrap; the mapping proves that they fit (mathematics T7).
pub struct TwinPass {
    graph: Graph<i32>,
    inputs: usize,
    /// Whether every value of a node is at most 16 bits wide.
    narrow: Vec<bool>,
    /// By node that fires: counts are multiples of it.
    quanta: Vec<(usize, Rc<Cell<i32>>)>,
}

impl TwinPass {
    pub fn new(inputs: usize) -> Result<Self, String> {
        check_cycle("input", 1, inputs)?;
        let mut graph = Graph::new();
        graph.push(Operation::Input, inputs);
        Ok(TwinPass { graph, inputs, narrow: vec![true], quanta: Vec::new() })
    }

    /// A node of `size` charges, from its bias on: one value for each channel or each neuron.
    pub fn charge(&mut self, size: usize, bias: Vec<i32>) -> Result<usize, String> {
        check_cycle("bias", bias.len(), size)?;
        Ok(self.push(Operation::Sum(bias, Vec::new()), size, false))
    }

    /// `weights`: shape [outputs, inputs].
    pub fn add_dense(&mut self, node: usize, source: usize, weights: &[i32]) -> Result<(), String> {
        let sizes = [self.graph.size_of(source)?, self.graph.size_of(node)?];
        if self.narrow[source] && PairConvolution::takes(weights) {
            let convolution = PairConvolution::dense(sizes[0], sizes[1], weights)?;
            return self.graph.add_term(node, source, sizes, Box::new(move |x, y| convolution.accumulate(x, y)));
        }
        let convolution = Convolution::dense(sizes[0], sizes[1], weights)?;
        self.graph.add_term(node, source, sizes, Box::new(move |x, y| convolution.accumulate(x, y)))
    }

    /// `weights`: shape [kernel height, kernel width, input channels / groups, output channels].
    pub fn add_conv2d(
        &mut self,
        node: usize,
        source: usize,
        window: Window,
        groups: usize,
        weights: &[i32],
    ) -> Result<(), String> {
        let sizes = [window.inputs(), window.outputs()];
        self.graph.size_of(source)?;
        if self.narrow[source] && PairConvolution::takes(weights) {
            let convolution = PairConvolution::new(window, groups, weights)?;
            return self.graph.add_term(node, source, sizes, Box::new(move |x, y| convolution.accumulate(x, y)));
        }
        let convolution = Convolution::new(window, groups, weights)?;
        self.graph.add_term(node, source, sizes, Box::new(move |x, y| convolution.accumulate(x, y)))
    }

    /// `weights` as of `add_conv2d`; `window.padding` is what is cut off the output.
    pub fn add_conv_transpose2d(
        &mut self,
        node: usize,
        source: usize,
        window: Window,
        groups: usize,
        weights: &[i32],
    ) -> Result<(), String> {
        let sizes = [window.inputs(), window.outputs()];
        let convolution = Convolution::transposed(window, groups, weights)?;
        self.graph.add_term(node, source, sizes, Box::new(move |x, y| convolution.accumulate(x, y)))
    }

    /// `weights`: one for each channel or each neuron.
    pub fn add_identity(&mut self, node: usize, source: usize, weights: Vec<i32>) -> Result<(), String> {
        let size = self.graph.size_of(node)?;
        check_cycle("identity", weights.len(), size)?;
        let accumulate = move |x: &[Lanes<i32>], y: &mut [Lanes<i32>]| {
            for ((sums, x), &weight) in y.iter_mut().zip(x).zip(weights.iter().cycle()) {
                for (sum, x) in sums.iter_mut().zip(x) {
                    *sum = sum.wrapping_add(weight.wrapping_mul(*x));
                }
            }
        };
        self.graph.add_term(node, source, [size, size], Box::new(accumulate))
    }

    /// Counts, from `least` to `levels`, of the neurons that hold the charges `source`; parameters for each channel or each neuron.
    pub fn fire(
        &mut self,
        source: usize,
        threshold: Vec<i32>,
        initial: Vec<i32>,
        least: i32,
        levels: i32,
    ) -> Result<usize, String> {
        let size = self.graph.read(source, self.graph.next())?;
        check_cycle("threshold", threshold.len(), size)?;
        check_cycle("initial potential", initial.len(), size)?;
        if let Some(wrong) = threshold.iter().find(|&&threshold| threshold <= 0) {
            return Err(format!("threshold: expected integers > 0, got {wrong}"));
        }
        let multiple = Rc::new(Cell::new(1));
        let quantum = Rc::clone(&multiple);
        let map = move |values: &mut [Lanes<i32>]| {
            let parameters = threshold.iter().cycle().zip(initial.iter().cycle());
            let quantum = quantum.get();
            for (lanes, (&threshold, &initial)) in values.iter_mut().zip(parameters) {
                *lanes = match quantum {
                    1 => counts(*lanes, threshold, initial, least, levels),
                    _ => multiples(*lanes, quantum, threshold, initial, levels),
                };
            }
        };
        let node = self.push(Operation::Map(source, Box::new(map)), size, levels <= i32::from(i16::MAX));
        self.quanta.push((node, multiple));
        Ok(node)
    }

    /// Counts of this node in later runs are multiples of `quantum`, as after a tick of refined phase (T14); 1 at first.
    pub fn set_quantum(&mut self, node: usize, quantum: i32) -> Result<(), String> {
        if quantum <= 0 {
            return Err(format!("quantum: expected an integer > 0, got {quantum}"));
        }
        match self.quanta.iter().find(|(fires, _)| *fires == node) {
            Some((_, multiple)) => multiple.set(quantum),
            None => return Err(format!("quantum: expected a node that fires, got node {node}")),
        }
        Ok(())
    }

    pub fn max_pool(&mut self, source: usize, window: Window) -> Result<usize, String> {
        self.graph.window(source, &window)?;
        let size = window.outputs();
        Ok(self.push(Operation::MaxPool(source, window), size, self.narrow[source]))
    }

    /// `multiplicity`: how often each output position counts its sum; empty for once.
    pub fn sum_pool(&mut self, source: usize, window: Window, multiplicity: Vec<i32>) -> Result<usize, String> {
        self.graph.window(source, &window)?;
        if !multiplicity.is_empty() && multiplicity.len() != window.output[0] * window.output[1] {
            return Err(format!("sum pool: {} multiplicities for {:?}", multiplicity.len(), window.output));
        }
        let size = window.outputs();
        Ok(self.push(Operation::SumPool(source, window, multiplicity), size, false))
    }

    fn push(&mut self, operation: Operation<i32>, size: usize, narrow: bool) -> usize {
        self.narrow.push(narrow);
        self.graph.push(operation, size)
    }

    pub fn keep(&mut self, node: usize) -> Result<(), String> {
        self.graph.keep(node)
    }

    /// No longer keeps a node.
    pub fn forget(&mut self, node: usize) {
        self.graph.forget(node);
    }

    /// Whether the counts of a node enter the hashes of every run.
    pub fn hash(&mut self, node: usize, hashed: bool) -> Result<(), String> {
        self.graph.hash(node, hashed)
    }

    /// Two words for each sample of the last run, over the hashed nodes in ascending order; empty the second time.
    pub fn take_hashes(&mut self) -> Vec<u32> {
        self.graph.take_hashes()
    }

    /// `batch`: whole samples of input counts, one after the other; a rest is ignored.
    pub fn run<C: Copy + Into<i16>>(&mut self, batch: &[C]) {
        let inputs = self.inputs;
        self.graph.run(batch.len() / inputs, |sample, element| i32::from(batch[sample * inputs + element].into()));
    }

    /// Values of a kept node in the last run, `[sample][element]`; empty the second time.
    pub fn take(&mut self, node: usize) -> Vec<i32> {
        self.graph.take(node)
    }
}

#[inline(always)]
fn counts(charge: Lanes<i32>, threshold: i32, initial: i32, least: i32, levels: i32) -> Lanes<i32> {
    let potential = charge.map(|charge| charge.wrapping_add(initial));
    if threshold & (threshold - 1) == 0 {
        let shift = threshold.trailing_zeros();
        potential.map(|potential| (potential >> shift).max(least).min(levels))
    } else {
        potential.map(|potential| potential.div_euclid(threshold).max(least).min(levels))
    }
}

/// N = m·clip(floor(V/(θm) + ½), 0, floor(levels/m)); `initial` has θ/2 already. In i64, since θm/2 beside V may pass 31 bits.
fn multiples(charge: Lanes<i32>, quantum: i32, threshold: i32, initial: i32, levels: i32) -> Lanes<i32> {
    let [step, half] = [i64::from(threshold) * i64::from(quantum), i64::from(threshold) / 2];
    let start = i64::from(initial) - half + step / 2;
    let most = i64::from(levels / quantum);
    charge.map(|charge| {
        let count = (i64::from(charge) + start).div_euclid(step).clamp(0, most);
        quantum * count as i32
    })
}
