//! What each row of a tariff folder became, and what was not imported.

mod files;
mod tables;

use super::desk::{Desk, Named};
use super::destinations::Destination;
use super::plans::Plans;
use super::profiles::Activation;
use super::rates;
use super::rows::Folder;
use super::timings::Timing;
use crate::source::Spot;
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

/// A row, or rows that belong together, and what became of them. Without lines: a whole file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explained {
    /// The file, as it was named.
    pub file: SmolStr,
    /// Its lines, as stretches from first to last, counted from 1.
    pub lines: Vec<(usize, usize)>,
    /// The id in the first column; of profiles tenant, category and subject.
    pub id: SmolStr,
    /// What it became; none where it was left out.
    pub became: Option<Became>,
    /// What was adjusted, or why it was left out.
    pub notes: Vec<String>,
}

/// Something in the catalog.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Became {
    /// `zone`, `band`, `rate`, `rules`, `profile`.
    pub kind: &'static str,
    /// Its name there; empty where it needs none.
    pub name: SmolStr,
    /// What it says, as pairs of word and value.
    pub facts: Vec<(SmolStr, String)>,
}

impl Became {
    fn new(kind: &'static str, name: impl Into<SmolStr>) -> Became {
        Became {
            kind,
            name: name.into(),
            facts: Vec::new(),
        }
    }

    fn with(mut self, word: &str, value: impl Into<String>) -> Became {
        self.facts.push((word.into(), value.into()));
        self
    }
}

impl Explained {
    /// `Rates.csv:2-3`, or the file's name.
    pub fn place(&self) -> String {
        match self.lines.is_empty() {
            true => self.file.to_string(),
            false => format!("{}:{}", self.file, self.lines_text()),
        }
    }

    /// `2-3, 7`.
    pub fn lines_text(&self) -> String {
        let stretches = self.lines.iter().map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        });
        stretches.collect::<Vec<_>>().join(", ")
    }
}

/// All that was read, and what it became.
pub(super) struct Tables<'t> {
    pub(super) folder: &'t Folder<'t>,
    pub(super) timings: &'t Named<Timing>,
    pub(super) rates: &'t Named<rates::Defined>,
    pub(super) destinations: &'t Named<Destination>,
    pub(super) plans: &'t Plans,
    pub(super) profiles: &'t [Activation],
}

/// Explains every row, table by table in the order of the lines, then the files outside of the tables.
pub(super) fn explain(
    tables: &Tables<'_>,
    files: &[(SmolStr, SmolStr)],
    desk: &Desk<'_>,
) -> Vec<Explained> {
    let mut teller = Teller::new(files, desk);
    tables::destinations(tables, &mut teller);
    tables::timings(tables, &mut teller);
    tables::rates(tables, &mut teller);
    tables::destination_rates(tables, &mut teller);
    tables::rating_plans(tables, &mut teller);
    tables::profiles(tables, &mut teller);
    teller.other_notes();
    let mut told = teller.told;
    told.sort_by_key(|(order, _)| *order);
    let mut explained: Vec<Explained> = told.into_iter().map(|(_, row)| row).collect();
    explained.extend(files::outside(files));
    explained
}

/// Gathers what is told about rows.
struct Teller<'d> {
    files: &'d [(SmolStr, SmolStr)],
    notes: &'d [(Spot, String)],
    claimed: FxHashSet<usize>,
    /// Notes by place.
    order: Vec<usize>,
    /// Where the lines of each file begin.
    starts: Vec<Vec<u32>>,
    /// By table and first byte.
    told: Vec<((usize, u32), Explained)>,
}

impl<'d> Teller<'d> {
    fn new(files: &'d [(SmolStr, SmolStr)], desk: &'d Desk<'_>) -> Teller<'d> {
        let notes = desk.placed_notes();
        let mut order: Vec<usize> = (0..notes.len()).collect();
        order.sort_by_key(|index| (notes[*index].0.file, notes[*index].0.start));
        let starts = files.iter().map(|(_, text)| {
            let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            let after = ends.map(|(at, _)| at as u32 + 1);
            core::iter::once(0).chain(after).collect()
        });
        Teller {
            files,
            notes,
            claimed: FxHashSet::default(),
            order,
            starts: starts.collect(),
            told: Vec::new(),
        }
    }

    /// Tells what the rows at these places became; they are of one file, in its order.
    fn tell(&mut self, spots: &[Spot], id: impl Into<SmolStr>, became: Option<Became>) {
        let Some(first) = spots.first() else { return };
        let mut notes: Vec<String> = Vec::new();
        for spot in spots {
            self.claim(*spot, &mut notes);
        }
        self.push(*first, spots, id.into(), became, notes);
    }

    /// Tells that a row was left out because no rating plan leads to it.
    fn tell_unused(&mut self, spots: &[Spot], id: &str) {
        let Some(first) = spots.first() else { return };
        let notes = vec!["in no rating plan, left out".to_owned()];
        self.push(*first, spots, id.into(), None, notes);
    }

    fn push(
        &mut self,
        first: Spot,
        spots: &[Spot],
        id: SmolStr,
        became: Option<Became>,
        notes: Vec<String>,
    ) {
        let mut lines: Vec<(usize, usize)> = Vec::new();
        for spot in spots {
            let line = self.line(*spot);
            match lines.last_mut() {
                Some((_, last)) if *last + 1 == line => *last = line,
                _ => lines.push((line, line)),
            }
        }
        let file = self.path(first).clone();
        let order = (files::order(&file), first.start);
        let row = Explained {
            file,
            lines,
            id,
            became,
            notes,
        };
        self.told.push((order, row));
    }

    /// Moves the notes on a row to `notes`; what was told of a row before is told again for its next part.
    fn claim(&mut self, spot: Spot, notes: &mut Vec<String>) {
        let from = self.order.partition_point(|index| {
            let at = self.notes[*index].0;
            (at.file, at.start) < (spot.file, spot.start)
        });
        for index in &self.order[from..] {
            let (at, text) = &self.notes[*index];
            if at.file != spot.file || at.start > spot.end {
                break;
            }
            self.claimed.insert(*index);
            if !notes.contains(text) {
                notes.push(text.clone());
            }
        }
    }

    /// Tells what was noted about lines that became nothing: headings, rows that come twice.
    fn other_notes(&mut self) {
        for index in 0..self.notes.len() {
            if !self.claimed.contains(&index) {
                let (spot, text) = &self.notes[index];
                self.push(
                    *spot,
                    &[*spot],
                    SmolStr::default(),
                    None,
                    vec![text.clone()],
                );
            }
        }
    }

    fn path(&self, spot: Spot) -> &'d SmolStr {
        static NONE: SmolStr = SmolStr::new_static("");
        let file = self.files.get(spot.file as usize);
        file.map_or(&NONE, |(path, _)| path)
    }

    fn line(&self, spot: Spot) -> usize {
        let starts = self.starts.get(spot.file as usize);
        starts.map_or(1, |starts| starts.partition_point(|at| *at <= spot.start))
    }
}
