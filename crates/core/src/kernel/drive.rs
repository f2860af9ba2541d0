//! Constant current: weight times value of every input, once a run.

use crate::lanes::Lanes;

/// An input other than zero and the row of its weights.
#[derive(Clone, Copy)]
pub struct Driven {
    pub row: u32,
    /// Bits of f32 or i32.
    pub value: u32,
}

pub type DriveFloat = unsafe fn(*mut f32, &[Driven], *const u8);
pub type DriveInteger = unsafe fn(*mut i32, &[Driven], *const u8);

/// One rounded product and one rounded sum an input, in the list's order.
///
/// # Safety
/// `charge` holds 4·N values, `rows` N vectors for each row listed.
#[inline(never)]
pub unsafe fn drive_f<L: Lanes, const N: usize>(charge: *mut f32, inputs: &[Driven], rows: *const u8) {
    let mut sum: [L::F; N] = std::array::from_fn(|k| L::load_f(charge.add(4 * k)));
    for input in inputs {
        let row = rows.add(input.row as usize * N * 16).cast::<f32>();
        let value = L::splat_f(f32::from_bits(input.value));
        for k in 0..N {
            sum[k] = L::add_f(sum[k], L::mul_f(value, L::load_f(row.add(4 * k))));
        }
    }
    for k in 0..N {
        L::store_f(charge.add(4 * k), sum[k]);
    }
}

/// # Safety
/// As `drive_f`.
#[inline(never)]
pub unsafe fn drive_wide<L: Lanes, const N: usize>(charge: *mut i32, inputs: &[Driven], rows: *const u8) {
    let mut sum: [L::I; N] = std::array::from_fn(|k| L::load_i(charge.add(4 * k)));
    for input in inputs {
        let row = rows.add(input.row as usize * N * 16).cast::<i32>();
        for k in 0..N {
            sum[k] = L::add_i(sum[k], L::mul_i(L::splat_i(input.value as i32), L::load_i(row.add(4 * k))));
        }
    }
    for k in 0..N {
        L::store_i(charge.add(4 * k), sum[k]);
    }
}

/// i16 weights. Values of 16 bits go two at a time, as one product of pairs.
///
/// # Safety
/// As `drive_f`, with 8·N values of charge.
#[inline(never)]
pub unsafe fn drive_narrow<L: Lanes, const N: usize>(charge: *mut i32, inputs: &[Driven], rows: *const u8) {
    if inputs.iter().all(|input| input.value as i32 == i32::from(input.value as i16)) {
        // Eight sums of four vectors: more would not fit the registers.
        match N {
            1 => drive_pairs::<L, 1>(charge, inputs, rows, 1),
            2 => drive_pairs::<L, 2>(charge, inputs, rows, 2),
            _ => (0..N / 4).for_each(|part| drive_pairs::<L, 4>(charge.add(32 * part), inputs, rows.add(64 * part), N)),
        }
        return;
    }
    for input in inputs {
        let row = rows.add(input.row as usize * N * 16).cast::<i16>();
        let value = L::splat_i(input.value as i32);
        for k in 0..N {
            let q = L::load_s(row.add(8 * k));
            for (at, half) in [(8 * k, L::low_s(q)), (8 * k + 4, L::high_s(q))] {
                L::store_i(charge.add(at), L::add_i(L::load_i(charge.add(at)), L::mul_i(value, half)));
            }
        }
    }
}

#[inline(always)]
unsafe fn drive_pairs<L: Lanes, const H: usize>(charge: *mut i32, inputs: &[Driven], rows: *const u8, vectors: usize) {
    let mut low: [L::I; H] = std::array::from_fn(|k| L::load_i(charge.add(8 * k)));
    let mut high: [L::I; H] = std::array::from_fn(|k| L::load_i(charge.add(8 * k + 4)));
    let mut add = |a: Driven, b: Driven| {
        let pair = L::splat_pair((a.value & 0xffff) | b.value << 16);
        let (row_a, row_b) = (
            rows.add(a.row as usize * vectors * 16).cast::<i16>(),
            rows.add(b.row as usize * vectors * 16).cast::<i16>(),
        );
        for k in 0..H {
            let (a, b) = (L::load_s(row_a.add(8 * k)), L::load_s(row_b.add(8 * k)));
            low[k] = L::add_i(low[k], L::dot_low(a, b, pair));
            high[k] = L::add_i(high[k], L::dot_high(a, b, pair));
        }
    };
    let pairs = inputs.chunks_exact(2);
    let odd = pairs.remainder();
    pairs.for_each(|pair| add(pair[0], pair[1]));
    if let [input] = odd {
        add(*input, Driven { row: input.row, value: 0 });
    }
    for k in 0..H {
        L::store_i(charge.add(8 * k), low[k]);
        L::store_i(charge.add(8 * k + 4), high[k]);
    }
}
