//! The validated graph: nodes in order, each with the numbers of its sources. It knows no code and no state.

use crate::layer::{Layer, LayerSpec};
use crate::pool::Reach;
use crate::schedule::Format;
use crate::spikes::Geometry;
use crate::synapse::spec::Delayed;
use crate::synapse::sweep::Sweep;

pub enum Node {
    Input(Geometry),
    Layer(Box<Layer>),
    Pool(Box<Pool>),
}

impl Node {
    pub fn geometry(&self) -> Geometry {
        match self {
            Node::Input(geometry) => *geometry,
            Node::Layer(layer) => layer.geometry,
            Node::Pool(pool) => pool.reach.to,
        }
    }

    pub fn layer(&self) -> Option<&Layer> {
        if let Node::Layer(layer) = self {
            Some(layer)
        } else {
            None
        }
    }

    /// The nodes whose spikes it reads.
    pub fn sources(&self) -> Vec<usize> {
        match self {
            Node::Input(_) => Vec::new(),
            Node::Pool(pool) => vec![pool.source],
            Node::Layer(layer) => layer.synapses.iter().map(|synapse| synapse.source).collect(),
        }
    }
}

/// The specification of a pool.
pub struct PoolSpec {
    pub source: usize,
    /// Every member's spike; else the maximum, by the network's code.
    pub sum: bool,
    pub to: Geometry,
    pub sweep: Sweep,
    /// Of a sum, how often each output position passes a spike on; empty: once.
    pub multiplicity: Vec<u32>,
}

/// A pool, without state.
pub struct Pool {
    pub source: usize,
    pub sum: bool,
    pub reach: Reach,
    pub multiplicity: Vec<u32>,
}

pub struct Network {
    pub format: Format,
    pub nodes: Vec<Node>,
}

fn expect(what: &str, expected: usize, got: usize) -> Result<(), String> {
    if expected == got {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected} values, got {got}"))
    }
}

fn expect_each(what: &str, geometry: Geometry, got: usize) -> Result<(), String> {
    if got == geometry.channels || got == geometry.size() {
        return Ok(());
    }
    Err(format!("{what}: expected {} or {} values, got {got}", geometry.channels, geometry.size()))
}

impl Network {
    pub fn new(input: Geometry, format: Format) -> Network {
        Network { format, nodes: vec![Node::Input(input)] }
    }

    fn source(&self, node: usize) -> Result<Geometry, String> {
        match self.nodes.get(node) {
            Some(Node::Layer(layer)) if !layer.fires => Err(format!("node {node} is an output, which never fires")),
            Some(node) => Ok(node.geometry()),
            None => Err(format!("node {node}: expected one of the {} before it", self.nodes.len())),
        }
    }

    /// Adds a population or an output, without weights; returns its number.
    pub fn layer(&mut self, spec: LayerSpec) -> Result<usize, String> {
        let to = spec.geometry;
        expect_each("bias", to, spec.bias.len())?;
        if spec.fires {
            expect_each("threshold", to, spec.threshold.len())?;
            expect_each("initial potential", to, spec.initial.len())?;
        }
        if let Some(neuron) = spec.traced.iter().find(|&&neuron| neuron as usize >= to.size()) {
            return Err(format!("traced neuron: expected less than {}, got {neuron}", to.size()));
        }
        spec.neuron.check(to)?;
        let positive = |bits: &u32| if self.format.float { f32::from_bits(*bits) > 0.0 } else { *bits as i32 > 0 };
        if !spec.threshold.iter().all(positive) {
            return Err("threshold: expected values > 0".into());
        }
        let mut sources = Vec::new();
        for synapse in &spec.synapses {
            let from = match synapse.delayed {
                Some(_) if self.format.window.is_some() => {
                    return Err(format!(
                        "synapse from node {}: expected no delay in a layerwise network",
                        synapse.source
                    ))
                }
                Some(Delayed { from, .. }) if synapse.source >= self.nodes.len() => from,
                _ => self.source(synapse.source)?,
            };
            synapse.kind.check(from, to, &self.format)?;
            sources.push(from);
        }
        self.nodes.push(Node::Layer(Box::new(Layer::new(spec, &sources, &self.format))));
        Ok(self.nodes.len() - 1)
    }

    /// The next weights of a synapse of the last layer, in any number of pieces.
    pub fn weights(&mut self, synapse: usize, values: &[u32]) -> Result<(), String> {
        let Some(Node::Layer(layer)) = self.nodes.last_mut() else {
            return Err("weights: expected a layer before them".into());
        };
        let Layer { synapses, chunks, .. } = &mut **layer;
        let count = synapses.len();
        let target =
            synapses.get_mut(synapse).ok_or_else(|| format!("synapse {synapse}: expected less than {count}"))?;
        target.push(values, chunks)
    }

    /// Adds a pool, whose source is known; returns its number.
    pub fn pool(&mut self, spec: PoolSpec) -> Result<usize, String> {
        let PoolSpec { source, sum, to, sweep, multiplicity } = spec;
        let from = self.source(source)?;
        expect("pool channels", from.channels, to.channels)?;
        if !multiplicity.is_empty() {
            expect("pool multiplicity", if sum { to.positions() } else { 0 }, multiplicity.len())?;
        }
        self.nodes.push(Node::Pool(Box::new(Pool { source, sum, reach: Reach::new(from, to, sweep), multiplicity })));
        Ok(self.nodes.len() - 1)
    }

    /// Ends the construction: checks that all weights are present, and that sources which came later fit their synapses.
    pub fn complete(&self) -> Result<(), String> {
        for (index, layer) in self.layers() {
            layer
                .synapses
                .iter()
                .try_for_each(|synapse| synapse.complete().map_err(|message| format!("node {index}: {message}")))?;
        }
        self.layers().flat_map(|(_, layer)| &layer.synapses).try_for_each(|synapse| {
            match self.source(synapse.source)? {
                from if from.size() == synapse.from.size() => Ok(()),
                from => Err(format!(
                    "synapse from node {}: expected {} neurons, got {}",
                    synapse.source,
                    synapse.from.size(),
                    from.size()
                )),
            }
        })
    }

    /// Populations and outputs with their numbers.
    pub fn layers(&self) -> impl Iterator<Item = (usize, &Layer)> {
        self.nodes.iter().enumerate().filter_map(|(index, node)| Some((index, node.layer()?)))
    }
}
