//! Connections of one synapse that have one delay: what the spikes of a source add to the sums of a target.

use crate::lanes::Lanes;

/// Neurons of a block. Four neighbours sleep or not.
pub const BLOCK: usize = 64;
pub const ALL_AWAKE: u16 = u16::MAX;

/// Where the connections of each source lead.
enum Rows {
    /// Weights [sources][stride]: every target, then zeros.
    Dense { stride: usize, weights: Vec<f32> },
    /// Connections of source n are those from `offsets[n]` to `offsets[n + 1]`. `weights` is empty where all are `weight`.
    Sparse { offsets: Vec<u32>, targets: Vec<u32>, weights: Vec<f32>, weight: f32 },
}

/// The bit of a neuron and its three neighbours in its block.
#[inline(always)]
pub fn bit_of(neuron: usize) -> u16 {
    1 << (neuron % BLOCK / 4)
}

/// Wakes neurons that something arrives at; without vectors where none sleeps.
pub struct Waker<'a>(&'a mut [u16]);

impl<'a> Waker<'a> {
    /// `awake`: of each block, a bit for each four neurons.
    pub fn new(awake: &'a mut [u16]) -> Waker<'a> {
        Waker(if awake.iter().all(|&bits| bits == ALL_AWAKE) { &mut [] } else { awake })
    }

    pub fn has_sleepers(&self) -> bool {
        !self.0.is_empty()
    }

    #[inline(always)]
    pub fn wake(&mut self, neuron: usize) {
        if let Some(bits) = self.0.get_mut(neuron / BLOCK) {
            *bits |= bit_of(neuron);
        }
    }
}

/// Where a group of connections leads.
#[derive(Clone, Copy)]
pub struct Ends {
    pub source: usize,
    pub target: usize,
    /// 0: the membrane potential; 1 …: a current.
    pub into: usize,
    pub delay: usize,
    /// Place of the synapse in the network.
    pub synapse: usize,
}

pub struct Group {
    pub ends: Ends,
    /// Neurons of the target.
    targets: usize,
    rows: Rows,
    /// Numbers of the present list, of targets or weights, that have come.
    filled: usize,
}

impl Group {
    pub fn dense(ends: Ends, sources: usize, targets: usize) -> Group {
        let stride = targets.next_multiple_of(4);
        Group { ends, targets, rows: Rows::Dense { stride, weights: vec![0.0; sources * stride] }, filled: 0 }
    }

    pub fn sparse(ends: Ends, targets: usize, offsets: &[u32]) -> Group {
        let rows = Rows::Sparse {
            offsets: offsets.to_vec(),
            targets: vec![0; offsets.last().map_or(0, |&end| end as usize)],
            weights: Vec::new(),
            weight: 0.0,
        };
        Group { ends, targets, rows, filled: 0 }
    }

    fn connections(&self) -> usize {
        match &self.rows {
            Rows::Dense { stride, weights } => weights.len() / (*stride).max(1) * self.targets,
            Rows::Sparse { targets, .. } => targets.len(),
        }
    }

    /// Room for the next `count` numbers of a list; behind its last one the next list begins.
    fn take(&mut self, count: usize) -> Result<usize, String> {
        let (first, connections) = (self.filled, self.connections());
        if first + count > connections {
            return Err(format!("connections: expected {connections} numbers, got {}", first + count));
        }
        self.filled = if first + count == connections { 0 } else { first + count };
        Ok(first)
    }

    /// The next targets of a sparse group, in any number of pieces.
    pub fn push_targets(&mut self, targets: &[u32]) -> Result<(), String> {
        if let Some(target) = targets.iter().find(|&&target| target as usize >= self.targets) {
            return Err(format!("target: expected less than {}, got {target}", self.targets));
        }
        let first = self.take(targets.len())?;
        let Rows::Sparse { targets: all, .. } = &mut self.rows else {
            return Err("targets: expected a sparse group".into());
        };
        all[first..first + targets.len()].copy_from_slice(targets);
        Ok(())
    }

    /// The next weights, in any number of pieces: of a dense group target after target, [targets][sources].
    pub fn push_weights(&mut self, bits: &[u32]) -> Result<(), String> {
        let first = self.take(bits.len())?;
        match &mut self.rows {
            Rows::Sparse { targets, weights, weight, .. } => {
                if first == 0 && !bits.is_empty() {
                    *weight = f32::from_bits(bits[0]);
                    *weights = Vec::new();
                }
                if weights.is_empty() {
                    if bits.iter().all(|&bits| bits == weight.to_bits()) {
                        return Ok(());
                    }
                    *weights = vec![*weight; targets.len()];
                }
                weights[first..].iter_mut().zip(bits).for_each(|(weight, &bits)| *weight = f32::from_bits(bits));
            }
            Rows::Dense { stride, weights } => {
                let sources = weights.len() / (*stride).max(1);
                for (index, &bits) in (first..).zip(bits) {
                    weights[index % sources * *stride + index / sources] = f32::from_bits(bits);
                }
            }
        }
        Ok(())
    }

    /// Weights of these spikes.
    pub fn count(&self, spikes: &[u32]) -> u64 {
        match &self.rows {
            Rows::Dense { .. } => (spikes.len() * self.targets) as u64,
            Rows::Sparse { offsets, .. } => {
                spikes.iter().map(|&source| u64::from(offsets[source as usize + 1] - offsets[source as usize])).sum()
            }
        }
    }

    /// Adds the weights of every spike, one rounded addition each; returns their number.
    pub fn deliver<L: Lanes>(&self, spikes: &[u32], sums: &mut [f32], waker: &mut Waker) -> u64 {
        match &self.rows {
            Rows::Dense { stride, weights } => {
                for &source in spikes {
                    let row = &weights[source as usize * stride..(source as usize + 1) * stride];
                    add_row::<L>(sums, row);
                }
                if !spikes.is_empty() {
                    waker.0.fill(ALL_AWAKE);
                }
                (spikes.len() * self.targets) as u64
            }
            Rows::Sparse { offsets, targets, weights, weight } => {
                let mut added = 0;
                for &source in spikes {
                    let row = offsets[source as usize] as usize..offsets[source as usize + 1] as usize;
                    added += row.len();
                    let to = &targets[row.clone()];
                    // SAFETY: targets were checked when they came; sums have room for all neurons.
                    unsafe {
                        if weights.is_empty() {
                            add_to(sums, to, |_| *weight);
                        } else {
                            let weights = &weights[row];
                            add_to(sums, to, |at| *weights.get_unchecked(at));
                        }
                    }
                    if waker.has_sleepers() {
                        to.iter().for_each(|&target| waker.wake(target as usize));
                    }
                }
                added as u64
            }
        }
    }

    /// Every target of every spike.
    pub fn each_target(&self, spikes: &[u32], mut each: impl FnMut(usize)) {
        for &source in spikes {
            match &self.rows {
                Rows::Dense { .. } => (0..self.targets).for_each(&mut each),
                Rows::Sparse { offsets, targets, .. } => {
                    let row = offsets[source as usize] as usize..offsets[source as usize + 1] as usize;
                    targets[row].iter().for_each(|&target| each(target as usize));
                }
            }
        }
    }

    /// Adds weight · value of every source, ascending: product and sum rounded.
    pub fn deliver_constant(&self, values: &[f32], charges: &mut [f32]) {
        for (source, &value) in values.iter().enumerate() {
            match &self.rows {
                Rows::Dense { stride, weights } => {
                    let row = &weights[source * stride..source * stride + self.targets];
                    charges.iter_mut().zip(row).for_each(|(charge, weight)| *charge += weight * value);
                }
                Rows::Sparse { offsets, targets, weights, weight } => {
                    for at in offsets[source] as usize..offsets[source + 1] as usize {
                        charges[targets[at] as usize] += weights.get(at).unwrap_or(weight) * value;
                    }
                }
            }
        }
    }
}

/// # Safety
/// Every target is a place in `sums`, and `weight` takes places in `targets`.
#[inline(always)]
unsafe fn add_to(sums: &mut [f32], targets: &[u32], weight: impl Fn(usize) -> f32) {
    let whole = targets.len() & !3;
    for at in (0..whole).step_by(4) {
        for at in at..at + 4 {
            *sums.get_unchecked_mut(*targets.get_unchecked(at) as usize) += weight(at);
        }
    }
    for at in whole..targets.len() {
        *sums.get_unchecked_mut(*targets.get_unchecked(at) as usize) += weight(at);
    }
}

fn add_row<L: Lanes>(sums: &mut [f32], row: &[f32]) {
    for (to, from) in sums.chunks_exact_mut(4).zip(row.chunks_exact(4)) {
        // SAFETY: both have four values.
        unsafe { L::store_f(to.as_mut_ptr(), L::add_f(L::load_f(to.as_ptr()), L::load_f(from.as_ptr()))) };
    }
}
