//! Where refusals and notes of an import come together.

use crate::problem::{Problem, Report};
use crate::source::Spot;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

/// Something that cannot be expressed. It counts only if what it stands in is used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) spot: Spot,
    pub(super) title: String,
    pub(super) mend: String,
}

impl Fault {
    pub(super) fn new(
        code: &'static str,
        spot: Spot,
        title: impl Into<String>,
        mend: impl Into<String>,
    ) -> Fault {
        Fault {
            code,
            spot,
            title: title.into(),
            mend: mend.into(),
        }
    }
}

/// Collects what is to be told about an import.
pub(super) struct Desk<'f> {
    report: Report,
    files: &'f [(SmolStr, SmolStr)],
    told: FxHashSet<(u32, u32, String)>,
    /// Notes on places by text: the first place, and how many there are.
    placed: Named<(Spot, usize)>,
    notes: Vec<String>,
    /// All notes on places, in order.
    all: Vec<(Spot, String)>,
}

impl<'f> Desk<'f> {
    pub(super) fn new(files: &'f [(SmolStr, SmolStr)]) -> Self {
        let names = files.iter().map(|(path, _)| path.clone()).collect();
        Desk {
            report: Report::new(names),
            files,
            told: FxHashSet::default(),
            placed: Named::default(),
            notes: Vec::new(),
            all: Vec::new(),
        }
    }

    /// Refuses the folder because of `fault`; the same fault is told once.
    pub(super) fn refuse(&mut self, fault: &Fault) {
        if self
            .told
            .insert((fault.spot.file, fault.spot.start, fault.title.clone()))
        {
            self.report
                .error(fault.code, fault.spot, fault.title.clone(), "")
                .note(fault.mend.clone());
        }
    }

    /// Notes something about a place. The same about many places is one note.
    pub(super) fn note(&mut self, spot: Spot, text: &str) {
        if self.told.insert((spot.file, spot.start, text.to_owned())) {
            self.placed.get_or(text, || (spot, 0)).1 += 1;
            self.all.push((spot, text.to_owned()));
        }
    }

    /// Notes something about the folder.
    pub(super) fn note_folder(&mut self, text: String) {
        self.notes.push(text);
    }

    /// `Rates.csv:12`.
    pub(super) fn place(&self, spot: Spot) -> String {
        match self.files.get(spot.file as usize) {
            Some((path, text)) => format!("{path}:{}", line_of(text, spot)),
            None => String::new(),
        }
    }

    /// All notes on places so far, in order.
    pub(super) fn placed_notes(&self) -> &[(Spot, String)] {
        &self.all
    }

    /// Problems by file and place, and the notes.
    pub(super) fn finish(mut self) -> (Vec<Problem>, Vec<String>) {
        let placed = core::mem::take(&mut self.placed);
        for (text, (spot, count)) in placed.iter() {
            let place = self.place(*spot);
            self.notes.push(match count {
                1 => format!("{place}: {text}"),
                more => format!("{place} and {} more: {text}", more - 1),
            });
        }
        (self.report.finish(), self.notes)
    }
}

fn line_of(text: &str, spot: Spot) -> usize {
    let start = (spot.start as usize).min(text.len());
    text.as_bytes()[..start]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

/// Things by id, in order of first appearance.
#[derive(Clone, Debug)]
pub(super) struct Named<T> {
    items: Vec<(SmolStr, T)>,
    index: FxHashMap<SmolStr, usize>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Named {
            items: Vec::new(),
            index: FxHashMap::default(),
        }
    }
}

impl<T> Named<T> {
    pub(super) fn get(&self, id: &str) -> Option<&T> {
        self.index.get(id).map(|index| &self.items[*index].1)
    }

    pub(super) fn get_or(&mut self, id: &str, new: impl FnOnce() -> T) -> &mut T {
        let index = *self.index.entry(id.into()).or_insert_with(|| {
            self.items.push((id.into(), new()));
            self.items.len() - 1
        });
        &mut self.items[index].1
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&SmolStr, &T)> {
        self.items.iter().map(|(id, item)| (id, item))
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|(id, _)| id.as_str())
    }
}
