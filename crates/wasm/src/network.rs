//! `llif_core::wire::Reader` under JavaScript names.

use llif_core::wire::Reader;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::JsError;

/// A network while it is handed over; a simulator takes it.
#[wasm_bindgen]
pub struct RawNetwork(pub(crate) Reader);

pub(crate) fn thrown<T>(result: Result<T, String>) -> Result<T, JsError> {
    result.map_err(|message| JsError::new(&message))
}

/// `message`: see crates/core/src/wire.rs.
#[wasm_bindgen]
impl RawNetwork {
    #[wasm_bindgen(constructor)]
    pub fn new(message: &[u32]) -> Result<RawNetwork, JsError> {
        thrown(Reader::new(message)).map(RawNetwork)
    }

    /// Adds a node, a layer without weights; returns its number.
    pub fn node(&mut self, message: &[u32]) -> Result<usize, JsError> {
        thrown(self.0.node(message))
    }

    /// The next weights of a synapse of the last node. Sent in pieces, because WebAssembly memory never shrinks.
    pub fn weights(&mut self, synapse: usize, values: &[u32]) -> Result<(), JsError> {
        thrown(self.0.weights(synapse, values))
    }
}
