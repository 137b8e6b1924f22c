//! A request that tests own and can change, and its signing by the `aws-sigv4` crate.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use jiff::Timestamp;
use trent_iam::Request;
use trent_iam::sigv4::{AuthenticationError, Authorization};

pub(crate) const ACCESS_KEY_ID: &str = "AKIDEXAMPLE";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
pub(crate) const REGION: &str = "eu-central-1";
pub(crate) const HOST: &str = "kms.eu-central-1.amazonaws.com";
/// 2015-08-30T12:36:00Z.
pub(crate) const SIGNED_AT: i64 = 1_440_938_160;
pub(crate) const EXPIRES_SECONDS: u64 = 900;

#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Sent {
    pub(crate) fn new(method: &str, path: &str, query: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// What an SDK sends for an operation, not yet signed.
    pub(crate) fn usual() -> Self {
        Self::new("POST", "/", "")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "TrentService.Encrypt")
            .header("amz-sdk-invocation-id", "7d0b5b3e-4f0b-4e5d-9c1c-7c6b3d0d9a11")
            .body(br#"{"KeyId":"alias/a","Plaintext":"aGVsbG8="}"#)
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|header| !header.0.eq_ignore_ascii_case(name));
        self
    }

    /// Replaces the value of a header that is there.
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        let header = self.headers.iter_mut().find(|header| header.0.eq_ignore_ascii_case(name));
        header.unwrap().1 = value.as_bytes().to_owned();
        self
    }

    pub(crate) fn header_text(&self, name: &str) -> String {
        let header = self.headers.iter().find(|header| header.0.eq_ignore_ascii_case(name));
        String::from_utf8(header.unwrap().1.clone()).unwrap()
    }

    /// Replaces a part of the `Authorization` header that must be there.
    pub(crate) fn with_authorization(self, from: &str, to: &str) -> Self {
        let old = self.header_text("authorization");
        let new = old.replacen(from, to, 1);
        assert_ne!(old, new, "{from} is not in {old}");
        self.with_header("authorization", &new)
    }

    /// Replaces a part of the query that must be there.
    pub(crate) fn with_query(mut self, from: &str, to: &str) -> Self {
        let new = self.query.replacen(from, to, 1);
        assert_ne!(self.query, new, "{from} is not in {new}");
        self.query = new;
        self
    }

    pub(crate) fn body(mut self, body: &[u8]) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    pub(crate) fn sign_header(self, token: Option<&str>) -> Self {
        self.sign(SignatureLocation::Headers, token)
    }

    pub(crate) fn sign_query(self, token: Option<&str>) -> Self {
        self.sign(SignatureLocation::QueryParams, token)
    }

    fn sign(mut self, location: SignatureLocation, token: Option<&str>) -> Self {
        let token = token.map(str::to_owned);
        let identity = Credentials::new(ACCESS_KEY_ID, SECRET, token, None, "test").into();
        let mut settings = SigningSettings::default();
        settings.signature_location = location;
        settings.expires_in = Some(Duration::from_secs(EXPIRES_SECONDS));
        let signed_at = SystemTime::UNIX_EPOCH + Duration::from_secs(SIGNED_AT.unsigned_abs());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name("kms")
            .time(signed_at)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let separator = if self.query.is_empty() { "" } else { "?" };
        let url = format!("https://{HOST}{}{separator}{}", self.path, self.query);
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), str::from_utf8(value).unwrap()))
            .collect();
        let body = SignableBody::Bytes(&self.body);
        let signable = SignableRequest::new(&self.method, url, headers.into_iter(), body).unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        for (name, value) in instructions.headers() {
            self.headers.push((name.to_owned(), value.as_bytes().to_owned()));
        }
        for (name, value) in instructions.params() {
            if !self.query.is_empty() {
                self.query.push('&');
            }
            self.query.push_str(name);
            self.query.push('=');
            self.query.push_str(&percent_encode(value));
        }
        self.header("Host", HOST)
    }

    pub(crate) fn with<R>(&self, look: impl FnOnce(&Request<'_>) -> R) -> R {
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        look(&Request {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &headers,
            body: &self.body,
        })
    }

    pub(crate) fn parse(&self) -> Result<Authorization, AuthenticationError> {
        self.with(Authorization::parse)
    }

    /// The whole verification, `seconds` after the signature.
    pub(crate) fn authenticate_after(
        &self,
        seconds: i64,
    ) -> Result<Authorization, AuthenticationError> {
        let now = Timestamp::from_second(SIGNED_AT + seconds).unwrap();
        self.with(|request| {
            let authorization = Authorization::parse(request)?;
            authorization.check_scope("kms")?;
            authorization.verify(request, &authorization.signing_key(SECRET), now)?;
            Ok(authorization)
        })
    }

    pub(crate) fn authenticate(&self) -> Result<Authorization, AuthenticationError> {
        self.authenticate_after(0)
    }
}

fn percent_encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
    }
    out
}
