//! The firing ticks of a window at once. By T7 a neuron's spikes are those of N = clip(⌊V/θ⌋, 0, T): in phase its binary digits,
//! highest first; in rate one in each of the first N ticks.

use crate::lanes::Lanes;
use crate::schedule::FiringTick;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Levels {
    /// Digits of N, at most 16.
    Digits(usize),
    /// Ticks, at most 128.
    Run(usize),
    /// The binary digits of such a count as planes, lowest first.
    Merged { ticks: usize, planes: usize },
}

impl Levels {
    /// What these ticks emit, if it is either.
    pub fn of(ticks: &[FiringTick]) -> Option<Levels> {
        let all = |payload: &dyn Fn(usize) -> i32| {
            ticks
                .iter()
                .enumerate()
                .all(|(tick, now)| now.below.is_none() && now.payload == payload(tick) && now.above == 2 * now.payload)
        };
        match ticks.len() {
            count @ 1..=16 if all(&|tick| 1 << (count - 1 - tick)) => Some(Levels::Digits(count)),
            count @ 1..=128 if all(&|_| 1) => Some(Levels::Run(count)),
            _ => None,
        }
    }
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

/// Sets the bits of the spikes, and the counts.
///
/// # Safety
/// `potential` and `reciprocal` hold `lanes` values (a multiple of 8), and the target's pointers are valid as described.
#[inline(never)]
pub unsafe fn fire_levels<L: Lanes>(
    potential: *const i32,
    reciprocal: *const u32,
    lanes: usize,
    levels: Levels,
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
        let factor: [L::I; 4] =
            std::array::from_fn(|k| if part(k) { L::load_i(reciprocal.add(lane + 4 * k).cast()) } else { zero });
        let quotient: [L::I; 4] = std::array::from_fn(|k| L::high_product(v[k], factor[k]));
        let put = |tick: usize, mask: u32| {
            let to = bits.add(tick * stride + lane / 8);
            if whole {
                to.cast::<u16>().write_unaligned(mask as u16);
            } else {
                *to = mask as u8;
            }
        };
        let put_digits = |count: usize, bytes: L::B, plane: &dyn Fn(usize) -> usize| {
            let mut digits = bytes;
            for _ in count..8 {
                digits = L::add_b(digits, digits);
            }
            for digit in 0..count {
                put(plane(digit), L::bits_b(digits));
                digits = L::add_b(digits, digits);
            }
        };
        let count = match levels {
            Levels::Digits(ticks @ ..=8) => {
                let count = L::min_b(L::narrow_b(quotient), L::splat_b(u8::MAX >> (8 - ticks)));
                put_digits(ticks, count, &|digit| digit);
                L::widen_b(count)
            }
            Levels::Digits(ticks) => {
                let count = quotient.map(|level| L::min_i(level, L::splat_i((1 << ticks) - 1)));
                put_digits(ticks - 8, L::narrow_b(count.map(|level| L::shr_i(level, 8))), &|digit| digit);
                put_digits(8, L::narrow_b(count.map(|level| L::and_i(level, L::splat_i(255)))), &|digit| {
                    ticks - 8 + digit
                });
                count
            }
            Levels::Merged { ticks, planes } => {
                let count = L::min_b(L::narrow_b(quotient), L::splat_b(ticks as u8));
                put_digits(planes, count, &|digit| planes - 1 - digit);
                L::widen_b(count)
            }
            Levels::Run(ticks) => {
                let count = L::min_b(L::narrow_b(quotient), L::splat_b(ticks as u8));
                // The highest bit is set as long as N > t.
                let mut left = L::add_b(count, L::splat_b(127));
                for tick in 0..ticks {
                    put(tick, L::bits_b(left));
                    left = L::add_b(left, L::splat_b(u8::MAX));
                }
                L::widen_b(count)
            }
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
