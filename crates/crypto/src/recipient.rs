//! Encryption for a recipient: what `CiphertextForRecipient` holds.
//!
//! It is a CMS `EnvelopedData` (RFC 5652 §6) that only the holder of the recipient's private key
//! opens: a fresh AES-256-CBC key, encrypted to an RSA public key. CBC does not authenticate; that
//! is the format that clients of AWS KMS expect, and the reply travels under TLS.
//!
//! AWS publishes the algorithms with its client, not with its API:
//! <https://github.com/aws/aws-nitro-enclaves-sdk-c/blob/main/source/cms.c>. That client reads only
//! the encoding that AWS KMS writes, which is BER: the outer layers have indefinite lengths. So does
//! this, layer by layer.

use aws_lc_rs::{
    cipher::{AES_256, AES_256_KEY_LEN, PaddedBlockEncryptingKey, UnboundCipherKey},
    digest::{SHA256, digest},
};
use zeroize::Zeroizing;

use crate::{
    error::CryptoError,
    key_pair::{KeyPairSpec, PublicKey},
    random,
    rsa::EncryptionAlgorithm,
};

/// The longest plaintext that is encrypted for a recipient: far beyond what any operation answers.
pub const PLAINTEXT_BYTES_MAX: usize = 65_536;

/// The public key of a recipient: RSA of 2048, 3072 or 4096 bits.
#[derive(Debug)]
pub struct RecipientKey(PublicKey);

impl RecipientKey {
    /// The key of a `SubjectPublicKeyInfo` in DER. Fails with [`CryptoError::InvalidPublicKey`]
    /// unless it is exactly one RSA key of 2048, 3072 or 4096 bits.
    pub fn from_spki(der: &[u8]) -> Result<Self, CryptoError> {
        [KeyPairSpec::Rsa2048, KeyPairSpec::Rsa3072, KeyPairSpec::Rsa4096]
            .into_iter()
            .find_map(|spec| PublicKey::from_spki(spec, der).ok())
            .map(Self)
            .ok_or(CryptoError::InvalidPublicKey)
    }

    /// The public key as it was given, a `SubjectPublicKeyInfo` in DER.
    pub fn as_spki(&self) -> &[u8] {
        self.0.as_spki()
    }
}

/// `plaintext` encrypted for `recipient`: a `ContentInfo` with an `EnvelopedData` of version 2 for
/// one recipient, named by its subject key identifier. The content key is encrypted with
/// RSAES-OAEP over SHA-256 (RFC 4055 §4.1), the content with AES-256-CBC (RFC 3565).
///
/// The subject key identifier is the SHA-256 hash of the `SubjectPublicKeyInfo` (RFC 7093 §2,
/// method 4), which is what AWS KMS answers. Fails with [`CryptoError::TooLong`] if the plaintext
/// is longer than [`PLAINTEXT_BYTES_MAX`].
pub fn encrypt_for(recipient: &RecipientKey, plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
    if plaintext.len() > PLAINTEXT_BYTES_MAX {
        return Err(CryptoError::TooLong);
    }
    let key = random::bytes(AES_256_KEY_LEN)?;
    let encrypted_key = recipient.0.encrypt(EncryptionAlgorithm::RsaesOaepSha256, &key)?;
    let content = encrypt_content(&key, plaintext)?;

    let key_id = digest(&SHA256, recipient.as_spki());
    let recipient_info = element(
        SEQUENCE,
        &[
            VERSION_2,
            &element(SUBJECT_KEY_IDENTIFIER, &[key_id.as_ref()]),
            RSAES_OAEP_SHA256,
            &element(OCTET_STRING, &[&encrypted_key]),
        ],
    );
    let content_algorithm =
        element(SEQUENCE, &[AES256_CBC, &element(OCTET_STRING, &[content.iv.as_slice()])]);
    Ok([
        INDEFINITE_SEQUENCE,
        ENVELOPED_DATA,
        INDEFINITE_CONTEXT_0,
        INDEFINITE_SEQUENCE,
        VERSION_2,
        &element(SET, &[&recipient_info]),
        INDEFINITE_SEQUENCE,
        DATA,
        &content_algorithm,
        INDEFINITE_CONTEXT_0,
        &element(OCTET_STRING, &[&content.ciphertext]),
        ENDS_OF_FIVE,
    ]
    .concat())
}

struct EncryptedContent {
    iv: Vec<u8>,
    ciphertext: Vec<u8>,
}

/// AES-256-CBC with the padding of PKCS#7 and a random initialization vector.
fn encrypt_content(key: &[u8], plaintext: &[u8]) -> Result<EncryptedContent, CryptoError> {
    let key = UnboundCipherKey::new(&AES_256, key)
        .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
        .map_err(|_| CryptoError::Library)?;
    // With room for the padding, so that no plaintext stays behind where the vector was before.
    let mut buffer = Zeroizing::new(Vec::with_capacity(plaintext.len() + AES_256.block_len()));
    buffer.extend_from_slice(plaintext);
    let context = key.encrypt(&mut *buffer).map_err(|_| CryptoError::Library)?;
    let iv = <&[u8]>::try_from(&context).map_err(|_| CryptoError::Library)?.to_vec();
    Ok(EncryptedContent { iv, ciphertext: std::mem::take(&mut *buffer) })
}

/// A value in DER with this tag, whose content are these parts (ITU-T X.690 §8.1, §10.1).
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let leading_zeros = length.iter().take_while(|byte| **byte == 0).count();
    let length = length.get(leading_zeros..).unwrap_or_default();
    let mut element = vec![tag];
    match (length, u8::try_from(length.len())) {
        ([], _) => element.push(0),
        ([short @ ..=0x7f], _) => element.push(*short),
        (_, Ok(bytes)) => {
            element.push(0x80 | bytes);
            element.extend_from_slice(length);
        }
        (_, Err(_)) => {}
    }
    element.extend_from_slice(&content);
    element
}

const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// The tag of `subjectKeyIdentifier` in a `RecipientIdentifier` (RFC 5652 §6.2.1).
const SUBJECT_KEY_IDENTIFIER: u8 = 0x80;

/// The beginning of a SEQUENCE of indefinite length.
const INDEFINITE_SEQUENCE: &[u8] = &[0x30, 0x80];

/// The beginning of a constructed value of indefinite length with the context-specific tag 0.
const INDEFINITE_CONTEXT_0: &[u8] = &[0xa0, 0x80];

/// The ends of five values of indefinite length.
const ENDS_OF_FIVE: &[u8] = &[0; 10];

/// The INTEGER 2.
const VERSION_2: &[u8] = &[0x02, 0x01, 0x02];

/// id-envelopedData, 1.2.840.113549.1.7.3.
const ENVELOPED_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03";

/// id-data, 1.2.840.113549.1.7.1.
const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";

/// id-aes256-CBC, 2.16.840.1.101.3.4.1.42.
const AES256_CBC: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a";

/// The `AlgorithmIdentifier` of id-RSAES-OAEP with SHA-256 and MGF1 over SHA-256
/// (rSAES-OAEP-SHA256-Identifier of RFC 4055 §6).
const RSAES_OAEP_SHA256: &[u8] = b"\x30\x3c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07\x30\x2f\
    \xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\
    \xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\
    \x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_minimal() {
        let header = |len: usize| element(4, &[&vec![7; len]])[..].split_at(4).0.to_vec();
        assert_eq!(element(4, &[]), [4, 0]);
        assert_eq!(element(4, &[&[1], &[2, 3]]), [4, 3, 1, 2, 3]);
        assert_eq!(header(0x7f), [4, 0x7f, 7, 7]);
        assert_eq!(header(0x80), [4, 0x81, 0x80, 7]);
        assert_eq!(header(0x100), [4, 0x82, 1, 0]);
        assert_eq!(header(0x1_0000), [4, 0x83, 1, 0]);
    }
}
