use super::{Element, Lanes, Window, LANES};

/// What a sum takes its products of: numbers, or pairs of narrow ones.
pub(super) trait Factor: Copy + Default + 'static {
    type Sum: Element;
    /// Adds `weights[i][output] * x[i]` to `sums[output]`, in ascending i.
    fn add_run<const W: usize>(sums: &mut [Lanes<Self::Sum>; W], weights: &[Self], x: &[Lanes<Self>]);
}

impl<T: Element> Factor for T {
    type Sum = T;
    #[inline(always)]
    fn add_run<const W: usize>(sums: &mut [Lanes<T>; W], weights: &[T], x: &[Lanes<T>]) {
        // A copy, so that the sums stay in registers.
        let mut local = *sums;
        for (weight, x) in weights.chunks_exact(W).zip(x) {
            for output in 0..W {
                for lane in 0..LANES {
                    local[output][lane] = local[output][lane].add(weight[output].multiply(x[lane]));
                }
            }
        }
        *sums = local;
    }
}

/// Weights of a convolution, packed `[block of output channels][tap][channel of the block]`.
pub(super) struct Convolution<F> {
    window: Window,
    groups: usize,
    packed: Vec<F>,
}

impl<F: Factor> Convolution<F> {
    /// `weights`: shape [kernel height, kernel width, input channels / groups, output channels].
    pub fn new(window: Window, groups: usize, weights: &[F]) -> Result<Self, String> {
        let outputs = window.output[2];
        if groups == 0 || window.input[2] % groups != 0 || outputs % groups != 0 {
            return Err(format!("convolution: {} and {outputs} channels do not divide into {groups} groups", window.input[2]));
        }
        let taps = window.kernel[0] * window.kernel[1] * window.input[2] / groups;
        if weights.len() != taps * outputs {
            return Err(format!("convolution: expected {} weights, got {}", taps * outputs, weights.len()));
        }
        let packed = pack(taps, outputs, groups, |tap, output| weights[tap * outputs + output]);
        Ok(Convolution { window, groups, packed })
    }

    /// `weights`: shape [outputs, inputs].
    pub fn dense(inputs: usize, outputs: usize, weights: &[F]) -> Result<Self, String> {
        if weights.len() != inputs * outputs {
            return Err(format!("dense: expected {} weights, got {}", inputs * outputs, weights.len()));
        }
        let packed = pack(inputs, outputs, 1, |input, output| weights[output * inputs + input]);
        Ok(Convolution { window: Window::dense(inputs, outputs), groups: 1, packed })
    }

    /// Adds the weighted sums of `x` to `y`.
    pub fn accumulate(&self, x: &[Lanes<F>], y: &mut [Lanes<F::Sum>]) {
        let channels = self.window.output[2];
        for row in 0..self.window.output[0] {
            for column in 0..self.window.output[1] {
                let position = row * self.window.output[1] + column;
                let target = &mut y[position * channels..][..channels];
                let mut first = 0;
                for width in blocks(channels, self.groups) {
                    let sums = &mut target[first..first + width];
                    match width {
                        4 => self.block::<4>(row, column, first, x, sums),
                        2 => self.block::<2>(row, column, first, x, sums),
                        _ => self.block::<1>(row, column, first, x, sums),
                    }
                    first += width;
                }
            }
        }
    }

    #[inline(always)]
    fn block<const W: usize>(&self, row: usize, column: usize, first: usize, x: &[Lanes<F>], target: &mut [Lanes<F::Sum>]) {
        let window = &self.window;
        let [_, width, channels] = window.input;
        let [kernel_height, kernel_width] = window.kernel;
        let depth = channels / self.groups;
        let start = first / (window.output[2] / self.groups) * depth;
        let weights = &self.packed[first * kernel_height * kernel_width * depth..];
        let across = window.taps(1, column);
        // Neighbouring taps of a row are contiguous in input and weights alike.
        let merged = if self.groups == 1 && window.dilation[1] == 1 { across.len().max(1) } else { 1 };
        let mut sums = [[F::Sum::default(); LANES]; W];
        sums.copy_from_slice(target);
        for ky in window.taps(0, row) {
            let cells = window.cell(0, row, ky) * width;
            for kx in across.clone().step_by(merged) {
                let source = (cells + window.cell(1, column, kx)) * channels + start;
                let tap = (ky * kernel_width + kx) * depth;
                let run = merged * depth;
                F::add_run(&mut sums, &weights[tap * W..][..run * W], &x[source..][..run]);
            }
        }
        target.copy_from_slice(&sums);
    }
}

/// Widths of the blocks into which the output channels of each group are cut.
fn blocks(channels: usize, groups: usize) -> impl Iterator<Item = usize> {
    let group = channels / groups;
    let widths = move || (0..group / 4).map(|_| 4).chain([2, 1].into_iter().filter(move |width| group % 4 & width != 0));
    (0..groups).flat_map(move |_| widths())
}

fn pack<F>(taps: usize, outputs: usize, groups: usize, weight: impl Fn(usize, usize) -> F) -> Vec<F> {
    let mut packed = Vec::with_capacity(taps * outputs);
    let mut first = 0;
    for width in blocks(outputs, groups) {
        for tap in 0..taps {
            packed.extend((first..first + width).map(|output| weight(tap, output)));
        }
        first += width;
    }
    packed
}
