//! Rotation: its schedule, its status, and rotation on demand. How a key rotates is in
//! `trent_core::rotation`; when, in `jobs`.

use crate::context::{AuthorizedKey, Context, Naming, RACES_MAX, contended};
use crate::paging::{Listing, page_size};
use crate::records::Versioned;
use crate::service::CommitError;
use std::sync::atomic::Ordering;
use trent_api::enums::{IncludeKeyMaterial, KeyMaterialState};
use trent_api::structures::{
    DisableKeyRotationRequest, EnableKeyRotationRequest, GetKeyRotationStatusRequest,
    GetKeyRotationStatusResponse, ListKeyRotationsRequest, ListKeyRotationsResponse,
    RotateKeyOnDemandRequest, RotateKeyOnDemandResponse, RotationsListEntry,
};
use trent_api::{ErrorCode, KmsError};
use trent_core::KmsKey;
use trent_core::key_state::check_key_state;
use trent_core::rotation::AllKeyMaterial;

/// EnableKeyRotation, also to change the period. Raises `NotFoundException`,
/// `InvalidArnException`, `DisabledException`, `KMSInvalidStateException`,
/// `UnsupportedOperationException`.
pub(crate) async fn enable_key_rotation(
    cx: &Context<'_>,
    request: EnableKeyRotationRequest,
) -> Result<(), KmsError> {
    let period_days = request.rotation_period_in_days;
    cx.change_key(&request.key_id, |key| key.with_automatic_rotation(period_days, cx.now)).await?;
    Ok(())
}

/// DisableKeyRotation. Raises what EnableKeyRotation does.
pub(crate) async fn disable_key_rotation(
    cx: &Context<'_>,
    request: DisableKeyRotationRequest,
) -> Result<(), KmsError> {
    cx.change_key(&request.key_id, KmsKey::without_automatic_rotation).await?;
    Ok(())
}

/// GetKeyRotationStatus. Raises `NotFoundException`, `InvalidArnException`.
pub(crate) async fn get_key_rotation_status(
    cx: &Context<'_>,
    request: GetKeyRotationStatusRequest,
) -> Result<GetKeyRotationStatusResponse, KmsError> {
    let key = cx.key(&request.key_id).await?;
    check_key_state(cx.operation, &key, cx.now)?;
    Ok(key.rotation_status())
}

/// ListKeyRotations, oldest first. Raises `NotFoundException`, `InvalidArnException`,
/// `InvalidMarkerException`.
pub(crate) async fn list_key_rotations(
    cx: &Context<'_>,
    request: ListKeyRotationsRequest,
) -> Result<ListKeyRotationsResponse, KmsError> {
    let key = cx.key(&request.key_id).await?;
    check_key_state(cx.operation, &key, cx.now)?;
    let include = request.include_key_material.unwrap_or(IncludeKeyMaterial::RotationsOnly);
    let all = match include {
        IncludeKeyMaterial::AllKeyMaterial => AllKeyMaterial::Yes,
        IncludeKeyMaterial::RotationsOnly => AllKeyMaterial::No,
    };
    let arn = key.arn().text();
    let listing = Listing { operation: cx.operation, scope: &[&arn, include.as_str()] };
    let after = cx.service.tokens.page_start(&listing, request.marker.as_deref())?;
    let material_id = |entry: &RotationsListEntry| entry.key_material_id.clone();
    let mut rotations = key.rotations(all, pending_state(cx, &key).await?, cx.now);
    if let Some(last) = rotations.iter().position(|entry| material_id(entry) == after) {
        rotations.drain(..=last);
    }
    let limit = page_size(request.limit, 100, 1000);
    let page = cx
        .service
        .tokens
        .page(&listing, rotations, limit, |entry| material_id(entry).unwrap_or_default())?;
    Ok(ListKeyRotationsResponse {
        truncated: Some(page.is_truncated()),
        rotations: Some(page.items),
        next_marker: page.next_marker,
    })
}

/// RotateKeyOnDemand: the rotation, or where a delay is set its beginning, is durable then. Raises
/// `NotFoundException`, `InvalidArnException`, `DisabledException`, `KMSInvalidStateException`,
/// `UnsupportedOperationException`, `ConflictException`, `LimitExceededException`.
// DEVIATION: without a configured delay, the rotation is complete when RotateKeyOnDemand answers; at
// AWS it takes some time. A second one while one runs is a ConflictException; what AWS answers is
// not published.
pub(crate) async fn rotate_key_on_demand(
    cx: &Context<'_>,
    request: RotateKeyOnDemandRequest,
) -> Result<RotateKeyOnDemandResponse, KmsError> {
    let delay = cx.service.settings.on_demand_rotation_delay;
    let (arn, _) = cx.resolve(&request.key_id, Naming::WithoutAlias).await?;
    let _changing = cx.service.lock(&arn).await;
    for _ in 0..RACES_MAX {
        let key = cx.key(&request.key_id).await?;
        check_key_state(cx.operation, &key, cx.now)?;
        let lacks_bytes = KeyMaterialState::PendingMultiRegionImportAndRotation;
        if !key.is_replica() && pending_state(cx, &key).await? == lacks_bytes {
            return Err(KmsError::new(
                ErrorCode::KmsInvalidState,
                format!("No available key material pending rotation for the key: {}.", key.arn()),
            ));
        }
        let begun = key.with_on_demand_rotation(cx.now, delay)?;
        if is_written(cx, &key, begun).await? {
            return Ok(RotateKeyOnDemandResponse { key_id: Some(arn.text()) });
        }
    }
    Err(contended())
}

/// Writes a key of which a rotation has begun: rotated, if that is due at once. `false` means that a
/// race was lost and everything is to be read again.
async fn is_written(
    cx: &Context<'_>,
    key: &AuthorizedKey,
    begun: KmsKey,
) -> Result<bool, KmsError> {
    cx.service.check_age(cx.facts)?;
    let begun = Versioned { value: begun, version: key.versioned().version };
    cx.facts.written.store(true, Ordering::Relaxed);
    let done = cx.service.run_job_of_changed(&begun, cx.now).await;
    if matches!(done, Ok(false) | Err(CommitError::Raced)) {
        cx.facts.written.store(false, Ordering::Relaxed);
    }
    match done {
        Ok(true) => Ok(true),
        Ok(false) => cx.changed(key.versioned(), &begun.value).await,
        Err(CommitError::Raced) => Ok(false),
        Err(CommitError::Failed(error)) => Err(error),
    }
}

/// The state of imported key material that waits for its rotation: it can be rotated to when all
/// related multi-Region keys have it.
async fn pending_state(
    cx: &Context<'_>,
    key: &AuthorizedKey,
) -> Result<KeyMaterialState, KmsError> {
    if key.pending_material.is_some() {
        for arn in key.related() {
            let related = cx.stored_key(&arn).await?;
            let is_usable = related.as_ref().is_some_and(|related| {
                let pending = related.key.value.pending_material.as_ref();
                pending.is_some_and(|pending| pending.is_usable(cx.now))
            });
            if !is_usable && key.multi_region.is_some() {
                return Ok(KeyMaterialState::PendingMultiRegionImportAndRotation);
            }
        }
    }
    Ok(KeyMaterialState::PendingRotation)
}
