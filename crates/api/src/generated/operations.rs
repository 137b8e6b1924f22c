//! The operations of the API. Generated from the AWS KMS API model by `make codegen`; do not edit.

use super::errors::ErrorCode;
use super::structures;
use crate::operation::Request;

/// An operation of the AWS KMS API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// `CancelKeyDeletion`
    CancelKeyDeletion,
    /// `ConnectCustomKeyStore`
    ConnectCustomKeyStore,
    /// `CreateAlias`
    CreateAlias,
    /// `CreateCustomKeyStore`
    CreateCustomKeyStore,
    /// `CreateGrant`
    CreateGrant,
    /// `CreateKey`
    CreateKey,
    /// `Decapsulate`
    Decapsulate,
    /// `Decrypt`
    Decrypt,
    /// `DeleteAlias`
    DeleteAlias,
    /// `DeleteCustomKeyStore`
    DeleteCustomKeyStore,
    /// `DeleteImportedKeyMaterial`
    DeleteImportedKeyMaterial,
    /// `DeriveSharedSecret`
    DeriveSharedSecret,
    /// `DescribeCustomKeyStores`
    DescribeCustomKeyStores,
    /// `DescribeKey`
    DescribeKey,
    /// `DisableKey`
    DisableKey,
    /// `DisableKeyRotation`
    DisableKeyRotation,
    /// `DisconnectCustomKeyStore`
    DisconnectCustomKeyStore,
    /// `EnableKey`
    EnableKey,
    /// `EnableKeyRotation`
    EnableKeyRotation,
    /// `Encapsulate`
    Encapsulate,
    /// `Encrypt`
    Encrypt,
    /// `GenerateDataKey`
    GenerateDataKey,
    /// `GenerateDataKeyPair`
    GenerateDataKeyPair,
    /// `GenerateDataKeyPairWithoutPlaintext`
    GenerateDataKeyPairWithoutPlaintext,
    /// `GenerateDataKeyWithoutPlaintext`
    GenerateDataKeyWithoutPlaintext,
    /// `GenerateMac`
    GenerateMac,
    /// `GenerateRandom`
    GenerateRandom,
    /// `GetKeyLastUsage`
    GetKeyLastUsage,
    /// `GetKeyPolicy`
    GetKeyPolicy,
    /// `GetKeyRotationStatus`
    GetKeyRotationStatus,
    /// `GetParametersForImport`
    GetParametersForImport,
    /// `GetPublicKey`
    GetPublicKey,
    /// `ImportKeyMaterial`
    ImportKeyMaterial,
    /// `ListAliases`
    ListAliases,
    /// `ListGrants`
    ListGrants,
    /// `ListKeyPolicies`
    ListKeyPolicies,
    /// `ListKeyRotations`
    ListKeyRotations,
    /// `ListKeys`
    ListKeys,
    /// `ListResourceTags`
    ListResourceTags,
    /// `ListRetirableGrants`
    ListRetirableGrants,
    /// `PutKeyPolicy`
    PutKeyPolicy,
    /// `ReEncrypt`
    ReEncrypt,
    /// `ReplicateKey`
    ReplicateKey,
    /// `RetireGrant`
    RetireGrant,
    /// `RevokeGrant`
    RevokeGrant,
    /// `RotateKeyOnDemand`
    RotateKeyOnDemand,
    /// `ScheduleKeyDeletion`
    ScheduleKeyDeletion,
    /// `Sign`
    Sign,
    /// `TagResource`
    TagResource,
    /// `UntagResource`
    UntagResource,
    /// `UpdateAlias`
    UpdateAlias,
    /// `UpdateCustomKeyStore`
    UpdateCustomKeyStore,
    /// `UpdateKeyDescription`
    UpdateKeyDescription,
    /// `UpdatePrimaryRegion`
    UpdatePrimaryRegion,
    /// `Verify`
    Verify,
    /// `VerifyMac`
    VerifyMac,
}

impl Operation {
    /// All operations, in the order of the model.
    pub const ALL: &[Self] = &[
        Self::CancelKeyDeletion,
        Self::ConnectCustomKeyStore,
        Self::CreateAlias,
        Self::CreateCustomKeyStore,
        Self::CreateGrant,
        Self::CreateKey,
        Self::Decapsulate,
        Self::Decrypt,
        Self::DeleteAlias,
        Self::DeleteCustomKeyStore,
        Self::DeleteImportedKeyMaterial,
        Self::DeriveSharedSecret,
        Self::DescribeCustomKeyStores,
        Self::DescribeKey,
        Self::DisableKey,
        Self::DisableKeyRotation,
        Self::DisconnectCustomKeyStore,
        Self::EnableKey,
        Self::EnableKeyRotation,
        Self::Encapsulate,
        Self::Encrypt,
        Self::GenerateDataKey,
        Self::GenerateDataKeyPair,
        Self::GenerateDataKeyPairWithoutPlaintext,
        Self::GenerateDataKeyWithoutPlaintext,
        Self::GenerateMac,
        Self::GenerateRandom,
        Self::GetKeyLastUsage,
        Self::GetKeyPolicy,
        Self::GetKeyRotationStatus,
        Self::GetParametersForImport,
        Self::GetPublicKey,
        Self::ImportKeyMaterial,
        Self::ListAliases,
        Self::ListGrants,
        Self::ListKeyPolicies,
        Self::ListKeyRotations,
        Self::ListKeys,
        Self::ListResourceTags,
        Self::ListRetirableGrants,
        Self::PutKeyPolicy,
        Self::ReEncrypt,
        Self::ReplicateKey,
        Self::RetireGrant,
        Self::RevokeGrant,
        Self::RotateKeyOnDemand,
        Self::ScheduleKeyDeletion,
        Self::Sign,
        Self::TagResource,
        Self::UntagResource,
        Self::UpdateAlias,
        Self::UpdateCustomKeyStore,
        Self::UpdateKeyDescription,
        Self::UpdatePrimaryRegion,
        Self::Verify,
        Self::VerifyMac,
    ];

    /// The name on the wire, after `TrentService.`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CancelKeyDeletion => "CancelKeyDeletion",
            Self::ConnectCustomKeyStore => "ConnectCustomKeyStore",
            Self::CreateAlias => "CreateAlias",
            Self::CreateCustomKeyStore => "CreateCustomKeyStore",
            Self::CreateGrant => "CreateGrant",
            Self::CreateKey => "CreateKey",
            Self::Decapsulate => "Decapsulate",
            Self::Decrypt => "Decrypt",
            Self::DeleteAlias => "DeleteAlias",
            Self::DeleteCustomKeyStore => "DeleteCustomKeyStore",
            Self::DeleteImportedKeyMaterial => "DeleteImportedKeyMaterial",
            Self::DeriveSharedSecret => "DeriveSharedSecret",
            Self::DescribeCustomKeyStores => "DescribeCustomKeyStores",
            Self::DescribeKey => "DescribeKey",
            Self::DisableKey => "DisableKey",
            Self::DisableKeyRotation => "DisableKeyRotation",
            Self::DisconnectCustomKeyStore => "DisconnectCustomKeyStore",
            Self::EnableKey => "EnableKey",
            Self::EnableKeyRotation => "EnableKeyRotation",
            Self::Encapsulate => "Encapsulate",
            Self::Encrypt => "Encrypt",
            Self::GenerateDataKey => "GenerateDataKey",
            Self::GenerateDataKeyPair => "GenerateDataKeyPair",
            Self::GenerateDataKeyPairWithoutPlaintext => "GenerateDataKeyPairWithoutPlaintext",
            Self::GenerateDataKeyWithoutPlaintext => "GenerateDataKeyWithoutPlaintext",
            Self::GenerateMac => "GenerateMac",
            Self::GenerateRandom => "GenerateRandom",
            Self::GetKeyLastUsage => "GetKeyLastUsage",
            Self::GetKeyPolicy => "GetKeyPolicy",
            Self::GetKeyRotationStatus => "GetKeyRotationStatus",
            Self::GetParametersForImport => "GetParametersForImport",
            Self::GetPublicKey => "GetPublicKey",
            Self::ImportKeyMaterial => "ImportKeyMaterial",
            Self::ListAliases => "ListAliases",
            Self::ListGrants => "ListGrants",
            Self::ListKeyPolicies => "ListKeyPolicies",
            Self::ListKeyRotations => "ListKeyRotations",
            Self::ListKeys => "ListKeys",
            Self::ListResourceTags => "ListResourceTags",
            Self::ListRetirableGrants => "ListRetirableGrants",
            Self::PutKeyPolicy => "PutKeyPolicy",
            Self::ReEncrypt => "ReEncrypt",
            Self::ReplicateKey => "ReplicateKey",
            Self::RetireGrant => "RetireGrant",
            Self::RevokeGrant => "RevokeGrant",
            Self::RotateKeyOnDemand => "RotateKeyOnDemand",
            Self::ScheduleKeyDeletion => "ScheduleKeyDeletion",
            Self::Sign => "Sign",
            Self::TagResource => "TagResource",
            Self::UntagResource => "UntagResource",
            Self::UpdateAlias => "UpdateAlias",
            Self::UpdateCustomKeyStore => "UpdateCustomKeyStore",
            Self::UpdateKeyDescription => "UpdateKeyDescription",
            Self::UpdatePrimaryRegion => "UpdatePrimaryRegion",
            Self::Verify => "Verify",
            Self::VerifyMac => "VerifyMac",
        }
    }

    /// The operation of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "CancelKeyDeletion" => Self::CancelKeyDeletion,
            "ConnectCustomKeyStore" => Self::ConnectCustomKeyStore,
            "CreateAlias" => Self::CreateAlias,
            "CreateCustomKeyStore" => Self::CreateCustomKeyStore,
            "CreateGrant" => Self::CreateGrant,
            "CreateKey" => Self::CreateKey,
            "Decapsulate" => Self::Decapsulate,
            "Decrypt" => Self::Decrypt,
            "DeleteAlias" => Self::DeleteAlias,
            "DeleteCustomKeyStore" => Self::DeleteCustomKeyStore,
            "DeleteImportedKeyMaterial" => Self::DeleteImportedKeyMaterial,
            "DeriveSharedSecret" => Self::DeriveSharedSecret,
            "DescribeCustomKeyStores" => Self::DescribeCustomKeyStores,
            "DescribeKey" => Self::DescribeKey,
            "DisableKey" => Self::DisableKey,
            "DisableKeyRotation" => Self::DisableKeyRotation,
            "DisconnectCustomKeyStore" => Self::DisconnectCustomKeyStore,
            "EnableKey" => Self::EnableKey,
            "EnableKeyRotation" => Self::EnableKeyRotation,
            "Encapsulate" => Self::Encapsulate,
            "Encrypt" => Self::Encrypt,
            "GenerateDataKey" => Self::GenerateDataKey,
            "GenerateDataKeyPair" => Self::GenerateDataKeyPair,
            "GenerateDataKeyPairWithoutPlaintext" => Self::GenerateDataKeyPairWithoutPlaintext,
            "GenerateDataKeyWithoutPlaintext" => Self::GenerateDataKeyWithoutPlaintext,
            "GenerateMac" => Self::GenerateMac,
            "GenerateRandom" => Self::GenerateRandom,
            "GetKeyLastUsage" => Self::GetKeyLastUsage,
            "GetKeyPolicy" => Self::GetKeyPolicy,
            "GetKeyRotationStatus" => Self::GetKeyRotationStatus,
            "GetParametersForImport" => Self::GetParametersForImport,
            "GetPublicKey" => Self::GetPublicKey,
            "ImportKeyMaterial" => Self::ImportKeyMaterial,
            "ListAliases" => Self::ListAliases,
            "ListGrants" => Self::ListGrants,
            "ListKeyPolicies" => Self::ListKeyPolicies,
            "ListKeyRotations" => Self::ListKeyRotations,
            "ListKeys" => Self::ListKeys,
            "ListResourceTags" => Self::ListResourceTags,
            "ListRetirableGrants" => Self::ListRetirableGrants,
            "PutKeyPolicy" => Self::PutKeyPolicy,
            "ReEncrypt" => Self::ReEncrypt,
            "ReplicateKey" => Self::ReplicateKey,
            "RetireGrant" => Self::RetireGrant,
            "RevokeGrant" => Self::RevokeGrant,
            "RotateKeyOnDemand" => Self::RotateKeyOnDemand,
            "ScheduleKeyDeletion" => Self::ScheduleKeyDeletion,
            "Sign" => Self::Sign,
            "TagResource" => Self::TagResource,
            "UntagResource" => Self::UntagResource,
            "UpdateAlias" => Self::UpdateAlias,
            "UpdateCustomKeyStore" => Self::UpdateCustomKeyStore,
            "UpdateKeyDescription" => Self::UpdateKeyDescription,
            "UpdatePrimaryRegion" => Self::UpdatePrimaryRegion,
            "Verify" => Self::Verify,
            "VerifyMac" => Self::VerifyMac,
            _ => return None,
        })
    }

    /// The exceptions that the model declares for it.
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub const fn errors(self) -> &'static [ErrorCode] {
        match self {
            Self::CancelKeyDeletion => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
            ],
            Self::ConnectCustomKeyStore => &[
                ErrorCode::CloudHsmClusterInvalidConfiguration,
                ErrorCode::CloudHsmClusterNotActive,
                ErrorCode::CustomKeyStoreInvalidState,
                ErrorCode::CustomKeyStoreNotFound,
                ErrorCode::KmsInternal,
            ],
            Self::CreateAlias => &[
                ErrorCode::AlreadyExists,
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidAliasName,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::LimitExceeded,
                ErrorCode::NotFound,
            ],
            Self::CreateCustomKeyStore => &[
                ErrorCode::CloudHsmClusterInUse,
                ErrorCode::CloudHsmClusterInvalidConfiguration,
                ErrorCode::CloudHsmClusterNotActive,
                ErrorCode::CloudHsmClusterNotFound,
                ErrorCode::CustomKeyStoreNameInUse,
                ErrorCode::IncorrectTrustAnchor,
                ErrorCode::KmsInternal,
                ErrorCode::LimitExceeded,
                ErrorCode::XksProxyIncorrectAuthenticationCredential,
                ErrorCode::XksProxyInvalidConfiguration,
                ErrorCode::XksProxyInvalidResponse,
                ErrorCode::XksProxyUriEndpointInUse,
                ErrorCode::XksProxyUriInUse,
                ErrorCode::XksProxyUriUnreachable,
                ErrorCode::XksProxyVpcEndpointServiceInUse,
                ErrorCode::XksProxyVpcEndpointServiceInvalidConfiguration,
                ErrorCode::XksProxyVpcEndpointServiceNotFound,
            ],
            Self::CreateGrant => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::DryRunOperation,
                ErrorCode::InvalidArn,
                ErrorCode::InvalidGrantToken,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::LimitExceeded,
                ErrorCode::NotFound,
            ],
            Self::CreateKey => &[
                ErrorCode::CloudHsmClusterInvalidConfiguration,
                ErrorCode::CustomKeyStoreInvalidState,
                ErrorCode::CustomKeyStoreNotFound,
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::LimitExceeded,
                ErrorCode::MalformedPolicyDocument,
                ErrorCode::Tag,
                ErrorCode::UnsupportedOperation,
                ErrorCode::XksKeyAlreadyInUse,
                ErrorCode::XksKeyInvalidConfiguration,
                ErrorCode::XksKeyNotFound,
            ],
            Self::Decapsulate => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::DryRunOperation,
                ErrorCode::InvalidCiphertext,
                ErrorCode::InvalidGrantToken,
                ErrorCode::InvalidKeyUsage,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::KeyUnavailable,
                ErrorCode::NotFound,
            ],
            Self::Decrypt => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::DryRunOperation,
                ErrorCode::IncorrectKey,
                ErrorCode::InvalidCiphertext,
                ErrorCode::InvalidGrantToken,
                ErrorCode::InvalidKeyUsage,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::KeyUnavailable,
                ErrorCode::NotFound,
            ],
            Self::DeleteAlias => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
            ],
            Self::DeleteCustomKeyStore => &[
                ErrorCode::CustomKeyStoreHasKeys,
                ErrorCode::CustomKeyStoreInvalidState,
                ErrorCode::CustomKeyStoreNotFound,
                ErrorCode::KmsInternal,
            ],
            Self::DeleteImportedKeyMaterial => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
                ErrorCode::UnsupportedOperation,
            ],
            Self::DeriveSharedSecret => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::DryRunOperation,
                ErrorCode::InvalidGrantToken,
                ErrorCode::InvalidKeyUsage,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::KeyUnavailable,
                ErrorCode::NotFound,
            ],
            Self::DescribeCustomKeyStores => &[
                ErrorCode::CustomKeyStoreNotFound,
                ErrorCode::InvalidMarker,
                ErrorCode::KmsInternal,
            ],
            Self::DescribeKey => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::NotFound,
            ],
            Self::DisableKey => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
            ],
            Self::DisableKeyRotation => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
                ErrorCode::UnsupportedOperation,
            ],
            Self::DisconnectCustomKeyStore => &[
                ErrorCode::CustomKeyStoreInvalidState,
                ErrorCode::CustomKeyStoreNotFound,
                ErrorCode::KmsInternal,
            ],
            Self::EnableKey => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::LimitExceeded,
                ErrorCode::NotFound,
            ],
            Self::EnableKeyRotation => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
                ErrorCode::UnsupportedOperation,
            ],
            Self::Encapsulate => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::DryRunOperation,
                ErrorCode::InvalidGrantToken,
                ErrorCode::InvalidKeyUsage,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::KeyUnavailable,
                ErrorCode::NotFound,
            ],
            Self::Encrypt => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::DryRunOperation,
                ErrorCode::InvalidGrantToken,
                ErrorCode::InvalidKeyUsage,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::KeyUnavailable,
                ErrorCode::NotFound,
            ],
            Self::GenerateDataKey => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::DryRunOperation,
                ErrorCode::InvalidGrantToken,
                ErrorCode::InvalidKeyUsage,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::KeyUnavailable,
                ErrorCode::NotFound,
            ],
            Self::GenerateDataKeyPair => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::DryRunOperation,
                ErrorCode::InvalidGrantToken,
                ErrorCode::InvalidKeyUsage,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::KeyUnavailable,
                ErrorCode::NotFound,
                ErrorCode::UnsupportedOperation,
            ],
            Self::GenerateDataKeyPairWithoutPlaintext => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::DryRunOperation,
                ErrorCode::InvalidGrantToken,
                ErrorCode::InvalidKeyUsage,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::KeyUnavailable,
                ErrorCode::NotFound,
                ErrorCode::UnsupportedOperation,
            ],
            Self::GenerateDataKeyWithoutPlaintext => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::DryRunOperation,
                ErrorCode::InvalidGrantToken,
                ErrorCode::InvalidKeyUsage,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::KeyUnavailable,
                ErrorCode::NotFound,
            ],
            Self::GenerateMac => &[
                ErrorCode::Disabled,
                ErrorCode::DryRunOperation,
                ErrorCode::InvalidGrantToken,
                ErrorCode::InvalidKeyUsage,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::KeyUnavailable,
                ErrorCode::NotFound,
            ],
            Self::GenerateRandom => &[
                ErrorCode::CustomKeyStoreInvalidState,
                ErrorCode::CustomKeyStoreNotFound,
                ErrorCode::DependencyTimeout,
                ErrorCode::KmsInternal,
                ErrorCode::UnsupportedOperation,
            ],
            Self::GetKeyLastUsage => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::NotFound,
            ],
            Self::GetKeyPolicy => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
            ],
            Self::GetKeyRotationStatus => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
                ErrorCode::UnsupportedOperation,
            ],
            Self::GetParametersForImport => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
                ErrorCode::UnsupportedOperation,
            ],
            Self::GetPublicKey => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::InvalidArn,
                ErrorCode::InvalidGrantToken,
                ErrorCode::InvalidKeyUsage,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::KeyUnavailable,
                ErrorCode::NotFound,
                ErrorCode::UnsupportedOperation,
            ],
            Self::ImportKeyMaterial => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::ExpiredImportToken,
                ErrorCode::IncorrectKeyMaterial,
                ErrorCode::InvalidArn,
                ErrorCode::InvalidCiphertext,
                ErrorCode::InvalidImportToken,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
                ErrorCode::UnsupportedOperation,
            ],
            Self::ListAliases => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::InvalidMarker,
                ErrorCode::KmsInternal,
                ErrorCode::NotFound,
            ],
            Self::ListGrants => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::InvalidGrantId,
                ErrorCode::InvalidMarker,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
            ],
            Self::ListKeyPolicies => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
            ],
            Self::ListKeyRotations => &[
                ErrorCode::InvalidArn,
                ErrorCode::InvalidMarker,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
                ErrorCode::UnsupportedOperation,
            ],
            Self::ListKeys => {
                &[ErrorCode::DependencyTimeout, ErrorCode::InvalidMarker, ErrorCode::KmsInternal]
            }
            Self::ListResourceTags => &[
                ErrorCode::InvalidArn,
                ErrorCode::InvalidMarker,
                ErrorCode::KmsInternal,
                ErrorCode::NotFound,
            ],
            Self::ListRetirableGrants => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::InvalidMarker,
                ErrorCode::KmsInternal,
                ErrorCode::NotFound,
            ],
            Self::PutKeyPolicy => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::LimitExceeded,
                ErrorCode::MalformedPolicyDocument,
                ErrorCode::NotFound,
                ErrorCode::UnsupportedOperation,
            ],
            Self::ReEncrypt => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::DryRunOperation,
                ErrorCode::IncorrectKey,
                ErrorCode::InvalidCiphertext,
                ErrorCode::InvalidGrantToken,
                ErrorCode::InvalidKeyUsage,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::KeyUnavailable,
                ErrorCode::NotFound,
            ],
            Self::ReplicateKey => &[
                ErrorCode::AlreadyExists,
                ErrorCode::Disabled,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::LimitExceeded,
                ErrorCode::MalformedPolicyDocument,
                ErrorCode::NotFound,
                ErrorCode::Tag,
                ErrorCode::UnsupportedOperation,
            ],
            Self::RetireGrant => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::DryRunOperation,
                ErrorCode::InvalidArn,
                ErrorCode::InvalidGrantId,
                ErrorCode::InvalidGrantToken,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
            ],
            Self::RevokeGrant => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::DryRunOperation,
                ErrorCode::InvalidArn,
                ErrorCode::InvalidGrantId,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
            ],
            Self::RotateKeyOnDemand => &[
                ErrorCode::Conflict,
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::LimitExceeded,
                ErrorCode::NotFound,
                ErrorCode::UnsupportedOperation,
            ],
            Self::ScheduleKeyDeletion => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
            ],
            Self::Sign => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::DryRunOperation,
                ErrorCode::InvalidGrantToken,
                ErrorCode::InvalidKeyUsage,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::KeyUnavailable,
                ErrorCode::NotFound,
            ],
            Self::TagResource => &[
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::LimitExceeded,
                ErrorCode::NotFound,
                ErrorCode::Tag,
            ],
            Self::UntagResource => &[
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
                ErrorCode::Tag,
            ],
            Self::UpdateAlias => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::LimitExceeded,
                ErrorCode::NotFound,
            ],
            Self::UpdateCustomKeyStore => &[
                ErrorCode::CloudHsmClusterInvalidConfiguration,
                ErrorCode::CloudHsmClusterNotActive,
                ErrorCode::CloudHsmClusterNotFound,
                ErrorCode::CloudHsmClusterNotRelated,
                ErrorCode::CustomKeyStoreInvalidState,
                ErrorCode::CustomKeyStoreNameInUse,
                ErrorCode::CustomKeyStoreNotFound,
                ErrorCode::KmsInternal,
                ErrorCode::XksProxyIncorrectAuthenticationCredential,
                ErrorCode::XksProxyInvalidConfiguration,
                ErrorCode::XksProxyInvalidResponse,
                ErrorCode::XksProxyUriEndpointInUse,
                ErrorCode::XksProxyUriInUse,
                ErrorCode::XksProxyUriUnreachable,
                ErrorCode::XksProxyVpcEndpointServiceInUse,
                ErrorCode::XksProxyVpcEndpointServiceInvalidConfiguration,
                ErrorCode::XksProxyVpcEndpointServiceNotFound,
            ],
            Self::UpdateKeyDescription => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
            ],
            Self::UpdatePrimaryRegion => &[
                ErrorCode::Disabled,
                ErrorCode::InvalidArn,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidState,
                ErrorCode::NotFound,
                ErrorCode::UnsupportedOperation,
            ],
            Self::Verify => &[
                ErrorCode::DependencyTimeout,
                ErrorCode::Disabled,
                ErrorCode::DryRunOperation,
                ErrorCode::InvalidGrantToken,
                ErrorCode::InvalidKeyUsage,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidSignature,
                ErrorCode::KmsInvalidState,
                ErrorCode::KeyUnavailable,
                ErrorCode::NotFound,
            ],
            Self::VerifyMac => &[
                ErrorCode::Disabled,
                ErrorCode::DryRunOperation,
                ErrorCode::InvalidGrantToken,
                ErrorCode::InvalidKeyUsage,
                ErrorCode::KmsInternal,
                ErrorCode::KmsInvalidMac,
                ErrorCode::KmsInvalidState,
                ErrorCode::KeyUnavailable,
                ErrorCode::NotFound,
            ],
        }
    }
}

impl Request for structures::CancelKeyDeletionRequest {
    const OPERATION: Operation = Operation::CancelKeyDeletion;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::CancelKeyDeletionResponse;
}

impl Request for structures::ConnectCustomKeyStoreRequest {
    const OPERATION: Operation = Operation::ConnectCustomKeyStore;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::ConnectCustomKeyStoreResponse;
}

impl Request for structures::CreateAliasRequest {
    const OPERATION: Operation = Operation::CreateAlias;
    const ANSWERS_WITH_BODY: bool = false;
    type Response = ();
}

impl Request for structures::CreateCustomKeyStoreRequest {
    const OPERATION: Operation = Operation::CreateCustomKeyStore;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::CreateCustomKeyStoreResponse;
}

impl Request for structures::CreateGrantRequest {
    const OPERATION: Operation = Operation::CreateGrant;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::CreateGrantResponse;
}

impl Request for structures::CreateKeyRequest {
    const OPERATION: Operation = Operation::CreateKey;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::CreateKeyResponse;
}

impl Request for structures::DecapsulateRequest {
    const OPERATION: Operation = Operation::Decapsulate;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::DecapsulateResponse;
}

impl Request for structures::DecryptRequest {
    const OPERATION: Operation = Operation::Decrypt;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::DecryptResponse;
}

impl Request for structures::DeleteAliasRequest {
    const OPERATION: Operation = Operation::DeleteAlias;
    const ANSWERS_WITH_BODY: bool = false;
    type Response = ();
}

impl Request for structures::DeleteCustomKeyStoreRequest {
    const OPERATION: Operation = Operation::DeleteCustomKeyStore;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::DeleteCustomKeyStoreResponse;
}

impl Request for structures::DeleteImportedKeyMaterialRequest {
    const OPERATION: Operation = Operation::DeleteImportedKeyMaterial;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::DeleteImportedKeyMaterialResponse;
}

impl Request for structures::DeriveSharedSecretRequest {
    const OPERATION: Operation = Operation::DeriveSharedSecret;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::DeriveSharedSecretResponse;
}

impl Request for structures::DescribeCustomKeyStoresRequest {
    const OPERATION: Operation = Operation::DescribeCustomKeyStores;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::DescribeCustomKeyStoresResponse;
}

impl Request for structures::DescribeKeyRequest {
    const OPERATION: Operation = Operation::DescribeKey;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::DescribeKeyResponse;
}

impl Request for structures::DisableKeyRequest {
    const OPERATION: Operation = Operation::DisableKey;
    const ANSWERS_WITH_BODY: bool = false;
    type Response = ();
}

impl Request for structures::DisableKeyRotationRequest {
    const OPERATION: Operation = Operation::DisableKeyRotation;
    const ANSWERS_WITH_BODY: bool = false;
    type Response = ();
}

impl Request for structures::DisconnectCustomKeyStoreRequest {
    const OPERATION: Operation = Operation::DisconnectCustomKeyStore;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::DisconnectCustomKeyStoreResponse;
}

impl Request for structures::EnableKeyRequest {
    const OPERATION: Operation = Operation::EnableKey;
    const ANSWERS_WITH_BODY: bool = false;
    type Response = ();
}

impl Request for structures::EnableKeyRotationRequest {
    const OPERATION: Operation = Operation::EnableKeyRotation;
    const ANSWERS_WITH_BODY: bool = false;
    type Response = ();
}

impl Request for structures::EncapsulateRequest {
    const OPERATION: Operation = Operation::Encapsulate;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::EncapsulateResponse;
}

impl Request for structures::EncryptRequest {
    const OPERATION: Operation = Operation::Encrypt;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::EncryptResponse;
}

impl Request for structures::GenerateDataKeyRequest {
    const OPERATION: Operation = Operation::GenerateDataKey;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::GenerateDataKeyResponse;
}

impl Request for structures::GenerateDataKeyPairRequest {
    const OPERATION: Operation = Operation::GenerateDataKeyPair;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::GenerateDataKeyPairResponse;
}

impl Request for structures::GenerateDataKeyPairWithoutPlaintextRequest {
    const OPERATION: Operation = Operation::GenerateDataKeyPairWithoutPlaintext;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::GenerateDataKeyPairWithoutPlaintextResponse;
}

impl Request for structures::GenerateDataKeyWithoutPlaintextRequest {
    const OPERATION: Operation = Operation::GenerateDataKeyWithoutPlaintext;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::GenerateDataKeyWithoutPlaintextResponse;
}

impl Request for structures::GenerateMacRequest {
    const OPERATION: Operation = Operation::GenerateMac;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::GenerateMacResponse;
}

impl Request for structures::GenerateRandomRequest {
    const OPERATION: Operation = Operation::GenerateRandom;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::GenerateRandomResponse;
}

impl Request for structures::GetKeyLastUsageRequest {
    const OPERATION: Operation = Operation::GetKeyLastUsage;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::GetKeyLastUsageResponse;
}

impl Request for structures::GetKeyPolicyRequest {
    const OPERATION: Operation = Operation::GetKeyPolicy;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::GetKeyPolicyResponse;
}

impl Request for structures::GetKeyRotationStatusRequest {
    const OPERATION: Operation = Operation::GetKeyRotationStatus;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::GetKeyRotationStatusResponse;
}

impl Request for structures::GetParametersForImportRequest {
    const OPERATION: Operation = Operation::GetParametersForImport;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::GetParametersForImportResponse;
}

impl Request for structures::GetPublicKeyRequest {
    const OPERATION: Operation = Operation::GetPublicKey;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::GetPublicKeyResponse;
}

impl Request for structures::ImportKeyMaterialRequest {
    const OPERATION: Operation = Operation::ImportKeyMaterial;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::ImportKeyMaterialResponse;
}

impl Request for structures::ListAliasesRequest {
    const OPERATION: Operation = Operation::ListAliases;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::ListAliasesResponse;
}

impl Request for structures::ListGrantsRequest {
    const OPERATION: Operation = Operation::ListGrants;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::ListGrantsResponse;
}

impl Request for structures::ListKeyPoliciesRequest {
    const OPERATION: Operation = Operation::ListKeyPolicies;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::ListKeyPoliciesResponse;
}

impl Request for structures::ListKeyRotationsRequest {
    const OPERATION: Operation = Operation::ListKeyRotations;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::ListKeyRotationsResponse;
}

impl Request for structures::ListKeysRequest {
    const OPERATION: Operation = Operation::ListKeys;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::ListKeysResponse;
}

impl Request for structures::ListResourceTagsRequest {
    const OPERATION: Operation = Operation::ListResourceTags;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::ListResourceTagsResponse;
}

impl Request for structures::ListRetirableGrantsRequest {
    const OPERATION: Operation = Operation::ListRetirableGrants;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::ListGrantsResponse;
}

impl Request for structures::PutKeyPolicyRequest {
    const OPERATION: Operation = Operation::PutKeyPolicy;
    const ANSWERS_WITH_BODY: bool = false;
    type Response = ();
}

impl Request for structures::ReEncryptRequest {
    const OPERATION: Operation = Operation::ReEncrypt;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::ReEncryptResponse;
}

impl Request for structures::ReplicateKeyRequest {
    const OPERATION: Operation = Operation::ReplicateKey;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::ReplicateKeyResponse;
}

impl Request for structures::RetireGrantRequest {
    const OPERATION: Operation = Operation::RetireGrant;
    const ANSWERS_WITH_BODY: bool = false;
    type Response = ();
}

impl Request for structures::RevokeGrantRequest {
    const OPERATION: Operation = Operation::RevokeGrant;
    const ANSWERS_WITH_BODY: bool = false;
    type Response = ();
}

impl Request for structures::RotateKeyOnDemandRequest {
    const OPERATION: Operation = Operation::RotateKeyOnDemand;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::RotateKeyOnDemandResponse;
}

impl Request for structures::ScheduleKeyDeletionRequest {
    const OPERATION: Operation = Operation::ScheduleKeyDeletion;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::ScheduleKeyDeletionResponse;
}

impl Request for structures::SignRequest {
    const OPERATION: Operation = Operation::Sign;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::SignResponse;
}

impl Request for structures::TagResourceRequest {
    const OPERATION: Operation = Operation::TagResource;
    const ANSWERS_WITH_BODY: bool = false;
    type Response = ();
}

impl Request for structures::UntagResourceRequest {
    const OPERATION: Operation = Operation::UntagResource;
    const ANSWERS_WITH_BODY: bool = false;
    type Response = ();
}

impl Request for structures::UpdateAliasRequest {
    const OPERATION: Operation = Operation::UpdateAlias;
    const ANSWERS_WITH_BODY: bool = false;
    type Response = ();
}

impl Request for structures::UpdateCustomKeyStoreRequest {
    const OPERATION: Operation = Operation::UpdateCustomKeyStore;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::UpdateCustomKeyStoreResponse;
}

impl Request for structures::UpdateKeyDescriptionRequest {
    const OPERATION: Operation = Operation::UpdateKeyDescription;
    const ANSWERS_WITH_BODY: bool = false;
    type Response = ();
}

impl Request for structures::UpdatePrimaryRegionRequest {
    const OPERATION: Operation = Operation::UpdatePrimaryRegion;
    const ANSWERS_WITH_BODY: bool = false;
    type Response = ();
}

impl Request for structures::VerifyRequest {
    const OPERATION: Operation = Operation::Verify;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::VerifyResponse;
}

impl Request for structures::VerifyMacRequest {
    const OPERATION: Operation = Operation::VerifyMac;
    const ANSWERS_WITH_BODY: bool = true;
    type Response = structures::VerifyMacResponse;
}
