//! Rule `pair`: spikes of the inputs and of the layer change weights by their order in time; one neuron wins a tick.
//! ts/engine/reference/pair.ts is the definition.

use super::Presentations;
use crate::lanes::{Lanes, Native};
use crate::random::{next, seeded};
use crate::stdp;

/// Which of the neurons that reach their threshold in a tick fire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Competition {
    /// The one that is furthest above its threshold; all others lose their charge too.
    Furthest,
    /// One of them, drawn; all others lose their charge too.
    Random,
    /// All; they alone lose their charge.
    None,
}

/// Numbers of the rule, as ts/learn/pair.ts has them.
#[derive(Clone)]
pub struct Rule {
    pub ticks: u32,
    /// How often each pixel value fires, in 2⁻³² a tick.
    pub rates: Vec<u64>,
    /// Whether spikes are drawn; else trains are regular.
    pub drawn: bool,
    pub seed: u32,
    pub threshold: f32,
    /// How much a threshold rises with a spike, and what a presentation leaves of the rise.
    pub rise: f32,
    pub kept: f64,
    pub competition: Competition,
    pub refractory: u32,
    /// What the weights of a neuron are scaled to; 0: they are not.
    pub sum: f32,
    /// Whether all neurons are scaled after each image, or those that have fired.
    pub all: bool,
    pub plasticity: stdp::Rule,
}

/// Neurons of a vector.
const LANES: usize = 4;
/// Numbers before those of the rates and of plasticity.
const HEAD: usize = 10;
const PIXELS: usize = 256;

impl Rule {
    /// Ticks, drawn, seed, threshold, rise, kept, competition (0 furthest, 1 random, 2 none), refractory ticks, sum, all;
    /// then 256 rates, then what `stdp::Rule` reads.
    pub fn new(numbers: &[f64]) -> Result<Rule, String> {
        if numbers.len() < HEAD + PIXELS {
            return Err(format!("rule pair: expected {} numbers or more, got {}", HEAD + PIXELS, numbers.len()));
        }
        Ok(Rule {
            ticks: numbers[0] as u32,
            drawn: numbers[1] != 0.0,
            seed: numbers[2] as u32,
            threshold: numbers[3] as f32,
            rise: numbers[4] as f32,
            kept: numbers[5],
            competition: match numbers[6] as u32 {
                0 => Competition::Furthest,
                1 => Competition::Random,
                _ => Competition::None,
            },
            refractory: numbers[7] as u32,
            sum: numbers[8] as f32,
            all: numbers[9] != 0.0,
            rates: numbers[HEAD..HEAD + PIXELS].iter().map(|&rate| rate as u64).collect(),
            plasticity: stdp::Rule::new(&numbers[HEAD + PIXELS..])?,
        })
    }
}

/// One, in units of a rate.
const ONE: u64 = 1 << 32;
/// The number of every presentation that teaches nothing, so that what an image gives does not depend on others.
const NOT_LEARNING: u32 = u32::MAX;

/// An input whose pixel is not black.
struct Lit {
    input: u32,
    rate: u64,
    /// Of a regular train: it fires where this reaches one.
    phase: u64,
}

pub struct Learner {
    rule: Rule,
    inputs: usize,
    neurons: usize,
    synapse: stdp::Stdp,
    /// How far thresholds have risen.
    rises: Vec<f32>,
    threshold: Vec<f32>,
    wins: Vec<u32>,
    presented: u32,
    potential: Vec<f32>,
    /// Neurons that take no charge, and for how many more ticks.
    waiting: Vec<(u32, u32)>,
    lit: Vec<Lit>,
    /// The inputs that fire in this tick.
    sending: Vec<u32>,
    fired: Vec<u32>,
    /// Spikes of each neuron in this presentation.
    counts: Vec<u16>,
    /// The neurons with spikes in this presentation, and all.
    active: Vec<u32>,
    every: Vec<u32>,
}

impl Learner {
    /// `weights`: shape [inputs, neurons].
    pub fn new(
        rule: Rule,
        inputs: usize,
        weights: &[f32],
        wins: &[u32],
        rises: &[f32],
        presented: u32,
    ) -> Result<Learner, String> {
        let neurons = wins.len();
        if inputs == 0 || neurons == 0 || weights.len() != inputs * neurons || rises.len() != neurons {
            return Err(format!("weights: expected {} values, got {}", inputs * neurons, weights.len()));
        }
        let by_target = transposed(weights, inputs, neurons);
        let width = neurons.next_multiple_of(LANES);
        let synapse = stdp::Stdp::dense(rule.plasticity.clone(), inputs, neurons, 0, &by_target)?;
        let mut learner = Learner {
            inputs,
            neurons,
            synapse,
            rises: rises.to_vec(),
            threshold: vec![f32::INFINITY; width],
            wins: wins.to_vec(),
            presented,
            potential: vec![0.0; width],
            waiting: Vec::new(),
            lit: Vec::new(),
            sending: Vec::new(),
            fired: Vec::new(),
            counts: vec![0; neurons],
            active: Vec::new(),
            every: (0..neurons as u32).collect(),
            rule,
        };
        learner.raise_thresholds();
        Ok(learner)
    }

    /// Presents images, shape [images, inputs], and learns from each.
    pub fn learn(&mut self, images: &[u8]) -> Presentations {
        let mut took = Presentations::default();
        for image in images.chunks_exact(self.inputs) {
            let number = self.presented;
            self.present::<true>(image, number, &mut took);
            self.presented = self.presented.wrapping_add(1);
            self.end();
        }
        took
    }

    /// The same without learning: spikes of each neuron, shape [images, neurons], the neuron with most of them, and the tick
    /// of its first, from 1; 0 for a silent image, which takes the neuron that is nearest to its threshold at the end.
    pub fn respond(
        &mut self,
        images: &[u8],
        counts: &mut Vec<u16>,
        winners: &mut Vec<u32>,
        ticks: &mut Vec<u32>,
    ) -> Presentations {
        let mut took = Presentations::default();
        counts.clear();
        winners.clear();
        ticks.clear();
        for image in images.chunks_exact(self.inputs) {
            let first = self.present::<false>(image, NOT_LEARNING, &mut took);
            counts.extend_from_slice(&self.counts);
            let most = self.counts.iter().copied().max().unwrap_or(0);
            if most == 0 {
                winners.push(self.first_at(self.furthest()));
                ticks.push(0);
            } else {
                let winner = self.counts.iter().position(|&count| count == most).unwrap_or(0);
                winners.push(winner as u32);
                ticks.push(first[winner]);
            }
        }
        took
    }

    /// Shape [inputs, neurons].
    pub fn weights(&mut self) -> Vec<f32> {
        let mut by_target = vec![0.0; self.inputs * self.neurons];
        self.synapse.weights(&mut by_target);
        transposed(&by_target, self.neurons, self.inputs)
    }

    pub fn wins(&self) -> &[u32] {
        &self.wins
    }

    pub fn rises(&self) -> &[f32] {
        &self.rises
    }

    /// Returns the first spike of each neuron, where nothing is learnt.
    fn present<const LEARNS: bool>(&mut self, image: &[u8], number: u32, took: &mut Presentations) -> Vec<u32> {
        let mut first = vec![0; if LEARNS { 0 } else { self.neurons }];
        let mut stream = seeded((u64::from(self.rule.seed) << 32) + u64::from(number));
        self.begin(image);
        for tick in 0..self.rule.ticks {
            took.input_spikes += self.send(u64::from(tick), &mut stream);
            self.integrate(u64::from(tick));
            self.compete(&mut stream);
            for &neuron in &self.fired {
                let neuron = neuron as usize;
                if self.counts[neuron] == 0 {
                    self.active.push(neuron as u32);
                    if !LEARNS {
                        first[neuron] = tick + 1;
                    }
                }
                self.counts[neuron] = self.counts[neuron].saturating_add(1);
                if LEARNS {
                    self.wins[neuron] = self.wins[neuron].wrapping_add(1);
                    self.rises[neuron] += self.rule.rise;
                    self.threshold[neuron] = self.rule.threshold + self.rises[neuron];
                }
            }
            if LEARNS {
                self.synapse.learn(u64::from(tick), &self.fired);
            }
        }
        took.ticks += u64::from(self.rule.ticks);
        took.silent += u32::from(self.active.is_empty());
        first
    }

    fn begin(&mut self, image: &[u8]) {
        self.potential.fill(0.0);
        self.waiting.clear();
        self.counts.fill(0);
        self.active.clear();
        self.lit.clear();
        let lit = image.iter().enumerate().filter(|(_, &pixel)| self.rule.rates[pixel as usize] > 0);
        self.lit.extend(lit.map(|(input, &pixel)| Lit {
            input: input as u32,
            rate: self.rule.rates[pixel as usize],
            phase: ONE / 2,
        }));
    }

    /// Sends the spikes of a tick; returns their number.
    fn send(&mut self, tick: u64, stream: &mut u64) -> u64 {
        let mut spikes = 0;
        // Written whether it fires or not, so that no branch is to be foreseen.
        self.sending.resize(self.lit.len(), 0);
        if self.rule.drawn {
            for lit in &self.lit {
                self.sending[spikes] = lit.input;
                spikes += usize::from(u64::from(next(stream)) < lit.rate);
            }
        } else {
            for lit in &mut self.lit {
                self.sending[spikes] = lit.input;
                lit.phase += lit.rate;
                let fires = lit.phase >= ONE;
                lit.phase -= u64::from(fires) * ONE;
                spikes += usize::from(fires);
            }
        }
        for &input in &self.sending[..spikes] {
            self.synapse.emit(tick, input);
        }
        spikes as u64
    }

    fn integrate(&mut self, tick: u64) {
        self.synapse.arrive(tick, &mut self.potential[..self.neurons]);
        let potential = &mut self.potential;
        self.waiting.retain_mut(|(neuron, ticks)| {
            potential[*neuron as usize] = 0.0;
            *ticks -= 1;
            *ticks > 0
        });
    }

    fn compete(&mut self, stream: &mut u64) {
        self.fired.clear();
        let above = |v: &f32, threshold: &f32| v - threshold >= 0.0;
        match self.rule.competition {
            Competition::Furthest => {
                let over = self.furthest();
                if over >= 0.0 {
                    self.fired.push(self.first_at(over));
                }
            }
            Competition::Random | Competition::None => {
                let reached = self.potential.iter().zip(&self.threshold).enumerate();
                self.fired.extend(reached.filter(|(_, (v, threshold))| above(v, threshold)).map(|(at, _)| at as u32));
                if self.rule.competition == Competition::Random && !self.fired.is_empty() {
                    let drawn = (u64::from(next(stream)) * self.fired.len() as u64) >> 32;
                    self.fired = vec![self.fired[drawn as usize]];
                }
            }
        }
        if self.fired.is_empty() {
            return;
        }
        if self.rule.competition == Competition::None {
            self.fired.iter().for_each(|&neuron| self.potential[neuron as usize] = 0.0);
        } else {
            self.potential.fill(0.0);
        }
        if self.rule.refractory > 0 {
            self.waiting.extend(self.fired.iter().map(|&neuron| (neuron, self.rule.refractory)));
        }
    }

    /// How far the furthest neuron is above its threshold.
    fn furthest(&self) -> f32 {
        let mut most = Native::splat_f(f32::NEG_INFINITY);
        for (v, threshold) in self.potential.chunks_exact(LANES).zip(self.threshold.chunks_exact(LANES)) {
            // SAFETY: a vector each.
            let over = unsafe { Native::sub_f(Native::load_f(v.as_ptr()), Native::load_f(threshold.as_ptr())) };
            most = Native::raise_f(most, over);
        }
        let mut lanes = [0.0; LANES];
        // SAFETY: the array has a vector's lanes.
        unsafe { Native::store_f(lanes.as_mut_ptr(), most) };
        lanes.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }

    /// The first neuron that is this far above its threshold.
    fn first_at(&self, most: f32) -> u32 {
        let mut over = self.potential.iter().zip(&self.threshold).map(|(v, threshold)| v - threshold);
        over.position(|over| over == most).unwrap_or(0) as u32
    }

    /// Traces end with the image; weights are scaled, and thresholds fall.
    fn end(&mut self) {
        self.synapse.rest();
        if self.rule.sum > 0.0 {
            self.active.sort_unstable();
            self.synapse.normalise(if self.rule.all { &self.every } else { &self.active }, self.rule.sum);
        }
        if self.rule.kept < 1.0 {
            self.rises.iter_mut().for_each(|rise| *rise = (f64::from(*rise) * self.rule.kept) as f32);
            self.raise_thresholds();
        }
    }

    fn raise_thresholds(&mut self) {
        for (threshold, rise) in self.threshold.iter_mut().zip(&self.rises) {
            *threshold = self.rule.threshold + rise;
        }
    }
}

/// Of shape [rows, columns], to [columns, rows].
fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut to = vec![0.0; values.len()];
    for row in 0..rows {
        for column in 0..columns {
            to[column * rows + row] = values[row * columns + column];
        }
    }
    to
}
