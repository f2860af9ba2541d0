//! What a run keeps of a population, and the charge of an output.

use crate::bits::words_of;
use crate::record::Record;
use crate::words::Words;

/// What is asked for of a population.
pub struct Kept {
    /// Spikes of each neuron.
    pub counts: bool,
    pub spikes: bool,
    /// Neurons whose potentials are kept after every tick.
    pub traced: Vec<u32>,
}

impl Kept {
    /// Words: whether spikes are counted, whether they are kept, traced neurons.
    pub fn read(words: &mut Words) -> Result<Kept, String> {
        Ok(Kept { counts: words.flag()?, spikes: words.flag()?, traced: words.array()?.to_vec() })
    }

    pub fn begin(&self, record: &mut Record, neurons: usize, ticks: usize) {
        record.clear(if self.counts { neurons } else { 0 }, self.traced.len() * ticks);
    }

    /// What happened in a tick of a run of `ticks`.
    pub fn tick(&self, record: &mut Record, tick: usize, ticks: usize, fired: &[u32], potential: &[f32]) {
        if self.counts {
            fired.iter().for_each(|&neuron| record.counts[neuron as usize] += 1);
        }
        if self.spikes {
            record.ticks.extend(std::iter::repeat_n(tick as u32, fired.len()));
            record.neurons.extend_from_slice(fired);
        }
        for (row, &neuron) in self.traced.iter().enumerate() {
            record.traces[row * ticks + tick] = potential[neuron as usize].to_bits();
        }
    }
}

/// Keeps the charges of an output.
pub fn keep_charges(record: &mut Record, charges: &[f64]) {
    record.charges.clear();
    record.charges.extend(charges.iter().flat_map(|&charge| words_of(charge)));
}
