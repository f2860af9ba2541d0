//! `llif_core::live` under JavaScript names; nodes are numbers, 0 the input.

use crate::network::thrown;
use crate::table::report;
use llif_core::lanes::Native;
use llif_core::live::{Background, Live};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::JsError;

#[wasm_bindgen]
pub struct RawLive {
    live: Live,
    table: Vec<u32>,
}

#[wasm_bindgen]
impl RawLive {
    #[wasm_bindgen(constructor)]
    pub fn new(inputs: usize) -> RawLive {
        RawLive { live: Live::new(inputs), table: Vec::new() }
    }

    pub fn population(&mut self, words: &[u32]) -> Result<(), JsError> {
        thrown(self.live.population(words))
    }

    pub fn output(&mut self, bias: &[f32]) {
        self.live.output(bias);
    }

    pub fn group(&mut self, words: &[u32]) -> Result<usize, JsError> {
        thrown(self.live.group(words))
    }

    /// The next targets of a group; sent in pieces, because WebAssembly memory never shrinks.
    pub fn targets(&mut self, group: usize, targets: &[u32]) -> Result<(), JsError> {
        thrown(self.live.targets(group, targets))
    }

    /// The next weights of a group, as bits.
    pub fn weights(&mut self, group: usize, bits: &[u32]) -> Result<(), JsError> {
        thrown(self.live.weights(group, bits))
    }

    pub fn plastic(&mut self, words: &[u32]) -> Result<usize, JsError> {
        thrown(self.live.plastic(words))
    }

    /// The next words of a list of a synapse that learns: 0: targets, 1: delays, 2: weights.
    #[wasm_bindgen(js_name = plasticList)]
    pub fn plastic_list(&mut self, number: usize, list: usize, words: &[u32]) -> Result<(), JsError> {
        thrown(self.live.plastic_list(number, list, words))
    }

    /// `longest`: of each node, the longest delay of its spikes.
    pub fn complete(&mut self, longest: &[u32]) -> Result<(), JsError> {
        thrown(self.live.complete(longest))
    }

    pub fn reset(&mut self) {
        self.live.reset();
    }

    /// Returns the address of the run's table; see `report`.
    pub fn run(
        &mut self,
        neurons: &[u32],
        starts: &[u32],
        values: &[f32],
        ticks: usize,
    ) -> Result<*const u32, JsError> {
        thrown(self.live.run::<Native>(neurons, starts, values, ticks))?;
        let totals = self.live.totals();
        let totals = [totals.spikes, totals.operations, totals.operations];
        Ok(report(&mut self.table, totals, self.live.records()))
    }

    /// Empty: no drive.
    pub fn drive(&mut self, node: usize, charges: &[f32]) -> Result<(), JsError> {
        thrown(self.live.drive(node, charges))
    }

    /// `states`: high and low word of each neuron. No neurons: it ends.
    #[allow(clippy::too_many_arguments)]
    pub fn background(
        &mut self,
        node: usize,
        into: usize,
        mean: f64,
        zero: f64,
        weight: f32,
        neurons: &[u32],
        states: &[u32],
    ) -> Result<(), JsError> {
        let states = states.chunks_exact(2).map(|words| u64::from(words[0]) << 32 | u64::from(words[1])).collect();
        let background = Background::new(into, mean, zero, weight, neurons.to_vec(), states);
        thrown(self.live.background(node, background))
    }

    /// States of the streams, high and low word of each neuron.
    #[wasm_bindgen(js_name = backgroundStates)]
    pub fn background_states(&mut self, node: usize, into: usize) -> Result<Vec<u32>, JsError> {
        let found = thrown(self.live.background_of(node, into))?;
        Ok(found.map_or_else(Vec::new, |background| {
            background.states.iter().flat_map(|&state| [(state >> 32) as u32, state as u32]).collect()
        }))
    }

    pub fn force(&mut self, node: usize, neurons: &[u32]) -> Result<(), JsError> {
        thrown(self.live.force(node, neurons))
    }

    /// Neurons that fire in the next tick.
    pub fn forced(&mut self, node: usize) -> Result<Vec<u32>, JsError> {
        Ok(thrown(self.live.forced(node))?.to_vec())
    }

    pub fn silence(&mut self, node: usize, neurons: &[u32]) -> Result<(), JsError> {
        thrown(self.live.silence(node, neurons))
    }

    /// Address of the values of a variable, which may be written; they hold until the next call.
    pub fn variable(&mut self, node: usize, variable: i32) -> Result<*mut u32, JsError> {
        thrown(self.live.variable(node, variable))
    }

    /// Charge of an output since the last reset.
    pub fn charges(&mut self, node: usize) -> Result<Vec<f64>, JsError> {
        Ok(thrown(self.live.charges_mut(node))?.to_vec())
    }

    #[wasm_bindgen(js_name = setCharges)]
    pub fn set_charges(&mut self, node: usize, charges: &[f64]) -> Result<(), JsError> {
        thrown(self.live.charges_mut(node))?.copy_from_slice(charges);
        Ok(())
    }

    /// Spikes of that number of ticks ago that a delay may still need.
    pub fn recent(&mut self, node: usize, ago: usize) -> Vec<u32> {
        self.live.recent(node, ago).clone()
    }

    #[wasm_bindgen(js_name = setRecent)]
    pub fn set_recent(&mut self, node: usize, ago: usize, neurons: &[u32]) {
        *self.live.recent(node, ago) = neurons.to_vec();
    }

    /// Ticks since the last reset.
    pub fn ticks(&self) -> f64 {
        self.live.ticks() as f64
    }

    /// After variables and spikes of a state were written.
    #[wasm_bindgen(js_name = resumeAt)]
    pub fn resume_at(&mut self, ticks: f64) {
        self.live.resume_at(ticks as u64);
    }

    /// Weights and traces of a synapse that learns.
    #[wasm_bindgen(js_name = learningState)]
    pub fn learning_state(&mut self, synapse: usize) -> Vec<u32> {
        let ticks = self.live.ticks();
        self.live.learning(synapse).map_or_else(Vec::new, |stdp| stdp.state_words(ticks))
    }

    #[wasm_bindgen(js_name = restoreLearning)]
    pub fn restore_learning(&mut self, synapse: usize, ticks: f64, words: &[u32]) -> Result<(), JsError> {
        match self.live.learning(synapse) {
            Some(stdp) => thrown(stdp.restore_words(ticks as u64, words)),
            None => Ok(()),
        }
    }

    #[wasm_bindgen(js_name = learntWeights)]
    pub fn learnt_weights(&mut self, synapse: usize) -> Vec<f32> {
        self.live.learning(synapse).map_or_else(Vec::new, |stdp| {
            let mut weights = vec![0.0; stdp.connections()];
            stdp.weights(&mut weights);
            weights
        })
    }

    #[wasm_bindgen(js_name = setLearntWeights)]
    pub fn set_learnt_weights(&mut self, synapse: usize, weights: &[f32]) {
        if let Some(stdp) = self.live.learning(synapse) {
            stdp.set_weights(weights);
        }
    }

    pub fn reward(&mut self, value: f32) {
        self.live.reward(value);
    }
}
