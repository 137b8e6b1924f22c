//! The certificates of an attestation document (RFC 5280): as much of X.509 as its chain needs.
//!
//! All of them have keys on P-384 and are signed with ECDSA over SHA-384. What is deliberately not
//! here is revocation, which AWS tells verifiers to leave out, and name constraints and policies,
//! which no certificate of the chain has: a critical extension that is not understood is refused.

use std::time::Duration;

use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_FIXED, EcdsaVerificationAlgorithm, UnparsedPublicKey,
};
use x509_cert::{
    TbsCertificate, Version,
    der::{
        Decode, Reader, SliceReader,
        asn1::BitStringRef,
        oid::{AssociatedOid, ObjectIdentifier},
        referenced::OwnedToRef,
    },
    ext::pkix::{BasicConstraints, KeyUsage},
    spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoOwned},
};

use super::{AttestationError, CERTIFICATE_BYTES_MAX};

/// The certificate that signed the document, at the end of a chain from `chain[0]`, the root, which
/// the caller trusts. Each one signs the next, the last one `target`; all are valid at `now`, and
/// all but `target` are certificate authorities.
pub(super) fn verify_chain(
    chain: &[Vec<u8>],
    target: &[u8],
    now: Duration,
) -> Result<P384Key, AttestationError> {
    let mut issuer: Option<Certificate> = None;
    for (i, der) in chain.iter().enumerate() {
        let certificate = Certificate::from_der(der)?;
        let authorities_below = chain.len() - 1 - i;
        certificate.check_validity(now)?;
        certificate.check_authority(authorities_below)?;
        if let Some(issuer) = &issuer {
            issuer.check_signed(&certificate)?;
        }
        issuer = Some(certificate);
    }
    let target = Certificate::from_der(target)?;
    target.check_validity(now)?;
    target.check_target()?;
    issuer.ok_or(AttestationError::Field("cabundle"))?.check_signed(&target)?;
    Ok(target.key)
}

/// Whether these bytes are a certificate that may be a root: one of a certificate authority.
pub(super) fn is_root(der: &[u8]) -> bool {
    Certificate::from_der(der).is_ok_and(|root| root.check_authority(0).is_ok())
}

/// A public key on P-384: the uncompressed point (SEC 1 §2.3.3).
pub(super) struct P384Key(Vec<u8>);

impl P384Key {
    fn from_spki(spki: &SubjectPublicKeyInfoOwned) -> Option<Self> {
        let algorithm = spki.algorithm.owned_to_ref();
        let is_p384 =
            algorithm.oid == EC_PUBLIC_KEY && algorithm.parameters_oid().ok() == Some(SECP384R1);
        let point = spki.subject_public_key.as_bytes()?;
        let is_uncompressed = point.len() == POINT_BYTES && point.first() == Some(&4);
        (is_p384 && is_uncompressed).then(|| Self(point.to_vec()))
    }

    /// Whether `signature` is one of COSE over `message`: ES384, two numbers of fixed length
    /// (RFC 9053 §2.1).
    pub(super) fn verifies_cose(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifies(&ECDSA_P384_SHA384_FIXED, message, signature)
    }

    fn verifies(
        &self,
        algorithm: &'static EcdsaVerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        UnparsedPublicKey::new(algorithm, &self.0).verify(message, signature).is_ok()
    }
}

struct Certificate {
    /// The encoded `TBSCertificate`, over which the signature is.
    signed: Vec<u8>,
    signature: Vec<u8>,
    content: TbsCertificate,
    key: P384Key,
    constraints: Option<BasicConstraints>,
    usage: Option<KeyUsage>,
}

impl Certificate {
    fn from_der(der: &[u8]) -> Result<Self, AttestationError> {
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(AttestationError::Certificate);
        }
        Self::parse(der).ok().flatten().ok_or(AttestationError::Certificate)
    }

    fn parse(der: &[u8]) -> x509_cert::der::Result<Option<Self>> {
        let mut reader = SliceReader::new(der)?;
        let (signed, algorithm, signature) = reader.sequence(|reader| {
            let signed = reader.tlv_bytes()?;
            let algorithm = AlgorithmIdentifierRef::decode(reader)?;
            Ok((signed, algorithm, BitStringRef::decode(reader)?))
        })?;
        reader.finish(())?;

        let content = TbsCertificate::from_der(signed)?;
        let is_ecdsa_sha384 = |algorithm: AlgorithmIdentifierRef<'_>| {
            algorithm.oid == ECDSA_WITH_SHA384 && algorithm.parameters.is_none()
        };
        let has_form = content.version == Version::V3
            && is_ecdsa_sha384(algorithm)
            && is_ecdsa_sha384(content.signature.owned_to_ref());
        let key = P384Key::from_spki(&content.subject_public_key_info);
        let (true, Some(key), Some(signature)) = (has_form, key, signature.as_bytes()) else {
            return Ok(None);
        };

        let (mut constraints, mut usage) = (None, None);
        for extension in content.extensions.iter().flatten() {
            let value = extension.extn_value.as_bytes();
            let is_second = match extension.extn_id {
                BasicConstraints::OID => {
                    constraints.replace(BasicConstraints::from_der(value)?).is_some()
                }
                KeyUsage::OID => usage.replace(KeyUsage::from_der(value)?).is_some(),
                _ if extension.critical => return Ok(None),
                _ => false,
            };
            if is_second {
                return Ok(None);
            }
        }
        let (signed, signature) = (signed.to_vec(), signature.to_vec());
        Ok(Some(Self { signed, signature, content, key, constraints, usage }))
    }

    /// RFC 5280 §4.1.2.5: both ends are inside.
    fn check_validity(&self, now: Duration) -> Result<(), AttestationError> {
        let validity = &self.content.validity;
        let begin = validity.not_before.to_unix_duration();
        let end = validity.not_after.to_unix_duration();
        let now = Duration::from_secs(now.as_secs());
        if (begin..=end).contains(&now) { Ok(()) } else { Err(AttestationError::Expired) }
    }

    /// A certificate authority, with at most `authorities_below` more of them before the target
    /// (RFC 5280 §4.2.1.3, §4.2.1.9).
    fn check_authority(&self, authorities_below: usize) -> Result<(), AttestationError> {
        let may_sign = self.usage.as_ref().is_some_and(KeyUsage::key_cert_sign);
        let may_be_here = self.constraints.as_ref().is_some_and(|constraints| {
            constraints.ca
                && constraints
                    .path_len_constraint
                    .is_none_or(|length| usize::from(length) >= authorities_below)
        });
        if may_sign && may_be_here { Ok(()) } else { Err(AttestationError::CertificateUse) }
    }

    /// The target signs documents, and no certificates.
    fn check_target(&self) -> Result<(), AttestationError> {
        let may_sign = self.usage.as_ref().is_some_and(KeyUsage::digital_signature);
        let is_authority = self
            .constraints
            .as_ref()
            .is_some_and(|constraints| constraints.ca || constraints.path_len_constraint.is_some());
        if may_sign && !is_authority { Ok(()) } else { Err(AttestationError::CertificateUse) }
    }

    /// `other` names this certificate as its issuer, and is signed by it.
    fn check_signed(&self, other: &Self) -> Result<(), AttestationError> {
        let is_issuer = self.content.subject == other.content.issuer;
        let algorithm = &ECDSA_P384_SHA384_ASN1;
        if is_issuer && self.key.verifies(algorithm, &other.signed, &other.signature) {
            Ok(())
        } else {
            Err(AttestationError::Chain)
        }
    }
}

/// id-ecPublicKey (RFC 5480 §2.1.1).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// The curve P-384 (RFC 5480 §2.1.1.1).
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// ECDSA over SHA-384, an algorithm without parameters (RFC 5758 §3.2).
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");

/// An uncompressed point on P-384.
const POINT_BYTES: usize = 97;
