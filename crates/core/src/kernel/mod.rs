//! Inner loops over slices of events: they know lanes, rows and taps, not layers.

pub mod drive;
pub mod fire;
pub mod lanes;
pub mod portable;
pub mod rows;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub mod simd128;
#[cfg(target_arch = "x86_64")]
pub mod sse;
pub mod ticks;
pub mod window;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub type Native = simd128::Simd128;
#[cfg(target_arch = "x86_64")]
pub type Native = sse::Sse;
#[cfg(not(any(all(target_arch = "wasm32", target_feature = "simd128"), target_arch = "x86_64")))]
pub type Native = portable::Portable;

/// Calls a kernel with the chunk's number of vectors as a constant.
#[macro_export]
macro_rules! with_vectors {
    ($vectors:expr, $kernel:ident, $lanes:ident, $($argument:expr),* $(,)?) => {
        match $vectors {
            1 => $kernel::<$lanes, 1>($($argument),*),
            2 => $kernel::<$lanes, 2>($($argument),*),
            4 => $kernel::<$lanes, 4>($($argument),*),
            _ => $kernel::<$lanes, 8>($($argument),*),
        }
    };
}
