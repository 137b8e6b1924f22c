//! What may go wrong in a store. Knows nothing of AWS, and names no record in its messages.

use std::error::Error;
use std::sync::Arc;

/// Why a store did not do what it was asked to. Cheap to clone: one failed transaction answers
/// everybody who waits for it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// A precondition of the change set does not hold. Nothing was written.
    #[error("a record is not at the expected version")]
    Conflict,
    /// A record, a change set or a limit breaks one of the [`bounds`](crate::bounds). Nothing was
    /// written.
    #[error("not storable: {what}")]
    InvalidRecord {
        /// What breaks which bound.
        what: &'static str,
    },
    /// The store was written by a newer version of this program.
    #[error(
        "the store has schema {found}, and this version of Trent knows schemas up to {supported}: a \
         newer version has written it; use that one"
    )]
    Newer {
        /// The schema of the store.
        found: i64,
        /// The newest schema that this version supports.
        supported: i64,
    },
    /// The store was written by an older version of this program, and is only read.
    #[error("the store has schema {found}; the next server that opens it brings it to {supported}")]
    Older {
        /// The schema of the store.
        found: i64,
        /// The newest schema that this version supports.
        supported: i64,
    },
    /// The database holds something, but it is not ours. It was not changed.
    #[error("not a store of this program: {what}")]
    Foreign {
        /// What was found instead.
        what: String,
    },
    /// What is stored cannot be understood.
    #[error("the store is damaged: {what}")]
    Damaged {
        /// What cannot be understood.
        what: String,
    },
    /// The store cannot be reached, or a read or write failed.
    #[error("the store is unavailable: {0}")]
    Unavailable(Arc<dyn Error + Send + Sync>),
}

impl StoreError {
    /// Unavailable, because of `cause`: an error or a sentence.
    pub(crate) fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(Arc::from(cause.into()))
    }

    /// Where a store is looked for, there is none.
    pub(crate) fn nothing() -> Self {
        Self::Foreign { what: "nothing is in it; `trent init` makes a store".to_owned() }
    }

    pub(crate) fn damaged(what: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Damaged { what: what.into().to_string() }
    }
}
