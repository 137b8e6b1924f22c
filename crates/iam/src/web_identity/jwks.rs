//! The public keys of an issuer (a JSON Web Key Set, RFC 7517), and what they sign with.

use std::ops::RangeInclusive;

use aws_lc_rs::rsa::PublicEncryptingKey;
use aws_lc_rs::signature::{
    self, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

use super::WebIdentityError;

/// The keys of an issuer that can verify its tokens; at most 100.
#[derive(Debug)]
pub struct Jwks {
    keys: Vec<Jwk>,
}

/// Why something is not a JSON Web Key Set. Nothing of it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    /// Longer than [`JWKS_BYTES_MAX`].
    #[error("the key set is longer than {JWKS_BYTES_MAX} bytes")]
    TooLong,
    /// Not a JSON object with a list `keys`.
    #[error("not a JSON Web Key Set")]
    Malformed,
    /// More than 100 keys.
    #[error("the key set has more than {KEYS_MAX} keys")]
    TooManyKeys,
}

impl Jwks {
    /// Reads a key set: RSA from 2048 to 8192 bits, EC on P-256, P-384 and P-521, OKP Ed25519.
    ///
    /// Keys that are something else, are not for signatures, or are broken are stepped over, as
    /// RFC 7517 §5 has it. An empty set is one too: the issuer has withdrawn its keys.
    pub fn parse(json: &[u8]) -> Result<Self, JwksError> {
        if json.len() > JWKS_BYTES_MAX {
            return Err(JwksError::TooLong);
        }
        let set: Value = serde_json::from_slice(json).map_err(|_| JwksError::Malformed)?;
        let entries = set.get("keys").and_then(Value::as_array).ok_or(JwksError::Malformed)?;
        if entries.len() > KEYS_MAX {
            return Err(JwksError::TooManyKeys);
        }
        Ok(Self { keys: entries.iter().filter_map(Jwk::read).collect() })
    }

    /// Whether a usable key has this id.
    pub fn names(&self, key_id: &str) -> bool {
        self.keys.iter().any(|key| key.id.as_deref() == Some(key_id))
    }

    /// Whether no key of the set is usable.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Verifies a signature with the keys that may have made it: those of this id and those
    /// without one, or all if the token names none; of them, those that the algorithm suits.
    pub(super) fn verify(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), WebIdentityError> {
        let may_be_meant = |key: &Jwk| match (key_id, &key.id) {
            (Some(wanted), Some(id)) => wanted == id,
            _ => true,
        };
        let mut error = WebIdentityError::UnknownKey;
        for key in self.keys.iter().filter(|key| may_be_meant(key)) {
            match key.verify(algorithm, message, signature) {
                Some(true) => return Ok(()),
                Some(false) => error = WebIdentityError::Signature,
                None => {}
            }
        }
        Err(error)
    }
}

/// A signature algorithm of JWS; only those with a public key exist here.
///
/// RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.
#[derive(Clone, Copy)]
pub(super) struct Algorithm {
    name: &'static str,
    scheme: Scheme,
}

impl Algorithm {
    /// The algorithm that a header calls by this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        ALGORITHMS.iter().find(|algorithm| algorithm.name == name).copied()
    }
}

#[derive(Clone, Copy)]
enum Scheme {
    Rsa(&'static RsaParameters),
    /// The curve decides the hash.
    Curve(&'static str),
}

#[derive(Debug)]
struct Jwk {
    id: Option<String>,
    /// If the issuer says it, the only algorithm of this key.
    algorithm: Option<String>,
    key: PublicKey,
}

#[derive(Debug)]
enum PublicKey {
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    Curve(&'static str, ParsedPublicKey),
}

impl Jwk {
    /// Reads one entry; `None` if it is to be stepped over.
    fn read(entry: &Value) -> Option<Self> {
        let entry = entry.as_object()?;
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        // What is there must be understood: an id that is no text is not the lack of an id.
        let optional = |name: &str| match entry.get(name) {
            None => Some(None),
            Some(value) => value.as_str().map(|text| Some(text.to_owned())),
        };
        if optional("use")?.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        if let Some(operations) = entry.get("key_ops")
            && !operations.as_array()?.iter().any(|operation| operation == "verify")
        {
            return None;
        }
        let key = match text("kty")? {
            "RSA" => rsa(text("n")?, text("e")?)?,
            kty => curve(kty, text("crv")?, text("x")?, text("y"))?,
        };
        Some(Self { id: optional("kid")?, algorithm: optional("alg")?, key })
    }

    /// `None` if the algorithm is not for this key.
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Option<bool> {
        if self.algorithm.as_ref().is_some_and(|only| only != algorithm.name) {
            return None;
        }
        let verified = match (algorithm.scheme, &self.key) {
            (Scheme::Rsa(parameters), PublicKey::Rsa(key)) => {
                key.verify(parameters, message, signature)
            }
            (Scheme::Curve(wanted), PublicKey::Curve(curve, key)) if wanted == *curve => {
                key.verify_sig(message, signature)
            }
            _ => return None,
        };
        Some(verified.is_ok())
    }
}

fn rsa(n: &str, e: &str) -> Option<PublicKey> {
    // Some issuers write numbers with a leading zero, which the library refuses.
    let number = |text: &str| {
        let bytes = decode(text)?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes.get(zeros..).map(<[u8]>::to_vec)
    };
    let components = RsaPublicKeyComponents { n: number(n)?, e: number(e)? };
    // The library takes an exponent of 1, with which everybody can sign.
    let is_odd = components.e.last()? & 1 == 1;
    if !is_odd || !EXPONENT_BYTES.contains(&components.e.len()) {
        return None;
    }
    // This checks the modulus; the components verify.
    let checked: PublicEncryptingKey = components.clone().try_into().ok()?;
    let is_sized = (RSA_BITS_MIN..=RSA_BITS_MAX).contains(&checked.key_size_bits());
    is_sized.then_some(PublicKey::Rsa(components))
}

fn curve(kty: &str, name: &str, x: &str, y: Option<&str>) -> Option<PublicKey> {
    let curve = CURVES.iter().find(|curve| curve.kty == kty && curve.name == name)?;
    let coordinate =
        |text: &str| decode(text).filter(|bytes| bytes.len() == curve.coordinate_bytes);
    let x = coordinate(x)?;
    let encoded = match curve.kty {
        "EC" => [vec![UNCOMPRESSED_POINT], x, coordinate(y?)?].concat(),
        _ => x,
    };
    let key = ParsedPublicKey::new(curve.algorithm, encoded).ok()?;
    Some(PublicKey::Curve(curve.name, key))
}

/// base64url without padding, in its one canonical form (RFC 7515 §2).
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

/// A curve as JWK names it.
struct Curve {
    kty: &'static str,
    name: &'static str,
    coordinate_bytes: usize,
    algorithm: &'static dyn VerificationAlgorithm,
}

const CURVES: [Curve; 4] = [
    Curve {
        kty: "EC",
        name: "P-256",
        coordinate_bytes: 32,
        algorithm: &signature::ECDSA_P256_SHA256_FIXED,
    },
    Curve {
        kty: "EC",
        name: "P-384",
        coordinate_bytes: 48,
        algorithm: &signature::ECDSA_P384_SHA384_FIXED,
    },
    Curve {
        kty: "EC",
        name: "P-521",
        coordinate_bytes: 66,
        algorithm: &signature::ECDSA_P521_SHA512_FIXED,
    },
    Curve { kty: "OKP", name: "Ed25519", coordinate_bytes: 32, algorithm: &signature::ED25519 },
];

const ALGORITHMS: [Algorithm; 11] = [
    rsa_algorithm("RS256", &signature::RSA_PKCS1_2048_8192_SHA256),
    rsa_algorithm("RS384", &signature::RSA_PKCS1_2048_8192_SHA384),
    rsa_algorithm("RS512", &signature::RSA_PKCS1_2048_8192_SHA512),
    rsa_algorithm("PS256", &signature::RSA_PSS_2048_8192_SHA256),
    rsa_algorithm("PS384", &signature::RSA_PSS_2048_8192_SHA384),
    rsa_algorithm("PS512", &signature::RSA_PSS_2048_8192_SHA512),
    Algorithm { name: "ES256", scheme: Scheme::Curve("P-256") },
    Algorithm { name: "ES384", scheme: Scheme::Curve("P-384") },
    Algorithm { name: "ES512", scheme: Scheme::Curve("P-521") },
    Algorithm { name: "EdDSA", scheme: Scheme::Curve("Ed25519") },
    Algorithm { name: "Ed25519", scheme: Scheme::Curve("Ed25519") },
];

const fn rsa_algorithm(name: &'static str, parameters: &'static RsaParameters) -> Algorithm {
    Algorithm { name, scheme: Scheme::Rsa(parameters) }
}

/// The longest key set that is read.
pub const JWKS_BYTES_MAX: usize = 256 * 1024;

/// Issuers have a handful of keys.
const KEYS_MAX: usize = 100;

/// RFC 7518 §3.3 for the least; the library has no more.
const RSA_BITS_MIN: usize = 2048;
const RSA_BITS_MAX: usize = 8192;

/// Odd numbers of so many bytes are from 65,537 (FIPS 186-5 §5.1) to 2³² - 1.
const EXPONENT_BYTES: RangeInclusive<usize> = 3..=4;

/// The first byte of an uncompressed point (SEC 1 §2.3.3).
const UNCOMPRESSED_POINT: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 A.4; its payload is no JSON, so that only the signature can be verified.
    #[test]
    fn rfc_8037_a_4() {
        let set = r#"{"keys":[{"kty":"OKP","crv":"Ed25519",
            "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        let keys = Jwks::parse(set.as_bytes()).unwrap();
        let signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let mut signature = decode(
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        )
        .unwrap();
        let algorithm = Algorithm::named("EdDSA").unwrap();
        assert_eq!(keys.verify(algorithm, None, signed, &signature), Ok(()));
        signature[0] ^= 1;
        assert_eq!(
            keys.verify(algorithm, None, signed, &signature),
            Err(WebIdentityError::Signature)
        );
    }
}
