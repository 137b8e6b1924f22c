//! SigV4 verification from the outside: requests of two independent signers, tampering, the exact
//! texts of the errors, and input that nobody signs.

#[cfg(test)]
mod aws_sigv4;
#[cfg(test)]
mod botocore;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod robustness;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tampering;
