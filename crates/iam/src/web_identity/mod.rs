//! Web identity: verification of the OpenID Connect tokens that AssumeRoleWithWebIdentity takes.
//!
//! The steps of a caller:
//! 1. [`Token::parse`]: what the token claims, which is not to be believed yet.
//! 2. The caller picks its configuration by [`Token::issuer`] and gets the issuer's [`Jwks`], which
//!    should have a key that [`Token::key_id`] names.
//! 3. [`Token::verify`]: the signature, then issuer, audience, times and subject.
//!
//! Deliberately absent: encrypted tokens, symmetric and unsigned ones, keys that a token brings
//! along, and getting the keys.
//!
//! AWS: STS API Reference, "AssumeRoleWithWebIdentity"
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>;
//! OpenID Connect Core 1.0, RFC 7515 (JWS), RFC 7517 (JWK), RFC 7519 (JWT), RFC 8725 (JWT practices).

mod jwks;
mod token;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

pub use jwks::{JWKS_BYTES_MAX, Jwks, JwksError};
pub use token::Token;

/// Who a verified token speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct WebIdentity {
    /// The issuer, as configured: `https://token.actions.githubusercontent.com`.
    pub issuer: String,
    /// The claim `sub`: 1 to 255 characters, unique for the issuer.
    pub subject: String,
    /// For whom the token was issued: the claim `azp` if there is one, else the configured audience
    /// that the claim `aud` names.
    pub audience: String,
    /// When the token ends; it is after the time of the verification.
    pub expires: Timestamp,
    /// All claims of the token, such as `https://aws.amazon.com/tags`.
    pub claims: Map<String, Value>,
}

impl WebIdentity {
    /// The issuer without its scheme: how principals (`oidc-provider/...`) and condition keys name
    /// it.
    pub fn provider(&self) -> &str {
        self.issuer.split_once("://").map_or(&self.issuer, |(_, rest)| rest)
    }

    /// The condition keys of the token: `<provider>:<claim>` for every claim that is a string or a
    /// list of strings, with the values.
    ///
    /// `aud` is [`Self::audience`]; if the token has an `azp`, its own `aud` is `oaud`. Condition
    /// keys have no case, claims have: a claim is left out if its name in lower case is another
    /// claim's or one of these three.
    ///
    /// AWS: IAM User Guide, "Available keys for AWS OIDC federation"
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>.
    pub fn condition_keys(&self) -> BTreeMap<String, Vec<String>> {
        let mut keys = BTreeMap::new();
        let mut insert = |name: &str, values| {
            keys.insert(format!("{}:{name}", self.provider()), values);
        };
        for (name, value) in &self.claims {
            let lower = name.to_ascii_lowercase();
            let is_shadow = lower != *name && self.claims.contains_key(&lower);
            if is_shadow || OWN_KEYS.contains(&lower.as_str()) {
                continue;
            }
            if let Some(values) = strings(value) {
                insert(name, values);
            }
        }
        insert("sub", vec![self.subject.clone()]);
        insert("aud", vec![self.audience.clone()]);
        if self.claims.contains_key("azp") {
            insert("oaud", self.claims.get("aud").and_then(strings).unwrap_or_default());
        }
        keys
    }
}

/// Why a token is refused. Its `Display` is the text for the client; it repeats nothing of the token.
///
/// [`Self::Expired`] is `ExpiredTokenException`, all others are `InvalidIdentityToken`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebIdentityError {
    /// It is no signed JWT of ours: too long, not of three parts, an algorithm that is not accepted,
    /// a claim of the wrong type. The cause is for the log.
    #[error(
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access \
         Token)"
    )]
    Malformed(&'static str),
    /// A claim that must be there is not.
    #[error("Missing a required claim: {0}")]
    MissingClaim(&'static str),
    /// The issuer has no key of this id for this algorithm.
    #[error(
        "Couldn't retrieve verification key from your identity provider, please reference \
         AssumeRoleWithWebIdentity documentation for requirements"
    )]
    UnknownKey,
    /// The signature is not that of the issuer.
    #[error("The signature of the token is invalid")]
    Signature,
    /// The token is of another issuer.
    #[error("Incorrect token issuer")]
    Issuer,
    /// The token is for somebody else.
    #[error("Incorrect token audience")]
    Audience,
    /// The token was valid before `now`. Both in whole seconds since 1970.
    #[error(
        "Token expired: current date/time {now} must be before the expiration date/time {expires}"
    )]
    Expired {
        /// When it ended.
        expires: i64,
        /// When it was verified.
        now: i64,
    },
    /// `nbf` or `iat` is in the future.
    #[error("The token is not valid yet")]
    NotYetValid,
}

/// A string, or a list of nothing but strings.
fn strings(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(values) => {
            values.iter().map(|one| Some(one.as_str()?.to_owned())).collect::<Option<_>>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// The condition keys that do not simply repeat a claim.
const OWN_KEYS: [&str; 3] = ["sub", "aud", "oaud"];
