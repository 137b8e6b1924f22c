//! Decimal numbers of any size, compared exactly. Deliberately without arithmetic and exponents.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A number; without leading and trailing zeros, so that equal numbers have equal parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal<'a> {
    is_negative: bool,
    integer: Cow<'a, str>,
    fraction: Cow<'a, str>,
}

impl<'a> Decimal<'a> {
    /// Reads `-12.50` and the like: digits, with digits on both sides of a point if there is one.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (integer, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !are_digits(integer) || !are_digits(fraction) {
            return None;
        }
        let integer = integer.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let is_zero = integer.is_empty() && fraction.is_empty();
        Some(Self {
            is_negative: is_negative && !is_zero,
            integer: Cow::Borrowed(integer),
            fraction: Cow::Borrowed(fraction),
        })
    }

    pub(super) fn into_owned(self) -> Decimal<'static> {
        Decimal {
            is_negative: self.is_negative,
            integer: Cow::Owned(self.integer.into_owned()),
            fraction: Cow::Owned(self.fraction.into_owned()),
        }
    }

    /// Which is the greater number.
    pub(super) fn compare(&self, other: &Decimal<'_>) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.compare_magnitude(other),
            (true, true) => other.compare_magnitude(self),
        }
    }

    fn compare_magnitude(&self, other: &Decimal<'_>) -> Ordering {
        let (one, another) = (&self.integer, &other.integer);
        one.len()
            .cmp(&another.len())
            .then_with(|| one.as_bytes().cmp(another.as_bytes()))
            .then_with(|| self.fraction.as_bytes().cmp(other.fraction.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_exactly() {
        let ascending = [
            "-9007199254740993",
            "-9007199254740992.5",
            "-10",
            "-9.99",
            "-0.001",
            "0",
            "0.0000000000000000000000000000000001",
            "0.1",
            "0.10000000000000000000000000000000001",
            "0.2",
            "1",
            "9",
            "10",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551616",
            "100000000000000000000000000000000000000000000000000",
        ];
        for (i, one) in ascending.iter().enumerate() {
            for (j, another) in ascending.iter().enumerate() {
                let compared =
                    Decimal::parse(one).unwrap().compare(&Decimal::parse(another).unwrap());
                assert_eq!(compared, i.cmp(&j), "{one} {another}");
            }
        }
    }

    #[test]
    fn zeros_at_the_ends_do_not_count() {
        for (one, another) in [("007", "7.000"), ("-0", "0.0"), ("0.50", "00.5"), ("-01.0", "-1")] {
            assert_eq!(Decimal::parse(one), Decimal::parse(another), "{one} {another}");
        }
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for text in ["", "-", ".", "1.", ".5", "+1", "1e3", " 1", "1 ", "--1", "1.2.3", "NaN", "١"]
        {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
