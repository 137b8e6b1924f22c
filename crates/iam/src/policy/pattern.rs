//! Text with wildcards and policy variables, and whether a text fits it.
//!
//! The value of a variable is matched literally: its own `*` is no wildcard. Matching never goes
//! back: what stands between two `*` is searched once, in linear time, or if there is a `?` in it,
//! in a 64th of length times length.

use super::variable::{Placeholder, Variable};
use super::{ConditionKeys, PolicyError, Version};
use std::borrow::Cow;
use std::collections::HashMap;

/// A text of a policy, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    tokens: Vec<Token>,
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// This text.
    Text(Box<str>),
    /// `?`: one character.
    One,
    /// `*`: any characters, also none.
    Run,
    /// What a condition key says.
    Variable(Variable),
}

/// Whether `*` and `?` mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wildcards {
    Literal,
    Special,
}

/// Whether `A` and `a` are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Sensitive,
    Insensitive,
}

impl Pattern {
    /// Takes a text apart. Variables mean something in version 2012-10-17 alone.
    pub(super) fn parse(
        text: &str,
        wildcards: Wildcards,
        version: Version,
    ) -> Result<Self, PolicyError> {
        let mut tokens = Tokens::default();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let after = &rest[character.len_utf8()..];
            if version == Version::V2012
                && let Some(inside) = rest.strip_prefix("${")
            {
                let (placeholder, after) = Placeholder::parse(inside)?;
                match placeholder {
                    Placeholder::Literal(literal) => tokens.literal.push(literal),
                    Placeholder::Variable(variable) => tokens.push(Token::Variable(variable)),
                }
                rest = after;
                continue;
            }
            match (wildcards, character) {
                (Wildcards::Special, '*') => tokens.push(Token::Run),
                (Wildcards::Special, '?') => tokens.push(Token::One),
                _ => tokens.literal.push(character),
            }
            rest = after;
        }
        Ok(Self { tokens: tokens.finish() })
    }

    /// The condition keys that are asked for, in lower case.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Variable(variable) => Some(variable.key()),
            Token::Text(_) | Token::One | Token::Run => None,
        })
    }

    /// Whether the pattern is nothing but wildcards that any text fits.
    pub(super) fn is_anything(&self) -> bool {
        self.tokens == [Token::Run]
    }

    /// The pattern with the values of its variables. `None` if one has no value: then nothing fits.
    pub(super) fn tokens<'a>(&'a self, keys: &dyn ConditionKeys) -> Option<Cow<'a, [Token]>> {
        if self.variables().next().is_none() {
            return Some(Cow::Borrowed(&self.tokens));
        }
        let mut tokens = Tokens::default();
        for token in &self.tokens {
            match token {
                Token::Text(text) => tokens.literal.push_str(text),
                Token::Variable(variable) => tokens.literal.push_str(&variable.value(keys)?),
                Token::One | Token::Run => tokens.push(token.clone()),
            }
        }
        Some(Cow::Owned(tokens.finish()))
    }

    /// Whether `text` fits.
    pub(super) fn matches(&self, text: &str, case: Case, keys: &dyn ConditionKeys) -> bool {
        self.tokens(keys).is_some_and(|tokens| fits(&tokens, text, case))
    }
}

/// Whether `text` fits `tokens`, among which are no variables any more.
pub(super) fn fits(tokens: &[Token], text: &str, case: Case) -> bool {
    // What stands before the first `*`, behind the last one, and between them.
    let mut segments = tokens.split(|token| *token == Token::Run);
    let first = segments.next().unwrap_or_default();
    let Some(rest) = strip_prefix(text, first, case) else { return false };
    let Some(last) = segments.next_back() else { return rest.is_empty() };
    let Some(rest) = strip_suffix(rest, last, case) else { return false };
    segments.try_fold(rest, |rest, segment| after_first(rest, segment, case)).is_some()
}

/// Tokens in the making: neighbouring texts become one, as do neighbouring `*`.
#[derive(Default)]
struct Tokens {
    done: Vec<Token>,
    literal: String,
}

impl Tokens {
    fn push(&mut self, token: Token) {
        self.flush();
        if token != Token::Run || self.done.last() != Some(&Token::Run) {
            self.done.push(token);
        }
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            let text = std::mem::take(&mut self.literal);
            self.done.push(Token::Text(text.into_boxed_str()));
        }
    }

    fn finish(mut self) -> Vec<Token> {
        self.flush();
        self.done
    }
}

fn strip_prefix<'t>(text: &'t str, segment: &[Token], case: Case) -> Option<&'t str> {
    segment.iter().try_fold(text, |rest, token| match (token, case) {
        (Token::Text(wanted), Case::Sensitive) => rest.strip_prefix(&**wanted),
        (Token::Text(wanted), Case::Insensitive) if wanted.is_ascii() => {
            let start = rest.get(..wanted.len())?;
            start.eq_ignore_ascii_case(wanted).then(|| &rest[start.len()..])
        }
        (Token::Text(wanted), Case::Insensitive) => {
            let mut rest = rest.chars();
            let fits = wanted.chars().all(|one| rest.next().map(folded) == Some(folded(one)));
            fits.then_some(rest.as_str())
        }
        (Token::One, _) => {
            let mut rest = rest.chars();
            rest.next().map(|_| rest.as_str())
        }
        (Token::Run | Token::Variable(_), _) => None,
    })
}

fn strip_suffix<'t>(text: &'t str, segment: &[Token], case: Case) -> Option<&'t str> {
    segment.iter().rev().try_fold(text, |rest, token| match (token, case) {
        (Token::Text(wanted), Case::Sensitive) => rest.strip_suffix(&**wanted),
        (Token::Text(wanted), Case::Insensitive) => {
            let mut rest = rest.chars();
            let mut wanted = wanted.chars().rev();
            let fits = wanted.all(|one| rest.next_back().map(folded) == Some(folded(one)));
            fits.then_some(rest.as_str())
        }
        (Token::One, _) => {
            let mut rest = rest.chars();
            rest.next_back().map(|_| rest.as_str())
        }
        (Token::Run | Token::Variable(_), _) => None,
    })
}

/// What follows the first place in `text` that fits `segment`.
fn after_first<'t>(text: &'t str, segment: &[Token], case: Case) -> Option<&'t str> {
    match (segment, case) {
        ([], _) => Some(text),
        ([Token::Text(wanted)], Case::Sensitive) => {
            text.find(&**wanted).map(|index| &text[index + wanted.len()..])
        }
        _ => Places::of(segment, case).after_first(text, case),
    }
}

/// A segment whose places in a text are all tried at the same time, a bit for each character of
/// the segment: "shift-and".
///
/// Baeza-Yates and Gonnet, "A new approach to text searching", 1992.
struct Places {
    /// For a character of the text, which characters of the segment it fits.
    masks: HashMap<char, Vec<u64>>,
    /// The same for every other character.
    any: Vec<u64>,
    length: usize,
}

impl Places {
    fn of(segment: &[Token], case: Case) -> Self {
        let mut wanted = Vec::new();
        for token in segment {
            match token {
                Token::Text(text) => wanted.extend(text.chars().map(Some)),
                Token::One | Token::Run | Token::Variable(_) => wanted.push(None),
            }
        }
        let length = wanted.len();
        let mut any = vec![0; length.div_ceil(64)];
        let unknown = wanted.iter().enumerate().filter(|(_, wanted)| wanted.is_none());
        unknown.for_each(|(index, _)| any[index / 64] |= 1 << (index % 64));
        let mut masks: HashMap<char, Vec<u64>> = HashMap::new();
        for (index, wanted) in wanted.into_iter().enumerate() {
            if let Some(wanted) = wanted {
                let mask = masks.entry(in_case(wanted, case)).or_insert_with(|| any.clone());
                mask[index / 64] |= 1 << (index % 64);
            }
        }
        Self { masks, any, length }
    }

    fn after_first<'t>(&self, text: &'t str, case: Case) -> Option<&'t str> {
        let last = self.length.checked_sub(1)?;
        // Bit n: the text up to here ends like the first n + 1 characters of the segment.
        let mut places = vec![0_u64; self.any.len()];
        for (index, character) in text.char_indices() {
            let mask = self.masks.get(&in_case(character, case)).unwrap_or(&self.any);
            let mut carry = 1;
            for (word, mask) in places.iter_mut().zip(mask) {
                let next = *word >> 63;
                *word = (*word << 1 | carry) & mask;
                carry = next;
            }
            if places[last / 64] >> (last % 64) & 1 == 1 {
                return Some(&text[index + character.len_utf8()..]);
            }
        }
        None
    }
}

fn in_case(character: char, case: Case) -> char {
    match case {
        Case::Sensitive => character,
        Case::Insensitive => folded(character),
    }
}

/// A character in lower case, where that is one character. What is not ASCII stays so.
fn folded(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) if !lower.is_ascii() => lower,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(pattern: &str) -> Vec<Token> {
        Pattern::parse(pattern, Wildcards::Special, Version::V2008).unwrap().tokens
    }

    /// The definition, by recursion.
    fn fits_by_definition(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], _) => text.is_empty(),
            (['*', rest @ ..], _) => {
                (0..=text.len()).any(|skipped| fits_by_definition(rest, &text[skipped..]))
            }
            (['?', rest @ ..], [_, text @ ..]) => fits_by_definition(rest, text),
            ([one, rest @ ..], [other, text @ ..]) => {
                one == other && fits_by_definition(rest, text)
            }
            (_, []) => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn matching_is_as_defined(pattern in "[abö?*]{0,9}", text in "[abö]{0,9}") {
            let characters = |text: &str| text.chars().collect::<Vec<char>>();
            let expected = fits_by_definition(&characters(&pattern), &characters(&text));
            prop_assert_eq!(fits(&tokens(&pattern), &text, Case::Sensitive), expected);
            let upper = text.to_uppercase();
            prop_assert_eq!(fits(&tokens(&pattern), &upper, Case::Insensitive), expected);
        }
    }

    #[test]
    fn segments_may_be_long() {
        let hundred = "ab".repeat(50);
        for (pattern, text, expected) in [
            (format!("*{hundred}?x*"), format!("ab{hundred}bx"), true),
            (format!("*{hundred}?x*"), format!("ab{hundred}ax"), true),
            (format!("*{hundred}?x*"), format!("{hundred}x"), false),
            (format!("*?{hundred}c*"), format!("{hundred}{hundred}c"), true),
            (format!("*{}*", "?".repeat(130)), "x".repeat(130), true),
            (format!("*{}*", "?".repeat(130)), "x".repeat(129), false),
        ] {
            assert_eq!(fits(&tokens(&pattern), &text, Case::Sensitive), expected, "{pattern}");
        }
    }

    /// Matching that goes back takes minutes for each of these, or for ever.
    #[test]
    fn hostile_patterns_come_to_an_end() {
        let a = |count: usize| "a".repeat(count);
        for (pattern, text) in [
            ("*a".repeat(50_000), format!("{}b", a(50_000))),
            (format!("*{}?b*", a(100_000)), a(200_000)),
            (format!("*{}b*", "?".repeat(100_000)), a(200_000)),
            (format!("*{}b*", "a?".repeat(50_000)), a(200_000)),
            (format!("*{}b", a(100_000)), a(200_000)),
        ] {
            assert!(!fits(&tokens(&pattern), &text, Case::Sensitive));
        }
    }

    #[test]
    fn no_letter_beyond_ascii_is_one_of_ascii() {
        // The Kelvin sign, whose lower case is `k`.
        assert!(!fits(&tokens("kms"), "\u{212a}ms", Case::Insensitive));
        assert!(!fits(&tokens("*k?s*"), "\u{212a}ms", Case::Insensitive));
        assert!(!fits(&tokens("ö\u{212a}"), "ök", Case::Insensitive));
        assert!(fits(&tokens("KMS:*"), "kms:Sign", Case::Insensitive));
    }
}
