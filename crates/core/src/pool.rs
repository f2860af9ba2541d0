//! Pools pass spikes on, by the rule of their mode and the network's code. They count and set bits, row by row, and never sort.

use crate::spikes::{Geometry, Spikes};
use crate::sweep::Sweep;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Rule {
    /// Every member's spike.
    Sum,
    /// Emits when the largest cumulative count rises (synchronous rate).
    Rising,
    /// The OR of the members (layerwise rate).
    Any,
    /// The first spike of a window (ttfs).
    Earliest,
    /// Bit by bit: members that show 0 where another alive shows 1 drop out (phase).
    BitSerial,
    /// The same with digits −1 < 0 < +1 (signed phase, T12).
    DigitSerial,
    /// Emits what the largest cumulative count changes by, up or down (signed rate, T8).
    Largest,
}

pub struct Pool {
    pub source: usize,
    pub rule: Rule,
    pub(crate) from: Geometry,
    pub to: Geometry,
    pub(crate) sweep: Sweep,
    /// Sum: how often a member's spike is passed on, one for each output position; empty: once.
    pub(crate) multiplicity: Vec<u32>,
    /// Output columns that read each input column.
    pub(crate) columns: Vec<Vec<(usize, usize)>>,
    /// Rising and Largest: cumulative counts of the members, for each output row and kernel row, and of the outputs.
    pub(crate) shown: Vec<u32>,
    pub(crate) largest: Vec<u32>,
    /// Digit by digit: a member may spike several times in a tick, and its digit is the sign of the sum.
    several: bool,
    scratch: Scratch,
}

#[derive(Default)]
pub(crate) struct Scratch {
    /// Of the source, [height][planes][width][words].
    pub(crate) members: Vec<u64>,
    /// Of one row of outputs, [planes][width][words], and their spikes, [planes][width · channels].
    pub(crate) bits: Vec<u64>,
    pub(crate) spikes: Vec<u32>,
    alive: Vec<u64>,
    places: Vec<usize>,
    /// Sums of one row of the source in one tick; zeros between.
    pub(crate) sums: Vec<i32>,
    /// Outputs of one row whose members spike in this tick.
    pub(crate) touched: Vec<u32>,
}

impl Pool {
    pub fn new(
        source: usize,
        rule: Rule,
        from: Geometry,
        to: Geometry,
        sweep: &Sweep,
        multiplicity: Vec<u32>,
        several: bool,
    ) -> Pool {
        let columns = sweep.readers(1, from.width, to.width);
        let rising = matches!(rule, Rule::Rising | Rule::Largest);
        let shown = vec![0; if rising { to.height * sweep.kernel[0] * from.width * from.channels } else { 0 }];
        Pool {
            source,
            rule,
            from,
            to,
            sweep: *sweep,
            multiplicity,
            columns,
            shown,
            largest: vec![0; if rising { to.size() } else { 0 }],
            several,
            scratch: Scratch::default(),
        }
    }

    /// Whether the source's spikes may come as bits.
    pub fn takes_bits(&self) -> bool {
        matches!(self.rule, Rule::Any | Rule::BitSerial) || (self.rule == Rule::DigitSerial && !self.several)
    }

    pub fn reset(&mut self) {
        self.shown.fill(0);
        self.largest.fill(0);
    }

    #[inline(never)]
    pub fn pass(&mut self, source: &Spikes, target: &mut Spikes) {
        let words = self.to.channels.div_ceil(64);
        target.clear(source.planes);
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.bits.clear();
        scratch.bits.resize(source.planes * self.to.width * words, 0);
        if matches!(self.rule, Rule::Any | Rule::BitSerial | Rule::DigitSerial) {
            let as_bits = self.takes_bits() && !source.bits.is_empty();
            match self.several && self.rule == Rule::DigitSerial {
                _ if as_bits => {}
                true => self.gather_digits(source, &mut scratch, words),
                false => self.gather(source, &mut scratch.members, words),
            }
            let members = std::mem::take(&mut scratch.members);
            for y in 0..self.to.height {
                self.maxima(y, source.planes, words, if as_bits { &source.bits } else { &members }, &mut scratch);
                target.append_bits(self.to, &scratch.bits, words, |_, _| {});
            }
            scratch.members = members;
        } else {
            let row = self.to.width * self.to.channels;
            scratch.spikes.clear();
            scratch.spikes.resize(source.planes * row, 0);
            for y in 0..self.to.height {
                scratch.bits.fill(0);
                match self.rule {
                    Rule::Largest => self.largest_counts(y, source, words, &mut scratch),
                    _ => self.count(y, source, words, &mut scratch),
                }
                let spikes = &mut scratch.spikes;
                target.append_row(self.to, &scratch.bits, words, |plane, x, channel| {
                    std::mem::take(&mut spikes[plane * row + x * self.to.channels + channel])
                });
            }
        }
        target.finish();
        self.scratch = scratch;
    }

    /// Bits of every spike of the source.
    #[inline(never)]
    fn gather(&self, source: &Spikes, members: &mut Vec<u64>, words: usize) {
        members.clear();
        members.resize(self.from.positions() * source.planes * words, 0);
        for cell in 0..self.from.positions() * source.planes {
            let origin = (cell % self.from.width * self.from.channels) as u32;
            for &entry in &source.entries[source.starts[cell] as usize..source.starts[cell + 1] as usize] {
                let channel = (entry - origin) as usize;
                members[cell * words + channel / 64] |= 1 << (channel % 64);
            }
        }
    }

    /// One row of outputs, 64 channels at a time.
    #[inline(never)]
    fn maxima(
        &self,
        y: usize,
        planes: usize,
        words: usize,
        members: &[u64],
        Scratch { bits, alive, places, .. }: &mut Scratch,
    ) {
        let width = self.from.width;
        for x in 0..self.to.width {
            places.clear();
            for ky in 0..self.sweep.kernel[0] {
                let Some(row) = self.sweep.input(0, y, ky, self.from.height) else { continue };
                places.extend(
                    (0..self.sweep.kernel[1])
                        .filter_map(|kx| self.sweep.input(1, x, kx, width))
                        .map(|column| (row * planes * width + column) * words),
                );
            }
            for word in 0..words {
                alive.clear();
                alive.resize(places.len(), u64::MAX);
                if self.rule == Rule::DigitSerial {
                    self.digits(x, word, words, planes, members, bits, alive, places);
                    continue;
                }
                for plane in 0..planes {
                    let at = plane * width * words + word;
                    let any =
                        places.iter().zip(&*alive).fold(0, |any, (place, alive)| any | (members[place + at] & alive));
                    bits[(plane * self.to.width + x) * words + word] = any;
                    if self.rule == Rule::BitSerial {
                        for (place, alive) in places.iter().zip(&mut *alive) {
                            *alive &= members[place + at] | !any;
                        }
                    }
                }
            }
        }
    }

    /// Plane by pairs: the largest digit of the members still alive.
    #[allow(clippy::too_many_arguments)]
    fn digits(
        &self,
        x: usize,
        word: usize,
        words: usize,
        planes: usize,
        members: &[u64],
        bits: &mut [u64],
        alive: &mut [u64],
        places: &[usize],
    ) {
        for tick in 0..planes / 2 {
            let read = |place: usize, plane: usize| members[place + plane * self.from.width * words + word];
            let (mut plus, mut zero) = (0, if places.is_empty() { u64::MAX } else { 0 });
            for (&place, &alive) in places.iter().zip(&*alive) {
                let (up, down) = (read(place, 2 * tick), read(place, 2 * tick + 1));
                plus |= up & alive;
                zero |= alive & !up & !down;
            }
            let minus = !plus & !zero;
            for (&place, alive) in places.iter().zip(&mut *alive) {
                let (up, down) = (read(place, 2 * tick), read(place, 2 * tick + 1));
                *alive &= (up & plus) | (!up & !down & !plus & zero) | (down & minus);
            }
            bits[(2 * tick * self.to.width + x) * words + word] = plus;
            bits[((2 * tick + 1) * self.to.width + x) * words + word] = minus & self.channels_of(word);
        }
    }

    /// Ones for the channels of a word.
    fn channels_of(&self, word: usize) -> u64 {
        u64::MAX >> (64 - (self.to.channels - word * 64).min(64))
    }

    /// One row of outputs, event by event.
    #[inline(never)]
    fn count(&mut self, y: usize, source: &Spikes, words: usize, Scratch { bits, spikes, .. }: &mut Scratch) {
        let (from, to) = (self.from, self.to);
        let row_size = to.width * to.channels;
        for plane in 0..source.planes {
            for ky in 0..self.sweep.kernel[0] {
                let Some(row) = self.sweep.input(0, y, ky, from.height) else { continue };
                let cells = (row * source.planes + plane) * from.width;
                let shown = (y * self.sweep.kernel[0] + ky) * from.width * from.channels;
                for (x, readers) in self.columns.iter().enumerate() {
                    let slice = source.starts[cells + x] as usize..source.starts[cells + x + 1] as usize;
                    for &entry in &source.entries[slice] {
                        let channel = entry as usize - x * from.channels;
                        if self.rule == Rule::Rising {
                            self.shown[shown + entry as usize] += 1;
                        }
                        for &(_, column) in readers {
                            let output = column * to.channels + channel;
                            if self.rule == Rule::Rising {
                                let largest = &mut self.largest[y * row_size + output];
                                if self.shown[shown + entry as usize] <= *largest {
                                    continue;
                                }
                                *largest += 1;
                            }
                            let times = self.multiplicity.get(y * to.width + column).copied().unwrap_or(1);
                            if times == 0 {
                                continue;
                            }
                            spikes[plane * row_size + output] += times;
                            bits[(plane * to.width + column) * words + channel / 64] |= 1 << (channel % 64);
                        }
                    }
                }
            }
        }
    }
}
