//! Fast float and integer passes without spikes, over batches of samples: calibration, the decisions of the ReLU
//! network, and the quantised twin.
//!
//! Lanes hold different samples, so that every sum keeps the order of the plain pass: from the bias on, taps in
//! ascending (row, column, channel), each product and each sum rounded once.

mod float;
mod graph;
mod linear;
mod pairs;
mod twin;
mod window;

pub use float::FloatPass;
pub use twin::TwinPass;
pub use window::Window;

/// Samples that are computed side by side: two 128-bit vectors.
pub const LANES: usize = 8;

/// One value of each sample.
pub type Lanes<T> = [T; LANES];

/// Numbers that a pass computes with: f32, rounding every operation, or i32, wrapping.
pub trait Element: Copy + Default + PartialOrd + 'static {
    const LOWEST: Self;
    fn add(self, other: Self) -> Self;
    fn multiply(self, other: Self) -> Self;
    fn bits(self) -> u32;
}

impl Element for f32 {
    const LOWEST: f32 = f32::NEG_INFINITY;
    #[inline(always)]
    fn add(self, other: f32) -> f32 {
        self + other
    }
    #[inline(always)]
    fn multiply(self, other: f32) -> f32 {
        self * other
    }
    #[inline(always)]
    fn bits(self) -> u32 {
        self.to_bits()
    }
}

impl Element for i32 {
    const LOWEST: i32 = i32::MIN;
    #[inline(always)]
    fn add(self, other: i32) -> i32 {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn multiply(self, other: i32) -> i32 {
        self.wrapping_mul(other)
    }
    #[inline(always)]
    fn bits(self) -> u32 {
        self as u32
    }
}
