//! Session tokens: everything about a session, sealed, so that no server has to keep it.

use crate::token::Tokens;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trent_api::KmsError;
use trent_core::AccountId;
use zeroize::Zeroizing;

/// What a session token says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionToken {
    /// The temporary access key, `ASIA…`.
    pub(crate) access_key_id: String,
    pub(crate) secret: Zeroizing<String>,
    /// The partition of the role's ARN when the session began. It is good there alone: what
    /// policies say of the ARNs of one partition they do not say of those of another.
    pub(crate) partition: String,
    pub(crate) account: AccountId,
    /// The name of the role.
    pub(crate) role: String,
    /// The unique id of the role: sessions do not go over to another role of the same name.
    pub(crate) role_id: String,
    pub(crate) session_name: String,
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub(crate) issued: Timestamp,
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub(crate) expires: Timestamp,
    /// Session policies.
    pub(crate) policies: Vec<String>,
    pub(crate) tags: BTreeMap<String, String>,
    /// Tags that go on to the sessions assumed from this one.
    pub(crate) transitive_tags: Vec<String>,
    pub(crate) source_identity: Option<String>,
    /// The OIDC issuer that vouched for the caller, and what it said: condition keys with values.
    pub(crate) federated_provider: Option<String>,
    pub(crate) claims: BTreeMap<String, Vec<String>>,
}

impl SessionToken {
    /// The text that the caller sends with each request.
    pub(crate) fn seal(&self, tokens: &Tokens) -> Result<String, KmsError> {
        let plain = Zeroizing::new(serde_json::to_vec(self).map_err(KmsError::internal)?);
        tokens.seal(PURPOSE, &plain)
    }

    /// Opens what `seal` made; none for anything else. Says nothing about whether it has expired.
    pub(crate) fn open(tokens: &Tokens, text: &str) -> Option<Self> {
        let plain = Zeroizing::new(tokens.open(PURPOSE, text)?);
        serde_json::from_str(&plain).ok()
    }
}

const PURPOSE: &[&[u8]] = &[b"session token"];
