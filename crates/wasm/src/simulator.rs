//! `llif_core::simulator` under JavaScript names: nodes are named by their number, charges cross as bits.

use llif_core::kernel::Native;
use llif_core::layer::{Kind, SynapseSpec};
use llif_core::neuron::Neuron;
use llif_core::simulator::{Input, LayerSpec, Schedule, Simulator};
use llif_core::spikes::Geometry;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::JsError;

#[wasm_bindgen]
pub struct RawSimulator {
    simulator: Simulator<Native>,
    synapses: Vec<SynapseSpec>,
}

fn geometry(extents: &[u32]) -> Result<Geometry, JsError> {
    match *extents {
        [height, width, channels] if height > 0 && width > 0 && channels > 0 => Ok(Geometry { height: height as usize, width: width as usize, channels: channels as usize }),
        _ => Err(JsError::new(&format!("geometry: expected height, width and channels above 0, got {extents:?}"))),
    }
}

fn sizes<const N: usize>(values: &[u32]) -> Result<[usize; N], JsError> {
    let sizes: Vec<usize> = values.iter().map(|&value| value as usize).collect();
    sizes.try_into().map_err(|_| JsError::new(&format!("expected {N} sizes, got {}", values.len())))
}

fn thrown<T>(result: Result<T, String>) -> Result<T, JsError> {
    result.map_err(|message| JsError::new(&message))
}

#[wasm_bindgen]
impl RawSimulator {
    /// `shifts` and `payloads`: one for each firing tick of a layerwise window, empty if interleaved.
    #[wasm_bindgen(constructor)]
    pub fn new(input: &[u32], interleaved: bool, double: bool, shifts: Vec<u32>, payloads: Vec<u32>) -> Result<RawSimulator, JsError> {
        let schedule = Schedule { interleaved, window_ticks: shifts.len(), double, shifts, payloads };
        Ok(RawSimulator { simulator: thrown(Simulator::new(geometry(input)?, schedule))?, synapses: Vec::new() })
    }

    /// A synapse of the layer that follows. `sizes`: of a convolution; `identity` else.
    pub fn synapse(&mut self, source: usize, convolution: &[u32], identity: bool, weights: Vec<u32>) -> Result<(), JsError> {
        let kind = match (convolution.is_empty(), identity) {
            (false, _) => Kind::Conv(sizes(convolution)?),
            (true, true) => Kind::Identity,
            (true, false) => Kind::Dense,
        };
        self.synapses.push(SynapseSpec { source, kind, weights });
        Ok(())
    }

    /// `integers`: depth, hard reset, spikes a tick, refractory ticks, discards. An output has no thresholds.
    #[allow(clippy::too_many_arguments)]
    pub fn layer(&mut self, shape: &[u32], integers: &[u32], leak_factor: f32, floor: f32, bias: Vec<u32>, threshold: Vec<u32>, initial: Vec<u32>, record_spikes: bool, traced: Vec<u32>) -> Result<usize, JsError> {
        let [depth, hard, spikes_per_tick, refractory_ticks, discards] = sizes(integers)?;
        let neuron = Neuron { leak_factor, floor, hard: hard != 0, spikes_per_tick: spikes_per_tick as u32, refractory_ticks: refractory_ticks as u32, discards: discards != 0 };
        let synapses = std::mem::take(&mut self.synapses);
        thrown(self.simulator.layer(LayerSpec { geometry: geometry(shape)?, depth, fires: !threshold.is_empty(), neuron, bias, threshold, initial, synapses, record_spikes, traced }))
    }

    pub fn pool(&mut self, source: usize, sum: bool, shape: &[u32], window: &[u32]) -> Result<usize, JsError> {
        thrown(self.simulator.pool(source, sum, geometry(shape)?, sizes(window)?))
    }

    pub fn reset(&mut self) {
        self.simulator.reset();
    }

    #[wasm_bindgen(js_name = runConstant)]
    pub fn run_constant(&mut self, values: &[u32], ticks: usize) -> Result<(), JsError> {
        thrown(self.simulator.run(Input::Constant(values), ticks))
    }

    #[wasm_bindgen(js_name = runEvents)]
    pub fn run_events(&mut self, neurons: &[u32], starts: &[u32], ticks: usize) -> Result<(), JsError> {
        thrown(self.simulator.run(Input::Events { neurons, starts }, ticks))
    }

    pub fn charges(&self, node: usize) -> Vec<u32> {
        self.simulator.charges(node)
    }

    pub fn counts(&self, node: usize) -> Vec<u32> {
        self.simulator.counts(node)
    }

    #[wasm_bindgen(js_name = spikeTicks)]
    pub fn spike_ticks(&self, node: usize) -> Vec<u32> {
        self.simulator.spike_ticks(node)
    }

    #[wasm_bindgen(js_name = spikeNeurons)]
    pub fn spike_neurons(&self, node: usize) -> Vec<u32> {
        self.simulator.spike_neurons(node)
    }

    pub fn traces(&self, node: usize) -> Vec<u32> {
        self.simulator.traces(node)
    }

    #[wasm_bindgen(js_name = spikeCount)]
    pub fn spike_count(&self) -> f64 {
        self.simulator.spike_count as f64
    }

    #[wasm_bindgen(js_name = synapticOperations)]
    pub fn synaptic_operations(&self) -> f64 {
        self.simulator.synaptic_operations as f64
    }
}
