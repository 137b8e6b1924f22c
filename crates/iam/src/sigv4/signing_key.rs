//! The signing key: a secret access key bound to a day, a Region and a service.

use std::fmt;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::TERMINATOR;

/// A key that signs for one day, Region and service only.
///
/// On the heap, so that moving it leaves no copy behind; zeroized on drop; never printed.
///
/// AWS: IAM User Guide, "Create a signed AWS API request", step 4
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.
#[derive(Clone)]
pub struct SigningKey(Box<Zeroizing<[u8; KEY_BYTES]>>);

impl SigningKey {
    pub(super) fn derive(secret: &str, date: &str, region: &str, service: &str) -> Self {
        let mut first = Zeroizing::new(Vec::with_capacity(PREFIX.len() + secret.len()));
        first.extend_from_slice(PREFIX);
        first.extend_from_slice(secret.as_bytes());
        let mut key = Box::new(Zeroizing::new([0; KEY_BYTES]));
        authenticate(&first, date, &mut key);
        for part in [region, service, TERMINATOR] {
            let previous = key.clone();
            authenticate(previous.as_slice(), part, &mut key);
        }
        Self(key)
    }

    pub(super) fn sign(&self, string_to_sign: &[u8]) -> hmac::Tag {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice()), string_to_sign)
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
    use super::super::canonical::push_hex;
    use super::*;

    /// AWS: the example of "Examples of how to derive a signing key for Signature Version 4".
    #[test]
    fn derives_the_key_of_the_published_example() {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let key = SigningKey::derive(secret, "20120215", "us-east-1", "iam");
        let mut hex = Vec::new();
        push_hex(&mut hex, key.0.as_slice());
        assert_eq!(hex, b"f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
    }

    #[test]
    fn is_not_printed() {
        let key = SigningKey::derive("secret", "20120215", "us-east-1", "iam");
        assert_eq!(format!("{key:?}"), "SigningKey(..)");
    }
}
