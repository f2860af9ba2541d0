//! What is left of a trace after any number of ticks, without a multiplication for each of them.

/// e^(−k/τ) as the product of two numbers from tables: of the low ten bits of k, and of the others; 0 after the last.
#[derive(Clone)]
pub struct Decay {
    low: Vec<f64>,
    high: Vec<f64>,
    /// The first products.
    near: Vec<f32>,
}

const BITS: u32 = 10;
const NEAR: usize = 1 << 15;

impl Decay {
    /// 1024 numbers for the low bits, then those for the others.
    pub fn new(numbers: &[f64]) -> Result<Decay, String> {
        if numbers.len() <= 1 << BITS {
            return Err(format!("decay: expected more than {} numbers, got {}", 1 << BITS, numbers.len()));
        }
        let (low, high) = numbers.split_at(1 << BITS);
        let mut decay = Decay { low: low.to_vec(), high: high.to_vec(), near: Vec::new() };
        decay.near = (0..NEAR.min(high.len() << BITS) as u64).map(|ticks| decay.far(ticks)).collect();
        Ok(decay)
    }

    #[inline(always)]
    pub fn after(&self, ticks: u64) -> f32 {
        match self.near.get(ticks as usize) {
            // On 32 bits the index is the lower half.
            Some(near) if ticks < NEAR as u64 => *near,
            _ => self.far(ticks),
        }
    }

    /// Traces of this age have faded.
    pub fn end(&self) -> u64 {
        (self.high.len() as u64) << BITS
    }

    #[inline(never)]
    fn far(&self, ticks: u64) -> f32 {
        let high = usize::try_from(ticks >> BITS).ok().and_then(|at| self.high.get(at));
        match high {
            Some(high) => (high * self.low[ticks as usize & ((1 << BITS) - 1)]) as f32,
            None => 0.0,
        }
    }
}
