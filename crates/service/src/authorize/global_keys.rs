//! The values of the global condition keys that do not depend on what is asked for: of the request
//! and of who sends it.
//!
//! AWS: IAM User Guide, "AWS global condition context keys".

use super::request::RequestFacts;
use crate::identity::principal::Principal;
use jiff::Timestamp;
use std::borrow::Cow;
use trent_iam::policy::Values;

/// A key of the request; `name` is what follows `aws:`.
pub(crate) fn of_request<'a>(
    facts: &RequestFacts<'a>,
    now: Timestamp,
    name: &str,
) -> Option<Values<'a>> {
    Some(match name {
        "sourceip" => owned(facts.source_ip?.to_string()),
        "securetransport" => owned(facts.is_secure.to_string()),
        "currenttime" => owned(now.to_string()),
        "epochtime" => owned(now.as_second().to_string()),
        "useragent" => one(facts.user_agent?),
        "referer" => one(facts.referer?),
        _ => return None,
    })
}

/// A key of the one who sends the request; `name` is what follows `aws:`.
pub(crate) fn of_principal<'a>(principal: &'a Principal, name: &str) -> Option<Values<'a>> {
    if let Some(tag) = name.strip_prefix("principaltag/") {
        return Some(one(principal.tags.get(tag)?));
    }
    let session = principal.session.as_ref();
    Some(match name {
        "principalarn" => one(principal.principal_arn()),
        "principalaccount" => one(principal.account.as_str()),
        "principaltype" => one(principal.kind.as_str()),
        "principalisawsservice" | "viaawsservice" => one("false"),
        "userid" => one(&principal.user_id),
        "username" => one(principal.user_name()?),
        "tokenissuetime" => owned(session?.issued.to_string()),
        "multifactorauthpresent" => session.map(|_| one("false"))?,
        "federatedprovider" => one(session?.federated_provider.as_deref()?),
        "sourceidentity" => one(session?.source_identity.as_deref()?),
        _ => return None,
    })
}

/// What the issuer of a web identity said of the one who sends the request; `key` is the whole key.
pub(crate) fn of_claims<'a>(principal: &'a Principal, key: &str) -> Option<Values<'a>> {
    Some(given(principal.session.as_ref()?.claims.get(key)?))
}

/// Values that are known as such.
pub(crate) fn given(values: &[String]) -> Values<'_> {
    match values {
        [value] => Values::One(Cow::Borrowed(value)),
        values => Values::Many(values.iter().map(|value| Cow::Borrowed(value.as_str())).collect()),
    }
}

fn one(value: &str) -> Values<'_> {
    Values::One(Cow::Borrowed(value))
}

fn owned<'a>(value: String) -> Values<'a> {
    Values::One(Cow::Owned(value))
}
