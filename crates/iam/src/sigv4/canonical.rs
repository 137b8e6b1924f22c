//! The canonical request: the one form of a request that both sides sign.
//!
//! ```text
//! method \n path \n query \n (header:value \n)* \n signed headers \n hex SHA-256 of the body
//! ```
//!
//! Written into one buffer. A request that has no canonical form (a signed header that is absent,
//! a list of signed headers that is not in order, control characters, too much of anything) cannot
//! have been signed: the answer is `None`, and to the caller a mismatch like any other.
//!
//! AWS: IAM User Guide, "Create a signed AWS API request", step 1
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use aws_lc_rs::digest;

use super::{SIGNATURE_PARAMETER, query};
use crate::Request;

/// Where the signature of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the query: the request is presigned.
    Query,
}

/// The canonical form of `request` with these signed headers.
pub(super) fn canonical_request(
    request: &Request<'_>,
    form: Form,
    signed_headers: &str,
) -> Option<Vec<u8>> {
    check_bounds(request, signed_headers)?;
    let body_hash = digest::digest(&digest::SHA256, request.body);
    check_content_hash(request, body_hash.as_ref())?;

    let mut out = Vec::with_capacity(CANONICAL_BYTES_USUAL);
    out.extend_from_slice(request.method.as_bytes());
    out.push(b'\n');
    push_path(&mut out, request.path);
    out.push(b'\n');
    let excluded = match form {
        Form::Header => None,
        Form::Query => Some(SIGNATURE_PARAMETER),
    };
    query::push_canonical(&mut out, request.query, excluded)?;
    out.push(b'\n');
    push_headers(&mut out, request, signed_headers)?;
    out.push(b'\n');
    out.extend_from_slice(signed_headers.as_bytes());
    out.push(b'\n');
    push_hex(&mut out, body_hash.as_ref());
    Some(out)
}

/// Whether `name` is in the list of signed headers.
pub(super) fn is_signed(signed_headers: &str, name: &str) -> bool {
    signed_headers.split(';').any(|signed| signed.eq_ignore_ascii_case(name))
}

/// Appends `bytes` in lower-case hex.
pub(super) fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        let digit = |nibble: u8| HEX_LOWER[usize::from(nibble & 0x0f)];
        out.extend_from_slice(&[digit(byte >> 4), digit(*byte)]);
    }
}

fn check_bounds(request: &Request<'_>, signed_headers: &str) -> Option<()> {
    let within = !request.method.is_empty()
        && request.method.len() <= METHOD_BYTES_MAX
        && request.method.bytes().all(is_token)
        && request.path.len() <= PATH_BYTES_MAX
        && request.headers.len() <= HEADERS_MAX
        && signed_headers.split(';').count() <= SIGNED_HEADERS_MAX;
    within.then_some(())
}

/// Whoever states the hash of the body must state the right one. Other values of
/// `x-amz-content-sha256`, such as `UNSIGNED-PAYLOAD`, are signed headers and nothing more.
fn check_content_hash(request: &Request<'_>, body_hash: &[u8]) -> Option<()> {
    for (name, value) in request.headers {
        if !name.eq_ignore_ascii_case("x-amz-content-sha256") {
            continue;
        }
        let value = value.trim_ascii();
        if value.len() != 2 * body_hash.len() || !value.iter().all(u8::is_ascii_hexdigit) {
            continue;
        }
        let mut expected = Vec::with_capacity(value.len());
        push_hex(&mut expected, body_hash);
        if !value.eq_ignore_ascii_case(&expected) {
            return None;
        }
    }
    Some(())
}

/// Appends the path: without empty and dot segments, then encoded once more, since it comes encoded
/// once.
///
/// AWS: a final dot segment leaves a final slash, as in RFC 3986 section 5.2.4 and aws-sigv4;
/// botocore leaves none. No operation of a JSON service has such a path.
fn push_path(out: &mut Vec<u8>, path: &str) {
    if matches!(path, "" | "/") {
        out.push(b'/');
        return;
    }
    let mut kept = Vec::new();
    let mut last = "";
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            other => kept.push(other),
        }
        last = segment;
    }
    for segment in &kept {
        out.push(b'/');
        for byte in segment.bytes() {
            query::push_encoded(out, byte);
        }
    }
    if kept.is_empty() || matches!(last, "" | "." | "..") {
        out.push(b'/');
    }
}

/// Appends the signed headers, which must be listed in lower case, in order, each once.
fn push_headers(out: &mut Vec<u8>, request: &Request<'_>, signed_headers: &str) -> Option<()> {
    let mut previous = "";
    for signed in signed_headers.split(';') {
        let valid = signed.bytes().all(|byte| is_token(byte) && !byte.is_ascii_uppercase());
        if signed <= previous || !valid {
            return None;
        }
        previous = signed;
        out.extend_from_slice(signed.as_bytes());
        let mut separator = b':';
        for (name, value) in request.headers {
            if name.eq_ignore_ascii_case(signed) {
                out.push(separator);
                push_header_value(out, value)?;
                separator = b',';
            }
        }
        if separator == b':' {
            return None;
        }
        out.push(b'\n');
    }
    Some(())
}

/// Appends a value trimmed, and with one space for each run of them.
fn push_header_value(out: &mut Vec<u8>, value: &[u8]) -> Option<()> {
    let value = value.trim_ascii();
    // No line may be forged: a control character is nothing that HTTP lets through.
    if value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return None;
    }
    if !value.windows(2).any(|pair| pair == b"  ") {
        out.extend_from_slice(value);
        return Some(());
    }
    let mut previous = 0;
    for &byte in value {
        if byte != b' ' || previous != b' ' {
            out.push(byte);
        }
        previous = byte;
    }
    Some(())
}

/// The characters of methods and header names: RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Enough for what SDKs send to a JSON service without a session token.
const CANONICAL_BYTES_USUAL: usize = 1024;
/// Longest method.
const METHOD_BYTES_MAX: usize = 32;
/// Longest path.
const PATH_BYTES_MAX: usize = 8 * 1024;
/// Most headers of a request, since each is compared with each signed one.
const HEADERS_MAX: usize = 256;
/// Most signed headers; SDKs sign about ten.
const SIGNED_HEADERS_MAX: usize = 64;
/// Digits of a hash.
const HEX_LOWER: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn path(path: &str) -> String {
        let mut out = Vec::new();
        push_path(&mut out, path);
        String::from_utf8(out).unwrap()
    }

    fn headers(headers: &[(&str, &[u8])], signed_headers: &str) -> Option<String> {
        let request = Request { method: "POST", path: "/", query: "", headers, body: b"" };
        let mut out = Vec::new();
        push_headers(&mut out, &request, signed_headers)?;
        String::from_utf8(out).ok()
    }

    #[test]
    fn paths_are_normalised_and_encoded_once_more() {
        let cases = [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/./", "/"),
            ("/..", "/"),
            ("/../../a", "/a"),
            ("a", "/a"),
            ("/example/..", "/"),
            ("/a/b/..", "/a/"),
            ("/a/.", "/a/"),
            ("//example//", "/example/"),
            ("/./example", "/example"),
            ("/a/b/../c//d/", "/a/c/d/"),
            ("/a%20b/%E1%88%B4", "/a%2520b/%25E1%2588%25B4"),
            ("/-._~:@$", "/-._~%3A%40%24"),
            ("/\u{1234}\n", "/%E1%88%B4%0A"),
            ("/%2e%2e/a", "/%252e%252e/a"),
        ];
        for (raw, expected) in cases {
            assert_eq!(path(raw), expected, "{raw:?}");
        }
    }

    #[test]
    fn header_values_are_trimmed_folded_and_joined() {
        let sent: &[(&str, &[u8])] = &[
            ("X-Amz-Two", b"  a   b  "),
            ("HOST", b"example"),
            ("x-amz-two", b"c"),
            ("unsigned", b"x"),
            ("empty", b""),
        ];
        let expected = "empty:\nhost:example\nx-amz-two:a b,c\n";
        assert_eq!(headers(sent, "empty;host;x-amz-two").as_deref(), Some(expected));
    }

    #[test]
    fn what_cannot_be_signed_has_no_canonical_form() {
        let sent: &[(&str, &[u8])] = &[("a", b"1"), ("b", b"2"), ("evil", b"1\nhost:x")];
        for signed in ["", "b;a", "a;a", "A;b", "a;", ";a", "a;;b", "a b", "c", "a:1", "evil"] {
            assert_eq!(headers(sent, signed), None, "{signed:?}");
        }
    }

    #[test]
    fn the_whole_request() {
        let request = Request {
            method: "GET",
            path: "/",
            query: "Param2=value2&Param1=value1",
            headers: &[("Host", b"example.amazonaws.com"), ("X-Amz-Date", b"20150830T123600Z")],
            body: b"",
        };
        let canonical = canonical_request(&request, Form::Header, "host;x-amz-date").unwrap();
        let expected = format!(
            "GET\n/\nParam1=value1&Param2=value2\nhost:example.amazonaws.com\n\
             x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n{EMPTY_HASH}"
        );
        assert_eq!(String::from_utf8(canonical).unwrap(), expected);
    }

    #[test]
    fn a_stated_hash_must_be_that_of_the_body() {
        let check = |value: &str, body: &[u8]| {
            let headers: &[(&str, &[u8])] = &[("X-Amz-Content-Sha256", value.as_bytes())];
            let request = Request { method: "POST", path: "/", query: "", headers, body };
            canonical_request(&request, Form::Header, "x-amz-content-sha256").is_some()
        };
        assert!(check(EMPTY_HASH, b""));
        assert!(check(&EMPTY_HASH.to_uppercase(), b""));
        assert!(!check(EMPTY_HASH, b"x"));
        assert!(check("UNSIGNED-PAYLOAD", b"x"));
    }

    #[test]
    fn everything_is_bounded() {
        let many: Vec<(&str, &[u8])> = vec![("a", b""); HEADERS_MAX + 1];
        let sound =
            Request { method: "POST", path: "/", query: "", headers: &many[1..], body: b"" };
        let long_path = "/a".repeat(PATH_BYTES_MAX);
        assert!(canonical_request(&sound, Form::Header, "a").is_some());
        let unsound = [
            Request { headers: &many, ..sound },
            Request { path: &long_path, ..sound },
            Request { method: "", ..sound },
            Request { method: "GET\n", ..sound },
            Request { method: &"A".repeat(METHOD_BYTES_MAX + 1), ..sound },
        ];
        for request in unsound {
            assert!(canonical_request(&request, Form::Header, "a").is_none());
        }
        let many_signed = vec!["a"; SIGNED_HEADERS_MAX + 1].join(";");
        assert!(canonical_request(&sound, Form::Header, &many_signed).is_none());
    }
}
