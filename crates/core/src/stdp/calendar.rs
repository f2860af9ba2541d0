//! Spikes on their way: for each of the next ticks the parts of a synapse that they reach.

pub struct Calendar {
    days: Vec<Vec<u32>>,
}

impl Calendar {
    pub fn new(longest_delay: usize) -> Calendar {
        Calendar { days: vec![Vec::new(); longest_delay + 1] }
    }

    pub fn add(&mut self, tick: u64, part: u32) {
        let day = self.day(tick);
        self.days[day].push(part);
    }

    /// What arrives in this tick, in the order in which it was added; `emptied` is kept for a later tick.
    pub fn take(&mut self, tick: u64, emptied: Vec<u32>) -> Vec<u32> {
        let day = self.day(tick);
        std::mem::replace(&mut self.days[day], emptied)
    }

    pub fn clear(&mut self) {
        self.days.iter_mut().for_each(Vec::clear);
    }

    fn day(&self, tick: u64) -> usize {
        (tick % self.days.len() as u64) as usize
    }
}
