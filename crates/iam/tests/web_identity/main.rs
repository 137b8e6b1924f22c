//! Verification of web identity tokens from the outside: tokens of other implementations and of
//! RFCs, tokens that must be refused, and input that nobody signs.

#[cfg(test)]
mod claims;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod outside;
#[cfg(test)]
mod robustness;
#[cfg(test)]
mod support;
