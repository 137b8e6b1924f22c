//! The IAM policy language: decisions written down by hand, another implementation, and properties.

mod decisions;
mod interface;
mod properties;
mod support;
