//! The exact texts and exceptions, and the bounds in time.
//!
//! AWS: KMS API Reference, "Common Errors"; IAM User Guide, "Troubleshoot Signature Version 4".

use trent_iam::sigv4::AuthenticationErrorCode::{
    self, IncompleteSignature, InvalidSignature, MissingAuthenticationToken,
};
use trent_iam::sigv4::{AuthenticationError, Authorization};

use crate::support::Sent;

const MISMATCH: &str = "The request signature we calculated does not match the signature you \
    provided. Check your AWS Secret Access Key and signing method. Consult the service \
    documentation for details.";

#[track_caller]
fn check(
    result: Result<Authorization, AuthenticationError>,
    code: AuthenticationErrorCode,
    message: &str,
) {
    let error = result.expect_err(message);
    assert_eq!(error.code(), code);
    assert_eq!(error.message(), message);
    assert_eq!(error.to_string(), message);
}

fn with_authorization(value: &str) -> Sent {
    Sent::usual().header("X-Amz-Date", "20150830T123600Z").header("Authorization", value)
}

#[test]
fn nothing_claimed() {
    let missing = "Missing Authentication Token";
    check(Sent::usual().parse(), MissingAuthenticationToken, missing);
    for query in ["a=1", "x-amz-algorithm=a", "X-Amz-Credential=a&X-Amz-Signature=b", "%zz", "&&"] {
        let sent = Sent::new("POST", "/", query);
        check(sent.parse(), MissingAuthenticationToken, missing);
    }
}

#[test]
fn parts_of_the_header_missing() {
    let requires_credential = "Authorization header requires 'Credential' parameter. ";
    let requires_signature = "Authorization header requires 'Signature' parameter. ";
    let requires_signed_headers = "Authorization header requires 'SignedHeaders' parameter. ";
    let requires_date = "Authorization header requires existence of either a 'X-Amz-Date' or a \
        'Date' header. ";
    let requires_all = [requires_credential, requires_signature, requires_signed_headers].concat();
    let cases = [
        ("AWS4-HMAC-SHA256", requires_all.clone()),
        ("AWS4-HMAC-SHA256 Foo=bar", requires_all.clone()),
        ("AWS4-HMAC-SHA256 Credential=, Signature=", requires_all.clone()),
        ("AWS4-HMAC-SHA256 Signature=b,Credential=a", requires_signed_headers.to_owned()),
        ("AWS4-HMAC-SHA256 Signature=b Credential=a", requires_signed_headers.to_owned()),
        ("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=b", requires_credential.to_owned()),
        ("AWS4-HMAC-SHA256 SignedHeaders=host, Credential=a", requires_signature.to_owned()),
        ("Basic dXNlcjpwYXNzd29yZA==", requires_all.clone()),
        ("Bearer", requires_all.clone()),
    ];
    for (value, expected) in cases {
        let expected = format!("{expected}Authorization={value}");
        check(with_authorization(value).parse(), IncompleteSignature, &expected);
    }
    let value = "AWS4-HMAC-SHA256 Foo=bar";
    let undated = Sent::usual().header("authorization", value);
    let expected = format!("{requires_all}{requires_date}Authorization={value}");
    check(undated.parse(), IncompleteSignature, &expected);

    let undated = Sent::usual().sign_header(None).without_header("x-amz-date");
    let value = undated.header_text("authorization");
    let expected = format!("{requires_date}Authorization={value}");
    check(undated.parse(), IncompleteSignature, &expected);
}

#[test]
fn the_header_empty_repeated_or_too_long() {
    for value in ["", "  ", "\t"] {
        let sent = with_authorization(value);
        check(sent.parse(), IncompleteSignature, "Authorization header cannot be empty.");
    }
    let repeated = Sent::usual().sign_header(None).header("AUTHORIZATION", "x");
    check(repeated.parse(), IncompleteSignature, "Authorization header must not be repeated.");
    let long = with_authorization(&"a".repeat(8 * 1024 + 1));
    check(long.parse(), IncompleteSignature, "Authorization header is too long.");
    let twice = Sent::usual()
        .sign_header(None)
        .with_authorization("AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 SignedHeaders=host, ");
    let expected = "Authorization header requires 'SignedHeaders' parameter only once.";
    check(twice.parse(), IncompleteSignature, expected);
}

#[test]
fn parts_without_an_equal_sign() {
    // The hashes were computed with Python's hashlib.
    let cases = [
        ("Bearer abc", "abc", "w1Xc6WwWEogNEZQP/dkBTThsJT4MNlKmzQanIm970rY="),
        (
            "AWS4-HMAC-SHA256 Credential= a/20150830/us-east-1/kms/aws4_request",
            "a/20150830/us-east-1/kms/aws4_request",
            "AbKqtCH1Eo8oYPcRUtTehpSeM65QWzJaY2arrqtUw2I=",
        ),
        (
            "Authorization: AWS4-HMAC-SHA256 Credential=a",
            "AWS4-HMAC-SHA256",
            "k37ldjVJctNI0bQcVNWelN6rhZJfZOzBifxryvb0cus=",
        ),
    ];
    for (value, part, hash) in cases {
        let expected = format!(
            "'{part}' not a valid key=value pair (missing equal-sign) in Authorization header \
             (hashed with SHA-256 and encoded with Base64): '{hash}'."
        );
        check(with_authorization(value).parse(), IncompleteSignature, &expected);
    }
}

#[test]
fn the_algorithm_and_the_credential() {
    let sound = || Sent::usual().sign_header(None);
    let other = sound().with_authorization("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512");
    check(other.parse(), IncompleteSignature, "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'.");
    let other = Sent::usual().sign_query(None).with_query("HMAC-SHA256", "ECDSA-P256-SHA256");
    let expected = "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.";
    check(other.parse(), IncompleteSignature, expected);

    let sound_credential = "AKIDEXAMPLE/20150830/eu-central-1/kms/aws4_request";
    let long = format!("{}/b/c/d/e", "a".repeat(129));
    for credential in ["a", "a/b/c/d", "a/b/c/d/e/f", "/b/c/d/e", "a/b/c/d/\u{e9}", &long] {
        let expected = format!(
            "Credential must have exactly 5 slash-delimited elements, \
             e.g. keyid/date/region/service/term, got '{credential}'"
        );
        let other = sound().with_authorization(sound_credential, credential);
        check(other.parse(), IncompleteSignature, &expected);
    }
}

#[test]
fn parts_of_the_query_missing() {
    let requires = |name: &str| format!("AWS query-string parameters must include '{name}'. ");
    let rest = "Re-examine the query-string parameters.";
    let all = [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
        "X-Amz-Date",
    ];
    let expected = all.map(requires).concat() + rest;
    check(Sent::new("GET", "/", "X-Amz-Algorithm").parse(), IncompleteSignature, &expected);
    for name in all {
        if name == "X-Amz-Algorithm" {
            continue;
        }
        let sent = Sent::usual().sign_query(None);
        let (before, from) = sent.query.split_once(&format!("{name}=")).unwrap();
        let after = from.split_once('&').map_or("", |(_, after)| after);
        let without = Sent { query: format!("{before}{after}"), ..sent.clone() };
        let expected = requires(name) + rest;
        check(without.parse(), IncompleteSignature, &expected);
        let twice = Sent { query: format!("{}&{name}=a", sent.query), ..sent };
        let expected = format!("AWS query-string parameters must include '{name}' only once.");
        check(twice.parse(), IncompleteSignature, &expected);
    }
}

#[test]
fn dates_that_are_none() {
    let expected = |text: &str| {
        format!(
            "Date must be in ISO-8601 'basic format'. Got '{text}'. \
             See http://en.wikipedia.org/wiki/ISO_8601"
        )
    };
    let sound = || Sent::usual().sign_header(None);
    for text in ["", "201", "2015-08-30T12:36:00Z", "20150830T123660Z", "Sun, 30 Aug 2015"] {
        let sent = sound().with_header("x-amz-date", text);
        check(sent.parse(), IncompleteSignature, &expected(text));
        let sent = sound().without_header("x-amz-date").header("date", text);
        check(sent.parse(), IncompleteSignature, &expected(text));
    }
    let repeated = sound().header("x-amz-date", "20150830T123600Z");
    let text = "20150830T123600Z,20150830T123600Z";
    check(repeated.parse(), IncompleteSignature, &expected(text));
    let in_query = Sent::usual().sign_query(None).with_query("20150830T123600Z", "201");
    check(in_query.parse(), IncompleteSignature, &expected("201"));
}

#[test]
fn mismatch() {
    let sound = Sent::usual().sign_header(None);
    check(sound.clone().body(b"x").authenticate(), InvalidSignature, MISMATCH);
    let unsigned = sound.clone().header("x-amz-meta", "x");
    check(unsigned.authenticate(), InvalidSignature, MISMATCH);
    let absent = sound.without_header("content-type");
    check(absent.authenticate(), InvalidSignature, MISMATCH);
}

#[test]
fn host_must_be_signed() {
    let sent = Sent::usual().sign_header(None).with_authorization("host;", "");
    let expected = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
    check(sent.authenticate(), InvalidSignature, expected);
}

#[test]
fn scope_complaints() {
    let scoped = |scope: &str| {
        let sound_scope = "20150830/eu-central-1/kms/aws4_request";
        Sent::usual().sign_header(None).with_authorization(sound_scope, scope).authenticate()
    };
    let region = "Credential should be scoped to a valid Region, not 'x'.";
    let service = "Credential should be scoped to correct service: 'kms'.";
    let terminator =
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'z'.";
    let date = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
        from HTTP: '20150831' != '20150830', from '20150830T123600Z'.";
    check(scoped("20150830/x/kms/aws4_request"), InvalidSignature, region);
    check(scoped("20150830/eu-central-1/y/aws4_request"), InvalidSignature, service);
    check(scoped("20150830/eu-central-1/kms/z"), InvalidSignature, terminator);
    check(scoped("20150831/eu-central-1/kms/aws4_request"), InvalidSignature, date);
    let all = [region, service, terminator, date].join(" ");
    check(scoped("20150831/x/y/z"), InvalidSignature, &all);
}

#[test]
fn clocks_may_be_five_minutes_apart() {
    let sent = Sent::usual().sign_header(None);
    sent.authenticate_after(300).unwrap();
    sent.authenticate_after(-300).unwrap();
    let expired = "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z \
        (20150830T124101Z - 5 min.)";
    check(sent.authenticate_after(301), InvalidSignature, expired);
    let early = "Signature not yet current: 20150830T123600Z is still later than \
        20150830T123559Z (20150830T123059Z + 5 min.)";
    check(sent.authenticate_after(-301), InvalidSignature, early);
}

#[test]
fn presigned_requests_live_as_long_as_they_say() {
    let sent = Sent::usual().sign_query(None);
    sent.authenticate_after(900).unwrap();
    sent.authenticate_after(-300).unwrap();
    let expired = "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z \
        (20150830T125101Z - 15 min.)";
    check(sent.authenticate_after(901), InvalidSignature, expired);
    let early = "Signature not yet current: 20150830T123600Z is still later than \
        20150830T123559Z (20150830T123059Z + 5 min.)";
    check(sent.authenticate_after(-301), InvalidSignature, early);
    let other = sent.with_query("Expires=900", "Expires=61");
    let expired = "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z \
        (20150830T123702Z - 61 sec.)";
    check(other.authenticate_after(62), InvalidSignature, expired);
}

#[test]
fn presigned_requests_may_live_a_second_to_a_week() {
    let with = |expires: &str| {
        let expires = format!("X-Amz-Expires={expires}");
        Sent::usual().sign_query(None).with_query("X-Amz-Expires=900", &expires).parse()
    };
    for sound in ["1", "604800"] {
        with(sound).unwrap();
    }
    let too_long = "X-Amz-Expires must be less than a week (in seconds); that is, the given \
        X-Amz-Expires must be less than 604800 seconds";
    for expires in ["604801", "4294967296", "99999999999999999999999"] {
        check(with(expires), IncompleteSignature, too_long);
    }
    check(with("0"), IncompleteSignature, "X-Amz-Expires must be at least 1 second");
    for expires in ["x", "-1", "%2B1", "1.5"] {
        check(with(expires), IncompleteSignature, "X-Amz-Expires should be a number");
    }
}

#[test]
fn the_header_goes_before_the_query() {
    let presigned = Sent::usual().sign_query(None);
    let both = presigned.clone().sign_header(Some("token"));
    assert_eq!(both.parse().unwrap().session_token(), Some("token"));
    let broken = presigned.header("authorization", "");
    check(broken.parse(), IncompleteSignature, "Authorization header cannot be empty.");
}

#[test]
fn the_claim_is_printed_without_token_and_signature() {
    let sent = Sent::usual().sign_header(Some("secret-token"));
    let signature = sent.header_text("authorization");
    let (_, signature) = signature.split_once("Signature=").unwrap();
    let printed = format!("{:?}", sent.parse().unwrap());
    assert!(printed.contains("AKIDEXAMPLE"));
    assert!(!printed.contains("secret-token") && !printed.contains(signature));
}
