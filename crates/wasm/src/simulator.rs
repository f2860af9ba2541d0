//! `llif_core::simulator` under JavaScript names. A run is one call in and one table of addresses out.

use crate::network::{thrown, RawNetwork};
use crate::table::report;
use llif_core::any::Simulate;
use llif_core::input::Input;
use llif_core::lanes::Native;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::JsError;

#[wasm_bindgen]
pub struct RawSimulator {
    simulator: Box<dyn Simulate>,
    table: Vec<u32>,
}

#[wasm_bindgen]
impl RawSimulator {
    #[wasm_bindgen(constructor)]
    pub fn new(network: RawNetwork, counts: bool) -> Result<RawSimulator, JsError> {
        Ok(RawSimulator { simulator: thrown(network.0.simulator::<Native>(counts))?, table: Vec::new() })
    }

    /// Goes on without input and bias until a tick is silent, as part of the last run; returns the address of its table.
    pub fn settle(&mut self) -> *const u32 {
        self.simulator.settle();
        self.report()
    }

    /// Ticks that this took.
    #[wasm_bindgen(js_name = settlingTicks)]
    pub fn settling_ticks(&self) -> usize {
        self.simulator.totals().settling_ticks
    }

    /// From now on what every node sends is counted.
    #[wasm_bindgen(js_name = countSent)]
    pub fn count_sent(&mut self) {
        self.simulator.count_sent();
    }

    /// Spikes of each neuron of a node in the last run, of both signs.
    pub fn sent(&self, node: usize) -> Vec<u32> {
        self.simulator.sent(node).to_vec()
    }

    /// The next run begins after this number of ticks of its frame.
    #[wasm_bindgen(js_name = resumeAt)]
    pub fn resume_at(&mut self, tick: usize) {
        self.simulator.resume_at(tick);
    }

    pub fn reset(&mut self) {
        self.simulator.reset();
    }

    /// Returns the address of the run's table; see `report`.
    #[wasm_bindgen(js_name = runConstant)]
    pub fn run_constant(&mut self, values: &[u32], ticks: usize) -> Result<*const u32, JsError> {
        thrown(self.simulator.run(Input::Constant(values), ticks))?;
        Ok(self.report())
    }

    /// `values`: constant current beside the spikes, as in `runConstant`, in synchronous networks; empty: none.
    #[wasm_bindgen(js_name = runEvents)]
    pub fn run_events(
        &mut self,
        neurons: &[u32],
        starts: &[u32],
        values: &[u32],
        ticks: usize,
    ) -> Result<*const u32, JsError> {
        thrown(self.simulator.run(Input::Events { neurons, starts, values }, ticks))?;
        Ok(self.report())
    }

    /// Real times: bits of what each spike delivers, by ascending neuron.
    #[wasm_bindgen(js_name = runValues)]
    pub fn run_values(&mut self, neurons: &[u32], values: &[u32]) -> Result<*const u32, JsError> {
        thrown(self.simulator.run(Input::Values { neurons, values }, 1))?;
        Ok(self.report())
    }

    /// Forgets the samples on their way through the layers.
    #[wasm_bindgen(js_name = beginPipeline)]
    pub fn begin_pipeline(&mut self) -> Result<(), JsError> {
        thrown(self.simulator.begin_pipeline())
    }

    /// One window at whose start a sample enters, as in the runs. Returns 0, or the table of the sample whose decision falls at its end.
    #[wasm_bindgen(js_name = passConstant)]
    pub fn pass_constant(&mut self, values: &[u32]) -> Result<*const u32, JsError> {
        self.pass(Some(Input::Constant(values)))
    }

    #[wasm_bindgen(js_name = passEvents)]
    pub fn pass_events(&mut self, neurons: &[u32], starts: &[u32]) -> Result<*const u32, JsError> {
        self.pass(Some(Input::Events { neurons, starts, values: &[] }))
    }

    #[wasm_bindgen(js_name = passValues)]
    pub fn pass_values(&mut self, neurons: &[u32], values: &[u32]) -> Result<*const u32, JsError> {
        self.pass(Some(Input::Values { neurons, values }))
    }

    /// One window in which no sample enters.
    #[wasm_bindgen(js_name = passNothing)]
    pub fn pass_nothing(&mut self) -> Result<*const u32, JsError> {
        self.pass(None)
    }
}

impl RawSimulator {
    fn pass(&mut self, input: Option<Input>) -> Result<*const u32, JsError> {
        Ok(if thrown(self.simulator.pass_window(input))? { self.report() } else { std::ptr::null() })
    }

    fn report(&mut self) -> *const u32 {
        let totals = self.simulator.totals();
        let totals = [totals.spikes, totals.cost.operations, totals.cost.additions];
        report(&mut self.table, totals, self.simulator.records())
    }
}
