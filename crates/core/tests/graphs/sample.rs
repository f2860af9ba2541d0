//! What enters a random graph in a run, and what the run is expected to leave.

use crate::oracle::{Random, Train};
use llif_core::input::Input;
use llif_core::spikes::Geometry;

/// What a run leaves of one node.
#[derive(Default)]
pub struct Expected {
    /// Of its spikes: layerwise, the window in which it fires begins then.
    pub first_tick: usize,
    /// Existing targets of all that reaches it.
    pub operations: u64,
    pub train: Train,
    pub counts: Vec<u32>,
    /// [traced neurons][samples].
    pub traces: Vec<Vec<u32>>,
    /// Of an output: bits of i32, or of f64.
    pub charges: Vec<u32>,
    /// Real times: bits of what each spike delivers.
    pub values: Vec<u32>,
}

/// Constant values, a train, or both, of one run.
#[derive(Clone)]
pub struct Sample {
    pub ticks: usize,
    pub values: Option<Vec<u32>>,
    pub train: Train,
}

impl Sample {
    /// `beside`: current and spikes may come together.
    pub fn draw(
        random: &mut Random,
        input: Geometry,
        ticks: usize,
        [signed, beside]: [bool; 2],
        value: &dyn Fn(&mut Random) -> u32,
    ) -> Sample {
        let constant = random.below(3) == 0;
        let activity = if constant && !(beside && random.below(2) == 0) { 0 } else { [0, 4, 30, 80][random.below(4)] };
        let most = 1 + 2 * random.below(2);
        let spike = |random: &mut Random| {
            if random.below(100) < activity {
                (1 + random.below(most) as i32) * if signed && random.below(2) == 0 { -1 } else { 1 }
            } else {
                0
            }
        };
        let train = (0..ticks).map(|_| (0..input.size()).map(|_| spike(random)).collect()).collect();
        Sample { ticks, values: constant.then(|| (0..input.size()).map(|_| value(random)).collect()), train }
    }

    /// Neurons and starts of its planes.
    fn planes(&self, signs: usize) -> (Vec<u32>, Vec<u32>) {
        let (mut neurons, mut starts) = (Vec::new(), vec![0]);
        for tick in &self.train {
            for sign in [1, -1].into_iter().take(signs) {
                neurons.extend(
                    (0..)
                        .zip(tick)
                        .flat_map(|(neuron, &spikes)| std::iter::repeat_n(neuron, (spikes * sign).max(0) as usize)),
                );
                starts.push(neurons.len() as u32);
            }
        }
        (neurons, starts)
    }
}

pub fn with_input<T>(sample: &Sample, signs: usize, body: impl FnOnce(Input) -> T) -> T {
    let (neurons, starts) = sample.planes(signs);
    match &sample.values {
        Some(values) if neurons.is_empty() => body(Input::Constant(values)),
        values => body(Input::Events { neurons: &neurons, starts: &starts, values: values.as_deref().unwrap_or(&[]) }),
    }
}

/// Spikes of a tick by ascending neuron: those that spike at all.
pub type Active = Vec<(usize, i32)>;

pub fn active(spikes: &[i32]) -> Active {
    spikes.iter().copied().enumerate().filter(|&(_, count)| count != 0).collect()
}

/// Bits of an f64, low word first.
pub fn words(charge: f64) -> Vec<u32> {
    vec![charge.to_bits() as u32, (charge.to_bits() >> 32) as u32]
}
