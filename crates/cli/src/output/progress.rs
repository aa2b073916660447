//! Progress bars on a terminal; silence elsewhere.

use super::Out;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// A bar over a known number of bytes or records, or a counting line where the total is not known.
pub(crate) fn bar(out: &Out, total: Option<u64>, unit: &str) -> ProgressBar {
    let visible = out.is_chatty() && std::io::stderr().is_terminal();
    let bar = match total {
        Some(total) => ProgressBar::new(total),
        None => ProgressBar::new_spinner(),
    };
    if !visible {
        bar.set_draw_target(ProgressDrawTarget::hidden());
        return bar;
    }
    let template = match (total, unit) {
        (Some(_), "bytes") => {
            "{prefix} {bar:30} {percent:>3} %  {bytes:>11} of {total_bytes}  {msg}"
        }
        (Some(_), _) => "{prefix} {bar:30} {percent:>3} %  {human_pos:>11} of {human_len}  {msg}",
        (None, _) => "{prefix} {spinner} {human_pos:>11}  {msg}",
    };
    // A template is fixed text; a broken one would only cost the bar its looks.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸ "));
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// Time between two lines of progress where there is no terminal.
const BEAT: Duration = Duration::from_secs(5);

/// Progress of records with events a second: a bar on a terminal, a line now and then elsewhere.
pub(crate) struct Heartbeat {
    bar: ProgressBar,
    plain: bool,
    total: u64,
    started: Instant,
    last: Instant,
}

impl Heartbeat {
    /// Starts at nothing of about `total` records.
    pub(crate) fn new(out: &Out, total: u64, prefix: &str) -> Heartbeat {
        let bar = bar(out, Some(total), "records");
        bar.set_prefix(prefix.to_owned());
        let now = Instant::now();
        let plain = out.is_chatty() && !std::io::stderr().is_terminal();
        Heartbeat {
            bar,
            plain,
            total,
            started: now,
            last: now,
        }
    }

    /// Shows how far it is.
    pub(crate) fn beat(&mut self, records: u64, events: u64) {
        self.bar.set_length(self.total.max(records));
        self.bar.set_position(records);
        if self.last.elapsed() < if self.plain { BEAT } else { BEAT / 20 } {
            return;
        }
        self.last = Instant::now();
        let rate = format!("{} events/s", per_second(events, self.started.elapsed()));
        if self.plain {
            let percent = 100 * records / self.total.max(1);
            super::complain(&format!(
                "{} records, {percent} %, {rate}",
                grouped(records)
            ));
        }
        self.bar.set_message(rate);
    }

    /// Clears the bar.
    pub(crate) fn end(self) {
        self.bar.finish_and_clear();
    }
}

/// `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many a second, grouped; `-` where no time passed.
pub(crate) fn per_second(count: u64, elapsed: Duration) -> String {
    match u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX) {
        0 => "-".to_owned(),
        millis => grouped(count.saturating_mul(1000) / millis),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
