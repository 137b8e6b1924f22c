//! Signatures of webhooks, by the convention of Standard Webhooks: `v1,` and the base64 of the
//! HMAC-SHA256 over id, timestamp and body.
//!
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use anyhow::{Result, anyhow, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::ops::RangeInclusive;
use trent_crypto::mac::hmac_sha256;
use zeroize::Zeroizing;

/// The secrets of a webhook. Each signs: while one is replaced, there are two.
pub(super) struct Secrets(Vec<Zeroizing<Vec<u8>>>);

impl Secrets {
    /// Reads secrets of the form `whsec_` and base64, one a line. Errors do not show them.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let secrets: Vec<_> = lines.map(secret).collect::<Result<_>>()?;
        ensure!(
            COUNT.contains(&secrets.len()),
            "there are {} secrets in it, not {} to {}",
            secrets.len(),
            COUNT.start(),
            COUNT.end()
        );
        Ok(Self(secrets))
    }

    /// The header `webhook-signature` of a message.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
        let sign = |secret: &Zeroizing<Vec<u8>>| {
            format!("v1,{}", BASE64_STANDARD.encode(hmac_sha256(secret, &signed)))
        };
        self.0.iter().map(sign).collect::<Vec<_>>().join(" ")
    }
}

fn secret(line: &str) -> Result<Zeroizing<Vec<u8>>> {
    let bytes = line
        .strip_prefix("whsec_")
        .and_then(|encoded| BASE64_STANDARD.decode(encoded).ok())
        .map(Zeroizing::new)
        .filter(|bytes| BYTES.contains(&bytes.len()));
    bytes.ok_or_else(|| {
        let (least, most) = (BYTES.start(), BYTES.end());
        anyhow!("a secret is `whsec_` and {least} to {most} bytes in base64, one a line")
    })
}

/// Standard Webhooks, "Signature scheme": between 192 and 512 bits.
const BYTES: RangeInclusive<usize> = 24..=64;

const COUNT: RangeInclusive<usize> = 1..=4;

#[cfg(test)]
mod tests {
    use super::*;

    /// A vector of the libraries of Standard Webhooks.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn signed(secrets: &str) -> String {
        let secrets = Secrets::parse(secrets).unwrap();
        secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b"{\"test\": 2432232314}")
    }

    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        assert_eq!(signed(SECRET), SIGNATURE);
        let other = format!("whsec_{}", BASE64_STANDARD.encode([7; 64]));
        let both = signed(&format!("\n{SECRET}\r\n{other}\n"));
        assert_eq!(both.split(' ').collect::<Vec<_>>(), [SIGNATURE, &signed(&other)]);
    }

    #[test]
    fn what_is_no_secret_is_refused_and_not_shown() {
        let long = format!("whsec_{}", BASE64_STANDARD.encode([7; 65]));
        let short = format!("whsec_{}", BASE64_STANDARD.encode([7; 23]));
        let five = format!("{SECRET}\n").repeat(5);
        let bare = SECRET.trim_start_matches("whsec_");
        for text in ["", "\n", bare, "whsec_", "whsec_$$$", &long, &short, &five] {
            let said = Secrets::parse(text).err().unwrap().to_string();
            assert!(!said.contains(bare) && !said.contains("BwcH"), "{said}");
        }
    }
}
