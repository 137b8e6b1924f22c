//! Web identity: which issuers are trusted, and the verification of a token with their keys.
//!
//! Deliberately absent: where the keys come from, which is the server's ([`WebIdentityKeys`]), and
//! which role the identity may assume.

use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;
use trent_iam::web_identity::{Jwks, Token, WebIdentity, WebIdentityError};

/// An issuer whose tokens are accepted: what AWS calls an OIDC identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Exactly the claim `iss` of its tokens.
    pub url: String,
    /// The audiences (client ids), of which a token must name one.
    pub audiences: Vec<String>,
}

/// The issuers that are trusted, with their keys.
pub struct WebIdentities {
    /// Whose tokens are accepted.
    pub issuers: Vec<Issuer>,
    /// Where their keys come from.
    pub keys: Arc<dyn WebIdentityKeys>,
}

/// Where the public keys of the issuers come from.
#[async_trait]
pub trait WebIdentityKeys: Send + Sync {
    /// The keys of `issuer`, with one named `key_id` if the issuer has it.
    async fn keys(&self, issuer: &str, key_id: Option<&str>) -> Result<Arc<Jwks>, KeysUnavailable>;
}

/// There are no keys of the issuer, and none can be had now. The cause has been logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the keys of the issuer are unavailable")]
pub struct KeysUnavailable;

/// Why no identity comes of a token. Its `Display` is the text for the client.
///
/// AWS: STS API Reference, "AssumeRoleWithWebIdentity", Errors
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebIdentityFailure {
    /// `IDPCommunicationError`: there are no keys to verify the token with.
    #[error("Couldn't retrieve verification key from your identity provider")]
    KeysUnavailable,
    /// `ExpiredTokenException` or `InvalidIdentityToken`, as [`WebIdentityError`] has it.
    #[error(transparent)]
    Token(#[from] WebIdentityError),
    /// `InvalidIdentityToken`: the token is of nobody that is trusted here.
    #[error("No OpenIDConnect provider found in your account for the issuer of the token")]
    UnknownIssuer,
}

/// The identity that `token` proves at `now`, which is real time.
///
/// 1. The token is read.
/// 2. Its issuer is looked up: what the token claims only picks among those that are trusted.
/// 3. The issuer's keys are got.
/// 4. Everything is verified ([`Token::verify`]).
pub async fn verify(
    issuers: &[Issuer],
    keys: &dyn WebIdentityKeys,
    token: &str,
    now: Timestamp,
) -> Result<WebIdentity, WebIdentityFailure> {
    let token = Token::parse(token)?;
    let issuer = issuers
        .iter()
        .find(|issuer| issuer.url == token.issuer())
        .ok_or(WebIdentityFailure::UnknownIssuer)?;
    let keys = keys
        .keys(&issuer.url, token.key_id())
        .await
        .map_err(|KeysUnavailable| WebIdentityFailure::KeysUnavailable)?;
    Ok(token.verify(&keys, &issuer.url, &issuer.audiences, now)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of the vectors of `trent-iam`, or none.
    struct Keys(Option<Arc<Jwks>>);

    #[async_trait]
    impl WebIdentityKeys for Keys {
        async fn keys(&self, _: &str, key_id: Option<&str>) -> Result<Arc<Jwks>, KeysUnavailable> {
            assert_eq!(key_id, Some("ES256"));
            self.0.clone().ok_or(KeysUnavailable)
        }
    }

    fn vectors() -> (String, Keys) {
        let vectors = include_str!("../../iam/tests/vectors/web_identity.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        let keys = Jwks::parse(vectors["jwks"].to_string().as_bytes()).unwrap();
        let token = vectors["tokens"]["ES256"].as_str().unwrap();
        (token.to_owned(), Keys(Some(Arc::new(keys))))
    }

    fn issuer(url: &str, audience: &str) -> Issuer {
        Issuer { url: url.to_owned(), audiences: vec![audience.to_owned()] }
    }

    async fn judge(issuers: &[Issuer], second: i64) -> Result<WebIdentity, WebIdentityFailure> {
        let (token, keys) = vectors();
        verify(issuers, &keys, &token, Timestamp::from_second(second).unwrap()).await
    }

    const ISSUER: &str = "https://token.example.com/tenant";
    const NOW: i64 = 1_700_000_000;

    #[tokio::test]
    async fn the_issuer_of_the_token_is_looked_up() {
        let issuers =
            [issuer("https://other.example.com", "x"), issuer(ISSUER, "sts.amazonaws.com")];
        assert_eq!(judge(&issuers, NOW).await.unwrap().issuer, ISSUER);
        let failure = judge(&issuers[..1], NOW).await.unwrap_err();
        assert_eq!(failure, WebIdentityFailure::UnknownIssuer);
        // The audiences are those of this issuer, not of any.
        let issuers =
            [issuer(ISSUER, "x"), issuer("https://other.example.com", "sts.amazonaws.com")];
        let failure = judge(&issuers, NOW).await.unwrap_err();
        assert_eq!(failure, WebIdentityFailure::Token(WebIdentityError::Audience));
        assert_eq!(failure.to_string(), "Incorrect token audience");
    }

    #[tokio::test]
    async fn failures_are_told_apart() {
        let issuers = [issuer(ISSUER, "sts.amazonaws.com")];
        let failure = judge(&issuers, NOW + 3600).await.unwrap_err();
        assert!(matches!(failure, WebIdentityFailure::Token(WebIdentityError::Expired { .. })));
        let (token, keys) = vectors();
        let now = Timestamp::from_second(NOW).unwrap();
        let failure = verify(&issuers, &Keys(None), &token, now).await.unwrap_err();
        assert_eq!(failure, WebIdentityFailure::KeysUnavailable);
        let failure = verify(&issuers, &keys, "e30.e30.", now).await.unwrap_err();
        assert!(matches!(failure, WebIdentityFailure::Token(WebIdentityError::Malformed(_))));
    }
}
