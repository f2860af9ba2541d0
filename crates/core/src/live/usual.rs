//! A tick of a population of usual parts, in which nobody is forced or silenced: the same steps as tick.rs, four neurons at a time and
//! without a branch. Terms that a population lacks are read as values that change nothing.

use super::delivery::{bit_of, ALL_AWAKE, BLOCK};
use super::population::{Population, Row};
use crate::lanes::Lanes;
use std::ops::Range;

/// Values of a parameter, four neurons at a time.
trait Values<L: Lanes>: Copy {
    /// Whether every row has one value for all neurons, and refractory ticks are counted.
    const SAME: bool;
    fn of(values: &[f32], mask: usize) -> Self;
    unsafe fn at(self, neuron: usize) -> L::F;
}

/// The same four again and again, or those of neuron n from n on.
#[derive(Clone, Copy)]
struct Rows {
    from: *const f32,
    mask: usize,
}

impl<L: Lanes> Values<L> for Rows {
    const SAME: bool = false;
    fn of(values: &[f32], mask: usize) -> Rows {
        Rows { from: values.as_ptr(), mask }
    }
    #[inline(always)]
    unsafe fn at(self, neuron: usize) -> L::F {
        L::load_f(self.from.add(neuron & self.mask))
    }
}

/// One value, which needs no address.
struct Same<L: Lanes>(L::F);

impl<L: Lanes> Clone for Same<L> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<L: Lanes> Copy for Same<L> {}

impl<L: Lanes> Values<L> for Same<L> {
    const SAME: bool = true;
    #[inline(always)]
    fn of(values: &[f32], _: usize) -> Same<L> {
        Same(L::splat_f(values[0]))
    }
    #[inline(always)]
    unsafe fn at(self, _: usize) -> L::F {
        self.0
    }
}

const ONES: [f32; 4] = [1.0; 4];
/// x + −0 is x for every x, −0 included; x + 0 is not.
const NEGATIVE_ZEROS: [f32; 4] = [-0.0; 4];
const NO_TOLERANCE: [f32; 4] = [-1.0; 4];
const LOWEST: [f32; 4] = [f32::NEG_INFINITY; 4];

#[inline(always)]
fn values<L: Lanes, V: Values<L>>(row: Option<&Row>, absent: &'static [f32; 4]) -> V {
    row.map_or_else(|| V::of(absent, 0), |row| V::of(&row.values, row.mask))
}

struct Current<V> {
    factor: V,
    gain: V,
    value: *mut f32,
    sum: *mut f32,
    clamped: bool,
}

/// Whether a tick of this population is made of the usual steps alone.
pub fn is_usual(p: &Population) -> bool {
    let outside = p.forced_mask.is_empty() && p.silenced_mask.is_empty();
    outside && p.adaptation.is_none() && p.level.is_none() && p.keeps.is_empty() && !p.discards && p.currents.len() <= 2
}

/// When charges arrive at v: never, before the threshold or after it.
const NONE: u8 = 0;
const BEFORE: u8 = 1;
const AFTER: u8 = 2;

/// Runs the steps before a reset for all neurons of a usual population that do not rest; `fired` receives those that fire, ascending.
/// `few`: nothing is added to currents, for so little has arrived that it is added neuron by neuron afterwards.
pub fn tick<L: Lanes>(p: &mut Population, few: bool, fired: &mut Vec<u32>) {
    let (same, blocks) = (has_one_value_each(p), p.padded / BLOCK);
    let mut block = 0;
    while block < blocks {
        let (first, busy) = (block, is_busy(p, block));
        while block < blocks && is_busy(p, block) == busy {
            block += 1;
        }
        match (same, busy) {
            (true, true) => steps::<L, Same<L>, false>(p, few, first..block, fired),
            (true, false) => steps::<L, Same<L>, true>(p, few, first..block, fired),
            (false, true) => steps::<L, Rows, false>(p, few, first..block, fired),
            (false, false) => steps::<L, Rows, true>(p, few, first..block, fired),
        }
    }
}

/// Whether no neuron of the block sleeps or is close to where it rests.
fn is_busy(p: &Population, block: usize) -> bool {
    p.awake[block] == ALL_AWAKE && (p.near[block] == 0 || p.tolerance.is_none())
}

/// `RESTS`: whether some neurons of these blocks sleep or may rest.
fn steps<L: Lanes, V: Values<L>, const RESTS: bool>(
    p: &mut Population,
    few: bool,
    blocks: Range<usize>,
    fired: &mut Vec<u32>,
) {
    // SAFETY: every array has a whole number of blocks, or values that are read again and again.
    unsafe {
        match (p.currents.len(), arrivals(p), few) {
            (0, AFTER, _) => step::<L, V, 0, AFTER, false, RESTS>(p, blocks, fired),
            (0, _, _) => step::<L, V, 0, BEFORE, false, RESTS>(p, blocks, fired),
            (1, NONE, true) => step::<L, V, 1, NONE, true, RESTS>(p, blocks, fired),
            (1, AFTER, _) => step::<L, V, 1, AFTER, false, RESTS>(p, blocks, fired),
            (1, _, _) => step::<L, V, 1, BEFORE, false, RESTS>(p, blocks, fired),
            (_, NONE, true) => step::<L, V, 2, NONE, true, RESTS>(p, blocks, fired),
            (_, AFTER, _) => step::<L, V, 2, AFTER, false, RESTS>(p, blocks, fired),
            (_, _, _) => step::<L, V, 2, BEFORE, false, RESTS>(p, blocks, fired),
        }
    }
}

fn arrivals(p: &Population) -> u8 {
    if !p.arrives {
        NONE
    } else if p.after {
        AFTER
    } else {
        BEFORE
    }
}

/// Whether every parameter has one value for all neurons, nothing drives them and refractory ticks are counted.
fn has_one_value_each(p: &Population) -> bool {
    let rows = [Some(&p.constant_row), Some(&p.threshold), p.leak.as_ref(), Some(&p.rest), p.tolerance.as_ref()];
    let of_currents = p.currents.iter().flat_map(|current| [&current.factor, &current.gain]);
    let same = rows.into_iter().flatten().chain(of_currents).all(|row| row.mask == 0);
    same && p.drive.is_none() && p.floor.is_none() && p.refractory.is_some()
}

// In one function with all others, registers would be short.
#[inline(never)]
unsafe fn step<
    L: Lanes,
    V: Values<L>,
    const CURRENTS: usize,
    const ARRIVALS: u8,
    const FEW: bool,
    const RESTS: bool,
>(
    p: &mut Population,
    blocks: Range<usize>,
    fired: &mut Vec<u32>,
) {
    let size = p.size;
    let (mut none, potential, sum) = ([0i32; 4], p.potential.as_mut_ptr(), p.sums[0].as_mut_ptr());
    let (left, left_mask) = match &mut p.refractory {
        Some(refractory) => (refractory.left.as_mut_ptr(), usize::MAX),
        None => (none.as_mut_ptr(), 0),
    };
    let (leak, constant): (V, V) = (values(p.leak.as_ref(), &ONES), values(Some(&p.constant_row), &ONES));
    let drive: V = p.drive.as_ref().map_or_else(|| V::of(&NEGATIVE_ZEROS, 0), |drive| V::of(drive, usize::MAX));
    let (threshold, floor): (V, V) = (values(Some(&p.fires_at), &ONES), values(p.floor.as_ref(), &LOWEST));
    let clamps = L::splat_i(if p.clamps { -1 } else { 0 });
    let (rest, tolerance): (V, V) = (values(Some(&p.rest), &ONES), values(p.tolerance.as_ref(), &NO_TOLERANCE));

    let sums = &mut p.sums;
    let currents: [Current<V>; CURRENTS] = std::array::from_fn(|k| {
        let current = &mut p.currents[k];
        Current {
            factor: values(Some(&current.factor), &ONES),
            gain: values(Some(&current.gain), &ONES),
            value: current.value.as_mut_ptr(),
            sum: sums[k + 1].as_mut_ptr(),
            clamped: current.clamped,
        }
    });
    let zero = L::splat_f(0.0);
    for block in blocks {
        let (mut near, mut awake) = (L::splat_i(0), p.awake[block]);
        let mut vectors = awake;
        let mut next = block * BLOCK;
        // Every vector, or those that are awake.
        while if RESTS { vectors != 0 } else { next < (block + 1) * BLOCK } {
            let n = if RESTS { block * BLOCK + 4 * vectors.trailing_zeros() as usize } else { next };
            (vectors, next) = (vectors & vectors.wrapping_sub(1), next + 4);
            let left = left.add(if V::SAME { n } else { n & left_mask });
            let ticks_left = L::load_i(left);
            let refractory = L::ge_i(ticks_left, L::splat_i(1));
            let stays = L::and_i(refractory, clamps);
            let before = L::load_f(potential.add(n));
            let mut rests = L::splat_i(0);
            if RESTS {
                let tolerance = tolerance.at(n);
                let still = L::and_i(is_near::<L>(before, rest.at(n), tolerance), L::not_i(refractory));
                rests = if V::SAME { still } else { L::and_i(still, is_near::<L>(drive.at(n), zero, zero)) };
                for current in &currents {
                    let value = L::load_f(current.value.add(n));
                    rests = L::and_i(rests, is_near::<L>(value, zero, tolerance));
                }
            }
            let mut v = L::mul_f(leak.at(n), before);
            let mut flows = L::splat_i(0);
            for current in &currents {
                let value = L::load_f(current.value.add(n));
                v = L::add_f(v, L::mul_f(current.gain.at(n), value));
                let mut next = L::mul_f(current.factor.at(n), value);
                if RESTS {
                    next = L::and_not_f(rests, next);
                }
                next = L::add_f(next, if FEW { zero } else { L::load_f(current.sum.add(n)) });
                if current.clamped {
                    next = L::select_f(refractory, value, next);
                }
                if RESTS {
                    flows = L::or_i(flows, L::not_i(is_near::<L>(next, zero, zero)));
                }
                L::store_f(current.value.add(n), next);
                if !FEW {
                    L::store_f(current.sum.add(n), zero);
                }
            }
            v = L::add_f(v, constant.at(n));
            if !V::SAME {
                v = L::add_f(v, drive.at(n));
            }
            if RESTS {
                v = L::select_f(rests, rest.at(n), v);
            }
            let arrived = if ARRIVALS == NONE { zero } else { L::load_f(sum.add(n)) };
            if ARRIVALS != NONE {
                L::store_f(sum.add(n), zero);
            }
            if ARRIVALS != AFTER {
                v = L::add_f(v, arrived);
            }
            v = L::select_f(stays, before, v);
            if !V::SAME {
                v = L::raise_f(v, floor.at(n));
            }
            let fires = L::and_i(L::ge_f(v, threshold.at(n)), L::not_i(refractory));
            let decided = v;
            if ARRIVALS == AFTER {
                v = L::select_f(stays, v, L::add_f(v, arrived));
            }
            L::store_f(potential.add(n), v);
            near = L::or_i(near, is_near::<L>(v, rest.at(n), tolerance.at(n)));
            L::store_i(left, L::add_i(ticks_left, refractory));
            let mut bits = L::bits_i(fires);
            if RESTS {
                // What came after the threshold has yet to meet floor and threshold.
                let still = L::and_i(is_near::<L>(v, rest.at(n), zero), is_near::<L>(v, decided, zero));
                let moves = L::or_i(flows, L::not_i(L::and_i(still, rests)));
                if bits == 0 && n < size && !L::any_i(moves) {
                    awake &= !bit_of(n);
                }
            }
            while bits != 0 {
                let neuron = n + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if neuron < size {
                    fired.push(neuron as u32);
                }
            }
        }
        *p.near.get_unchecked_mut(block) = u8::from(L::any_i(near) || awake != ALL_AWAKE);
        *p.awake.get_unchecked_mut(block) = awake;
    }
}

/// |v − rest| ≤ tolerance.
#[inline(always)]
fn is_near<L: Lanes>(v: L::F, rest: L::F, tolerance: L::F) -> L::I {
    L::ge_f(tolerance, L::and_f(L::splat_i(i32::MAX), L::sub_f(v, rest)))
}
