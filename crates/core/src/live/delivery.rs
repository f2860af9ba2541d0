//! Connections of one synapse that have one delay: what the spikes of a source add to the sums of a target.

use crate::lanes::Lanes;

/// Neurons of a block, which rests as a whole or not.
pub const BLOCK: usize = 64;

/// Where the connections of each source lead.
enum Rows {
    /// Weights [sources][stride]: every target, then zeros.
    Dense { stride: usize, weights: Vec<f32> },
    /// Connections of source n are those from `offsets[n]` to `offsets[n + 1]`: a target and the bits of a weight.
    Sparse { offsets: Vec<u32>, connections: Vec<[u32; 2]> },
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
        let connections = vec![[0, 0]; offsets.last().map_or(0, |&end| end as usize)];
        Group { ends, targets, rows: Rows::Sparse { offsets: offsets.to_vec(), connections }, filled: 0 }
    }

    fn connections(&self) -> usize {
        match &self.rows {
            Rows::Dense { stride, weights } => weights.len() / (*stride).max(1) * self.targets,
            Rows::Sparse { connections, .. } => connections.len(),
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
        let Rows::Sparse { connections, .. } = &mut self.rows else {
            return Err("targets: expected a sparse group".into());
        };
        connections[first..].iter_mut().zip(targets).for_each(|(connection, &target)| connection[0] = target);
        Ok(())
    }

    /// The next weights, in any number of pieces: of a dense group target after target, [targets][sources].
    pub fn push_weights(&mut self, bits: &[u32]) -> Result<(), String> {
        let first = self.take(bits.len())?;
        match &mut self.rows {
            Rows::Sparse { connections, .. } => {
                connections[first..].iter_mut().zip(bits).for_each(|(connection, &bits)| connection[1] = bits);
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

    /// Adds the weights of every spike, one rounded addition each; returns their number. `touched`: whether each block got
    /// something; empty where nobody asks.
    pub fn deliver<L: Lanes>(&self, spikes: &[u32], sums: &mut [f32], touched: &mut [u8]) -> u64 {
        match &self.rows {
            Rows::Dense { stride, weights } => {
                for &source in spikes {
                    let row = &weights[source as usize * stride..(source as usize + 1) * stride];
                    add_row::<L>(sums, row);
                }
                if !spikes.is_empty() {
                    touched.fill(1);
                }
                (spikes.len() * self.targets) as u64
            }
            Rows::Sparse { offsets, connections } => {
                let mut added = 0;
                for &source in spikes {
                    let row = offsets[source as usize] as usize..offsets[source as usize + 1] as usize;
                    added += row.len();
                    if touched.is_empty() {
                        for &[target, bits] in &connections[row] {
                            // SAFETY: targets were checked when they came; sums have room for all neurons.
                            unsafe { *sums.get_unchecked_mut(target as usize) += f32::from_bits(bits) };
                        }
                    } else {
                        for &[target, bits] in &connections[row] {
                            // SAFETY: as above; there is one flag a block.
                            unsafe {
                                *sums.get_unchecked_mut(target as usize) += f32::from_bits(bits);
                                *touched.get_unchecked_mut(target as usize / BLOCK) = 1;
                            }
                        }
                    }
                }
                added as u64
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
                Rows::Sparse { offsets, connections } => {
                    for &[target, bits] in &connections[offsets[source] as usize..offsets[source + 1] as usize] {
                        charges[target as usize] += f32::from_bits(bits) * value;
                    }
                }
            }
        }
    }
}

fn add_row<L: Lanes>(sums: &mut [f32], row: &[f32]) {
    for (to, from) in sums.chunks_exact_mut(4).zip(row.chunks_exact(4)) {
        // SAFETY: both have four values.
        unsafe { L::store_f(to.as_mut_ptr(), L::add_f(L::load_f(to.as_ptr()), L::load_f(from.as_ptr()))) };
    }
}
