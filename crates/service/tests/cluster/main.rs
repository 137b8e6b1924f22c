//! Several nodes over one store: what one acknowledges is in force on the others within the bound,
//! a node that is cut off refuses, and what is due happens once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod jobs;
#[path = "../common/signature.rs"]
mod signature;
mod support;
mod visibility;
