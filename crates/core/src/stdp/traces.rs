//! Traces: of what arrives, kept by the tick of the last arrival, and of targets, all of which an arrival may read.

use super::rule::Rule;
use crate::lanes::{Lanes, Native};
use std::ops::Range;

/// The traces of sources, or of parts of them that share a delay: the value at the last arrival and its tick.
pub struct Arrived {
    pub values: Vec<f32>,
    pub ticks: Vec<u64>,
}

impl Arrived {
    pub fn new(length: usize) -> Arrived {
        Arrived { values: vec![0.0; length], ticks: vec![0; length] }
    }

    #[inline(always)]
    pub fn at(&self, index: usize, tick: u64, rule: &Rule) -> f32 {
        self.values[index] * rule.source.after(tick.wrapping_sub(self.ticks[index]))
    }

    #[inline(always)]
    pub fn mark(&mut self, index: usize, tick: u64, rule: &Rule) {
        self.values[index] = rule.marked(self.at(index, tick, rule));
        self.ticks[index] = tick;
    }
}

/// Traces below this are 0.
const SMALLEST: f32 = 1.0 / (1u64 << 40) as f32;
const BLOCK: usize = 16;

/// The traces of targets. Blocks of them that are all 0 cost nothing.
pub struct Fired {
    /// Whole blocks.
    pub values: Vec<f32>,
    awake: Vec<bool>,
    /// The blocks that are awake.
    blocks: Vec<u32>,
}

impl Fired {
    pub fn new(targets: usize) -> Fired {
        let blocks = targets.div_ceil(BLOCK);
        Fired { values: vec![0.0; blocks * BLOCK], awake: vec![false; blocks], blocks: Vec::new() }
    }

    pub fn are_zero(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The targets of each block that has a trace, of those before `end`.
    pub fn awake(&self, end: usize) -> impl Iterator<Item = Range<usize>> + '_ {
        self.blocks.iter().map(move |&block| {
            let first = block as usize * BLOCK;
            first..end.min(first + BLOCK)
        })
    }

    pub fn decay(&mut self, factor: f32) {
        let Fired { values, awake, blocks } = self;
        blocks.retain(|&block| {
            let first = block as usize * BLOCK;
            awake[block as usize] = decay::<Native>(&mut values[first..first + BLOCK], factor);
            awake[block as usize]
        });
    }

    pub fn mark(&mut self, targets: &[u32], rule: &Rule) {
        for &target in targets {
            let value = &mut self.values[target as usize];
            *value = rule.marked(*value);
            self.wake(target as usize / BLOCK);
        }
    }

    pub fn set(&mut self, values: &[f32]) {
        self.clear();
        self.values[..values.len()].copy_from_slice(values);
        for block in 0..self.awake.len() {
            self.wake(block);
        }
    }

    pub fn clear(&mut self) {
        self.values.fill(0.0);
        self.awake.fill(false);
        self.blocks.clear();
    }

    #[inline(always)]
    fn wake(&mut self, block: usize) {
        if !std::mem::replace(&mut self.awake[block], true) {
            self.blocks.push(block as u32);
        }
    }
}

/// @returns whether a value is left.
#[inline(always)]
fn decay<L: Lanes>(block: &mut [f32], factor: f32) -> bool {
    let (factor, smallest) = (L::splat_f(factor), L::splat_f(SMALLEST));
    let mut left = L::splat_i(0);
    for vector in block.chunks_exact_mut(4) {
        // Safety: four values.
        unsafe {
            let value = L::mul_f(factor, L::load_f(vector.as_ptr()));
            let mask = L::ge_f(value, smallest);
            left = L::or_i(left, mask);
            L::store_f(vector.as_mut_ptr(), L::and_f(mask, value));
        }
    }
    L::any_i(left)
}
