//! The file that bench/flat.ts writes: what RawNetwork of crates/wasm is told, call by call.
//!
//! Little-endian 32-bit words. First the two words of `LLIFFLAT`; then calls, each a number and its arguments. An array is its
//! length and its words; crates/core/src/wire.rs has the messages.
//!
//! | number | call | arguments |
//! |---|---|---|
//! | 0 | network | message (array) |
//! | 1 | node | message (array) |
//! | 2 | weights | synapse of the last node, its next weights (array) |
//! | 3 | constant input | ticks, values (array) |
//! | 4 | spikes | ticks, neurons (array), starts (array of ticks + 1) |

use llif_core::any::Simulate;
use llif_core::input::Input;
use llif_core::lanes::Native;
use llif_core::wire::Reader;
use llif_core::words::Words;

pub enum Sample {
    Constant(usize, Vec<u32>),
    Spikes(usize, Vec<u32>, Vec<u32>),
}

pub struct Job {
    pub simulator: Box<dyn Simulate>,
    /// Numbers of the populations, then of the outputs.
    pub populations: Vec<usize>,
    pub outputs: Vec<usize>,
    pub samples: Vec<Sample>,
}

impl Job {
    pub fn run(&mut self, sample: usize) -> Result<(), String> {
        match &self.samples[sample] {
            Sample::Constant(ticks, values) => self.simulator.run(Input::Constant(values), *ticks),
            Sample::Spikes(ticks, neurons, starts) => {
                self.simulator.run(Input::Events { neurons, starts, values: &[] }, *ticks)
            }
        }
    }

    pub fn reset(&mut self) {
        self.simulator.reset();
    }
}

pub fn read(bytes: &[u8]) -> Result<Job, String> {
    if !bytes.starts_with(b"LLIFFLAT") || bytes.len() % 4 != 0 {
        return Err("expected a file that begins with LLIFFLAT".into());
    }
    let all: Vec<u32> =
        bytes[8..].chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect();
    let mut words = Words::new(&all);
    if words.word()? != 0 {
        return Err("expected the network first".into());
    }
    let mut network = Reader::new(words.array()?)?;
    let mut samples = Vec::new();
    while !words.is_empty() {
        match words.word()? {
            1 => {
                network.node(words.array()?)?;
            }
            2 => network.weights(words.size()?, words.array()?)?,
            3 => samples.push(Sample::Constant(words.size()?, words.array()?.to_vec())),
            4 => samples.push(Sample::Spikes(words.size()?, words.array()?.to_vec(), words.array()?.to_vec())),
            other => return Err(format!("no call has the number {other}")),
        }
    }
    let (populations, outputs) = (network.layers(true), network.layers(false));
    Ok(Job { simulator: network.simulator::<Native>(true)?, populations, outputs, samples })
}
