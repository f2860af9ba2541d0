//! Spike-timing-dependent plasticity of one synapse: it holds the weights, the spikes on their way through them, and the traces.
//!
//! In a tick: `arrive` while the target sums its charge, `learn` once it has fired, `emit` when the source fires. docs/live.md defines
//! every operation and its rounding.

mod calendar;
mod decay;
mod dense;
mod eligibility;
mod rule;
mod sparse;
mod traces;
mod wire;

pub use rule::Rule;
pub use sparse::Delays;
pub use wire::Arriving;

use calendar::Calendar;
use dense::DenseRows;
use eligibility::Eligibility;
use rule::Coincident;
use sparse::{Parts, SparseRows};
use traces::{Arrived, Fired};

/// What a plastic synapse carries from tick to tick, in the order of the network's arrays.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct State {
    pub weights: Vec<f32>,
    /// Traces of sources at their last arrival, one a source; where connections have their own delays, one a connection.
    pub pre: Vec<f32>,
    /// Ticks since that arrival.
    pub pre_ticks_ago: Vec<f64>,
    pub post: Vec<f32>,
    /// Empty without reward.
    pub eligibility: Vec<f32>,
    pub eligibility_scale: f64,
}

enum Rows {
    Dense(DenseRows),
    Sparse(SparseRows),
}

pub struct Stdp {
    rule: Rule,
    rows: Rows,
    parts: Parts,
    /// Whether a part is all of a source.
    whole: bool,
    calendar: Calendar,
    sources: Arrived,
    targets: Fired,
    target_count: usize,
    eligibility: Option<Eligibility>,
    /// The parts through which something arrived in this tick.
    arrivals: Vec<u32>,
    initial: Vec<f32>,
}

impl Stdp {
    /// `weights`: target after target.
    pub fn dense(rule: Rule, sources: usize, targets: usize, delay: u32, weights: &[f32]) -> Result<Stdp, String> {
        Stdp::of_dense(rule, sources, targets, delay, weights.to_vec())
    }

    fn of_dense(rule: Rule, sources: usize, targets: usize, delay: u32, weights: Vec<f32>) -> Result<Stdp, String> {
        let parts = Parts { offsets: (0..=sources as u32).collect(), delays: vec![delay; sources] };
        Stdp::new(rule, Rows::Dense(DenseRows::new(sources, targets)), parts, true, targets, weights)
    }

    /// Compressed rows by source.
    pub fn sparse(
        rule: Rule,
        offsets: &[u32],
        targets: &[u32],
        delays: Delays,
        target_count: usize,
        weights: &[f32],
    ) -> Result<Stdp, String> {
        Stdp::of_sparse(rule, offsets, targets.to_vec(), delays, target_count, weights.to_vec())
    }

    /// Takes the lists over, so that there is no second copy of them.
    fn of_sparse(
        rule: Rule,
        offsets: &[u32],
        targets: Vec<u32>,
        delays: Delays,
        target_count: usize,
        weights: Vec<f32>,
    ) -> Result<Stdp, String> {
        let (rows, parts) = sparse::sparse(offsets, targets, delays, target_count)?;
        Stdp::new(rule, Rows::Sparse(rows), parts, matches!(delays, Delays::Common(_)), target_count, weights)
    }

    fn new(
        rule: Rule,
        rows: Rows,
        parts: Parts,
        whole: bool,
        target_count: usize,
        initial: Vec<f32>,
    ) -> Result<Stdp, String> {
        let longest = parts.delays.iter().max().copied().unwrap_or(0) as usize;
        let mut stdp = Stdp {
            calendar: Calendar::new(longest),
            sources: Arrived::new(parts.delays.len()),
            targets: Fired::new(target_count),
            target_count,
            eligibility: None,
            arrivals: Vec::new(),
            initial,
            rule,
            rows,
            parts,
            whole,
        };
        let (expected, got) = (stdp.connections(), stdp.initial.len());
        if got != expected {
            return Err(format!("plastic synapse: expected {expected} weights, got {got}"));
        }
        stdp.reset();
        Ok(stdp)
    }

    pub fn connections(&self) -> usize {
        match &self.rows {
            Rows::Dense(rows) => rows.sources * rows.targets,
            Rows::Sparse(rows) => rows.weights.len(),
        }
    }

    /// A source fires. Sources come in ascending order, and before `arrive` where a delay is 0.
    pub fn emit(&mut self, tick: u64, source: u32) {
        for part in self.parts.offsets[source as usize]..self.parts.offsets[source as usize + 1] {
            self.calendar.add(tick + self.parts.delays[part as usize] as u64, part);
        }
    }

    /// A source fired `ticks_ago` ticks before `tick`, which is the next one to run: what has not arrived yet is on its way again.
    pub fn emit_again(&mut self, tick: u64, ticks_ago: u64, source: u32) {
        for part in self.parts.offsets[source as usize]..self.parts.offsets[source as usize + 1] {
            let delay = self.parts.delays[part as usize] as u64;
            if delay >= ticks_ago {
                self.calendar.add(tick + delay - ticks_ago, part);
            }
        }
    }

    /// Adds what arrives in this tick to the sums of the targets; returns the number of weights.
    pub fn arrive(&mut self, tick: u64, sums: &mut [f32]) -> u64 {
        let mut emptied = std::mem::take(&mut self.arrivals);
        emptied.clear();
        self.arrivals = self.calendar.take(tick, emptied);
        match &mut self.rows {
            Rows::Dense(rows) => {
                for &part in &self.arrivals {
                    rows.catch_up(part as usize, &self.rule, &self.sources, &mut self.eligibility);
                }
                rows.deliver(&self.arrivals, sums);
            }
            Rows::Sparse(rows) => self.arrivals.iter().for_each(|&part| rows.deliver(part as usize, sums)),
        }
        let weights = |&part: &u32| match &self.rows {
            Rows::Dense(rows) => rows.targets,
            Rows::Sparse(rows) => rows.range(part as usize).len(),
        };
        self.arrivals.iter().map(weights).sum::<usize>() as u64
    }

    /// The targets of what arrived in this tick.
    pub fn each_target(&self, mut each: impl FnMut(usize)) {
        for &part in &self.arrivals {
            match &self.rows {
                Rows::Dense(rows) => (0..rows.targets).for_each(&mut each),
                Rows::Sparse(rows) => {
                    rows.targets[rows.range(part as usize)].iter().for_each(|&target| each(target as usize))
                }
            }
        }
    }

    /// Ends the tick: `fired` are the targets that fired in it, ascending.
    pub fn learn(&mut self, tick: u64, fired: &[u32]) {
        self.targets.decay(self.rule.target_factor);
        if self.eligibility.as_ref().is_some_and(Eligibility::renews) {
            self.catch_up();
        }
        if let Some(eligibility) = &mut self.eligibility {
            eligibility.tick();
        }
        match self.rule.coincident {
            Coincident::None => {
                self.depress();
                self.potentiate(tick, fired);
                self.mark_sources(tick);
                self.targets.mark(fired, &self.rule);
            }
            Coincident::Potentiate => {
                self.depress();
                self.mark_sources(tick);
                self.potentiate(tick, fired);
                self.targets.mark(fired, &self.rule);
            }
            Coincident::Both => {
                self.mark_sources(tick);
                self.targets.mark(fired, &self.rule);
                self.depress();
                self.potentiate(tick, fired);
            }
        }
        self.arrivals.clear();
    }

    fn mark_sources(&mut self, tick: u64) {
        for &part in &self.arrivals {
            self.sources.mark(part as usize, tick, &self.rule);
        }
    }

    fn depress(&mut self) {
        if self.targets.are_zero() {
            return;
        }
        for &part in &self.arrivals {
            let (traces, eligibility) = (&self.targets, &mut self.eligibility);
            match &mut self.rows {
                Rows::Dense(rows) => rows.depress(part as usize, &self.rule, traces, eligibility),
                Rows::Sparse(rows) => rows.depress(part as usize, &self.rule, &traces.values, eligibility),
            }
        }
    }

    fn potentiate(&mut self, tick: u64, fired: &[u32]) {
        if fired.is_empty() {
            return;
        }
        match &mut self.rows {
            Rows::Sparse(rows) => rows.potentiate(tick, &self.rule, &self.sources, fired, &mut self.eligibility),
            Rows::Dense(rows) => {
                rows.miss(tick, fired, &self.eligibility);
                // Rows whose trace is about to change take these spikes with the one that they have.
                if self.rule.coincident == Coincident::None {
                    for &part in &self.arrivals {
                        rows.catch_up(part as usize, &self.rule, &self.sources, &mut self.eligibility);
                    }
                }
                if rows.is_full() {
                    rows.catch_up_all(&self.rule, &self.sources, &mut self.eligibility);
                }
            }
        }
    }

    /// Changes all weights as if every spike of a target had been taken at once.
    fn catch_up(&mut self) {
        if let Rows::Dense(rows) = &mut self.rows {
            rows.catch_up_all(&self.rule, &self.sources, &mut self.eligibility);
        }
    }

    /// Eligibility times reward, added to every weight.
    pub fn reward(&mut self, reward: f32) {
        self.catch_up();
        let Some(eligibility) = &self.eligibility else { return };
        let share = eligibility.share(reward);
        let weights = match &mut self.rows {
            Rows::Dense(rows) => &mut rows.weights,
            Rows::Sparse(rows) => &mut rows.weights,
        };
        for (weight, value) in weights.iter_mut().zip(&eligibility.values) {
            *weight = self.rule.change.clip(*weight + share * value);
        }
    }

    pub fn weights(&mut self, into: &mut [f32]) {
        self.catch_up();
        match &self.rows {
            Rows::Dense(rows) => self.numbered(&rows.weights, into),
            Rows::Sparse(rows) => self.numbered(&rows.weights, into),
        }
    }

    pub fn set_weights(&mut self, weights: &[f32]) {
        self.catch_up();
        // −0 becomes 0, so that a change of 0 changes no weight.
        match &mut self.rows {
            Rows::Dense(rows) => {
                for (number, weight) in weights.iter().enumerate() {
                    let at = rows.place(number);
                    rows.weights[at] = weight + 0.0;
                }
            }
            Rows::Sparse(rows) => {
                for at in 0..rows.weights.len() {
                    rows.weights[at] = weights[rows.number(at)] + 0.0;
                }
            }
        }
    }

    /// Spikes on their way and traces are gone; weights stay.
    pub fn rest(&mut self) {
        self.catch_up();
        self.calendar.clear();
        self.arrivals.clear();
        self.sources.values.fill(0.0);
        self.targets.clear();
    }

    /// Scales the weights of each of these targets, ascending, to this sum, then clips them; for dense weights.
    pub fn normalise(&mut self, targets: &[u32], sum: f32) {
        self.catch_up();
        if let Rows::Dense(rows) = &mut self.rows {
            rows.normalise(targets, sum, &self.rule.change);
        }
    }

    pub fn reset(&mut self) {
        if let Rows::Dense(rows) = &mut self.rows {
            rows.forget();
        }
        self.calendar.clear();
        self.arrivals.clear();
        self.sources = Arrived::new(self.parts.delays.len());
        self.targets = Fired::new(self.target_count);
        let initial = std::mem::take(&mut self.initial);
        self.set_weights(&initial);
        self.initial = initial;
        let stored = self.stored_len();
        self.eligibility = self.rule.growth.map(|growth| Eligibility::new(stored, growth));
    }

    /// `tick`: the next one to run.
    pub fn state(&mut self, tick: u64) -> State {
        let mut state = State { weights: vec![0.0; self.connections()], ..State::default() };
        self.weights(&mut state.weights);
        let ages: Vec<f64> = self.sources.ticks.iter().map(|&last| tick.wrapping_sub(last) as f64).collect();
        let expanded = |values: &dyn Fn(usize) -> f64| -> Vec<f64> {
            match &self.rows {
                Rows::Sparse(rows) if !self.whole => {
                    let mut found = vec![0.0; rows.weights.len()];
                    for part in 0..self.parts.delays.len() {
                        for at in rows.range(part) {
                            found[rows.number(at)] = values(part);
                        }
                    }
                    found
                }
                _ => self.by_source(values),
            }
        };
        // A trace that has faded is 0, so that its age, which has no bound, need not be kept.
        let alive = |part: usize| self.rule.source.after(ages[part] as u64) != 0.0;
        let value = |part: usize| if alive(part) { self.sources.values[part] as f64 } else { 0.0 };
        state.pre = expanded(&value).into_iter().map(|value| value as f32).collect();
        state.pre_ticks_ago = expanded(&|part| if value(part) == 0.0 { 0.0 } else { ages[part] });
        state.post = self.targets.values[..self.target_count].to_vec();
        state.eligibility_scale = 1.0;
        if let Some(eligibility) = &self.eligibility {
            state.eligibility_scale = eligibility.scale;
            state.eligibility = vec![0.0; self.connections()];
            self.numbered(&eligibility.values, &mut state.eligibility);
        }
        state
    }

    /// Takes over a state; spikes on their way come by `emit_again`. `tick`: the next one to run.
    pub fn restore(&mut self, tick: u64, state: &State) -> Result<(), String> {
        let traces = if self.whole { self.parts.offsets.len() - 1 } else { self.connections() };
        let eligible = if self.eligibility.is_some() { self.connections() } else { 0 };
        let lengths = [state.weights.len(), state.pre.len(), state.pre_ticks_ago.len(), state.post.len()];
        if lengths != [self.connections(), traces, traces, self.target_count] || state.eligibility.len() != eligible {
            return Err("plastic synapse: the state is another network's".into());
        }
        if let Rows::Dense(rows) = &mut self.rows {
            rows.forget();
        }
        self.calendar.clear();
        self.arrivals.clear();
        self.set_weights(&state.weights);
        for source in 0..self.parts.offsets.len() - 1 {
            for part in self.parts.offsets[source] as usize..self.parts.offsets[source + 1] as usize {
                let at = match &self.rows {
                    Rows::Sparse(rows) if !self.whole => rows.number(rows.range(part).start),
                    _ => source,
                };
                self.sources.values[part] = state.pre[at];
                self.sources.ticks[part] = tick.wrapping_sub(state.pre_ticks_ago[at] as u64);
            }
        }
        self.targets.set(&state.post);
        let values = if eligible == 0 { Vec::new() } else { self.stored(&state.eligibility) };
        if let Some(eligibility) = &mut self.eligibility {
            eligibility.values = values;
            eligibility.scale = state.eligibility_scale;
        }
        Ok(())
    }

    /// One value a source; 0 for sources without connections.
    fn by_source(&self, value: &dyn Fn(usize) -> f64) -> Vec<f64> {
        self.parts
            .offsets
            .windows(2)
            .map(|part| if part[0] < part[1] { value(part[0] as usize) } else { 0.0 })
            .collect()
    }

    /// How many values an array by connection has here.
    fn stored_len(&self) -> usize {
        match &self.rows {
            Rows::Dense(rows) => rows.weights.len(),
            Rows::Sparse(rows) => rows.weights.len(),
        }
    }

    /// From the order of the network to this one.
    fn stored(&self, values: &[f32]) -> Vec<f32> {
        let mut stored = vec![0.0; self.stored_len()];
        match &self.rows {
            Rows::Dense(rows) => {
                values.iter().enumerate().for_each(|(number, &value)| stored[rows.place(number)] = value)
            }
            Rows::Sparse(rows) => {
                stored.iter_mut().enumerate().for_each(|(at, value)| *value = values[rows.number(at)])
            }
        }
        stored
    }

    /// From this order to the network's.
    fn numbered(&self, stored: &[f32], into: &mut [f32]) {
        match &self.rows {
            Rows::Dense(rows) => {
                into.iter_mut().enumerate().for_each(|(number, value)| *value = stored[rows.place(number)])
            }
            Rows::Sparse(rows) => stored.iter().enumerate().for_each(|(at, &value)| into[rows.number(at)] = value),
        }
    }
}
