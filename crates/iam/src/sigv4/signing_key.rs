//! The signing key: a secret access key bound to a day, a Region and a service.

use std::fmt;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::TERMINATOR;

/// A key that signs for one day, Region and service only.
///
/// On the heap; zeroized on drop by the library; never printed.
///
/// AWS: IAM User Guide, "Create a signed AWS API request", step 4
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.
pub struct SigningKey(Box<hmac::Key>);

impl SigningKey {
    pub(super) fn derive(secret: &str, date: &str, region: &str, service: &str) -> Self {
        let mut first = Zeroizing::new(Vec::with_capacity(PREFIX.len() + secret.len()));
        first.extend_from_slice(PREFIX);
        first.extend_from_slice(secret.as_bytes());
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        authenticate(&first, date, &mut key);
        for part in [region, service, TERMINATOR] {
            let previous = key.clone();
            authenticate(previous.as_slice(), part, &mut key);
        }
        Self(Box::new(hmac::Key::new(hmac::HMAC_SHA256, key.as_slice())))
    }

    pub(super) fn sign(&self, string_to_sign: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, string_to_sign)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

fn authenticate(key: &[u8], data: &str, tag: &mut [u8; KEY_BYTES]) {
    let computed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data.as_bytes());
    tag.copy_from_slice(computed.as_ref());
}

/// What a secret access key is prefixed with.
const PREFIX: &[u8] = b"AWS4";
/// Length of an HMAC-SHA256.
const KEY_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS: the example of "Examples of how to derive a signing key for Signature Version 4".
    #[test]
    fn derives_the_key_of_the_published_example() {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let key = SigningKey::derive(secret, "20120215", "us-east-1", "iam");
        let published = [
            0xf4, 0x78, 0x0e, 0x2d, 0x9f, 0x65, 0xfa, 0x89, 0x5f, 0x9c, 0x67, 0xb3, 0x2c, 0xe1,
            0xba, 0xf0, 0xb0, 0xd8, 0xa4, 0x35, 0x05, 0xa0, 0x00, 0xa1, 0xa9, 0xe0, 0x90, 0xd4,
            0x14, 0xdb, 0x40, 0x4d,
        ];
        let published = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &published), b"text");
        assert_eq!(key.sign(b"text").as_ref(), published.as_ref());
    }

    #[test]
    fn is_not_printed() {
        let key = SigningKey::derive("secret", "20120215", "us-east-1", "iam");
        assert_eq!(format!("{key:?}"), "SigningKey(..)");
    }
}
