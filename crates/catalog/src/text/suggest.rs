//! Names that were nearly right.

/// `did you mean NAME?` for the known name that is nearest, if one is near enough.
pub fn did_you_mean<'n>(written: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let allowed = (written.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| {
            (
                distance(&written.to_lowercase(), &name.to_lowercase()),
                name,
            )
        })
        .filter(|(steps, _)| *steps <= allowed)
        .min()
        .map(|(_, name)| format!("did you mean {name}?"))
}

/// Letters to insert, drop, change or swap with their neighbour.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for i in 1..=left.len() {
        let mut next = vec![i; right.len() + 1];
        for j in 1..=right.len() {
            let change = row[j - 1] + usize::from(left[i - 1] != right[j - 1]);
            next[j] = change.min(row[j] + 1).min(next[j - 1] + 1);
            let swapped =
                i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if swapped {
                next[j] = next[j].min(before[j - 2] + 1);
            }
        }
        before = core::mem::replace(&mut row, next);
    }
    row[right.len()]
}
