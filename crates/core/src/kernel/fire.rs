//! The firing ticks of a layerwise window: no input, one level a tick.

use crate::lanes::Lanes;
use crate::schedule::FiringTick;

/// Writes the bits of N masks, or of the lanes below 0 of N vectors, whole bytes, and returns them: N is even.
///
/// # Safety
/// `bits` holds N / 2 bytes.
#[inline(always)]
pub unsafe fn put_bits<L: Lanes, const N: usize>(bits: *mut u8, masks: [L::I; N]) -> u32 {
    put_seen_bits::<L, N>(bits, masks, |_, _| ())
}

/// The same; `seen` takes sixteen lanes at a time as bytes, of which those past the last mask mean nothing.
///
/// # Safety
/// As `put_bits`.
#[inline(always)]
pub unsafe fn put_seen_bits<L: Lanes, const N: usize>(
    bits: *mut u8,
    masks: [L::I; N],
    mut seen: impl FnMut(usize, L::B),
) -> u32 {
    let mut all = 0;
    for group in 0..N.div_ceil(4) {
        let bytes = L::narrow_masks(std::array::from_fn(|k| masks[(4 * group + k) % N]));
        seen(group, bytes);
        let four = L::bits_b(bytes);
        if N % 4 == 0 {
            bits.add(2 * group).cast::<u16>().write_unaligned(four as u16);
            all |= four << (16 * group);
        } else {
            *bits = four as u8;
            all = four & 255;
        }
    }
    all
}

/// How one layer fires its window.
pub struct Firing<'a> {
    pub ticks: &'a [FiringTick],
    /// The smallest `above` and `below` of all ticks: a neuron between them never fires.
    pub least: FiringTick,
    /// Whether potentials below 0 are raised to 0 before the first tick.
    pub raised: bool,
    /// Potentials are lowered to θ·cap − 1 before the first tick.
    pub cap: Option<i32>,
}

impl Firing<'_> {
    pub fn least(ticks: &[FiringTick]) -> FiringTick {
        FiringTick {
            above: ticks.iter().map(|tick| tick.above).min().unwrap_or(0),
            below: ticks.iter().filter_map(|tick| tick.below).min(),
            payload: 0,
        }
    }
}

/// Lanes without a neuron never fire, because their potential is 0.
///
/// # Safety
/// `potential` and `threshold` hold `lanes` values (a multiple of 8), `sampled` (if not null) as many a tick. `bits` holds zeros,
/// one a lane, from `bits + p · stride` on for each plane p: one a tick, or, with negative spikes, two.
#[inline(never)]
pub unsafe fn fire_window<L: Lanes>(
    potential: *mut i32,
    threshold: *const i32,
    lanes: usize,
    firing: &Firing,
    bits: *mut u8,
    stride: usize,
    sampled: *mut i32,
) {
    let mut lane = 0;
    while lane < lanes {
        let at = (potential.add(lane), threshold.add(lane), bits.add(lane / 8));
        let samples = if sampled.is_null() { sampled } else { sampled.add(lane) };
        if lanes - lane >= 16 {
            fire_lanes::<L, 4>(at.0, at.1, lanes, firing, at.2, stride, samples);
            lane += 16;
        } else {
            fire_lanes::<L, 2>(at.0, at.1, lanes, firing, at.2, stride, samples);
            lane += 8;
        }
    }
}

/// ⌈θ·factor / 2⌉ where `up`, else ⌊θ·factor / 2⌋. An even factor never leaves i32 on the way.
#[inline(always)]
fn level<L: Lanes>(theta: L::I, factor: i32, up: bool) -> L::I {
    if factor % 2 == 0 {
        return L::mul_i(theta, L::splat_i(factor / 2));
    }
    L::half_i(L::add_i(L::mul_i(theta, L::splat_i(factor)), L::splat_i(up.into())))
}

/// Lanes that fire +1, and those that fire −1.
#[inline(always)]
fn fired<L: Lanes>(v: L::I, theta: L::I, tick: &FiringTick) -> (L::I, L::I) {
    let plus = L::ge_i(v, level::<L>(theta, tick.above, true));
    let minus = tick
        .below
        .map_or(L::splat_i(0), |below| L::not_i(L::ge_i(v, L::sub_i(L::splat_i(0), level::<L>(theta, below, false)))));
    (plus, minus)
}

#[inline(always)]
unsafe fn fire_lanes<L: Lanes, const V: usize>(
    potential: *mut i32,
    threshold: *const i32,
    lanes: usize,
    firing: &Firing,
    bits: *mut u8,
    stride: usize,
    sampled: *mut i32,
) {
    let mut v: [L::I; V] = std::array::from_fn(|k| L::load_i(potential.add(4 * k)));
    let theta: [L::I; V] = std::array::from_fn(|k| L::load_i(threshold.add(4 * k)));
    for k in 0..V {
        if firing.raised {
            v[k] = L::max_i(v[k], L::splat_i(0));
        }
        if let Some(cap) = firing.cap {
            v[k] = L::min_i(v[k], L::sub_i(L::mul_i(theta[k], L::splat_i(cap)), L::splat_i(1)));
        }
    }
    let signed = firing.least.below.is_some();
    let mut busy = true;
    for (tick, now) in firing.ticks.iter().enumerate() {
        // Neurons below the thresholds of all ticks stay silent.
        if tick == 0 || now.above == firing.least.above {
            let mut any = 0;
            for k in 0..V {
                let (plus, minus) = fired::<L>(v[k], theta[k], &firing.least);
                any |= L::bits_i(plus) | L::bits_i(minus);
            }
            busy = any != 0;
        }
        if busy {
            let (mut plus, mut minus) = ([L::splat_i(0); V], [L::splat_i(0); V]);
            for k in 0..V {
                (plus[k], minus[k]) = fired::<L>(v[k], theta[k], now);
                let lost = L::mul_i(theta[k], L::splat_i(now.payload));
                v[k] = L::sub_i(v[k], L::and_i(plus[k], lost));
                if signed {
                    v[k] = L::add_i(v[k], L::and_i(minus[k], lost));
                }
            }
            if signed {
                put_bits::<L, V>(bits.add(2 * tick * stride), plus);
                put_bits::<L, V>(bits.add((2 * tick + 1) * stride), minus);
            } else {
                put_bits::<L, V>(bits.add(tick * stride), plus);
            }
        } else if sampled.is_null() {
            break;
        }
        if !sampled.is_null() {
            for k in 0..V {
                L::store_i(sampled.add(tick * lanes + 4 * k), v[k]);
            }
        }
    }
}
