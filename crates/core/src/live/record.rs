//! What a run leaves of a node.

#[derive(Default)]
pub struct Record {
    /// Spikes of each neuron; empty if they are not counted.
    pub counts: Vec<u32>,
    /// Whether spikes are kept, and those of the last run.
    pub keeps_spikes: bool,
    pub ticks: Vec<u32>,
    pub neurons: Vec<u32>,
    /// Neurons whose potentials are kept, and these, [neurons][ticks].
    pub traced: Vec<u32>,
    pub traces: Vec<f32>,
    /// Charge of an output.
    pub charges: Vec<f64>,
}

impl Record {
    pub fn begin(&mut self, ticks: usize) {
        self.counts.fill(0);
        self.ticks.clear();
        self.neurons.clear();
        self.traces.clear();
        self.traces.resize(self.traced.len() * ticks, 0.0);
    }

    pub fn spikes(&mut self, tick: usize, fired: &[u32]) {
        if !self.counts.is_empty() {
            fired.iter().for_each(|&neuron| self.counts[neuron as usize] += 1);
        }
        if self.keeps_spikes {
            self.ticks.extend(std::iter::repeat_n(tick as u32, fired.len()));
            self.neurons.extend_from_slice(fired);
        }
    }

    pub fn potentials(&mut self, tick: usize, ticks: usize, potential: &[f32]) {
        for (row, &neuron) in self.traced.iter().enumerate() {
            self.traces[row * ticks + tick] = potential[neuron as usize];
        }
    }

    /// Charges as two words each; counts, ticks, neurons, traces: arrays of words.
    pub fn arrays(&self) -> [(*const u32, usize); 5] {
        [
            (self.charges.as_ptr().cast(), 2 * self.charges.len()),
            (self.counts.as_ptr(), self.counts.len()),
            (self.ticks.as_ptr(), self.ticks.len()),
            (self.neurons.as_ptr(), self.neurons.len()),
            (self.traces.as_ptr().cast(), self.traces.len()),
        ]
    }
}
