//! What is encrypted for a recipient opens with the recipient's private key, read by the crate
//! `cms`. The same partners as elsewhere read it too: `outside/make_attestation.py check`.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, outside of `#[test]` functions too"
)]

mod support;

use std::{fs, path::Path};

use aws_lc_rs::{
    cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey},
    digest::{SHA256, digest},
};
use cms::{
    cert::x509::der::{
        Decode, Encode,
        asn1::{ObjectIdentifier, OctetStringRef},
    },
    content_info::{CmsVersion, ContentInfo},
    enveloped_data::{EnvelopedData, RecipientIdentifier, RecipientInfo},
};
use trent_crypto::{
    CryptoError,
    key_pair::{KeyPair, KeyPairSpec},
    recipient::{PLAINTEXT_BYTES_MAX, RecipientKey, encrypt_for},
    rsa::EncryptionAlgorithm,
};

const RSA: [KeyPairSpec; 3] = [KeyPairSpec::Rsa2048, KeyPairSpec::Rsa3072, KeyPairSpec::Rsa4096];

/// What follows the identifier and the length octets, and the tag; `None` is an indefinite length.
fn header(input: &[u8]) -> (u8, Option<usize>, &[u8]) {
    let (tag, first, rest) = (input[0], input[1], &input[2..]);
    match first {
        0..=0x7f => (tag, Some(first.into()), rest),
        0x80 => (tag, None, rest),
        _ => {
            let (length, rest) = rest.split_at(usize::from(first & 0x7f));
            let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            (tag, Some(length), rest)
        }
    }
}

/// The first value of `input` in DER, and what follows it. Indefinite lengths become definite, and
/// an implicitly tagged string in pieces becomes one piece.
fn to_der(input: &[u8]) -> (Vec<u8>, &[u8]) {
    let (tag, length, mut rest) = header(input);
    if let Some(length) = length {
        let (content, rest) = rest.split_at(length);
        return (support::der(tag, content), rest);
    }
    let is_string = tag == 0xa0 && rest[0] == 4;
    let mut content = Vec::new();
    while !rest.starts_with(&[0, 0]) {
        let (value, after) = to_der(rest);
        content.extend_from_slice(if is_string { header(&value).2 } else { &value });
        rest = after;
    }
    (support::der(if is_string { 0x80 } else { tag }, &content), &rest[2..])
}

/// Opens what was encrypted for `key`, and checks everything on the way.
fn open(key: &KeyPair, message: &[u8]) -> Vec<u8> {
    let oid = |text| ObjectIdentifier::new(text).unwrap();
    let (message, rest) = to_der(message);
    assert!(rest.is_empty());
    let info = ContentInfo::from_der(&message).unwrap();
    assert_eq!(info.content_type, oid("1.2.840.113549.1.7.3"));
    let enveloped: EnvelopedData = info.content.decode_as().unwrap();
    assert_eq!(enveloped.version, CmsVersion::V2);
    assert!(enveloped.originator_info.is_none() && enveloped.unprotected_attrs.is_none());

    assert_eq!(enveloped.recip_infos.0.len(), 1);
    let RecipientInfo::Ktri(recipient) = enveloped.recip_infos.0.get(0).unwrap() else {
        panic!("no key transport");
    };
    assert_eq!(recipient.version, CmsVersion::V2);
    let RecipientIdentifier::SubjectKeyIdentifier(id) = &recipient.rid else {
        panic!("no subject key identifier");
    };
    assert_eq!(id.0.as_bytes(), digest(&SHA256, key.public_key()).as_ref());
    assert_eq!(recipient.key_enc_alg.oid, oid("1.2.840.113549.1.1.7"));
    let sha256 = "300d06096086480165030402010500";
    let parameters = format!("302fa00f{sha256}a11c301a06092a864886f70d010108{sha256}");
    let parameters = support::bytes(&parameters.into());
    assert_eq!(recipient.key_enc_alg.parameters.to_der().unwrap(), parameters);
    let content_key =
        key.decrypt(EncryptionAlgorithm::RsaesOaepSha256, recipient.enc_key.as_bytes()).unwrap();

    let content = enveloped.encrypted_content;
    assert_eq!(content.content_type, oid("1.2.840.113549.1.7.1"));
    assert_eq!(content.content_enc_alg.oid, oid("2.16.840.1.101.3.4.1.42"));
    let parameters = content.content_enc_alg.parameters.unwrap();
    let iv: OctetStringRef<'_> = parameters.decode_as().unwrap();
    let iv = DecryptionContext::Iv128(iv.as_bytes().try_into().unwrap());
    let mut ciphertext = content.encrypted_content.unwrap().into_bytes();
    let content_key = UnboundCipherKey::new(&AES_256, &content_key).unwrap();
    let content_key = PaddedBlockDecryptingKey::cbc_pkcs7(content_key).unwrap();
    content_key.decrypt(&mut ciphertext, iv).unwrap().to_vec()
}

#[test]
fn the_recipient_opens_it() {
    for spec in RSA {
        let key = support::key(spec);
        let recipient = RecipientKey::from_spki(key.public_key()).unwrap();
        for len in [0, 1, 15, 16, 32, 100, 127, 128, 255, 256, 4096, 60_000] {
            let plaintext: Vec<u8> = (0..=u8::MAX).cycle().take(len).collect();
            let message = encrypt_for(&recipient, &plaintext).unwrap();
            assert_eq!(open(&key, &message), plaintext, "{spec:?} {len}");
        }
    }
}

#[test]
fn no_two_are_alike() {
    let key = support::key(KeyPairSpec::Rsa2048);
    let recipient = RecipientKey::from_spki(key.public_key()).unwrap();
    let [one, two] = [(); 2].map(|()| encrypt_for(&recipient, &[0; 64]).unwrap());
    assert_eq!(one.len(), two.len());
    // The key, the initialization vector and the content, not only one of them.
    let equal = one.iter().zip(&two).filter(|(one, two)| one == two).count();
    assert!(one.len() - equal > 256 + 16 + 80 - 20, "{equal} of {} bytes", one.len());
}

#[test]
fn the_plaintext_has_a_bound() {
    let key = support::key(KeyPairSpec::Rsa2048);
    let recipient = RecipientKey::from_spki(key.public_key()).unwrap();
    assert!(encrypt_for(&recipient, &vec![0; PLAINTEXT_BYTES_MAX]).is_ok());
    let refusal = encrypt_for(&recipient, &vec![0; PLAINTEXT_BYTES_MAX + 1]);
    assert_eq!(refusal, Err(CryptoError::TooLong));
}

#[test]
fn a_recipient_has_an_rsa_key() {
    for spec in KeyPairSpec::ALL.into_iter().filter(|spec| *spec != KeyPairSpec::MlKem512) {
        let spki = support::key(spec).public_key().to_vec();
        let recipient = RecipientKey::from_spki(&spki);
        assert_eq!(recipient.is_ok(), RSA.contains(&spec), "{spec:?}");
        assert!(RecipientKey::from_spki(&[&spki[..], &[0]].concat()).is_err());
        assert!(RecipientKey::from_spki(&spki[..spki.len() - 1]).is_err());
    }
    assert_eq!(RecipientKey::from_spki(&[]).err(), Some(CryptoError::InvalidPublicKey));
}

#[test]
fn others_can_read_it() {
    let key = support::key(KeyPairSpec::Rsa2048);
    let recipient = RecipientKey::from_spki(key.public_key()).unwrap();
    let message = encrypt_for(&recipient, b"a plaintext for a recipient").unwrap();
    // The bytes of AWS KMS up to the length of the recipient, and at the end.
    let begin = support::bytes(&"308006092a864886f70d010703a080308002010231".into());
    assert!(message.starts_with(&begin));
    assert!(message.ends_with(&[0; 10]));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ciphertext_for_recipient.ber");
    fs::write(path, message).unwrap();
}
