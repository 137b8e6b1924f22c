//! Generated from the AWS KMS API model by `make codegen`; do not edit.

pub mod enums;
pub mod errors;
pub mod operations;
mod shapes;
pub mod structures;
