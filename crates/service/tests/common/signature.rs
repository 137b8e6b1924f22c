//! Signatures, made by the library of AWS.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use std::time::SystemTime;

/// The headers that sign a `POST` to a service of AWS, such as `kms`, in us-east-1.
pub(crate) fn signature(
    credentials: Credentials,
    service: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> Vec<(String, String)> {
    let identity = credentials.into();
    #[expect(clippy::disallowed_methods, reason = "requests are signed at real time")]
    let now = SystemTime::now();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name(service)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let body = SignableBody::Bytes(body);
    let signable = SignableRequest::new("POST", "http://localhost/", headers, body).unwrap();
    let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
    instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
