//! A token: a JWT in the compact form of JWS, and its verification.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::jwks::{Algorithm, Jwks, decode};
use super::{WebIdentity, WebIdentityError};

/// A token that can be read. Nothing in it is to be believed before [`Self::verify`].
///
/// Deliberately without `Debug`: who has a token is whom it speaks of.
pub struct Token<'a> {
    /// Header and claims as they were sent, with the dot between them.
    signed: &'a str,
    signature: Vec<u8>,
    algorithm: Algorithm,
    key_id: Option<String>,
    issuer: String,
    claims: Map<String, Value>,
}

impl<'a> Token<'a> {
    /// Reads a token of at most 20,000 characters (the bound of `WebIdentityToken`). If a name
    /// occurs twice in a JSON object, the last one counts (RFC 7519 §4).
    pub fn parse(token: &'a str) -> Result<Self, WebIdentityError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(malformed("too long"));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(malformed("not three parts"))?;
        let (header, claims) = signed.split_once('.').ok_or(malformed("not three parts"))?;
        if claims.contains('.') {
            return Err(malformed("not three parts"));
        }
        let header = object(header).ok_or(malformed("header"))?;
        let claims = object(claims).ok_or(malformed("claims"))?;
        let signature = decode(signature).ok_or(malformed("signature"))?;
        // No extension of JWS is understood here (RFC 7515 §4.1.11).
        if header.contains_key("crit") {
            return Err(malformed("critical extension"));
        }
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::named);
        let algorithm = algorithm.ok_or(malformed("algorithm"))?;
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.clone()),
            Some(_) => return Err(malformed("key id")),
        };
        let issuer = text(&claims, "iss")?.to_owned();
        Ok(Self { signed, signature, algorithm, key_id, issuer, claims })
    }

    /// Who the token says has issued it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Which key the token says it is signed with.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Verifies that `issuer`, whose keys are `keys`, has issued this token for one of `audiences`,
    /// and that it is valid at `now`, which is real time.
    ///
    /// 1. The signature is of one of the keys, with an algorithm that is for this key.
    /// 2. `iss` is exactly `issuer`.
    /// 3. `aud` names one of `audiences`.
    /// 4. `exp` is after `now`; `nbf` and `iat`, where there are any, are at most a minute after it.
    /// 5. `sub` has 1 to 255 characters.
    pub fn verify(
        self,
        keys: &Jwks,
        issuer: &str,
        audiences: &[String],
        now: Timestamp,
    ) -> Result<WebIdentity, WebIdentityError> {
        let key_id = self.key_id.as_deref();
        keys.verify(self.algorithm, key_id, self.signed.as_bytes(), &self.signature)?;
        if self.issuer != issuer {
            return Err(WebIdentityError::Issuer);
        }
        let audience = self.audience(audiences)?;
        let expires = self.check_times(now)?;
        let subject = text(&self.claims, "sub")?;
        if subject.is_empty() || subject.chars().count() > SUBJECT_CHARS_MAX {
            return Err(malformed("sub"));
        }
        let subject = subject.to_owned();
        Ok(WebIdentity { issuer: self.issuer, subject, audience, expires, claims: self.claims })
    }

    /// Whom the token is for.
    // DEVIATION: the audiences of an OIDC provider must have one of the token's `aud`, also where the
    // token has an `azp`; AWS STS then looks for the `azp` alone.
    fn audience(&self, audiences: &[String]) -> Result<String, WebIdentityError> {
        let claim = self.claims.get("aud").ok_or(WebIdentityError::MissingClaim("aud"))?;
        let is_named = |audience: &&String| match claim {
            Value::String(one) => one == *audience,
            Value::Array(several) => several.iter().any(|one| one == audience.as_str()),
            _ => false,
        };
        let named = audiences.iter().find(is_named).ok_or(WebIdentityError::Audience)?;
        match self.claims.get("azp") {
            None => Ok(named.clone()),
            Some(Value::String(party)) => Ok(party.clone()),
            Some(_) => Err(malformed("azp")),
        }
    }

    /// When the token ends.
    fn check_times(&self, now: Timestamp) -> Result<Timestamp, WebIdentityError> {
        let now = now.as_second();
        let latest = now.saturating_add(SKEW_SECONDS);
        for name in ["nbf", "iat"] {
            if date(&self.claims, name)?.is_some_and(|begin| begin > latest) {
                return Err(WebIdentityError::NotYetValid);
            }
        }
        let expires = date(&self.claims, "exp")?.ok_or(WebIdentityError::MissingClaim("exp"))?;
        if expires <= now {
            return Err(WebIdentityError::Expired { expires, now });
        }
        Timestamp::from_second(expires).map_err(|_| malformed("exp"))
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&decode(part)?).ok()
}

fn text<'a>(
    claims: &'a Map<String, Value>,
    name: &'static str,
) -> Result<&'a str, WebIdentityError> {
    let claim = claims.get(name).ok_or(WebIdentityError::MissingClaim(name))?;
    claim.as_str().ok_or(malformed(name))
}

/// A `NumericDate` in whole seconds; fractions are dropped (RFC 7519 §2).
fn date(claims: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, WebIdentityError> {
    let Some(claim) = claims.get(name) else { return Ok(None) };
    let with_fraction = || SignedDuration::try_from_secs_f64(claim.as_f64()?).ok();
    let seconds = claim.as_i64().or_else(|| Some(with_fraction()?.as_secs()));
    seconds.map(Some).ok_or(malformed(name))
}

fn malformed(cause: &'static str) -> WebIdentityError {
    WebIdentityError::Malformed(cause)
}

/// AWS: the longest `WebIdentityToken`. Tokens are ASCII.
const TOKEN_BYTES_MAX: usize = 20_000;

/// OpenID Connect Core 1.0 §2.
const SUBJECT_CHARS_MAX: usize = 255;

/// How far the issuer's clock may be ahead of ours.
const SKEW_SECONDS: i64 = 60;
