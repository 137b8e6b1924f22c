//! Requests signed by botocore, from `tests/vectors/botocore.json`, which
//! `tests/vectors/make_botocore_vectors.py` makes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use trent_iam::Request;
use trent_iam::sigv4::{AuthenticationErrorCode, Authorization};

#[derive(Deserialize)]
struct Vectors {
    access_key_id: String,
    secret: String,
    now: Timestamp,
    requests: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
    region: String,
    token: Option<String>,
}

#[test]
fn requests_signed_by_botocore_are_verified() {
    let vectors = serde_json::from_str::<Vectors>(include_str!("../vectors/botocore.json"));
    let vectors = vectors.unwrap();
    assert_eq!(vectors.requests.len(), 67);
    for vector in &vectors.requests {
        let headers: Vec<_> =
            vector.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let body = STANDARD.decode(&vector.body).unwrap();
        let request = Request {
            method: &vector.method,
            path: &vector.path,
            query: &vector.query,
            headers: &headers,
            body: &body,
        };
        let name = &vector.name;
        let authorization = Authorization::parse(&request).expect(name);
        assert_eq!(authorization.access_key_id(), vectors.access_key_id, "{name}");
        assert_eq!(authorization.region(), vector.region, "{name}");
        assert_eq!(authorization.session_token(), vector.token.as_deref(), "{name}");
        assert_eq!(authorization.scope_date(), "20150830", "{name}");
        authorization.check_scope("kms").expect(name);
        let key = authorization.signing_key(&vectors.secret);
        authorization.verify(&request, &key, vectors.now).expect(name);

        let wrong_key = authorization.signing_key("wrong");
        let error = authorization.verify(&request, &wrong_key, vectors.now).unwrap_err();
        assert_eq!(error.code(), AuthenticationErrorCode::InvalidSignature, "{name}");
        let other_body = Request { body: b"other", ..request };
        assert!(authorization.verify(&other_body, &key, vectors.now).is_err(), "{name}");
    }
}
