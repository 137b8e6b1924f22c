//! Calls that nobody signed, for services that do not enforce signatures.

use serde_json::Value;
use trent_iam::Request;
use trent_service::{Origin, Service};

/// Calls an operation in a Region; the reply, or the error as it goes to the client.
pub(crate) async fn call(
    service: &Service,
    region: &str,
    operation: &str,
    body: &Value,
) -> Result<Value, Value> {
    let target = format!("TrentService.{operation}");
    // Unverified, but of the right form.
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=trent/20260101/{region}/kms/aws4_request, \
         SignedHeaders=host;x-amz-date;x-amz-target, Signature={:064}",
        0
    );
    let headers: [(&str, &[u8]); 5] = [
        ("host", b"localhost"),
        ("content-type", b"application/x-amz-json-1.1"),
        ("x-amz-date", b"20260101T000000Z"),
        ("x-amz-target", target.as_bytes()),
        ("authorization", authorization.as_bytes()),
    ];
    let body = body.to_string();
    let request =
        Request { method: "POST", path: "/", query: "", headers: &headers, body: body.as_bytes() };
    let answer = service.answer(&request, Origin::default(), "request").await;
    let reply = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    if answer.error.is_some() { Err(reply) } else { Ok(reply) }
}
