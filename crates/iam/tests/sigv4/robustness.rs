//! Input that nobody signs: it is refused, and nothing panics.

use proptest::prelude::*;

use crate::support::Sent;

/// Pieces of what the parsers look for, so that random input gets past the first check.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "AWS4-HMAC-SHA256",
        "Credential=",
        "SignedHeaders=",
        "Signature=",
        "AKIDEXAMPLE/20150830/eu-central-1/kms/aws4_request",
        "a/b/c/d/e",
        "host;x-amz-date",
        "20150830T123600Z",
        "Sun, 30 Aug 2015 12:36:00 GMT",
        "99991231T235959Z",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "X-Amz-Credential=a%2F20150830%2Fus-east-1%2Fkms%2Faws4_request",
        "X-Amz-Date=20150830T123600Z",
        "X-Amz-Expires=",
        "X-Amz-SignedHeaders=host",
        "X-Amz-Signature=0",
        "900",
        "%",
        "%2",
        "&",
        "=",
        ";",
        ",",
        " ",
        "/",
        "..",
        "\n",
        "\u{e9}",
    ]);
    prop_oneof![
        4 => known.prop_map(|text| text.as_bytes().to_owned()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(fragment(), 0..12).prop_map(|fragments| fragments.concat())
}

fn text() -> impl Strategy<Value = String> {
    bytes().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn header_name() -> impl Strategy<Value = String> {
    let known = vec![
        "authorization",
        "Authorization",
        "host",
        "date",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-content-sha256",
        "X-Amz-\u{e9}",
        "x-amz",
        "",
    ];
    prop::sample::select(known).prop_map(str::to_owned)
}

fn any_request() -> impl Strategy<Value = Sent> {
    let headers = prop::collection::vec((header_name(), bytes()), 0..8);
    (text(), text(), text(), headers, bytes()).prop_map(|(method, path, query, headers, body)| {
        Sent { method, path, query, headers, body }
    })
}

/// A byte of a signed request to change, and into what.
fn mutations() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
}

fn mutate(text: &mut [u8], mutations: &[(prop::sample::Index, u8)]) {
    for (index, byte) in mutations {
        if !text.is_empty() {
            let index = index.index(text.len());
            text[index] = *byte;
        }
    }
}

/// A header value as it is signed.
fn folded(value: &[u8]) -> Vec<u8> {
    let mut folded = value.trim_ascii().to_owned();
    folded.dedup_by(|next, previous| *next == b' ' && *previous == b' ');
    folded
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn random_requests_are_refused(sent in any_request()) {
        prop_assert!(sent.authenticate().is_err());
    }

    #[test]
    fn mutated_headers_are_refused(mutations in mutations(), which in any::<prop::sample::Index>()) {
        let sound = Sent::usual().sign_header(Some("token"));
        let mut sent = sound.clone();
        let which = which.index(sent.headers.len());
        mutate(&mut sent.headers[which].1, &mutations);
        let authenticated = sent.authenticate();
        let is_authorization = sent.headers[which].0.eq_ignore_ascii_case("authorization");
        if !is_authorization && folded(&sent.headers[which].1) != folded(&sound.headers[which].1) {
            prop_assert!(authenticated.is_err());
        }
    }

    #[test]
    fn mutated_queries_do_not_panic(mutations in mutations()) {
        let mut sent = Sent::usual().sign_query(Some("token"));
        let mut query = sent.query.into_bytes();
        mutate(&mut query, &mutations);
        sent.query = String::from_utf8_lossy(&query).into_owned();
        let _ = sent.authenticate();
    }
}
