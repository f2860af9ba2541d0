//! A random graph of layers, pools and outputs, and what each of its synapses means: a full matrix.

use crate::oracle::{draw_kind, draw_neurons, matrix, weight_count, Matrix, Random, Shape};
use llif_core::layer::LayerSpec;
use llif_core::network::{Network, PoolSpec};
use llif_core::neuron::llif::{LlifSpec, Neuron};
use llif_core::neuron::NeuronSpec;
use llif_core::spikes::Geometry;
use llif_core::synapse::spec::{Delayed, Kind, SynapseSpec};
use llif_core::synapse::sweep::Sweep;

pub struct DrawnSynapse {
    pub source: usize,
    pub kind: Kind,
    pub delay: usize,
    pub weights: Vec<u32>,
    pub matrix: Matrix,
}

pub struct DrawnLayer {
    pub fires: bool,
    pub neuron: LlifSpec,
    pub rectified: bool,
    /// Bits of f32 or i32, one for each neuron.
    pub bias: Vec<u32>,
    pub threshold: Vec<u32>,
    pub initial: Vec<u32>,
    pub synapses: Vec<DrawnSynapse>,
    pub traced: Vec<u32>,
}

pub struct DrawnPool {
    pub source: usize,
    pub sum: bool,
    pub sweep: Sweep,
    pub multiplicity: Vec<u32>,
    /// Members of each output, ascending.
    pub members: Vec<Vec<usize>>,
}

impl DrawnPool {
    /// How often a sum passes a member's spike on to that output.
    pub fn times(&self, output: usize, channels: usize) -> i32 {
        self.multiplicity.get(output / channels).map_or(1, |&times| times as i32)
    }
}

pub enum DrawnNode {
    Input,
    Layer(DrawnLayer),
    Pool(DrawnPool),
}

/// Numbers that a graph is drawn with.
pub struct Draw<'a> {
    /// Bits of a charge between two bounds.
    pub charge: &'a dyn Fn(&mut Random, i32, i32) -> u32,
    pub thresholds: &'a dyn Fn(&mut Random) -> u32,
    pub largest_weight: i32,
    pub neuron: &'a dyn Fn(&mut Random) -> Neuron,
    /// Synapses may be late or recurrent.
    pub delays: bool,
    /// Some neurons leave membrane traces; spikes are recorded.
    pub traces: bool,
    pub records: bool,
    /// Synapses may be sparse.
    pub sparse: bool,
}

/// Of a drawn layer: full matrices of more take seconds.
const MOST_NEURONS: usize = 400;

pub struct Graph {
    /// Of every node, the input first.
    pub geometries: Vec<Geometry>,
    pub nodes: Vec<DrawnNode>,
    pub records: bool,
    narrow: bool,
}

impl Graph {
    pub fn draw(random: &mut Random, input: Geometry, draw: &Draw) -> Graph {
        let mut graph = Graph {
            geometries: vec![input],
            nodes: vec![DrawnNode::Input],
            records: draw.records,
            narrow: draw.largest_weight <= 32767 && random.below(3) > 0,
        };
        let mut kinds = vec![None];
        for number in 1..=4 {
            let source = number - 1;
            let from = graph.geometries[source];
            let pool = (number < 4 && from.positions() > 1 && random.below(3) == 0)
                .then(|| draw_pool(random, source, from))
                .flatten();
            let (geometry, node, kind) = match pool {
                Some((geometry, pool)) => (geometry, DrawnNode::Pool(pool), None),
                None => {
                    let shape = [
                        Shape::Dense,
                        Shape::Conv,
                        Shape::Narrow,
                        Shape::Depthwise,
                        Shape::Identity,
                        Shape::Transposed,
                    ][random.below(6)];
                    let (geometry, kind) = draw_kind(random, shape, from)
                        .filter(|(to, _)| to.size() <= MOST_NEURONS)
                        .unwrap_or((from, Kind::Identity { per_neuron: false }));
                    (geometry, DrawnNode::Layer(draw_layer(random, geometry, true, draw)), Some(kind))
                }
            };
            graph.geometries.push(geometry);
            graph.nodes.push(node);
            kinds.push(kind);
        }
        // The output reads the last node.
        graph.geometries.push(Geometry { height: 1, width: 1, channels: 1 + random.below(12) });
        graph.nodes.push(DrawnNode::Layer(draw_layer(random, graph.geometries[5], false, draw)));
        kinds.push(Some(Kind::Dense));
        for (number, kind) in kinds.into_iter().enumerate() {
            let Some(kind) = kind else { continue };
            let mut sources = vec![(number - 1, kind)];
            let last = if draw.delays { 5 } else { number };
            for other in 0..last {
                if random.below(4) > 0 {
                    continue;
                }
                let identity =
                    graph.geometries[other].size() == graph.geometries[number].size() && random.below(2) == 0;
                sources.push((
                    other,
                    if identity { Kind::Identity { per_neuron: random.below(2) == 0 } } else { Kind::Dense },
                ));
            }
            for (source, kind) in sources {
                let (from, to) = (graph.geometries[source], graph.geometries[number]);
                let delay = if !draw.delays {
                    0
                } else {
                    usize::from(source >= number) + [0, 0, random.below(4)][random.below(3)]
                };
                let weight = |random: &mut Random| (draw.charge)(random, -draw.largest_weight, draw.largest_weight);
                let (kind, weights) = if draw.sparse && kind == Kind::Dense && random.below(3) == 0 {
                    draw_sparse(random, from, to, weight)
                } else {
                    (kind, (0..weight_count(kind, from, to)).map(|_| weight(random)).collect())
                };
                let matrix = matrix(kind, &weights, from, to);
                let DrawnNode::Layer(layer) = &mut graph.nodes[number] else { continue };
                layer.synapses.push(DrawnSynapse { source, kind, delay, weights, matrix });
            }
        }
        graph
    }

    /// The same network in the core.
    pub fn build(&self, mut network: Network) -> Network {
        for (number, node) in self.nodes.iter().enumerate().skip(1) {
            let geometry = self.geometries[number];
            match node {
                DrawnNode::Input => {}
                DrawnNode::Pool(pool) => {
                    let DrawnPool { source, sum, sweep, ref multiplicity, .. } = *pool;
                    network
                        .pool(PoolSpec { source, sum, to: geometry, sweep, multiplicity: multiplicity.clone() })
                        .unwrap();
                }
                DrawnNode::Layer(layer) => {
                    let delayed = |synapse: &DrawnSynapse| {
                        (synapse.delay > 0)
                            .then_some(Delayed { ticks: synapse.delay, from: self.geometries[synapse.source] })
                    };
                    let synapses = layer
                        .synapses
                        .iter()
                        .map(|synapse| SynapseSpec {
                            source: synapse.source,
                            kind: synapse.kind,
                            delayed: delayed(synapse),
                        })
                        .collect();
                    let (threshold, initial) = if layer.fires {
                        (layer.threshold.clone(), layer.initial.clone())
                    } else {
                        (Vec::new(), Vec::new())
                    };
                    let depth = self.depths()[number];
                    network
                        .layer(LayerSpec {
                            geometry,
                            depth,
                            fires: layer.fires,
                            neuron: NeuronSpec::Llif(layer.neuron.clone()),
                            rectified: layer.rectified,
                            narrow: self.narrow,
                            bias: layer.bias.clone(),
                            threshold,
                            initial,
                            synapses,
                            record_spikes: layer.fires && self.records,
                            traced: layer.traced.clone(),
                        })
                        .unwrap();
                    layer
                        .synapses
                        .iter()
                        .enumerate()
                        .for_each(|(index, synapse)| network.weights(index, &synapse.weights).unwrap());
                }
            }
        }
        network
    }

    /// Populations on the longest path up to and including each node.
    pub fn depths(&self) -> Vec<usize> {
        let mut depths = vec![0; self.nodes.len()];
        for (number, node) in self.nodes.iter().enumerate() {
            depths[number] = match node {
                DrawnNode::Input => 0,
                DrawnNode::Pool(pool) => depths[pool.source],
                DrawnNode::Layer(layer) => {
                    layer
                        .synapses
                        .iter()
                        .filter(|synapse| synapse.source < number)
                        .map(|synapse| depths[synapse.source])
                        .max()
                        .unwrap_or(0)
                        + usize::from(layer.fires)
                }
            };
        }
        depths
    }

    pub fn layer(&self, number: usize) -> Option<&DrawnLayer> {
        if let DrawnNode::Layer(layer) = &self.nodes[number] {
            Some(layer)
        } else {
            None
        }
    }
}

/// A sparse kind in which some sources reach some targets, and its words.
fn draw_sparse(
    random: &mut Random,
    from: Geometry,
    to: Geometry,
    weight: impl Fn(&mut Random) -> u32,
) -> (Kind, Vec<u32>) {
    let (mut offsets, mut targets) = (vec![0], Vec::new());
    for _ in 0..from.size() {
        let one_in = [1, 3, 20, usize::MAX >> 1][random.below(4)];
        targets.extend((0..to.size() as u32).filter(|_| random.below(one_in) == 0));
        offsets.push(targets.len() as u32);
    }
    let connections = targets.len();
    let weights = (0..connections).map(|_| weight(random));
    let words = offsets.into_iter().chain(targets).chain(weights.collect::<Vec<u32>>());
    (Kind::Sparse { connections }, words.collect())
}

fn draw_layer(random: &mut Random, geometry: Geometry, fires: bool, draw: &Draw) -> DrawnLayer {
    let size = geometry.size();
    let multiple =
        |random: &mut Random, low: i32, high: i32| (0..size).map(|_| (draw.charge)(random, low, high)).collect();
    let neuron = (draw.neuron)(random);
    let neuron = draw_neurons(random, geometry, neuron);
    DrawnLayer {
        fires,
        neuron,
        rectified: random.below(2) == 0,
        bias: multiple(random, -40, 60),
        threshold: (0..size).map(|_| (draw.thresholds)(random)).collect(),
        initial: multiple(random, 0, 30),
        synapses: Vec::new(),
        traced: (0..size as u32).filter(|_| fires && draw.traces && random.below(4) == 0).collect(),
    }
}

fn draw_pool(random: &mut Random, source: usize, from: Geometry) -> Option<(Geometry, DrawnPool)> {
    let (kernel, stride, padding) = (1 + random.below(3), 1 + random.below(2), random.below(2));
    let extent = |size: usize| (size + 2 * padding).checked_sub(kernel).map(|room| room / stride + 1);
    let to = Geometry { height: extent(from.height)?, width: extent(from.width)?, channels: from.channels };
    let sweep =
        Sweep { kernel: [kernel; 2], stride: [stride; 2], dilation: [1; 2], padding: [padding; 2], transposed: false };
    let sum = random.below(2) == 0;
    let multiplicity = if sum && random.below(2) == 0 {
        (0..to.positions()).map(|_| random.below(3) as u32).collect()
    } else {
        Vec::new()
    };
    let inside =
        |output: usize, tap: usize, size: usize| (output * stride + tap).checked_sub(padding).filter(|&at| at < size);
    let members = (0..to.size())
        .map(|output| {
            let (channel, x, y) =
                (output % to.channels, output / to.channels % to.width, output / to.channels / to.width);
            let taps = (0..kernel).flat_map(|ky| (0..kernel).map(move |kx| (ky, kx)));
            taps.filter_map(|(ky, kx)| {
                Some((inside(y, ky, from.height)? * from.width + inside(x, kx, from.width)?) * from.channels + channel)
            })
            .collect()
        })
        .collect();
    Some((to, DrawnPool { source, sum, sweep, multiplicity, members }))
}

pub fn input_geometry(random: &mut Random) -> Geometry {
    Geometry { height: 1 + random.below(4), width: 1 + random.below(4), channels: 2 * (1 + random.below(2)) }
}
