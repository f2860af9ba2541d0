//! Connections of one synapse that have one delay: what the spikes of a source add to the sums of a target.

use crate::lanes::Lanes;

/// Neurons of a block, which rests as a whole or not.
pub const BLOCK: usize = 64;

/// Where the connections of each source lead.
pub enum Rows {
    /// Weights [sources][stride]: every target, then zeros.
    Dense { stride: usize, weights: Vec<f32> },
    /// Connections of source n are those from `offsets[n]` to `offsets[n + 1]`: a target and the bits of a weight.
    Sparse { offsets: Vec<u32>, connections: Vec<[u32; 2]> },
}

pub struct Group {
    pub source: usize,
    /// 0: the membrane potential; 1 …: a current.
    pub into: usize,
    pub delay: usize,
    /// Place of the synapse in the network.
    pub synapse: usize,
    pub targets: usize,
    pub rows: Rows,
    /// Numbers that are still missing.
    filled: usize,
}

impl Group {
    pub fn dense(ends: [usize; 2], into: usize, delay: usize, synapse: usize, targets: usize) -> Group {
        let stride = targets.next_multiple_of(4);
        let rows = Rows::Dense { stride, weights: vec![0.0; ends[1] * stride] };
        Group { source: ends[0], into, delay, synapse, targets, rows, filled: 0 }
    }

    pub fn sparse(source: usize, into: usize, delay: usize, synapse: usize, targets: usize, offsets: &[u32]) -> Group {
        let connections = vec![[0, 0]; offsets.last().map_or(0, |&end| end as usize)];
        let rows = Rows::Sparse { offsets: offsets.to_vec(), connections };
        Group { source, into, delay, synapse, targets, rows, filled: 0 }
    }

    /// The next targets of a sparse group, in any number of pieces.
    pub fn push_targets(&mut self, targets: &[u32]) -> Result<(), String> {
        let (count, first) = (self.targets, self.filled);
        let Rows::Sparse { connections, .. } = &mut self.rows else {
            return Err("targets: expected a sparse group".into());
        };
        let room = connections.get_mut(first..first + targets.len()).ok_or("targets: more than connections")?;
        for (connection, &target) in room.iter_mut().zip(targets) {
            if target as usize >= count {
                return Err(format!("target: expected less than {count}, got {target}"));
            }
            connection[0] = target;
        }
        self.filled += targets.len();
        if self.filled == connections.len() {
            self.filled = 0;
        }
        Ok(())
    }

    /// The next weights, in any number of pieces: of a dense group target after target, [targets][sources].
    pub fn push_weights(&mut self, bits: &[u32]) -> Result<(), String> {
        let first = self.filled;
        match &mut self.rows {
            Rows::Sparse { connections, .. } => {
                let room = connections.get_mut(first..first + bits.len()).ok_or("weights: more than connections")?;
                room.iter_mut().zip(bits).for_each(|(connection, &bits)| connection[1] = bits);
                self.filled += bits.len();
                if self.filled == connections.len() {
                    self.filled = 0;
                }
            }
            Rows::Dense { stride, weights } => {
                let sources = weights.len() / (*stride).max(1);
                if first + bits.len() > sources * self.targets {
                    return Err("weights: more than connections".into());
                }
                for (index, &bits) in (first..).zip(bits) {
                    weights[index % sources * *stride + index / sources] = f32::from_bits(bits);
                }
                self.filled += bits.len();
                if self.filled == sources * self.targets {
                    self.filled = 0;
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
