//! Inner loops over slices of events: they know lanes, rows and taps, not layers.

pub mod drive;
pub mod fire;
pub mod levels;
pub mod list;
pub mod rows;
pub mod signed;
pub mod ticks;
pub mod values;
pub mod window;

/// Calls a kernel with the chunk's number of vectors as a constant, through a table: inlined into one large function, kernels
/// spill registers in V8 and run at half the speed.
#[macro_export]
macro_rules! with_vectors {
    ($vectors:expr, $kernel:ident: $type:ty, $lanes:ident, $($argument:expr),* $(,)?) => {
        $crate::with_vectors!($vectors, $kernel<>: $type, $lanes, $($argument),*)
    };
    ($vectors:expr, $kernel:ident<$($more:ty),*>: $type:ty, $lanes:ident, $($argument:expr),* $(,)?) => {{
        let kernels: [$type; 4] = [
            $kernel::<$lanes, 1, $($more),*>,
            $kernel::<$lanes, 2, $($more),*>,
            $kernel::<$lanes, 4, $($more),*>,
            $kernel::<$lanes, 8, $($more),*>,
        ];
        kernels[$vectors.ilog2() as usize & 3]($($argument),*)
    }};
}
