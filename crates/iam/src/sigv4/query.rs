//! The query of a request: its parameters, their decoding, and AWS's percent-encoding.

use super::AuthenticationError;

/// The parameters of a raw query, still encoded.
pub(super) fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
}

/// The decoded values of the parameters called `names`, in the order of `names`.
pub(super) fn decoded_values<const N: usize>(
    query: &str,
    names: [&str; N],
) -> Result<[Option<String>; N], AuthenticationError> {
    let mut values = [const { None }; N];
    for (name, value) in parameters(query).take(PARAMETERS_MAX + 1) {
        let name = decode(name).ok_or_else(AuthenticationError::mismatch)?;
        let Some(index) = names.iter().position(|known| known.as_bytes() == name) else {
            continue;
        };
        let value = decode(value).ok_or_else(AuthenticationError::mismatch)?;
        let value = String::from_utf8_lossy(&value).into_owned();
        if values[index].replace(value).is_some() {
            // AWS: the text is not known.
            let name = names[index];
            let message = format!("AWS query-string parameters must include '{name}' only once.");
            return Err(AuthenticationError::incomplete(message));
        }
    }
    Ok(values)
}

/// Whether the query has a parameter called `name`.
pub(super) fn has_parameter(query: &str, name: &str) -> bool {
    query.len() <= QUERY_BYTES_MAX
        && parameters(query)
            .take(PARAMETERS_MAX + 1)
            .any(|(found, _)| decode(found).is_some_and(|found| found == name.as_bytes()))
}

/// Appends the canonical query: decoded, encoded AWS's way, sorted, without `excluded`.
/// `None` if it is malformed or out of bounds.
pub(super) fn push_canonical(out: &mut Vec<u8>, query: &str, excluded: Option<&str>) -> Option<()> {
    if query.is_empty() {
        return Some(());
    }
    if query.len() > QUERY_BYTES_MAX {
        return None;
    }
    let mut encoded = Vec::new();
    for (name, value) in parameters(query) {
        let name = decode(name)?;
        if excluded.is_some_and(|excluded| excluded.as_bytes() == name) {
            continue;
        }
        if encoded.len() == PARAMETERS_MAX {
            return None;
        }
        encoded.push((encode(&name), encode(&decode(value)?)));
    }
    // AWS: by encoded name, then by encoded value; not by the joined text, since `=` comes after
    // the digits.
    encoded.sort_unstable();
    for (index, (name, value)) in encoded.iter().enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
    Some(())
}

/// Appends `byte` percent-encoded: all but the unreserved characters, in upper-case hex.
pub(super) fn push_encoded(out: &mut Vec<u8>, byte: u8) {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
        out.push(byte);
    } else {
        let digit = |nibble: u8| HEX_UPPER[usize::from(nibble & 0x0f)];
        out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte)]);
    }
}

fn encode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        push_encoded(&mut out, byte);
    }
    out
}

/// Decodes a parameter; `+` is a space, as SDKs and AWS read it. `None` for an escape that is not
/// two hex digits.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => (hex_value(bytes.next()?)? << 4) | hex_value(bytes.next()?)?,
            b'+' => b' ',
            other => other,
        });
    }
    Some(out)
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Longest query that is considered: a presigned one with the longest session token fits.
pub(super) const QUERY_BYTES_MAX: usize = 32 * 1024;
/// Most parameters that are sorted.
const PARAMETERS_MAX: usize = 128;
/// Digits of a percent-escape.
const HEX_UPPER: &[u8; 16] = b"0123456789ABCDEF";

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(query: &str) -> Option<String> {
        let mut out = Vec::new();
        push_canonical(&mut out, query, Some("X-Amz-Signature"))?;
        String::from_utf8(out).ok()
    }

    #[test]
    fn sorts_encodes_and_leaves_the_signature_out() {
        let cases = [
            ("", ""),
            ("a", "a="),
            ("b=2&a=1", "a=1&b=2"),
            ("a=2&a=1&a=10", "a=1&a=10&a=2"),
            ("a1=x&a=y", "a=y&a1=x"),
            ("a-=x&a=y", "a=y&a-=x"),
            ("&a=1&&b=2&", "a=1&b=2"),
            ("a=b=c", "a=b%3Dc"),
            ("a=%7e%2D%5F%2e", "a=~-_."),
            ("a=x+y%20z%2b", "a=x%20y%20z%2B"),
            ("a=%e1%88%b4", "a=%E1%88%B4"),
            ("a=1&X-Amz-Signature=2&b=3", "a=1&b=3"),
            ("X%2DAmz-Signature=2", ""),
            ("x-amz-signature=2", "x-amz-signature=2"),
        ];
        for (query, expected) in cases {
            assert_eq!(canonical(query).as_deref(), Some(expected), "{query}");
        }
    }

    #[test]
    fn refuses_malformed_escapes_and_excess() {
        for query in ["a=%", "a=%2", "a=%zz", "%g0=1", "a=%+1"] {
            assert_eq!(canonical(query), None, "{query}");
        }
        assert!(canonical(&"a&".repeat(PARAMETERS_MAX)).is_some());
        assert_eq!(canonical(&"a&".repeat(PARAMETERS_MAX + 1)), None);
        assert_eq!(canonical(&"a".repeat(QUERY_BYTES_MAX + 1)), None);
    }
}
