//! Algorithms, key material, the ciphertext blob and sealing.
//!
//! Pure functions over bytes: no I/O, no async, no clock, and no notion of what a KMS key is
//! beyond its sixteen bytes of identity. Every primitive comes from `aws-lc-rs`, or
//! where it has none from the library below it (private module `ffi`); this crate only decides what
//! is fed to which primitive, and in which format the result is written. (Argon2id, which
//! `aws-lc-rs` does not have, comes from the crate `argon2`.)
//!
//! - [`random`]: random bytes;
//! - [`key_material`]: symmetric key material and its identity;
//! - [`key_pair`]: RSA, elliptic curve, ML-DSA and ML-KEM keys, and their encodings;
//! - [`private_key_pem`]: private keys as text;
//! - [`signing`], [`rsa`], [`ml_kem`]: what key pairs do, besides key agreement
//!   ([`KeyPair::derive_shared_secret`](key_pair::KeyPair::derive_shared_secret));
//! - [`mac`]: HMAC and its keys;
//! - [`key_wrap`]: unwrapping of imported key material;
//! - [`attestation`], [`recipient`]: attestation documents, and encryption for who made them;
//! - [`ciphertext_blob`]: what Encrypt answers and Decrypt takes;
//! - [`store_key`], [`key_ring`]: sealing of everything that is stored, under the keys at hand;
//! - [`root_key`]: sealing of store keys.
//!
//! Ciphertext blobs and sealed things share one construction: a fresh AES-256-GCM key and IV per
//! message, derived with the counter-mode KDF of NIST SP 800-108r1 (private modules `message_key`
//! and `kdf`).

mod agreement;
pub mod attestation;
pub mod ciphertext_blob;
mod der;
pub mod digest;
mod ecc;
mod ed25519;
pub mod error;
mod ffi;
mod kdf;
pub mod key_material;
pub mod key_pair;
pub mod key_ring;
pub mod key_wrap;
pub mod mac;
mod message_key;
mod ml_dsa;
pub mod ml_kem;
mod once;
pub mod private_key_pem;
pub mod random;
pub mod recipient;
pub mod root_key;
pub mod rsa;
mod secret;
pub mod signing;
pub mod store_key;
#[cfg(test)]
mod testing;

pub use error::CryptoError;
