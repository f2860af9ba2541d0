//! Measures the most additions per second on this machine: adds rows of a buffer to sums that stay in registers.

use std::hint::black_box;
use std::time::Instant;

/// A row is eight 128-bit vectors, or fewer and wider ones.
const I16: usize = 64;
const F32: usize = 32;

macro_rules! add_rows {
    ($name:ident, $type:ty, $lanes:expr, $add:expr) => {
        #[inline(never)]
        fn $name(rows: &[[$type; $lanes]], sums: &mut [$type; $lanes]) {
            let mut kept = *sums;
            for row in rows {
                for lane in 0..$lanes {
                    kept[lane] = $add(kept[lane], row[lane]);
                }
            }
            *sums = kept;
        }
    };
}
add_rows!(add_i16, i16, I16, i16::wrapping_add);
add_rows!(add_f32, f32, F32, |a: f32, b: f32| a + b);

/// Nanoseconds to add `passes` times a buffer of `bytes` that holds ones, and the first sum.
pub fn measure(kind: &str, bytes: usize, passes: u64) -> Result<(u128, f64), String> {
    let rows = (bytes / 128).max(1);
    match kind {
        "i16" => {
            let (buffer, mut sums) = (vec![[1i16; I16]; rows], [0i16; I16]);
            Ok((time(passes, || add_i16(black_box(&buffer), black_box(&mut sums))), sums[0].into()))
        }
        "f32" => {
            let (buffer, mut sums) = (vec![[1f32; F32]; rows], [0f32; F32]);
            Ok((time(passes, || add_f32(black_box(&buffer), black_box(&mut sums))), sums[0].into()))
        }
        _ => Err(format!("add: expected i16 or f32, got {kind}")),
    }
}

fn time(passes: u64, mut pass: impl FnMut()) -> u128 {
    let start = Instant::now();
    for _ in 0..passes {
        pass();
    }
    start.elapsed().as_nanos()
}
