//! Signed requests, written as in HTTP/1.1: nothing is accepted that was not signed so.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use trent_iam::Request;
use trent_iam::sigv4::{Authorization, SigningKey};

fuzz_target!(|data: &[u8]| {
    let Some((line, mut rest)) = split_line(data) else { return };
    let Some((method, target)) = line.split_once(' ') else { return };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers: Vec<(&str, &[u8])> = Vec::new();
    while let Some((line, after)) = split_header(rest) {
        headers.push(line);
        rest = after;
    }
    let body = rest.strip_prefix(b"\n").unwrap_or(rest);
    let request = Request { method, path, query, headers: &headers, body };
    let Ok(authorization) = Authorization::parse(&request) else { return };
    let _ = authorization.check_scope("kms");
    let _ = format!("{authorization:?}");
    let key = authorization.signing_key(SECRET);
    if !is_verified(&request, &key) {
        return;
    }
    // Every part of what was accepted matters.
    let longer = [body, b"x"].concat();
    assert!(!is_verified(&Request { body: &longer, ..request }, &key));
    assert!(!is_verified(&Request { method: "PATCH", ..request }, &key));
    let added = [headers.as_slice(), &[("x-amz-target", b"TrentService.Other")]].concat();
    assert!(!is_verified(&Request { headers: &added, ..request }, &key));
    let query = format!("{query}&x=y");
    assert!(!is_verified(&Request { query: &query, ..request }, &key));
    assert!(!is_verified(&request, &authorization.signing_key("another")));
});

fn is_verified(request: &Request<'_>, key: &SigningKey) -> bool {
    // 2015-08-30T12:36:00Z
    let now = Timestamp::from_second(1_440_938_160).unwrap();
    Authorization::parse(request)
        .and_then(|authorization| authorization.verify(request, key, now))
        .is_ok()
}

/// The text before the first line feed, and what is after it.
fn split_line(data: &[u8]) -> Option<(&str, &[u8])> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(&data[..end]).ok()?, &data[end + 1..]))
}

type Header<'a> = (&'a str, &'a [u8]);

fn split_header(data: &[u8]) -> Option<(Header<'_>, &[u8])> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = (&data[..end], &data[end + 1..]);
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = std::str::from_utf8(&line[..colon]).ok()?;
    Some(((name, &line[colon + 1..]), rest))
}

/// That of `crates/iam/tests/vectors/botocore.json`.
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
