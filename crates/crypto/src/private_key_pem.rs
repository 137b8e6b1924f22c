//! Private keys as text (RFC 7468): PKCS#8, and the older forms of RSA (PKCS#1, RFC 8017
//! appendix A.1.2) and of elliptic curves (SEC 1, RFC 5915). Encrypted ones are none.

use thiserror::Error;
use zeroize::Zeroizing;

use crate::{
    der,
    ecc::EccPrivateKey,
    key_pair::{KeyPair, KeyPairSpec},
    rsa::RsaPrivateKey,
};

/// Why a text is not taken as a private key. It repeats nothing of it but the label.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PemError {
    /// Not one PEM document (RFC 7468), in lines of 64 characters.
    #[error("not one PEM document with lines of 64 characters")]
    NotPem,

    /// A document of another kind.
    #[error("`{0}` is none of `PRIVATE KEY`, `RSA PRIVATE KEY`, `EC PRIVATE KEY`")]
    Label(String),

    /// No valid private key of the specs asked for, or one that does not tell which it is of.
    #[error("not a private key of a key spec that is supported here")]
    NotOfSpecs,
}

/// The key pair of the one private key in `pem`, which must be of exactly one of `specs`.
pub fn key_pair(pem: &str, specs: &[KeyPairSpec]) -> Result<KeyPair, PemError> {
    let (label, der) =
        pem_rfc7468::decode_vec(pem.trim().as_bytes()).map_err(|_| PemError::NotPem)?;
    let der = Zeroizing::new(der);
    let form = match label {
        "PRIVATE KEY" => Form::Pkcs8,
        "RSA PRIVATE KEY" => Form::Pkcs1,
        "EC PRIVATE KEY" => Form::Sec1,
        other => return Err(PemError::Label(other.to_owned())),
    };
    if der::sequence(&der).is_none() {
        return Err(PemError::NotOfSpecs);
    }
    // SEC 1 may leave out the curve; then several can fit.
    let mut found = specs.iter().filter_map(|spec| form.read(*spec, &der));
    match (found.next(), found.next()) {
        (Some(key), None) => Ok(key),
        _ => Err(PemError::NotOfSpecs),
    }
}

/// How a private key is written in DER.
#[derive(Clone, Copy)]
enum Form {
    Pkcs1,
    Pkcs8,
    Sec1,
}

impl Form {
    fn read(self, spec: KeyPairSpec, der: &[u8]) -> Option<KeyPair> {
        match self {
            Self::Pkcs1 => KeyPair::import_pkcs8(spec, &RsaPrivateKey::pkcs8_of_pkcs1(der).ok()?),
            Self::Pkcs8 => KeyPair::import_pkcs8(spec, der),
            Self::Sec1 => {
                KeyPair::import_pkcs8(spec, &EccPrivateKey::pkcs8_of_sec1(spec, der).ok()?)
            }
        }
        .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use KeyPairSpec as S;
    use pem_rfc7468::{LineEnding, encode_string};

    const RSA: &[S] = &[S::Rsa2048, S::Rsa3072, S::Rsa4096];
    const ECC: &[S] =
        &[S::EccNistP256, S::EccNistP384, S::EccNistP521, S::EccSecgP256k1, S::EccNistEdwards25519];

    /// Made by `openssl ecparam -genkey -noout`.
    const OF_OPENSSL: [(S, &str); 4] = [
        (S::EccNistP256, P256),
        (S::EccNistP384, P384),
        (S::EccNistP521, P521),
        (S::EccSecgP256k1, SECP256K1),
    ];

    fn refused(pem: &str, specs: &[S]) -> PemError {
        key_pair(pem, specs).unwrap_err()
    }

    fn text(label: &str, der: &[u8]) -> String {
        encode_string(label, LineEnding::LF, der).unwrap()
    }

    #[test]
    fn sec_1_of_every_curve() {
        for (spec, pem) in OF_OPENSSL {
            let key = key_pair(pem, ECC).unwrap();
            assert_eq!(key.spec(), spec);
            assert_eq!(refused(pem, RSA), PemError::NotOfSpecs);
            let others: Vec<S> = ECC.iter().copied().filter(|other| *other != spec).collect();
            assert_eq!(refused(pem, &others), PemError::NotOfSpecs);
            // The end of it is the public point.
            let (_, der) = pem_rfc7468::decode_vec(pem.as_bytes()).unwrap();
            let point = &der[der.len() - 64..];
            assert!(key.public_key().ends_with(point));
        }
    }

    #[test]
    fn pkcs_8_of_everything() {
        for spec in [S::Rsa2048, S::EccNistP384, S::EccSecgP256k1, S::EccNistEdwards25519] {
            let key = KeyPair::generate(spec).unwrap();
            let pem = text("PRIVATE KEY", &key.to_pkcs8().unwrap());
            let read = key_pair(&pem, &[RSA, ECC].concat()).unwrap();
            assert_eq!(read.spec(), spec);
            assert_eq!(read.to_pkcs8().unwrap(), key.to_pkcs8().unwrap());
            assert_eq!(key_pair(&pem.replace('\n', "\r\n"), &[spec]).unwrap().spec(), spec);
        }
    }

    #[test]
    fn pkcs_1() {
        let key = KeyPair::generate(S::Rsa2048).unwrap();
        let pkcs8 = key.to_pkcs8().unwrap();
        // What PKCS#8 puts before the RSAPrivateKey of this length.
        let pkcs1 = &pkcs8[26..];
        let read = key_pair(&text("RSA PRIVATE KEY", pkcs1), RSA).unwrap();
        assert_eq!(read.spec(), S::Rsa2048);
        assert_eq!(*read.to_pkcs8().unwrap(), *pkcs8);
        let longer = [pkcs1, &[0]].concat();
        assert_eq!(refused(&text("RSA PRIVATE KEY", &longer), RSA), PemError::NotOfSpecs);
        let mut damaged = pkcs1.to_vec();
        damaged[40] ^= 1;
        assert_eq!(refused(&text("RSA PRIVATE KEY", &damaged), RSA), PemError::NotOfSpecs);
    }

    #[test]
    fn what_is_not_one_private_key() {
        for other in ["", "x", &P256[1..], &P256.replace("END EC", "END"), &[P256, P384].concat()] {
            assert_eq!(refused(other, ECC), PemError::NotPem, "{other}");
        }
        let certificate = text("CERTIFICATE", &[0x30, 0]);
        assert_eq!(refused(&certificate, ECC), PemError::Label("CERTIFICATE".to_owned()));
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            for der in [&[0x30, 0][..], &[0xff; 100]] {
                assert_eq!(refused(&text(label, der), &[RSA, ECC].concat()), PemError::NotOfSpecs);
            }
        }
    }

    #[test]
    fn sec_1_without_a_curve_is_not_guessed() {
        let (_, der) = pem_rfc7468::decode_vec(P256.as_bytes()).unwrap();
        // The version and the private key alone.
        let der = [&[0x30, 37], &der[2..39]].concat();
        assert_eq!(refused(&text("EC PRIVATE KEY", &der), ECC), PemError::NotOfSpecs);
        let pem = text("EC PRIVATE KEY", &der);
        assert_eq!(key_pair(&pem, &[S::EccNistP256]).unwrap().spec(), S::EccNistP256);
    }

    const P256: &str = "\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIIDR7o1Ier+qr6sJUvm2Zd/Qhdo0jnXjG0J0xRQq33eAoAoGCCqGSM49
AwEHoUQDQgAERXuJCVW2kzpmkbo2g0bOhfBYC9mWIeV1mQUXUFTMclboDcqT21sy
PqfKDN9m5fGqioDpGUWsTLmaE3F327bYrQ==
-----END EC PRIVATE KEY-----
";

    const P384: &str = "\
-----BEGIN EC PRIVATE KEY-----
MIGkAgEBBDCXnx9H0h3TMyzP6i7uPFTcDtFtWa9QnXgCT4N9qr3TAVL/R0xNt1qX
+lbxJYyl4lmgBwYFK4EEACKhZANiAAQtgkae+XUzL5skINjQQCGsdpXM5ATnnkCZ
9DKw7pspKTHGTfmbaeqFnw7m4h2ShF3Odbv7le1Zn7LDNWqLjbW/a/y858UJXdes
bJNJsS/bNitWC81XrbOHQib7nU/bmz0=
-----END EC PRIVATE KEY-----
";

    const P521: &str = "\
-----BEGIN EC PRIVATE KEY-----
MIHcAgEBBEIBpQQ/Emihl/ASyb5lPqWS7PjLZhmboJaxCt//L6YyTTZBDjUkShwm
x8nNCdh57ePO8t2niHisT3/vBWfgv5sIAMKgBwYFK4EEACOhgYkDgYYABAA7+1k9
D5Mt0JoAjiEmOl4RgMUkRtaY38UKkeFaBwHDtDiwofTWwiNxuMa3AK5/ygs8VOic
pSURUzPDJwTfFGhthAAqSk024gx5798wBMtgTbpbTarSN+vl2A7RqTGFqGBWHyH2
pN7lReSBwLjF8cHOkuEwrVO4oCMqoDpVdX4OSR+LiQ==
-----END EC PRIVATE KEY-----
";

    const SECP256K1: &str = "\
-----BEGIN EC PRIVATE KEY-----
MHQCAQEEIA60KcQVxDvY3o49ZYaAu75MTnzv04oZbiQs9if3R5ivoAcGBSuBBAAK
oUQDQgAExYZL6xn2Fuf5FTRIObubsDvZvThYGkWX++GLRZZ9g3jA4SQoHsf8w8ou
0qlei4Da4fonKXaBkzHJzyiscvfVIw==
-----END EC PRIVATE KEY-----
";
}
