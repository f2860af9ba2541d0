//! `llif_core::learn` under JavaScript names.

use crate::network::thrown;
use llif_core::lanes::Native;
use llif_core::learn::winner::{Learner, Rule};
use llif_core::learn::{pair, Presentations};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::JsError;

#[wasm_bindgen]
pub struct RawLearner {
    learner: Learner,
    winners: Vec<u32>,
    ticks: Vec<u32>,
}

#[wasm_bindgen]
impl RawLearner {
    /// `numbers`: threshold, homeostasis, least threshold, rate, least rate, wins that halve the rate.
    #[wasm_bindgen(constructor)]
    pub fn new(
        inputs: usize,
        most_ticks: u32,
        half_square: bool,
        numbers: &[f64],
        weights: &[f32],
        wins: &[u32],
    ) -> Result<RawLearner, JsError> {
        let [threshold, homeostasis, least_threshold, rate, least_rate, rate_wins] = *numbers else {
            return Err(JsError::new(&format!("numbers: expected 6, got {}", numbers.len())));
        };
        let rule =
            Rule { most_ticks, threshold, homeostasis, least_threshold, rate, least_rate, rate_wins, half_square };
        let learner = thrown(Learner::new(rule, inputs, weights, wins))?;
        Ok(RawLearner { learner, winners: Vec::new(), ticks: Vec::new() })
    }

    /// Returns silent images, ticks and input spikes.
    pub fn learn(&mut self, images: &[u8]) -> Vec<f64> {
        took(self.learner.learn::<Native>(images))
    }

    /// The same; `takeWinners` and `takeTicks` have one number for each image.
    pub fn compete(&mut self, images: &[u8]) -> Vec<f64> {
        took(self.learner.winners::<Native>(images, &mut self.winners, &mut self.ticks))
    }

    #[wasm_bindgen(js_name = takeWinners)]
    pub fn take_winners(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.winners)
    }

    #[wasm_bindgen(js_name = takeTicks)]
    pub fn take_ticks(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.ticks)
    }

    pub fn weights(&self) -> Vec<f32> {
        self.learner.weights()
    }

    pub fn wins(&self) -> Vec<u32> {
        self.learner.wins().to_vec()
    }
}

#[wasm_bindgen]
pub struct RawPair {
    learner: pair::Learner,
    counts: Vec<u16>,
    winners: Vec<u32>,
    ticks: Vec<u32>,
}

#[wasm_bindgen]
impl RawPair {
    /// `numbers`: as `pair::Rule::new` reads them.
    #[wasm_bindgen(constructor)]
    pub fn new(
        inputs: usize,
        numbers: &[f64],
        weights: &[f32],
        wins: &[u32],
        rises: &[f32],
        presented: u32,
    ) -> Result<RawPair, JsError> {
        let rule = thrown(pair::Rule::new(numbers))?;
        let learner = thrown(pair::Learner::new(rule, inputs, weights, wins, rises, presented))?;
        Ok(RawPair { learner, counts: Vec::new(), winners: Vec::new(), ticks: Vec::new() })
    }

    /// Returns silent images, ticks and input spikes.
    pub fn learn(&mut self, images: &[u8]) -> Vec<f64> {
        took(self.learner.learn(images))
    }

    /// The same; `takeCounts`, `takeWinners` and `takeTicks` have what was found.
    pub fn respond(&mut self, images: &[u8]) -> Vec<f64> {
        took(self.learner.respond(images, &mut self.counts, &mut self.winners, &mut self.ticks))
    }

    #[wasm_bindgen(js_name = takeCounts)]
    pub fn take_counts(&mut self) -> Vec<u16> {
        std::mem::take(&mut self.counts)
    }

    #[wasm_bindgen(js_name = takeWinners)]
    pub fn take_winners(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.winners)
    }

    #[wasm_bindgen(js_name = takeTicks)]
    pub fn take_ticks(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.ticks)
    }

    pub fn weights(&mut self) -> Vec<f32> {
        self.learner.weights()
    }

    pub fn wins(&self) -> Vec<u32> {
        self.learner.wins().to_vec()
    }

    pub fn rises(&self) -> Vec<f32> {
        self.learner.rises().to_vec()
    }
}

fn took(Presentations { silent, ticks, input_spikes }: Presentations) -> Vec<f64> {
    vec![f64::from(silent), ticks as f64, input_spikes as f64]
}
