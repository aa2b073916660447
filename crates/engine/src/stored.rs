//! Rows as bytes, for snapshots. What is derived from the rest of a row and from the world is not written, except
//! the instants that cost a calendar to find. The layout follows the types: whoever changes a type of the state
//! counts `STATE_LAYOUT` up, and rows of an older layout are not read but folded from the journal again.

use crate::account::{Cache, Row};
use crate::dedup::Dedup;
use serde::{Deserialize, Serialize};
use umbral_model::time::{Date, Timestamp};

/// Version of the layout of rows; one more whenever a type of the state changes.
pub const STATE_LAYOUT: u32 = 4;

/// Days around 1970 beyond which no cycle lies: some 8,000 years.
const FURTHEST_DAY: u32 = 3_000_000;

/// How much is written at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Portion {
    /// Rows at most.
    pub rows: usize,
    /// Bytes after which no further row is begun.
    pub bytes: usize,
}

/// Bytes that are no rows, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadRows(pub &'static str);

impl std::fmt::Display for BadRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadRows {}

/// Instants that are kept beside a row.
#[derive(Serialize, Deserialize)]
struct Instants {
    cycle_from: Timestamp,
    cycle_to: Timestamp,
    evaluated_at: Timestamp,
}

/// Appends a row and its keys.
pub(crate) fn write(row: &Row, dedup: &Dedup, out: &mut Vec<u8>) {
    let instants = Instants {
        cycle_from: row.cache.cycle_from,
        cycle_to: row.cache.cycle_to,
        evaluated_at: row.cache.evaluated_at,
    };
    let (groups, words) = dedup.parts();
    let head = (row, instants, groups, words.len() as u32);
    let written = postcard::to_extend(&head, std::mem::take(out));
    debug_assert!(written.is_ok(), "memory takes everything");
    // Without the row its reader finds other bytes than it expects, and the snapshot is not used.
    *out = written.unwrap_or_default();
    out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

/// Takes a row and its keys from the beginning of `bytes`.
pub(crate) fn read(bytes: &mut &[u8]) -> Result<(Row, Dedup), BadRows> {
    type Head = (Row, Instants, u32, u32);
    let (head, rest) = postcard::take_from_bytes::<Head>(bytes)
        .map_err(|_| BadRows("a row is not written as this version writes it"))?;
    let (mut row, instants, groups, count) = head;
    let keys = BadRows("the keys of a row are not whole");
    let (words, rest) = rest
        .split_at_checked(count as usize * size_of::<u64>())
        .ok_or(keys)?;
    let (words, _) = words.as_chunks();
    let words = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
    let dedup = Dedup::from_parts(groups, words).ok_or(keys)?;
    if !is_sound(&row) {
        return Err(BadRows("the days of a row cannot be"));
    }
    row.cache = Cache {
        cycle_from: instants.cycle_from,
        cycle_to: instants.cycle_to,
        evaluated_at: instants.evaluated_at,
        ..Cache::EMPTY
    };
    *bytes = rest;
    Ok((row, dedup))
}

/// Whether the calendar can be asked for the row's cycles.
fn is_sound(row: &Row) -> bool {
    let is_near = |day: Date| day.days().unsigned_abs() <= FURTHEST_DAY;
    (1..=31).contains(&row.cycle_day) && is_near(row.cycle_start)
}
