//! Attestation documents of AWS Nitro Enclaves and NitroTPM: what proves which code holds the
//! private key that a reply is encrypted for.
//!
//! A document is a COSE_Sign1, signed by a certificate that chains up to a root the operator
//! configures; for AWS that is the published root of the Nitro attestation PKI. This verifies it as
//! AWS tells a key management service to. What the platform configuration registers have to be is
//! not known here: that is in the policies.
//!
//! AWS: <https://docs.aws.amazon.com/enclaves/latest/user/verify-root.html>,
//! <https://github.com/aws/aws-nitro-enclaves-nsm-api/blob/main/docs/attestation_process.md>,
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/nitrotpm-attestation-document-validate.html>

mod certificate;
mod document;

use std::{collections::BTreeMap, time::Duration};

use thiserror::Error;
use x509_cert::der::pem;

use crate::recipient::RecipientKey;
use document::{Payload, Signed};

/// The longest attestation document that AWS KMS takes.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_RecipientInfo.html>
pub const DOCUMENT_BYTES_MAX: usize = 262_144;

/// Why an attestation document, or a set of roots, is refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum AttestationError {
    /// The COSE message is not signed with ES384, or has other headers.
    #[error("the attestation document is not signed with ES384 alone")]
    Algorithm,

    /// A certificate is not in DER, not of P-384 with SHA-384, or has a critical extension that is
    /// not understood.
    #[error("a certificate of the attestation document is malformed")]
    Certificate,

    /// A certificate may not be used where it is: as authority, at this depth, or as target.
    #[error("a certificate of the attestation document is not for this use")]
    CertificateUse,

    /// A certificate is not signed by the one before it.
    #[error("the certificates of the attestation document are no chain")]
    Chain,

    /// The document is no COSE_Sign1.
    #[error("the attestation document is no COSE_Sign1")]
    Cose,

    /// A certificate is not valid yet, or no longer.
    #[error("a certificate of the attestation document is not valid at this time")]
    Expired,

    /// A field is missing, or not as AWS specifies it.
    #[error("the field `{0}` of the attestation document is missing or malformed")]
    Field(&'static str),

    /// The document is from the future.
    #[error("the timestamp of the attestation document is in the future")]
    Future,

    /// The signed content is no map from texts, or has a field twice.
    #[error("the content of the attestation document is malformed")]
    Payload,

    /// The public key is not RSA of 2048, 3072 or 4096 bits.
    #[error("the public key of the attestation document is no RSA key of 2048 to 4096 bits")]
    PublicKey,

    /// The given roots are not one or more certificates of authorities in PEM.
    #[error("not certificates of authorities on P-384 in PEM")]
    Roots,

    /// The signature of the document is not one by its certificate.
    #[error("the signature of the attestation document is invalid")]
    Signature,

    /// The document is empty or too long.
    #[error("the attestation document is empty or too long")]
    Size,

    /// The document is too old.
    #[error("the attestation document is too old")]
    Stale,

    /// The chain does not begin with a configured root.
    #[error("the root of the attestation document is not trusted")]
    UntrustedRoot,
}

/// The certificates that an attestation document may chain up to.
#[derive(Clone, Debug)]
pub struct Roots(Vec<Vec<u8>>);

impl Roots {
    /// One or more certificates in PEM (RFC 7468); text around them is ignored. Fails with
    /// [`AttestationError::Roots`] if there is none, if there is anything else in PEM, or if one
    /// could not be the root of a chain. Whether they are valid now shows when they are used.
    pub fn from_pem(pem: &str) -> Result<Self, AttestationError> {
        if pem.len() > ROOTS_BYTES_MAX {
            return Err(AttestationError::Roots);
        }
        let mut roots = Vec::new();
        let mut rest = pem;
        while let Some(begin) = rest.find(PEM_BEGIN) {
            let block = &rest[begin..];
            let end = block.find(PEM_END).ok_or(AttestationError::Roots)? + PEM_END.len();
            let (block, after) = block.split_at(end);
            let (label, root) =
                pem::decode_vec(block.as_bytes()).map_err(|_| AttestationError::Roots)?;
            if label != "CERTIFICATE" || !certificate::is_root(&root) {
                return Err(AttestationError::Roots);
            }
            roots.push(root);
            rest = after;
        }
        if roots.is_empty() { Err(AttestationError::Roots) } else { Ok(Self(roots)) }
    }

    fn contains(&self, root: Option<&Vec<u8>>) -> bool {
        root.is_some_and(|root| self.0.contains(root))
    }
}

/// What a genuine attestation document says.
#[derive(Debug)]
pub struct Attestation {
    /// Who issued it: the instance, and for an enclave the enclave.
    pub module_id: String,
    /// When it was made, in milliseconds since 1970.
    pub timestamp_ms: u64,
    /// The platform configuration registers of an enclave by their index, for the condition keys
    /// `kms:RecipientAttestation:PCR<n>`. Empty if the document is one of NitroTPM.
    pub pcrs: BTreeMap<u8, Vec<u8>>,
    /// The platform configuration registers of NitroTPM by their index, for the condition keys
    /// `kms:RecipientAttestation:NitroTPMPCR<n>`. Empty if the document is one of an enclave.
    pub nitrotpm_pcrs: BTreeMap<u8, Vec<u8>>,
    /// A nonce that the recipient put in.
    pub nonce: Option<Vec<u8>>,
    /// Anything that the recipient put in.
    pub user_data: Option<Vec<u8>>,
    /// The key that the recipient put in, to encrypt the reply to.
    pub recipient: RecipientKey,
}

/// What `document` says, if it is genuine: in the form that AWS specifies, signed by a certificate
/// that chains up to one of `roots`, with all certificates valid at `now_ms`, with a public key to
/// encrypt to, and made at most `age_max_ms` before. Its clock may be [`FUTURE_MS_MAX`] ahead.
pub fn verify(
    document: &[u8],
    roots: &Roots,
    now_ms: u64,
    age_max_ms: u64,
) -> Result<Attestation, AttestationError> {
    let signed = Signed::from_cbor(document)?;
    let payload = Payload::from_cbor(&signed.payload)?;

    if !roots.contains(payload.cabundle.first()) {
        return Err(AttestationError::UntrustedRoot);
    }
    let now = Duration::from_millis(now_ms);
    let signer = certificate::verify_chain(&payload.cabundle, &payload.certificate, now)?;
    if !signer.verifies_cose(&signed.message()?, &signed.signature) {
        return Err(AttestationError::Signature);
    }

    if now_ms.saturating_sub(payload.timestamp_ms) > age_max_ms {
        return Err(AttestationError::Stale);
    }
    if payload.timestamp_ms.saturating_sub(now_ms) > FUTURE_MS_MAX {
        return Err(AttestationError::Future);
    }
    let recipient =
        RecipientKey::from_spki(&payload.public_key).map_err(|_| AttestationError::PublicKey)?;
    Ok(Attestation {
        module_id: payload.module_id,
        timestamp_ms: payload.timestamp_ms,
        pcrs: payload.pcrs,
        nitrotpm_pcrs: payload.nitrotpm_pcrs,
        nonce: payload.nonce,
        user_data: payload.user_data,
        recipient,
    })
}

/// How far the clock of who made a document may be ahead: five minutes.
pub const FUTURE_MS_MAX: u64 = 5 * 60 * 1000;

/// The longest certificate.
const CERTIFICATE_BYTES_MAX: usize = 1024;

/// The longest chain, without the certificate that signs the document. AWS names no bound; its
/// chains have four.
const CERTIFICATES_MAX: usize = 16;

/// The longest public key.
const PUBLIC_KEY_BYTES_MAX: usize = 1024;

/// The longest nonce, and the longest user data.
const DATA_BYTES_MAX: usize = 512;

/// The longest text with roots, in bytes.
pub const ROOTS_BYTES_MAX: usize = 65_536;

const PEM_BEGIN: &str = "-----BEGIN ";
const PEM_END: &str = "-----END CERTIFICATE-----";
