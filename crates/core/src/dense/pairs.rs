//! Convolutions of numbers of 16 bits, two input channels to a product.

use super::linear::{Convolution, Factor};
use super::{Lanes, Window, LANES};

/// Two 16-bit numbers of neighbouring input channels, the first in the low half: one dot product takes both.
#[derive(Clone, Copy, Default)]
pub(super) struct Pair(i32);

impl Pair {
    #[inline(always)]
    fn of(first: i32, second: i32) -> Self {
        Pair((first & 0xffff) | (second << 16))
    }

    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    #[inline(always)]
    fn dot(self, other: Pair) -> i32 {
        let first = i32::from(self.0 as i16) * i32::from(other.0 as i16);
        first.wrapping_add((self.0 >> 16).wrapping_mul(other.0 >> 16))
    }
}

impl Factor for Pair {
    type Sum = i32;

    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    #[inline(always)]
    fn add_run<const W: usize>(sums: &mut [Lanes<i32>; W], weights: &[Pair], x: &[Lanes<Pair>]) {
        for (weight, x) in weights.chunks_exact(W).zip(x) {
            for output in 0..W {
                for lane in 0..LANES {
                    sums[output][lane] = sums[output][lane].wrapping_add(weight[output].dot(x[lane]));
                }
            }
        }
    }

    // LLVM does not generate this instruction from the loop above.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    #[inline(always)]
    fn add_run<const W: usize>(sums: &mut [Lanes<i32>; W], weights: &[Pair], x: &[Lanes<Pair>]) {
        use core::arch::wasm32::{i32x4, i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane, i32x4_splat};
        let half = |sums: &Lanes<i32>, at: usize| i32x4(sums[at], sums[at + 1], sums[at + 2], sums[at + 3]);
        let mut low = sums.map(|sums| half(&sums, 0));
        let mut high = sums.map(|sums| half(&sums, 4));
        for (weight, x) in weights.chunks_exact(W).zip(x) {
            let x_low = i32x4(x[0].0, x[1].0, x[2].0, x[3].0);
            let x_high = i32x4(x[4].0, x[5].0, x[6].0, x[7].0);
            for output in 0..W {
                let weight = i32x4_splat(weight[output].0);
                low[output] = i32x4_add(low[output], i32x4_dot_i16x8(x_low, weight));
                high[output] = i32x4_add(high[output], i32x4_dot_i16x8(x_high, weight));
            }
        }
        for ((sums, low), high) in sums.iter_mut().zip(low).zip(high) {
            for (at, half) in [(0, low), (4, high)] {
                sums[at] = i32x4_extract_lane::<0>(half);
                sums[at + 1] = i32x4_extract_lane::<1>(half);
                sums[at + 2] = i32x4_extract_lane::<2>(half);
                sums[at + 3] = i32x4_extract_lane::<3>(half);
            }
        }
    }
}

/// A convolution of 16-bit counts with 16-bit weights, summed in 32 bits: exact, so that pairs need no order.
pub(super) struct PairConvolution {
    convolution: Convolution<Pair>,
    /// Input channels of a group; an odd last one gets a zero beside it.
    depth: usize,
}

impl PairConvolution {
    /// −32768 is left out: two such products would not fit.
    pub fn takes(weights: &[i32]) -> bool {
        weights.iter().all(|weight| weight.unsigned_abs() <= i16::MAX as u32)
    }

    /// Parameters as of `Convolution::new`.
    pub fn new(mut window: Window, groups: usize, weights: &[i32]) -> Result<Self, String> {
        let (channels, outputs) = (window.input[2], window.output[2]);
        if groups == 0
            || channels % groups != 0
            || weights.len() != window.kernel[0] * window.kernel[1] * channels / groups * outputs
        {
            return Err(format!(
                "convolution: {} weights do not fit {channels} to {outputs} channels in {groups} groups",
                weights.len()
            ));
        }
        let depth = channels / groups;
        let paired = pair_rows(weights, depth, outputs);
        window.input[2] = groups * depth.div_ceil(2);
        Ok(PairConvolution { convolution: Convolution::new(window, groups, &paired)?, depth })
    }

    /// Parameters as of `Convolution::dense`.
    pub fn dense(inputs: usize, outputs: usize, weights: &[i32]) -> Result<Self, String> {
        if weights.len() != inputs * outputs {
            return Err(format!("dense: expected {} weights, got {}", inputs * outputs, weights.len()));
        }
        let paired: Vec<Pair> = weights.chunks(inputs).flat_map(|row| row.chunks(2).map(pair)).collect();
        Ok(PairConvolution { convolution: Convolution::dense(inputs.div_ceil(2), outputs, &paired)?, depth: inputs })
    }

    /// Adds the weighted sums of `x` to `y`.
    pub fn accumulate(&self, x: &[Lanes<i32>], y: &mut [Lanes<i32>]) {
        let zero = [0; LANES];
        let mut paired = Vec::with_capacity(x.len().div_ceil(2));
        for group in x.chunks_exact(self.depth) {
            for members in group.chunks(2) {
                let second = members.get(1).unwrap_or(&zero);
                let mut lanes = [Pair::default(); LANES];
                for lane in 0..LANES {
                    lanes[lane] = Pair::of(members[0][lane], second[lane]);
                }
                paired.push(lanes);
            }
        }
        self.convolution.accumulate(&paired, y);
    }
}

fn pair(members: &[i32]) -> Pair {
    Pair::of(members[0], members.get(1).copied().unwrap_or(0))
}

/// `[tap][channel][output]` to `[tap][pair of channels][output]`.
fn pair_rows(weights: &[i32], depth: usize, outputs: usize) -> Vec<Pair> {
    let mut paired = Vec::with_capacity(weights.len().div_ceil(2));
    for tap in weights.chunks_exact(depth * outputs) {
        for rows in tap.chunks(2 * outputs) {
            paired.extend(
                (0..outputs).map(|output| Pair::of(rows[output], rows.get(outputs + output).copied().unwrap_or(0))),
            );
        }
    }
    paired
}
