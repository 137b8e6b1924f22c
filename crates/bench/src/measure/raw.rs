//! The bare cryptographic operation, in this process: what a signature would cost without a server.

use super::requests::MESSAGE_BYTES;
use crate::process::cpu_time_of;
use crate::stats::as_float;
use anyhow::{Result, anyhow, bail};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, ML_DSA_65_SIGNING, PqdsaKeyPair,
    RSA_PSS_SHA256, RsaKeyPair,
};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// A key pair of the library that Trent signs with, ready for use.
pub(super) enum Signer {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
    MlDsa(Box<PqdsaKeyPair>),
}

impl Signer {
    /// A new key pair of this spec.
    pub(super) fn new(spec: &str) -> Result<Self> {
        let failed = |_| anyhow!("no key pair of {spec} could be made");
        Ok(match spec {
            "RSA_2048" => {
                Self::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?))
            }
            "ECC_NIST_P256" => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
                Self::Ecdsa(Box::new(pair.map_err(failed)?))
            }
            "ECC_NIST_EDWARDS25519" => {
                Self::Ed25519(Box::new(Ed25519KeyPair::generate().map_err(failed)?))
            }
            "ML_DSA_65" => {
                let pair = PqdsaKeyPair::generate(&ML_DSA_65_SIGNING);
                Self::MlDsa(Box::new(pair.map_err(failed)?))
            }
            _ => bail!("{spec} is not measured in process"),
        })
    }

    /// CPU time of one signature in microseconds, of as many as there is time for.
    pub(super) fn cpu_us(&self, time: Duration) -> Result<f64> {
        let (before, start) = (cpu_time_of("self")?, Instant::now());
        let mut count = 0;
        while start.elapsed() < time {
            for _ in 0..BETWEEN_LOOKS {
                black_box(self.sign(black_box(&[0x5a; MESSAGE_BYTES]))?);
            }
            count += BETWEEN_LOOKS;
        }
        let spent = cpu_time_of("self")?.saturating_sub(before);
        Ok(spent.as_secs_f64() * 1e6 / as_float(count))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let failed = |_| anyhow!("signing failed");
        let random = SystemRandom::new();
        Ok(match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PSS_SHA256, &random, message, &mut signature).map_err(failed)?;
                signature
            }
            Self::Ecdsa(pair) => pair.sign(&random, message).map_err(failed)?.as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::MlDsa(pair) => {
                let mut signature = vec![0; ML_DSA_65_SIGNING.signature_len()];
                pair.sign(message, &mut signature).map_err(failed)?;
                signature
            }
        })
    }
}

/// Signatures between two looks at the time.
const BETWEEN_LOOKS: usize = 16;
