//! Constraints of the model and the words in which AWS reports that they are violated.
//!
//! All violations of a request are collected into one text (AWS KMS: "ValidationException").

use regex::Regex;
use std::fmt::{self, Write as _};
use std::sync::OnceLock;

/// The constraints of one shape of the model.
pub struct Shape {
    /// Least number, or least length in characters, bytes or entries.
    pub min: Option<u64>,
    /// Greatest number or length.
    pub max: Option<u64>,
    /// What a whole string must match.
    pub pattern: Option<&'static Pattern>,
    /// The shape of a list's entries.
    pub item: Option<&'static Shape>,
    /// Whether a violation must not repeat the value (blobs and secrets).
    pub value_is_hidden: bool,
}

impl Shape {
    /// No constraint.
    pub const NONE: Self =
        Self { min: None, max: None, pattern: None, item: None, value_is_hidden: false };
}

/// A regular expression of the model, as printed to clients and as executed here.
pub struct Pattern {
    printed: &'static str,
    executed: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// A pattern that is compiled when it is first used.
    pub const fn new(printed: &'static str, executed: &'static str) -> Self {
        Self { printed, executed, compiled: OnceLock::new() }
    }

    fn matches(&self, value: &str) -> bool {
        // A pattern that does not compile matches nothing; a test compiles them all.
        self.compiled
            .get_or_init(|| Regex::new(self.executed).ok())
            .as_ref()
            .is_some_and(|regex| regex.is_match(value))
    }
}

/// Where in a request a value stands, as AWS prints it: `tags.1.member.tagKey`.
#[derive(Clone, Copy)]
pub enum Path<'a> {
    /// The request itself.
    Root,
    /// A member of a structure, by its name in the model.
    Member(&'a Path<'a>, &'static str),
    /// An entry of a list, counted from 1.
    Item(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(parent, name) => {
                if !matches!(parent, Self::Root) {
                    write!(formatter, "{parent}.")?;
                }
                let mut letters = name.chars();
                if let Some(first) = letters.next() {
                    write!(formatter, "{}", first.to_lowercase())?;
                }
                formatter.write_str(letters.as_str())
            }
            Self::Item(parent, index) => write!(formatter, "{parent}.{index}.member"),
        }
    }
}

/// The violations found so far.
#[derive(Default)]
pub struct Report {
    details: Vec<String>,
}

impl Report {
    /// AWS's text for all violations; none if there is no violation.
    pub fn message(&self) -> Option<String> {
        let count = self.details.len();
        (count > 0).then(|| {
            let plural = if count == 1 { "" } else { "s" };
            format!("{count} validation error{plural} detected: {}", self.details.join("; "))
        })
    }

    /// A required member is absent or null.
    pub fn missing(&mut self, path: &Path<'_>) {
        self.details.push(format!(
            "Value null at '{path}' failed to satisfy constraint: Member must not be null"
        ));
    }

    /// A string that is none of an enumeration's values.
    pub(crate) fn not_in_set(&mut self, path: &Path<'_>, value: &str, set: &[&str]) {
        self.add(path, Some(&value), format_args!("satisfy enum value set: [{}]", set.join(", ")));
    }

    /// Checks a number against its bounds.
    pub fn check_number(&mut self, path: &Path<'_>, shape: &Shape, value: i64) {
        self.bounds(path, shape, i128::from(value), "value", Some(&value));
    }

    /// Checks a length (characters, bytes, entries); `value` is printed unless the shape hides it.
    pub fn check_length(
        &mut self,
        path: &Path<'_>,
        shape: &Shape,
        length: usize,
        value: Option<&dyn fmt::Display>,
    ) {
        let value = value.filter(|_| !shape.value_is_hidden);
        self.bounds(path, shape, i128::try_from(length).unwrap_or(i128::MAX), "length", value);
    }

    /// Checks the length and the pattern of a string.
    pub fn check_string(&mut self, path: &Path<'_>, shape: &Shape, value: &str) {
        // AWS counts UTF-16 code units.
        let length = if value.is_ascii() { value.len() } else { value.encode_utf16().count() };
        self.check_length(path, shape, length, Some(&value));
        if let Some(pattern) = shape.pattern.filter(|pattern| !pattern.matches(value)) {
            let printed = (!shape.value_is_hidden).then_some(&value as &dyn fmt::Display);
            let rule = format_args!("satisfy regular expression pattern: {}", pattern.printed);
            self.add(path, printed, rule);
        }
    }

    fn bounds(
        &mut self,
        path: &Path<'_>,
        shape: &Shape,
        measure: i128,
        noun: &str,
        value: Option<&dyn fmt::Display>,
    ) {
        if let Some(max) = shape.max.filter(|max| measure > i128::from(*max)) {
            self.add(path, value, format_args!("have {noun} less than or equal to {max}"));
        }
        if let Some(min) = shape.min.filter(|min| measure < i128::from(*min)) {
            self.add(path, value, format_args!("have {noun} greater than or equal to {min}"));
        }
    }

    fn add(&mut self, path: &Path<'_>, value: Option<&dyn fmt::Display>, rule: fmt::Arguments<'_>) {
        let mut detail = String::from("Value");
        // Writing into a `String` cannot fail.
        if let Some(value) = value {
            let _ = write!(detail, " '{value}'");
        }
        let _ = write!(detail, " at '{path}' failed to satisfy constraint: Member must {rule}");
        self.details.push(detail);
    }
}
