//! The KMS domain, pure: KMS keys, their states, rotation, aliases, tags, policies.
//!
//! Nothing here awaits, reads a clock, draws randomness or does cryptography: functions take `now`
//! and fresh key material and return the changed key. Facts are stored, states are computed.
#![warn(missing_docs)]

pub mod alias;
pub mod grant;
pub mod id;
pub mod identity;
pub mod import;
pub mod key;
pub mod key_material;
pub mod key_policy;
pub mod key_spec;
pub mod key_state;
pub mod lifecycle;
pub mod managed;
pub mod replication;
pub mod rotation;
pub mod tag;

pub use alias::Alias;
pub use grant::Grant;
pub use id::{AccountId, AliasName, KeyArn, KeyId, KeyRef, Region};
pub use key::KmsKey;
pub use key_material::{KeyMaterial, KeyMaterialId};
