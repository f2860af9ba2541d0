//! The seeded random number generator, as ts/random.ts.

/// PCG-XSH-RR 64/32 (O'Neill 2014): the next number of the stream with this state, which advances.
#[inline(always)]
pub fn next(state: &mut u64) -> u32 {
    let old = *state;
    *state = old.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(INCREMENT);
    let word = (((old >> 18) ^ old) >> 27) as u32;
    word.rotate_right((old >> 59) as u32)
}

/// The state of `pcg32(seed)`.
pub fn seeded(seed: u64) -> u64 {
    let mut state = INCREMENT.wrapping_add(seed);
    next(&mut state);
    state
}

const INCREMENT: u64 = 1_442_695_040_888_963_407;
