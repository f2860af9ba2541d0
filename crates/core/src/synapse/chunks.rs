//! How the channels of a layer are cut into vectors.

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Width {
    Float,
    /// i32.
    Wide,
    /// i16.
    Narrow,
}

impl Width {
    pub fn lanes(self) -> usize {
        if self == Width::Narrow {
            8
        } else {
            4
        }
    }

    /// Whether a weight is one of this width.
    pub fn fits(self, bits: u32) -> bool {
        match self {
            Width::Float => f32::from_bits(bits).is_finite(),
            Width::Narrow => (bits as i32).unsigned_abs() <= 32767,
            Width::Wide => true,
        }
    }
}

/// Output channels whose potentials fit the registers.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub first: usize,
    pub vectors: usize,
    /// Lanes of narrower chunks before it, in units of one row: where its block begins.
    pub offset: usize,
}

/// Chunks of whole bytes of lanes that do not straddle groups.
pub fn chunks(channels: usize, groups: usize, width: Width) -> Vec<Chunk> {
    let (mut list, mut offset) = (Vec::new(), 0);
    let per_group = channels / groups;
    for group in 0..groups {
        let mut first = group * per_group;
        while first < (group + 1) * per_group {
            let left = ((group + 1) * per_group - first).div_ceil(width.lanes());
            let vectors = match left {
                // Lanes past the end of a group would be the next group's.
                _ if groups > 1 => (1usize << left.ilog2()).min(8),
                6.. => 8,
                3..=5 => 4,
                1 if width == Width::Narrow => 1,
                _ => 2,
            };
            list.push(Chunk { first, vectors, offset });
            first += vectors * width.lanes();
            offset += vectors;
        }
    }
    list
}
