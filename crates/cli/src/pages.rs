//! The pages of error codes, embedded from `docs/errors`.

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// The code of a page's file name.
fn code_of(file: &str) -> &str {
    file.strip_suffix(".md").unwrap_or(file)
}

/// The page of a code, in any case.
pub(crate) fn page(code: &str) -> Option<&'static str> {
    PAGES
        .iter()
        .find(|(file, _)| code_of(file).eq_ignore_ascii_case(code))
        .map(|(_, text)| *text)
}

/// All codes with the title of their page, by code.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGES.iter().map(|(file, text)| {
        let first = text.lines().next().unwrap_or_default();
        let title = first
            .split_once(": ")
            .map(|(_, title)| title)
            .unwrap_or(first);
        (code_of(file), title)
    })
}

/// The codes that look most like a text, nearest first, at most three.
pub(crate) fn nearest(text: &str) -> Vec<&'static str> {
    let wanted = text.to_ascii_uppercase();
    let mut codes: Vec<(usize, &str)> = all()
        .map(|(code, _)| (distance(&wanted, code), code))
        .collect();
    codes.sort();
    codes.into_iter().take(3).map(|(_, code)| code).collect()
}

/// How many letters have to be put in, taken out or changed.
pub(crate) fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in right.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use umbral_model::rejection::Reason;

    #[test]
    fn every_code_of_the_engine_has_a_page_that_says_what_to_do() {
        for reason in Reason::ALL {
            let page = page(reason.code()).unwrap_or_default();
            assert!(
                page.starts_with(&format!("# {}: ", reason.code())),
                "{}",
                reason.code()
            );
            for part in ["## What it means", "## Likely cause", "## What to do"] {
                assert!(page.contains(part), "{} lacks {part:?}", reason.code());
            }
        }
    }

    #[test]
    fn a_mistyped_code_finds_its_neighbours() {
        assert_eq!(nearest("u0021").first(), Some(&"U-0021"));
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
