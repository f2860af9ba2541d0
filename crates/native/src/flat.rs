//! The file that bench/flat.ts writes: what RawNetwork of crates/wasm is told, call by call.
//!
//! Little-endian 32-bit words. First the two words of `LLIFFLAT`; then calls, each a number and its arguments. An array is its
//! length and its words; charges are bits of f32 or i32.
//!
//! | number | call | arguments |
//! |---|---|---|
//! | 0 | network | input extents (array of 3), interleaved, gain, firing ticks (array), raised, cap |
//! | 1 | weights | synapse of the last layer, its next weights (array) |
//! | 2 | layer | extents (array of 3), integers (array of 6), leak factor, floor, narrow, bias, threshold, initial potential, synapses (arrays) |
//! | 3 | pool | source, sum, extents (array of 3), window (array of 8), multiplicity (array) |
//! | 4 | constant input | ticks, values (array) |
//! | 5 | spikes | ticks, neurons (array), starts (array of ticks + 1) |
//! | 6 | signed rate | ticks of a window, cap, at most one spike a tick |
//! | 7 | time to first spike | slots |

use llif_core::any::{simulator, Simulate, Spec};
use llif_core::code::signed_rate::SignedRate;
use llif_core::code::ttfs::Ttfs;
use llif_core::code::window::Windows;
use llif_core::input::Input;
use llif_core::lanes::Native;
use llif_core::layer::LayerSpec;
use llif_core::network::{Network, PoolSpec};
use llif_core::neuron::Neuron;
use llif_core::spikes::Geometry;
use llif_core::synapse::spec::SynapseSpec;
use llif_core::synapse::sweep::Sweep;

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

struct Words<'a> {
    words: &'a [u32],
    at: usize,
}

impl Words<'_> {
    fn next(&mut self) -> Result<u32, String> {
        self.at += 1;
        self.words.get(self.at - 1).copied().ok_or_else(|| format!("word {}: the file ends here", self.at - 1))
    }

    fn size(&mut self) -> Result<usize, String> {
        Ok(self.next()? as usize)
    }

    fn array(&mut self) -> Result<Vec<u32>, String> {
        let length = self.size()?;
        let end = self
            .at
            .checked_add(length)
            .filter(|&end| end <= self.words.len())
            .ok_or_else(|| format!("word {}: {length} words are more than the file has", self.at))?;
        let array = self.words[self.at..end].to_vec();
        self.at = end;
        Ok(array)
    }

    fn sizes<const N: usize>(&mut self) -> Result<[usize; N], String> {
        let sizes: Vec<usize> = self.array()?.into_iter().map(|value| value as usize).collect();
        sizes
            .try_into()
            .map_err(|sizes: Vec<usize>| format!("word {}: expected {N} sizes, got {}", self.at, sizes.len()))
    }

    fn geometry(&mut self) -> Result<Geometry, String> {
        let [height, width, channels] = self.sizes()?;
        Ok(Geometry { height, width, channels })
    }
}

pub fn read(bytes: &[u8]) -> Result<Job, String> {
    if !bytes.starts_with(b"LLIFFLAT") || bytes.len() % 4 != 0 {
        return Err("expected a file that begins with LLIFFLAT".into());
    }
    let all: Vec<u32> =
        bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect();
    let mut words = Words { words: &all, at: 2 };
    if words.next()? != 0 {
        return Err("expected the network first".into());
    }
    let input = words.geometry()?;
    let (interleaved, gain) = (words.next()? != 0, words.next()? as i32);
    let (firing, raised, cap) = (words.array()?, words.next()? != 0, words.next()? as i32);
    let windows = Windows::from_numbers(gain, &firing, raised, cap);
    let mut spec = if interleaved { Spec::Rate } else { Spec::Windows(windows) };
    let mut network = Network::new(input, spec.format());
    let [mut populations, mut outputs] = [Vec::new(), Vec::new()];
    let mut samples = Vec::new();
    while words.at < all.len() {
        match words.next()? {
            1 => network.weights(words.size()?, &words.array()?)?,
            2 => {
                let spec = layer(&mut words)?;
                if spec.fires { &mut populations } else { &mut outputs }.push(network.layer(spec)?);
            }
            3 => {
                let (source, sum) = (words.size()?, words.next()? != 0);
                let to = words.geometry()?;
                let (sweep, multiplicity) = (Sweep::new(words.sizes()?), words.array()?);
                network.pool(PoolSpec { source, sum, to, sweep, multiplicity })?;
            }
            4 => samples.push(Sample::Constant(words.size()?, words.array()?)),
            5 => samples.push(Sample::Spikes(words.size()?, words.array()?, words.array()?)),
            6 => {
                let (window_ticks, cap, once) = (words.next()? as i32, words.next()? as i32, words.next()? != 0);
                spec = Spec::SignedRate(SignedRate { window_ticks, cap, once });
                network = Network::new(input, spec.format());
            }
            7 => {
                let slots = words.next()? as i32;
                spec = Spec::Ttfs(if slots == 0 { Ttfs::Real } else { Ttfs::Slots(slots) });
                network = Network::new(input, spec.format());
            }
            other => return Err(format!("word {}: no call has the number {other}", words.at - 1)),
        }
    }
    Ok(Job { simulator: simulator::<Native>(spec, network, true)?, populations, outputs, samples })
}

fn layer(words: &mut Words) -> Result<LayerSpec, String> {
    let geometry = words.geometry()?;
    let [depth, hard, spikes_per_tick, refractory_ticks, discards, rectified] = words.sizes()?;
    let [leak_factor, floor] = [f32::from_bits(words.next()?), f32::from_bits(words.next()?)];
    let neuron = Neuron {
        leak_factor,
        floor,
        hard: hard != 0,
        spikes_per_tick: spikes_per_tick as u32,
        refractory_ticks: refractory_ticks as u32,
        discards: discards != 0,
    };
    let narrow = words.next()? != 0;
    let [bias, threshold, initial] = [words.array()?, words.array()?, words.array()?];
    let synapses = SynapseSpec::from_numbers(&words.array()?)?;
    Ok(LayerSpec {
        geometry,
        depth,
        fires: !threshold.is_empty(),
        neuron,
        rectified: rectified != 0,
        narrow,
        bias,
        threshold,
        initial,
        synapses,
        record_spikes: false,
        traced: Vec::new(),
    })
}
