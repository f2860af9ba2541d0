//! Networks of LIF neurons of any wiring, tick by tick: the live core. ts/engine/reference/live is the definition.

mod background;
mod delivery;
mod history;
mod network;
mod population;
mod record;
mod run;
mod tick;
mod usual;

pub use background::Background;
pub use network::Live;
