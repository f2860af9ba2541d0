//! Dense layers and convolutions over samples side by side, with weights packed by blocks of outputs.

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

/// A row or column of the kernel, and the row or column of the input that it meets.
#[derive(Clone, Copy)]
struct Tap {
    kernel: usize,
    cell: usize,
}

/// Weights of a convolution, packed `[block of output channels][tap][channel of the block]`.
pub(super) struct Convolution<F> {
    window: Window,
    groups: usize,
    /// For each output row, in ascending order of input rows.
    rows: Vec<Vec<Tap>>,
    columns: Vec<Vec<Tap>>,
    /// Neighbouring taps of a row are contiguous in input and weights alike.
    contiguous: bool,
    packed: Vec<F>,
}

impl<F: Factor> Convolution<F> {
    /// `weights`: shape [kernel height, kernel width, input channels / groups, output channels].
    pub fn new(window: Window, groups: usize, weights: &[F]) -> Result<Self, String> {
        let taps = |axis| {
            let inside = |position| {
                window
                    .taps(axis, position)
                    .map(|tap| Tap { kernel: tap, cell: window.cell(axis, position, tap) })
                    .collect()
            };
            (0..window.output[axis]).map(inside).collect()
        };
        let contiguous = groups == 1 && window.dilation[1] == 1;
        Self::over([taps(0), taps(1)], contiguous, window, groups, weights)
    }

    /// The transpose: `window.padding` is what is cut off the output.
    pub fn transposed(window: Window, groups: usize, weights: &[F]) -> Result<Self, String> {
        let taps = |axis: usize| {
            let (stride, dilation, padding) = (window.stride[axis], window.dilation[axis], window.padding[axis]);
            let meets = |position: usize, tap: usize| {
                let distance = (position + padding).checked_sub(tap * dilation)?;
                let cell = distance / stride;
                (distance % stride == 0 && cell < window.input[axis]).then_some(Tap { kernel: tap, cell })
            };
            (0..window.output[axis])
                .map(|position| (0..window.kernel[axis]).rev().filter_map(|tap| meets(position, tap)).collect())
                .collect()
        };
        Self::over([taps(0), taps(1)], false, window, groups, weights)
    }

    fn over(
        [rows, columns]: [Vec<Vec<Tap>>; 2],
        contiguous: bool,
        window: Window,
        groups: usize,
        weights: &[F],
    ) -> Result<Self, String> {
        let outputs = window.output[2];
        if groups == 0 || window.input[2] % groups != 0 || outputs % groups != 0 {
            return Err(format!(
                "convolution: {} and {outputs} channels do not divide into {groups} groups",
                window.input[2]
            ));
        }
        let taps = window.kernel[0] * window.kernel[1] * window.input[2] / groups;
        if weights.len() != taps * outputs {
            return Err(format!("convolution: expected {} weights, got {}", taps * outputs, weights.len()));
        }
        let packed = pack(taps, outputs, groups, |tap, output| weights[tap * outputs + output]);
        Ok(Convolution { window, groups, rows, columns, contiguous, packed })
    }

    /// `weights`: shape [outputs, inputs].
    pub fn dense(inputs: usize, outputs: usize, weights: &[F]) -> Result<Self, String> {
        if weights.len() != inputs * outputs {
            return Err(format!("dense: expected {} weights, got {}", inputs * outputs, weights.len()));
        }
        let packed = pack(inputs, outputs, 1, |input, output| weights[output * inputs + input]);
        let only = vec![vec![Tap { kernel: 0, cell: 0 }]];
        Ok(Convolution {
            window: Window::dense(inputs, outputs),
            groups: 1,
            rows: only.clone(),
            columns: only,
            contiguous: true,
            packed,
        })
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
    fn block<const W: usize>(
        &self,
        row: usize,
        column: usize,
        first: usize,
        x: &[Lanes<F>],
        target: &mut [Lanes<F::Sum>],
    ) {
        let window = &self.window;
        let [_, width, channels] = window.input;
        let [kernel_height, kernel_width] = window.kernel;
        let depth = channels / self.groups;
        let start = first / (window.output[2] / self.groups) * depth;
        let weights = &self.packed[first * kernel_height * kernel_width * depth..];
        let across = &self.columns[column][..];
        let merged = if self.contiguous { across.len().max(1) } else { 1 };
        let mut sums = [[F::Sum::default(); LANES]; W];
        sums.copy_from_slice(target);
        for vertical in &self.rows[row] {
            let cells = vertical.cell * width;
            for horizontal in across.iter().step_by(merged) {
                let source = (cells + horizontal.cell) * channels + start;
                let tap = (vertical.kernel * kernel_width + horizontal.kernel) * depth;
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
    let widths =
        move || (0..group / 4).map(|_| 4).chain([2, 1].into_iter().filter(move |width| (group % 4) & width != 0));
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
