//! Identities from a file.
