//! Grants as data: who may do what with one KMS key, under which constraints.
//!
//! Whether a grant permits a request is decided elsewhere. Source: AWS KMS API Reference,
//! "CreateGrant"; AWS KMS Developer Guide, "Grants in AWS KMS".

use crate::id::{AccountId, KeyArn, KeyId, Region};
use crate::key::KmsKey;
use crate::key_spec::{SpecKind, spec_kind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trent_api::enums::{GrantOperation, KeyUsageType};
use trent_api::structures::{CreateGrantRequest, GrantConstraints, GrantListEntry};
use trent_api::{ErrorCode, KmsError, wire};

/// Grants that one KMS key may have (AWS KMS Developer Guide, "Resource quotas").
pub const GRANTS_PER_KEY_MAX: u64 = 50_000;

/// Encryption context pairs in a constraint.
const CONSTRAINT_PAIRS_MAX: usize = 8;

/// Characters of key and value of such a pair.
const CONSTRAINT_PAIR_CHARACTERS_MAX: usize = 384;

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The account of the key.
    pub account: AccountId,
    /// The Region of the key.
    pub region: Region,
    /// The key.
    pub key: KeyId,
    /// 64 hexadecimal digits.
    pub id: String,
    /// When the grant was created.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created: Timestamp,
    /// The account in which it was created.
    pub issuing_account: AccountId,
    /// What was asked for.
    pub terms: Terms,
    /// The unique id of the user or role that the grantee was when the grant was given: another
    /// one of the same name is not meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grantee_id: Option<String>,
    /// The same of the retiring principal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retiring_id: Option<String>,
}

/// What a grant is about; equal terms with a name are the same grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// A friendly name.
    pub name: Option<String>,
    /// Who may use the key.
    pub grantee: Principal,
    /// Who may retire the grant.
    pub retiring: Option<Principal>,
    /// What the grantee may do.
    pub operations: Vec<GrantOperation>,
    /// Pairs that the encryption context must have, among others.
    pub context_subset: Option<BTreeMap<String, String>>,
    /// Pairs that the encryption context must consist of.
    pub context_equals: Option<BTreeMap<String, String>>,
    /// The resource for which a service must act.
    pub source_arn: Option<String>,
}

/// A principal of a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Principal {
    /// The ARN of an account, user, role or session.
    Arn(String),
    /// The name of a service.
    Service(String),
}

impl Principal {
    /// The ARN or the name of the service.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Arn(text) | Self::Service(text) => text,
        }
    }

    fn arn(&self) -> Option<String> {
        matches!(self, Self::Arn(_)).then(|| self.as_str().to_owned())
    }

    fn service(&self) -> Option<String> {
        matches!(self, Self::Service(_)).then(|| self.as_str().to_owned())
    }
}

impl Terms {
    /// The terms of a request for a grant on `key`.
    ///
    /// Raises `ValidationException`, `InvalidArnException`.
    pub fn of(request: &CreateGrantRequest, key: &KmsKey) -> Result<Self, KmsError> {
        let constraints = with_one_context(request.constraints.clone().unwrap_or_default());
        let retiring = match (&request.retiring_principal, &request.retiring_service_principal) {
            (Some(_), Some(_)) => {
                return invalid(
                    "RetiringPrincipal and RetiringServicePrincipal cannot both be specified.",
                );
            }
            (Some(arn), None) => Some(principal(arn)?),
            (None, Some(service)) => Some(Principal::Service(service.clone())),
            (None, None) => None,
        };
        let grantee = match (&request.grantee_principal, &request.grantee_service_principal) {
            (Some(arn), None) => principal(arn)?,
            (None, Some(service)) => {
                if constraints.source_arn.is_none() || retiring.is_none() {
                    return invalid(
                        "A GranteeServicePrincipal requires the SourceArn constraint and a \
                         RetiringPrincipal or RetiringServicePrincipal.",
                    );
                }
                Principal::Service(service.clone())
            }
            _ => {
                return invalid(
                    "Exactly one of GranteePrincipal and GranteeServicePrincipal must be specified.",
                );
            }
        };
        check_operations(&request.operations, key)?;
        check_constraints(&constraints, key)?;
        Ok(Self {
            name: request.name.clone(),
            grantee,
            retiring,
            operations: request.operations.clone(),
            context_subset: constraints.encryption_context_subset,
            context_equals: constraints.encryption_context_equals,
            source_arn: constraints.source_arn,
        })
    }
}

impl Grant {
    /// The key that the grant is on.
    pub fn key_arn(&self) -> KeyArn {
        KeyArn { region: self.region.clone(), account: self.account, key_id: self.key }
    }

    /// What ListGrants and ListRetirableGrants say of it.
    pub fn entry(&self) -> GrantListEntry {
        let terms = &self.terms;
        let retiring = terms.retiring.as_ref();
        let is_constrained = terms.context_subset.is_some()
            || terms.context_equals.is_some()
            || terms.source_arn.is_some();
        let partition = self.region.partition();
        GrantListEntry {
            key_id: Some(self.key_arn().to_string()),
            grant_id: Some(self.id.clone()),
            name: Some(terms.name.clone().unwrap_or_default()),
            creation_date: Some(wire::Timestamp(self.created)),
            grantee_principal: terms.grantee.arn(),
            retiring_principal: retiring.and_then(Principal::arn),
            issuing_account: Some(format!("arn:{partition}:iam::{}:root", self.issuing_account)),
            operations: Some(terms.operations.clone()),
            constraints: is_constrained.then(|| GrantConstraints {
                encryption_context_subset: terms.context_subset.clone(),
                encryption_context_equals: terms.context_equals.clone(),
                source_arn: terms.source_arn.clone(),
            }),
            grantee_service_principal: terms.grantee.service(),
            retiring_service_principal: retiring.and_then(Principal::service),
        }
    }
}

/// The operations that can be granted on a key of this kind.
fn grant_operations(key: &KmsKey) -> &'static [GrantOperation] {
    use GrantOperation as G;
    match (spec_kind(key.spec), key.usage) {
        (SpecKind::Symmetric, _) => &[
            G::Decrypt,
            G::Encrypt,
            G::GenerateDataKey,
            G::GenerateDataKeyWithoutPlaintext,
            G::GenerateDataKeyPair,
            G::GenerateDataKeyPairWithoutPlaintext,
            G::ReEncryptFrom,
            G::ReEncryptTo,
        ],
        (_, KeyUsageType::EncryptDecrypt) => {
            &[G::Decrypt, G::Encrypt, G::ReEncryptFrom, G::ReEncryptTo, G::GetPublicKey]
        }
        (_, KeyUsageType::SignVerify) => &[G::Sign, G::Verify, G::GetPublicKey],
        (_, KeyUsageType::GenerateVerifyMac) => &[G::GenerateMac, G::VerifyMac],
        (_, KeyUsageType::KeyAgreement) => &[G::DeriveSharedSecret, G::GetPublicKey],
        (_, KeyUsageType::EncapsulateDecapsulate) => {
            &[G::Encapsulate, G::Decapsulate, G::GetPublicKey]
        }
    }
}

fn check_operations(operations: &[GrantOperation], key: &KmsKey) -> Result<(), KmsError> {
    use GrantOperation as G;
    if operations.is_empty() {
        return invalid("At least one operation must be specified.");
    }
    let of_every_key = [G::CreateGrant, G::RetireGrant, G::DescribeKey];
    let suits =
        |one: &&GrantOperation| of_every_key.contains(one) || grant_operations(key).contains(one);
    match operations.iter().find(|operation| !suits(operation)) {
        None => Ok(()),
        Some(operation) => invalid(&format!(
            "Operation {operation} is not supported for a grant on a key with KeySpec {} and \
             KeyUsage {}.",
            key.spec, key.usage
        )),
    }
}

/// Leaves an empty encryption context out beside the other one: the AWS provider of Terraform always
/// sends both, and with AWS it is not told that it must not. An empty one alone stays.
fn with_one_context(mut constraints: GrantConstraints) -> GrantConstraints {
    let GrantConstraints {
        encryption_context_subset: subset,
        encryption_context_equals: equals,
        ..
    } = &mut constraints;
    if equals.is_some() {
        subset.take_if(|pairs| pairs.is_empty());
    }
    if subset.is_some() {
        equals.take_if(|pairs| pairs.is_empty());
    }
    constraints
}

fn check_constraints(constraints: &GrantConstraints, key: &KmsKey) -> Result<(), KmsError> {
    let (subset, equals) =
        (&constraints.encryption_context_subset, &constraints.encryption_context_equals);
    if subset.is_some() && equals.is_some() {
        return invalid(
            "EncryptionContextSubset and EncryptionContextEquals cannot both be specified.",
        );
    }
    let Some(pairs) = subset.as_ref().or(equals.as_ref()) else { return Ok(()) };
    if spec_kind(key.spec) != SpecKind::Symmetric {
        return invalid(
            "Encryption context constraints are supported for symmetric encryption keys only.",
        );
    }
    let is_long = |(name, value): (&String, &String)| {
        name.chars().count() + value.chars().count() > CONSTRAINT_PAIR_CHARACTERS_MAX
    };
    if pairs.len() > CONSTRAINT_PAIRS_MAX || pairs.iter().any(is_long) {
        return invalid(&format!(
            "A constraint has at most {CONSTRAINT_PAIRS_MAX} encryption context pairs of at most \
             {CONSTRAINT_PAIR_CHARACTERS_MAX} characters each."
        ));
    }
    Ok(())
}

/// An ARN of IAM or STS. Raises `InvalidArnException`.
fn principal(arn: &str) -> Result<Principal, KmsError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let is_principal = match parts.as_slice() {
        ["arn", partition, "iam" | "sts", "", account, resource] => {
            partition.starts_with("aws")
                && AccountId::parse(account).is_some()
                && (*resource == "root"
                    || resource.split_once('/').is_some_and(|(kind, name)| {
                        !name.is_empty()
                            && ["user", "role", "assumed-role", "federated-user"].contains(&kind)
                    }))
        }
        _ => false,
    };
    if is_principal {
        return Ok(Principal::Arn(arn.to_owned()));
    }
    Err(KmsError::new(ErrorCode::InvalidArn, format!("Invalid arn {arn}")))
}

fn invalid<T>(message: &str) -> Result<T, KmsError> {
    Err(KmsError::new(ErrorCode::Validation, message))
}
