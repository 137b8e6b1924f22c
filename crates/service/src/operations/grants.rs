//! Grants.

use super::{check_dry_run, check_grant_tokens};
use crate::change_set::ChangeSet;
use crate::context::{AuthorizedKey, Context, Naming, RACES_MAX, contended, key_not_found};
use crate::error::from_store;
use crate::identity::named::Named;
use crate::paging::{Listing, page_size};
use crate::records::{GrantName, Versioned};
use trent_api::structures::{
    CreateGrantRequest, CreateGrantResponse, ListGrantsRequest, ListGrantsResponse,
    ListRetirableGrantsRequest, RetireGrantRequest, RevokeGrantRequest,
};
use trent_api::{ErrorCode, KmsError};
use trent_core::grant::{GRANTS_PER_KEY_MAX, Principal, Terms};
use trent_core::key_state::check_key_state;
use trent_core::{Grant, KeyRef};
use trent_crypto::digest::sha256;
use trent_store::Kind;

/// CreateGrant. With a name, equal terms are the same grant; each call has a token of its own.
/// Raises `ValidationException`, `InvalidArnException`, `NotFoundException`, `DisabledException`,
/// `KMSInvalidStateException`, `LimitExceededException`, `InvalidGrantTokenException`,
/// `DryRunOperationException`.
pub(crate) async fn create_grant(
    cx: &Context<'_>,
    request: CreateGrantRequest,
) -> Result<CreateGrantResponse, KmsError> {
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    for _ in 0..RACES_MAX {
        let key = cx.key(&request.key_id).await?;
        check_key_state(cx.operation, &key, cx.now)?;
        let terms = Terms::of(&request, &key)?;
        let grantee_id = id_of(cx, Some(&terms.grantee)).await?;
        let retiring_id = id_of(cx, terms.retiring.as_ref()).await?;
        check_dry_run(request.dry_run)?;
        let id = grant_id(cx, &key, &terms, &[&grantee_id, &retiring_id])?;
        if terms.name.is_some()
            && let Some(grant) = cx.service.grant(&key.arn(), &id).await?
        {
            return reply(cx, &grant.value);
        }
        check_limit(cx, &key).await?;
        let grant = Grant {
            account: key.account,
            region: key.region.clone(),
            key: key.id,
            id,
            created: cx.now,
            issuing_account: cx.caller.account,
            grantee_id,
            retiring_id,
            terms,
        };
        let set =
            ChangeSet::new(&cx.service.records).create_grant(&grant)?.expect_key(key.versioned());
        if cx.committed(set).await? {
            return reply(cx, &grant);
        }
    }
    Err(contended())
}

/// ListGrants of one key. Raises `NotFoundException`, `InvalidArnException`,
/// `InvalidGrantIdException`, `InvalidMarkerException`.
pub(crate) async fn list_grants(
    cx: &Context<'_>,
    request: ListGrantsRequest,
) -> Result<ListGrantsResponse, KmsError> {
    let key = cx.key(&request.key_id).await?;
    if let Some(id) = &request.grant_id
        && cx.service.grant(&key.arn(), id).await?.is_none()
    {
        return Err(invalid_grant_id(id));
    }
    let arn = key.arn().text();
    let filters =
        [&request.grant_id, &request.grantee_principal, &request.grantee_service_principal];
    let filters = filters.map(|filter| filter.as_deref().unwrap_or_default());
    let scope = [&*arn, filters[0], filters[1], filters[2]];
    let listing = Listing { operation: cx.operation, scope: &scope };
    let after = cx.service.tokens.page_start(&listing, request.marker.as_deref())?;
    let limit = page_size(request.limit, 50, 100);
    let records = cx
        .service
        .store
        .list_owned(
            Kind::Grant,
            key.account.as_str(),
            key.region.as_str(),
            &key.id.to_string(),
            after.as_deref(),
            limit + 1,
        )
        .await
        .map_err(from_store)?;
    let page = cx.service.tokens.page(&listing, records, limit, |record| record.id.name.clone())?;
    let truncated = Some(page.is_truncated());
    let mut grants = Vec::new();
    for record in &page.items {
        let entry = cx.service.records.open_grant(record)?.value.entry();
        let matches =
            |filter: &Option<String>, value: &Option<String>| filter.is_none() || filter == value;
        // A filtered page may be shorter than its limit, as AWS permits.
        if matches(&request.grant_id, &entry.grant_id)
            && matches(&request.grantee_principal, &entry.grantee_principal)
            && matches(&request.grantee_service_principal, &entry.grantee_service_principal)
        {
            grants.push(entry);
        }
    }
    Ok(ListGrantsResponse { grants: Some(grants), next_marker: page.next_marker, truncated })
}

/// ListRetirableGrants in this Region. Raises `ValidationException`, `InvalidMarkerException`.
pub(crate) async fn list_retirable_grants(
    cx: &Context<'_>,
    request: ListRetirableGrantsRequest,
) -> Result<ListGrantsResponse, KmsError> {
    let (principal, account) =
        match (&request.retiring_principal, &request.retiring_service_principal) {
            (Some(arn), None) => (arn, cx.caller.account.as_str()),
            (None, Some(service)) => (service, ""),
            _ => {
                return Err(KmsError::new(
                    ErrorCode::Validation,
                    "Exactly one of RetiringPrincipal and RetiringServicePrincipal must be \
                     specified.",
                ));
            }
        };
    cx.check_may_list_retirable(request.retiring_principal.as_deref())?;
    let scope = [account, cx.region().as_str(), principal];
    let listing = Listing { operation: cx.operation, scope: &scope };
    let after = cx.service.tokens.page_start(&listing, request.marker.as_deref())?;
    let limit = page_size(request.limit, 50, 100);
    let (kind, region) = (Kind::RetirableGrant, cx.region().as_str());
    let records = cx
        .service
        .store
        .list_owned(kind, account, region, principal, after.as_deref(), limit + 1)
        .await
        .map_err(from_store)?;
    let page = cx.service.tokens.page(&listing, records, limit, |record| record.id.name.clone())?;
    let truncated = Some(page.is_truncated());
    let mut grants = Vec::new();
    for record in &page.items {
        let GrantName { key, id } = cx.service.records.open_retirable(record)?.value;
        grants.extend(cx.service.grant(&key, &id).await?.map(|grant| grant.value.entry()));
    }
    Ok(ListGrantsResponse { grants: Some(grants), next_marker: page.next_marker, truncated })
}

/// RetireGrant, by its token or by key ARN and id. Raises `ValidationException`,
/// `InvalidArnException`, `InvalidGrantTokenException`, `InvalidGrantIdException`,
/// `NotFoundException`, `DryRunOperationException`.
pub(crate) async fn retire_grant(
    cx: &Context<'_>,
    request: RetireGrantRequest,
) -> Result<(), KmsError> {
    for _ in 0..RACES_MAX {
        let grant = match (&request.grant_token, &request.key_id, &request.grant_id) {
            (Some(token), None, None) => {
                cx.grant_of_token(token).await?.ok_or_else(invalid_grant_token)?
            }
            (None, Some(arn), Some(id)) => {
                if !matches!(KeyRef::parse(arn), Ok(KeyRef::Arn(_))) {
                    let message = format!("Invalid arn {arn}");
                    return Err(KmsError::new(ErrorCode::InvalidArn, message));
                }
                let (key, _) = cx.resolve(arn, Naming::WithoutAlias).await?;
                match cx.service.grant(&key, id).await? {
                    Some(grant) => grant,
                    None if key.account != cx.caller.account => {
                        return Err(cx.denied("this resource"));
                    }
                    None => {
                        // Only who might retire grants learns that there is no such key or grant.
                        cx.authorize_identity(&key.to_string())?;
                        return Err(match cx.service.key(&key).await? {
                            Some(_) => invalid_grant_id(id),
                            None => key_not_found(&key),
                        });
                    }
                }
            }
            _ => {
                return Err(KmsError::new(
                    ErrorCode::Validation,
                    "Either GrantToken or both KeyId and GrantId must be specified.",
                ));
            }
        };
        cx.facts.audit.key(&grant.value.key_arn());
        cx.authorize_retiring(&grant.value)?;
        check_dry_run(request.dry_run)?;
        if remove(cx, &grant).await? {
            return Ok(());
        }
    }
    Err(contended())
}

/// RevokeGrant. Raises `NotFoundException`, `InvalidArnException`, `InvalidGrantIdException`,
/// `DryRunOperationException`.
pub(crate) async fn revoke_grant(
    cx: &Context<'_>,
    request: RevokeGrantRequest,
) -> Result<(), KmsError> {
    for _ in 0..RACES_MAX {
        let key = cx.key(&request.key_id).await?;
        let grant = cx.service.grant(&key.arn(), &request.grant_id).await?;
        let grant = grant.ok_or_else(|| invalid_grant_id(&request.grant_id))?;
        check_dry_run(request.dry_run)?;
        if remove(cx, &grant).await? {
            return Ok(());
        }
    }
    Err(contended())
}

/// The unique id of a principal that is a user or a role. Raises `InvalidArnException` for one that
/// does not exist, where policies are enforced.
async fn id_of(
    cx: &Context<'_>,
    principal: Option<&Principal>,
) -> Result<Option<String>, KmsError> {
    let Some(Principal::Arn(arn)) = principal else { return Ok(None) };
    if !cx.service.settings.enforce {
        return Ok(None);
    }
    match cx.named(arn).await? {
        Named::Identity(id) => Ok(Some(id)),
        Named::Somebody => Ok(None),
        Named::Nobody => {
            let message = format!("ARN does not refer to a valid principal: {arn}");
            Err(KmsError::new(ErrorCode::InvalidArn, message))
        }
    }
}

async fn remove(cx: &Context<'_>, grant: &Versioned<Grant>) -> Result<bool, KmsError> {
    cx.committed(ChangeSet::new(&cx.service.records).delete_grant(grant)).await
}

fn reply(cx: &Context<'_>, grant: &Grant) -> Result<CreateGrantResponse, KmsError> {
    let token = cx.grant_token(grant)?;
    Ok(CreateGrantResponse { grant_token: Some(token), grant_id: Some(grant.id.clone()) })
}

/// Random, or for a grant with a name the hash of who gives it, of its terms and of the unique ids
/// of whom they name.
fn grant_id(
    cx: &Context<'_>,
    key: &AuthorizedKey,
    terms: &Terms,
    ids: &[&Option<String>],
) -> Result<String, KmsError> {
    let hash = if terms.name.is_some() {
        let text = serde_json::to_vec(terms).map_err(KmsError::internal)?;
        let issuer = cx.caller.account;
        let arn = key.arn().text();
        let mut parts = vec![arn.as_bytes(), issuer.as_str().as_bytes(), &text];
        parts.extend(ids.iter().copied().flatten().map(String::as_bytes));
        sha256(&parts)
    } else {
        let mut random = [0; 32];
        trent_crypto::random::fill(&mut random).map_err(KmsError::internal)?;
        random
    };
    Ok(hex::encode(hash))
}

async fn check_limit(cx: &Context<'_>, key: &AuthorizedKey) -> Result<(), KmsError> {
    let owner = key.id.to_string();
    let (account, region) = (key.account.as_str(), key.region.as_str());
    let count = cx.service.store.count_owned(Kind::Grant, account, region, &owner).await;
    if count.map_err(from_store)? < GRANTS_PER_KEY_MAX {
        return Ok(());
    }
    let message = format!("{} has {GRANTS_PER_KEY_MAX} grants, which is the limit.", key.arn());
    Err(KmsError::new(ErrorCode::LimitExceeded, message))
}

/// The text for a grant token that is none.
pub(super) const INVALID_GRANT_TOKEN: &str = "Invalid grant token.";

fn invalid_grant_token() -> KmsError {
    KmsError::new(ErrorCode::InvalidGrantToken, INVALID_GRANT_TOKEN)
}

fn invalid_grant_id(id: &str) -> KmsError {
    KmsError::new(ErrorCode::InvalidGrantId, format!("Grant '{id}' does not exist."))
}
