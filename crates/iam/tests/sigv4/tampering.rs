//! A signed request of which anything signed is changed is refused.

use trent_iam::sigv4::AuthenticationErrorCode;

use crate::support::Sent;

const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE";

fn signed() -> Sent {
    let sent = Sent::usual().header("x-amz-meta", "a").header("x-amz-meta", "b");
    let sent = Sent { query: "a=1&b=2".to_owned(), path: "/a/b".to_owned(), ..sent };
    sent.sign_header(Some(TOKEN))
}

fn presigned() -> Sent {
    let sent = Sent::usual();
    Sent { query: "a=1&b=2".to_owned(), ..sent }.sign_query(Some(TOKEN))
}

#[track_caller]
fn refused(sent: &Sent) {
    let error = sent.authenticate().expect_err("tampered with and yet verified");
    assert_eq!(error.code(), AuthenticationErrorCode::InvalidSignature, "{error}");
}

#[test]
fn what_is_changed_here_was_sound() {
    signed().authenticate().unwrap();
    presigned().authenticate().unwrap();
}

#[test]
fn method_path_query_and_body() {
    for sound in [signed, presigned] {
        refused(&Sent { method: "GET".to_owned(), ..sound() });
        refused(&Sent { method: "post".to_owned(), ..sound() });
        refused(&Sent { path: "/b".to_owned(), ..sound() });
        refused(&Sent {
            path: format!("{}/", sound().path.trim_end_matches('/')) + "x",
            ..sound()
        });
        refused(&sound().with_query("a=1", "a=2"));
        refused(&sound().with_query("a=1", "A=1"));
        refused(&sound().with_query("a=1&", ""));
        refused(&sound().with_query("a=1", "a=1&c=3"));
        refused(&sound().with_query("a=1", "a=1&a=1"));
        refused(&sound().with_query("a=1", "a=%1"));
        refused(&sound().body(b""));
        let longer = [sound().body.as_slice(), b" "].concat();
        refused(&sound().body(&longer));
    }
}

#[test]
fn each_signed_header() {
    for (sound, names) in [
        (
            signed as fn() -> Sent,
            &[
                "content-type",
                "x-amz-target",
                "amz-sdk-invocation-id",
                "x-amz-meta",
                "x-amz-security-token",
                "host",
            ] as &[&str],
        ),
        (presigned, &["content-type", "x-amz-target", "amz-sdk-invocation-id", "host"]),
    ] {
        for name in names {
            let changed = sound().header_text(name) + "x";
            refused(&sound().with_header(name, &changed));
            refused(&sound().with_header(name, ""));
            refused(&sound().without_header(name));
            let repeated = sound().header_text(name);
            refused(&sound().header(name, repeated));
            refused(&sound().header(name, ""));
        }
    }
    let sound = signed();
    let position = |sent: &Sent, value: &[u8]| sent.headers.iter().position(|h| h.1 == value);
    let (a, b) = (position(&sound, b"a").unwrap(), position(&sound, b"b").unwrap());
    let mut swapped = sound;
    swapped.headers.swap(a, b);
    refused(&swapped);
}

#[test]
fn header_case_order_and_unsigned_headers_do_not_matter() {
    for sound in [signed, presigned] {
        let mut other = sound().header("user-agent", "x").header("x-amzn-trace-id", "y");
        other.headers.rotate_right(1);
        for header in &mut other.headers {
            header.0 = header.0.to_uppercase();
        }
        other.authenticate().unwrap();
    }
    signed().with_authorization(", ", ",").with_authorization(", ", ",").authenticate().unwrap();
    signed().with_authorization(", ", "   ").authenticate().unwrap();
    signed().with_authorization("Credential", "Foo=bar, Credential").authenticate().unwrap();
}

#[test]
fn headers_for_aws_must_be_signed() {
    for sound in [signed, presigned] {
        refused(&sound().header("X-Amz-Grant", "x"));
        refused(&sound().header("x-amz-", "x"));
    }
    let without_token = signed().with_authorization(";x-amz-security-token", "");
    refused(&without_token);
}

#[test]
fn the_date() {
    refused(&signed().with_header("x-amz-date", "20150830T123601Z"));
    refused(&signed().with_header("x-amz-date", "20150831T123600Z"));
    refused(&signed().without_header("x-amz-date").header("date", "20150830T123600Z"));
    refused(&presigned().with_query("20150830T123600Z", "20150830T123601Z"));
    refused(&presigned().with_query("20150830T123600Z", "20150829T123600Z"));
    refused(&presigned().with_query("X-Amz-Expires=900", "X-Amz-Expires=901"));
    refused(&presigned().with_query("&X-Amz-Expires=900", ""));
}

#[test]
fn the_scope() {
    let sound_scope = "20150830/eu-central-1/kms/aws4_request";
    for scope in [
        "20150831/eu-central-1/kms/aws4_request",
        "20150830/eu-central-2/kms/aws4_request",
        "20150830/eu-central-1/s3/aws4_request",
        "20150830/eu-central-1/KMS/aws4_request",
        "20150830/eu-central-1/kms/aws5_request",
        "20150830/EU-CENTRAL-1/kms/aws4_request",
        "///",
    ] {
        refused(&signed().with_authorization(sound_scope, scope));
        let in_query = |scope: &str| scope.replace('/', "%2F");
        refused(&presigned().with_query(&in_query(sound_scope), &in_query(scope)));
    }
}

#[test]
fn the_session_token() {
    refused(&signed().with_header("x-amz-security-token", "other"));
    refused(&presigned().with_query(TOKEN, "other"));
    refused(&presigned().with_query(&format!("&X-Amz-Security-Token={TOKEN}"), ""));
}

#[test]
fn the_signature() {
    let sound = signed();
    let authorization = sound.header_text("authorization");
    let (_, signature) = authorization.split_once("Signature=").unwrap();
    for index in 0..signature.len() {
        let mut digits = signature.as_bytes().to_vec();
        digits[index] = if digits[index] == b'0' { b'1' } else { b'0' };
        let changed = String::from_utf8(digits).unwrap();
        refused(&sound.clone().with_authorization(signature, &changed));
    }
    let longer = format!("{signature}0");
    let spoiled = format!("g{}", &signature[1..]);
    let multibyte = format!("{}\u{e9}", &signature[2..]);
    let upper = signature.to_uppercase();
    for wrong in [&signature[1..], &longer, &spoiled, &multibyte, &upper, "0"] {
        refused(&sound.clone().with_authorization(signature, wrong));
        let in_query = presigned();
        let (query, _) = in_query.query.split_once("X-Amz-Signature=").unwrap();
        let query = format!("{query}X-Amz-Signature={wrong}");
        refused(&Sent { query, ..in_query });
    }
}

#[test]
fn the_list_of_signed_headers() {
    let list = "amz-sdk-invocation-id;content-type;host;x-amz-date;x-amz-meta;\
                x-amz-security-token;x-amz-target";
    let other_lists = [
        "",
        "host",
        "content-type;host;x-amz-date;x-amz-meta;x-amz-security-token;x-amz-target",
        "amz-sdk-invocation-id;content-type;x-amz-date;x-amz-meta;x-amz-security-token;\
         x-amz-target",
        "amz-sdk-invocation-id;content-type;host;x-amz-date;x-amz-meta;x-amz-security-token",
    ];
    for other in other_lists {
        refused(&signed().with_authorization(list, other));
    }
    let changes = [
        ("content-type;host", "host;content-type"),
        ("content-type;host", "Content-Type;host"),
        ("content-type;host", "content-type;content-type;host"),
        ("content-type;host", "content-type;;host"),
        ("content-type;host", "content-type;absent;host"),
        ("content-type;host", "authorization;content-type;host"),
        ("x-amz-target", "x-amz-target;"),
    ];
    for (from, to) in changes {
        refused(&signed().with_authorization(from, to));
    }
    refused(&presigned().with_query("%3Bhost", ""));
    refused(&presigned().with_query("content-type%3Bhost", "host%3Bcontent-type"));
}
