//! The AWS KMS API as Rust types: requests, replies, enumerations, errors and constraints.
//!
//! Everything under [`generated`] comes from the API model (`model/kms-2014-11-01.json`); the rest
//! says how values look on the wire and how violated constraints are reported. There is no logic
//! and no I/O here.
#![warn(missing_docs)]

pub mod error;
#[expect(clippy::all, clippy::pedantic, reason = "written by a generator")]
pub mod generated;
pub mod operation;
pub mod violation;
pub mod wire;

pub use error::KmsError;
pub use generated::enums;
pub use generated::errors::ErrorCode;
pub use generated::operations::Operation;
pub use generated::structures;
pub use operation::{Request, parse};
