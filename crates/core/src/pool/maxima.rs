//! Maxima of windows, 64 channels at a time: the OR of the members (rate), or their largest digits (phase).

use super::{Pooling, Reach};
use crate::spikes::Spikes;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Rule {
    /// The OR of the members; bit by bit where the spikes are binary counts.
    Any,
    /// Bit by bit: members that show 0 where another alive shows 1 drop out.
    Bits,
    /// The same with digits −1 < 0 < +1 (T12). `multiple`: a member may spike more than once in a tick, and its digit is the sign
    /// of the sum.
    Digits { multiple: bool },
}

impl Rule {
    /// Whether the source's spikes may come as bits.
    pub fn takes_bits(self) -> bool {
        self != Rule::Digits { multiple: true }
    }
}

pub struct Maxima {
    reach: Reach,
    rule: Rule,
    /// Of the source, [height][planes][width][words].
    members: Vec<u64>,
    row: Row,
    /// Sums of one row of the source in one tick; zeros between.
    sums: Vec<i32>,
}

#[derive(Default)]
struct Row {
    /// Of one row of outputs, [planes][width][words].
    bits: Vec<u64>,
    /// For one word of one output: its members, and the bits of each that are still alive.
    places: Vec<usize>,
    alive: Vec<u64>,
}

impl Maxima {
    pub fn new(reach: &Reach, rule: Rule) -> Maxima {
        Maxima { reach: reach.clone(), rule, members: Vec::new(), row: Row::default(), sums: Vec::new() }
    }

    /// Bits of every spike of the source.
    #[inline(never)]
    fn gather(&mut self, source: &Spikes) {
        let (from, words, members) = (self.reach.from, self.reach.words(), &mut self.members);
        members.clear();
        members.resize(from.positions() * source.planes * words, 0);
        for cell in 0..from.positions() * source.planes {
            let origin = (cell % from.width * from.channels) as u32;
            for &entry in &source.entries[source.starts[cell] as usize..source.starts[cell + 1] as usize] {
                let channel = (entry - origin) as usize;
                members[cell * words + channel / 64] |= 1 << (channel % 64);
            }
        }
    }

    /// Bits of the signs of what each member sends in a tick.
    #[inline(never)]
    fn gather_digits(&mut self, source: &Spikes) {
        let (from, words, planes) = (self.reach.from, self.reach.words(), source.planes);
        let (width, channels) = (from.width, from.channels);
        self.members.clear();
        self.members.resize(from.positions() * planes * words, 0);
        self.sums.resize(width * channels, 0);
        for row in 0..from.height {
            for tick in 0..planes / 2 {
                let lists = [source.row(from, row, 2 * tick), source.row(from, row, 2 * tick + 1)];
                for (list, change) in lists.iter().zip([1, -1]) {
                    list.iter().for_each(|&entry| self.sums[entry as usize] += change);
                }
                for &entry in lists.iter().copied().flatten() {
                    let sum = std::mem::take(&mut self.sums[entry as usize]);
                    let (x, channel) = (entry as usize / channels, entry as usize % channels);
                    if sum != 0 {
                        let plane = 2 * tick + usize::from(sum < 0);
                        self.members[((row * planes + plane) * width + x) * words + channel / 64] |=
                            1 << (channel % 64);
                    }
                }
            }
        }
    }
}

impl Pooling for Maxima {
    #[inline(never)]
    fn pass(&mut self, source: &Spikes, target: &mut Spikes) {
        target.clear(source.planes);
        target.binary = source.binary;
        let as_bits = self.rule.takes_bits() && !source.bits.is_empty();
        match self.rule {
            _ if as_bits => {}
            Rule::Digits { multiple: true } => self.gather_digits(source),
            _ => self.gather(source),
        }
        let Maxima { reach, rule, members, row, .. } = self;
        let words = reach.words();
        let members = if as_bits { &source.bits } else { &*members };
        row.bits.clear();
        row.bits.resize(source.planes * reach.to.width * words, 0);
        for y in 0..reach.to.height {
            row.fill(reach, if source.binary { Rule::Bits } else { *rule }, y, source.planes, members);
            target.append_bits(reach.to, 1, &row.bits, words);
        }
        target.finish();
    }
}

impl Row {
    /// One row of outputs.
    #[inline(never)]
    fn fill(&mut self, reach: &Reach, rule: Rule, y: usize, planes: usize, members: &[u64]) {
        let Row { bits, places, alive } = self;
        let (width, words, sweep) = (reach.from.width, reach.words(), &reach.sweep);
        for x in 0..reach.to.width {
            places.clear();
            for ky in 0..sweep.kernel[0] {
                let Some(row) = sweep.input(0, y, ky, reach.from.height) else { continue };
                places.extend(
                    (0..sweep.kernel[1])
                        .filter_map(|kx| sweep.input(1, x, kx, width))
                        .map(|column| (row * planes * width + column) * words),
                );
            }
            for word in 0..words {
                alive.clear();
                alive.resize(places.len(), u64::MAX);
                if let Rule::Digits { .. } = rule {
                    // Ones for the channels of the word.
                    let channels = u64::MAX >> (64 - (reach.to.channels - word * 64).min(64));
                    for tick in 0..planes / 2 {
                        let from = [2 * tick, 2 * tick + 1].map(|plane| plane * width * words + word);
                        let (plus, minus) = digit(members, places, alive, from);
                        bits[(2 * tick * reach.to.width + x) * words + word] = plus;
                        bits[((2 * tick + 1) * reach.to.width + x) * words + word] = minus & channels;
                    }
                    continue;
                }
                for plane in 0..planes {
                    let at = plane * width * words + word;
                    let any =
                        places.iter().zip(&*alive).fold(0, |any, (place, alive)| any | (members[place + at] & alive));
                    bits[(plane * reach.to.width + x) * words + word] = any;
                    if rule == Rule::Bits {
                        for (place, alive) in places.iter().zip(&mut *alive) {
                            *alive &= members[place + at] | !any;
                        }
                    }
                }
            }
        }
    }
}

/// The largest digit of the members still alive: where it is +1, and where −1. `from`: their planes.
#[inline(always)]
fn digit(members: &[u64], places: &[usize], alive: &mut [u64], from: [usize; 2]) -> (u64, u64) {
    let read = |place: usize| (members[place + from[0]], members[place + from[1]]);
    let (mut plus, mut zero) = (0, if places.is_empty() { u64::MAX } else { 0 });
    for (&place, &alive) in places.iter().zip(&*alive) {
        let (up, down) = read(place);
        plus |= up & alive;
        zero |= alive & !up & !down;
    }
    let minus = !plus & !zero;
    for (&place, alive) in places.iter().zip(alive) {
        let (up, down) = read(place);
        *alive &= (up & plus) | (!up & !down & !plus & zero) | (down & minus);
    }
    (plus, minus)
}
