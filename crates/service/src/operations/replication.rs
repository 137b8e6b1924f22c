//! Multi-Region keys: replicas and the exchange of roles.

use crate::audit::service_event::ServiceEvent;
use crate::change_set::ChangeSet;
use crate::context::{AuthorizedKey, Context, RACES_MAX, contended, key_not_found};
use jiff::{SignedDuration, Timestamp};
use trent_api::structures::{
    ReplicateKeyRequest, ReplicateKeyResponse, Tag, UpdatePrimaryRegionRequest,
};
use trent_api::{ErrorCode, KmsError, Operation};
use trent_core::key_policy::default_key_policy;
use trent_core::key_state::check_key_state;
use trent_core::lifecycle::NewKey;
use trent_core::replication::{MultiRegion, Transition, TransitionKind};
use trent_core::tag::tags_of_new_key;
use trent_core::{KeyArn, KmsKey, Region};

/// ReplicateKey, called on the primary key. Raises `UnsupportedOperationException`,
/// `AlreadyExistsException`, `NotFoundException`, `DisabledException`, `KMSInvalidStateException`,
/// `TagException`, `MalformedPolicyDocumentException`, `LimitExceededException`.
pub(crate) async fn replicate_key(
    cx: &Context<'_>,
    request: ReplicateKeyRequest,
) -> Result<ReplicateKeyResponse, KmsError> {
    let region = region_of_partition(cx, &request.replica_region)?;
    let tags = tags_of_new_key(request.tags.as_deref().unwrap_or_default())?;
    let policy = request.policy.unwrap_or_else(|| default_key_policy(&region, cx.caller.account));
    let bypass = request.bypass_policy_lockout_safety_check;
    cx.charge_in(&region, Operation::CreateKey, 2)?;
    let ready = after(cx.now, cx.service.settings.replication_delay)?;
    for _ in 0..RACES_MAX {
        let primary = cx.key(&request.key_id).await?;
        let set = primary.check_is_primary()?.clone();
        check_key_state(cx.operation, &primary, cx.now)?;
        let arn = KeyArn { region: region.clone(), ..primary.arn() };
        cx.authorize_creation_of_replica(&primary, &region, request.tags.is_some())?;
        let policy = cx.accept_key_policy(&arn, policy.clone(), bypass).await?;
        if set.regions().any(|known| *known == region) || cx.stored_key(&arn).await?.is_some() {
            let message = format!("Key '{arn}' already exists");
            return Err(KmsError::new(ErrorCode::AlreadyExists, message));
        }
        cx.service.check_key_quota(primary.account, &region).await?;
        let new = NewKey {
            account: primary.account,
            region: region.clone(),
            id: primary.id,
            description: request.description.clone().unwrap_or_default(),
            policy: policy.text.clone(),
            tags: tags.clone(),
        };
        let mut replicas = set.replicas;
        replicas.push(region.clone());
        replicas.sort();
        let widened = primary.in_set(MultiRegion { replicas, ..set });
        let replica = widened.replica(new, cx.now, ready);
        let replica = KmsKey { policy_principals: policy.principals, ..replica };
        let changes = ChangeSet::new(&cx.service.records);
        let changes = cx.service.put_shared(changes, primary.versioned(), &widened).await?;
        if cx.committed(changes.create_key(&replica)?).await? {
            let events = ServiceEvent::synchronizations(&primary, &widened);
            cx.service.note_events(events, cx.now);
            return Ok(reply(cx, &replica, &policy.text));
        }
    }
    Err(contended())
}

/// UpdatePrimaryRegion, called on the present primary key. Raises `UnsupportedOperationException`,
/// `NotFoundException`, `DisabledException`, `KMSInvalidStateException`, `ValidationException`.
pub(crate) async fn update_primary_region(
    cx: &Context<'_>,
    request: UpdatePrimaryRegionRequest,
) -> Result<(), KmsError> {
    let region = region_of_partition(cx, &request.primary_region)?;
    cx.charge_in(&region, cx.operation, 1)?;
    let ready = after(cx.now, cx.service.settings.replication_delay)?;
    for _ in 0..RACES_MAX {
        let primary = cx.key(&request.key_id).await?;
        let set = primary.check_is_primary()?;
        check_key_state(cx.operation, &primary, cx.now)?;
        if set.primary == region {
            let message = format!("{} is in the Region {region} already.", primary.arn());
            return Err(KmsError::new(ErrorCode::Validation, message));
        }
        let successor = KeyArn { region: region.clone(), ..primary.arn() };
        if !set.replicas.contains(&region) {
            return Err(key_not_found(&successor));
        }
        cx.authorized_related(&successor).await?;
        if let Some((changes, events)) = exchange(cx, &primary, &successor, ready).await?
            && cx.committed(changes).await?
        {
            cx.service.note_events(events, cx.now);
            cx.service.wake_jobs.notify_one();
            return Ok(());
        }
    }
    Err(contended())
}

/// All related keys with the new primary, and who is told by it; none if one of them is gone
/// meanwhile.
async fn exchange<'a>(
    cx: &'a Context<'_>,
    primary: &AuthorizedKey,
    successor: &KeyArn,
    ready: Timestamp,
) -> Result<Option<(ChangeSet<'a>, Vec<ServiceEvent>)>, KmsError> {
    let mut changes = ChangeSet::new(&cx.service.records);
    let mut events = Vec::new();
    for arn in primary.related() {
        let Some(related) = cx.stored_key(&arn).await? else { return Ok(None) };
        let before = &related.key.value;
        let changed = before.with_primary(&successor.region, ready);
        if arn == *successor {
            check_key_state(cx.operation, before, cx.now)?;
            events = ServiceEvent::synchronizations(before, &changed);
        }
        changes = changes.put_key(&changed, related.key.version)?;
    }
    Ok(Some((changes, events)))
}

/// The new replica is shown as it is at first, whatever its delay.
fn reply(cx: &Context<'_>, replica: &KmsKey, policy: &str) -> ReplicateKeyResponse {
    let creating = Transition { kind: TransitionKind::Creating, until: Timestamp::MAX };
    let shown = KmsKey { transition: Some(creating), ..replica.clone() };
    let tags: Vec<Tag> = replica
        .tags
        .iter()
        .map(|(key, value)| Tag { tag_key: key.clone(), tag_value: value.clone() })
        .collect();
    ReplicateKeyResponse {
        replica_key_metadata: Some(shown.metadata(cx.now)),
        replica_policy: Some(policy.to_owned()),
        replica_tags: (!tags.is_empty()).then_some(tags),
    }
}

/// A Region that keys of the caller's Region can be replicated to.
fn region_of_partition(cx: &Context<'_>, name: &str) -> Result<Region, KmsError> {
    let is_known = |region: &Region| {
        region.partition() == cx.region().partition() && cx.service.has_region(region)
    };
    Region::parse(name).filter(is_known).ok_or_else(|| {
        let message = format!("The Region {name} is not in this partition.");
        KmsError::new(ErrorCode::Validation, message)
    })
}

fn after(now: Timestamp, delay: SignedDuration) -> Result<Timestamp, KmsError> {
    now.checked_add(delay).map_err(KmsError::internal)
}
