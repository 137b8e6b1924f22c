//! The IAM policy language: decisions written down by hand, another implementation, and properties.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod interface;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod support;
