//! The graph that both passes evaluate: operations in topological order, and room for their values.

use super::{Element, Lanes, Window, LANES};

/// Adds the weighted values of a source to a sum.
type Accumulate<T> = Box<dyn Fn(&[Lanes<T>], &mut [Lanes<T>])>;

pub(super) struct Term<T> {
    source: usize,
    accumulate: Accumulate<T>,
}

/// Changes an activation in place.
pub(super) type Change<T> = Box<dyn Fn(&mut [Lanes<T>])>;

pub(super) enum Operation<T> {
    Input,
    /// Bias, for each channel or each element, plus the terms in their order.
    Sum(Vec<T>, Vec<Term<T>>),
    /// In place on a copy of the source.
    Map(usize, Change<T>),
    MaxPool(usize, Window),
    /// The sum of each window, times a factor for each position if there are any.
    SumPool(usize, Window, Vec<T>),
    Add(Vec<usize>),
    /// Sources with their channels.
    Concat(Vec<(usize, usize)>),
    /// Rows of the source put into longer ones, from element `first` on; the rest is zero.
    Pad {
        source: usize,
        row: usize,
        padded_row: usize,
        first: usize,
    },
}

struct Node<T> {
    operation: Operation<T>,
    size: usize,
    last_reader: usize,
    kept: Option<Vec<T>>,
    hashed: bool,
    /// One list for each number of channels under which the node is followed.
    maxima: Vec<Vec<T>>,
}

/// Nodes in topological order, and what is recorded of them.
pub(super) struct Graph<T> {
    nodes: Vec<Node<T>>,
    hashes: Vec<u32>,
}

impl<T: Element> Graph<T> {
    pub fn new() -> Self {
        Graph { nodes: Vec::new(), hashes: Vec::new() }
    }

    /// Number of the new node.
    pub fn push(&mut self, operation: Operation<T>, size: usize) -> usize {
        self.nodes.push(Node { operation, size, last_reader: 0, kept: None, hashed: false, maxima: Vec::new() });
        self.nodes.len() - 1
    }

    pub fn size_of(&self, node: usize) -> Result<usize, String> {
        self.nodes.get(node).map(|node| node.size).ok_or_else(|| format!("there is no node {node}"))
    }

    /// Size of `source`, which node `reader` reads.
    pub fn read(&mut self, source: usize, reader: usize) -> Result<usize, String> {
        let size = self.size_of(source)?;
        if source >= reader {
            return Err(format!("node {reader} cannot read node {source}, which is not before it"));
        }
        self.nodes[source].last_reader = self.nodes[source].last_reader.max(reader);
        Ok(size)
    }

    pub fn next(&self) -> usize {
        self.nodes.len()
    }

    pub fn window(&mut self, source: usize, window: &Window) -> Result<(), String> {
        let size = self.read(source, self.next())?;
        if window.inputs() != size || window.input[2] != window.output[2] {
            return Err(format!("pool: {:?} to {:?} does not fit an input of {size}", window.input, window.output));
        }
        Ok(())
    }

    /// `sizes`: of the source and the sum for which `accumulate` was made.
    pub fn add_term(
        &mut self,
        node: usize,
        source: usize,
        sizes: [usize; 2],
        accumulate: Accumulate<T>,
    ) -> Result<(), String> {
        let size = self.read(source, node)?;
        let target = self.size_of(node)?;
        let Operation::Sum(_, terms) = &mut self.nodes[node].operation else {
            return Err(format!("node {node} takes no weights"));
        };
        if sizes != [size, target] {
            return Err(format!("weights from {} to {} do not fit nodes of {size} and {target}", sizes[0], sizes[1]));
        }
        terms.push(Term { source, accumulate });
        Ok(())
    }

    /// Keeps the values of a node in every run.
    pub fn keep(&mut self, node: usize) -> Result<(), String> {
        self.size_of(node)?;
        self.nodes[node].kept = Some(Vec::new());
        Ok(())
    }

    pub fn forget(&mut self, node: usize) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.kept = None;
        }
    }

    /// Whether the values of a node enter the hashes of every run.
    pub fn hash(&mut self, node: usize, hashed: bool) -> Result<(), String> {
        self.size_of(node)?;
        self.nodes[node].hashed = hashed;
        Ok(())
    }

    /// Two words for each sample of the last run, over the hashed nodes in ascending order; empty the second time.
    pub fn take_hashes(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.hashes)
    }

    /// Follows the largest value of each channel over all samples of all runs.
    pub fn track_maxima(&mut self, node: usize, channels: usize) -> Result<(), String> {
        check_cycle("maxima", channels, self.size_of(node)?)?;
        let maxima = &mut self.nodes[node].maxima;
        if maxima.iter().all(|largest| largest.len() != channels) {
            maxima.push(vec![T::LOWEST; channels]);
        }
        Ok(())
    }

    /// What `track_maxima` with the same arguments follows; empty if nothing does.
    pub fn maxima(&self, node: usize, channels: usize) -> Vec<T> {
        let maxima = self.nodes.get(node).map_or(&[][..], |node| &node.maxima);
        maxima.iter().find(|largest| largest.len() == channels).cloned().unwrap_or_default()
    }

    /// Values of a kept node in the last run, `[sample][element]`; empty the second time.
    pub fn take(&mut self, node: usize) -> Vec<T> {
        self.nodes.get_mut(node).and_then(|node| node.kept.as_mut()).map(std::mem::take).unwrap_or_default()
    }

    /// `input(sample, element)` gives the values of the input nodes.
    pub fn run(&mut self, samples: usize, input: impl Fn(usize, usize) -> T) {
        for node in &mut self.nodes {
            if let Some(kept) = &mut node.kept {
                kept.clear();
                kept.resize(samples * node.size, T::default());
            }
        }
        self.hashes.clear();
        let mut values: Vec<Vec<Lanes<T>>> = (0..self.nodes.len()).map(|_| Vec::new()).collect();
        let mut spare: Vec<Vec<Lanes<T>>> = Vec::new();
        for first in (0..samples).step_by(LANES) {
            let live = LANES.min(samples - first);
            let mut hash = Hash::default();
            for index in 0..self.nodes.len() {
                let node = &mut self.nodes[index];
                let mut output = spare.pop().unwrap_or_default();
                output.clear();
                output.resize(node.size, [T::default(); LANES]);
                if let Operation::Input = node.operation {
                    for lane in 0..live {
                        for (element, value) in output.iter_mut().enumerate() {
                            value[lane] = input(first + lane, element);
                        }
                    }
                } else {
                    evaluate(&node.operation, &values, &mut output);
                }
                node.record(&output, first, live);
                if node.hashed {
                    hash.add(&output);
                }
                values[index] = output;
                for source in 0..=index {
                    if self.nodes[source].last_reader.max(source) == index {
                        spare.push(std::mem::take(&mut values[source]));
                    }
                }
            }
            self.hashes.extend((0..live).flat_map(|lane| [hash.first[lane], hash.second[lane]]));
        }
    }
}

/// Two multiplicative hashes of different constants, those of `countHash` in ts/analyze/known.ts.
struct Hash {
    first: Lanes<u32>,
    second: Lanes<u32>,
}

impl Default for Hash {
    fn default() -> Self {
        Hash { first: [0x811c_9dc5; LANES], second: [0x2545_f491; LANES] }
    }
}

impl Hash {
    fn add<T: Element>(&mut self, values: &[Lanes<T>]) {
        // Locals stay in registers through the loop.
        let (mut first, mut second) = (self.first, self.second);
        for lanes in values {
            for lane in 0..LANES {
                let word = lanes[lane].bits();
                first[lane] = (first[lane] ^ word).wrapping_mul(0x0100_0193);
                second[lane] = (second[lane] ^ word).wrapping_add(second[lane] >> 15).wrapping_mul(0x85eb_ca6b);
            }
        }
        (self.first, self.second) = (first, second);
    }
}

impl<T: Element> Node<T> {
    fn record(&mut self, output: &[Lanes<T>], first: usize, live: usize) {
        if let Some(kept) = &mut self.kept {
            for lane in 0..live {
                let row = &mut kept[(first + lane) * self.size..][..self.size];
                row.iter_mut().zip(output).for_each(|(value, lanes)| *value = lanes[lane]);
            }
        }
        for maxima in &mut self.maxima {
            for cell in output.chunks_exact(maxima.len()) {
                for (largest, lanes) in maxima.iter_mut().zip(cell) {
                    for &value in &lanes[..live] {
                        if value > *largest {
                            *largest = value;
                        }
                    }
                }
            }
        }
    }
}

/// Parameters come once for each channel or once for each element, and repeat along the elements.
pub(super) fn check_cycle(what: &str, length: usize, size: usize) -> Result<(), String> {
    if length == 0 || size == 0 || size % length != 0 {
        return Err(format!("{what}: {length} values do not repeat over {size} elements"));
    }
    Ok(())
}

fn evaluate<T: Element>(operation: &Operation<T>, values: &[Vec<Lanes<T>>], output: &mut [Lanes<T>]) {
    match operation {
        Operation::Input => {}
        Operation::Sum(bias, terms) => {
            for cell in output.chunks_exact_mut(bias.len()) {
                cell.iter_mut().zip(bias).for_each(|(lanes, &bias)| *lanes = [bias; LANES]);
            }
            for term in terms {
                (term.accumulate)(&values[term.source], output);
            }
        }
        Operation::Map(source, map) => {
            output.copy_from_slice(&values[*source]);
            map(output);
        }
        Operation::MaxPool(source, window) => {
            output.fill([T::LOWEST; LANES]);
            pool(window, &values[*source], output, |largest, x| if x > largest { x } else { largest });
        }
        Operation::SumPool(source, window, factors) => {
            pool(window, &values[*source], output, T::add);
            for (cell, &factor) in output.chunks_exact_mut(window.output[2]).zip(factors) {
                cell.iter_mut().for_each(|lanes| *lanes = lanes.map(|sum| sum.multiply(factor)));
            }
        }
        Operation::Add(sources) => {
            output.copy_from_slice(&values[sources[0]]);
            for &source in &sources[1..] {
                output.iter_mut().zip(&values[source]).for_each(|(sum, x)| combine(sum, x, T::add));
            }
        }
        Operation::Pad { source, row, padded_row, first } => {
            for (source, target) in values[*source].chunks_exact(*row).zip(output[*first..].chunks_mut(*padded_row)) {
                target[..*row].copy_from_slice(source);
            }
        }
        Operation::Concat(sources) => {
            let total: usize = sources.iter().map(|(_, channels)| channels).sum();
            for (position, cell) in output.chunks_exact_mut(total).enumerate() {
                let mut first = 0;
                for &(source, channels) in sources {
                    cell[first..first + channels].copy_from_slice(&values[source][position * channels..][..channels]);
                    first += channels;
                }
            }
        }
    }
}

#[inline(always)]
fn combine<T: Element>(target: &mut Lanes<T>, x: &Lanes<T>, with: impl Fn(T, T) -> T) {
    for lane in 0..LANES {
        target[lane] = with(target[lane], x[lane]);
    }
}

/// Members in ascending (row, column) order.
#[inline(always)]
fn pool<T: Element>(window: &Window, x: &[Lanes<T>], y: &mut [Lanes<T>], with: impl Fn(T, T) -> T) {
    let channels = window.input[2];
    for row in 0..window.output[0] {
        for column in 0..window.output[1] {
            let target = &mut y[(row * window.output[1] + column) * channels..][..channels];
            for ky in window.taps(0, row) {
                for kx in window.taps(1, column) {
                    let cell = window.cell(0, row, ky) * window.input[1] + window.cell(1, column, kx);
                    let members = &x[cell * channels..][..channels];
                    target.iter_mut().zip(members).for_each(|(target, member)| combine(target, member, &with));
                }
            }
        }
    }
}
