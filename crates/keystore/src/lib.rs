//! Where key material lives and works.
//!
//! Key material enters this crate sealed and leaves it sealed; nothing else opens it. What others
//! hold is an opened set of materials that encrypts and decrypts, and never shows a byte of them.
//! Which KMS key may be used by whom and when, and where sealed material is stored, is deliberately
//! not decided here.
//!
//! - [`materials`]: every kind of key material, by its spec.
//! - [`software`]: key material in the memory of this process, sealed under a store key at rest.
//! - [`root_key`]: the keys that store keys are sealed under, in memory or on a token.

pub mod error;
pub mod materials;
mod pkcs11;
pub mod root_key;
pub mod software;

pub use error::KeyStoreError;
