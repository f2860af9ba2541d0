//! The validated graph: the only place that fails.

use crate::kernel::fire::FiringTick;
use crate::kernel::levels::Levels;
use crate::layer::{Delayed, Layer, LayerSpec, Repeats};
use crate::pool::{Pool, Rule};
use crate::spikes::Geometry;
use crate::sweep::Sweep;
use crate::synapse::Kind;

/// How a network integrates and fires.
#[derive(Clone)]
pub struct Schedule {
    /// Synchronous, in f32 unless spikes are taken back; else layerwise, in integers.
    pub interleaved: bool,
    /// Factor on the potential before each tick of a layerwise window.
    pub gain: i32,
    /// Whether spikes may be −1: then every tick has two planes of them.
    pub signed: bool,
    /// The firing ticks of a layerwise window; empty if interleaved.
    pub firing: Vec<FiringTick>,
    /// Potentials of rectified populations are raised to 0 before they fire, and all lowered to θ·cap − 1.
    pub raised: bool,
    pub cap: Option<i32>,
    pub takes_back: Option<TakesBack>,
    /// One spike a neuron and window, which stands for its time.
    pub timed: Option<Timed>,
}

/// Synchronous rate of signed spikes (T8): all layers tick together in integers, and after every tick a count is
/// clip(⌊(v0 + Z) / θ⌋, 0, cap), Z the charge so far. Constant charge is spread over `window_ticks`.
#[derive(Clone, Copy)]
pub struct TakesBack {
    pub window_ticks: i32,
    pub cap: i32,
    /// At most one spike a neuron and tick: the count holds once a tick is silent.
    pub once: bool,
}

/// What a spike of `ttfs` stands for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Timed {
    /// The number of slots from it to the end of a window of so many: an integer (T7).
    Slots(i32),
    /// The time from it to the end of the window, as f32 (T9).
    Real,
}

impl Schedule {
    /// From three numbers a firing tick: above, below + 1 (0: no negative spikes), payload. `cap` 0: none.
    pub fn from_numbers(interleaved: bool, gain: i32, firing: &[u32], raised: bool, cap: i32) -> Schedule {
        let tick = |numbers: &[u32]| FiringTick {
            above: numbers[0] as i32,
            below: numbers[1].checked_sub(1).map(|below| below as i32),
            payload: numbers[2] as i32,
        };
        let firing: Vec<FiringTick> = firing.chunks_exact(3).map(tick).collect();
        Schedule {
            interleaved,
            gain,
            signed: firing.iter().any(|tick| tick.below.is_some()),
            firing,
            raised,
            cap: (cap != 0).then_some(cap),
            takes_back: None,
            timed: None,
        }
    }

    pub fn window_ticks(&self) -> usize {
        match self.timed {
            None => self.firing.len(),
            Some(Timed::Slots(slots)) => slots as usize,
            Some(Timed::Real) => 1,
        }
    }

    /// Planes that hold how often a neuron spikes in a window, in binary.
    pub fn merged_planes(&self) -> usize {
        (usize::BITS - self.window_ticks().leading_zeros()) as usize
    }

    /// In f32.
    pub fn float(&self) -> bool {
        if self.interleaved {
            self.takes_back.is_none()
        } else {
            self.timed == Some(Timed::Real)
        }
    }

    /// Planes of spikes a tick.
    pub fn signs(&self) -> usize {
        1 + usize::from(self.signed)
    }
}

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
            Node::Pool(pool) => pool.to,
        }
    }
}

pub struct Network {
    pub schedule: Schedule,
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
    pub fn new(input: Geometry, schedule: Schedule) -> Result<Network, String> {
        if schedule.interleaved && !schedule.firing.is_empty() {
            return Err(format!(
                "schedule: expected no firing ticks of an interleaved network, got {}",
                schedule.firing.len()
            ));
        }
        let sound = |tick: &FiringTick| {
            tick.above > 0
                && tick.payload > 0
                && tick.below.is_some() == schedule.signed
                && tick.below.unwrap_or(0) >= 0
        };
        if !(1..=3).contains(&schedule.gain) || !schedule.firing.iter().all(sound) {
            return Err("schedule: expected gain 1 to 3, positive levels and payloads, and negative levels where spikes are signed".into());
        }
        Ok(Network { schedule, nodes: vec![Node::Input(input)] })
    }

    /// Before the first layer, of an interleaved network.
    pub fn take_back(&mut self, takes_back: TakesBack) -> Result<(), String> {
        if !self.schedule.interleaved
            || self.nodes.len() > 1
            || takes_back.window_ticks < 1
            || takes_back.window_ticks > 1 << 30
            || takes_back.cap < 1
        {
            return Err(format!("signed rate: expected an interleaved network without layers, 1 to 2^30 ticks a window and a cap of at least 1, got {} and {}", takes_back.window_ticks, takes_back.cap));
        }
        self.schedule.takes_back = Some(takes_back);
        self.schedule.signed = true;
        Ok(())
    }

    /// Before the first layer, of a layerwise network without firing ticks. `slots` 0: times are real.
    pub fn time(&mut self, slots: i32) -> Result<(), String> {
        if self.schedule.interleaved
            || !self.schedule.firing.is_empty()
            || self.nodes.len() > 1
            || !(0..=1 << 24).contains(&slots)
        {
            return Err(format!("time to first spike: expected 0 to 2^24 slots, before the first layer, and no firing ticks, got {slots}"));
        }
        self.schedule.timed = Some(if slots == 0 { Timed::Real } else { Timed::Slots(slots) });
        Ok(())
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
        if spec.neuron.floor.is_nan() || spec.neuron.floor == f32::INFINITY {
            return Err(format!("floor: expected a finite number, or -inf for none, got {}", spec.neuron.floor));
        }
        let positive = |bits: &u32| if self.schedule.float() { f32::from_bits(*bits) > 0.0 } else { *bits as i32 > 0 };
        if !spec.threshold.iter().all(positive) {
            return Err("threshold: expected values > 0".into());
        }
        let mut sources = Vec::new();
        for synapse in &spec.synapses {
            let from = match synapse.delayed {
                Some(_) if !self.schedule.interleaved => {
                    return Err(format!(
                        "synapse from node {}: expected no delay in a layerwise network",
                        synapse.source
                    ))
                }
                Some(Delayed { from, .. }) if synapse.source >= self.nodes.len() => from,
                _ => self.source(synapse.source)?,
            };
            match synapse.kind {
                Kind::Conv(Sweep { kernel, stride, dilation, .. }, groups) => {
                    let sizes = [kernel, stride, dilation].concat();
                    if sizes.contains(&0) || groups == 0 || from.channels % groups != 0 || to.channels % groups != 0 {
                        return Err(format!(
                            "convolution: expected positive sizes and {groups} equal groups of {} and {} channels",
                            from.channels, to.channels
                        ));
                    }
                }
                Kind::Identity { .. } if from.size() != to.size() => {
                    return Err(format!("identity: expected {} neurons on both sides, got {}", to.size(), from.size()))
                }
                _ => {}
            }
            sources.push(from);
        }
        self.nodes.push(Node::Layer(Box::new(Layer::new(spec, &sources, &self.schedule))));
        Ok(self.nodes.len() - 1)
    }

    /// The next weights of a synapse of the last layer, in any number of pieces.
    pub fn weights(&mut self, synapse: usize, values: &[u32]) -> Result<(), String> {
        let Some(Node::Layer(layer)) = self.nodes.last_mut() else {
            return Err("weights: expected a layer before them".into());
        };
        let Layer { synapses, chunks, vectors, .. } = &mut **layer;
        let count = synapses.len();
        let target =
            synapses.get_mut(synapse).ok_or_else(|| format!("synapse {synapse}: expected less than {count}"))?;
        target.push(values, chunks, *vectors)
    }

    /// Adds a pool; returns its number. `multiplicity`: of a sum, how often each output position passes a spike on; empty: once.
    pub fn pool(
        &mut self,
        source: usize,
        sum: bool,
        to: Geometry,
        sweep: Sweep,
        multiplicity: Vec<u32>,
    ) -> Result<usize, String> {
        let from = self.source(source)?;
        expect("pool channels", from.channels, to.channels)?;
        if !multiplicity.is_empty() {
            expect("pool multiplicity", if sum { to.positions() } else { 0 }, multiplicity.len())?;
        }
        let rule = match (sum, self.schedule.interleaved, self.schedule.gain) {
            (true, ..) => Rule::Sum,
            _ if self.schedule.takes_back.is_some() => Rule::Largest,
            _ if self.schedule.timed.is_some() => Rule::Earliest,
            (_, true, _) => Rule::Rising,
            (_, _, 1) => Rule::Any,
            _ if self.schedule.signed => Rule::DigitSerial,
            _ => Rule::BitSerial,
        };
        let several = repeats_of(&self.nodes, source) != Repeats::Never;
        self.nodes.push(Node::Pool(Box::new(Pool::new(source, rule, from, to, &sweep, multiplicity, several))));
        Ok(self.nodes.len() - 1)
    }

    /// Nothing more will be added: checks that all weights have come, and proves what the kernels rely on.
    pub fn complete(&mut self) -> Result<(), String> {
        if !self.schedule.interleaved && self.schedule.window_ticks() == 0 {
            return Err("schedule: expected firing ticks of a layerwise network, got none".into());
        }
        for index in 1..self.nodes.len() {
            let (before, rest) = self.nodes.split_at_mut(index);
            let Node::Layer(layer) = &mut rest[0] else { continue };
            layer
                .synapses
                .iter()
                .try_for_each(|synapse| synapse.complete().map_err(|message| format!("node {index}: {message}")))?;
            if self.schedule.takes_back.is_some() {
                layer.prove(Repeats::Always, true, 1);
            }
            if self.schedule.interleaved {
                continue;
            }
            let repeats = layer
                .synapses
                .iter()
                .map(|synapse| repeats_of(before, synapse.source))
                .fold(Repeats::Never, |a, b| if a == Repeats::Never || b == Repeats::Always { b } else { a });
            if self.schedule.timed.is_some() {
                continue;
            }
            let ticks = self.schedule.window_ticks();
            let merges = self.schedule.gain == 1 && !self.schedule.signed && layer.can_merge();
            layer.merged_planes = if merges { self.schedule.merged_planes() } else { 0 };
            layer.prove(repeats, self.schedule.signed, ticks);
        }
        if !self.schedule.interleaved {
            self.choose_forms();
        }
        self.nodes
            .iter()
            .filter_map(|node| if let Node::Layer(layer) = node { Some(layer) } else { None })
            .flat_map(|layer| &layer.synapses)
            .try_for_each(|synapse| match self.source(synapse.source)? {
                from if from.size() == synapse.from.size() => Ok(()),
                from => Err(format!(
                    "synapse from node {}: expected {} neurons, got {}",
                    synapse.source,
                    synapse.from.size(),
                    from.size()
                )),
            })
    }
}

impl Network {
    /// In which form each layer gives its spikes away: maxima take bits, everything else entries.
    fn choose_forms(&mut self) {
        for index in 1..self.nodes.len() {
            let bits = |pool: &Pool| pool.source == index && pool.takes_bits();
            let keeps = self.nodes.iter().any(|node| matches!(node, Node::Pool(pool) if bits(pool)));
            let lists = self.nodes.iter().any(|node| match node {
                Node::Input(_) => false,
                Node::Pool(pool) => pool.source == index && !pool.takes_bits(),
                Node::Layer(layer) => layer.synapses.iter().any(|synapse| synapse.source == index),
            });
            let merged = self.nodes.iter().all(|node| match node {
                Node::Input(_) => true,
                Node::Pool(pool) => pool.source != index,
                Node::Layer(layer) => {
                    layer.merged_planes > 0 || layer.synapses.iter().all(|synapse| synapse.source != index)
                }
            });
            let Node::Layer(layer) = &mut self.nodes[index] else { continue };
            layer.keeps_bits = keeps && layer.padded.div_ceil(64) == layer.geometry.channels.div_ceil(64);
            layer.lists_spikes = lists || !layer.keeps_bits || layer.record_spikes;
            layer.fires_merged =
                merged && !layer.record_spikes && matches!(layer.levels(&self.schedule), Some(Levels::Run(_)));
        }
    }
}

fn repeats_of(nodes: &[Node], node: usize) -> Repeats {
    match &nodes[node] {
        Node::Input(_) => Repeats::AsInput,
        Node::Layer(source) if source.neuron.spikes_per_tick == 1 => Repeats::Never,
        // Rising maxima may rise twice, but only in f32, which proves nothing.
        Node::Pool(pool) if pool.rule != Rule::Sum => Repeats::Never,
        _ => Repeats::Always,
    }
}
