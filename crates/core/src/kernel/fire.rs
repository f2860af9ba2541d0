//! The firing ticks of a layerwise window: no input, one level a tick.

use super::lanes::Lanes;

/// Writes the bits of N masks, whole bytes: N is even.
///
/// # Safety
/// `bits` holds N / 2 bytes.
#[inline(always)]
pub unsafe fn put_bits<L: Lanes, const N: usize>(bits: *mut u8, masks: [L::I; N]) {
    if N % 4 == 0 {
        for group in 0..N / 4 {
            let at = 4 * group;
            let four = L::bits_four([masks[at], masks[at + 1], masks[at + 2], masks[at + 3]]);
            bits.add(2 * group).cast::<u16>().write_unaligned(four as u16);
        }
    } else {
        *bits = (L::bits_i(masks[0]) | L::bits_i(masks[1 % N]) << 4) as u8;
    }
}

/// Each tick a neuron fires iff v ≥ θ·2^shift, and loses as much; shifts do not rise. Lanes that hold no neuron never fire: their
/// potential is 0.
///
/// # Safety
/// `potential` and `threshold` hold `lanes` values (a multiple of 8), `sampled` (if not null) as many a tick. `bits` holds zeros,
/// one a lane, from `bits + t · stride` on.
#[inline(never)]
pub unsafe fn fire_window<L: Lanes>(potential: *mut i32, threshold: *const i32, lanes: usize, shifts: &[u32], bits: *mut u8, stride: usize, sampled: *mut i32) {
    let mut lane = 0;
    while lane < lanes {
        let at = (potential.add(lane), threshold.add(lane), bits.add(lane / 8));
        let samples = if sampled.is_null() { sampled } else { sampled.add(lane) };
        if lanes - lane >= 16 {
            fire_lanes::<L, 4>(at.0, at.1, lanes, shifts, at.2, stride, samples);
            lane += 16;
        } else {
            fire_lanes::<L, 2>(at.0, at.1, lanes, shifts, at.2, stride, samples);
            lane += 8;
        }
    }
}

#[inline(always)]
unsafe fn fire_lanes<L: Lanes, const V: usize>(potential: *mut i32, threshold: *const i32, lanes: usize, shifts: &[u32], bits: *mut u8, stride: usize, sampled: *mut i32) {
    let mut v: [L::I; V] = std::array::from_fn(|k| L::load_i(potential.add(4 * k)));
    let theta: [L::I; V] = std::array::from_fn(|k| L::load_i(threshold.add(4 * k)));
    let lowest = shifts.last().copied().unwrap_or(0);
    for (tick, &shift) in shifts.iter().enumerate() {
        // Below the lowest level no later tick fires either.
        if shift == lowest || tick == 0 {
            let mut any = 0;
            for k in 0..V {
                any |= L::bits_i(L::ge_i(v[k], L::shl_i(theta[k], lowest)));
            }
            if any == 0 {
                if !sampled.is_null() {
                    for later in tick..shifts.len() {
                        for k in 0..V {
                            L::store_i(sampled.add(later * lanes + 4 * k), v[k]);
                        }
                    }
                }
                break;
            }
        }
        let mut masks = [L::splat_i(0); V];
        for k in 0..V {
            let level = L::shl_i(theta[k], shift);
            masks[k] = L::ge_i(v[k], level);
            v[k] = L::sub_i(v[k], L::and_i(masks[k], level));
        }
        put_bits::<L, V>(bits.add(tick * stride), masks);
        if !sampled.is_null() {
            for k in 0..V {
                L::store_i(sampled.add(tick * lanes + 4 * k), v[k]);
            }
        }
    }
}
