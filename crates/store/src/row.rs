//! How rows become records, whatever the database.

use sqlx::{ColumnIndex, Decode, Row, Type};

use crate::error::StoreError;
use crate::record::{Kind, Record, RecordId};

/// A row of kind, account, region, name, version, sealed, owner and `due_at`, in this order.
pub(crate) fn record<'r, R: Row>(row: &'r R) -> Result<Record, StoreError>
where
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
{
    let version: i64 = column(row, 4)?;
    Ok(Record {
        id: record_id(row, 0)?,
        version: u64::try_from(version).map_err(StoreError::damaged)?,
        sealed: column(row, 5)?,
        owner: column(row, 6)?,
        due_at: column(row, 7)?,
    })
}

/// Kind, account, region and name from the column `first` on.
pub(crate) fn record_id<'r, R: Row>(row: &'r R, first: usize) -> Result<RecordId, StoreError>
where
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    let kind = column(row, first)?;
    Ok(RecordId {
        kind: Kind::from_code(kind)
            .ok_or_else(|| StoreError::damaged(format!("unknown kind {kind}")))?,
        account: column(row, first + 1)?,
        region: column(row, first + 2)?,
        name: column(row, first + 3)?,
    })
}

/// A number that cannot be negative.
pub(crate) fn number<'r, R: Row>(row: &'r R, index: usize) -> Result<u64, StoreError>
where
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
{
    u64::try_from(column::<_, i64>(row, index)?).map_err(StoreError::damaged)
}

pub(crate) fn column<'r, R: Row, T>(row: &'r R, index: usize) -> Result<T, StoreError>
where
    usize: ColumnIndex<R>,
    T: Decode<'r, R::Database> + Type<R::Database>,
{
    row.try_get(index).map_err(StoreError::damaged)
}
