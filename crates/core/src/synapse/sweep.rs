//! Geometry of convolutions and pools: the inputs that each window reads.

/// Where a window lies over its input: vertical, horizontal.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sweep {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    /// Top, left.
    pub padding: [usize; 2],
    /// Input i reaches output i·stride − padding + tap·dilation, rather than the other way round.
    pub transposed: bool,
}

impl Sweep {
    /// Kernel, stride, dilation (vertical, horizontal), padding (top, left).
    pub fn new([kh, kw, sy, sx, dy, dx, top, left]: [usize; 8]) -> Sweep {
        Sweep { kernel: [kh, kw], stride: [sy, sx], dilation: [dy, dx], padding: [top, left], transposed: false }
    }

    pub fn transpose(self) -> Sweep {
        Sweep { transposed: true, ..self }
    }

    /// Of windows of `columns` neighbouring outputs at once, whose inputs lie in order.
    pub fn packed(self, columns: usize) -> Sweep {
        let ([kh, kw], [sy, sx]) = (self.kernel, self.stride);
        Sweep { kernel: [kh, kw + (columns - 1) * sx], stride: [sy, sx * columns], ..self }
    }

    /// Whether a window reads neighbouring cells of an input row.
    #[inline(always)]
    pub fn whole_rows(&self) -> bool {
        self.dilation[1] == 1 && !self.transposed
    }

    /// Taps of an axis in the order of ascending inputs.
    #[inline(always)]
    pub fn taps(&self, axis: usize) -> impl Iterator<Item = usize> {
        let (count, transposed) = (self.kernel[axis], self.transposed);
        (0..count).map(move |k| if transposed { count - 1 - k } else { k })
    }

    /// Input coordinate under tap `k` of output `o`, if there is one.
    #[inline(always)]
    pub fn input(&self, axis: usize, o: usize, k: usize, extent: usize) -> Option<usize> {
        let (stride, reach) = (self.stride[axis], k * self.dilation[axis]);
        if self.transposed {
            let at = (o + self.padding[axis]).checked_sub(reach)?;
            return (at % stride == 0 && at / stride < extent).then_some(at / stride);
        }
        let at = (o * stride + reach).wrapping_sub(self.padding[axis]);
        (at < extent).then_some(at)
    }

    /// For each input coordinate of an axis, the (tap, output) pairs that read it, by ascending output.
    pub fn readers(&self, axis: usize, input: usize, output: usize) -> Vec<Vec<(usize, usize)>> {
        let mut lists = vec![Vec::new(); input];
        for o in 0..output {
            for k in 0..self.kernel[axis] {
                if let Some(at) = self.input(axis, o, k, input) {
                    lists[at].push((k, o));
                }
            }
        }
        lists
    }
}
