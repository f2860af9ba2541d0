//! Linear leaky integrate-and-fire simulation. The rooms, each of which imports only rooms below it:
//!
//! | room | what it holds |
//! |---|---|
//! | `wire` | the flat form of a network: reads messages of words |
//! | `any` | the list of codes; a simulator of any of them behind one object |
//! | `pipeline` | one sample a window: drives a simulator |
//! | `simulator` | the order of nodes, blocks of ticks, delays, settling; knows no code |
//! | `code` | how layers integrate and fire: rate, signed rate, refined phase, windows, time to first spike |
//! | `arrive` | what reaches a layer: spikes in the form that each synapse needs, delays, constant charge |
//! | `record` | what a run leaves of a layer or a live node |
//! | `network` | the validated graph |
//! | `pool` | sums, and the maxima of every code |
//! | `layer` | geometry, chunks, synapses and parameters of a population or output |
//! | `synapse` | the kinds of synapses, packed rows of weights, event-by-event delivery, proofs that sums of 16 bits suffice |
//! | `kernel` | inner loops over slices of events: membranes stay in registers |
//! | `plasticity` | what a tick changes in the weights: nothing so far |
//! | `stdp` | spike-timing-dependent plasticity of one synapse of a live network; imports `lanes` and the ground |
//! | `neuron` | models: what a tick does to a membrane around the charge of its spikes |
//! | `lanes` | 128 bits of WebAssembly, SSE or plain Rust |
//! | `input`, `parameters`, `random`, `schedule`, `spikes`, `traced`, `words`, `bits` | the ground |
//! | `dense` | passes without spikes, over batches of samples; imports nothing |
//! | `live` | networks of LIF neurons of any wiring; imports `lanes`, `record`, `stdp` and the ground |
//! | `learn` | one layer that learns in spikes, by the rule `winner` or `pair`; imports `lanes`, `stdp` and the ground |
//!
//! Where the speed comes from: the spikes that reach a row of outputs (in f32, where sums have an order, those that reach a
//! position) are one list; neighbouring columns of a narrow convolution are channels of one, so that rows of weights are longer and
//! lists fewer; an event of a depthwise layer reaches all columns that read it at once; weights of 16 bits add up in as
//! many; layerwise rate sends its counts in binary, most significant plane first, so that V ← 2V + Σ adds a row once for each 1 of
//! a count, and all firing ticks of phase and rate happen at once (T7); an event of `ttfs` carries what its time stands for; synchronous dense layers read the next chunk's
//! weights ahead.

pub mod any;
mod arrive;
mod bits;
pub mod code;
pub mod dense;
pub mod input;
pub mod kernel;
pub mod lanes;
pub mod layer;
pub mod learn;
pub mod live;
pub mod network;
pub mod neuron;
mod parameters;
mod pipeline;
pub mod plasticity;
pub mod pool;
mod random;
pub mod record;
pub mod schedule;
pub mod simulator;
pub mod spikes;
pub mod stdp;
pub mod synapse;
mod traced;
pub mod wire;
pub mod words;
