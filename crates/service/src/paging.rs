//! Pages and their opaque markers.
//!
//! A marker is the last name of a page, sealed together with what the list is of: it is worth
//! nothing with other parameters, and nothing can be read from it.

use crate::token::Tokens;
use trent_api::{ErrorCode, KmsError, Operation};

/// One page of a list.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next_marker: Option<String>,
}

impl<T> Page<T> {
    /// `Truncated` and `NextMarker` as every list has them.
    pub(crate) fn is_truncated(&self) -> bool {
        self.next_marker.is_some()
    }
}

/// What a list is of: the operation and everything that selects its entries.
pub(crate) struct Listing<'a> {
    pub(crate) operation: Operation,
    pub(crate) scope: &'a [&'a str],
}

impl Tokens {
    /// The name after which the page begins. Raises `InvalidMarkerException`, or
    /// `ValidationException` where the operation does not declare that.
    pub(crate) fn page_start(
        &self,
        listing: &Listing<'_>,
        marker: Option<&str>,
    ) -> Result<Option<String>, KmsError> {
        let Some(marker) = marker else { return Ok(None) };
        self.open(&listing.associated(), marker).map(Some).ok_or_else(|| {
            let declared = listing.operation.errors().contains(&ErrorCode::InvalidMarker);
            let code = if declared { ErrorCode::InvalidMarker } else { ErrorCode::Validation };
            KmsError::new(code, "The marker is not valid for this request.")
        })
    }

    /// Makes a page of at most `limit` items from up to one more; `name` tells an item's name.
    pub(crate) fn page<T>(
        &self,
        listing: &Listing<'_>,
        mut items: Vec<T>,
        limit: u32,
        name: impl Fn(&T) -> String,
    ) -> Result<Page<T>, KmsError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_truncated = items.len() > limit;
        items.truncate(limit);
        let next_marker = match items.last().filter(|_| is_truncated) {
            Some(last) => Some(self.seal(&listing.associated(), name(last).as_bytes())?),
            None => None,
        };
        Ok(Page { items, next_marker })
    }
}

impl Listing<'_> {
    fn associated(&self) -> Vec<&[u8]> {
        let mut parts = vec![self.operation.as_str().as_bytes()];
        parts.extend(self.scope.iter().map(|part| part.as_bytes()));
        parts
    }
}

/// The size of a page: what is asked for, within the operation's bounds.
// DEVIATION: a Limit above the operation's own maximum is taken as that maximum; what AWS does is
// not published.
pub(crate) fn page_size(limit: Option<i32>, default: u32, max: u32) -> u32 {
    limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(default).clamp(1, max)
}
