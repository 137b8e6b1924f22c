//! The parameters of a request: read from its query and its form, and checked.

use super::error::StsError;
use std::collections::{BTreeMap, BTreeSet};
use trent_api::violation::{Path, Report, Shape};
use trent_iam::Request;

/// All parameters, decoded. Deliberately without `Debug`: some are secrets.
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads the query and the body.
    pub(super) fn read(request: &Request<'_>) -> Result<Self, StsError> {
        let malformed = |message| StsError::new("MalformedInput", message);
        if request.query.len() > QUERY_BYTES_MAX || request.body.len() > FORM_BYTES_MAX {
            return Err(malformed("The request is too long."));
        }
        let query = form_urlencoded::parse(request.query.as_bytes());
        let mut parameters = BTreeMap::new();
        for (name, value) in query.chain(form_urlencoded::parse(request.body)) {
            if parameters.len() == PARAMETERS_MAX {
                return Err(malformed("The request has too many parameters."));
            }
            if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(malformed("A parameter of the request is repeated."));
            }
        }
        Ok(Self(parameters))
    }

    /// A parameter; an empty one counts as none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The numbers of the entries of a list.
    fn entries(&self, list: &str) -> BTreeSet<usize> {
        let entry = |name: &String| {
            let rest = name.strip_prefix(list)?.strip_prefix(".member.")?;
            rest.split('.').next()?.parse().ok()
        };
        self.0.keys().filter_map(entry).collect()
    }

    /// Whether a list has an entry.
    pub(super) fn has_list(&self, list: &str) -> bool {
        !self.entries(list).is_empty()
    }
}

/// Takes parameters and collects what is wrong with them, as AWS reports it: all at once.
pub(super) struct Reading<'a> {
    parameters: &'a Parameters,
    report: Report,
}

impl<'a> Reading<'a> {
    pub(super) fn of(parameters: &'a Parameters) -> Self {
        Self { parameters, report: Report::default() }
    }

    /// A text that may be absent.
    pub(super) fn text(&mut self, name: &'static str, shape: &Shape) -> Option<&'a str> {
        let value = self.parameters.get(name)?;
        self.report.check_string(&Path::Member(&Path::Root, name), shape, value);
        Some(value)
    }

    /// A text that must be there.
    pub(super) fn required(&mut self, name: &'static str, shape: &Shape) -> &'a str {
        self.text(name, shape).unwrap_or_else(|| {
            self.report.missing(&Path::Member(&Path::Root, name));
            ""
        })
    }

    /// A number that may be absent. What is no number fails at once.
    pub(super) fn number(
        &mut self,
        name: &'static str,
        shape: &Shape,
    ) -> Result<Option<i64>, StsError> {
        let Some(value) = self.parameters.get(name) else { return Ok(None) };
        let value = value
            .parse()
            .map_err(|_| StsError::new("MalformedInput", format!("{name} is not a number.")))?;
        self.report.check_number(&Path::Member(&Path::Root, name), shape, value);
        Ok(Some(value))
    }

    /// The entries of a list of at most `max`, each given to `read` with its place and the prefix of
    /// its parameters.
    fn list<T>(
        &mut self,
        name: &'static str,
        max: u64,
        mut read: impl FnMut(&mut Self, &Path<'_>, &str) -> T,
    ) -> Vec<T> {
        let entries = self.parameters.entries(name);
        let path = Path::Member(&Path::Root, name);
        let shape = Shape { max: Some(max), ..Shape::NONE };
        self.report.check_length(&path, &shape, entries.len(), None);
        let numbered = entries.into_iter().map(|entry| (entry, format!("{name}.member.{entry}")));
        numbered.map(|(entry, prefix)| read(self, &Path::Item(&path, entry), &prefix)).collect()
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, name: &'static str, max: u64, shape: &Shape) -> Vec<&'a str> {
        self.list(name, max, |reading, path, prefix| {
            let value = reading.parameters.0.get(prefix).map_or("", String::as_str);
            reading.report.check_string(path, shape, value);
            value
        })
    }

    /// A list of keys with values.
    pub(super) fn pairs(
        &mut self,
        name: &'static str,
        max: u64,
        shapes: (&Shape, &Shape),
    ) -> Vec<(&'a str, &'a str)> {
        self.list(name, max, |reading, path, prefix| {
            let mut part = |part: &'static str, shape: &Shape| {
                let path = Path::Member(path, part);
                let Some(value) = reading.parameters.0.get(&format!("{prefix}.{part}")) else {
                    reading.report.missing(&path);
                    return "";
                };
                reading.report.check_string(&path, shape, value);
                value.as_str()
            };
            (part("Key", shapes.0), part("Value", shapes.1))
        })
    }

    /// Fails if anything was wrong.
    pub(super) fn done(self) -> Result<(), StsError> {
        self.report.message().map_or(Ok(()), |message| Err(StsError::validation(message)))
    }
}

/// A presigned query with the longest session token fits.
pub(super) const QUERY_BYTES_MAX: usize = 32 * 1024;
/// The longest web identity token, policy and tags fit, each byte in three.
const FORM_BYTES_MAX: usize = 256 * 1024;
/// 50 tags and their keys, and more than there are other parameters.
pub(super) const PARAMETERS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Shape = Shape { min: Some(2), max: Some(4), ..Shape::NONE };

    fn read(query: &str, body: &str) -> Result<Parameters, StsError> {
        Parameters::read(&Request {
            method: "POST",
            path: "/",
            query,
            headers: &[],
            body: body.as_bytes(),
        })
    }

    #[test]
    fn query_and_form_are_one() {
        let parameters = read("A=1&B=%26+x", "C=%C3%A4&D=&E=%ff").unwrap();
        assert_eq!(parameters.get("A"), Some("1"));
        assert_eq!(parameters.get("B"), Some("& x"));
        assert_eq!(parameters.get("C"), Some("ä"));
        assert_eq!(parameters.get("D"), None);
        assert_eq!(parameters.get("E"), Some("\u{fffd}"));
    }

    #[test]
    fn excess_and_ambiguity_are_refused() {
        let many = |count| (0..count).map(|one| one.to_string()).collect::<Vec<_>>().join("&");
        assert!(read("", &many(PARAMETERS_MAX)).is_ok());
        assert!(read("", &many(PARAMETERS_MAX + 1)).is_err());
        assert!(read(&format!("a={}", "x".repeat(QUERY_BYTES_MAX)), "").is_err());
        assert!(read("", &format!("a={}", "x".repeat(FORM_BYTES_MAX))).is_err());
        assert!(read("a=1", "a=1").is_err());
    }

    #[test]
    fn lists_are_read_in_the_order_of_their_numbers() {
        let parameters = read(
            "",
            "Tags.member.10.Key=kk&Tags.member.10.Value=vv&Tags.member.2.Key=k2\
             &Tags.member.2.Value=v2&Tags.member.x.Key=no&Keys.member.1=ab",
        )
        .unwrap();
        let mut reading = Reading::of(&parameters);
        assert_eq!(reading.pairs("Tags", 2, (&NAME, &NAME)), [("k2", "v2"), ("kk", "vv")]);
        assert_eq!(reading.texts("Keys", 1, &NAME), ["ab"]);
        assert!(reading.done().is_ok());
        assert!(parameters.has_list("Keys") && !parameters.has_list("Key"));
    }

    #[test]
    fn all_violations_are_told_at_once() {
        let parameters =
            read("", "Name=abcde&Number=7&Tags.member.1.Key=k&Keys.member.1=&Keys.member.2=ab")
                .unwrap();
        let mut reading = Reading::of(&parameters);
        assert_eq!(reading.required("Missing", &NAME), "");
        reading.text("Name", &NAME);
        reading.number("Number", &NAME).unwrap();
        reading.pairs("Tags", 1, (&NAME, &NAME));
        reading.texts("Keys", 1, &NAME);
        let body = reading.done().unwrap_err().body("");
        for detail in [
            "<Code>ValidationError</Code>",
            "7 validation errors detected: Value null at &#39;missing&#39; failed",
            "Value &#39;abcde&#39; at &#39;name&#39; failed to satisfy constraint: Member must have \
             length less than or equal to 4",
            "Value &#39;7&#39; at &#39;number&#39;",
            "Value &#39;k&#39; at &#39;tags.1.member.key&#39;",
            "Value null at &#39;tags.1.member.value&#39;",
            "at &#39;keys&#39; failed",
            "Value &#39;&#39; at &#39;keys.1.member&#39;",
        ] {
            assert!(body.contains(detail), "{detail} is not in {body}");
        }
        let parameters = read("", "Number=1e3").unwrap();
        assert!(Reading::of(&parameters).number("Number", &NAME).is_err());
    }
}
