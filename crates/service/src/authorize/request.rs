//! What a request says beside its typed members, for conditions: read only when a policy asks.

use crate::audit::collector::Collector;
use crate::freshness::AsOf;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// The facts of one request.
#[derive(Default)]
pub(crate) struct RequestFacts<'a> {
    /// The body, which was found to be a request of its operation.
    pub(crate) body: &'a [u8],
    pub(crate) members: OnceLock<Map<String, Value>>,
    pub(crate) source_ip: Option<IpAddr>,
    pub(crate) is_secure: bool,
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) referer: Option<&'a str>,
    /// Condition keys, in lower case, whose values are given instead of taken from the request.
    pub(crate) given: BTreeMap<String, Vec<String>>,
    /// How old what it has read may be.
    pub(crate) as_of: AsOf,
    /// Whether what the request asks for may be in the store by now.
    pub(crate) written: AtomicBool,
    /// What the request shows of itself.
    pub(crate) audit: Collector,
}

impl RequestFacts<'_> {
    /// Whether what the request asks for may be in the store by now.
    pub(crate) fn may_have_written(&self) -> bool {
        self.written.load(Ordering::Relaxed)
    }

    /// A member of the request, unless it is absent or null.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        let members = self.members.get_or_init(|| match serde_json::from_slice(self.body) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        });
        members.get(name).filter(|value| !value.is_null())
    }

    /// A member that is a text, a number or a boolean, as text.
    pub(crate) fn scalar(&self, name: &str) -> Option<String> {
        self.member(name).and_then(scalar)
    }

    /// A member that is a list of texts.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.member(name)?.as_array()?.iter().filter_map(Value::as_str).collect())
    }

    /// The tags that the request gives: keys and values.
    pub(crate) fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let tags = self.member("Tags").and_then(Value::as_array).into_iter().flatten();
        let part = |tag, part| Value::get(tag, part).and_then(Value::as_str);
        tags.filter_map(move |tag| Some((part(tag, "TagKey")?, part(tag, "TagValue")?)))
    }
}

/// Moments are whole seconds for conditions.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) if number.is_f64() => {
            Some(format!("{:.0}", number.as_f64()?.floor()))
        }
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
