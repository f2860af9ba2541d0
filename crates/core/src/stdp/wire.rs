//! Messages of words: a plastic synapse, and what it carries from tick to tick. ts/engine/plastic-words.ts writes and reads them.

use super::{Delays, Rule, State, Stdp};
use crate::bits::words_of;
use crate::words::Words;

impl Stdp {
    /// Sources, targets, whether it is dense, a delay for all; the numbers of the rule; for sparse ones offsets, targets, whether each
    /// connection has its own delay, and these; weights.
    pub fn read(words: &mut Words) -> Result<Stdp, String> {
        let [sources, targets] = words.sizes()?;
        let dense = words.flag()?;
        let delay = words.word()?;
        let rule = Rule::new(&doubles(words.array()?))?;
        if dense {
            return Stdp::dense(rule, sources, targets, delay, &floats(words.array()?));
        }
        let (offsets, into) = (words.array()?, words.array()?);
        if offsets.len() != sources + 1 {
            return Err(format!("plastic sparse: expected {} offsets, got {}", sources + 1, offsets.len()));
        }
        let delays = if words.flag()? { Delays::Own(words.array()?) } else { Delays::Common(delay) };
        Stdp::sparse(rule, offsets, into, delays, targets, &floats(words.array()?))
    }

    /// `tick`: the next one to run.
    pub fn state_words(&mut self, tick: u64) -> Vec<u32> {
        let state = self.state(tick);
        let mut words = Vec::new();
        for values in [&state.weights, &state.pre, &state.post, &state.eligibility] {
            words.push(values.len() as u32);
            words.extend(values.iter().map(|value| value.to_bits()));
        }
        words.push(2 * state.pre_ticks_ago.len() as u32);
        words.extend(state.pre_ticks_ago.iter().flat_map(|&age| words_of(age)));
        words.extend(words_of(state.eligibility_scale));
        words
    }

    pub fn restore_words(&mut self, tick: u64, words: &[u32]) -> Result<(), String> {
        let mut words = Words::new(words);
        let state = State {
            weights: floats(words.array()?),
            pre: floats(words.array()?),
            post: floats(words.array()?),
            eligibility: floats(words.array()?),
            pre_ticks_ago: doubles(words.array()?),
            eligibility_scale: double(words.word()?, words.word()?),
        };
        words.end()?;
        self.restore(tick, &state)
    }
}

fn floats(words: &[u32]) -> Vec<f32> {
    words.iter().map(|&word| f32::from_bits(word)).collect()
}

fn doubles(words: &[u32]) -> Vec<f64> {
    words.chunks_exact(2).map(|half| double(half[0], half[1])).collect()
}

fn double(low: u32, high: u32) -> f64 {
    f64::from_bits((high as u64) << 32 | low as u64)
}
