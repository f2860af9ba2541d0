//! Rule `winner`: one layer learns image after image; the first neuron to reach its threshold moves toward the image.
//! ts/engine/reference/winner.ts is the definition.

use super::Presentations;
use crate::lanes::Lanes;

/// Numbers of the rule, as ts/learn/winner.ts has them.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub most_ticks: u32,
    pub threshold: f64,
    pub homeostasis: f64,
    pub least_threshold: f64,
    pub rate: f64,
    pub least_rate: f64,
    pub rate_wins: f64,
    /// Whether a neuron loses ½Σw² each tick.
    pub half_square: bool,
}

/// Neurons of a vector, and of the vectors that stay in registers while the rows of a tick are added.
const LANES: usize = 4;
const VECTORS: usize = 8;
const CHUNK: usize = LANES * VECTORS;
/// Pixels that are looked at together.
const GROUP: usize = 16;

pub struct Learner {
    rule: Rule,
    inputs: usize,
    neurons: usize,
    /// Neurons of a row, a whole number of chunks; those beyond have a threshold that is never reached.
    width: usize,
    /// Shape [inputs, width].
    weights: Vec<f32>,
    wins: Vec<u32>,
    total: u64,
    potential: Vec<f32>,
    threshold: Vec<f32>,
    /// ½Σw² of each neuron; empty without this leak.
    leak: Vec<f32>,
    /// Inputs of this presentation that can fire.
    lit: Vec<Lit>,
    /// Where the rows of the inputs that fire in this tick begin.
    firing: Vec<usize>,
    /// Rate of an input by its spikes.
    rates: Vec<f32>,
}

#[derive(Clone, Copy)]
struct Lit {
    /// Where its row begins.
    row: usize,
    /// Twice the pixel.
    step: u32,
    /// (2·t·p + 255) mod 510 after t ticks: it fires where this would reach 510.
    left: u32,
}

impl Learner {
    /// `weights`: shape [inputs, neurons].
    pub fn new(rule: Rule, inputs: usize, weights: &[f32], wins: &[u32]) -> Result<Learner, String> {
        let neurons = wins.len();
        if inputs == 0 || neurons == 0 || weights.len() != inputs * neurons {
            return Err(format!("weights: expected {} values, got {}", inputs * neurons, weights.len()));
        }
        let width = neurons.next_multiple_of(CHUNK);
        let mut padded = vec![0.0; inputs * width];
        for (row, from) in padded.chunks_exact_mut(width).zip(weights.chunks_exact(neurons)) {
            row[..neurons].copy_from_slice(from);
        }
        let mut learner = Learner {
            rule,
            inputs,
            neurons,
            width,
            weights: padded,
            wins: wins.to_vec(),
            total: wins.iter().map(|&count| u64::from(count)).sum(),
            potential: vec![0.0; width],
            threshold: vec![f32::INFINITY; width],
            leak: Vec::new(),
            lit: Vec::new(),
            firing: Vec::new(),
            rates: Vec::new(),
        };
        if rule.half_square {
            learner.leak = vec![0.0; width];
            (0..neurons).for_each(|neuron| learner.leak[neuron] = learner.half_square(neuron));
        }
        Ok(learner)
    }

    /// Presents images, shape [images, inputs]; the winner of each learns.
    pub fn learn<L: Lanes>(&mut self, images: &[u8]) -> Presentations {
        self.present::<L>(images, |learner, winner, tick, image| {
            if tick > 0 {
                learner.update(winner, tick, image);
            }
        })
    }

    /// The winner of each image and its tick, from 1; 0 for a silent image. Nothing changes.
    pub fn winners<L: Lanes>(&mut self, images: &[u8], winners: &mut Vec<u32>, ticks: &mut Vec<u32>) -> Presentations {
        winners.clear();
        ticks.clear();
        self.present::<L>(images, |_, winner, tick, _| {
            winners.push(winner as u32);
            ticks.push(tick);
        })
    }

    /// Shape [inputs, neurons].
    pub fn weights(&self) -> Vec<f32> {
        self.weights.chunks_exact(self.width).flat_map(|row| &row[..self.neurons]).copied().collect()
    }

    pub fn wins(&self) -> &[u32] {
        &self.wins
    }

    fn present<L: Lanes>(
        &mut self,
        images: &[u8],
        mut decided: impl FnMut(&mut Learner, usize, u32, &[u8]),
    ) -> Presentations {
        let mut took = Presentations::default();
        for image in images.chunks_exact(self.inputs) {
            self.begin(image);
            let (mut tick, mut furthest) = (0, f32::NEG_INFINITY);
            while furthest < 0.0 && tick < self.rule.most_ticks {
                tick += 1;
                let spikes = self.fire();
                took.input_spikes += spikes as u64;
                furthest = self.integrate::<L>(spikes);
            }
            took.ticks += u64::from(tick);
            let winner = self.first_at(furthest);
            if furthest < 0.0 {
                took.silent += 1;
                tick = 0;
            }
            decided(self, winner, tick, image);
        }
        took
    }

    fn begin(&mut self, image: &[u8]) {
        let Rule { threshold, homeostasis, least_threshold, .. } = self.rule;
        let share = self.total as f64 / self.neurons as f64;
        for (to, &wins) in self.threshold.iter_mut().zip(&self.wins) {
            *to = least_threshold.max(threshold + homeostasis * (f64::from(wins) - share)) as f32;
        }
        self.potential.fill(0.0);
        self.lit.clear();
        // Most pixels of most images are 0.
        for (group, pixels) in image.chunks(GROUP).enumerate() {
            if pixels.iter().fold(0, |all, pixel| all | pixel) == 0 {
                continue;
            }
            for (at, &pixel) in pixels.iter().enumerate().filter(|(_, &pixel)| pixel > 0) {
                let row = (group * GROUP + at) * self.width;
                self.lit.push(Lit { row, step: 2 * u32::from(pixel), left: 255 });
            }
        }
        self.firing.resize(self.lit.len(), 0);
    }

    /// The next tick of regular trains: an input of pixel p has round(t·p/255) spikes after t ticks. Returns the spikes.
    fn fire(&mut self) -> usize {
        let mut spikes = 0;
        for lit in &mut self.lit {
            let left = lit.left + lit.step;
            // Written whether it fires or not, so that no branch is to be foreseen.
            self.firing[spikes] = lit.row;
            let fires = left >= 510;
            spikes += usize::from(fires);
            lit.left = if fires { left - 510 } else { left };
        }
        spikes
    }

    /// Adds the rows of the first `spikes` of `firing`, in order, to the membranes of one chunk after the other.
    /// Returns how far above its threshold the furthest neuron is; below zero if none has reached it.
    fn integrate<L: Lanes>(&mut self, spikes: usize) -> f32 {
        let mut furthest = L::splat_f(f32::NEG_INFINITY);
        for first in (0..self.width).step_by(CHUNK) {
            // SAFETY: every row has `width` weights, a whole number of chunks, as have membranes and leaks.
            unsafe {
                let membranes = self.potential.as_mut_ptr().add(first);
                let mut v: [L::F; VECTORS] = std::array::from_fn(|k| L::load_f(membranes.add(LANES * k)));
                if !self.leak.is_empty() {
                    let leak = self.leak.as_ptr().add(first);
                    v = std::array::from_fn(|k| L::sub_f(v[k], L::load_f(leak.add(LANES * k))));
                }
                for &row in &self.firing[..spikes] {
                    let weights = self.weights.as_ptr().add(row + first);
                    v = std::array::from_fn(|k| L::add_f(v[k], L::load_f(weights.add(LANES * k))));
                }
                let threshold = self.threshold.as_ptr().add(first);
                for (k, &v) in v.iter().enumerate() {
                    L::store_f(membranes.add(LANES * k), v);
                    furthest = L::raise_f(furthest, L::sub_f(v, L::load_f(threshold.add(LANES * k))));
                }
            }
        }
        let mut lanes = [0.0; LANES];
        // SAFETY: the array has a vector's lanes.
        unsafe { L::store_f(lanes.as_mut_ptr(), furthest) };
        lanes.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }

    /// The first neuron that is this far above its threshold.
    fn first_at(&self, furthest: f32) -> usize {
        let over = self.potential.iter().zip(&self.threshold).map(|(v, threshold)| v - threshold);
        over.take(self.neurons).position(|over| over == furthest).unwrap_or(0)
    }

    /// The winner's weights go toward the rates of the inputs until this tick.
    fn update(&mut self, winner: usize, tick: u32, image: &[u8]) {
        let Rule { rate, least_rate, rate_wins, .. } = self.rule;
        let step = least_rate.max(rate / (1.0 + f64::from(self.wins[winner]) / rate_wins)) as f32;
        // Few counts, many inputs: one division a count.
        self.rates.clear();
        self.rates.extend((0..=tick).map(|count| (f64::from(count) / f64::from(tick)) as f32));
        for (row, &pixel) in self.weights.chunks_exact_mut(self.width).zip(image) {
            let input_rate = self.rates[((2 * tick * u32::from(pixel) + 255) / 510) as usize];
            row[winner] += step * (input_rate - row[winner]);
        }
        self.wins[winner] += 1;
        self.total += 1;
        if self.rule.half_square {
            self.leak[winner] = self.half_square(winner);
        }
    }

    fn half_square(&self, neuron: usize) -> f32 {
        0.5 * self.weights.chunks_exact(self.width).fold(0.0f32, |sum, row| sum + row[neuron] * row[neuron])
    }
}
