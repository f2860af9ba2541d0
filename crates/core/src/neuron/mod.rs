//! Neurons: the list of models. A model is one file here, and its lines in this one.

pub mod llif;
pub mod model;

use crate::spikes::Geometry;
use crate::words::Words;
use llif::{Llif, LlifSpec};
use model::{Model, MOST_ROWS};

/// Parameters of a layer's neurons, as they arrive.
#[derive(Clone, Debug)]
pub enum NeuronSpec {
    Llif(LlifSpec),
}

/// What is known of all neurons of a layer; the rest stands in their rows.
#[derive(Clone, Copy, Debug)]
pub enum Neurons {
    Llif(Llif),
}

/// Calls code that is generic in its model with the model of a layer's neurons.
#[macro_export]
macro_rules! with_model {
    ($neurons:expr, $model:ident => $body:expr) => {
        match $neurons {
            $crate::neuron::Neurons::Llif($model) => $body,
        }
    };
}

impl NeuronSpec {
    /// From a message: the number of the model, then its parameters.
    pub fn read(words: &mut Words) -> Result<NeuronSpec, String> {
        match words.word()? {
            0 => Ok(NeuronSpec::Llif(LlifSpec::read(words)?)),
            other => Err(format!("neuron: no model has the number {other}")),
        }
    }

    pub fn check(&self, geometry: Geometry) -> Result<(), String> {
        let (channels, neurons) = (geometry.channels, geometry.size());
        for (what, row) in self.rows() {
            if ![1, channels, neurons].contains(&row.len()) {
                return Err(format!("{what}: expected 1, {channels} or {neurons} values, got {}", row.len()));
            }
        }
        match self {
            NeuronSpec::Llif(spec) => spec.check(),
        }
    }

    /// Bits of each parameter beside the threshold, with its name: one value for all neurons, each channel or each neuron.
    pub fn rows(&self) -> Vec<(&'static str, Vec<u32>)> {
        let rows = match self {
            NeuronSpec::Llif(spec) => spec.rows(),
        };
        assert!(rows.len() <= MOST_ROWS);
        rows
    }

    /// What the vectors are asked for these parameters.
    pub fn neurons(&self) -> Neurons {
        match self {
            NeuronSpec::Llif(spec) => Neurons::Llif(spec.model()),
        }
    }
}

impl Neurons {
    /// Words of memory that a neuron has beside its membrane.
    pub fn words(&self) -> usize {
        with_model!(self, model => model.words())
    }

    /// Most spikes of a neuron in one tick.
    pub fn spikes_per_tick(&self) -> u32 {
        with_model!(self, model => model.spikes_per_tick())
    }
}
