//! Inputs from a seed: examples changed a little or a lot, examples joined, and plain noise. Every input follows
//! from its number alone, so that one can be made again without those before it.

use std::collections::BTreeSet;

/// A stream of numbers that a seed fixes (SplitMix64).
#[derive(Clone, Debug)]
struct Lots(u64);

impl Lots {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Words that parsers stumble over, beside those of the examples.
const WORDS: [&str; 44] = [
    "-1",
    "0",
    "-0",
    "00",
    "1e400",
    "0x10",
    "NaN",
    "null",
    "true",
    "\"\"",
    "''",
    "\0",
    "\r\n",
    "\n\n",
    ",,,",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "170141183460469231731687303715884105728",
    "0.0000001",
    "0.000000000000000000001",
    "999999999999999999999999999999",
    "4294967296",
    "65536",
    "1e-400",
    "\\ud800",
    "\u{feff}",
    "\u{202e}",
    "é",
    "\u{10ffff}",
    "1677-09-21T00:12:43Z",
    "2262-04-11T23:47:16.854775807Z",
    "2026-02-30T25:61:61Z",
    "2026-03-29T02:30:00+01:00",
    "0000-00-00",
    "9999-12-31",
    "%",
    "100.01%",
    "*",
    "#",
    "=",
    "[[",
];

/// Makes inputs.
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
    max_bytes: usize,
    seed: u64,
}

impl Mutator {
    /// From examples; the words of the examples are used too.
    pub fn new(seeds: Vec<Vec<u8>>, max_bytes: usize, seed: u64) -> Mutator {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:+".contains(byte);
        let mut words: BTreeSet<Vec<u8>> =
            WORDS.iter().map(|word| word.as_bytes().to_vec()).collect();
        for example in &seeds {
            let found = example
                .split(|byte| !is_word(byte))
                .filter(|word| !word.is_empty());
            words.extend(found.map(<[u8]>::to_vec));
        }
        Mutator {
            seeds,
            words: words.into_iter().collect(),
            max_bytes,
            seed,
        }
    }

    /// The input of this number. The first ones are the examples as they are.
    pub fn make(&self, number: u64, input: &mut Vec<u8>) {
        input.clear();
        if let Some(example) = self.seeds.get(number as usize) {
            input.extend_from_slice(example);
            return;
        }
        let mut lots = Lots(self.seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        match lots.below(20) {
            0 => noise(input, self.max_bytes, &mut lots, |byte| byte),
            1 => noise(input, self.max_bytes, &mut lots, |byte| b' ' + byte % 95),
            _ => self.change(input, &mut lots),
        }
        input.truncate(self.max_bytes);
    }

    fn change(&self, input: &mut Vec<u8>, lots: &mut Lots) {
        let example = self.example(lots);
        input.extend_from_slice(example);
        // Mostly a few changes, so that something is still understood; sometimes many.
        let changes = match lots.below(8) {
            0 => 1 + lots.below(64),
            _ => 1 + lots.below(4),
        };
        for _ in 0..changes {
            self.change_once(input, lots);
        }
    }

    fn example(&self, lots: &mut Lots) -> &[u8] {
        match self.seeds.is_empty() {
            true => &[],
            false => &self.seeds[lots.below(self.seeds.len())],
        }
    }

    fn change_once(&self, input: &mut Vec<u8>, lots: &mut Lots) {
        let at = lots.below(input.len() + 1);
        let some = 1 + lots.below(16);
        let end = input.len().min(at + some);
        match lots.below(12) {
            0 if at < input.len() => input[at] ^= 1 << lots.below(8),
            1 if at < input.len() => input[at] = lots.next() as u8,
            2 => drop(input.drain(at..end)),
            3 => drop(input.splice(
                at..at,
                (0..some).map(|_| lots.next() as u8).collect::<Vec<_>>(),
            )),
            4 => self.put_word(input, at, at, lots),
            5 | 6 => {
                let (from, to) = word_at(input, at);
                self.put_word(input, from, to, lots);
            }
            7 => {
                let end = input.len().min(at + lots.below(400));
                let part = input[at..end].to_vec();
                let times = 1 + lots.below(3);
                drop(input.splice(at..at, part.repeat(times)));
            }
            8 => input.truncate(at),
            9 => {
                let other = self.example(lots).to_vec();
                let from = lots.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            10 => {
                let byte = [b'[', b'{', b'0', b'9', b'a', 0, 0xff, b'"'][lots.below(8)];
                let run = match lots.below(4) {
                    0 => lots.below(5_000),
                    _ => lots.below(40),
                };
                drop(input.splice(at..at, std::iter::repeat_n(byte, run)));
            }
            _ => move_line(input, lots),
        }
        input.truncate(self.max_bytes);
    }

    fn put_word(&self, input: &mut Vec<u8>, from: usize, to: usize, lots: &mut Lots) {
        let word = &self.words[lots.below(self.words.len())];
        drop(input.splice(from..to, word.iter().copied()));
    }
}

fn noise(input: &mut Vec<u8>, max: usize, lots: &mut Lots, shape: impl Fn(u8) -> u8) {
    let length = match lots.below(24) {
        0 => lots.below(max),
        _ => lots.below(200.min(max)),
    };
    input.extend((0..length).map(|_| shape(lots.next() as u8)));
}

/// The word around a place: letters and digits with what holds numbers and instants together.
fn word_at(input: &[u8], at: usize) -> (usize, usize) {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:+".contains(byte);
    let from = input[..at]
        .iter()
        .rposition(|byte| !is_word(byte))
        .map_or(0, |place| place + 1);
    let to = input[at..]
        .iter()
        .position(|byte| !is_word(byte))
        .map_or(input.len(), |place| at + place);
    (from, to)
}

/// Puts one line at another place, or a second time.
fn move_line(input: &mut Vec<u8>, lots: &mut Lots) {
    let mut lines: Vec<Vec<u8>> = input
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    if lines.is_empty() {
        return;
    }
    let from = lots.below(lines.len());
    let line = match lots.below(2) {
        0 => lines.remove(from),
        _ => lines[from].clone(),
    };
    let to = lots.below(lines.len() + 1);
    lines.insert(to, line);
    *input = lines.concat();
}
