//! `llif_core::network` under JavaScript names: nodes are named by their number, charges cross as bits.

use llif_core::any::Spec;
use llif_core::network::Network;
use llif_core::wire;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::JsError;

/// A network while it is handed over; a simulator takes it.
#[wasm_bindgen]
pub struct RawNetwork {
    pub(crate) spec: Spec,
    pub(crate) network: Network,
}

pub(crate) fn thrown<T>(result: Result<T, String>) -> Result<T, JsError> {
    result.map_err(|message| JsError::new(&message))
}

/// `message`: see crates/core/src/wire.rs.
#[wasm_bindgen]
impl RawNetwork {
    #[wasm_bindgen(constructor)]
    pub fn new(message: &[u32]) -> Result<RawNetwork, JsError> {
        let (spec, network) = thrown(wire::network(message))?;
        Ok(RawNetwork { spec, network })
    }

    /// Adds a node, a layer without weights; returns its number.
    pub fn node(&mut self, message: &[u32]) -> Result<usize, JsError> {
        thrown(wire::node(&mut self.network, message))
    }

    /// The next weights of a synapse of the last node. Sent in pieces, because WebAssembly memory never shrinks.
    pub fn weights(&mut self, synapse: usize, values: &[u32]) -> Result<(), JsError> {
        thrown(self.network.weights(synapse, values))
    }
}
