//! What is left of a trace after any number of ticks, without a multiplication for each of them.

/// e^(−k/τ) as the product of two numbers from tables: of the low ten bits of k, and of the others; 0 after the last.
#[derive(Clone)]
pub struct Decay {
    low: Vec<f64>,
    high: Vec<f64>,
}

const BITS: u32 = 10;

impl Decay {
    /// 1024 numbers for the low bits, then those for the others.
    pub fn new(numbers: &[f64]) -> Result<Decay, String> {
        if numbers.len() <= 1 << BITS {
            return Err(format!("decay: expected more than {} numbers, got {}", 1 << BITS, numbers.len()));
        }
        let (low, high) = numbers.split_at(1 << BITS);
        Ok(Decay { low: low.to_vec(), high: high.to_vec() })
    }

    #[inline(always)]
    pub fn after(&self, ticks: u64) -> f32 {
        match self.high.get((ticks >> BITS) as usize) {
            Some(high) => (high * self.low[ticks as usize & ((1 << BITS) - 1)]) as f32,
            None => 0.0,
        }
    }
}
