//! Geometry of a window that slides over an input.

use std::ops::Range;

/// Sizes of a convolution or pool, as [vertical, horizontal]; extents are [height, width, channels].
#[derive(Clone, Debug)]
pub struct Window {
    pub input: [usize; 3],
    pub output: [usize; 3],
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    /// Cells before the first row and the first column.
    pub padding: [usize; 2],
}

impl Window {
    /// A dense layer is a convolution with one position and one tap.
    pub fn dense(inputs: usize, outputs: usize) -> Self {
        Window {
            input: [1, 1, inputs],
            output: [1, 1, outputs],
            kernel: [1, 1],
            stride: [1, 1],
            dilation: [1, 1],
            padding: [0, 0],
        }
    }

    /// Order: input, output, kernel, stride, dilation, padding, as the fields of `Window`.
    pub fn from_sizes(sizes: &[u32]) -> Result<Self, String> {
        let sizes: Vec<usize> = sizes.iter().map(|&size| size as usize).collect();
        let [h, w, c, oh, ow, oc, kh, kw, sh, sw, dh, dw, top, left] = sizes[..] else {
            return Err(format!("window: expected 14 sizes, got {}", sizes.len()));
        };
        if sizes[..12].contains(&0) {
            return Err(format!("window: expected sizes > 0, got {sizes:?}"));
        }
        Ok(Window {
            input: [h, w, c],
            output: [oh, ow, oc],
            kernel: [kh, kw],
            stride: [sh, sw],
            dilation: [dh, dw],
            padding: [top, left],
        })
    }

    pub fn inputs(&self) -> usize {
        self.input.iter().product()
    }

    pub fn outputs(&self) -> usize {
        self.output.iter().product()
    }

    /// Taps of an output position, along one axis, that lie inside the input.
    pub(super) fn taps(&self, axis: usize, position: usize) -> Range<usize> {
        let (start, pad, dilation) = (position * self.stride[axis], self.padding[axis], self.dilation[axis]);
        let first = pad.saturating_sub(start).div_ceil(dilation);
        let end = (self.input[axis] + pad).saturating_sub(start).div_ceil(dilation).min(self.kernel[axis]);
        first.min(end)..end
    }

    /// Input cell of a tap that lies inside.
    pub(super) fn cell(&self, axis: usize, position: usize, tap: usize) -> usize {
        position * self.stride[axis] + tap * self.dilation[axis] - self.padding[axis]
    }
}
