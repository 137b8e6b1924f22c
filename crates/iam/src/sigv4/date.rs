//! The date of a signature: `YYYYMMDD'T'HHMMSS'Z'`, or the date of the `Date` header.

use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{Timestamp, tz::TimeZone};

use super::AuthenticationError;

/// When a request says that it was signed.
pub(super) struct SignatureDate {
    pub(super) instant: Timestamp,
    /// In basic format, as it is signed.
    pub(super) text: String,
}

impl SignatureDate {
    /// The value of `X-Amz-Date`.
    pub(super) fn parse(text: &str) -> Result<Self, AuthenticationError> {
        let instant = parse_basic(text).ok_or_else(|| malformed(text))?;
        Ok(Self { instant, text: text.to_owned() })
    }

    /// The value of `Date`: of RFC 2822, which covers that of HTTP, or in basic format.
    pub(super) fn parse_date_header(text: &str) -> Result<Self, AuthenticationError> {
        let instant = parse_basic(text)
            .or_else(|| DateTimeParser::new().parse_timestamp(text).ok())
            .ok_or_else(|| malformed(text))?;
        Ok(Self { instant, text: format_basic(instant) })
    }

    /// `YYYYMMDD`.
    pub(super) fn day(&self) -> &str {
        self.text.get(..DAY_BYTES).unwrap_or_default()
    }
}

/// `YYYYMMDD'T'HHMMSS'Z'`.
pub(super) fn format_basic(instant: Timestamp) -> String {
    instant.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn parse_basic(text: &str) -> Option<Timestamp> {
    let digits = |from: usize, to: usize| {
        text.get(from..to).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let part = |from, to| digits(from, to)?.parse::<i8>().ok();
    if text.len() != BASIC_BYTES || text.get(8..9) != Some("T") || !text.ends_with('Z') {
        return None;
    }
    let year = digits(0, 4)?.parse::<i16>().ok()?;
    let date_time = DateTime::new(
        year,
        part(4, 6)?,
        part(6, 8)?,
        part(9, 11)?,
        part(11, 13)?,
        part(13, 15)?,
        0,
    );
    TimeZone::UTC.to_timestamp(date_time.ok()?).ok()
}

fn malformed(text: &str) -> AuthenticationError {
    let text: String = text.chars().take(ECHO_CHARS_MAX).collect();
    AuthenticationError::incomplete(format!(
        "Date must be in ISO-8601 'basic format'. Got '{text}'. \
         See http://en.wikipedia.org/wiki/ISO_8601"
    ))
}

/// Length of a date in basic format.
const BASIC_BYTES: usize = 16;
/// Length of its day.
const DAY_BYTES: usize = 8;
/// How much of a malformed date is told back: more than any date has.
const ECHO_CHARS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(text: &str) -> Option<String> {
        SignatureDate::parse(text).ok().map(|date| date.instant.to_string())
    }

    fn header(text: &str) -> Option<String> {
        SignatureDate::parse_date_header(text).ok().map(|date| date.text)
    }

    #[test]
    fn reads_the_basic_format_only() {
        assert_eq!(basic("20150830T123600Z").as_deref(), Some("2015-08-30T12:36:00Z"));
        assert_eq!(basic("20240229T000000Z").as_deref(), Some("2024-02-29T00:00:00Z"));
        let wrong = [
            "",
            "20150830",
            "20150830T123600",
            "20150830T123600z",
            "20150830T123600Z ",
            "2015-08-30T12:36:00Z",
            "20150830 123600Z",
            "+0150830T123600Z",
            "20150229T123600Z",
            "20151330T123600Z",
            "20150830T243600Z",
            "20150830T1236+1Z",
            "2015083\u{e9}T12360Z",
            "99991231T235959Z",
        ];
        for text in wrong {
            assert_eq!(basic(text), None, "{text}");
        }
    }

    #[test]
    fn reads_the_date_header() {
        for text in [
            "Sun, 30 Aug 2015 12:36:00 GMT",
            "Sun, 30 Aug 2015 12:36:00 -0000",
            "Sun, 30 Aug 2015 14:36:00 +0200",
            "20150830T123600Z",
        ] {
            assert_eq!(header(text).as_deref(), Some("20150830T123600Z"), "{text}");
        }
        for text in ["", "a", "Sun, 30 Aug 2015", "1440938160"] {
            assert_eq!(header(text), None, "{text}");
        }
    }
}
