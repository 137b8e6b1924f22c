//! AWS Security Token Service: temporary access keys for roles, and who one is.

pub(crate) mod session_token;
