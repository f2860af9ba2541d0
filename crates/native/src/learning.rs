//! The rule `winner` on a file of one layer and its images, as bench/suites/learn.ts writes it.

use crate::digest::Digest;
use llif_core::lanes::Native;
use llif_core::learn::winner::{Learner, Rule};
use std::time::Instant;

/// Learns the file's images `times` times, each time from the file's weights.
/// Returns the nanoseconds of learning alone, and the digest of the weights and wins of one time.
///
/// The file, little-endian: inputs, neurons, images, most ticks (u32); six numbers of the rule (f64); weights (f32); pixels.
pub fn run(bytes: &[u8], times: u64) -> Result<(u128, String), String> {
    let short = || "expected a file of suite learn, got a shorter one".to_string();
    let (header, rest) = bytes.split_at_checked(16 + 48).ok_or_else(short)?;
    let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|k| header[4 * at + k]));
    let number = |at: usize| f64::from_le_bytes(std::array::from_fn(|k| header[16 + 8 * at + k]));
    let (inputs, neurons, images) = (word(0) as usize, word(1) as usize, word(2) as usize);
    let rule = Rule {
        most_ticks: word(3),
        threshold: number(0),
        homeostasis: number(1),
        least_threshold: number(2),
        rate: number(3),
        least_rate: number(4),
        rate_wins: number(5),
        half_square: false,
    };
    let (weights, pixels) = rest.split_at_checked(4 * inputs * neurons).ok_or_else(short)?;
    if pixels.len() != images * inputs {
        return Err(short());
    }
    let weights: Vec<f32> =
        weights.chunks_exact(4).map(|word| f32::from_le_bytes(std::array::from_fn(|k| word[k]))).collect();
    let (mut nanoseconds, mut digest) = (0, Digest::new());
    for _ in 0..times {
        let mut learner = Learner::new(rule, inputs, &weights, &vec![0; neurons])?;
        let start = Instant::now();
        learner.learn::<Native>(pixels);
        nanoseconds += start.elapsed().as_nanos();
        digest = Digest::new();
        digest.words(&learner.weights().iter().map(|weight| weight.to_bits()).collect::<Vec<_>>());
        digest.words(learner.wins());
    }
    Ok((nanoseconds, digest.hex()))
}
