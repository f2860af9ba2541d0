//! `llif_core::network` under JavaScript names: nodes are named by their number, charges cross as bits.

use llif_core::any::Spec;
use llif_core::code::signed_rate::SignedRate;
use llif_core::code::ttfs::Ttfs;
use llif_core::code::window::Windows;
use llif_core::layer::LayerSpec;
use llif_core::network::{Network, PoolSpec};
use llif_core::neuron::Neuron;
use llif_core::spikes::Geometry;
use llif_core::synapse::spec::SynapseSpec;
use llif_core::synapse::sweep::Sweep;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::JsError;

/// A network while it is handed over; a simulator takes it.
#[wasm_bindgen]
pub struct RawNetwork {
    pub(crate) spec: Spec,
    pub(crate) network: Network,
}

fn geometry(extents: &[u32]) -> Result<Geometry, JsError> {
    match *extents {
        [height, width, channels] if height > 0 && width > 0 && channels > 0 => {
            Ok(Geometry { height: height as usize, width: width as usize, channels: channels as usize })
        }
        _ => Err(JsError::new(&format!("geometry: expected height, width and channels above 0, got {extents:?}"))),
    }
}

fn sizes<const N: usize>(values: &[u32]) -> Result<[usize; N], JsError> {
    let sizes: Vec<usize> = values.iter().map(|&value| value as usize).collect();
    sizes.try_into().map_err(|_| JsError::new(&format!("expected {N} sizes, got {}", values.len())))
}

pub(crate) fn thrown<T>(result: Result<T, String>) -> Result<T, JsError> {
    result.map_err(|message| JsError::new(&message))
}

#[wasm_bindgen]
impl RawNetwork {
    /// `firing`, `raised`, `cap`: see `Windows::from_numbers`; they mean nothing if interleaved.
    #[wasm_bindgen(constructor)]
    pub fn new(
        input: &[u32],
        interleaved: bool,
        gain: i32,
        firing: &[u32],
        raised: bool,
        cap: i32,
    ) -> Result<RawNetwork, JsError> {
        let windows = Windows::from_numbers(gain, firing, raised, cap);
        let spec = if interleaved { Spec::Rate } else { Spec::Windows(windows) };
        Ok(RawNetwork { network: Network::new(geometry(input)?, spec.format()), spec })
    }

    /// Before the first layer, of an interleaved network: signed rate (T8); `once`: a neuron sends at most one spike a tick.
    #[wasm_bindgen(js_name = takeBack)]
    pub fn take_back(&mut self, window_ticks: i32, cap: i32, once: bool) {
        self.recode(Spec::SignedRate(SignedRate { window_ticks, cap, once }));
    }

    /// Before the first layer: `ttfs`, in so many slots, or, if 0, in real times.
    pub fn time(&mut self, slots: i32) {
        self.recode(Spec::Ttfs(if slots == 0 { Ttfs::Real } else { Ttfs::Slots(slots) }));
    }

    /// `integers`: depth, hard reset, spikes a tick, refractory ticks, discards, rectified. An output has no thresholds. `incoming`:
    /// see `SynapseSpec::from_numbers`.
    #[allow(clippy::too_many_arguments)]
    pub fn layer(
        &mut self,
        shape: &[u32],
        integers: &[u32],
        leak_factor: f32,
        floor: f32,
        narrow: bool,
        bias: Vec<u32>,
        threshold: Vec<u32>,
        initial: Vec<u32>,
        incoming: &[u32],
        record_spikes: bool,
        traced: Vec<u32>,
    ) -> Result<usize, JsError> {
        let [depth, hard, spikes_per_tick, refractory_ticks, discards, rectified] = sizes(integers)?;
        let neuron = Neuron {
            leak_factor,
            floor,
            hard: hard != 0,
            spikes_per_tick: spikes_per_tick as u32,
            refractory_ticks: refractory_ticks as u32,
            discards: discards != 0,
        };
        thrown(self.network.layer(LayerSpec {
            geometry: geometry(shape)?,
            depth,
            fires: !threshold.is_empty(),
            neuron,
            rectified: rectified != 0,
            narrow,
            bias,
            threshold,
            initial,
            synapses: thrown(SynapseSpec::from_numbers(incoming))?,
            record_spikes,
            traced,
        }))
    }

    /// The next weights of a synapse of the last layer. In pieces, since a whole copy of them would stay in the memory for good.
    pub fn weights(&mut self, synapse: usize, values: &[u32]) -> Result<(), JsError> {
        thrown(self.network.weights(synapse, values))
    }

    pub fn pool(
        &mut self,
        source: usize,
        sum: bool,
        shape: &[u32],
        window: &[u32],
        multiplicity: Vec<u32>,
    ) -> Result<usize, JsError> {
        let (to, sweep) = (geometry(shape)?, Sweep::new(sizes(window)?));
        thrown(self.network.pool(PoolSpec { source, sum, to, sweep, multiplicity }))
    }
}

impl RawNetwork {
    fn recode(&mut self, spec: Spec) {
        self.network = Network::new(self.network.nodes[0].geometry(), spec.format());
        self.spec = spec;
    }
}
