//! State of a network, and runs over blocks of ticks.

use crate::kernel::accumulate::{drive_f, drive_narrow, drive_wide, window_narrow, window_wide, Tap};
use crate::kernel::fire::{interleaved, window, Chunk};
use crate::kernel::lanes::Lanes;
use crate::layer::{chunks, padded, provable_run, ChunkRange, Kind, Synapse, SynapseSpec, Width};
use crate::neuron::Neuron;
use crate::pool::{covering, Pool, Rule};
use crate::spikes::{Geometry, Spikes};
use std::marker::PhantomData;

/// Ticks of a synchronous run that pass through the graph at once, so that long runs need no more memory.
const BLOCK_TICKS: usize = 32;

/// How a network integrates and fires.
pub struct Schedule {
    pub interleaved: bool,
    pub window_ticks: usize,
    pub double: bool,
    /// For each firing tick, log2 of its threshold factor, and its payload.
    pub shifts: Vec<u32>,
    pub payloads: Vec<u32>,
}

pub struct LayerSpec {
    pub geometry: Geometry,
    pub depth: usize,
    pub fires: bool,
    pub neuron: Neuron,
    /// Bits of f32 or i32, one for each neuron; threshold and initial potential are empty for an output.
    pub bias: Vec<u32>,
    pub threshold: Vec<u32>,
    pub initial: Vec<u32>,
    pub synapses: Vec<SynapseSpec>,
    pub record_spikes: bool,
    pub traced: Vec<u32>,
}

pub struct Layer {
    geometry: Geometry,
    depth: usize,
    fires: bool,
    neuron: Neuron,
    width: Width,
    padded: usize,
    chunks: Vec<ChunkRange>,
    synapses: Vec<Synapse>,
    bias: Vec<u32>,
    threshold: Vec<u32>,
    initial: Vec<u32>,
    potential: Vec<u32>,
    drive: Vec<u32>,
    waiting: Vec<u32>,
    counts: Vec<u32>,
    record_spikes: bool,
    spike_ticks: Vec<u32>,
    spike_neurons: Vec<u32>,
    traced: Vec<u32>,
    traces: Vec<u32>,
}

enum Node {
    Input(Geometry),
    Layer(Box<Layer>),
    Pool(Geometry, Box<Pool>, usize),
}

impl Node {
    fn geometry(&self) -> Geometry {
        match self {
            Node::Input(geometry) | Node::Pool(geometry, ..) => *geometry,
            Node::Layer(layer) => layer.geometry,
        }
    }
}

pub enum Input<'a> {
    /// Bits of f32 or i32, one for each input.
    Constant(&'a [u32]),
    Events { neurons: &'a [u32], starts: &'a [u32] },
}

pub struct Simulator<L: Lanes> {
    schedule: Schedule,
    nodes: Vec<Node>,
    spikes: Vec<Spikes>,
    scratch: Scratch,
    pub spike_count: u64,
    pub synaptic_operations: u64,
    lanes: PhantomData<L>,
}

#[derive(Default)]
struct Scratch {
    taps: Vec<Tap>,
    bits: Vec<u64>,
    repeats: Vec<u32>,
    sampled: Vec<u32>,
    base: Vec<i32>,
    window: Vec<i32>,
}

fn spread(values: &[u32], geometry: Geometry, padded: usize, fill: u32) -> Vec<u32> {
    let mut spread = vec![fill; geometry.height * geometry.width * padded];
    for (to, from) in spread.chunks_exact_mut(padded).zip(values.chunks_exact(geometry.channels)) {
        to[..geometry.channels].copy_from_slice(from);
    }
    spread
}

fn expect(what: &str, expected: usize, got: usize) -> Result<(), String> {
    if expected == got { Ok(()) } else { Err(format!("{what}: expected {expected} values, got {got}")) }
}

impl<L: Lanes> Simulator<L> {
    pub fn new(input: Geometry, schedule: Schedule) -> Result<Self, String> {
        if !schedule.interleaved && (schedule.window_ticks == 0 || schedule.shifts.len() != schedule.window_ticks || schedule.payloads.len() != schedule.window_ticks) {
            return Err(format!("schedule: expected {} firing ticks, got {}", schedule.window_ticks, schedule.shifts.len()));
        }
        Ok(Simulator { schedule, nodes: vec![Node::Input(input)], spikes: vec![Spikes::default()], scratch: Scratch::default(), spike_count: 0, synaptic_operations: 0, lanes: PhantomData })
    }

    fn source(&self, node: usize) -> Result<Geometry, String> {
        match self.nodes.get(node) {
            Some(Node::Layer(layer)) if !layer.fires => Err(format!("node {node} is an output, which never fires")),
            Some(node) => Ok(node.geometry()),
            None => Err(format!("node {node}: expected one of the {} before it", self.nodes.len())),
        }
    }

    /// Adds a population or an output; returns its number.
    pub fn layer(&mut self, spec: LayerSpec) -> Result<usize, String> {
        let to = spec.geometry;
        expect("bias", to.size(), spec.bias.len())?;
        if spec.fires {
            expect("threshold", to.size(), spec.threshold.len())?;
            expect("initial potential", to.size(), spec.initial.len())?;
        }
        if let Some(neuron) = spec.traced.iter().find(|&&neuron| neuron as usize >= to.size()) {
            return Err(format!("traced neuron: expected less than {}, got {neuron}", to.size()));
        }
        let positive = |bits: &u32| if self.schedule.interleaved { f32::from_bits(*bits) > 0.0 } else { *bits as i32 > 0 };
        if !spec.threshold.iter().all(positive) {
            return Err("threshold: expected values > 0".into());
        }
        let mut distinct = true;
        for synapse in &spec.synapses {
            let from = self.source(synapse.source)?;
            let expected = match synapse.kind {
                Kind::Dense => to.size() * from.size(),
                Kind::Conv([kh, kw, sy, sx, dy, dx, _, _, groups]) => {
                    if [kh, kw, sy, sx, dy, dx, groups].contains(&0) || from.channels % groups != 0 || to.channels % groups != 0 {
                        return Err(format!("convolution: expected positive sizes and {groups} equal groups of {} and {} channels", from.channels, to.channels));
                    }
                    kh * kw * from.channels / groups * to.channels
                }
                Kind::Identity if from.size() != to.size() => return Err(format!("identity: expected {} neurons on both sides, got {}", to.size(), from.size())),
                Kind::Identity if synapse.weights.len() == to.channels => to.channels,
                Kind::Identity => to.size(),
            };
            expect("weights", expected, synapse.weights.len())?;
            if self.schedule.interleaved && !synapse.weights.iter().all(|&bits| f32::from_bits(bits).is_finite()) {
                return Err("weights: expected finite numbers".into());
            }
            distinct &= matches!(&self.nodes[synapse.source], Node::Layer(_)) || matches!(&self.nodes[synapse.source], Node::Pool(_, pool, _) if pool.rule != Rule::Sum);
        }
        let width = match self.schedule.interleaved {
            true => Width::Float,
            false if spec.synapses.iter().all(|synapse| Synapse::is_narrow(&synapse.weights)) => Width::Narrow,
            false => Width::Wide,
        };
        let mut ranges = chunks(to.channels, width);
        let padded = padded(&ranges, width);
        let synapses: Vec<Synapse> = spec.synapses.iter().map(|synapse| Synapse::new(synapse, self.nodes[synapse.source].geometry(), to, &ranges, width)).collect();
        if width == Width::Narrow {
            for range in &mut ranges {
                range.run = provable_run(&synapses, range, padded, to.height * to.width, distinct);
            }
        }
        let state = to.height * to.width * padded;
        let one = if self.schedule.interleaved { 1f32.to_bits() } else { 1 };
        let initial = spread(&spec.initial, to, padded, 0);
        let bias = spread(&spec.bias, to, padded, 0);
        self.nodes.push(Node::Layer(Box::new(Layer {
            geometry: to,
            depth: spec.depth,
            fires: spec.fires,
            neuron: spec.neuron,
            width,
            padded,
            chunks: ranges,
            synapses,
            drive: bias.clone(),
            bias,
            threshold: spread(&spec.threshold, to, padded, one),
            potential: initial.clone(),
            initial,
            waiting: vec![0; if spec.neuron.refractory_ticks > 0 || spec.neuron.spikes_per_tick > 1 { state } else { 0 }],
            counts: vec![0; if spec.fires { to.size() } else { 0 }],
            record_spikes: spec.record_spikes,
            spike_ticks: Vec::new(),
            spike_neurons: Vec::new(),
            traced: spec.traced,
            traces: Vec::new(),
        })));
        self.spikes.push(Spikes::default());
        Ok(self.nodes.len() - 1)
    }

    /// Adds a pool with sizes kernel, stride, dilation (vertical, horizontal) and padding (top, left); returns its number.
    pub fn pool(&mut self, source: usize, sum: bool, to: Geometry, [kh, kw, sy, sx, dy, dx, top, left]: [usize; 8]) -> Result<usize, String> {
        let from = self.source(source)?;
        if from.channels != to.channels {
            return Err(format!("pool: expected {} channels, got {}", from.channels, to.channels));
        }
        let rule = match (sum, self.schedule.interleaved, self.schedule.double) {
            (true, ..) => Rule::Sum,
            (_, true, _) => Rule::Rising,
            (_, _, true) => Rule::BitSerial,
            _ => Rule::Any,
        };
        let pool = Pool::new(rule, from, to, covering(from.height, to.height, kh, sy, dy, top), covering(from.width, to.width, kw, sx, dx, left));
        self.nodes.push(Node::Pool(to, Box::new(pool), source));
        self.spikes.push(Spikes::default());
        Ok(self.nodes.len() - 1)
    }

    pub fn reset(&mut self) {
        for node in &mut self.nodes {
            match node {
                Node::Input(_) => {}
                Node::Pool(_, pool, _) => pool.reset(),
                Node::Layer(layer) => {
                    layer.potential.copy_from_slice(&layer.initial);
                    layer.waiting.fill(0);
                }
            }
        }
    }

    pub fn run(&mut self, input: Input, ticks: usize) -> Result<(), String> {
        let size = self.nodes[0].geometry().size();
        match input {
            Input::Constant(values) => expect("input", size, values.len())?,
            Input::Events { neurons, starts } => {
                expect("input starts", ticks + 1, starts.len())?;
                expect("input spikes", starts[ticks] as usize, neurons.len())?;
                if !starts.windows(2).all(|pair| pair[0] <= pair[1]) || neurons.iter().any(|&neuron| neuron as usize >= size) {
                    return Err(format!("input spikes: expected neurons below {size}, sorted by tick"));
                }
            }
        }
        self.spike_count = 0;
        self.synaptic_operations = 0;
        let interleaved = self.schedule.interleaved;
        if !interleaved {
            self.reset();
        }
        let samples = if interleaved { ticks } else { 2 * self.schedule.window_ticks };
        for node in &mut self.nodes {
            let Node::Layer(layer) = node else { continue };
            layer.counts.fill(0);
            layer.spike_ticks.clear();
            layer.spike_neurons.clear();
            layer.traces.clear();
            layer.traces.resize(layer.traced.len() * samples, 0);
            layer.set_drive::<L>(&input);
        }
        let block = if interleaved { BLOCK_TICKS } else { ticks };
        let geometry = self.nodes[0].geometry();
        let silent = vec![0u32; block.min(ticks) + 1];
        let mut first = 0;
        while first < ticks {
            let here = block.min(ticks - first);
            match input {
                Input::Constant(_) => self.spikes[0].fill(geometry, &[], &silent[..=here]),
                Input::Events { neurons, starts } => self.spikes[0].fill(geometry, neurons, &starts[first..=first + here]),
            }
            self.block(first, here, ticks);
            first += here;
        }
        Ok(())
    }

    fn block(&mut self, first: usize, ticks: usize, run_ticks: usize) {
        for index in 1..self.nodes.len() {
            let (before, rest) = self.spikes.split_at_mut(index);
            let out = &mut rest[0];
            match &mut self.nodes[index] {
                Node::Input(_) => {}
                Node::Pool(_, pool, source) => pool.pass(&before[*source], out, &self.schedule.payloads),
                Node::Layer(layer) => {
                    for synapse in &layer.synapses {
                        self.synaptic_operations += synapse.operations(&before[synapse.source]);
                    }
                    layer.tick_block::<L>(&self.schedule, before, out, &mut self.scratch, first, ticks, run_ticks);
                    self.spike_count += out.entries.len() as u64;
                }
            }
        }
    }

    fn layer_of(&self, node: usize) -> Option<&Layer> {
        match self.nodes.get(node) {
            Some(Node::Layer(layer)) => Some(layer),
            _ => None,
        }
    }

    /// Bits of the charges of an output (or potentials of a population), one for each neuron.
    pub fn charges(&self, node: usize) -> Vec<u32> {
        self.layer_of(node).map_or(Vec::new(), |layer| layer.potential.chunks_exact(layer.padded).flat_map(|position| &position[..layer.geometry.channels]).copied().collect())
    }

    pub fn counts(&self, node: usize) -> Vec<u32> {
        self.layer_of(node).map_or(Vec::new(), |layer| layer.counts.clone())
    }

    pub fn spike_ticks(&self, node: usize) -> Vec<u32> {
        self.layer_of(node).map_or(Vec::new(), |layer| layer.spike_ticks.clone())
    }

    pub fn spike_neurons(&self, node: usize) -> Vec<u32> {
        self.layer_of(node).map_or(Vec::new(), |layer| layer.spike_neurons.clone())
    }

    /// Bits of the membrane traces, [traced neurons, samples].
    pub fn traces(&self, node: usize) -> Vec<u32> {
        self.layer_of(node).map_or(Vec::new(), |layer| layer.traces.clone())
    }
}

/// Calls a kernel with the chunk's number of vectors as a constant.
macro_rules! with_vectors {
    ($vectors:expr, $kernel:ident, $lanes:ident, $($argument:expr),*) => {
        match $vectors {
            1 => $kernel::<$lanes, 1>($($argument),*),
            2 => $kernel::<$lanes, 2>($($argument),*),
            4 => $kernel::<$lanes, 4>($($argument),*),
            _ => $kernel::<$lanes, 8>($($argument),*),
        }
    };
}

impl Layer {
    /// Bias plus constant current: once a run.
    fn set_drive<L: Lanes>(&mut self, input: &Input) {
        self.drive.copy_from_slice(&self.bias);
        let Input::Constant(values) = input else { return };
        let drive = self.drive.as_mut_ptr();
        for y in 0..self.geometry.height {
            for x in 0..self.geometry.width {
                let position = y * self.geometry.width + x;
                for chunk in &self.chunks {
                    // SAFETY: `drive` has `padded` values a position, and ranges come with as many rows.
                    let charge = unsafe { drive.add(position * self.padded + chunk.first) };
                    for synapse in self.synapses.iter().filter(|synapse| synapse.source == 0) {
                        synapse.constants(y, x, position, chunk, self.padded, self.width, |range, rows| unsafe {
                            let bits = &values[range];
                            let floats = std::slice::from_raw_parts(bits.as_ptr().cast::<f32>(), bits.len());
                            let integers = std::slice::from_raw_parts(bits.as_ptr().cast::<i32>(), bits.len());
                            match self.width {
                                Width::Float => with_vectors!(chunk.vectors, drive_f, L, charge.cast(), floats, rows),
                                Width::Wide => with_vectors!(chunk.vectors, drive_wide, L, charge.cast(), integers, rows),
                                Width::Narrow => with_vectors!(chunk.vectors, drive_narrow, L, charge.cast(), integers, rows),
                            }
                        });
                    }
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn tick_block<L: Lanes>(&mut self, schedule: &Schedule, sources: &[Spikes], out: &mut Spikes, scratch: &mut Scratch, first: usize, ticks: usize, run_ticks: usize) {
        let Geometry { height, width, channels } = self.geometry;
        let words = self.padded.div_ceil(64);
        let stride = width * words;
        let multiple = self.neuron.spikes_per_tick > 1;
        let max_lanes = 8 * self.width.lanes();
        let Scratch { taps, bits, repeats, sampled, base, window: sums } = scratch;
        out.clear(ticks);
        bits.resize(bits.len().max(ticks * stride), 0);
        sampled.resize(sampled.len().max(2 * ticks * max_lanes), 0);
        repeats.resize(if multiple { repeats.len().max(ticks * width * self.padded + ticks * max_lanes) } else { repeats.len() }, 0);
        base.resize(64, 0);
        sums.resize(64, 0);
        for y in 0..height {
            bits[..ticks * stride].fill(0);
            for chunk in &self.chunks {
                let lanes = chunk.vectors * self.width.lanes();
                let valid = u64::MAX >> (64 - lanes.min(channels - chunk.first));
                for x in 0..width {
                    let position = y * width + x;
                    let at = position * self.padded + chunk.first;
                    taps.clear();
                    for synapse in &self.synapses {
                        synapse.taps(taps, &sources[synapse.source], y, x, position, chunk, self.padded, self.width);
                    }
                    let in_chunk = |neuron: u32| neuron as usize / channels == position && (chunk.first..chunk.first + lanes).contains(&(neuron as usize % channels));
                    let traced = self.traced.iter().any(|&neuron| in_chunk(neuron));
                    // SAFETY: state arrays have `padded` values a position, chunks lie inside; bits have `words` a position
                    // and tick, and chunks do not straddle a word; scratch is resized above; taps read live spike blocks.
                    unsafe {
                        let word = bits.as_mut_ptr().add(x * words + chunk.first / 64);
                        let samples = if traced { sampled.as_mut_ptr() } else { std::ptr::null_mut() };
                        if self.width == Width::Float {
                            let own_repeats = if multiple { repeats.as_mut_ptr().add(ticks * width * self.padded) } else { std::ptr::null_mut() };
                            let job = Chunk {
                                potential: self.potential.as_mut_ptr().add(at).cast(),
                                drive: self.drive.as_ptr().add(at).cast(),
                                threshold: self.threshold.as_ptr().add(at).cast(),
                                waiting: if self.waiting.is_empty() { std::ptr::null_mut() } else { self.waiting.as_mut_ptr().add(at) },
                                taps,
                                ticks,
                                bits: word,
                                stride,
                                shift: chunk.first % 64,
                                valid,
                                repeats: own_repeats,
                                sampled: samples.cast(),
                            };
                            with_vectors!(chunk.vectors, interleaved, L, &job, &self.neuron, self.fires);
                            if multiple {
                                let (rows, own) = repeats.split_at_mut(ticks * width * self.padded);
                                for tick in 0..ticks {
                                    let to = (tick * width + x) * self.padded + chunk.first;
                                    rows[to..to + lanes].copy_from_slice(&own[tick * lanes..(tick + 1) * lanes]);
                                }
                            }
                        } else {
                            let potential = sums.as_mut_ptr();
                            match self.width {
                                Width::Narrow => with_vectors!(chunk.vectors, window_narrow, L, potential, taps, ticks, schedule.double, chunk.run, samples.cast()),
                                _ => with_vectors!(chunk.vectors, window_wide, L, potential, taps, ticks, schedule.double, samples.cast()),
                            }
                            for lane in 0..lanes {
                                base[lane] = (self.drive[at + lane] as i32).wrapping_add(self.initial[at + lane] as i32);
                                sums[lane] = sums[lane].wrapping_add(base[lane]);
                            }
                            if traced {
                                for tick in 0..ticks {
                                    let doublings = if schedule.double { ticks - 1 - tick } else { 0 };
                                    for lane in 0..lanes {
                                        let sample = &mut sampled[tick * lanes + lane];
                                        *sample = base[lane].wrapping_add((*sample as i32) << doublings) as u32;
                                    }
                                }
                            }
                            if self.fires {
                                let samples: *mut i32 = if traced { sampled.as_mut_ptr().add(ticks * lanes).cast() } else { std::ptr::null_mut() };
                                window::<L>(sums.as_mut_ptr(), self.threshold.as_ptr().add(at).cast(), lanes / 4, &schedule.shifts, word, stride, chunk.first % 64, valid, samples);
                            }
                            for lane in 0..lanes {
                                self.potential[at + lane] = sums[lane] as u32;
                            }
                        }
                    }
                    if traced {
                        let (samples, all) = if schedule.interleaved { (ticks, run_ticks) } else { (2 * ticks, 2 * ticks) };
                        for (row, &neuron) in self.traced.iter().enumerate().filter(|(_, &neuron)| in_chunk(neuron)) {
                            let lane = neuron as usize % channels - chunk.first;
                            for sample in 0..samples {
                                self.traces[row * all + first + sample] = sampled[sample * lanes + lane];
                            }
                        }
                    }
                }
            }
            self.emit(out, bits, repeats, y, ticks, words, &schedule.payloads);
        }
        out.starts.push(out.entries.len() as u32);
        if self.record_spikes {
            let origin = if schedule.interleaved { first } else { self.depth * ticks };
            for tick in 0..ticks {
                for row in 0..height {
                    let entries = out.row(self.geometry, row, tick);
                    self.spike_ticks.extend(std::iter::repeat_n((origin + tick) as u32, entries.len()));
                    self.spike_neurons.extend(entries.iter().map(|entry| entry + (row * width * channels) as u32));
                }
            }
        }
    }

    /// Turns the bits of one row into events, in order of (tick, x, channel).
    #[allow(clippy::too_many_arguments)]
    fn emit(&mut self, out: &mut Spikes, bits: &[u64], repeats: &[u32], y: usize, ticks: usize, words: usize, payloads: &[u32]) {
        let Geometry { width, channels, .. } = self.geometry;
        let multiple = self.neuron.spikes_per_tick > 1;
        for tick in 0..ticks {
            let payload = payloads.get(tick).copied().unwrap_or(1);
            for x in 0..width {
                out.starts.push(out.entries.len() as u32);
                if !self.fires {
                    continue;
                }
                let counts = &mut self.counts[(y * width + x) * channels..(y * width + x + 1) * channels];
                for word in 0..words {
                    let mut left = bits[(tick * width + x) * words + word];
                    while left != 0 {
                        let channel = word * 64 + left.trailing_zeros() as usize;
                        left &= left - 1;
                        let spikes = if multiple { repeats[(tick * width + x) * self.padded + channel] } else { 1 };
                        counts[channel] += spikes * payload;
                        for _ in 0..spikes {
                            out.entries.push((x * channels + channel) as u32);
                        }
                    }
                }
            }
        }
    }
}
