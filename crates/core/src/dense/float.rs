//! The ReLU network in f32: calibration and its decisions.

use super::graph::{check_cycle, Graph, Operation};
use super::linear::Convolution;
use super::Window;

/// Float pass of a ReLU network: nodes are added in topological order and named by their number.
/// Every method fails on sizes that do not fit; `run` does not fail.
pub struct FloatPass {
    graph: Graph<f32>,
    /// Value of each pixel 0…255, `[channel][pixel]`.
    pixel_values: Vec<f32>,
    inputs: usize,
}

impl FloatPass {
    /// `pixel_values`: 256 for each channel of the input, or 256 for all.
    pub fn new(inputs: usize, pixel_values: Vec<f32>) -> Result<Self, String> {
        if pixel_values.len() % 256 != 0 {
            return Err(format!("input: expected 256 values a channel, got {}", pixel_values.len()));
        }
        check_cycle("input", pixel_values.len() / 256, inputs)?;
        let mut graph = Graph::new();
        graph.push(Operation::Input, inputs);
        Ok(FloatPass { graph, pixel_values, inputs })
    }

    /// `weights`: shape [outputs, inputs].
    pub fn dense(&mut self, source: usize, weights: &[f32], bias: &[f32]) -> Result<usize, String> {
        let sizes = [self.graph.size_of(source)?, bias.len()];
        let convolution = Convolution::dense(sizes[0], sizes[1], weights)?;
        self.linear(source, sizes, convolution, bias)
    }

    /// `weights`: shape [kernel height, kernel width, input channels / groups, output channels].
    pub fn conv2d(
        &mut self,
        source: usize,
        window: Window,
        groups: usize,
        weights: &[f32],
        bias: &[f32],
    ) -> Result<usize, String> {
        let sizes = [window.inputs(), window.outputs()];
        let convolution = Convolution::new(window, groups, weights)?;
        self.linear(source, sizes, convolution, bias)
    }

    /// As `conv2d`; `window.padding` is what is cut off the output.
    pub fn conv_transpose2d(
        &mut self,
        source: usize,
        window: Window,
        groups: usize,
        weights: &[f32],
        bias: &[f32],
    ) -> Result<usize, String> {
        let sizes = [window.inputs(), window.outputs()];
        let convolution = Convolution::transposed(window, groups, weights)?;
        self.linear(source, sizes, convolution, bias)
    }

    /// `scale` and `shift`: one value for each channel.
    pub fn affine(&mut self, source: usize, scale: Vec<f32>, shift: Vec<f32>) -> Result<usize, String> {
        let size = self.graph.size_of(source)?;
        check_cycle("affine", scale.len(), size)?;
        if shift.len() != scale.len() {
            return Err(format!("affine: {} scales and {} shifts", scale.len(), shift.len()));
        }
        self.map(source, move |values| {
            for cell in values.chunks_exact_mut(scale.len()) {
                for ((lanes, &scale), &shift) in cell.iter_mut().zip(&scale).zip(&shift) {
                    *lanes = lanes.map(|x| scale * x + shift);
                }
            }
        })
    }

    /// min(max(x, 0), ceiling); −0 becomes 0, as in JavaScript.
    pub fn relu(&mut self, source: usize, ceiling: f32) -> Result<usize, String> {
        self.map(source, move |values| {
            for lanes in values {
                let positive = lanes.map(|x| if x <= 0.0 { 0.0 } else { x });
                *lanes = positive.map(|x| if x > ceiling { ceiling } else { x });
            }
        })
    }

    /// As `relu`, but slope · x for negative x; one slope for each channel.
    pub fn leaky_relu(&mut self, source: usize, ceiling: f32, slope: Vec<f32>) -> Result<usize, String> {
        check_cycle("slope", slope.len(), self.graph.size_of(source)?)?;
        self.map(source, move |values| {
            for cell in values.chunks_exact_mut(slope.len()) {
                for (lanes, &slope) in cell.iter_mut().zip(&slope) {
                    let clipped = |x: f32| if x > ceiling { ceiling } else { x };
                    // −0 becomes 0.
                    *lanes = lanes.map(|x| if x < 0.0 { slope * x } else { clipped(x + 0.0) });
                }
            }
        })
    }

    /// Zeros around the input; `output`: extents [height, width], `before`: rows above and columns on the left.
    pub fn pad(
        &mut self,
        source: usize,
        input: [usize; 3],
        output: [usize; 2],
        before: [usize; 2],
    ) -> Result<usize, String> {
        let size = self.graph.read(source, self.graph.next())?;
        let [height, width, channels] = input;
        if size != height * width * channels || before[0] + height > output[0] || before[1] + width > output[1] {
            return Err(format!("pad: {input:?} at {before:?} of {output:?} does not fit an input of {size}"));
        }
        let [row, padded_row] = [width * channels, output[1] * channels];
        let first = before[0] * padded_row + before[1] * channels;
        Ok(self.graph.push(Operation::Pad { source, row, padded_row, first }, output[0] * padded_row))
    }

    pub fn max_pool(&mut self, source: usize, window: Window) -> Result<usize, String> {
        self.graph.window(source, &window)?;
        let size = window.outputs();
        Ok(self.graph.push(Operation::MaxPool(source, window), size))
    }

    /// `factors`: what the sum of each window is multiplied by.
    pub fn average_pool(&mut self, source: usize, window: Window, factors: Vec<f32>) -> Result<usize, String> {
        self.graph.window(source, &window)?;
        if factors.len() != window.output[0] * window.output[1] {
            return Err(format!("average pool: {} factors for {:?}", factors.len(), window.output));
        }
        let size = window.outputs();
        Ok(self.graph.push(Operation::SumPool(source, window, factors), size))
    }

    pub fn add(&mut self, sources: Vec<usize>) -> Result<usize, String> {
        let reader = self.graph.next();
        let sizes = sources.iter().map(|&source| self.graph.read(source, reader)).collect::<Result<Vec<_>, _>>()?;
        match sizes.first() {
            Some(&size) if sizes.iter().all(|&other| other == size) => {
                Ok(self.graph.push(Operation::Add(sources), size))
            }
            _ => Err(format!("add: expected inputs of one size, got {sizes:?}")),
        }
    }

    /// `channels`: of each source.
    pub fn concat(&mut self, sources: Vec<usize>, channels: Vec<usize>) -> Result<usize, String> {
        let reader = self.graph.next();
        let sizes = sources.iter().map(|&source| self.graph.read(source, reader)).collect::<Result<Vec<_>, _>>()?;
        let fits = sizes.len() == channels.len() && !channels.contains(&0);
        let positions = if fits && !sizes.is_empty() { sizes[0] / channels[0] } else { 0 };
        if positions == 0 || sizes.iter().zip(&channels).any(|(&size, channels)| size != positions * channels) {
            return Err(format!("concat: inputs of {sizes:?} do not fit channels {channels:?}"));
        }
        let parts = sources.into_iter().zip(channels).collect();
        Ok(self.graph.push(Operation::Concat(parts), sizes.iter().sum()))
    }

    pub fn keep(&mut self, node: usize) -> Result<(), String> {
        self.graph.keep(node)
    }

    pub fn track_maxima(&mut self, node: usize, channels: usize) -> Result<(), String> {
        self.graph.track_maxima(node, channels)
    }

    /// Largest value of each channel since `track_maxima`.
    pub fn maxima(&self, node: usize, channels: usize) -> Vec<f32> {
        self.graph.maxima(node, channels)
    }

    /// `batch`: whole samples, one after the other; a rest is ignored.
    pub fn run(&mut self, batch: &[f32]) {
        let inputs = self.inputs;
        self.graph.run(batch.len() / inputs, |sample, element| batch[sample * inputs + element]);
    }

    pub fn run_pixels(&mut self, batch: &[u8]) {
        let (inputs, values) = (self.inputs, &self.pixel_values);
        let channels = values.len() / 256;
        self.graph.run(batch.len() / inputs, |sample, element| {
            values[element % channels * 256 + usize::from(batch[sample * inputs + element])]
        });
    }

    /// Values of a kept node in the last run, `[sample][element]`; empty the second time.
    pub fn take(&mut self, node: usize) -> Vec<f32> {
        self.graph.take(node)
    }

    fn linear(
        &mut self,
        source: usize,
        sizes: [usize; 2],
        convolution: Convolution<f32>,
        bias: &[f32],
    ) -> Result<usize, String> {
        check_cycle("bias", bias.len(), sizes[1])?;
        let node = self.graph.push(Operation::Sum(bias.to_vec(), Vec::new()), sizes[1]);
        self.graph.add_term(node, source, sizes, Box::new(move |x, y| convolution.accumulate(x, y)))?;
        Ok(node)
    }

    fn map(&mut self, source: usize, map: impl Fn(&mut [super::Lanes<f32>]) + 'static) -> Result<usize, String> {
        let size = self.graph.read(source, self.graph.next())?;
        Ok(self.graph.push(Operation::Map(source, Box::new(map)), size))
    }
}
