//! Aliases.

use crate::change_set::ChangeSet;
use crate::context::{AuthorizedKey, Context, RACES_MAX, alias_not_found, contended};
use crate::error::from_store;
use crate::paging::{Listing, page_size};
use std::collections::BTreeMap;
use trent_api::structures::{
    AliasListEntry, CreateAliasRequest, DeleteAliasRequest, ListAliasesRequest,
    ListAliasesResponse, UpdateAliasRequest,
};
use trent_api::{ErrorCode, KmsError};
use trent_core::alias::{ALIASES_PER_KEY_MAX, customer_alias_name};
use trent_core::key_spec::spec_kind;
use trent_core::key_state::check_key_state;
use trent_core::managed::predefined_aliases;
use trent_core::{Alias, AliasName};
use trent_store::Kind;

/// CreateAlias. Raises `ValidationException`, `InvalidAliasNameException`,
/// `AlreadyExistsException`, `LimitExceededException`, `NotFoundException`,
/// `KMSInvalidStateException`.
pub(crate) async fn create_alias(
    cx: &Context<'_>,
    request: CreateAliasRequest,
) -> Result<(), KmsError> {
    let name = customer_alias_name(&request.alias_name)?;
    authorize(cx, &name)?;
    let id = (cx.caller.account, cx.region().clone(), name);
    let _changing = cx.service.lock(&id).await;
    for _ in 0..RACES_MAX {
        let key = own_key(cx, &request.target_key_id).await?;
        if cx.stored_alias(&id).await?.is_some() {
            let arn = id.2.arn(&id.1, id.0);
            let message = format!("An alias with the name {arn} already exists");
            return Err(KmsError::new(ErrorCode::AlreadyExists, message));
        }
        check_alias_limit(cx, &key).await?;
        let alias = Alias {
            account: id.0,
            region: id.1.clone(),
            name: id.2.clone(),
            target: key.id,
            created: cx.now,
            updated: cx.now,
        };
        let set =
            ChangeSet::new(&cx.service.records).put_alias(&alias, 0)?.expect_key(key.versioned());
        if cx.committed(set).await? {
            return Ok(());
        }
    }
    Err(contended())
}

/// UpdateAlias. Raises `ValidationException`, `NotFoundException`, `LimitExceededException`,
/// `KMSInvalidStateException`.
pub(crate) async fn update_alias(
    cx: &Context<'_>,
    request: UpdateAliasRequest,
) -> Result<(), KmsError> {
    let name = existing_name(cx, &request.alias_name)?;
    authorize(cx, &name)?;
    let _changing = cx.service.lock(&(cx.caller.account, cx.region(), &name)).await;
    for _ in 0..RACES_MAX {
        let alias = cx.alias(&name).await?;
        let key = own_key(cx, &request.target_key_id).await?;
        let old = cx.key(&alias.value.target.to_string()).await?;
        if (spec_kind(old.spec), old.usage) != (spec_kind(key.spec), key.usage) {
            return Err(KmsError::new(
                ErrorCode::Validation,
                "The current and the new KMS key must be of the same type and key usage.",
            ));
        }
        if key.id != alias.value.target {
            check_alias_limit(cx, &key).await?;
        }
        let set = ChangeSet::new(&cx.service.records)
            .put_alias(&alias.value.pointed_at(key.id, cx.now), alias.version)?
            .expect_key(key.versioned());
        if cx.committed(set).await? {
            return Ok(());
        }
    }
    Err(contended())
}

/// DeleteAlias. Raises `ValidationException`, `NotFoundException`.
pub(crate) async fn delete_alias(
    cx: &Context<'_>,
    request: DeleteAliasRequest,
) -> Result<(), KmsError> {
    let name = existing_name(cx, &request.alias_name)?;
    authorize(cx, &name)?;
    let _changing = cx.service.lock(&(cx.caller.account, cx.region(), &name)).await;
    for _ in 0..RACES_MAX {
        let alias = cx.alias(&name).await?;
        cx.key(&alias.value.target.to_string()).await?;
        let set = ChangeSet::new(&cx.service.records).delete_alias(&alias);
        if cx.committed(set).await? {
            return Ok(());
        }
    }
    Err(contended())
}

/// ListAliases, of one key or of the account and Region. Raises `NotFoundException`,
/// `InvalidArnException`, `InvalidMarkerException`.
pub(crate) async fn list_aliases(
    cx: &Context<'_>,
    request: ListAliasesRequest,
) -> Result<ListAliasesResponse, KmsError> {
    let key = match &request.key_id {
        Some(name) => Some(cx.existing_key(name).await?),
        None => None,
    };
    let (account, region) = (cx.caller.account, cx.region());
    let key_id = key.as_ref().map(|key| key.key_id.to_string()).unwrap_or_default();
    let scope = [account.as_str(), region.as_str(), &key_id];
    let listing = Listing { operation: cx.operation, scope: &scope };
    let after = cx.service.tokens.page_start(&listing, request.marker.as_deref())?;
    let after = after.as_deref();
    let limit = page_size(request.limit, 50, 100);
    let entries = match &key {
        Some(key) => {
            let aliases = cx.service.aliases_of(key, after, limit + 1).await?;
            aliases.iter().map(|alias| alias.value.entry()).collect()
        }
        None => all_aliases(cx, after, limit + 1).await?,
    };
    let page = cx
        .service
        .tokens
        .page(&listing, entries, limit, |entry| entry.alias_name.clone().unwrap_or_default())?;
    Ok(ListAliasesResponse {
        truncated: Some(page.is_truncated()),
        aliases: Some(page.items),
        next_marker: page.next_marker,
    })
}

/// The aliases of the account and Region and, merged with them, the predefined ones that have no
/// key yet.
async fn all_aliases(
    cx: &Context<'_>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<AliasListEntry>, KmsError> {
    let (account, region) = (cx.caller.account, cx.region());
    let records = cx
        .service
        .store
        .list(Kind::Alias, account.as_str(), region.as_str(), after, limit)
        .await
        .map_err(from_store)?;
    let mut entries = BTreeMap::new();
    for name in predefined_aliases().filter(|name| Some(name.as_str()) > after) {
        let entry = AliasListEntry {
            alias_name: Some(name.to_string()),
            alias_arn: Some(name.arn(region, account)),
            ..AliasListEntry::default()
        };
        entries.insert(name.to_string(), entry);
    }
    for record in &records {
        let alias = cx.service.records.open_alias(record)?.value;
        entries.insert(alias.name.to_string(), alias.entry());
    }
    Ok(entries.into_values().take(limit as usize).collect())
}

/// The key that an alias is to stand for: of the caller's account, in a state that permits it.
async fn own_key(cx: &Context<'_>, name: &str) -> Result<AuthorizedKey, KmsError> {
    let key = cx.key(name).await?;
    // UpdateAlias refuses a new target that is pending deletion, as CreateAlias does.
    check_key_state(trent_api::Operation::CreateAlias, &key, cx.now)?;
    Ok(key)
}

async fn check_alias_limit(cx: &Context<'_>, key: &AuthorizedKey) -> Result<(), KmsError> {
    let count = cx.service.aliases_of(&key.arn(), None, ALIASES_PER_KEY_MAX).await?.len();
    if count < ALIASES_PER_KEY_MAX as usize {
        return Ok(());
    }
    let message = format!("{} has {ALIASES_PER_KEY_MAX} aliases, which is the limit.", key.arn());
    Err(KmsError::new(ErrorCode::LimitExceeded, message))
}

/// Whether the caller may change the alias.
fn authorize(cx: &Context<'_>, name: &AliasName) -> Result<(), KmsError> {
    let arn = name.arn(cx.region(), cx.caller.account);
    cx.facts.audit.resource("AWS::KMS::Alias", || arn.clone());
    cx.authorize_identity(&arn)
}

/// The name of an alias to change or delete; a reserved or impossible one is not found.
fn existing_name(cx: &Context<'_>, text: &str) -> Result<AliasName, KmsError> {
    customer_alias_name(text).map_err(|error| match error.code() {
        ErrorCode::InvalidAliasName => {
            let (partition, region) = (cx.region().partition(), cx.region());
            let account = cx.caller.account;
            alias_not_found(&format!("arn:{partition}:kms:{region}:{account}:{text}"))
        }
        _ => error,
    })
}
