//! What identities may look like: bounds and the syntax of policies, checked before anything is
//! written. The messages are for administrators.
//!
//! AWS: IAM User Guide, "IAM and AWS STS quotas".

use crate::error::ServiceError;
use trent_core::identity::{
    self, ACCESS_KEYS_PER_USER_MAX, AccessKey, Account, IDENTITY_TAGS_MAX, POLICY_CHARACTERS_MAX,
    Permissions, ROLE_POLICIES_CHARACTERS_MAX, Role, TRUST_POLICY_CHARACTERS_MAX,
    USER_POLICIES_CHARACTERS_MAX, User,
};
use trent_iam::policy::{Policy, PolicyKind};

/// Checks an account.
pub(super) fn check_account(account: &Account) -> Result<(), ServiceError> {
    check_text("the name of an account", &account.name, 0, ACCOUNT_NAME_CHARACTERS_MAX)
}

/// Checks a user.
pub(super) fn check_user(user: &User) -> Result<(), ServiceError> {
    check_path(&user.path)?;
    check_permissions(&user.permissions, USER_POLICIES_CHARACTERS_MAX)
}

/// Checks a role.
pub(super) fn check_role(role: &Role) -> Result<(), ServiceError> {
    check_path(&role.path)?;
    check_document("the trust policy", &role.trust_policy, PolicyKind::Trust)?;
    let seconds = role.max_session_seconds;
    let possible = identity::SESSION_SECONDS_DEFAULT..=identity::SESSION_SECONDS_MAX;
    if !possible.contains(&seconds) {
        let message = format!("the maximum session is 1 to 12 hours, not {seconds} seconds");
        return Err(refused(message));
    }
    check_permissions(&role.permissions, ROLE_POLICIES_CHARACTERS_MAX)
}

/// Checks an access key.
pub(super) fn check_access_key(key: &AccessKey) -> Result<(), ServiceError> {
    if !identity::is_access_key_id(&key.id) {
        let id = &key.id;
        return Err(refused(format!(
            "`{id}` is not an access key id: 16 to 128 letters and digits"
        )));
    }
    check_text("a secret access key", &key.secret, 16, 128)
}

/// Checks that an owner with `count` access keys may have one more.
pub(super) fn check_another_access_key(owner: &str, count: usize) -> Result<(), ServiceError> {
    if count < ACCESS_KEYS_PER_USER_MAX {
        return Ok(());
    }
    Err(refused(format!(
        "{owner} has {count} access keys, at most {ACCESS_KEYS_PER_USER_MAX} are possible"
    )))
}

fn check_permissions(permissions: &Permissions, characters_max: usize) -> Result<(), ServiceError> {
    let mut characters = 0;
    for (name, text) in &permissions.policies {
        check_document(&format!("policy {name}"), text, PolicyKind::Identity)?;
        characters += visible_characters(text);
    }
    if characters > characters_max {
        return Err(too_long("the inline policies together have", characters, characters_max));
    }
    if let Some(boundary) = &permissions.boundary {
        check_document("the permissions boundary", boundary, PolicyKind::Identity)?;
    }
    let tags = permissions.tags.len();
    if tags > IDENTITY_TAGS_MAX {
        return Err(refused(format!("{tags} tags, at most {IDENTITY_TAGS_MAX} are possible")));
    }
    for (key, value) in &permissions.tags {
        check_text("a tag key", key, 1, 128)?;
        check_text("a tag value", value, 0, 256)?;
    }
    Ok(())
}

fn check_document(what: &str, text: &str, kind: PolicyKind) -> Result<(), ServiceError> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(refused(format!("{what} is longer than {POLICY_BYTES_MAX} bytes")));
    }
    let characters = visible_characters(text);
    let characters_max = match kind {
        PolicyKind::Trust => TRUST_POLICY_CHARACTERS_MAX,
        PolicyKind::Identity | PolicyKind::Resource => POLICY_CHARACTERS_MAX,
    };
    if characters > characters_max {
        return Err(too_long(&format!("{what} has"), characters, characters_max));
    }
    Policy::parse(text, kind).map(drop).map_err(|error| refused(format!("{what}: {error}")))
}

fn too_long(what: &str, characters: usize, characters_max: usize) -> ServiceError {
    refused(format!(
        "{what} {characters} characters without white space, at most {characters_max} are possible"
    ))
}

/// White space does not count towards the sizes of policies.
fn visible_characters(text: &str) -> usize {
    text.chars().filter(|one| !one.is_whitespace()).count()
}

fn check_path(path: &str) -> Result<(), ServiceError> {
    if identity::is_path(path) {
        return Ok(());
    }
    let message =
        format!("`{path}` is not a path: it begins and ends with a slash, as /team/ does");
    Err(refused(message))
}

/// The text may be a secret: it is not in the message.
fn check_text(what: &str, text: &str, min: usize, max: usize) -> Result<(), ServiceError> {
    let characters = text.chars().count();
    if (min..=max).contains(&characters) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(refused(format!("{what} has {min} to {max} printable characters")))
}

fn refused(message: String) -> ServiceError {
    ServiceError::Refused(message)
}

/// As of accounts of AWS Organizations.
const ACCOUNT_NAME_CHARACTERS_MAX: usize = 50;

/// A policy with its white space (IAM API Reference, "PutUserPolicy").
const POLICY_BYTES_MAX: usize = 131_072;
