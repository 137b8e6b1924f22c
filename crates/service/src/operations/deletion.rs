//! Deletion of KMS keys, scheduled and cancelled.

use crate::context::Context;
use trent_api::structures::{
    CancelKeyDeletionRequest, CancelKeyDeletionResponse, ScheduleKeyDeletionRequest,
    ScheduleKeyDeletionResponse,
};
use trent_api::{KmsError, wire};
use trent_core::lifecycle::PENDING_WINDOW_DAYS_DEFAULT;

/// ScheduleKeyDeletion, 7 to 30 days from now. Raises `NotFoundException`, `InvalidArnException`,
/// `KMSInvalidStateException`.
pub(crate) async fn schedule_key_deletion(
    cx: &Context<'_>,
    request: ScheduleKeyDeletionRequest,
) -> Result<ScheduleKeyDeletionResponse, KmsError> {
    let window_days = request.pending_window_in_days.unwrap_or(PENDING_WINDOW_DAYS_DEFAULT);
    let key = cx
        .change_key(&request.key_id, |key| key.scheduled_for_deletion(window_days, cx.now))
        .await?;
    Ok(ScheduleKeyDeletionResponse {
        key_id: Some(key.arn().text()),
        deletion_date: key.deletion.and_then(|one| one.due).map(wire::Timestamp),
        key_state: Some(key.state(cx.now)),
        pending_window_in_days: Some(window_days),
    })
}

/// CancelKeyDeletion; the key is disabled then. Raises `NotFoundException`, `InvalidArnException`,
/// `KMSInvalidStateException`.
pub(crate) async fn cancel_key_deletion(
    cx: &Context<'_>,
    request: CancelKeyDeletionRequest,
) -> Result<CancelKeyDeletionResponse, KmsError> {
    let key = cx.change_key(&request.key_id, |key| Ok(key.deletion_cancelled())).await?;
    Ok(CancelKeyDeletionResponse { key_id: Some(key.arn().text()) })
}
