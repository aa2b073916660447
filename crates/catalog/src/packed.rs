//! Prefixes of digits as whole numbers in one table, so that a look-up costs one line of memory for each
//! length that may occur, and most often one in all.

use umbral_model::ids::PrefixNo;

/// Longest prefix that is packed: a leading 1 keeps its zeros, and 2 x 10^17 fits.
const DIGITS: usize = 17;
/// Digits that choose the lengths worth a look.
const CHOOSING: usize = 3;
/// A packed beginning of at most `CHOOSING` digits is below this.
const BUCKETS: usize = 2_000;
const EMPTY: Cell = Cell {
    key: 0,
    number: PrefixNo(0),
    zone_set: 0,
};

/// A prefix; its key is never 0, because of the leading 1.
#[derive(Clone, Copy, Debug)]
struct Cell {
    key: u64,
    number: PrefixNo,
    zone_set: u32,
}

/// The table; it stands for the deck only if all its prefixes are of at most 17 digits.
#[derive(Clone, Debug)]
pub struct Packed {
    /// A power of two of cells, more than half as many again as there are prefixes.
    cells: Vec<Cell>,
    /// By the packed first digits of a number: the lengths of prefixes that it may begin with, as bits.
    lengths: Vec<u32>,
}

impl Packed {
    /// The table of the prefixes, in the order of their numbers, each with its zone set; none if one of them
    /// is no text of at most 17 digits.
    pub(crate) fn of<'t>(
        prefixes: impl ExactSizeIterator<Item = (&'t str, u32)>,
    ) -> Option<Packed> {
        let room = (prefixes.len() * 3 / 2 + 1).next_power_of_two();
        let mut packed = Packed {
            cells: vec![EMPTY; room],
            lengths: vec![0; BUCKETS],
        };
        for (number, (text, zone_set)) in prefixes.enumerate() {
            let digits = Digits::of(text);
            if digits.count != text.len() {
                return None;
            }
            let number = PrefixNo(number as u32);
            packed.put(Cell {
                key: digits.packed[digits.count],
                number,
                zone_set,
            });
            packed.note_length(&digits);
        }
        Some(packed)
    }

    fn put(&mut self, cell: Cell) {
        let mut at = self.home(cell.key);
        while self.cells[at].key != EMPTY.key {
            at = (at + 1) & (self.cells.len() - 1);
        }
        self.cells[at] = cell;
    }

    /// Every number that may begin with the prefix is to look for its length.
    fn note_length(&mut self, prefix: &Digits) {
        let bit = 1 << prefix.count;
        let mut first = prefix.packed[prefix.count.min(CHOOSING)] as usize;
        let mut width = 1;
        loop {
            for mask in &mut self.lengths[first..first + width] {
                *mask |= bit;
            }
            first *= 10;
            width *= 10;
            if first >= BUCKETS {
                return;
            }
        }
    }

    /// The longest prefix of at most `longest` digits that `number` begins with, and its zone set.
    pub(crate) fn within(&self, number: &str, longest: usize) -> Option<(PrefixNo, u32)> {
        let digits = Digits::of(number);
        let most = digits.count.min(longest);
        let bucket = digits.packed[digits.count.min(CHOOSING)] as usize;
        let mut lengths = self.lengths[bucket] & ((1 << (most + 1)) - 1);
        while lengths != 0 {
            let length = lengths.ilog2();
            let found = self.find(digits.packed[length as usize]);
            if found.is_some() {
                return found;
            }
            lengths ^= 1 << length;
        }
        None
    }

    fn find(&self, key: u64) -> Option<(PrefixNo, u32)> {
        let mut at = self.home(key);
        loop {
            let cell = self.cells[at];
            if cell.key == key {
                return Some((cell.number, cell.zone_set));
            }
            if cell.key == EMPTY.key {
                return None;
            }
            at = (at + 1) & (self.cells.len() - 1);
        }
    }

    fn home(&self, key: u64) -> usize {
        let spread = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (spread >> 32) as usize & (self.cells.len() - 1)
    }
}

/// The digits that a text begins with.
struct Digits {
    /// How many, at most 17.
    count: usize,
    /// By length: that many of them behind a leading 1.
    packed: [u64; DIGITS + 1],
}

impl Digits {
    fn of(text: &str) -> Digits {
        let mut digits = Digits {
            count: 0,
            packed: [1; DIGITS + 1],
        };
        for byte in text.bytes().take(DIGITS).take_while(u8::is_ascii_digit) {
            let before = digits.packed[digits.count];
            digits.count += 1;
            digits.packed[digits.count] = before * 10 + u64::from(byte - b'0');
        }
        digits
    }
}
