//! Messages of words: a plastic synapse, and what it carries from tick to tick. ts/engine/plastic-words.ts writes and reads them.

use super::{Delays, Rule, State, Stdp};
use crate::bits::words_of;
use crate::words::Words;

/// A plastic synapse of which connections are still to come.
pub struct Arriving {
    sources: usize,
    targets: usize,
    rule: Rule,
    delay: u32,
    /// By source; none for a dense synapse.
    offsets: Option<Vec<u32>>,
    own_delays: bool,
    into: Vec<u32>,
    delays: Vec<u32>,
    weights: Vec<f32>,
}

impl Arriving {
    /// Sources, targets, whether it is dense, a delay for all, the numbers of the rule; for sparse ones offsets, and whether each
    /// connection has its own delay.
    pub fn read(words: &mut Words) -> Result<Arriving, String> {
        let [sources, targets] = words.sizes()?;
        let dense = words.flag()?;
        let delay = words.word()?;
        let rule = Rule::new(&doubles(words.array()?))?;
        let offsets = if dense { None } else { Some(words.array()?.to_vec()) };
        let own_delays = !dense && words.flag()?;
        let listed = match &offsets {
            None => 0,
            Some(offsets) if offsets.len() == sources + 1 => offsets[sources] as usize,
            Some(offsets) => {
                return Err(format!("plastic sparse: expected {} offsets, got {}", sources + 1, offsets.len()));
            }
        };
        let connections = if dense { sources * targets } else { listed };
        Ok(Arriving {
            sources,
            targets,
            rule,
            delay,
            offsets,
            own_delays,
            into: Vec::with_capacity(listed),
            delays: Vec::with_capacity(if own_delays { listed } else { 0 }),
            weights: Vec::with_capacity(connections),
        })
    }

    /// The next words of a list, in any number of pieces: 0: targets, 1: delays, 2: weights.
    pub fn push(&mut self, list: usize, words: &[u32]) -> Result<(), String> {
        let room = match list {
            0 => self.into.capacity() - self.into.len(),
            1 => self.delays.capacity() - self.delays.len(),
            _ => self.weights.capacity() - self.weights.len(),
        };
        if words.len() > room {
            return Err(format!("plastic synapse: expected at most {room} more numbers, got {}", words.len()));
        }
        match list {
            0 => self.into.extend_from_slice(words),
            1 => self.delays.extend_from_slice(words),
            _ => self.weights.extend(words.iter().map(|&word| f32::from_bits(word))),
        }
        Ok(())
    }

    /// All lists are there.
    pub fn finish(self) -> Result<Stdp, String> {
        let Arriving { sources, targets, rule, delay, offsets, own_delays, into, delays, weights } = self;
        match offsets {
            None => Stdp::of_dense(rule, sources, targets, delay, weights),
            Some(offsets) => {
                let delays = if own_delays { Delays::Own(&delays) } else { Delays::Common(delay) };
                Stdp::of_sparse(rule, &offsets, into, delays, targets, weights)
            }
        }
    }
}

impl Stdp {
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
