//! llif-native [FILE]: reads a network and samples (flat.rs), then executes commands from standard input, one line each, and
//! answers each with one line.
//!
//! | line | answer |
//! |---|---|
//! | `run N` | nanoseconds that N simulations of every sample took together |
//! | `outcome` | digest of counts and charges, spikes, synaptic operations, over all samples |
//! | `learn N FILE` | nanoseconds that learning the file's images took, N times together, and the digest of what was learnt |
//! | `live N FILE` | nanoseconds that N runs of the file's live network took together, and digest and number of its spikes |
//! | `add i16 or f32, BYTES, PASSES` | nanoseconds to add a buffer up, and its first sum (ceiling.rs) |

mod ceiling;
mod digest;
mod flat;
mod learning;
mod live;

use std::io::{BufRead, Write};
use std::time::Instant;

fn main() {
    if let Err(message) = serve() {
        eprintln!("llif-native: {message}");
        std::process::exit(1);
    }
}

fn serve() -> Result<(), String> {
    let mut job = match std::env::args().nth(1) {
        Some(file) => Some(
            flat::read(&std::fs::read(&file).map_err(|error| format!("{file}: {error}"))?)
                .map_err(|error| format!("{file}: {error}"))?,
        ),
        None => None,
    };
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let answer = answer(&mut job, &line)?;
        writeln!(out, "{answer}").and_then(|()| out.flush()).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn answer(job: &mut Option<flat::Job>, line: &str) -> Result<String, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("expected a number, got {text:?}"));
    match (line.split_whitespace().collect::<Vec<_>>().as_slice(), job) {
        (["run", times], Some(job)) => run(job, number(times)?),
        (["outcome"], Some(job)) => outcome(job),
        (["learn", times, file @ ..], _) => {
            let (nanoseconds, digest) = learning::run(&contents(file)?, number(times)?)?;
            Ok(format!("{nanoseconds} {digest}"))
        }
        (["live", times, file @ ..], _) => {
            let (nanoseconds, digest, spikes) = live::run(&contents(file)?, number(times)?)?;
            Ok(format!("{nanoseconds} {digest} {spikes}"))
        }
        (["add", kind, bytes, passes], _) => {
            let (nanoseconds, sum) = ceiling::measure(kind, number(bytes)? as usize, number(passes)?)?;
            Ok(format!("{nanoseconds} {sum}"))
        }
        _ => Err(format!("expected run, outcome, learn, live or add, got {line:?}")),
    }
}

fn contents(words: &[&str]) -> Result<Vec<u8>, String> {
    let file = words.join(" ");
    std::fs::read(&file).map_err(|error| format!("{file}: {error}"))
}

fn run(job: &mut flat::Job, times: u64) -> Result<String, String> {
    let start = Instant::now();
    for _ in 0..times {
        for sample in 0..job.samples.len() {
            job.reset();
            job.run(sample)?;
        }
    }
    Ok(start.elapsed().as_nanos().to_string())
}

fn outcome(job: &mut flat::Job) -> Result<String, String> {
    let (mut digest, mut spikes, mut operations) = (digest::Digest::new(), 0, 0);
    for sample in 0..job.samples.len() {
        job.reset();
        job.run(sample)?;
        job.populations.iter().for_each(|&node| digest.words(&job.simulator.records()[node].counts));
        job.outputs.iter().for_each(|&node| digest.words(&job.simulator.records()[node].charges));
        spikes += job.simulator.totals().spikes;
        operations += job.simulator.totals().cost.operations;
    }
    Ok(format!("{} {spikes} {operations}", digest.hex()))
}
