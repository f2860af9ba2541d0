//! A live network and one run of it, from the file that bench/live/flat.ts writes: what RawLive of crates/wasm is told, call by call.
//!
//! Little-endian 32-bit words. First the two words of `LLIFLIVE`; then calls, each a number and its arguments. An array is its
//! length and its words; numbers of 64 bits have their low word first.
//!
//! | number | call | arguments |
//! |---|---|---|
//! | 0 | inputs | their number |
//! | 1 | population | message (array) |
//! | 2 | group of connections | message (array) |
//! | 3 | targets | group, its next targets (array) |
//! | 4 | weights | group, its next weights (array) |
//! | 5 | synapse that learns | message (array) |
//! | 6 | complete | longest delay of each node (array) |
//! | 7 | background | node, variable, mean, e^−mean and weight (f64), neurons (array), states (array) |
//! | 8 | run | ticks, neurons of the input (array), starts of its ticks (array) |
//! | 9 | a list of a synapse that learns | its number, which list, the next words (array) |

use crate::digest::Digest;
use llif_core::lanes::Native;
use llif_core::live::{Background, Live};
use llif_core::words::Words;
use std::time::Instant;

/// Node 0 is the input; the population whose spikes are told.
const CELLS: usize = 1;

struct Outside {
    node: usize,
    into: usize,
    /// Mean, e^−mean, weight.
    numbers: [f64; 3],
    neurons: Vec<u32>,
    states: Vec<u64>,
}

#[derive(Default)]
struct Job {
    live: Option<Live>,
    background: Option<Outside>,
    ticks: usize,
    neurons: Vec<u32>,
    starts: Vec<u32>,
}

/// Runs the file's network `times` times from its first tick on. Returns the nanoseconds of the runs alone, the digest of the ticks
/// and neurons of the population's spikes, and their number.
pub fn run(bytes: &[u8], times: u64) -> Result<(u128, String, usize), String> {
    let mut job = read(bytes)?;
    let mut live = job.live.take().ok_or("expected a network")?;
    let (mut nanoseconds, mut digest, mut spikes) = (0, Digest::new(), 0);
    for _ in 0..times {
        let clock = Clock::start();
        live.reset();
        if let Some(Outside { node, into, numbers: [mean, zero, weight], neurons, states }) = &job.background {
            let background = Background::new(*into, *mean, *zero, *weight as f32, neurons.clone(), states.clone());
            live.background(*node, background)?;
        }
        live.run::<Native>(&job.neurons, &job.starts, &[], job.ticks)?;
        nanoseconds += clock.nanoseconds();
        let record = &live.records()[CELLS];
        digest = Digest::new();
        digest.words(&record.ticks);
        digest.words(&record.neurons);
        spikes = record.neurons.len();
    }
    Ok((nanoseconds, digest.hex(), spikes))
}

fn read(bytes: &[u8]) -> Result<Job, String> {
    if !bytes.starts_with(b"LLIFLIVE") || bytes.len() % 4 != 0 {
        return Err("expected a file that begins with LLIFLIVE".into());
    }
    let all: Vec<u32> =
        bytes[8..].chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect();
    let mut words = Words::new(&all);
    let mut job = Job::default();
    while !words.is_empty() {
        let call = words.word()?;
        if call == 0 {
            job.live = Some(Live::new(words.size()?));
            continue;
        }
        let live = job.live.as_mut().ok_or("expected the inputs first")?;
        match call {
            1 => live.population(words.array()?)?,
            2 => {
                live.group(words.array()?)?;
            }
            3 => live.targets(words.size()?, words.array()?)?,
            4 => live.weights(words.size()?, words.array()?)?,
            5 => {
                live.plastic(words.array()?)?;
            }
            6 => live.complete(words.array()?)?,
            7 => {
                let [node, into] = words.sizes()?;
                let mut number = || Ok::<f64, String>(f64::from_bits(long(words.word()?, words.word()?)));
                let numbers = [number()?, number()?, number()?];
                let neurons = words.array()?.to_vec();
                let states = words.array()?.chunks_exact(2).map(|pair| long(pair[1], pair[0])).collect();
                job.background = Some(Outside { node, into, numbers, neurons, states });
            }
            8 => {
                job.ticks = words.size()?;
                job.neurons = words.array()?.to_vec();
                job.starts = words.array()?.to_vec();
            }
            9 => live.plastic_list(words.size()?, words.size()?, words.array()?)?,
            other => return Err(format!("no call has the number {other}")),
        }
    }
    Ok(job)
}

fn long(low: u32, high: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// Time on a processor where the system tells it (Linux), else the time of day.
struct Clock {
    start: Instant,
    spent: Option<u128>,
}

impl Clock {
    fn start() -> Clock {
        Clock { spent: Clock::spent(), start: Instant::now() }
    }

    fn nanoseconds(&self) -> u128 {
        match (self.spent, Clock::spent()) {
            (Some(before), Some(after)) => after - before,
            _ => self.start.elapsed().as_nanos(),
        }
    }

    fn spent() -> Option<u128> {
        std::fs::read_to_string("/proc/self/schedstat").ok()?.split_whitespace().next()?.parse().ok()
    }
}
