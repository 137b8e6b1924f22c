//! KMS keys: creation, description, listing, enabling and disabling.

use super::check_grant_tokens;
use super::custom_key::CustomKey;
use crate::change_set::ChangeSet;
use crate::context::Context;
use crate::dispatch::not_built;
use crate::error::from_store;
use crate::material::{material_spec, stored};
use crate::paging::{Listing, page_size};
use trent_api::enums::{CustomerMasterKeySpec, KeySpec, OriginType, ResourceOwnerType};
use trent_api::structures::{
    CreateKeyRequest, CreateKeyResponse, DescribeKeyRequest, DescribeKeyResponse,
    DisableKeyRequest, EnableKeyRequest, GetKeyLastUsageRequest, GetKeyLastUsageResponse,
    KeyLastUsageData, KeyListEntry, ListKeysRequest, ListKeysResponse, UpdateKeyDescriptionRequest,
};
use trent_api::{ErrorCode, KmsError, wire};
use trent_core::key_policy::default_key_policy;
use trent_core::key_spec::{check_origin, key_usage};
use trent_core::lifecycle::{NewKey, NewKind};
use trent_core::tag::tags_of_new_key;
use trent_core::{KeyArn, KeyId, KmsKey};
use trent_store::Kind;

// DEVIATION: a multi-Region key needs no permission for iam:CreateServiceLinkedRole: there is no such
// role.
/// CreateKey. Raises `ValidationException`, `UnsupportedOperationException`, `TagException`,
/// `MalformedPolicyDocumentException`, `LimitExceededException`.
pub(crate) async fn create_key(
    cx: &Context<'_>,
    request: CreateKeyRequest,
) -> Result<CreateKeyResponse, KmsError> {
    let kind = kind(&request)?;
    let material_spec =
        material_spec(kind.spec).ok_or_else(|| not_built(&format!("KeySpec {} is", kind.spec)))?;
    let account = cx.caller.account;
    let region = cx.region().clone();
    if request.tags.is_some() {
        cx.with_action("TagResource").authorize_identity("*")?;
    }
    let mut tags = tags_of_new_key(request.tags.as_deref().unwrap_or_default())?;
    let custom = CustomKey::from_tags(cx, &mut tags)?;
    cx.service.check_key_quota(account, &region).await?;
    let mut random = [0; 16];
    trent_crypto::random::fill(&mut random).map_err(KmsError::internal)?;
    let is_multi_region = request.multi_region == Some(true);
    let id = custom.id.unwrap_or_else(|| {
        if is_multi_region { KeyId::multi_region(random) } else { KeyId::single_region(random) }
    });
    if id.is_multi_region() != is_multi_region {
        let message =
            format!("{id} is not the id of such a key: MultiRegion is {is_multi_region}.");
        return Err(KmsError::new(ErrorCode::Validation, message));
    }
    let policy = request.policy.unwrap_or_else(|| default_key_policy(&region, account));
    let arn = KeyArn { region: region.clone(), account, key_id: id };
    let bypass = request.bypass_policy_lockout_safety_check;
    let policy = cx.accept_key_policy(&arn, policy, bypass).await?;
    let materials = match (kind.origin, custom.material(cx, material_spec, id)?) {
        (OriginType::External, _) => Vec::new(),
        (_, Some(given)) => vec![stored(given, cx.now)],
        (_, None) => vec![stored(cx.service.new_material(material_spec, id).await?, cx.now)],
    };
    cx.must_renew().await?;
    let description = request.description.unwrap_or_default();
    let new = NewKey { account, region, id, description, policy: policy.text, tags };
    let key = KmsKey::new(new, kind, materials, cx.now);
    let key = KmsKey { policy_principals: policy.principals, ..key };
    let set = ChangeSet::new(&cx.service.records).create_key(&key)?;
    if !cx.committed(set).await? {
        // A random id does not exist already: it was chosen.
        let message = format!("Key '{}' already exists", key.arn());
        return Err(KmsError::new(ErrorCode::Validation, message));
    }
    cx.facts.audit.key(&key.arn());
    Ok(CreateKeyResponse { key_metadata: Some(key.metadata(cx.now)) })
}

/// DescribeKey. Raises `NotFoundException`, `InvalidArnException`.
pub(crate) async fn describe_key(
    cx: &Context<'_>,
    request: DescribeKeyRequest,
) -> Result<DescribeKeyResponse, KmsError> {
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    cx.make_managed_key(&request.key_id).await?;
    let key = cx.key_by_any_name(&request.key_id).await?;
    Ok(DescribeKeyResponse { key_metadata: Some(key.metadata(cx.now)) })
}

/// GetKeyLastUsage: tracked since the key was created. Raises `NotFoundException`,
/// `InvalidArnException`.
pub(crate) async fn get_key_last_usage(
    cx: &Context<'_>,
    request: GetKeyLastUsageRequest,
) -> Result<GetKeyLastUsageResponse, KmsError> {
    let key = cx.key(&request.key_id).await?;
    let usage = cx.service.last_usage(&key.arn()).await?;
    Ok(GetKeyLastUsageResponse {
        key_id: Some(key.arn().text()),
        key_last_usage: Some(usage.map_or_else(KeyLastUsageData::default, |usage| {
            KeyLastUsageData {
                operation: Some(usage.operation),
                timestamp: Some(wire::Timestamp(usage.at)),
                cloud_trail_event_id: Some(usage.event_id),
                kms_request_id: Some(usage.request_id),
            }
        })),
        tracking_start_date: Some(wire::Timestamp(key.created)),
        key_creation_date: Some(wire::Timestamp(key.created)),
    })
}

/// ListKeys. Raises `InvalidMarkerException`.
pub(crate) async fn list_keys(
    cx: &Context<'_>,
    request: ListKeysRequest,
) -> Result<ListKeysResponse, KmsError> {
    let account = cx.caller.account;
    let region = cx.region().clone();
    let owners = request.resource_owners.unwrap_or_else(|| vec![ResourceOwnerType::SelfOwned]);
    if !owners.contains(&ResourceOwnerType::SelfOwned) {
        // No other account shares keys.
        return Ok(ListKeysResponse {
            keys: Some(Vec::new()),
            truncated: Some(false),
            next_marker: None,
        });
    }
    let scope = [account.as_str(), region.as_str()];
    let listing = Listing { operation: cx.operation, scope: &scope };
    let after = cx.service.tokens.page_start(&listing, request.marker.as_deref())?;
    let limit = page_size(request.limit, 100, 1000);
    let names = cx
        .service
        .store
        .list_names(Kind::Key, scope[0], scope[1], after.as_deref(), limit + 1)
        .await
        .map_err(from_store)?;
    let page = cx.service.tokens.page(&listing, names, limit, String::clone)?;
    let truncated = Some(page.is_truncated());
    let keys = page
        .items
        .into_iter()
        .filter_map(|name| {
            let key_id = KeyId::parse(&name)?;
            let arn = KeyArn { region: region.clone(), account, key_id };
            Some(KeyListEntry { key_id: Some(name), key_arn: Some(arn.to_string()) })
        })
        .collect();
    Ok(ListKeysResponse { keys: Some(keys), truncated, next_marker: page.next_marker })
}

/// EnableKey. Raises `NotFoundException`, `InvalidArnException`, `KMSInvalidStateException`.
pub(crate) async fn enable_key(
    cx: &Context<'_>,
    request: EnableKeyRequest,
) -> Result<(), KmsError> {
    let key = cx.change_key(&request.key_id, |key| Ok(key.enabled())).await?;
    // A rotation that became due while the key was disabled happens now.
    cx.service.run_due_jobs_of(&key, cx.now).await;
    Ok(())
}

/// DisableKey. Raises `NotFoundException`, `InvalidArnException`, `KMSInvalidStateException`.
pub(crate) async fn disable_key(
    cx: &Context<'_>,
    request: DisableKeyRequest,
) -> Result<(), KmsError> {
    cx.change_key(&request.key_id, |key| Ok(key.disabled())).await?;
    Ok(())
}

/// UpdateKeyDescription. Raises `NotFoundException`, `InvalidArnException`,
/// `KMSInvalidStateException`.
pub(crate) async fn update_key_description(
    cx: &Context<'_>,
    request: UpdateKeyDescriptionRequest,
) -> Result<(), KmsError> {
    let description = request.description;
    cx.change_key(&request.key_id, |key| {
        Ok(KmsKey { description: description.clone(), ..key.clone() })
    })
    .await?;
    Ok(())
}

/// What kind of key is asked for: what AWS refuses first, then what is not built.
fn kind(request: &CreateKeyRequest) -> Result<NewKind, KmsError> {
    let old_spec = request.customer_master_key_spec.map(CustomerMasterKeySpec::as_str);
    let spec = match (request.key_spec, old_spec.and_then(KeySpec::from_name)) {
        (Some(_), Some(_)) => {
            return Err(KmsError::new(
                ErrorCode::Validation,
                "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. \
                 CustomerMasterKeySpec is deprecated.",
            ));
        }
        (Some(spec), None) | (None, Some(spec)) => spec,
        (None, None) => KeySpec::SymmetricDefault,
    };
    let usage = key_usage(spec, request.key_usage)?;
    let origin = request.origin.unwrap_or(OriginType::AwsKms);
    check_origin(spec, origin)?;
    if !matches!(origin, OriginType::AwsKms | OriginType::External) {
        return Err(not_built(&format!("Origin {origin} is")));
    }
    if request.custom_key_store_id.is_some() || request.xks_key_id.is_some() {
        return Err(not_built("Custom key stores are"));
    }
    Ok(NewKind { spec, usage, origin })
}
