//! Requests, replies and the structures in them. Generated from the AWS KMS API model by `make codegen`; do not edit.

use super::enums::*;
use super::shapes;
use crate::violation::{Path, Report};
use crate::wire::{Blob, FromWire, Members, SensitiveBytes, SensitiveString, Timestamp, WrongType};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// `AliasListEntry` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct AliasListEntry {
    /// `AliasName`: `AliasNameType`, 1 to 256 characters.
    #[serde(rename = "AliasName", skip_serializing_if = "Option::is_none")]
    pub alias_name: Option<String>,
    /// `AliasArn`: `ArnType`, 20 to 2048 characters.
    #[serde(rename = "AliasArn", skip_serializing_if = "Option::is_none")]
    pub alias_arn: Option<String>,
    /// `TargetKeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "TargetKeyId", skip_serializing_if = "Option::is_none")]
    pub target_key_id: Option<String>,
    /// `CreationDate`: `DateType`.
    #[serde(rename = "CreationDate", skip_serializing_if = "Option::is_none")]
    pub creation_date: Option<Timestamp>,
    /// `LastUpdatedDate`: `DateType`.
    #[serde(rename = "LastUpdatedDate", skip_serializing_if = "Option::is_none")]
    pub last_updated_date: Option<Timestamp>,
}

/// `CancelKeyDeletionRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct CancelKeyDeletionRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
}

impl FromWire for CancelKeyDeletionRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id }))
    }
}

/// `CancelKeyDeletionResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct CancelKeyDeletionResponse {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

/// `ConnectCustomKeyStoreRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectCustomKeyStoreRequest {
    /// `CustomKeyStoreId`: `CustomKeyStoreIdType`, 1 to 64 characters, required.
    pub custom_key_store_id: String,
}

impl FromWire for ConnectCustomKeyStoreRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let custom_key_store_id = members.required(
            "CustomKeyStoreId",
            &shapes::CUSTOM_KEY_STORE_ID_TYPE,
            path,
            report,
        )?;
        let Some(custom_key_store_id) = custom_key_store_id else { return Ok(None) };
        Ok(Some(Self { custom_key_store_id }))
    }
}

/// `ConnectCustomKeyStoreResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct ConnectCustomKeyStoreResponse {}

/// `CreateAliasRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateAliasRequest {
    /// `AliasName`: `AliasNameType`, 1 to 256 characters, required.
    pub alias_name: String,
    /// `TargetKeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub target_key_id: String,
}

impl FromWire for CreateAliasRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let alias_name = members.required("AliasName", &shapes::ALIAS_NAME_TYPE, path, report)?;
        let target_key_id = members.required("TargetKeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let (Some(alias_name), Some(target_key_id)) = (alias_name, target_key_id) else {
            return Ok(None);
        };
        Ok(Some(Self { alias_name, target_key_id }))
    }
}

/// `CreateCustomKeyStoreRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateCustomKeyStoreRequest {
    /// `CustomKeyStoreName`: `CustomKeyStoreNameType`, 1 to 256 characters, required.
    pub custom_key_store_name: String,
    /// `CloudHsmClusterId`: `CloudHsmClusterIdType`, 19 to 24 characters.
    pub cloud_hsm_cluster_id: Option<String>,
    /// `TrustAnchorCertificate`: `TrustAnchorCertificateType`, 1 to 5000 characters.
    pub trust_anchor_certificate: Option<String>,
    /// `KeyStorePassword`: `KeyStorePasswordType`, 7 to 32 characters.
    pub key_store_password: Option<SensitiveString>,
    /// `CustomKeyStoreType`: `CustomKeyStoreType`.
    pub custom_key_store_type: Option<CustomKeyStoreType>,
    /// `XksProxyUriEndpoint`: `XksProxyUriEndpointType`, 10 to 128 characters.
    pub xks_proxy_uri_endpoint: Option<String>,
    /// `XksProxyUriPath`: `XksProxyUriPathType`, 10 to 128 characters.
    pub xks_proxy_uri_path: Option<String>,
    /// `XksProxyVpcEndpointServiceName`: `XksProxyVpcEndpointServiceNameType`, 20 to 64 characters.
    pub xks_proxy_vpc_endpoint_service_name: Option<String>,
    /// `XksProxyVpcEndpointServiceOwner`: `AccountIdType`, 12 to 12 characters.
    pub xks_proxy_vpc_endpoint_service_owner: Option<String>,
    /// `XksProxyAuthenticationCredential`: `XksProxyAuthenticationCredentialType`.
    pub xks_proxy_authentication_credential: Option<XksProxyAuthenticationCredentialType>,
    /// `XksProxyConnectivity`: `XksProxyConnectivityType`.
    pub xks_proxy_connectivity: Option<XksProxyConnectivityType>,
}

impl FromWire for CreateCustomKeyStoreRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let custom_key_store_name = members.required(
            "CustomKeyStoreName",
            &shapes::CUSTOM_KEY_STORE_NAME_TYPE,
            path,
            report,
        )?;
        let cloud_hsm_cluster_id = members.optional(
            "CloudHsmClusterId",
            &shapes::CLOUD_HSM_CLUSTER_ID_TYPE,
            path,
            report,
        )?;
        let trust_anchor_certificate = members.optional(
            "TrustAnchorCertificate",
            &shapes::TRUST_ANCHOR_CERTIFICATE_TYPE,
            path,
            report,
        )?;
        let key_store_password =
            members.optional("KeyStorePassword", &shapes::KEY_STORE_PASSWORD_TYPE, path, report)?;
        let custom_key_store_type =
            members.optional("CustomKeyStoreType", &shapes::CUSTOM_KEY_STORE_TYPE, path, report)?;
        let xks_proxy_uri_endpoint = members.optional(
            "XksProxyUriEndpoint",
            &shapes::XKS_PROXY_URI_ENDPOINT_TYPE,
            path,
            report,
        )?;
        let xks_proxy_uri_path =
            members.optional("XksProxyUriPath", &shapes::XKS_PROXY_URI_PATH_TYPE, path, report)?;
        let xks_proxy_vpc_endpoint_service_name = members.optional(
            "XksProxyVpcEndpointServiceName",
            &shapes::XKS_PROXY_VPC_ENDPOINT_SERVICE_NAME_TYPE,
            path,
            report,
        )?;
        let xks_proxy_vpc_endpoint_service_owner = members.optional(
            "XksProxyVpcEndpointServiceOwner",
            &shapes::ACCOUNT_ID_TYPE,
            path,
            report,
        )?;
        let xks_proxy_authentication_credential = members.optional(
            "XksProxyAuthenticationCredential",
            &shapes::XKS_PROXY_AUTHENTICATION_CREDENTIAL_TYPE,
            path,
            report,
        )?;
        let xks_proxy_connectivity = members.optional(
            "XksProxyConnectivity",
            &shapes::XKS_PROXY_CONNECTIVITY_TYPE,
            path,
            report,
        )?;
        let Some(custom_key_store_name) = custom_key_store_name else { return Ok(None) };
        Ok(Some(Self {
            custom_key_store_name,
            cloud_hsm_cluster_id,
            trust_anchor_certificate,
            key_store_password,
            custom_key_store_type,
            xks_proxy_uri_endpoint,
            xks_proxy_uri_path,
            xks_proxy_vpc_endpoint_service_name,
            xks_proxy_vpc_endpoint_service_owner,
            xks_proxy_authentication_credential,
            xks_proxy_connectivity,
        }))
    }
}

/// `CreateCustomKeyStoreResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct CreateCustomKeyStoreResponse {
    /// `CustomKeyStoreId`: `CustomKeyStoreIdType`, 1 to 64 characters.
    #[serde(rename = "CustomKeyStoreId", skip_serializing_if = "Option::is_none")]
    pub custom_key_store_id: Option<String>,
}

/// `CreateGrantRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateGrantRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `GranteePrincipal`: `PrincipalIdType`, 1 to 256 characters.
    pub grantee_principal: Option<String>,
    /// `RetiringPrincipal`: `PrincipalIdType`, 1 to 256 characters.
    pub retiring_principal: Option<String>,
    /// `Operations`: `GrantOperationList`, required.
    pub operations: Vec<GrantOperation>,
    /// `Constraints`: `GrantConstraints`.
    pub constraints: Option<GrantConstraints>,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
    /// `Name`: `GrantNameType`, 1 to 256 characters.
    pub name: Option<String>,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
    /// `GranteeServicePrincipal`: `ServicePrincipalType`, 1 to 128 characters.
    pub grantee_service_principal: Option<String>,
    /// `RetiringServicePrincipal`: `ServicePrincipalType`, 1 to 128 characters.
    pub retiring_service_principal: Option<String>,
}

impl FromWire for CreateGrantRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let grantee_principal =
            members.optional("GranteePrincipal", &shapes::PRINCIPAL_ID_TYPE, path, report)?;
        let retiring_principal =
            members.optional("RetiringPrincipal", &shapes::PRINCIPAL_ID_TYPE, path, report)?;
        let operations =
            members.required("Operations", &shapes::GRANT_OPERATION_LIST, path, report)?;
        let constraints =
            members.optional("Constraints", &shapes::GRANT_CONSTRAINTS, path, report)?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let name = members.optional("Name", &shapes::GRANT_NAME_TYPE, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let grantee_service_principal = members.optional(
            "GranteeServicePrincipal",
            &shapes::SERVICE_PRINCIPAL_TYPE,
            path,
            report,
        )?;
        let retiring_service_principal = members.optional(
            "RetiringServicePrincipal",
            &shapes::SERVICE_PRINCIPAL_TYPE,
            path,
            report,
        )?;
        let (Some(key_id), Some(operations)) = (key_id, operations) else { return Ok(None) };
        Ok(Some(Self {
            key_id,
            grantee_principal,
            retiring_principal,
            operations,
            constraints,
            grant_tokens,
            name,
            dry_run,
            grantee_service_principal,
            retiring_service_principal,
        }))
    }
}

/// `CreateGrantResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct CreateGrantResponse {
    /// `GrantToken`: `GrantTokenType`, 1 to 8192 characters.
    #[serde(rename = "GrantToken", skip_serializing_if = "Option::is_none")]
    pub grant_token: Option<String>,
    /// `GrantId`: `GrantIdType`, 1 to 128 characters.
    #[serde(rename = "GrantId", skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<String>,
}

/// `CreateKeyRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CreateKeyRequest {
    /// `Policy`: `PolicyType`, 1 to 131072 characters.
    pub policy: Option<String>,
    /// `Description`: `DescriptionType`, 0 to 8192 characters.
    pub description: Option<String>,
    /// `KeyUsage`: `KeyUsageType`.
    pub key_usage: Option<KeyUsageType>,
    /// `CustomerMasterKeySpec`: `CustomerMasterKeySpec`.
    pub customer_master_key_spec: Option<CustomerMasterKeySpec>,
    /// `KeySpec`: `KeySpec`.
    pub key_spec: Option<KeySpec>,
    /// `Origin`: `OriginType`.
    pub origin: Option<OriginType>,
    /// `CustomKeyStoreId`: `CustomKeyStoreIdType`, 1 to 64 characters.
    pub custom_key_store_id: Option<String>,
    /// `BypassPolicyLockoutSafetyCheck`: `BooleanType`.
    pub bypass_policy_lockout_safety_check: Option<bool>,
    /// `Tags`: `TagList`.
    pub tags: Option<Vec<Tag>>,
    /// `MultiRegion`: `NullableBooleanType`.
    pub multi_region: Option<bool>,
    /// `XksKeyId`: `XksKeyIdType`, 1 to 128 characters.
    pub xks_key_id: Option<String>,
}

impl FromWire for CreateKeyRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let policy = members.optional("Policy", &shapes::POLICY_TYPE, path, report)?;
        let description =
            members.optional("Description", &shapes::DESCRIPTION_TYPE, path, report)?;
        let key_usage = members.optional("KeyUsage", &shapes::KEY_USAGE_TYPE, path, report)?;
        let customer_master_key_spec = members.optional(
            "CustomerMasterKeySpec",
            &shapes::CUSTOMER_MASTER_KEY_SPEC,
            path,
            report,
        )?;
        let key_spec = members.optional("KeySpec", &shapes::KEY_SPEC, path, report)?;
        let origin = members.optional("Origin", &shapes::ORIGIN_TYPE, path, report)?;
        let custom_key_store_id = members.optional(
            "CustomKeyStoreId",
            &shapes::CUSTOM_KEY_STORE_ID_TYPE,
            path,
            report,
        )?;
        let bypass_policy_lockout_safety_check = members.optional(
            "BypassPolicyLockoutSafetyCheck",
            &shapes::BOOLEAN_TYPE,
            path,
            report,
        )?;
        let tags = members.optional("Tags", &shapes::TAG_LIST, path, report)?;
        let multi_region =
            members.optional("MultiRegion", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let xks_key_id = members.optional("XksKeyId", &shapes::XKS_KEY_ID_TYPE, path, report)?;
        Ok(Some(Self {
            policy,
            description,
            key_usage,
            customer_master_key_spec,
            key_spec,
            origin,
            custom_key_store_id,
            bypass_policy_lockout_safety_check,
            tags,
            multi_region,
            xks_key_id,
        }))
    }
}

/// `CreateKeyResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct CreateKeyResponse {
    /// `KeyMetadata`: `KeyMetadata`.
    #[serde(rename = "KeyMetadata", skip_serializing_if = "Option::is_none")]
    pub key_metadata: Option<KeyMetadata>,
}

/// `CustomKeyStoresListEntry` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct CustomKeyStoresListEntry {
    /// `CustomKeyStoreId`: `CustomKeyStoreIdType`, 1 to 64 characters.
    #[serde(rename = "CustomKeyStoreId", skip_serializing_if = "Option::is_none")]
    pub custom_key_store_id: Option<String>,
    /// `CustomKeyStoreName`: `CustomKeyStoreNameType`, 1 to 256 characters.
    #[serde(rename = "CustomKeyStoreName", skip_serializing_if = "Option::is_none")]
    pub custom_key_store_name: Option<String>,
    /// `CloudHsmClusterId`: `CloudHsmClusterIdType`, 19 to 24 characters.
    #[serde(rename = "CloudHsmClusterId", skip_serializing_if = "Option::is_none")]
    pub cloud_hsm_cluster_id: Option<String>,
    /// `TrustAnchorCertificate`: `TrustAnchorCertificateType`, 1 to 5000 characters.
    #[serde(rename = "TrustAnchorCertificate", skip_serializing_if = "Option::is_none")]
    pub trust_anchor_certificate: Option<String>,
    /// `ConnectionState`: `ConnectionStateType`.
    #[serde(rename = "ConnectionState", skip_serializing_if = "Option::is_none")]
    pub connection_state: Option<ConnectionStateType>,
    /// `ConnectionErrorCode`: `ConnectionErrorCodeType`.
    #[serde(rename = "ConnectionErrorCode", skip_serializing_if = "Option::is_none")]
    pub connection_error_code: Option<ConnectionErrorCodeType>,
    /// `CreationDate`: `DateType`.
    #[serde(rename = "CreationDate", skip_serializing_if = "Option::is_none")]
    pub creation_date: Option<Timestamp>,
    /// `CustomKeyStoreType`: `CustomKeyStoreType`.
    #[serde(rename = "CustomKeyStoreType", skip_serializing_if = "Option::is_none")]
    pub custom_key_store_type: Option<CustomKeyStoreType>,
    /// `XksProxyConfiguration`: `XksProxyConfigurationType`.
    #[serde(rename = "XksProxyConfiguration", skip_serializing_if = "Option::is_none")]
    pub xks_proxy_configuration: Option<XksProxyConfigurationType>,
}

/// `DecapsulateRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct DecapsulateRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `SharedSecretCiphertextBlob`: `CiphertextType`, 1 to 6144 bytes, required.
    pub shared_secret_ciphertext_blob: Blob,
    /// `EncapsulationAlgorithm`: `EncapsulationAlgorithmSpec`, required.
    pub encapsulation_algorithm: EncapsulationAlgorithmSpec,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
}

impl FromWire for DecapsulateRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let shared_secret_ciphertext_blob = members.required(
            "SharedSecretCiphertextBlob",
            &shapes::CIPHERTEXT_TYPE,
            path,
            report,
        )?;
        let encapsulation_algorithm = members.required(
            "EncapsulationAlgorithm",
            &shapes::ENCAPSULATION_ALGORITHM_SPEC,
            path,
            report,
        )?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let (Some(key_id), Some(shared_secret_ciphertext_blob), Some(encapsulation_algorithm)) =
            (key_id, shared_secret_ciphertext_blob, encapsulation_algorithm)
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            key_id,
            shared_secret_ciphertext_blob,
            encapsulation_algorithm,
            grant_tokens,
            dry_run,
        }))
    }
}

/// `DecapsulateResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct DecapsulateResponse {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `SharedSecret`: `PlaintextType`, 1 to 4096 bytes.
    #[serde(rename = "SharedSecret", skip_serializing_if = "Option::is_none")]
    pub shared_secret: Option<SensitiveBytes>,
    /// `EncapsulationAlgorithm`: `EncapsulationAlgorithmSpec`.
    #[serde(rename = "EncapsulationAlgorithm", skip_serializing_if = "Option::is_none")]
    pub encapsulation_algorithm: Option<EncapsulationAlgorithmSpec>,
}

/// `DecryptRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DecryptRequest {
    /// `CiphertextBlob`: `CiphertextType`, 1 to 6144 bytes.
    pub ciphertext_blob: Option<Blob>,
    /// `EncryptionContext`: `EncryptionContextType`.
    pub encryption_context: Option<BTreeMap<String, String>>,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    pub key_id: Option<String>,
    /// `EncryptionAlgorithm`: `EncryptionAlgorithmSpec`.
    pub encryption_algorithm: Option<EncryptionAlgorithmSpec>,
    /// `Recipient`: `RecipientInfo`.
    pub recipient: Option<RecipientInfo>,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
    /// `DryRunModifiers`: `DryRunModifierList`.
    pub dry_run_modifiers: Option<Vec<DryRunModifierType>>,
}

impl FromWire for DecryptRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let ciphertext_blob =
            members.optional("CiphertextBlob", &shapes::CIPHERTEXT_TYPE, path, report)?;
        let encryption_context = members.optional(
            "EncryptionContext",
            &shapes::ENCRYPTION_CONTEXT_TYPE,
            path,
            report,
        )?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let key_id = members.optional("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let encryption_algorithm = members.optional(
            "EncryptionAlgorithm",
            &shapes::ENCRYPTION_ALGORITHM_SPEC,
            path,
            report,
        )?;
        let recipient = members.optional("Recipient", &shapes::RECIPIENT_INFO, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let dry_run_modifiers =
            members.optional("DryRunModifiers", &shapes::DRY_RUN_MODIFIER_LIST, path, report)?;
        Ok(Some(Self {
            ciphertext_blob,
            encryption_context,
            grant_tokens,
            key_id,
            encryption_algorithm,
            recipient,
            dry_run,
            dry_run_modifiers,
        }))
    }
}

/// `DecryptResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct DecryptResponse {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `Plaintext`: `PlaintextType`, 1 to 4096 bytes.
    #[serde(rename = "Plaintext", skip_serializing_if = "Option::is_none")]
    pub plaintext: Option<SensitiveBytes>,
    /// `EncryptionAlgorithm`: `EncryptionAlgorithmSpec`.
    #[serde(rename = "EncryptionAlgorithm", skip_serializing_if = "Option::is_none")]
    pub encryption_algorithm: Option<EncryptionAlgorithmSpec>,
    /// `CiphertextForRecipient`: `CiphertextType`, 1 to 6144 bytes.
    #[serde(rename = "CiphertextForRecipient", skip_serializing_if = "Option::is_none")]
    pub ciphertext_for_recipient: Option<Blob>,
    /// `KeyMaterialId`: `BackingKeyIdType`, 64 to 64 characters.
    #[serde(rename = "KeyMaterialId", skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<String>,
}

/// `DeleteAliasRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAliasRequest {
    /// `AliasName`: `AliasNameType`, 1 to 256 characters, required.
    pub alias_name: String,
}

impl FromWire for DeleteAliasRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let alias_name = members.required("AliasName", &shapes::ALIAS_NAME_TYPE, path, report)?;
        let Some(alias_name) = alias_name else { return Ok(None) };
        Ok(Some(Self { alias_name }))
    }
}

/// `DeleteCustomKeyStoreRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteCustomKeyStoreRequest {
    /// `CustomKeyStoreId`: `CustomKeyStoreIdType`, 1 to 64 characters, required.
    pub custom_key_store_id: String,
}

impl FromWire for DeleteCustomKeyStoreRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let custom_key_store_id = members.required(
            "CustomKeyStoreId",
            &shapes::CUSTOM_KEY_STORE_ID_TYPE,
            path,
            report,
        )?;
        let Some(custom_key_store_id) = custom_key_store_id else { return Ok(None) };
        Ok(Some(Self { custom_key_store_id }))
    }
}

/// `DeleteCustomKeyStoreResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct DeleteCustomKeyStoreResponse {}

/// `DeleteImportedKeyMaterialRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteImportedKeyMaterialRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `KeyMaterialId`: `BackingKeyIdType`, 64 to 64 characters.
    pub key_material_id: Option<String>,
}

impl FromWire for DeleteImportedKeyMaterialRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let key_material_id =
            members.optional("KeyMaterialId", &shapes::BACKING_KEY_ID_TYPE, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id, key_material_id }))
    }
}

/// `DeleteImportedKeyMaterialResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct DeleteImportedKeyMaterialResponse {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `KeyMaterialId`: `BackingKeyIdResponseType`, 0 to 64 characters.
    #[serde(rename = "KeyMaterialId", skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<String>,
}

/// `DeriveSharedSecretRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct DeriveSharedSecretRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `KeyAgreementAlgorithm`: `KeyAgreementAlgorithmSpec`, required.
    pub key_agreement_algorithm: KeyAgreementAlgorithmSpec,
    /// `PublicKey`: `PublicKeyType`, 1 to 8192 bytes, required.
    pub public_key: Blob,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
    /// `Recipient`: `RecipientInfo`.
    pub recipient: Option<RecipientInfo>,
}

impl FromWire for DeriveSharedSecretRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let key_agreement_algorithm = members.required(
            "KeyAgreementAlgorithm",
            &shapes::KEY_AGREEMENT_ALGORITHM_SPEC,
            path,
            report,
        )?;
        let public_key = members.required("PublicKey", &shapes::PUBLIC_KEY_TYPE, path, report)?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let recipient = members.optional("Recipient", &shapes::RECIPIENT_INFO, path, report)?;
        let (Some(key_id), Some(key_agreement_algorithm), Some(public_key)) =
            (key_id, key_agreement_algorithm, public_key)
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            key_id,
            key_agreement_algorithm,
            public_key,
            grant_tokens,
            dry_run,
            recipient,
        }))
    }
}

/// `DeriveSharedSecretResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct DeriveSharedSecretResponse {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `SharedSecret`: `PlaintextType`, 1 to 4096 bytes.
    #[serde(rename = "SharedSecret", skip_serializing_if = "Option::is_none")]
    pub shared_secret: Option<SensitiveBytes>,
    /// `CiphertextForRecipient`: `CiphertextType`, 1 to 6144 bytes.
    #[serde(rename = "CiphertextForRecipient", skip_serializing_if = "Option::is_none")]
    pub ciphertext_for_recipient: Option<Blob>,
    /// `KeyAgreementAlgorithm`: `KeyAgreementAlgorithmSpec`.
    #[serde(rename = "KeyAgreementAlgorithm", skip_serializing_if = "Option::is_none")]
    pub key_agreement_algorithm: Option<KeyAgreementAlgorithmSpec>,
    /// `KeyOrigin`: `OriginType`.
    #[serde(rename = "KeyOrigin", skip_serializing_if = "Option::is_none")]
    pub key_origin: Option<OriginType>,
}

/// `DescribeCustomKeyStoresRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeCustomKeyStoresRequest {
    /// `CustomKeyStoreId`: `CustomKeyStoreIdType`, 1 to 64 characters.
    pub custom_key_store_id: Option<String>,
    /// `CustomKeyStoreName`: `CustomKeyStoreNameType`, 1 to 256 characters.
    pub custom_key_store_name: Option<String>,
    /// `Limit`: `LimitType`, 1 to 1000.
    pub limit: Option<i32>,
    /// `Marker`: `MarkerType`, 1 to 1024 characters.
    pub marker: Option<String>,
}

impl FromWire for DescribeCustomKeyStoresRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let custom_key_store_id = members.optional(
            "CustomKeyStoreId",
            &shapes::CUSTOM_KEY_STORE_ID_TYPE,
            path,
            report,
        )?;
        let custom_key_store_name = members.optional(
            "CustomKeyStoreName",
            &shapes::CUSTOM_KEY_STORE_NAME_TYPE,
            path,
            report,
        )?;
        let limit = members.optional("Limit", &shapes::LIMIT_TYPE, path, report)?;
        let marker = members.optional("Marker", &shapes::MARKER_TYPE, path, report)?;
        Ok(Some(Self { custom_key_store_id, custom_key_store_name, limit, marker }))
    }
}

/// `DescribeCustomKeyStoresResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct DescribeCustomKeyStoresResponse {
    /// `CustomKeyStores`: `CustomKeyStoresList`.
    #[serde(rename = "CustomKeyStores", skip_serializing_if = "Option::is_none")]
    pub custom_key_stores: Option<Vec<CustomKeyStoresListEntry>>,
    /// `NextMarker`: `MarkerType`, 1 to 1024 characters.
    #[serde(rename = "NextMarker", skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    /// `Truncated`: `BooleanType`.
    #[serde(rename = "Truncated", skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
}

/// `DescribeKeyRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeKeyRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
}

impl FromWire for DescribeKeyRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id, grant_tokens }))
    }
}

/// `DescribeKeyResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct DescribeKeyResponse {
    /// `KeyMetadata`: `KeyMetadata`.
    #[serde(rename = "KeyMetadata", skip_serializing_if = "Option::is_none")]
    pub key_metadata: Option<KeyMetadata>,
}

/// `DisableKeyRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct DisableKeyRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
}

impl FromWire for DisableKeyRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id }))
    }
}

/// `DisableKeyRotationRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct DisableKeyRotationRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
}

impl FromWire for DisableKeyRotationRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id }))
    }
}

/// `DisconnectCustomKeyStoreRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct DisconnectCustomKeyStoreRequest {
    /// `CustomKeyStoreId`: `CustomKeyStoreIdType`, 1 to 64 characters, required.
    pub custom_key_store_id: String,
}

impl FromWire for DisconnectCustomKeyStoreRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let custom_key_store_id = members.required(
            "CustomKeyStoreId",
            &shapes::CUSTOM_KEY_STORE_ID_TYPE,
            path,
            report,
        )?;
        let Some(custom_key_store_id) = custom_key_store_id else { return Ok(None) };
        Ok(Some(Self { custom_key_store_id }))
    }
}

/// `DisconnectCustomKeyStoreResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct DisconnectCustomKeyStoreResponse {}

/// `EnableKeyRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct EnableKeyRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
}

impl FromWire for EnableKeyRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id }))
    }
}

/// `EnableKeyRotationRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct EnableKeyRotationRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `RotationPeriodInDays`: `RotationPeriodInDaysType`, 90 to 2560.
    pub rotation_period_in_days: Option<i32>,
}

impl FromWire for EnableKeyRotationRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let rotation_period_in_days = members.optional(
            "RotationPeriodInDays",
            &shapes::ROTATION_PERIOD_IN_DAYS_TYPE,
            path,
            report,
        )?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id, rotation_period_in_days }))
    }
}

/// `EncapsulateRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct EncapsulateRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `EncapsulationAlgorithm`: `EncapsulationAlgorithmSpec`, required.
    pub encapsulation_algorithm: EncapsulationAlgorithmSpec,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
}

impl FromWire for EncapsulateRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let encapsulation_algorithm = members.required(
            "EncapsulationAlgorithm",
            &shapes::ENCAPSULATION_ALGORITHM_SPEC,
            path,
            report,
        )?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let (Some(key_id), Some(encapsulation_algorithm)) = (key_id, encapsulation_algorithm)
        else {
            return Ok(None);
        };
        Ok(Some(Self { key_id, encapsulation_algorithm, grant_tokens, dry_run }))
    }
}

/// `EncapsulateResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct EncapsulateResponse {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `SharedSecret`: `PlaintextType`, 1 to 4096 bytes.
    #[serde(rename = "SharedSecret", skip_serializing_if = "Option::is_none")]
    pub shared_secret: Option<SensitiveBytes>,
    /// `SharedSecretCiphertextBlob`: `CiphertextType`, 1 to 6144 bytes.
    #[serde(rename = "SharedSecretCiphertextBlob", skip_serializing_if = "Option::is_none")]
    pub shared_secret_ciphertext_blob: Option<Blob>,
    /// `EncapsulationAlgorithm`: `EncapsulationAlgorithmSpec`.
    #[serde(rename = "EncapsulationAlgorithm", skip_serializing_if = "Option::is_none")]
    pub encapsulation_algorithm: Option<EncapsulationAlgorithmSpec>,
}

/// `EncryptRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct EncryptRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `Plaintext`: `PlaintextType`, 1 to 4096 bytes, required.
    pub plaintext: SensitiveBytes,
    /// `EncryptionContext`: `EncryptionContextType`.
    pub encryption_context: Option<BTreeMap<String, String>>,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
    /// `EncryptionAlgorithm`: `EncryptionAlgorithmSpec`.
    pub encryption_algorithm: Option<EncryptionAlgorithmSpec>,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
}

impl FromWire for EncryptRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let plaintext = members.required("Plaintext", &shapes::PLAINTEXT_TYPE, path, report)?;
        let encryption_context = members.optional(
            "EncryptionContext",
            &shapes::ENCRYPTION_CONTEXT_TYPE,
            path,
            report,
        )?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let encryption_algorithm = members.optional(
            "EncryptionAlgorithm",
            &shapes::ENCRYPTION_ALGORITHM_SPEC,
            path,
            report,
        )?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let (Some(key_id), Some(plaintext)) = (key_id, plaintext) else { return Ok(None) };
        Ok(Some(Self {
            key_id,
            plaintext,
            encryption_context,
            grant_tokens,
            encryption_algorithm,
            dry_run,
        }))
    }
}

/// `EncryptResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct EncryptResponse {
    /// `CiphertextBlob`: `CiphertextType`, 1 to 6144 bytes.
    #[serde(rename = "CiphertextBlob", skip_serializing_if = "Option::is_none")]
    pub ciphertext_blob: Option<Blob>,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `EncryptionAlgorithm`: `EncryptionAlgorithmSpec`.
    #[serde(rename = "EncryptionAlgorithm", skip_serializing_if = "Option::is_none")]
    pub encryption_algorithm: Option<EncryptionAlgorithmSpec>,
}

/// `GenerateDataKeyPairRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateDataKeyPairRequest {
    /// `EncryptionContext`: `EncryptionContextType`.
    pub encryption_context: Option<BTreeMap<String, String>>,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `KeyPairSpec`: `DataKeyPairSpec`, required.
    pub key_pair_spec: DataKeyPairSpec,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
    /// `Recipient`: `RecipientInfo`.
    pub recipient: Option<RecipientInfo>,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
}

impl FromWire for GenerateDataKeyPairRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let encryption_context = members.optional(
            "EncryptionContext",
            &shapes::ENCRYPTION_CONTEXT_TYPE,
            path,
            report,
        )?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let key_pair_spec =
            members.required("KeyPairSpec", &shapes::DATA_KEY_PAIR_SPEC, path, report)?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let recipient = members.optional("Recipient", &shapes::RECIPIENT_INFO, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let (Some(key_id), Some(key_pair_spec)) = (key_id, key_pair_spec) else { return Ok(None) };
        Ok(Some(Self {
            encryption_context,
            key_id,
            key_pair_spec,
            grant_tokens,
            recipient,
            dry_run,
        }))
    }
}

/// `GenerateDataKeyPairResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct GenerateDataKeyPairResponse {
    /// `PrivateKeyCiphertextBlob`: `CiphertextType`, 1 to 6144 bytes.
    #[serde(rename = "PrivateKeyCiphertextBlob", skip_serializing_if = "Option::is_none")]
    pub private_key_ciphertext_blob: Option<Blob>,
    /// `PrivateKeyPlaintext`: `PlaintextType`, 1 to 4096 bytes.
    #[serde(rename = "PrivateKeyPlaintext", skip_serializing_if = "Option::is_none")]
    pub private_key_plaintext: Option<SensitiveBytes>,
    /// `PublicKey`: `PublicKeyType`, 1 to 8192 bytes.
    #[serde(rename = "PublicKey", skip_serializing_if = "Option::is_none")]
    pub public_key: Option<Blob>,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `KeyPairSpec`: `DataKeyPairSpec`.
    #[serde(rename = "KeyPairSpec", skip_serializing_if = "Option::is_none")]
    pub key_pair_spec: Option<DataKeyPairSpec>,
    /// `CiphertextForRecipient`: `CiphertextType`, 1 to 6144 bytes.
    #[serde(rename = "CiphertextForRecipient", skip_serializing_if = "Option::is_none")]
    pub ciphertext_for_recipient: Option<Blob>,
    /// `KeyMaterialId`: `BackingKeyIdType`, 64 to 64 characters.
    #[serde(rename = "KeyMaterialId", skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<String>,
}

/// `GenerateDataKeyPairWithoutPlaintextRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateDataKeyPairWithoutPlaintextRequest {
    /// `EncryptionContext`: `EncryptionContextType`.
    pub encryption_context: Option<BTreeMap<String, String>>,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `KeyPairSpec`: `DataKeyPairSpec`, required.
    pub key_pair_spec: DataKeyPairSpec,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
}

impl FromWire for GenerateDataKeyPairWithoutPlaintextRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let encryption_context = members.optional(
            "EncryptionContext",
            &shapes::ENCRYPTION_CONTEXT_TYPE,
            path,
            report,
        )?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let key_pair_spec =
            members.required("KeyPairSpec", &shapes::DATA_KEY_PAIR_SPEC, path, report)?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let (Some(key_id), Some(key_pair_spec)) = (key_id, key_pair_spec) else { return Ok(None) };
        Ok(Some(Self { encryption_context, key_id, key_pair_spec, grant_tokens, dry_run }))
    }
}

/// `GenerateDataKeyPairWithoutPlaintextResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct GenerateDataKeyPairWithoutPlaintextResponse {
    /// `PrivateKeyCiphertextBlob`: `CiphertextType`, 1 to 6144 bytes.
    #[serde(rename = "PrivateKeyCiphertextBlob", skip_serializing_if = "Option::is_none")]
    pub private_key_ciphertext_blob: Option<Blob>,
    /// `PublicKey`: `PublicKeyType`, 1 to 8192 bytes.
    #[serde(rename = "PublicKey", skip_serializing_if = "Option::is_none")]
    pub public_key: Option<Blob>,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `KeyPairSpec`: `DataKeyPairSpec`.
    #[serde(rename = "KeyPairSpec", skip_serializing_if = "Option::is_none")]
    pub key_pair_spec: Option<DataKeyPairSpec>,
    /// `KeyMaterialId`: `BackingKeyIdType`, 64 to 64 characters.
    #[serde(rename = "KeyMaterialId", skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<String>,
}

/// `GenerateDataKeyRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateDataKeyRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `EncryptionContext`: `EncryptionContextType`.
    pub encryption_context: Option<BTreeMap<String, String>>,
    /// `NumberOfBytes`: `NumberOfBytesType`, 1 to 1024.
    pub number_of_bytes: Option<i32>,
    /// `KeySpec`: `DataKeySpec`.
    pub key_spec: Option<DataKeySpec>,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
    /// `Recipient`: `RecipientInfo`.
    pub recipient: Option<RecipientInfo>,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
}

impl FromWire for GenerateDataKeyRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let encryption_context = members.optional(
            "EncryptionContext",
            &shapes::ENCRYPTION_CONTEXT_TYPE,
            path,
            report,
        )?;
        let number_of_bytes =
            members.optional("NumberOfBytes", &shapes::NUMBER_OF_BYTES_TYPE, path, report)?;
        let key_spec = members.optional("KeySpec", &shapes::DATA_KEY_SPEC, path, report)?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let recipient = members.optional("Recipient", &shapes::RECIPIENT_INFO, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self {
            key_id,
            encryption_context,
            number_of_bytes,
            key_spec,
            grant_tokens,
            recipient,
            dry_run,
        }))
    }
}

/// `GenerateDataKeyResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct GenerateDataKeyResponse {
    /// `CiphertextBlob`: `CiphertextType`, 1 to 6144 bytes.
    #[serde(rename = "CiphertextBlob", skip_serializing_if = "Option::is_none")]
    pub ciphertext_blob: Option<Blob>,
    /// `Plaintext`: `PlaintextType`, 1 to 4096 bytes.
    #[serde(rename = "Plaintext", skip_serializing_if = "Option::is_none")]
    pub plaintext: Option<SensitiveBytes>,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `CiphertextForRecipient`: `CiphertextType`, 1 to 6144 bytes.
    #[serde(rename = "CiphertextForRecipient", skip_serializing_if = "Option::is_none")]
    pub ciphertext_for_recipient: Option<Blob>,
    /// `KeyMaterialId`: `BackingKeyIdType`, 64 to 64 characters.
    #[serde(rename = "KeyMaterialId", skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<String>,
}

/// `GenerateDataKeyWithoutPlaintextRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateDataKeyWithoutPlaintextRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `EncryptionContext`: `EncryptionContextType`.
    pub encryption_context: Option<BTreeMap<String, String>>,
    /// `KeySpec`: `DataKeySpec`.
    pub key_spec: Option<DataKeySpec>,
    /// `NumberOfBytes`: `NumberOfBytesType`, 1 to 1024.
    pub number_of_bytes: Option<i32>,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
}

impl FromWire for GenerateDataKeyWithoutPlaintextRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let encryption_context = members.optional(
            "EncryptionContext",
            &shapes::ENCRYPTION_CONTEXT_TYPE,
            path,
            report,
        )?;
        let key_spec = members.optional("KeySpec", &shapes::DATA_KEY_SPEC, path, report)?;
        let number_of_bytes =
            members.optional("NumberOfBytes", &shapes::NUMBER_OF_BYTES_TYPE, path, report)?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self {
            key_id,
            encryption_context,
            key_spec,
            number_of_bytes,
            grant_tokens,
            dry_run,
        }))
    }
}

/// `GenerateDataKeyWithoutPlaintextResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct GenerateDataKeyWithoutPlaintextResponse {
    /// `CiphertextBlob`: `CiphertextType`, 1 to 6144 bytes.
    #[serde(rename = "CiphertextBlob", skip_serializing_if = "Option::is_none")]
    pub ciphertext_blob: Option<Blob>,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `KeyMaterialId`: `BackingKeyIdType`, 64 to 64 characters.
    #[serde(rename = "KeyMaterialId", skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<String>,
}

/// `GenerateMacRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateMacRequest {
    /// `Message`: `PlaintextType`, 1 to 4096 bytes, required.
    pub message: SensitiveBytes,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `MacAlgorithm`: `MacAlgorithmSpec`, required.
    pub mac_algorithm: MacAlgorithmSpec,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
}

impl FromWire for GenerateMacRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let message = members.required("Message", &shapes::PLAINTEXT_TYPE, path, report)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let mac_algorithm =
            members.required("MacAlgorithm", &shapes::MAC_ALGORITHM_SPEC, path, report)?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let (Some(message), Some(key_id), Some(mac_algorithm)) = (message, key_id, mac_algorithm)
        else {
            return Ok(None);
        };
        Ok(Some(Self { message, key_id, mac_algorithm, grant_tokens, dry_run }))
    }
}

/// `GenerateMacResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct GenerateMacResponse {
    /// `Mac`: `CiphertextType`, 1 to 6144 bytes.
    #[serde(rename = "Mac", skip_serializing_if = "Option::is_none")]
    pub mac: Option<Blob>,
    /// `MacAlgorithm`: `MacAlgorithmSpec`.
    #[serde(rename = "MacAlgorithm", skip_serializing_if = "Option::is_none")]
    pub mac_algorithm: Option<MacAlgorithmSpec>,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

/// `GenerateRandomRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct GenerateRandomRequest {
    /// `NumberOfBytes`: `NumberOfBytesType`, 1 to 1024.
    pub number_of_bytes: Option<i32>,
    /// `CustomKeyStoreId`: `CustomKeyStoreIdType`, 1 to 64 characters.
    pub custom_key_store_id: Option<String>,
    /// `Recipient`: `RecipientInfo`.
    pub recipient: Option<RecipientInfo>,
}

impl FromWire for GenerateRandomRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let number_of_bytes =
            members.optional("NumberOfBytes", &shapes::NUMBER_OF_BYTES_TYPE, path, report)?;
        let custom_key_store_id = members.optional(
            "CustomKeyStoreId",
            &shapes::CUSTOM_KEY_STORE_ID_TYPE,
            path,
            report,
        )?;
        let recipient = members.optional("Recipient", &shapes::RECIPIENT_INFO, path, report)?;
        Ok(Some(Self { number_of_bytes, custom_key_store_id, recipient }))
    }
}

/// `GenerateRandomResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct GenerateRandomResponse {
    /// `Plaintext`: `PlaintextType`, 1 to 4096 bytes.
    #[serde(rename = "Plaintext", skip_serializing_if = "Option::is_none")]
    pub plaintext: Option<SensitiveBytes>,
    /// `CiphertextForRecipient`: `CiphertextType`, 1 to 6144 bytes.
    #[serde(rename = "CiphertextForRecipient", skip_serializing_if = "Option::is_none")]
    pub ciphertext_for_recipient: Option<Blob>,
}

/// `GetKeyLastUsageRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct GetKeyLastUsageRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
}

impl FromWire for GetKeyLastUsageRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id }))
    }
}

/// `GetKeyLastUsageResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct GetKeyLastUsageResponse {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `KeyLastUsage`: `KeyLastUsageData`.
    #[serde(rename = "KeyLastUsage", skip_serializing_if = "Option::is_none")]
    pub key_last_usage: Option<KeyLastUsageData>,
    /// `TrackingStartDate`: `DateType`.
    #[serde(rename = "TrackingStartDate", skip_serializing_if = "Option::is_none")]
    pub tracking_start_date: Option<Timestamp>,
    /// `KeyCreationDate`: `DateType`.
    #[serde(rename = "KeyCreationDate", skip_serializing_if = "Option::is_none")]
    pub key_creation_date: Option<Timestamp>,
}

/// `GetKeyPolicyRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct GetKeyPolicyRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `PolicyName`: `PolicyNameType`, 1 to 128 characters.
    pub policy_name: Option<String>,
}

impl FromWire for GetKeyPolicyRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let policy_name =
            members.optional("PolicyName", &shapes::POLICY_NAME_TYPE, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id, policy_name }))
    }
}

/// `GetKeyPolicyResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct GetKeyPolicyResponse {
    /// `Policy`: `PolicyType`, 1 to 131072 characters.
    #[serde(rename = "Policy", skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// `PolicyName`: `PolicyNameType`, 1 to 128 characters.
    #[serde(rename = "PolicyName", skip_serializing_if = "Option::is_none")]
    pub policy_name: Option<String>,
}

/// `GetKeyRotationStatusRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct GetKeyRotationStatusRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
}

impl FromWire for GetKeyRotationStatusRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id }))
    }
}

/// `GetKeyRotationStatusResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct GetKeyRotationStatusResponse {
    /// `KeyRotationEnabled`: `BooleanType`.
    #[serde(rename = "KeyRotationEnabled", skip_serializing_if = "Option::is_none")]
    pub key_rotation_enabled: Option<bool>,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `RotationPeriodInDays`: `RotationPeriodInDaysType`, 90 to 2560.
    #[serde(rename = "RotationPeriodInDays", skip_serializing_if = "Option::is_none")]
    pub rotation_period_in_days: Option<i32>,
    /// `NextRotationDate`: `DateType`.
    #[serde(rename = "NextRotationDate", skip_serializing_if = "Option::is_none")]
    pub next_rotation_date: Option<Timestamp>,
    /// `OnDemandRotationStartDate`: `DateType`.
    #[serde(rename = "OnDemandRotationStartDate", skip_serializing_if = "Option::is_none")]
    pub on_demand_rotation_start_date: Option<Timestamp>,
}

/// `GetParametersForImportRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct GetParametersForImportRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `WrappingAlgorithm`: `AlgorithmSpec`, required.
    pub wrapping_algorithm: AlgorithmSpec,
    /// `WrappingKeySpec`: `WrappingKeySpec`, required.
    pub wrapping_key_spec: WrappingKeySpec,
}

impl FromWire for GetParametersForImportRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let wrapping_algorithm =
            members.required("WrappingAlgorithm", &shapes::ALGORITHM_SPEC, path, report)?;
        let wrapping_key_spec =
            members.required("WrappingKeySpec", &shapes::WRAPPING_KEY_SPEC, path, report)?;
        let (Some(key_id), Some(wrapping_algorithm), Some(wrapping_key_spec)) =
            (key_id, wrapping_algorithm, wrapping_key_spec)
        else {
            return Ok(None);
        };
        Ok(Some(Self { key_id, wrapping_algorithm, wrapping_key_spec }))
    }
}

/// `GetParametersForImportResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct GetParametersForImportResponse {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `ImportToken`: `CiphertextType`, 1 to 6144 bytes.
    #[serde(rename = "ImportToken", skip_serializing_if = "Option::is_none")]
    pub import_token: Option<Blob>,
    /// `PublicKey`: `PlaintextType`, 1 to 4096 bytes.
    #[serde(rename = "PublicKey", skip_serializing_if = "Option::is_none")]
    pub public_key: Option<SensitiveBytes>,
    /// `ParametersValidTo`: `DateType`.
    #[serde(rename = "ParametersValidTo", skip_serializing_if = "Option::is_none")]
    pub parameters_valid_to: Option<Timestamp>,
}

/// `GetPublicKeyRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct GetPublicKeyRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
}

impl FromWire for GetPublicKeyRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id, grant_tokens }))
    }
}

/// `GetPublicKeyResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct GetPublicKeyResponse {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `PublicKey`: `PublicKeyType`, 1 to 8192 bytes.
    #[serde(rename = "PublicKey", skip_serializing_if = "Option::is_none")]
    pub public_key: Option<Blob>,
    /// `CustomerMasterKeySpec`: `CustomerMasterKeySpec`.
    #[serde(rename = "CustomerMasterKeySpec", skip_serializing_if = "Option::is_none")]
    pub customer_master_key_spec: Option<CustomerMasterKeySpec>,
    /// `KeySpec`: `KeySpec`.
    #[serde(rename = "KeySpec", skip_serializing_if = "Option::is_none")]
    pub key_spec: Option<KeySpec>,
    /// `KeyUsage`: `KeyUsageType`.
    #[serde(rename = "KeyUsage", skip_serializing_if = "Option::is_none")]
    pub key_usage: Option<KeyUsageType>,
    /// `EncryptionAlgorithms`: `EncryptionAlgorithmSpecList`.
    #[serde(rename = "EncryptionAlgorithms", skip_serializing_if = "Option::is_none")]
    pub encryption_algorithms: Option<Vec<EncryptionAlgorithmSpec>>,
    /// `SigningAlgorithms`: `SigningAlgorithmSpecList`.
    #[serde(rename = "SigningAlgorithms", skip_serializing_if = "Option::is_none")]
    pub signing_algorithms: Option<Vec<SigningAlgorithmSpec>>,
    /// `KeyAgreementAlgorithms`: `KeyAgreementAlgorithmSpecList`.
    #[serde(rename = "KeyAgreementAlgorithms", skip_serializing_if = "Option::is_none")]
    pub key_agreement_algorithms: Option<Vec<KeyAgreementAlgorithmSpec>>,
    /// `EncapsulationAlgorithms`: `EncapsulationAlgorithmSpecList`.
    #[serde(rename = "EncapsulationAlgorithms", skip_serializing_if = "Option::is_none")]
    pub encapsulation_algorithms: Option<Vec<EncapsulationAlgorithmSpec>>,
}

/// `GrantConstraints` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct GrantConstraints {
    /// `EncryptionContextSubset`: `EncryptionContextType`.
    #[serde(rename = "EncryptionContextSubset", skip_serializing_if = "Option::is_none")]
    pub encryption_context_subset: Option<BTreeMap<String, String>>,
    /// `EncryptionContextEquals`: `EncryptionContextType`.
    #[serde(rename = "EncryptionContextEquals", skip_serializing_if = "Option::is_none")]
    pub encryption_context_equals: Option<BTreeMap<String, String>>,
    /// `SourceArn`: `GrantConstraintSourceArnType`, 20 to 512 characters.
    #[serde(rename = "SourceArn", skip_serializing_if = "Option::is_none")]
    pub source_arn: Option<String>,
}

impl FromWire for GrantConstraints {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let encryption_context_subset = members.optional(
            "EncryptionContextSubset",
            &shapes::ENCRYPTION_CONTEXT_TYPE,
            path,
            report,
        )?;
        let encryption_context_equals = members.optional(
            "EncryptionContextEquals",
            &shapes::ENCRYPTION_CONTEXT_TYPE,
            path,
            report,
        )?;
        let source_arn = members.optional(
            "SourceArn",
            &shapes::GRANT_CONSTRAINT_SOURCE_ARN_TYPE,
            path,
            report,
        )?;
        Ok(Some(Self { encryption_context_subset, encryption_context_equals, source_arn }))
    }
}

/// `GrantListEntry` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct GrantListEntry {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `GrantId`: `GrantIdType`, 1 to 128 characters.
    #[serde(rename = "GrantId", skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<String>,
    /// `Name`: `GrantNameType`, 1 to 256 characters.
    #[serde(rename = "Name", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `CreationDate`: `DateType`.
    #[serde(rename = "CreationDate", skip_serializing_if = "Option::is_none")]
    pub creation_date: Option<Timestamp>,
    /// `GranteePrincipal`: `PrincipalIdType`, 1 to 256 characters.
    #[serde(rename = "GranteePrincipal", skip_serializing_if = "Option::is_none")]
    pub grantee_principal: Option<String>,
    /// `RetiringPrincipal`: `PrincipalIdType`, 1 to 256 characters.
    #[serde(rename = "RetiringPrincipal", skip_serializing_if = "Option::is_none")]
    pub retiring_principal: Option<String>,
    /// `IssuingAccount`: `PrincipalIdType`, 1 to 256 characters.
    #[serde(rename = "IssuingAccount", skip_serializing_if = "Option::is_none")]
    pub issuing_account: Option<String>,
    /// `Operations`: `GrantOperationList`.
    #[serde(rename = "Operations", skip_serializing_if = "Option::is_none")]
    pub operations: Option<Vec<GrantOperation>>,
    /// `Constraints`: `GrantConstraints`.
    #[serde(rename = "Constraints", skip_serializing_if = "Option::is_none")]
    pub constraints: Option<GrantConstraints>,
    /// `GranteeServicePrincipal`: `ServicePrincipalType`, 1 to 128 characters.
    #[serde(rename = "GranteeServicePrincipal", skip_serializing_if = "Option::is_none")]
    pub grantee_service_principal: Option<String>,
    /// `RetiringServicePrincipal`: `ServicePrincipalType`, 1 to 128 characters.
    #[serde(rename = "RetiringServicePrincipal", skip_serializing_if = "Option::is_none")]
    pub retiring_service_principal: Option<String>,
}

/// `ImportKeyMaterialRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportKeyMaterialRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `ImportToken`: `CiphertextType`, 1 to 6144 bytes, required.
    pub import_token: Blob,
    /// `EncryptedKeyMaterial`: `CiphertextType`, 1 to 6144 bytes, required.
    pub encrypted_key_material: Blob,
    /// `ValidTo`: `DateType`.
    pub valid_to: Option<Timestamp>,
    /// `ExpirationModel`: `ExpirationModelType`.
    pub expiration_model: Option<ExpirationModelType>,
    /// `ImportType`: `ImportType`.
    pub import_type: Option<ImportType>,
    /// `KeyMaterialDescription`: `KeyMaterialDescriptionType`, 0 to 256 characters.
    pub key_material_description: Option<String>,
    /// `KeyMaterialId`: `BackingKeyIdType`, 64 to 64 characters.
    pub key_material_id: Option<String>,
}

impl FromWire for ImportKeyMaterialRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let import_token =
            members.required("ImportToken", &shapes::CIPHERTEXT_TYPE, path, report)?;
        let encrypted_key_material =
            members.required("EncryptedKeyMaterial", &shapes::CIPHERTEXT_TYPE, path, report)?;
        let valid_to = members.optional("ValidTo", &shapes::DATE_TYPE, path, report)?;
        let expiration_model =
            members.optional("ExpirationModel", &shapes::EXPIRATION_MODEL_TYPE, path, report)?;
        let import_type = members.optional("ImportType", &shapes::IMPORT_TYPE, path, report)?;
        let key_material_description = members.optional(
            "KeyMaterialDescription",
            &shapes::KEY_MATERIAL_DESCRIPTION_TYPE,
            path,
            report,
        )?;
        let key_material_id =
            members.optional("KeyMaterialId", &shapes::BACKING_KEY_ID_TYPE, path, report)?;
        let (Some(key_id), Some(import_token), Some(encrypted_key_material)) =
            (key_id, import_token, encrypted_key_material)
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            key_id,
            import_token,
            encrypted_key_material,
            valid_to,
            expiration_model,
            import_type,
            key_material_description,
            key_material_id,
        }))
    }
}

/// `ImportKeyMaterialResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct ImportKeyMaterialResponse {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `KeyMaterialId`: `BackingKeyIdType`, 64 to 64 characters.
    #[serde(rename = "KeyMaterialId", skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<String>,
}

/// `KeyLastUsageData` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct KeyLastUsageData {
    /// `Operation`: `KeyLastUsageTrackingOperation`.
    #[serde(rename = "Operation", skip_serializing_if = "Option::is_none")]
    pub operation: Option<KeyLastUsageTrackingOperation>,
    /// `Timestamp`: `DateType`.
    #[serde(rename = "Timestamp", skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// `CloudTrailEventId`: `CloudTrailEventIdType`.
    #[serde(rename = "CloudTrailEventId", skip_serializing_if = "Option::is_none")]
    pub cloud_trail_event_id: Option<String>,
    /// `KmsRequestId`: `KmsRequestIdType`.
    #[serde(rename = "KmsRequestId", skip_serializing_if = "Option::is_none")]
    pub kms_request_id: Option<String>,
}

/// `KeyListEntry` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct KeyListEntry {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `KeyArn`: `ArnType`, 20 to 2048 characters.
    #[serde(rename = "KeyArn", skip_serializing_if = "Option::is_none")]
    pub key_arn: Option<String>,
}

/// `KeyMetadata` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct KeyMetadata {
    /// `AWSAccountId`: `AWSAccountIdType`.
    #[serde(rename = "AWSAccountId", skip_serializing_if = "Option::is_none")]
    pub aws_account_id: Option<String>,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `Arn`: `ArnType`, 20 to 2048 characters.
    #[serde(rename = "Arn", skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// `CreationDate`: `DateType`.
    #[serde(rename = "CreationDate", skip_serializing_if = "Option::is_none")]
    pub creation_date: Option<Timestamp>,
    /// `Enabled`: `BooleanType`.
    #[serde(rename = "Enabled", skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// `Description`: `DescriptionType`, 0 to 8192 characters.
    #[serde(rename = "Description", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `KeyUsage`: `KeyUsageType`.
    #[serde(rename = "KeyUsage", skip_serializing_if = "Option::is_none")]
    pub key_usage: Option<KeyUsageType>,
    /// `KeyState`: `KeyState`.
    #[serde(rename = "KeyState", skip_serializing_if = "Option::is_none")]
    pub key_state: Option<KeyState>,
    /// `DeletionDate`: `DateType`.
    #[serde(rename = "DeletionDate", skip_serializing_if = "Option::is_none")]
    pub deletion_date: Option<Timestamp>,
    /// `ValidTo`: `DateType`.
    #[serde(rename = "ValidTo", skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Timestamp>,
    /// `Origin`: `OriginType`.
    #[serde(rename = "Origin", skip_serializing_if = "Option::is_none")]
    pub origin: Option<OriginType>,
    /// `CustomKeyStoreId`: `CustomKeyStoreIdType`, 1 to 64 characters.
    #[serde(rename = "CustomKeyStoreId", skip_serializing_if = "Option::is_none")]
    pub custom_key_store_id: Option<String>,
    /// `CloudHsmClusterId`: `CloudHsmClusterIdType`, 19 to 24 characters.
    #[serde(rename = "CloudHsmClusterId", skip_serializing_if = "Option::is_none")]
    pub cloud_hsm_cluster_id: Option<String>,
    /// `ExpirationModel`: `ExpirationModelType`.
    #[serde(rename = "ExpirationModel", skip_serializing_if = "Option::is_none")]
    pub expiration_model: Option<ExpirationModelType>,
    /// `KeyManager`: `KeyManagerType`.
    #[serde(rename = "KeyManager", skip_serializing_if = "Option::is_none")]
    pub key_manager: Option<KeyManagerType>,
    /// `CustomerMasterKeySpec`: `CustomerMasterKeySpec`.
    #[serde(rename = "CustomerMasterKeySpec", skip_serializing_if = "Option::is_none")]
    pub customer_master_key_spec: Option<CustomerMasterKeySpec>,
    /// `KeySpec`: `KeySpec`.
    #[serde(rename = "KeySpec", skip_serializing_if = "Option::is_none")]
    pub key_spec: Option<KeySpec>,
    /// `EncryptionAlgorithms`: `EncryptionAlgorithmSpecList`.
    #[serde(rename = "EncryptionAlgorithms", skip_serializing_if = "Option::is_none")]
    pub encryption_algorithms: Option<Vec<EncryptionAlgorithmSpec>>,
    /// `SigningAlgorithms`: `SigningAlgorithmSpecList`.
    #[serde(rename = "SigningAlgorithms", skip_serializing_if = "Option::is_none")]
    pub signing_algorithms: Option<Vec<SigningAlgorithmSpec>>,
    /// `KeyAgreementAlgorithms`: `KeyAgreementAlgorithmSpecList`.
    #[serde(rename = "KeyAgreementAlgorithms", skip_serializing_if = "Option::is_none")]
    pub key_agreement_algorithms: Option<Vec<KeyAgreementAlgorithmSpec>>,
    /// `EncapsulationAlgorithms`: `EncapsulationAlgorithmSpecList`.
    #[serde(rename = "EncapsulationAlgorithms", skip_serializing_if = "Option::is_none")]
    pub encapsulation_algorithms: Option<Vec<EncapsulationAlgorithmSpec>>,
    /// `MultiRegion`: `NullableBooleanType`.
    #[serde(rename = "MultiRegion", skip_serializing_if = "Option::is_none")]
    pub multi_region: Option<bool>,
    /// `MultiRegionConfiguration`: `MultiRegionConfiguration`.
    #[serde(rename = "MultiRegionConfiguration", skip_serializing_if = "Option::is_none")]
    pub multi_region_configuration: Option<MultiRegionConfiguration>,
    /// `PendingDeletionWindowInDays`: `PendingWindowInDaysType`, 1 to 365.
    #[serde(rename = "PendingDeletionWindowInDays", skip_serializing_if = "Option::is_none")]
    pub pending_deletion_window_in_days: Option<i32>,
    /// `MacAlgorithms`: `MacAlgorithmSpecList`.
    #[serde(rename = "MacAlgorithms", skip_serializing_if = "Option::is_none")]
    pub mac_algorithms: Option<Vec<MacAlgorithmSpec>>,
    /// `XksKeyConfiguration`: `XksKeyConfigurationType`.
    #[serde(rename = "XksKeyConfiguration", skip_serializing_if = "Option::is_none")]
    pub xks_key_configuration: Option<XksKeyConfigurationType>,
    /// `CurrentKeyMaterialId`: `BackingKeyIdType`, 64 to 64 characters.
    #[serde(rename = "CurrentKeyMaterialId", skip_serializing_if = "Option::is_none")]
    pub current_key_material_id: Option<String>,
}

/// `ListAliasesRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ListAliasesRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    pub key_id: Option<String>,
    /// `Limit`: `LimitType`, 1 to 1000.
    pub limit: Option<i32>,
    /// `Marker`: `MarkerType`, 1 to 1024 characters.
    pub marker: Option<String>,
}

impl FromWire for ListAliasesRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.optional("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let limit = members.optional("Limit", &shapes::LIMIT_TYPE, path, report)?;
        let marker = members.optional("Marker", &shapes::MARKER_TYPE, path, report)?;
        Ok(Some(Self { key_id, limit, marker }))
    }
}

/// `ListAliasesResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct ListAliasesResponse {
    /// `Aliases`: `AliasList`.
    #[serde(rename = "Aliases", skip_serializing_if = "Option::is_none")]
    pub aliases: Option<Vec<AliasListEntry>>,
    /// `NextMarker`: `MarkerType`, 1 to 1024 characters.
    #[serde(rename = "NextMarker", skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    /// `Truncated`: `BooleanType`.
    #[serde(rename = "Truncated", skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
}

/// `ListGrantsRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct ListGrantsRequest {
    /// `Limit`: `LimitType`, 1 to 1000.
    pub limit: Option<i32>,
    /// `Marker`: `MarkerType`, 1 to 1024 characters.
    pub marker: Option<String>,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `GrantId`: `GrantIdType`, 1 to 128 characters.
    pub grant_id: Option<String>,
    /// `GranteePrincipal`: `PrincipalIdType`, 1 to 256 characters.
    pub grantee_principal: Option<String>,
    /// `GranteeServicePrincipal`: `ServicePrincipalType`, 1 to 128 characters.
    pub grantee_service_principal: Option<String>,
}

impl FromWire for ListGrantsRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let limit = members.optional("Limit", &shapes::LIMIT_TYPE, path, report)?;
        let marker = members.optional("Marker", &shapes::MARKER_TYPE, path, report)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let grant_id = members.optional("GrantId", &shapes::GRANT_ID_TYPE, path, report)?;
        let grantee_principal =
            members.optional("GranteePrincipal", &shapes::PRINCIPAL_ID_TYPE, path, report)?;
        let grantee_service_principal = members.optional(
            "GranteeServicePrincipal",
            &shapes::SERVICE_PRINCIPAL_TYPE,
            path,
            report,
        )?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self {
            limit,
            marker,
            key_id,
            grant_id,
            grantee_principal,
            grantee_service_principal,
        }))
    }
}

/// `ListGrantsResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct ListGrantsResponse {
    /// `Grants`: `GrantList`.
    #[serde(rename = "Grants", skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<GrantListEntry>>,
    /// `NextMarker`: `MarkerType`, 1 to 1024 characters.
    #[serde(rename = "NextMarker", skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    /// `Truncated`: `BooleanType`.
    #[serde(rename = "Truncated", skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
}

/// `ListKeyPoliciesRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct ListKeyPoliciesRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `Limit`: `LimitType`, 1 to 1000.
    pub limit: Option<i32>,
    /// `Marker`: `MarkerType`, 1 to 1024 characters.
    pub marker: Option<String>,
}

impl FromWire for ListKeyPoliciesRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let limit = members.optional("Limit", &shapes::LIMIT_TYPE, path, report)?;
        let marker = members.optional("Marker", &shapes::MARKER_TYPE, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id, limit, marker }))
    }
}

/// `ListKeyPoliciesResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct ListKeyPoliciesResponse {
    /// `PolicyNames`: `PolicyNameList`.
    #[serde(rename = "PolicyNames", skip_serializing_if = "Option::is_none")]
    pub policy_names: Option<Vec<String>>,
    /// `NextMarker`: `MarkerType`, 1 to 1024 characters.
    #[serde(rename = "NextMarker", skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    /// `Truncated`: `BooleanType`.
    #[serde(rename = "Truncated", skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
}

/// `ListKeyRotationsRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct ListKeyRotationsRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `IncludeKeyMaterial`: `IncludeKeyMaterial`.
    pub include_key_material: Option<IncludeKeyMaterial>,
    /// `Limit`: `LimitType`, 1 to 1000.
    pub limit: Option<i32>,
    /// `Marker`: `MarkerType`, 1 to 1024 characters.
    pub marker: Option<String>,
}

impl FromWire for ListKeyRotationsRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let include_key_material =
            members.optional("IncludeKeyMaterial", &shapes::INCLUDE_KEY_MATERIAL, path, report)?;
        let limit = members.optional("Limit", &shapes::LIMIT_TYPE, path, report)?;
        let marker = members.optional("Marker", &shapes::MARKER_TYPE, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id, include_key_material, limit, marker }))
    }
}

/// `ListKeyRotationsResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct ListKeyRotationsResponse {
    /// `Rotations`: `RotationsList`.
    #[serde(rename = "Rotations", skip_serializing_if = "Option::is_none")]
    pub rotations: Option<Vec<RotationsListEntry>>,
    /// `NextMarker`: `MarkerType`, 1 to 1024 characters.
    #[serde(rename = "NextMarker", skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    /// `Truncated`: `BooleanType`.
    #[serde(rename = "Truncated", skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
}

/// `ListKeysRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ListKeysRequest {
    /// `Limit`: `LimitType`, 1 to 1000.
    pub limit: Option<i32>,
    /// `Marker`: `MarkerType`, 1 to 1024 characters.
    pub marker: Option<String>,
    /// `ResourceOwners`: `ResourceOwnersList`, 1 to 2 entries.
    pub resource_owners: Option<Vec<ResourceOwnerType>>,
}

impl FromWire for ListKeysRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let limit = members.optional("Limit", &shapes::LIMIT_TYPE, path, report)?;
        let marker = members.optional("Marker", &shapes::MARKER_TYPE, path, report)?;
        let resource_owners =
            members.optional("ResourceOwners", &shapes::RESOURCE_OWNERS_LIST, path, report)?;
        Ok(Some(Self { limit, marker, resource_owners }))
    }
}

/// `ListKeysResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct ListKeysResponse {
    /// `Keys`: `KeyList`.
    #[serde(rename = "Keys", skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<KeyListEntry>>,
    /// `NextMarker`: `MarkerType`, 1 to 1024 characters.
    #[serde(rename = "NextMarker", skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    /// `Truncated`: `BooleanType`.
    #[serde(rename = "Truncated", skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
}

/// `ListResourceTagsRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct ListResourceTagsRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `Limit`: `LimitType`, 1 to 1000.
    pub limit: Option<i32>,
    /// `Marker`: `MarkerType`, 1 to 1024 characters.
    pub marker: Option<String>,
}

impl FromWire for ListResourceTagsRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let limit = members.optional("Limit", &shapes::LIMIT_TYPE, path, report)?;
        let marker = members.optional("Marker", &shapes::MARKER_TYPE, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id, limit, marker }))
    }
}

/// `ListResourceTagsResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct ListResourceTagsResponse {
    /// `Tags`: `TagList`.
    #[serde(rename = "Tags", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Tag>>,
    /// `NextMarker`: `MarkerType`, 1 to 1024 characters.
    #[serde(rename = "NextMarker", skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    /// `Truncated`: `BooleanType`.
    #[serde(rename = "Truncated", skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
}

/// `ListRetirableGrantsRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ListRetirableGrantsRequest {
    /// `Limit`: `LimitType`, 1 to 1000.
    pub limit: Option<i32>,
    /// `Marker`: `MarkerType`, 1 to 1024 characters.
    pub marker: Option<String>,
    /// `RetiringPrincipal`: `PrincipalIdType`, 1 to 256 characters.
    pub retiring_principal: Option<String>,
    /// `RetiringServicePrincipal`: `ServicePrincipalType`, 1 to 128 characters.
    pub retiring_service_principal: Option<String>,
}

impl FromWire for ListRetirableGrantsRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let limit = members.optional("Limit", &shapes::LIMIT_TYPE, path, report)?;
        let marker = members.optional("Marker", &shapes::MARKER_TYPE, path, report)?;
        let retiring_principal =
            members.optional("RetiringPrincipal", &shapes::PRINCIPAL_ID_TYPE, path, report)?;
        let retiring_service_principal = members.optional(
            "RetiringServicePrincipal",
            &shapes::SERVICE_PRINCIPAL_TYPE,
            path,
            report,
        )?;
        Ok(Some(Self { limit, marker, retiring_principal, retiring_service_principal }))
    }
}

/// `MultiRegionConfiguration` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct MultiRegionConfiguration {
    /// `MultiRegionKeyType`: `MultiRegionKeyType`.
    #[serde(rename = "MultiRegionKeyType", skip_serializing_if = "Option::is_none")]
    pub multi_region_key_type: Option<MultiRegionKeyType>,
    /// `PrimaryKey`: `MultiRegionKey`.
    #[serde(rename = "PrimaryKey", skip_serializing_if = "Option::is_none")]
    pub primary_key: Option<MultiRegionKey>,
    /// `ReplicaKeys`: `MultiRegionKeyList`.
    #[serde(rename = "ReplicaKeys", skip_serializing_if = "Option::is_none")]
    pub replica_keys: Option<Vec<MultiRegionKey>>,
}

/// `MultiRegionKey` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct MultiRegionKey {
    /// `Arn`: `ArnType`, 20 to 2048 characters.
    #[serde(rename = "Arn", skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// `Region`: `RegionType`, 1 to 32 characters.
    #[serde(rename = "Region", skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// `PutKeyPolicyRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct PutKeyPolicyRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `PolicyName`: `PolicyNameType`, 1 to 128 characters.
    pub policy_name: Option<String>,
    /// `Policy`: `PolicyType`, 1 to 131072 characters, required.
    pub policy: String,
    /// `BypassPolicyLockoutSafetyCheck`: `BooleanType`.
    pub bypass_policy_lockout_safety_check: Option<bool>,
}

impl FromWire for PutKeyPolicyRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let policy_name =
            members.optional("PolicyName", &shapes::POLICY_NAME_TYPE, path, report)?;
        let policy = members.required("Policy", &shapes::POLICY_TYPE, path, report)?;
        let bypass_policy_lockout_safety_check = members.optional(
            "BypassPolicyLockoutSafetyCheck",
            &shapes::BOOLEAN_TYPE,
            path,
            report,
        )?;
        let (Some(key_id), Some(policy)) = (key_id, policy) else { return Ok(None) };
        Ok(Some(Self { key_id, policy_name, policy, bypass_policy_lockout_safety_check }))
    }
}

/// `ReEncryptRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct ReEncryptRequest {
    /// `CiphertextBlob`: `CiphertextType`, 1 to 6144 bytes.
    pub ciphertext_blob: Option<Blob>,
    /// `SourceEncryptionContext`: `EncryptionContextType`.
    pub source_encryption_context: Option<BTreeMap<String, String>>,
    /// `SourceKeyId`: `KeyIdType`, 1 to 2048 characters.
    pub source_key_id: Option<String>,
    /// `DestinationKeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub destination_key_id: String,
    /// `DestinationEncryptionContext`: `EncryptionContextType`.
    pub destination_encryption_context: Option<BTreeMap<String, String>>,
    /// `SourceEncryptionAlgorithm`: `EncryptionAlgorithmSpec`.
    pub source_encryption_algorithm: Option<EncryptionAlgorithmSpec>,
    /// `DestinationEncryptionAlgorithm`: `EncryptionAlgorithmSpec`.
    pub destination_encryption_algorithm: Option<EncryptionAlgorithmSpec>,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
    /// `DryRunModifiers`: `DryRunModifierList`.
    pub dry_run_modifiers: Option<Vec<DryRunModifierType>>,
}

impl FromWire for ReEncryptRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let ciphertext_blob =
            members.optional("CiphertextBlob", &shapes::CIPHERTEXT_TYPE, path, report)?;
        let source_encryption_context = members.optional(
            "SourceEncryptionContext",
            &shapes::ENCRYPTION_CONTEXT_TYPE,
            path,
            report,
        )?;
        let source_key_id = members.optional("SourceKeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let destination_key_id =
            members.required("DestinationKeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let destination_encryption_context = members.optional(
            "DestinationEncryptionContext",
            &shapes::ENCRYPTION_CONTEXT_TYPE,
            path,
            report,
        )?;
        let source_encryption_algorithm = members.optional(
            "SourceEncryptionAlgorithm",
            &shapes::ENCRYPTION_ALGORITHM_SPEC,
            path,
            report,
        )?;
        let destination_encryption_algorithm = members.optional(
            "DestinationEncryptionAlgorithm",
            &shapes::ENCRYPTION_ALGORITHM_SPEC,
            path,
            report,
        )?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let dry_run_modifiers =
            members.optional("DryRunModifiers", &shapes::DRY_RUN_MODIFIER_LIST, path, report)?;
        let Some(destination_key_id) = destination_key_id else { return Ok(None) };
        Ok(Some(Self {
            ciphertext_blob,
            source_encryption_context,
            source_key_id,
            destination_key_id,
            destination_encryption_context,
            source_encryption_algorithm,
            destination_encryption_algorithm,
            grant_tokens,
            dry_run,
            dry_run_modifiers,
        }))
    }
}

/// `ReEncryptResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct ReEncryptResponse {
    /// `CiphertextBlob`: `CiphertextType`, 1 to 6144 bytes.
    #[serde(rename = "CiphertextBlob", skip_serializing_if = "Option::is_none")]
    pub ciphertext_blob: Option<Blob>,
    /// `SourceKeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "SourceKeyId", skip_serializing_if = "Option::is_none")]
    pub source_key_id: Option<String>,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `SourceEncryptionAlgorithm`: `EncryptionAlgorithmSpec`.
    #[serde(rename = "SourceEncryptionAlgorithm", skip_serializing_if = "Option::is_none")]
    pub source_encryption_algorithm: Option<EncryptionAlgorithmSpec>,
    /// `DestinationEncryptionAlgorithm`: `EncryptionAlgorithmSpec`.
    #[serde(rename = "DestinationEncryptionAlgorithm", skip_serializing_if = "Option::is_none")]
    pub destination_encryption_algorithm: Option<EncryptionAlgorithmSpec>,
    /// `SourceKeyMaterialId`: `BackingKeyIdType`, 64 to 64 characters.
    #[serde(rename = "SourceKeyMaterialId", skip_serializing_if = "Option::is_none")]
    pub source_key_material_id: Option<String>,
    /// `DestinationKeyMaterialId`: `BackingKeyIdType`, 64 to 64 characters.
    #[serde(rename = "DestinationKeyMaterialId", skip_serializing_if = "Option::is_none")]
    pub destination_key_material_id: Option<String>,
}

/// `RecipientInfo` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RecipientInfo {
    /// `KeyEncryptionAlgorithm`: `KeyEncryptionMechanism`.
    pub key_encryption_algorithm: Option<KeyEncryptionMechanism>,
    /// `AttestationDocument`: `AttestationDocumentType`, 1 to 262144 bytes.
    pub attestation_document: Option<Blob>,
}

impl FromWire for RecipientInfo {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_encryption_algorithm = members.optional(
            "KeyEncryptionAlgorithm",
            &shapes::KEY_ENCRYPTION_MECHANISM,
            path,
            report,
        )?;
        let attestation_document = members.optional(
            "AttestationDocument",
            &shapes::ATTESTATION_DOCUMENT_TYPE,
            path,
            report,
        )?;
        Ok(Some(Self { key_encryption_algorithm, attestation_document }))
    }
}

/// `ReplicateKeyRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicateKeyRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `ReplicaRegion`: `RegionType`, 1 to 32 characters, required.
    pub replica_region: String,
    /// `Policy`: `PolicyType`, 1 to 131072 characters.
    pub policy: Option<String>,
    /// `BypassPolicyLockoutSafetyCheck`: `BooleanType`.
    pub bypass_policy_lockout_safety_check: Option<bool>,
    /// `Description`: `DescriptionType`, 0 to 8192 characters.
    pub description: Option<String>,
    /// `Tags`: `TagList`.
    pub tags: Option<Vec<Tag>>,
}

impl FromWire for ReplicateKeyRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let replica_region =
            members.required("ReplicaRegion", &shapes::REGION_TYPE, path, report)?;
        let policy = members.optional("Policy", &shapes::POLICY_TYPE, path, report)?;
        let bypass_policy_lockout_safety_check = members.optional(
            "BypassPolicyLockoutSafetyCheck",
            &shapes::BOOLEAN_TYPE,
            path,
            report,
        )?;
        let description =
            members.optional("Description", &shapes::DESCRIPTION_TYPE, path, report)?;
        let tags = members.optional("Tags", &shapes::TAG_LIST, path, report)?;
        let (Some(key_id), Some(replica_region)) = (key_id, replica_region) else {
            return Ok(None);
        };
        Ok(Some(Self {
            key_id,
            replica_region,
            policy,
            bypass_policy_lockout_safety_check,
            description,
            tags,
        }))
    }
}

/// `ReplicateKeyResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct ReplicateKeyResponse {
    /// `ReplicaKeyMetadata`: `KeyMetadata`.
    #[serde(rename = "ReplicaKeyMetadata", skip_serializing_if = "Option::is_none")]
    pub replica_key_metadata: Option<KeyMetadata>,
    /// `ReplicaPolicy`: `PolicyType`, 1 to 131072 characters.
    #[serde(rename = "ReplicaPolicy", skip_serializing_if = "Option::is_none")]
    pub replica_policy: Option<String>,
    /// `ReplicaTags`: `TagList`.
    #[serde(rename = "ReplicaTags", skip_serializing_if = "Option::is_none")]
    pub replica_tags: Option<Vec<Tag>>,
}

/// `RetireGrantRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RetireGrantRequest {
    /// `GrantToken`: `GrantTokenType`, 1 to 8192 characters.
    pub grant_token: Option<String>,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    pub key_id: Option<String>,
    /// `GrantId`: `GrantIdType`, 1 to 128 characters.
    pub grant_id: Option<String>,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
}

impl FromWire for RetireGrantRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let grant_token =
            members.optional("GrantToken", &shapes::GRANT_TOKEN_TYPE, path, report)?;
        let key_id = members.optional("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let grant_id = members.optional("GrantId", &shapes::GRANT_ID_TYPE, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        Ok(Some(Self { grant_token, key_id, grant_id, dry_run }))
    }
}

/// `RevokeGrantRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct RevokeGrantRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `GrantId`: `GrantIdType`, 1 to 128 characters, required.
    pub grant_id: String,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
}

impl FromWire for RevokeGrantRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let grant_id = members.required("GrantId", &shapes::GRANT_ID_TYPE, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let (Some(key_id), Some(grant_id)) = (key_id, grant_id) else { return Ok(None) };
        Ok(Some(Self { key_id, grant_id, dry_run }))
    }
}

/// `RotateKeyOnDemandRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct RotateKeyOnDemandRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
}

impl FromWire for RotateKeyOnDemandRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id }))
    }
}

/// `RotateKeyOnDemandResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct RotateKeyOnDemandResponse {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

/// `RotationsListEntry` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct RotationsListEntry {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `KeyMaterialId`: `BackingKeyIdType`, 64 to 64 characters.
    #[serde(rename = "KeyMaterialId", skip_serializing_if = "Option::is_none")]
    pub key_material_id: Option<String>,
    /// `KeyMaterialDescription`: `KeyMaterialDescriptionType`, 0 to 256 characters.
    #[serde(rename = "KeyMaterialDescription", skip_serializing_if = "Option::is_none")]
    pub key_material_description: Option<String>,
    /// `ImportState`: `ImportState`.
    #[serde(rename = "ImportState", skip_serializing_if = "Option::is_none")]
    pub import_state: Option<ImportState>,
    /// `KeyMaterialState`: `KeyMaterialState`.
    #[serde(rename = "KeyMaterialState", skip_serializing_if = "Option::is_none")]
    pub key_material_state: Option<KeyMaterialState>,
    /// `ExpirationModel`: `ExpirationModelType`.
    #[serde(rename = "ExpirationModel", skip_serializing_if = "Option::is_none")]
    pub expiration_model: Option<ExpirationModelType>,
    /// `ValidTo`: `DateType`.
    #[serde(rename = "ValidTo", skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Timestamp>,
    /// `RotationDate`: `DateType`.
    #[serde(rename = "RotationDate", skip_serializing_if = "Option::is_none")]
    pub rotation_date: Option<Timestamp>,
    /// `RotationType`: `RotationType`.
    #[serde(rename = "RotationType", skip_serializing_if = "Option::is_none")]
    pub rotation_type: Option<RotationType>,
}

/// `ScheduleKeyDeletionRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleKeyDeletionRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `PendingWindowInDays`: `ScheduleKeyDeletionRequestPendingWindowInDays`, 7 to 30.
    pub pending_window_in_days: Option<i32>,
}

impl FromWire for ScheduleKeyDeletionRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let pending_window_in_days = members.optional(
            "PendingWindowInDays",
            &shapes::SCHEDULE_KEY_DELETION_REQUEST_PENDING_WINDOW_IN_DAYS,
            path,
            report,
        )?;
        let Some(key_id) = key_id else { return Ok(None) };
        Ok(Some(Self { key_id, pending_window_in_days }))
    }
}

/// `ScheduleKeyDeletionResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct ScheduleKeyDeletionResponse {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `DeletionDate`: `DateType`.
    #[serde(rename = "DeletionDate", skip_serializing_if = "Option::is_none")]
    pub deletion_date: Option<Timestamp>,
    /// `KeyState`: `KeyState`.
    #[serde(rename = "KeyState", skip_serializing_if = "Option::is_none")]
    pub key_state: Option<KeyState>,
    /// `PendingWindowInDays`: `PendingWindowInDaysType`, 1 to 365.
    #[serde(rename = "PendingWindowInDays", skip_serializing_if = "Option::is_none")]
    pub pending_window_in_days: Option<i32>,
}

/// `SignRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct SignRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `Message`: `PlaintextType`, 1 to 4096 bytes, required.
    pub message: SensitiveBytes,
    /// `MessageType`: `MessageType`.
    pub message_type: Option<MessageType>,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
    /// `SigningAlgorithm`: `SigningAlgorithmSpec`, required.
    pub signing_algorithm: SigningAlgorithmSpec,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
}

impl FromWire for SignRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let message = members.required("Message", &shapes::PLAINTEXT_TYPE, path, report)?;
        let message_type = members.optional("MessageType", &shapes::MESSAGE_TYPE, path, report)?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let signing_algorithm =
            members.required("SigningAlgorithm", &shapes::SIGNING_ALGORITHM_SPEC, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let (Some(key_id), Some(message), Some(signing_algorithm)) =
            (key_id, message, signing_algorithm)
        else {
            return Ok(None);
        };
        Ok(Some(Self { key_id, message, message_type, grant_tokens, signing_algorithm, dry_run }))
    }
}

/// `SignResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct SignResponse {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `Signature`: `CiphertextType`, 1 to 6144 bytes.
    #[serde(rename = "Signature", skip_serializing_if = "Option::is_none")]
    pub signature: Option<Blob>,
    /// `SigningAlgorithm`: `SigningAlgorithmSpec`.
    #[serde(rename = "SigningAlgorithm", skip_serializing_if = "Option::is_none")]
    pub signing_algorithm: Option<SigningAlgorithmSpec>,
}

/// `Tag` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tag {
    /// `TagKey`: `TagKeyType`, 1 to 128 characters, required.
    #[serde(rename = "TagKey")]
    pub tag_key: String,
    /// `TagValue`: `TagValueType`, 0 to 256 characters, required.
    #[serde(rename = "TagValue")]
    pub tag_value: String,
}

impl FromWire for Tag {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let tag_key = members.required("TagKey", &shapes::TAG_KEY_TYPE, path, report)?;
        let tag_value = members.required("TagValue", &shapes::TAG_VALUE_TYPE, path, report)?;
        let (Some(tag_key), Some(tag_value)) = (tag_key, tag_value) else { return Ok(None) };
        Ok(Some(Self { tag_key, tag_value }))
    }
}

/// `TagResourceRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct TagResourceRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `Tags`: `TagList`, required.
    pub tags: Vec<Tag>,
}

impl FromWire for TagResourceRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let tags = members.required("Tags", &shapes::TAG_LIST, path, report)?;
        let (Some(key_id), Some(tags)) = (key_id, tags) else { return Ok(None) };
        Ok(Some(Self { key_id, tags }))
    }
}

/// `UntagResourceRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct UntagResourceRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `TagKeys`: `TagKeyList`, required.
    pub tag_keys: Vec<String>,
}

impl FromWire for UntagResourceRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let tag_keys = members.required("TagKeys", &shapes::TAG_KEY_LIST, path, report)?;
        let (Some(key_id), Some(tag_keys)) = (key_id, tag_keys) else { return Ok(None) };
        Ok(Some(Self { key_id, tag_keys }))
    }
}

/// `UpdateAliasRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateAliasRequest {
    /// `AliasName`: `AliasNameType`, 1 to 256 characters, required.
    pub alias_name: String,
    /// `TargetKeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub target_key_id: String,
}

impl FromWire for UpdateAliasRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let alias_name = members.required("AliasName", &shapes::ALIAS_NAME_TYPE, path, report)?;
        let target_key_id = members.required("TargetKeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let (Some(alias_name), Some(target_key_id)) = (alias_name, target_key_id) else {
            return Ok(None);
        };
        Ok(Some(Self { alias_name, target_key_id }))
    }
}

/// `UpdateCustomKeyStoreRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateCustomKeyStoreRequest {
    /// `CustomKeyStoreId`: `CustomKeyStoreIdType`, 1 to 64 characters, required.
    pub custom_key_store_id: String,
    /// `NewCustomKeyStoreName`: `CustomKeyStoreNameType`, 1 to 256 characters.
    pub new_custom_key_store_name: Option<String>,
    /// `KeyStorePassword`: `KeyStorePasswordType`, 7 to 32 characters.
    pub key_store_password: Option<SensitiveString>,
    /// `CloudHsmClusterId`: `CloudHsmClusterIdType`, 19 to 24 characters.
    pub cloud_hsm_cluster_id: Option<String>,
    /// `XksProxyUriEndpoint`: `XksProxyUriEndpointType`, 10 to 128 characters.
    pub xks_proxy_uri_endpoint: Option<String>,
    /// `XksProxyUriPath`: `XksProxyUriPathType`, 10 to 128 characters.
    pub xks_proxy_uri_path: Option<String>,
    /// `XksProxyVpcEndpointServiceName`: `XksProxyVpcEndpointServiceNameType`, 20 to 64 characters.
    pub xks_proxy_vpc_endpoint_service_name: Option<String>,
    /// `XksProxyVpcEndpointServiceOwner`: `AccountIdType`, 12 to 12 characters.
    pub xks_proxy_vpc_endpoint_service_owner: Option<String>,
    /// `XksProxyAuthenticationCredential`: `XksProxyAuthenticationCredentialType`.
    pub xks_proxy_authentication_credential: Option<XksProxyAuthenticationCredentialType>,
    /// `XksProxyConnectivity`: `XksProxyConnectivityType`.
    pub xks_proxy_connectivity: Option<XksProxyConnectivityType>,
}

impl FromWire for UpdateCustomKeyStoreRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let custom_key_store_id = members.required(
            "CustomKeyStoreId",
            &shapes::CUSTOM_KEY_STORE_ID_TYPE,
            path,
            report,
        )?;
        let new_custom_key_store_name = members.optional(
            "NewCustomKeyStoreName",
            &shapes::CUSTOM_KEY_STORE_NAME_TYPE,
            path,
            report,
        )?;
        let key_store_password =
            members.optional("KeyStorePassword", &shapes::KEY_STORE_PASSWORD_TYPE, path, report)?;
        let cloud_hsm_cluster_id = members.optional(
            "CloudHsmClusterId",
            &shapes::CLOUD_HSM_CLUSTER_ID_TYPE,
            path,
            report,
        )?;
        let xks_proxy_uri_endpoint = members.optional(
            "XksProxyUriEndpoint",
            &shapes::XKS_PROXY_URI_ENDPOINT_TYPE,
            path,
            report,
        )?;
        let xks_proxy_uri_path =
            members.optional("XksProxyUriPath", &shapes::XKS_PROXY_URI_PATH_TYPE, path, report)?;
        let xks_proxy_vpc_endpoint_service_name = members.optional(
            "XksProxyVpcEndpointServiceName",
            &shapes::XKS_PROXY_VPC_ENDPOINT_SERVICE_NAME_TYPE,
            path,
            report,
        )?;
        let xks_proxy_vpc_endpoint_service_owner = members.optional(
            "XksProxyVpcEndpointServiceOwner",
            &shapes::ACCOUNT_ID_TYPE,
            path,
            report,
        )?;
        let xks_proxy_authentication_credential = members.optional(
            "XksProxyAuthenticationCredential",
            &shapes::XKS_PROXY_AUTHENTICATION_CREDENTIAL_TYPE,
            path,
            report,
        )?;
        let xks_proxy_connectivity = members.optional(
            "XksProxyConnectivity",
            &shapes::XKS_PROXY_CONNECTIVITY_TYPE,
            path,
            report,
        )?;
        let Some(custom_key_store_id) = custom_key_store_id else { return Ok(None) };
        Ok(Some(Self {
            custom_key_store_id,
            new_custom_key_store_name,
            key_store_password,
            cloud_hsm_cluster_id,
            xks_proxy_uri_endpoint,
            xks_proxy_uri_path,
            xks_proxy_vpc_endpoint_service_name,
            xks_proxy_vpc_endpoint_service_owner,
            xks_proxy_authentication_credential,
            xks_proxy_connectivity,
        }))
    }
}

/// `UpdateCustomKeyStoreResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct UpdateCustomKeyStoreResponse {}

/// `UpdateKeyDescriptionRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateKeyDescriptionRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `Description`: `DescriptionType`, 0 to 8192 characters, required.
    pub description: String,
}

impl FromWire for UpdateKeyDescriptionRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let description =
            members.required("Description", &shapes::DESCRIPTION_TYPE, path, report)?;
        let (Some(key_id), Some(description)) = (key_id, description) else { return Ok(None) };
        Ok(Some(Self { key_id, description }))
    }
}

/// `UpdatePrimaryRegionRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdatePrimaryRegionRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `PrimaryRegion`: `RegionType`, 1 to 32 characters, required.
    pub primary_region: String,
}

impl FromWire for UpdatePrimaryRegionRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let primary_region =
            members.required("PrimaryRegion", &shapes::REGION_TYPE, path, report)?;
        let (Some(key_id), Some(primary_region)) = (key_id, primary_region) else {
            return Ok(None);
        };
        Ok(Some(Self { key_id, primary_region }))
    }
}

/// `VerifyMacRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyMacRequest {
    /// `Message`: `PlaintextType`, 1 to 4096 bytes, required.
    pub message: SensitiveBytes,
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `MacAlgorithm`: `MacAlgorithmSpec`, required.
    pub mac_algorithm: MacAlgorithmSpec,
    /// `Mac`: `CiphertextType`, 1 to 6144 bytes, required.
    pub mac: Blob,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
}

impl FromWire for VerifyMacRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let message = members.required("Message", &shapes::PLAINTEXT_TYPE, path, report)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let mac_algorithm =
            members.required("MacAlgorithm", &shapes::MAC_ALGORITHM_SPEC, path, report)?;
        let mac = members.required("Mac", &shapes::CIPHERTEXT_TYPE, path, report)?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let (Some(message), Some(key_id), Some(mac_algorithm), Some(mac)) =
            (message, key_id, mac_algorithm, mac)
        else {
            return Ok(None);
        };
        Ok(Some(Self { message, key_id, mac_algorithm, mac, grant_tokens, dry_run }))
    }
}

/// `VerifyMacResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct VerifyMacResponse {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `MacValid`: `BooleanType`.
    #[serde(rename = "MacValid", skip_serializing_if = "Option::is_none")]
    pub mac_valid: Option<bool>,
    /// `MacAlgorithm`: `MacAlgorithmSpec`.
    #[serde(rename = "MacAlgorithm", skip_serializing_if = "Option::is_none")]
    pub mac_algorithm: Option<MacAlgorithmSpec>,
}

/// `VerifyRequest` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyRequest {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters, required.
    pub key_id: String,
    /// `Message`: `PlaintextType`, 1 to 4096 bytes, required.
    pub message: SensitiveBytes,
    /// `MessageType`: `MessageType`.
    pub message_type: Option<MessageType>,
    /// `Signature`: `CiphertextType`, 1 to 6144 bytes, required.
    pub signature: Blob,
    /// `SigningAlgorithm`: `SigningAlgorithmSpec`, required.
    pub signing_algorithm: SigningAlgorithmSpec,
    /// `GrantTokens`: `GrantTokenList`, 0 to 10 entries.
    pub grant_tokens: Option<Vec<String>>,
    /// `DryRun`: `NullableBooleanType`.
    pub dry_run: Option<bool>,
}

impl FromWire for VerifyRequest {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let key_id = members.required("KeyId", &shapes::KEY_ID_TYPE, path, report)?;
        let message = members.required("Message", &shapes::PLAINTEXT_TYPE, path, report)?;
        let message_type = members.optional("MessageType", &shapes::MESSAGE_TYPE, path, report)?;
        let signature = members.required("Signature", &shapes::CIPHERTEXT_TYPE, path, report)?;
        let signing_algorithm =
            members.required("SigningAlgorithm", &shapes::SIGNING_ALGORITHM_SPEC, path, report)?;
        let grant_tokens =
            members.optional("GrantTokens", &shapes::GRANT_TOKEN_LIST, path, report)?;
        let dry_run = members.optional("DryRun", &shapes::NULLABLE_BOOLEAN_TYPE, path, report)?;
        let (Some(key_id), Some(message), Some(signature), Some(signing_algorithm)) =
            (key_id, message, signature, signing_algorithm)
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            key_id,
            message,
            message_type,
            signature,
            signing_algorithm,
            grant_tokens,
            dry_run,
        }))
    }
}

/// `VerifyResponse` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct VerifyResponse {
    /// `KeyId`: `KeyIdType`, 1 to 2048 characters.
    #[serde(rename = "KeyId", skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `SignatureValid`: `BooleanType`.
    #[serde(rename = "SignatureValid", skip_serializing_if = "Option::is_none")]
    pub signature_valid: Option<bool>,
    /// `SigningAlgorithm`: `SigningAlgorithmSpec`.
    #[serde(rename = "SigningAlgorithm", skip_serializing_if = "Option::is_none")]
    pub signing_algorithm: Option<SigningAlgorithmSpec>,
}

/// `XksKeyConfigurationType` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct XksKeyConfigurationType {
    /// `Id`: `XksKeyIdType`, 1 to 128 characters.
    #[serde(rename = "Id", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// `XksProxyAuthenticationCredentialType` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq)]
pub struct XksProxyAuthenticationCredentialType {
    /// `AccessKeyId`: `XksProxyAuthenticationAccessKeyIdType`, 20 to 30 characters, required.
    pub access_key_id: SensitiveString,
    /// `RawSecretAccessKey`: `XksProxyAuthenticationRawSecretAccessKeyType`, 43 to 64 characters, required.
    pub raw_secret_access_key: SensitiveString,
}

impl FromWire for XksProxyAuthenticationCredentialType {
    fn from_wire(
        value: Value,
        _: &crate::violation::Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut members = Members::of(value)?;
        let access_key_id = members.required(
            "AccessKeyId",
            &shapes::XKS_PROXY_AUTHENTICATION_ACCESS_KEY_ID_TYPE,
            path,
            report,
        )?;
        let raw_secret_access_key = members.required(
            "RawSecretAccessKey",
            &shapes::XKS_PROXY_AUTHENTICATION_RAW_SECRET_ACCESS_KEY_TYPE,
            path,
            report,
        )?;
        let (Some(access_key_id), Some(raw_secret_access_key)) =
            (access_key_id, raw_secret_access_key)
        else {
            return Ok(None);
        };
        Ok(Some(Self { access_key_id, raw_secret_access_key }))
    }
}

/// `XksProxyConfigurationType` of the AWS KMS API.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
pub struct XksProxyConfigurationType {
    /// `Connectivity`: `XksProxyConnectivityType`.
    #[serde(rename = "Connectivity", skip_serializing_if = "Option::is_none")]
    pub connectivity: Option<XksProxyConnectivityType>,
    /// `AccessKeyId`: `XksProxyAuthenticationAccessKeyIdType`, 20 to 30 characters.
    #[serde(rename = "AccessKeyId", skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<SensitiveString>,
    /// `UriEndpoint`: `XksProxyUriEndpointType`, 10 to 128 characters.
    #[serde(rename = "UriEndpoint", skip_serializing_if = "Option::is_none")]
    pub uri_endpoint: Option<String>,
    /// `UriPath`: `XksProxyUriPathType`, 10 to 128 characters.
    #[serde(rename = "UriPath", skip_serializing_if = "Option::is_none")]
    pub uri_path: Option<String>,
    /// `VpcEndpointServiceName`: `XksProxyVpcEndpointServiceNameType`, 20 to 64 characters.
    #[serde(rename = "VpcEndpointServiceName", skip_serializing_if = "Option::is_none")]
    pub vpc_endpoint_service_name: Option<String>,
    /// `VpcEndpointServiceOwner`: `AccountIdType`, 12 to 12 characters.
    #[serde(rename = "VpcEndpointServiceOwner", skip_serializing_if = "Option::is_none")]
    pub vpc_endpoint_service_owner: Option<String>,
}
