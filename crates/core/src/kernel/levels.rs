//! The firing ticks of a window at once. By T7 a neuron's spikes are those of N = clip(⌊V/θ⌋, 0, most): in phase its binary digits
//! by tick; in rate the first N ticks, which are sent as the binary digits of N too.

use crate::lanes::Lanes;
use crate::schedule::FiringTick;

/// The planes hold the binary digits of N, most significant first.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Levels {
    pub most: i32,
    /// At most 30.
    pub planes: usize,
}

impl Levels {
    /// What these ticks emit, if it is the digits of a count.
    pub fn digits(ticks: &[FiringTick]) -> Option<Levels> {
        let planes = ticks.len();
        let fits = planes <= 30 && each(ticks, |tick| 1 << (planes - 1 - tick));
        fits.then(|| Levels { most: (1 << planes) - 1, planes })
    }

    /// The digits of the count that these ticks emit one by one.
    pub fn run(ticks: &[FiringTick]) -> Option<Levels> {
        let most = ticks.len();
        let planes = (usize::BITS - most.leading_zeros()) as usize;
        (planes <= 30 && each(ticks, |_| 1)).then_some(Levels { most: most as i32, planes })
    }
}

/// Whether every tick fires what reaches its payload, and nothing below 0.
fn each(ticks: &[FiringTick], payload: impl Fn(usize) -> i32) -> bool {
    let all = |(tick, now): (usize, &FiringTick)| {
        now.below.is_none() && now.payload == payload(tick) && now.above == 2 * now.payload
    };
    ticks.iter().enumerate().all(all)
}

/// ⌊2³² / θ⌋ of a power of two from 2 on: the high half of a product with it is the quotient by θ.
pub fn reciprocal(threshold: i32) -> Option<u32> {
    (threshold > 1 && threshold & (threshold - 1) == 0).then(|| 1 << (32 - threshold.trailing_zeros()))
}

/// Where the spikes of a chunk go.
pub struct Target {
    /// A bit a lane, from `bits + t · stride` on for each tick t.
    pub bits: *mut u8,
    pub stride: usize,
    /// N of the first `counted` lanes; or null.
    pub counts: *mut u32,
    pub counted: usize,
}

/// Sets the bits of the spikes, and the counts. `reciprocal` null: the potentials are already divided by θ.
///
/// # Safety
/// `potential` and `reciprocal` hold `lanes` values (a multiple of 8), and the target's pointers are valid as described.
#[inline(never)]
pub unsafe fn fire_levels<L: Lanes>(
    potential: *const i32,
    reciprocal: *const u32,
    lanes: usize,
    Levels { most, planes }: Levels,
    &Target { bits, stride, counts, counted }: &Target,
) {
    for lane in (0..lanes).step_by(16) {
        let whole = lanes - lane >= 16;
        let zero = L::splat_i(0);
        let part = |k: usize| whole || k < 2;
        let v: [L::I; 4] =
            std::array::from_fn(
                |k| if part(k) { L::max_i(L::load_i(potential.add(lane + 4 * k)), zero) } else { zero },
            );
        let quotient = if reciprocal.is_null() {
            v
        } else {
            std::array::from_fn(|k| {
                L::high_product(v[k], if part(k) { L::load_i(reciprocal.add(lane + 4 * k).cast()) } else { zero })
            })
        };
        let put_digits = |first: usize, count: usize, bytes: L::B| {
            let mut digits = bytes;
            for _ in count..8 {
                digits = L::add_b(digits, digits);
            }
            for plane in first..first + count {
                let (to, mask) = (bits.add(plane * stride + lane / 8), L::bits_b(digits));
                if whole {
                    to.cast::<u16>().write_unaligned(mask as u16);
                } else {
                    *to = mask as u8;
                }
                digits = L::add_b(digits, digits);
            }
        };
        let count = if planes <= 8 {
            let count = L::min_b(L::narrow_b(quotient), L::splat_b(most as u8));
            put_digits(0, planes, count);
            L::widen_b(count)
        } else {
            let count = quotient.map(|level| L::min_i(level, L::splat_i(most)));
            let mut plane = 0;
            while plane < planes {
                let here = (planes - plane - 1) % 8 + 1;
                let shift = (planes - plane - here) as u32;
                let byte = count.map(|level| L::and_i(L::shr_i(level, shift), L::splat_i(255)));
                put_digits(plane, here, L::narrow_b(byte));
                plane += here;
            }
            count
        };
        if !counts.is_null() {
            let counted = counted.saturating_sub(lane);
            if counted >= 16 {
                (0..4).for_each(|k| L::store_i(counts.add(lane + 4 * k).cast(), count[k]));
            } else if counted > 0 {
                let mut each = [0i32; 16];
                (0..4).for_each(|k| L::store_i(each.as_mut_ptr().add(4 * k), count[k]));
                std::ptr::copy_nonoverlapping(each.as_ptr().cast(), counts.add(lane), counted);
            }
        }
    }
}

/// Turns charges into N = clip(⌊V/θ⌋, 0, `most`) in place, and sets a bit for each lane where it is not 0.
///
/// # Safety
/// `charge` and `reciprocal` hold `lanes` values (a multiple of 8), `bits` a bit for each.
#[inline(never)]
pub unsafe fn count_slots<L: Lanes>(charge: *mut i32, reciprocal: *const u32, lanes: usize, most: i32, bits: *mut u8) {
    for lane in (0..lanes).step_by(8) {
        let mut any = 0;
        for half in 0..2 {
            let at = lane + 4 * half;
            let v = L::max_i(L::load_i(charge.add(at)), L::splat_i(0));
            let count = L::min_i(L::high_product(v, L::load_i(reciprocal.add(at).cast())), L::splat_i(most));
            L::store_i(charge.add(at), count);
            any |= L::bits_i(L::ge_i(count, L::splat_i(1))) << (4 * half);
        }
        *bits.add(lane / 8) = any as u8;
    }
}
