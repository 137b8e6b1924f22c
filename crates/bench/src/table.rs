//! The table of results: Markdown, aligned to be read as it is.

use crate::stats::{Latency, Round};
use std::fmt;
use std::time::Duration;

/// The table. An empty cell means that it was not measured or makes no sense.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
    notes: Vec<String>,
}

/// One line of results.
#[derive(Default)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) per_second: Option<f64>,
    pub(crate) p50: Option<Duration>,
    pub(crate) p99: Option<Duration>,
    pub(crate) p999: Option<Duration>,
    pub(crate) max: Option<Duration>,
    pub(crate) cpu_us: Option<f64>,
    pub(crate) to_echo: Option<f64>,
}

impl Row {
    pub(crate) fn of(what: impl Into<String>, round: &Round) -> Self {
        Self {
            per_second: Some(round.per_second),
            cpu_us: Some(round.cpu_us),
            ..Self::of_latency(what, round.latency)
        }
    }

    pub(crate) fn of_latency(what: impl Into<String>, latency: Latency) -> Self {
        Self {
            what: what.into(),
            p50: Some(latency.p50),
            p99: Some(latency.p99),
            p999: Some(latency.p999),
            max: Some(latency.max),
            ..Self::default()
        }
    }

    fn cells(&self) -> [String; COLUMNS.len()] {
        let ms = |time: Option<Duration>| number(time.map(|time| time.as_secs_f64() * 1e3), 3);
        [
            self.what.clone(),
            number(self.per_second, 0),
            ms(self.p50),
            ms(self.p99),
            ms(self.p999),
            ms(self.max),
            number(self.cpu_us, 1),
            number(self.to_echo, 2),
        ]
    }
}

impl Table {
    pub(crate) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Adds a line below the table.
    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = COLUMNS.map(str::to_owned);
        let rows: Vec<_> = self.rows.iter().map(Row::cells).collect();
        let mut widths = COLUMNS.map(|name| name.chars().count());
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        line(f, &head, &widths)?;
        for (column, width) in widths.iter().enumerate() {
            // The colon is how Markdown aligns to the right.
            let (dashes, end) = if column == 0 { (width + 2, "") } else { (width + 1, ":") };
            write!(f, "|{:-<dashes$}{end}", "")?;
        }
        writeln!(f, "|")?;
        rows.iter().try_for_each(|row| line(f, row, &widths))?;
        self.notes.iter().try_for_each(|note| writeln!(f, "\n{note}"))
    }
}

fn line(
    f: &mut fmt::Formatter<'_>,
    cells: &[String; COLUMNS.len()],
    widths: &[usize; COLUMNS.len()],
) -> fmt::Result {
    for (column, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        if column == 0 {
            write!(f, "| {cell:<width$} ")?;
        } else {
            write!(f, "| {cell:>width$} ")?;
        }
    }
    writeln!(f, "|")
}

/// A count with its thousands set apart.
pub(crate) fn count_text(count: usize) -> String {
    grouped(&count.to_string())
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map(|value| grouped(&format!("{value:.decimals$}"))).unwrap_or_default()
}

fn grouped(text: &str) -> String {
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

/// Times are in milliseconds, unless they say otherwise.
const COLUMNS: [&str; 8] =
    ["what", "per second", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "CPU µs each", "× echo"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::default();
        let round = Round::new(
            Duration::from_secs(1),
            Duration::from_micros(6),
            vec![Duration::from_micros(1500); 4],
        );
        table.push(Row { to_echo: Some(2.0), ..Row::of("one", &round) });
        table.push(Row { what: "another".into(), per_second: Some(1_234_567.8), ..Row::default() });
        table.note("So it was.".into());
        assert_eq!(
            table.to_string(),
            "\
| what    | per second | p50 ms | p99 ms | p99.9 ms | max ms | CPU µs each | × echo |
|---------|-----------:|-------:|-------:|---------:|-------:|------------:|-------:|
| one     |          4 |  1.500 |  1.500 |    1.500 |  1.500 |         1.5 |   2.00 |
| another |  1,234,568 |        |        |          |        |             |        |

So it was.
"
        );
    }

    #[test]
    fn thousands_are_set_apart() {
        for (value, text) in [(0.0, "0.00"), (999.0, "999.00"), (12_345.678, "12,345.68")] {
            assert_eq!(number(Some(value), 2), text);
        }
        assert_eq!(count_text(100_000), "100,000");
    }
}
