//! The spikes of a node in this tick and in as many before as delays need.

pub struct History {
    lists: Vec<Vec<u32>>,
    now: usize,
}

impl History {
    pub fn new(longest: usize) -> History {
        History { lists: vec![Vec::new(); longest + 1], now: 0 }
    }

    pub fn longest(&self) -> usize {
        self.lists.len() - 1
    }

    /// Begins a tick, with an empty list in the place of the oldest.
    pub fn advance(&mut self) {
        self.now = (self.now + 1) % self.lists.len();
        self.lists[self.now].clear();
    }

    pub fn ago(&self, ticks: usize) -> &[u32] {
        &self.lists[(self.now + self.lists.len() - ticks) % self.lists.len()]
    }

    pub fn list_mut(&mut self, ago: usize) -> &mut Vec<u32> {
        let length = self.lists.len();
        &mut self.lists[(self.now + length - ago) % length]
    }

    pub fn clear(&mut self) {
        self.lists.iter_mut().for_each(Vec::clear);
    }
}
