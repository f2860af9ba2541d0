//! Plastic synapses: dense rows, which take spikes of targets late, equal the same connections as sparse ones, which take them at once,
//! bit for bit; a restored state goes on as if nothing had happened.

use llif_core::stdp::{Arriving, Delays, Rule, State, Stdp};
use llif_core::words::Words;

const SOURCES: usize = 9;
const TARGETS: usize = 70;
const TICKS: u64 = 3000;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn part(&mut self) -> f64 {
        self.next() as f64 / (1u64 << 31) as f64
    }

    fn some(&mut self, of: usize, share: f64) -> Vec<u32> {
        (0..of as u32).filter(|_| self.part() < share).collect()
    }
}

/// A₊, A₋, minimum, maximum and so on, as `Rule::new` takes them.
fn numbers(multiplicative: bool, adds: bool, coincident: u32, growth: f64) -> Vec<f64> {
    let decay = |ticks: f64| (-ticks / 20.0f64).exp();
    let mut numbers = vec![0.01, 0.012, 0.0, 1.0, multiplicative as u32 as f64, adds as u32 as f64, coincident as f64];
    numbers.extend([decay(0.7), growth]);
    numbers.extend((0..1024).map(|low| decay(low as f64)));
    numbers.push(1.0);
    numbers
}

/// The same connections, dense and sparse, with a delay of 3.
fn both(numbers: &[f64], random: &mut Random) -> (Stdp, Stdp) {
    let rule = || Rule::new(numbers).unwrap();
    let weights: Vec<f32> = (0..SOURCES * TARGETS).map(|_| random.part() as f32).collect();
    let dense = Stdp::dense(rule(), SOURCES, TARGETS, 3, &weights).unwrap();
    let offsets: Vec<u32> = (0..=SOURCES).map(|source| (source * TARGETS) as u32).collect();
    let targets: Vec<u32> = (0..SOURCES).flat_map(|_| 0..TARGETS as u32).collect();
    let rows: Vec<f32> = (0..SOURCES * TARGETS).map(|at| weights[at % TARGETS * SOURCES + at / TARGETS]).collect();
    let sparse = Stdp::sparse(rule(), &offsets, &targets, Delays::Common(3), TARGETS, &rows).unwrap();
    (dense, sparse)
}

fn tick(stdp: &mut Stdp, tick: u64, sources: &[u32], fired: &[u32]) -> Vec<f32> {
    let mut sums = vec![0.0; TARGETS];
    stdp.arrive(tick, &mut sums);
    stdp.learn(tick, fired);
    sources.iter().for_each(|&source| stdp.emit(tick, source));
    sums
}

fn weights(stdp: &mut Stdp) -> Vec<f32> {
    let mut found = vec![0.0; stdp.connections()];
    stdp.weights(&mut found);
    found
}

fn by_source(dense: &[f32]) -> Vec<f32> {
    (0..dense.len()).map(|at| dense[at % TARGETS * SOURCES + at / TARGETS]).collect()
}

#[test]
fn dense_equals_sparse() {
    for case in 0..24u32 {
        let growth = if case % 4 < 2 { 0.0 } else { (1.0f64 / 30.0).exp() };
        let mut random = Random(case as u64);
        let rule = numbers(case % 2 == 0, case % 8 < 4, case % 3, growth);
        let (mut dense, mut sparse) = both(&rule, &mut random);
        let first = weights(&mut dense);
        for now in 0..TICKS {
            let sources = random.some(SOURCES, if now % 700 < 500 { 0.05 } else { 0.0 });
            let fired = random.some(TARGETS, 0.08);
            assert_eq!(
                tick(&mut dense, now, &sources, &fired),
                tick(&mut sparse, now, &sources, &fired),
                "{case} {now}"
            );
            if now % 97 == 0 {
                let reward = random.part() as f32 - 0.4;
                dense.reward(reward);
                sparse.reward(reward);
                let same = dense.state(now + 1);
                let order = State {
                    weights: by_source(&same.weights),
                    eligibility: by_source(&same.eligibility),
                    ..same.clone()
                };
                assert_eq!(order, sparse.state(now + 1), "{case} {now}");
            }
        }
        assert_eq!(by_source(&weights(&mut dense)), weights(&mut sparse));
        assert_ne!(first, weights(&mut dense));
        assert!(weights(&mut dense).iter().all(|&weight| (0.0..=1.0).contains(&weight)));
    }
}

#[test]
fn a_restored_state_goes_on() {
    for case in 0..6u32 {
        let mut random = Random(case as u64);
        let rule = numbers(case % 2 == 0, true, case % 3, (1.0f64 / 30.0).exp());
        let (mut dense, _) = both(&rule, &mut Random(1));
        let (mut again, _) = both(&rule, &mut Random(2));
        let mut sent: Vec<(u64, Vec<u32>)> = Vec::new();
        for now in 0..500 {
            let (sources, fired) = (random.some(SOURCES, 0.1), random.some(TARGETS, 0.1));
            tick(&mut dense, now, &sources, &fired);
            sent.push((now, sources));
        }
        again.restore(40, &dense.state(500)).unwrap();
        for (when, sources) in &sent[490..] {
            sources.iter().for_each(|&source| again.emit_again(40, 500 - when, source));
        }
        for now in 500..900 {
            let (sources, fired) = (random.some(SOURCES, 0.1), random.some(TARGETS, 0.1));
            assert_eq!(tick(&mut dense, now, &sources, &fired), tick(&mut again, now - 460, &sources, &fired));
        }
        dense.reward(0.5);
        again.reward(0.5);
        assert_eq!(dense.state(900), again.state(440));
        assert!(again.restore(0, &State::default()).is_err());
        let words = dense.state_words(900);
        again.reset();
        again.restore_words(7, &words).unwrap();
        assert_eq!(again.state_words(7), words);
        assert!(again.restore_words(7, &words[1..]).is_err());
    }
}

#[test]
fn connections_with_their_own_delays_have_their_own_traces() {
    let rule = || Rule::new(&numbers(false, true, 1, 0.0)).unwrap();
    // Two sources, of which the second has one connection.
    for (delays, traces) in [(Delays::Own(&[5]), 1), (Delays::Common(5), 2)] {
        let mut stdp = Stdp::sparse(rule(), &[0, 0, 1], &[0], delays, 1, &[0.5]).unwrap();
        for now in 0..9 {
            tick_one(&mut stdp, now);
        }
        let state = stdp.state(9);
        assert_eq!(state.pre.len(), traces);
        assert_eq!((*state.pre.last().unwrap(), *state.pre_ticks_ago.last().unwrap()), (1.0, 4.0));
    }
}

fn tick_one(stdp: &mut Stdp, tick: u64) {
    stdp.arrive(tick, &mut [0.0]);
    stdp.learn(tick, &[]);
    if tick == 0 {
        stdp.emit(tick, 1);
    }
}

/// Targets, delays and weights come in pieces; a list that is too long or too short is refused.
#[test]
fn lists_in_pieces_make_the_same_synapse() {
    let rule = numbers(false, true, 1, 0.0);
    let words = |offsets: &[u32]| {
        let bits = rule.iter().flat_map(|number| [number.to_bits() as u32, (number.to_bits() >> 32) as u32]);
        let mut words = vec![2, 3, 0, 0, 2 * rule.len() as u32];
        words.extend(bits);
        words.push(offsets.len() as u32);
        words.extend(offsets);
        words.push(1);
        words
    };
    let weights = [0.25f32, 0.5, 0.75];
    let bits = weights.map(f32::to_bits);
    let read = || Arriving::read(&mut Words::new(&words(&[0, 2, 3]))).unwrap();
    let mut arriving = read();
    for (list, values) in [(0, [0, 2, 1]), (1, [4, 1, 2]), (2, bits)] {
        arriving.push(list, &values[..1]).unwrap();
        arriving.push(list, &values[1..]).unwrap();
        assert!(arriving.push(list, &[0]).is_err());
    }
    let mut pieces = arriving.finish().unwrap();
    let delays = Delays::Own(&[4, 1, 2]);
    let mut whole = Stdp::sparse(Rule::new(&rule).unwrap(), &[0, 2, 3], &[0, 2, 1], delays, 3, &weights).unwrap();
    let mut random = Random(5);
    for now in 0..200 {
        let (sources, fired) = (random.some(2, 0.3), random.some(3, 0.3));
        let sums = [&mut pieces, &mut whole].map(|stdp| {
            let mut sums = vec![0.0; 3];
            stdp.arrive(now, &mut sums);
            stdp.learn(now, &fired);
            sources.iter().for_each(|&source| stdp.emit(now, source));
            sums
        });
        assert_eq!(sums[0], sums[1]);
    }
    assert_eq!(pieces.state(200), whole.state(200));
    assert!(read().finish().is_err());
    assert!(Arriving::read(&mut Words::new(&words(&[0, 2]))).is_err());
}
