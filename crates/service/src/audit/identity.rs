//! `userIdentity` of a record.
//!
//! AWS: AWS CloudTrail User Guide, "CloudTrail userIdentity element".

use super::collector::{Collected, WebIdentityUser};
use super::record::Seconds;
use crate::authenticate::Caller;
use crate::identity::principal::PrincipalKind;
use serde::Serialize;
use std::borrow::Cow;
use trent_core::AccountId;

/// Who calls.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserIdentity<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_context: Option<SessionContext<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoked_by: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionContext<'a> {
    session_issuer: SessionIssuer<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_id_federation_data: Option<Federation<'a>>,
    attributes: Attributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_identity: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionIssuer<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    principal_id: &'a str,
    arn: &'a str,
    account_id: &'a str,
    user_name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Federation<'a> {
    federated_provider: &'a str,
    attributes: Nothing,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    creation_date: Seconds,
    mfa_authenticated: &'static str,
}

impl<'a> UserIdentity<'a> {
    /// Who was found to call; else who claims to, by the access key id that was given.
    pub(super) fn of(collected: &'a Collected, claimed: Option<&'a str>) -> Self {
        if let Some(caller) = &collected.caller {
            return Self::caller(caller);
        }
        if let Some(WebIdentityUser { provider, audience, subject }) = &collected.web_identity {
            return Self {
                kind: Some("WebIdentityUser"),
                principal_id: Some(format!("{provider}:{audience}:{subject}").into()),
                user_name: Some(subject),
                identity_provider: Some(provider),
                ..Self::default()
            };
        }
        Self { kind: Some("Unknown"), access_key_id: claimed, ..Self::default() }
    }

    /// The service itself, for a key of `account`.
    pub(super) fn service(account: &'a AccountId) -> Self {
        let account_id = Some(account.as_str());
        Self { account_id, invoked_by: Some(super::service_event::INTERNAL), ..Self::default() }
    }

    fn caller(caller: &'a Caller) -> Self {
        let principal = &*caller.principal;
        let kind = match principal.kind {
            PrincipalKind::Root => "Root",
            PrincipalKind::User => "IAMUser",
            PrincipalKind::Session => "AssumedRole",
        };
        let session = principal.session.as_ref().zip(principal.role_arn.as_deref());
        Self {
            kind: Some(kind),
            principal_id: Some(principal.user_id.as_str().into()),
            arn: Some(&principal.arn),
            account_id: Some(principal.account.as_str()),
            access_key_id: Some(&caller.access_key_id),
            user_name: principal.user_name(),
            session_context: session.map(|(session, role_arn)| SessionContext {
                session_issuer: SessionIssuer {
                    kind: "Role",
                    principal_id: principal.unique_id.as_deref().unwrap_or_default(),
                    arn: role_arn,
                    account_id: principal.account.as_str(),
                    user_name: role_arn.rsplit('/').next().unwrap_or_default(),
                },
                web_id_federation_data: session.federated_provider.as_deref().map(|provider| {
                    Federation { federated_provider: provider, attributes: Nothing {} }
                }),
                attributes: Attributes {
                    creation_date: Seconds(session.issued),
                    mfa_authenticated: "false",
                },
                source_identity: session.source_identity.as_deref(),
            }),
            ..Self::default()
        }
    }
}
