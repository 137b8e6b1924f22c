//! The exceptions of the API. Generated from the AWS KMS API model by `make codegen`; do not edit.

/// An exception of the AWS KMS API, or one of those common to all AWS services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorCode {
    /// `AlreadyExistsException`, HTTP status 400.
    AlreadyExists,
    /// `CloudHsmClusterInUseException`, HTTP status 400.
    CloudHsmClusterInUse,
    /// `CloudHsmClusterInvalidConfigurationException`, HTTP status 400.
    CloudHsmClusterInvalidConfiguration,
    /// `CloudHsmClusterNotActiveException`, HTTP status 400.
    CloudHsmClusterNotActive,
    /// `CloudHsmClusterNotFoundException`, HTTP status 400.
    CloudHsmClusterNotFound,
    /// `CloudHsmClusterNotRelatedException`, HTTP status 400.
    CloudHsmClusterNotRelated,
    /// `ConflictException`, HTTP status 400.
    Conflict,
    /// `CustomKeyStoreHasCMKsException`, HTTP status 400.
    CustomKeyStoreHasKeys,
    /// `CustomKeyStoreInvalidStateException`, HTTP status 400.
    CustomKeyStoreInvalidState,
    /// `CustomKeyStoreNameInUseException`, HTTP status 400.
    CustomKeyStoreNameInUse,
    /// `CustomKeyStoreNotFoundException`, HTTP status 400.
    CustomKeyStoreNotFound,
    /// `DependencyTimeoutException`, HTTP status 500.
    DependencyTimeout,
    /// `DisabledException`, HTTP status 400.
    Disabled,
    /// `DryRunOperationException`, HTTP status 400.
    DryRunOperation,
    /// `ExpiredImportTokenException`, HTTP status 400.
    ExpiredImportToken,
    /// `IncorrectKeyException`, HTTP status 400.
    IncorrectKey,
    /// `IncorrectKeyMaterialException`, HTTP status 400.
    IncorrectKeyMaterial,
    /// `IncorrectTrustAnchorException`, HTTP status 400.
    IncorrectTrustAnchor,
    /// `InvalidAliasNameException`, HTTP status 400.
    InvalidAliasName,
    /// `InvalidArnException`, HTTP status 400.
    InvalidArn,
    /// `InvalidCiphertextException`, HTTP status 400.
    InvalidCiphertext,
    /// `InvalidGrantIdException`, HTTP status 400.
    InvalidGrantId,
    /// `InvalidGrantTokenException`, HTTP status 400.
    InvalidGrantToken,
    /// `InvalidImportTokenException`, HTTP status 400.
    InvalidImportToken,
    /// `InvalidKeyUsageException`, HTTP status 400.
    InvalidKeyUsage,
    /// `InvalidMarkerException`, HTTP status 400.
    InvalidMarker,
    /// `KMSInternalException`, HTTP status 500.
    KmsInternal,
    /// `KMSInvalidMacException`, HTTP status 400.
    KmsInvalidMac,
    /// `KMSInvalidSignatureException`, HTTP status 400.
    KmsInvalidSignature,
    /// `KMSInvalidStateException`, HTTP status 400.
    KmsInvalidState,
    /// `KeyUnavailableException`, HTTP status 500.
    KeyUnavailable,
    /// `LimitExceededException`, HTTP status 400.
    LimitExceeded,
    /// `MalformedPolicyDocumentException`, HTTP status 400.
    MalformedPolicyDocument,
    /// `NotFoundException`, HTTP status 400.
    NotFound,
    /// `TagException`, HTTP status 400.
    Tag,
    /// `UnsupportedOperationException`, HTTP status 400.
    UnsupportedOperation,
    /// `XksKeyAlreadyInUseException`, HTTP status 400.
    XksKeyAlreadyInUse,
    /// `XksKeyInvalidConfigurationException`, HTTP status 400.
    XksKeyInvalidConfiguration,
    /// `XksKeyNotFoundException`, HTTP status 400.
    XksKeyNotFound,
    /// `XksProxyIncorrectAuthenticationCredentialException`, HTTP status 400.
    XksProxyIncorrectAuthenticationCredential,
    /// `XksProxyInvalidConfigurationException`, HTTP status 400.
    XksProxyInvalidConfiguration,
    /// `XksProxyInvalidResponseException`, HTTP status 400.
    XksProxyInvalidResponse,
    /// `XksProxyUriEndpointInUseException`, HTTP status 400.
    XksProxyUriEndpointInUse,
    /// `XksProxyUriInUseException`, HTTP status 400.
    XksProxyUriInUse,
    /// `XksProxyUriUnreachableException`, HTTP status 400.
    XksProxyUriUnreachable,
    /// `XksProxyVpcEndpointServiceInUseException`, HTTP status 400.
    XksProxyVpcEndpointServiceInUse,
    /// `XksProxyVpcEndpointServiceInvalidConfigurationException`, HTTP status 400.
    XksProxyVpcEndpointServiceInvalidConfiguration,
    /// `XksProxyVpcEndpointServiceNotFoundException`, HTTP status 400.
    XksProxyVpcEndpointServiceNotFound,
    /// `AccessDeniedException`, HTTP status 400.
    AccessDenied,
    /// `ExpiredTokenException`, HTTP status 400.
    ExpiredToken,
    /// `IncompleteSignatureException`, HTTP status 400.
    IncompleteSignature,
    /// `InternalFailure`, HTTP status 500.
    InternalFailure,
    /// `InvalidSignatureException`, HTTP status 400.
    InvalidSignature,
    /// `MalformedHttpRequestException`, HTTP status 400.
    MalformedHttpRequest,
    /// `MissingAuthenticationTokenException`, HTTP status 400.
    MissingAuthenticationToken,
    /// `RequestEntityTooLargeException`, HTTP status 413.
    RequestEntityTooLarge,
    /// `RequestTimeoutException`, HTTP status 408.
    RequestTimeout,
    /// `SerializationException`, HTTP status 400.
    Serialization,
    /// `ServiceUnavailable`, HTTP status 503.
    ServiceUnavailable,
    /// `ThrottlingException`, HTTP status 400.
    Throttling,
    /// `UnknownOperationException`, HTTP status 404.
    UnknownOperation,
    /// `UnrecognizedClientException`, HTTP status 400.
    UnrecognizedClient,
    /// `ValidationException`, HTTP status 400.
    Validation,
}

impl ErrorCode {
    /// All of them, in the order of their declaration.
    pub const ALL: &[Self] = &[
        Self::AlreadyExists,
        Self::CloudHsmClusterInUse,
        Self::CloudHsmClusterInvalidConfiguration,
        Self::CloudHsmClusterNotActive,
        Self::CloudHsmClusterNotFound,
        Self::CloudHsmClusterNotRelated,
        Self::Conflict,
        Self::CustomKeyStoreHasKeys,
        Self::CustomKeyStoreInvalidState,
        Self::CustomKeyStoreNameInUse,
        Self::CustomKeyStoreNotFound,
        Self::DependencyTimeout,
        Self::Disabled,
        Self::DryRunOperation,
        Self::ExpiredImportToken,
        Self::IncorrectKey,
        Self::IncorrectKeyMaterial,
        Self::IncorrectTrustAnchor,
        Self::InvalidAliasName,
        Self::InvalidArn,
        Self::InvalidCiphertext,
        Self::InvalidGrantId,
        Self::InvalidGrantToken,
        Self::InvalidImportToken,
        Self::InvalidKeyUsage,
        Self::InvalidMarker,
        Self::KmsInternal,
        Self::KmsInvalidMac,
        Self::KmsInvalidSignature,
        Self::KmsInvalidState,
        Self::KeyUnavailable,
        Self::LimitExceeded,
        Self::MalformedPolicyDocument,
        Self::NotFound,
        Self::Tag,
        Self::UnsupportedOperation,
        Self::XksKeyAlreadyInUse,
        Self::XksKeyInvalidConfiguration,
        Self::XksKeyNotFound,
        Self::XksProxyIncorrectAuthenticationCredential,
        Self::XksProxyInvalidConfiguration,
        Self::XksProxyInvalidResponse,
        Self::XksProxyUriEndpointInUse,
        Self::XksProxyUriInUse,
        Self::XksProxyUriUnreachable,
        Self::XksProxyVpcEndpointServiceInUse,
        Self::XksProxyVpcEndpointServiceInvalidConfiguration,
        Self::XksProxyVpcEndpointServiceNotFound,
        Self::AccessDenied,
        Self::ExpiredToken,
        Self::IncompleteSignature,
        Self::InternalFailure,
        Self::InvalidSignature,
        Self::MalformedHttpRequest,
        Self::MissingAuthenticationToken,
        Self::RequestEntityTooLarge,
        Self::RequestTimeout,
        Self::Serialization,
        Self::ServiceUnavailable,
        Self::Throttling,
        Self::UnknownOperation,
        Self::UnrecognizedClient,
        Self::Validation,
    ];

    /// The name on the wire (`__type`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlreadyExists => "AlreadyExistsException",
            Self::CloudHsmClusterInUse => "CloudHsmClusterInUseException",
            Self::CloudHsmClusterInvalidConfiguration => {
                "CloudHsmClusterInvalidConfigurationException"
            }
            Self::CloudHsmClusterNotActive => "CloudHsmClusterNotActiveException",
            Self::CloudHsmClusterNotFound => "CloudHsmClusterNotFoundException",
            Self::CloudHsmClusterNotRelated => "CloudHsmClusterNotRelatedException",
            Self::Conflict => "ConflictException",
            Self::CustomKeyStoreHasKeys => "CustomKeyStoreHasCMKsException",
            Self::CustomKeyStoreInvalidState => "CustomKeyStoreInvalidStateException",
            Self::CustomKeyStoreNameInUse => "CustomKeyStoreNameInUseException",
            Self::CustomKeyStoreNotFound => "CustomKeyStoreNotFoundException",
            Self::DependencyTimeout => "DependencyTimeoutException",
            Self::Disabled => "DisabledException",
            Self::DryRunOperation => "DryRunOperationException",
            Self::ExpiredImportToken => "ExpiredImportTokenException",
            Self::IncorrectKey => "IncorrectKeyException",
            Self::IncorrectKeyMaterial => "IncorrectKeyMaterialException",
            Self::IncorrectTrustAnchor => "IncorrectTrustAnchorException",
            Self::InvalidAliasName => "InvalidAliasNameException",
            Self::InvalidArn => "InvalidArnException",
            Self::InvalidCiphertext => "InvalidCiphertextException",
            Self::InvalidGrantId => "InvalidGrantIdException",
            Self::InvalidGrantToken => "InvalidGrantTokenException",
            Self::InvalidImportToken => "InvalidImportTokenException",
            Self::InvalidKeyUsage => "InvalidKeyUsageException",
            Self::InvalidMarker => "InvalidMarkerException",
            Self::KmsInternal => "KMSInternalException",
            Self::KmsInvalidMac => "KMSInvalidMacException",
            Self::KmsInvalidSignature => "KMSInvalidSignatureException",
            Self::KmsInvalidState => "KMSInvalidStateException",
            Self::KeyUnavailable => "KeyUnavailableException",
            Self::LimitExceeded => "LimitExceededException",
            Self::MalformedPolicyDocument => "MalformedPolicyDocumentException",
            Self::NotFound => "NotFoundException",
            Self::Tag => "TagException",
            Self::UnsupportedOperation => "UnsupportedOperationException",
            Self::XksKeyAlreadyInUse => "XksKeyAlreadyInUseException",
            Self::XksKeyInvalidConfiguration => "XksKeyInvalidConfigurationException",
            Self::XksKeyNotFound => "XksKeyNotFoundException",
            Self::XksProxyIncorrectAuthenticationCredential => {
                "XksProxyIncorrectAuthenticationCredentialException"
            }
            Self::XksProxyInvalidConfiguration => "XksProxyInvalidConfigurationException",
            Self::XksProxyInvalidResponse => "XksProxyInvalidResponseException",
            Self::XksProxyUriEndpointInUse => "XksProxyUriEndpointInUseException",
            Self::XksProxyUriInUse => "XksProxyUriInUseException",
            Self::XksProxyUriUnreachable => "XksProxyUriUnreachableException",
            Self::XksProxyVpcEndpointServiceInUse => "XksProxyVpcEndpointServiceInUseException",
            Self::XksProxyVpcEndpointServiceInvalidConfiguration => {
                "XksProxyVpcEndpointServiceInvalidConfigurationException"
            }
            Self::XksProxyVpcEndpointServiceNotFound => {
                "XksProxyVpcEndpointServiceNotFoundException"
            }
            Self::AccessDenied => "AccessDeniedException",
            Self::ExpiredToken => "ExpiredTokenException",
            Self::IncompleteSignature => "IncompleteSignatureException",
            Self::InternalFailure => "InternalFailure",
            Self::InvalidSignature => "InvalidSignatureException",
            Self::MalformedHttpRequest => "MalformedHttpRequestException",
            Self::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Self::RequestEntityTooLarge => "RequestEntityTooLargeException",
            Self::RequestTimeout => "RequestTimeoutException",
            Self::Serialization => "SerializationException",
            Self::ServiceUnavailable => "ServiceUnavailable",
            Self::Throttling => "ThrottlingException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::UnrecognizedClient => "UnrecognizedClientException",
            Self::Validation => "ValidationException",
        }
    }

    /// The HTTP status of the answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::DependencyTimeout => 500,
            Self::KmsInternal => 500,
            Self::KeyUnavailable => 500,
            Self::InternalFailure => 500,
            Self::RequestEntityTooLarge => 413,
            Self::RequestTimeout => 408,
            Self::ServiceUnavailable => 503,
            Self::UnknownOperation => 404,
            _ => 400,
        }
    }

    /// Whether every operation may raise it, although the model declares it for none.
    pub const fn is_common(self) -> bool {
        matches!(
            self,
            Self::AccessDenied
                | Self::ExpiredToken
                | Self::IncompleteSignature
                | Self::InternalFailure
                | Self::InvalidSignature
                | Self::MalformedHttpRequest
                | Self::MissingAuthenticationToken
                | Self::RequestEntityTooLarge
                | Self::RequestTimeout
                | Self::Serialization
                | Self::ServiceUnavailable
                | Self::Throttling
                | Self::UnknownOperation
                | Self::UnrecognizedClient
                | Self::Validation
        )
    }
}
