//! The neuron of float networks: its parameters, and one tick of one neuron as its definition.

/// Parameters that all neurons of a float population share.
#[derive(Clone, Copy, Debug)]
pub struct Neuron {
    pub leak_factor: f32,
    pub floor: f32,
    pub hard: bool,
    pub spikes_per_tick: u32,
    pub refractory_ticks: u32,
    pub discards: bool,
}

impl Neuron {
    /// Floor, gate, fire and reset of one neuron: mapping.md §1, steps 3 to 5. Returns its spikes.
    /// `unchanged` is the potential after the leak alone, which a neuron that discards input goes on from while refractory.
    #[inline(always)]
    pub fn fire(&self, v: &mut f32, unchanged: f32, threshold: f32, refractory_left: &mut u32) -> u32 {
        let refractory = self.refractory_ticks > 0 && *refractory_left > 0;
        if refractory && self.discards {
            *v = unchanged;
        }
        if *v < self.floor {
            *v = self.floor;
        }
        if refractory {
            *refractory_left -= 1;
            return 0;
        }
        // False of a NaN too.
        let reached = *v >= threshold;
        if !reached {
            return 0;
        }
        let spikes = if self.spikes_per_tick == 1 {
            1
        } else {
            (f64::from(*v) / f64::from(threshold)).floor().min(f64::from(self.spikes_per_tick)) as u32
        };
        *v = if self.hard { 0.0 } else { (f64::from(*v) - f64::from(spikes) * f64::from(threshold)) as f32 };
        *refractory_left = self.refractory_ticks;
        spikes
    }
}
