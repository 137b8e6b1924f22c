//! Dates of policies: the W3C profile of ISO 8601, or seconds since 1970.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Reads `2026`, `2026-07`, `2026-07-01`, `2026-07-01T12:00Z`, `2026-07-01T12:00:00.5+02:00`, or
/// seconds since 1970. Four digits are a year. A time without an offset is in UTC.
///
/// W3C: "Date and Time Formats" <https://www.w3.org/TR/NOTE-datetime>.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    if text.len() > DATE_BYTES_MAX || !text.is_ascii() {
        return None;
    }
    match text.len() {
        4 if is_digits(text) => civil(&format!("{text}-01-01T00:00")),
        7 if has_shape(text, "0000-00") => civil(&format!("{text}-01T00:00")),
        10 if has_shape(text, "0000-00-00") => civil(&format!("{text}T00:00")),
        _ if text.get(..14).is_some_and(|start| has_shape(start, "0000-00-00T00:")) => time(text),
        _ => epoch(text),
    }
}

fn time(text: &str) -> Option<Timestamp> {
    let (_, clock) = text.split_once('T')?;
    let has_only =
        |bytes: &[u8]| clock.bytes().all(|byte| byte.is_ascii_digit() || bytes.contains(&byte));
    if !has_only(b":.+-Z") {
        return None;
    }
    match clock.find(['+', '-', 'Z']) {
        Some(offset) => {
            let offset = &clock[offset..];
            let is_offset = offset == "Z" || has_shape(&offset[1..], "00:00");
            is_offset.then(|| text.parse().ok()).flatten()
        }
        None => civil(text),
    }
}

/// A date and time in UTC.
fn civil(text: &str) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()
}

fn epoch(text: &str) -> Option<Timestamp> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !is_digits(digits) {
        return None;
    }
    Timestamp::from_second(text.parse().ok()?).ok()
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `text` has a digit where `shape` has one, and is the same elsewhere.
fn has_shape(text: &str, shape: &str) -> bool {
    let fits = |(byte, shape): (u8, u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        other => byte == other,
    };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

/// Longest text that is read: a time with nanoseconds and an offset.
const DATE_BYTES_MAX: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        for (text, expected) in [
            ("2026", "2026-01-01T00:00:00Z"),
            ("2026-07", "2026-07-01T00:00:00Z"),
            ("2026-07-31", "2026-07-31T00:00:00Z"),
            ("2026-07-31T12:30Z", "2026-07-31T12:30:00Z"),
            ("2026-07-31T12:30:15Z", "2026-07-31T12:30:15Z"),
            ("2026-07-31T12:30:15.25Z", "2026-07-31T12:30:15.25Z"),
            ("2026-07-31T12:30:15+02:00", "2026-07-31T10:30:15Z"),
            ("2026-07-31T12:30-08:00", "2026-07-31T20:30:00Z"),
            ("2026-07-31T12:30:15", "2026-07-31T12:30:15Z"),
            ("0", "1970-01-01T00:00:00Z"),
            ("1785456000", "2026-07-31T00:00:00Z"),
            ("-1", "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(parse(text), Some(expected.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_dates() {
        for text in [
            "",
            "-",
            "soon",
            "2026-",
            "2026-13",
            "2026-02-30",
            "2026-07-31T",
            "2026-07-31T25:00Z",
            "2026-07-31 12:30Z",
            "2026-07-31t12:30z",
            "2026-07-31T12:30[Europe/Berlin]",
            "2026-07-31T12:30Z[UTC]",
            "2026-07-31T12:30+0200",
            "2026-W31-5",
            "1.5",
            "999999999999999999999",
            "२०२६",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
