//! The boundary between the core and TypeScript.

mod learner;
mod live;
mod network;
mod passes;
mod simulator;
mod table;

use wasm_bindgen::prelude::wasm_bindgen;

pub use learner::*;
pub use live::*;
pub use network::*;
pub use passes::*;
pub use simulator::*;

/// Version of the crate, to check that glue and package belong together.
#[wasm_bindgen(js_name = coreVersion)]
pub fn core_version() -> String {
    env!("CARGO_PKG_VERSION").to_string()
}
