//! A tick of a population, sixteen neurons at a time. ts/engine/reference/live/population.ts is the definition.

use super::delivery::BLOCK;
use super::population::{Population, Row, STEP};
use super::usual;
use crate::lanes::Lanes;

/// Which steps run: all at once where arrivals are summed first; otherwise weights are added to v between two stages.
#[derive(Clone, Copy, PartialEq)]
pub enum Stage {
    All,
    /// All; what arrived at currents may be left in the sums.
    Few,
    Integrate,
    Decide,
    /// Decides before weights are added.
    Hold,
}

impl Stage {
    fn is_whole(self) -> bool {
        matches!(self, Stage::All | Stage::Few)
    }
}

const VECTORS: usize = STEP / 4;
type Vectors<T> = [T; VECTORS];

/// Runs the steps before a reset for all neurons that do not rest; `fired` receives those that fire, ascending.
pub fn tick<L: Lanes>(population: &mut Population, stage: Stage, fired: &mut Vec<u32>) {
    if stage.is_whole() && usual::is_usual(population) {
        return usual::tick::<L>(population, stage == Stage::Few, fired);
    }
    for first in (0..population.padded).step_by(STEP) {
        let bits = 0xf << (first % BLOCK / 4);
        if stage.is_whole() && population.awake[first / BLOCK] & bits == 0 {
            continue;
        }
        // SAFETY: every array has a whole number of blocks, or one step of equal values that is read again and again.
        let (mut fires, rests) = unsafe { step::<L>(population, stage, first) };
        if first + STEP > population.size {
            fires &= (1u32 << population.size.saturating_sub(first).min(STEP)) - 1;
        }
        population.near[first / BLOCK] = 1;
        let awake = &mut population.awake[first / BLOCK];
        *awake = if rests && fires == 0 { *awake & !bits } else { *awake | bits };
        while fires != 0 {
            fired.push((first + fires.trailing_zeros() as usize) as u32);
            fires &= fires - 1;
        }
    }
}

#[inline(always)]
unsafe fn rows<L: Lanes>(row: &Row, first: usize) -> Vectors<L::F> {
    let (values, stride) = (row.values.as_ptr().add(first & row.mask), 4 & row.mask);
    std::array::from_fn(|k| L::load_f(values.add(stride * k)))
}

#[inline(always)]
unsafe fn load<L: Lanes>(values: &[f32], first: usize) -> Vectors<L::F> {
    std::array::from_fn(|k| L::load_f(values.as_ptr().add(first + 4 * k)))
}

#[inline(always)]
unsafe fn store<L: Lanes>(values: &mut [f32], first: usize, from: &Vectors<L::F>) {
    from.iter().enumerate().for_each(|(k, &value)| L::store_f(values.as_mut_ptr().add(first + 4 * k), value));
}

/// |x| ≤ tolerance.
#[inline(always)]
fn within<L: Lanes>(x: L::F, tolerance: L::F) -> L::I {
    L::and_i(L::ge_f(tolerance, x), L::ge_f(tolerance, L::sub_f(L::splat_f(0.0), x)))
}

/// Returns a bit for each neuron that fires, and whether all rest.
#[inline(always)]
unsafe fn step<L: Lanes>(p: &mut Population, stage: Stage, first: usize) -> (u32, bool) {
    let none = L::splat_i(0);
    let left: Vectors<L::I> = match &p.refractory {
        Some(refractory) => std::array::from_fn(|k| L::load_i(refractory.left.as_ptr().add(first + 4 * k))),
        None => [none; VECTORS],
    };
    let refractory: Vectors<L::I> = match &p.refractory {
        Some(_) => left.map(|left| L::ge_i(left, L::splat_i(1))),
        None => [none; VECTORS],
    };
    let mut v = load::<L>(&p.potential, first);
    let mut resting = false;
    if stage.is_whole() || stage == Stage::Integrate {
        resting = integrate::<L>(p, first, &mut v, &refractory);
        if stage == Stage::Integrate {
            store::<L>(&mut p.potential, first, &v);
            if p.clamps || p.discards {
                store::<L>(&mut p.before, first, &v);
                for (k, &mask) in refractory.iter().enumerate() {
                    L::store_i(p.lost.as_mut_ptr().add(first + 4 * k), mask);
                }
            }
            return (0, false);
        }
        for (current, sums) in p.currents.iter_mut().zip(&mut p.sums[1..]) {
            let (value, sum) = (load::<L>(&current.value, first), load::<L>(sums, first));
            let received: Vectors<L::F> = std::array::from_fn(|k| {
                let added = L::add_f(value[k], sum[k]);
                if current.clamped {
                    L::select_f(refractory[k], value[k], added)
                } else {
                    added
                }
            });
            store::<L>(&mut current.value, first, &received);
            store::<L>(sums, first, &[L::splat_f(0.0); VECTORS]);
        }
        if !p.after {
            receive::<L>(p, first, &mut v, &refractory);
        }
    }
    if let Some(floor) = &p.floor {
        let floor = rows::<L>(floor, first);
        v = std::array::from_fn(|k| L::raise_f(v[k], floor[k]));
    }
    let threshold = rows::<L>(&p.fires_at, first);
    let fires: Vectors<L::I> = std::array::from_fn(|k| {
        let mut fires = L::and_i(L::ge_f(v[k], threshold[k]), L::not_i(refractory[k]));
        if !p.forced_mask.is_empty() {
            fires = L::or_i(fires, L::load_i(p.forced_mask.as_ptr().add(first + 4 * k)));
        }
        if !p.silenced_mask.is_empty() {
            fires = L::and_i(fires, L::not_i(L::load_i(p.silenced_mask.as_ptr().add(first + 4 * k))));
        }
        fires
    });
    if let Some(of) = &mut p.refractory {
        for k in 0..VECTORS {
            let ticks = L::add_i(left[k], refractory[k]);
            L::store_i(of.left.as_mut_ptr().add(first + 4 * k), ticks);
        }
    }
    let decided = v;
    if stage.is_whole() && p.after {
        receive::<L>(p, first, &mut v, &refractory);
    }
    if resting {
        // At rest it is also where it rests, not raised by the floor nor moved by arrivals; what came after the threshold has
        // yet to meet floor and threshold.
        let rest = rest_of::<L>(p, first, &v);
        let same = |a: L::F, b: L::F| L::and_i(L::ge_f(a, b), L::ge_f(b, a));
        let moved = (0..VECTORS).any(|k| L::any_i(L::not_i(L::and_i(same(v[k], rest[k]), same(v[k], decided[k])))));
        let currents = p.currents.iter().any(|current| {
            (0..VECTORS).any(|k| {
                let value = L::load_f(current.value.as_ptr().add(first + 4 * k));
                L::any_i(L::not_i(within::<L>(value, L::splat_f(0.0))))
            })
        });
        resting = !moved && !currents;
    }
    store::<L>(&mut p.potential, first, &v);
    if stage == Stage::Hold && !p.before.is_empty() {
        store::<L>(&mut p.before, first, &v);
    }
    let bits = (0..VECTORS).fold(0, |bits, k| bits | L::bits_i(fires[k]) << (4 * k));
    (bits, resting)
}

/// Where neurons rest that are at `v` now.
#[inline(always)]
unsafe fn rest_of<L: Lanes>(p: &Population, first: usize, v: &Vectors<L::F>) -> Vectors<L::F> {
    let rest = rows::<L>(&p.rest, first);
    if p.keeps.is_empty() {
        return rest;
    }
    std::array::from_fn(|k| L::select_f(L::load_i(p.keeps.as_ptr().add(first + 4 * k).cast()), v[k], rest[k]))
}

/// Adds what arrived at v.
#[inline(always)]
unsafe fn receive<L: Lanes>(p: &mut Population, first: usize, v: &mut Vectors<L::F>, refractory: &Vectors<L::I>) {
    let loses = p.clamps || p.discards;
    let sum = load::<L>(&p.sums[0], first);
    for k in 0..VECTORS {
        let added = L::add_f(v[k], sum[k]);
        v[k] = if loses { L::select_f(refractory[k], v[k], added) } else { added };
    }
    store::<L>(&mut p.sums[0], first, &[L::splat_f(0.0); VECTORS]);
}

/// Steps 0 to 2; returns whether all rest.
#[inline(always)]
unsafe fn integrate<L: Lanes>(
    p: &mut Population,
    first: usize,
    v: &mut Vectors<L::F>,
    refractory: &Vectors<L::I>,
) -> bool {
    let before = *v;
    let mut rests = [L::splat_i(0); VECTORS];
    let mut can_rest = false;
    if let Some(tolerance) = &p.tolerance {
        let (rest, tolerance) = (rest_of::<L>(p, first, v), rows::<L>(tolerance, first));
        let mut any = L::splat_i(0);
        for k in 0..VECTORS {
            rests[k] = L::and_i(within::<L>(L::sub_f(v[k], rest[k]), tolerance[k]), L::not_i(refractory[k]));
            any = L::or_i(any, rests[k]);
        }
        can_rest = L::any_i(any);
        if can_rest {
            can_rest = narrow_rest::<L>(p, &tolerance, first, &mut rests);
        }
    }
    let mut x = before;
    if let Some(leak) = &p.leak {
        let leak = rows::<L>(leak, first);
        x = std::array::from_fn(|k| L::mul_f(leak[k], x[k]));
    }
    let leaked = x;
    for current in &p.currents {
        let (value, gain) = (load::<L>(&current.value, first), rows::<L>(&current.gain, first));
        x = std::array::from_fn(|k| L::add_f(x[k], L::mul_f(gain[k], value[k])));
    }
    if let Some(adaptation) = &p.adaptation {
        let value = load::<L>(&adaptation.value, first);
        x = std::array::from_fn(|k| L::sub_f(x[k], value[k]));
    }
    let constant = rows::<L>(&p.constant_row, first);
    x = std::array::from_fn(|k| L::add_f(x[k], constant[k]));
    if let Some(drive) = &p.drive {
        let drive = load::<L>(drive, first);
        x = std::array::from_fn(|k| L::add_f(x[k], drive[k]));
    }
    if let Some(level) = &p.level {
        let (steps, levels) = (rows::<L>(&level.step, first), rows::<L>(&level.until, first));
        x = std::array::from_fn(|k| {
            let (step, until) = (steps[k], levels[k]);
            let above = L::and_i(L::ge_f(x[k], until), L::not_i(L::ge_f(until, x[k])));
            let down = L::raise_f(until, L::sub_f(x[k], step));
            let rising = L::add_f(x[k], step);
            let up = L::select_f(L::ge_f(until, rising), rising, until);
            L::select_f(above, down, up)
        });
    }
    if p.discards {
        x = std::array::from_fn(|k| L::select_f(refractory[k], leaked[k], x[k]));
    }
    if p.clamps {
        x = std::array::from_fn(|k| L::select_f(refractory[k], before[k], x[k]));
    }
    for current in &mut p.currents {
        let (value, factor) = (load::<L>(&current.value, first), rows::<L>(&current.factor, first));
        let next: Vectors<L::F> = std::array::from_fn(|k| {
            let mut next = L::mul_f(factor[k], value[k]);
            if current.clamped {
                next = L::select_f(refractory[k], value[k], next);
            }
            if can_rest {
                L::and_not_f(rests[k], next)
            } else {
                next
            }
        });
        store::<L>(&mut current.value, first, &next);
    }
    if let Some(adaptation) = &mut p.adaptation {
        let (value, factor) = (load::<L>(&adaptation.value, first), rows::<L>(&adaptation.factor, first));
        let next: Vectors<L::F> = std::array::from_fn(|k| {
            let next = L::mul_f(factor[k], value[k]);
            if can_rest {
                L::and_not_f(rests[k], next)
            } else {
                next
            }
        });
        store::<L>(&mut adaptation.value, first, &next);
    }
    if can_rest {
        let rest = rest_of::<L>(p, first, &before);
        x = std::array::from_fn(|k| L::select_f(rests[k], rest[k], x[k]));
    }
    *v = x;
    can_rest && !(0..VECTORS).any(|k| L::any_i(L::not_i(rests[k])))
}

/// Leaves the neurons whose currents, adaptation and drive let them rest; returns whether there are any.
#[inline(never)]
unsafe fn narrow_rest<L: Lanes>(
    p: &Population,
    tolerance: &Vectors<L::F>,
    first: usize,
    rests: &mut Vectors<L::I>,
) -> bool {
    let mut any = false;
    for (k, mask) in rests.iter_mut().enumerate() {
        let (at, tolerance) = (first + 4 * k, tolerance[k]);
        for current in &p.currents {
            *mask = L::and_i(*mask, within::<L>(L::load_f(current.value.as_ptr().add(at)), tolerance));
        }
        if let Some(adaptation) = &p.adaptation {
            *mask = L::and_i(*mask, within::<L>(L::load_f(adaptation.value.as_ptr().add(at)), tolerance));
        }
        if let Some(drive) = &p.drive {
            *mask = L::and_i(*mask, within::<L>(L::load_f(drive.as_ptr().add(at)), L::splat_f(0.0)));
        }
        any |= L::any_i(*mask);
    }
    any
}
