//! What several unit tests need.

/// The bytes of a hexadecimal string.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// Fails if `shown` holds bytes of `secret`: a byte as a decimal or hexadecimal word, or two
/// neighbors as hexadecimal digits. Call it with fixed secrets, so that chance has no part in it.
pub(crate) fn assert_shows_no_byte(shown: &str, secret: &[u8]) {
    let shown = shown.to_ascii_lowercase();
    for pair in secret.windows(2) {
        let digits = format!("{:02x}{:02x}", pair[0], pair[1]);
        assert!(!shown.contains(&digits), "`{shown}` shows secret bytes");
        for digits in [format!("{}", pair[0]), format!("{:02x}", pair[0])] {
            let mut words = shown.split(|c: char| !c.is_ascii_alphanumeric());
            assert!(!words.any(|word| word == digits), "`{shown}` shows a secret byte");
        }
    }
}
