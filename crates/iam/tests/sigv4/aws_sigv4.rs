//! Requests signed by the `aws-sigv4` crate: all combinations of methods, paths, queries, headers,
//! bodies and session tokens, in the header and in the query.

use crate::support::{ACCESS_KEY_ID, REGION, Sent};

const METHODS: [&str; 3] = ["POST", "GET", "DELETE"];
const PATHS: [&str; 10] = [
    "/",
    "/a/b",
    "/a%20b/%E1%88%B4/%25",
    "/-._~/:@$&'()*+,;=!",
    "//a//b//",
    "/a/./b/../c",
    "/a/b/..",
    "/a/.",
    "/../..",
    "/%2e%2e/a/",
];
const QUERIES: [&str; 9] = [
    "",
    "Action=ListKeys&Version=2014-11-01",
    "b=2&a=2&a=10&a=1",
    "a1=x&a=y&a-=z&A=w",
    "a=%20%2F%3D%26%2B&%E1%88%B4=%e1%88%b4",
    "a=x+y",
    "a=-._~*!'()",
    "a=&b=",
    "&a=1&&b=2&",
];
const HEADERS: [&[(&str, &str)]; 5] = [
    &[],
    &[("content-type", "application/x-amz-json-1.1"), ("X-Amz-Target", "TrentService.Encrypt")],
    &[("x-amz-meta", "  a   b  "), ("X-Amz-Meta", "c"), ("amz-sdk-request", "attempt=1; max=3")],
    &[("x-amz-meta", ""), ("my-header", "a\tb"), ("user-agent", "x"), ("x-amzn-trace-id", "y")],
    &[("x-amz-meta", "\u{fc}\u{1234}")],
];
const BODIES: [&[u8]; 3] = [b"", b"{}", "{\"Description\":\"\u{fc}\u{1234}\u{1f511}\"}".as_bytes()];
const TOKENS: [Option<&str>; 2] = [None, Some("IQoJb3JpZ2luX2VjEXAMPLE+/token//==")];

fn check(sent: &Sent, token: Option<&str>) {
    let authorization = sent.authenticate().unwrap_or_else(|error| panic!("{error}: {sent:?}"));
    assert_eq!(authorization.access_key_id(), ACCESS_KEY_ID);
    assert_eq!(authorization.region(), REGION);
    assert_eq!(authorization.session_token(), token);
    let other_body = sent.clone().body(b"other");
    assert!(other_body.authenticate().is_err(), "{sent:?}");
}

fn for_each_request(mut look: impl FnMut(Sent)) {
    for method in METHODS {
        for path in PATHS {
            for query in QUERIES {
                for headers in HEADERS {
                    for body in BODIES {
                        let mut sent = Sent::new(method, path, query).body(body);
                        for (name, value) in headers {
                            sent = sent.header(name, value);
                        }
                        look(sent);
                    }
                }
            }
        }
    }
}

#[test]
fn requests_signed_in_the_header_are_verified() {
    for token in TOKENS {
        for_each_request(|sent| check(&sent.sign_header(token), token));
    }
}

#[test]
fn presigned_requests_are_verified() {
    for token in TOKENS {
        for_each_request(|sent| check(&sent.sign_query(token), token));
    }
}
