//! Eligibility: changes that wait for a reward and fade. Its unit grows instead of its values falling, so that a tick costs nothing.

pub struct Eligibility {
    pub values: Vec<f32>,
    /// The values are in this unit: eligibility = value / scale.
    pub scale: f64,
    growth: f64,
}

/// Beyond this scale the values are written in units of 1 again.
const LARGEST_SCALE: f64 = (1 << 20) as f64;

impl Eligibility {
    pub fn new(connections: usize, growth: f64) -> Eligibility {
        Eligibility { values: vec![0.0; connections], scale: 1.0, growth }
    }

    /// Whether the next tick writes all values in units of 1.
    pub fn renews(&self) -> bool {
        self.scale * self.growth > LARGEST_SCALE
    }

    pub fn tick(&mut self) {
        let renews = self.renews();
        self.scale *= self.growth;
        if !renews {
            return;
        }
        let unit = (1.0 / self.scale) as f32;
        for value in &mut self.values {
            *value *= unit;
        }
        self.scale = 1.0;
    }

    pub fn unit(&self) -> f32 {
        self.scale as f32
    }

    /// What a reward multiplies values by.
    pub fn share(&self, reward: f32) -> f32 {
        (reward as f64 / self.scale) as f32
    }
}
