//! A value that is made when it is first needed, and whose making may fail.

use std::sync::OnceLock;

use crate::error::CryptoError;

/// What `cell` holds, made by `make` if it holds nothing yet. Two threads may both make it; one of
/// the two values then stays.
pub(crate) fn get_or_make<T>(
    cell: &OnceLock<T>,
    make: impl FnOnce() -> Result<T, CryptoError>,
) -> Result<&T, CryptoError> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = make()?;
    Ok(cell.get_or_init(|| value))
}
