//! Key policies.

use crate::context::Context;
use crate::identity::named::Named;
use crate::paging::{Listing, page_size};
use std::collections::BTreeMap;
use trent_api::structures::{
    GetKeyPolicyRequest, GetKeyPolicyResponse, ListKeyPoliciesRequest, ListKeyPoliciesResponse,
    PutKeyPolicyRequest,
};
use trent_api::{ErrorCode, KmsError};
use trent_core::KmsKey;
use trent_core::key_policy::DEFAULT_POLICY_NAME;
use trent_iam::policy::rename_principals;

/// GetKeyPolicy: the text as it was put, but for principals that are gone. Raises `NotFoundException`, `InvalidArnException`.
pub(crate) async fn get_key_policy(
    cx: &Context<'_>,
    request: GetKeyPolicyRequest,
) -> Result<GetKeyPolicyResponse, KmsError> {
    let key = cx.key(&request.key_id).await?;
    check_name(request.policy_name.as_deref())?;
    // Principals that are gone are shown by their unique ids.
    let mut gone = BTreeMap::new();
    for (arn, id) in &key.policy_principals {
        if cx.named(arn).await? != Named::Identity(id.clone()) {
            gone.insert(arn.as_str(), id);
        }
    }
    let policy = if gone.is_empty() {
        key.policy.clone()
    } else {
        let name_of = |arn: &str| gone.get(arn).map(|id| (*id).clone());
        rename_principals(&key.policy, name_of).map_err(KmsError::internal)?
    };
    Ok(GetKeyPolicyResponse {
        policy: Some(policy),
        policy_name: Some(DEFAULT_POLICY_NAME.to_owned()),
    })
}

/// PutKeyPolicy. Raises `NotFoundException`, `InvalidArnException`,
/// `MalformedPolicyDocumentException`, `LimitExceededException`.
pub(crate) async fn put_key_policy(
    cx: &Context<'_>,
    request: PutKeyPolicyRequest,
) -> Result<(), KmsError> {
    let key = cx.key(&request.key_id).await?;
    check_name(request.policy_name.as_deref())?;
    let bypass = request.bypass_policy_lockout_safety_check;
    let accepted = cx.accept_key_policy(&key.arn(), request.policy, bypass).await?;
    cx.change_key(&request.key_id, |key| {
        let (policy, policy_principals) = (accepted.text.clone(), accepted.principals.clone());
        Ok(KmsKey { policy, policy_principals, ..key.clone() })
    })
    .await?;
    Ok(())
}

/// ListKeyPolicies: always `default`. Raises `NotFoundException`, `InvalidArnException`.
pub(crate) async fn list_key_policies(
    cx: &Context<'_>,
    request: ListKeyPoliciesRequest,
) -> Result<ListKeyPoliciesResponse, KmsError> {
    let key = cx.key(&request.key_id).await?;
    let arn = key.arn().text();
    let listing = Listing { operation: cx.operation, scope: &[&arn] };
    let after = cx.service.tokens.page_start(&listing, request.marker.as_deref())?;
    let names = vec![DEFAULT_POLICY_NAME.to_owned()];
    let names = names.into_iter().filter(|name| Some(name) > after.as_ref()).collect();
    let limit = page_size(request.limit, 100, 1000);
    let page = cx.service.tokens.page(&listing, names, limit, String::clone)?;
    Ok(ListKeyPoliciesResponse {
        truncated: Some(page.is_truncated()),
        policy_names: Some(page.items),
        next_marker: page.next_marker,
    })
}

fn check_name(name: Option<&str>) -> Result<(), KmsError> {
    match name {
        None | Some(DEFAULT_POLICY_NAME) => Ok(()),
        Some(_) => Err(KmsError::new(ErrorCode::NotFound, "No such policy exists")),
    }
}
