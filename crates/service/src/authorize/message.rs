//! The texts of `AccessDeniedException`.
//!
//! AWS: IAM User Guide, "Troubleshoot access denied error messages".

use super::{Denial, Layer};
use crate::context::Context;
use trent_api::{ErrorCode, KmsError};
use trent_core::KeyArn;

/// What was asked for, as the message names it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Resource<'a> {
    /// By its ARN, or `*`.
    Named(&'a str),
    /// The key, by its ARN.
    Key,
    /// The key that a ciphertext names, and the request does not.
    OfCiphertext,
}

impl Resource<'_> {
    /// The key's own ARN, unless it is not to be told.
    pub(super) fn or_arn<'b>(&'b self, arn: &'b str) -> Resource<'b> {
        match self {
            Resource::Key => Resource::Named(arn),
            Resource::Named(name) => Resource::Named(name),
            Resource::OfCiphertext => Resource::OfCiphertext,
        }
    }
}

impl Context<'_> {
    /// The exception for a key whose policy does not allow the action to anybody.
    pub(crate) fn denied_by_key_policy(&self, key: &KeyArn, named_by: Resource<'_>) -> KmsError {
        let is_foreign = key.account != self.caller.account;
        let denial = if is_foreign { Denial::Foreign } else { Denial::Missing(Layer::KeyPolicy) };
        denied(self, denial, &named_by.or_arn(&key.to_string()))
    }
}

/// The exception for a decision.
pub(super) fn denied(cx: &Context<'_>, denial: Denial, resource: &Resource<'_>) -> KmsError {
    let action = cx.action;
    let reason = match denial {
        Denial::Explicit(layer) => format!("with an explicit deny in {}", with_article(layer)),
        Denial::Missing(layer) => {
            format!("because no {} allows the kms:{action} action", name(layer))
        }
        Denial::Foreign => {
            return cx.denied(match resource {
                Resource::OfCiphertext => "the resource associated with this ciphertext",
                Resource::Named(_) | Resource::Key => "this resource",
            });
        }
    };
    let resource = match resource {
        Resource::Named(arn) => format!("resource: {arn}"),
        Resource::Key => "this resource".to_owned(),
        Resource::OfCiphertext => "the resource associated with this ciphertext".to_owned(),
    };
    let caller = cx.caller.arn();
    KmsError::new(
        ErrorCode::AccessDenied,
        format!("User: {caller} is not authorized to perform: kms:{action} on {resource} {reason}"),
    )
}

fn name(layer: Layer) -> &'static str {
    match layer {
        Layer::KeyPolicy => "resource-based policy",
        Layer::Identity => "identity-based policy",
        Layer::Boundary => "permissions boundary",
        Layer::Session => "session policy",
    }
}

fn with_article(layer: Layer) -> String {
    let article = if layer == Layer::Identity { "an" } else { "a" };
    format!("{article} {}", name(layer))
}
