//! Algorithms, key material, the ciphertext blob and sealing under the root key.
//!
//! Pure functions over bytes: no I/O, no async, no clock, and no notion of what a KMS key is
//! beyond its sixteen bytes of identity. Every primitive comes from `aws-lc-rs`; this crate only
//! decides what is fed to which primitive, and in which format the result is written.
//!
//! - [`random`]: random bytes;
//! - [`key_material`]: symmetric key material and its identity;
//! - [`ciphertext_blob`]: what Encrypt answers and Decrypt takes;
//! - [`root_key`]: sealing of everything that is stored.
//!
//! Ciphertext blobs and sealed things share one construction: a fresh AES-256-GCM key and IV per
//! message, derived with the counter-mode KDF of NIST SP 800-108r1 (private modules `message_key`
//! and `kdf`).

pub mod ciphertext_blob;
pub mod error;
mod kdf;
pub mod key_material;
mod message_key;
pub mod random;
pub mod root_key;
mod secret;
#[cfg(test)]
mod testing;

pub use error::CryptoError;
