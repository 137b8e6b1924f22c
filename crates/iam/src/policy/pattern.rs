//! Text with wildcards and policy variables, and whether a text fits it.
//!
//! The value of a variable is matched literally: its own `*` is no wildcard. Matching never goes
//! back behind the last `*` that was passed, so it takes no more than length times length.

use super::variable::{Placeholder, Variable};
use super::{ConditionKeys, PolicyError, Version};
use std::borrow::Cow;

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
    let mut at = 0;
    let mut rest = text;
    // Behind the last `*`: its token, and where to try next.
    let mut retry: Option<(usize, &str)> = None;
    loop {
        let from = match tokens.get(at) {
            None if rest.is_empty() => return true,
            Some(Token::Run) => {
                match &tokens[at + 1..] {
                    [] => return true,
                    [Token::Text(end)] => return ends_with(rest, end, case),
                    _ => at += 1,
                }
                rest
            }
            token => {
                if let Some(after) = token.and_then(|token| strip_token(rest, token, case)) {
                    rest = after;
                    at += 1;
                    continue;
                }
                let Some((token, from)) = retry else { return false };
                at = token;
                from
            }
        };
        let Some(candidate) = candidate(from, &tokens[at], case) else { return false };
        rest = candidate;
        retry = without_first(candidate).map(|next| (at, next));
    }
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

/// The first place in `text` where `token` may begin.
fn candidate<'t>(text: &'t str, token: &Token, case: Case) -> Option<&'t str> {
    let Token::Text(wanted) = token else { return Some(text) };
    match case {
        Case::Sensitive => text.find(&**wanted).map(|index| &text[index..]),
        Case::Insensitive => text
            .char_indices()
            .map(|(index, _)| &text[index..])
            .find(|rest| strip_token(rest, token, case).is_some()),
    }
}

fn strip_token<'t>(text: &'t str, token: &Token, case: Case) -> Option<&'t str> {
    match token {
        Token::Text(prefix) if case == Case::Sensitive => text.strip_prefix(&**prefix),
        Token::Text(prefix) => {
            let mut rest = text.chars();
            let fits = prefix.chars().all(|wanted| rest.next().map(folded) == Some(folded(wanted)));
            fits.then_some(rest.as_str())
        }
        Token::One => without_first(text),
        Token::Run | Token::Variable(_) => None,
    }
}

fn ends_with(text: &str, end: &str, case: Case) -> bool {
    match case {
        Case::Sensitive => text.ends_with(end),
        Case::Insensitive => {
            let mut text = text.chars().rev().map(folded);
            end.chars().rev().all(|wanted| text.next() == Some(folded(wanted)))
        }
    }
}

fn without_first(text: &str) -> Option<&str> {
    let mut characters = text.chars();
    characters.next().map(|_| characters.as_str())
}

/// A character in lower case, where that is one character.
fn folded(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => character,
    }
}
